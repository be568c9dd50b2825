"""Definitions of alarms in versions; the lines of their history, which come with a checkpoint."""

from __future__ import annotations

import msgspec
import pytest

from unisono.errors import CallerError
from unisono.store.registry import AlarmLineRow, AlarmRow, OutboxRow, PlaceRow, Registry

WEI = {"kind": "person", "id": "wei"}
HOT = AlarmRow("hot", 1, "Too hot", "hall", "id: hot  # 热", 5, WEI)


def line(number: int, **changes: object) -> AlarmLineRow:
    found = AlarmLineRow(
        number * 1_000_000, "0", number, "hot", "probe", "hall", "plant", "high", "raised", "normal", "unacknowledged",
        "30.5", "It is 30.5 degrees", "", "",
    )  # fmt: skip
    return msgspec.structs.replace(found, **changes)


async def keep(registry: Registry, *lines: AlarmLineRow, seq: int = 1) -> None:
    await registry.save_checkpoint("0", "log", seq, 1, b"state", [], [], lines)


async def places(registry: Registry) -> None:
    await registry.put_place(PlaceRow("plant", "Plant", kind="plant"))
    await registry.put_place(PlaceRow("hall", "Hall", parent="plant"))


async def test_a_definition_comes_back_as_it_was_put(registry: Registry) -> None:
    await places(registry)
    await registry.put_alarm(HOT, [OutboxRow("0", b"a")])
    put = msgspec.structs.replace(HOT, root="plant")
    assert await registry.get_alarm("hot") == await registry.get_alarm("hot", 1) == put
    assert await registry.get_alarm("hot", 2) is None
    assert [item.entry for item in await registry.outbox_pending()] == [b"a"]
    second = msgspec.structs.replace(HOT, version=2, place="plant")
    await registry.put_alarm(second)
    assert (await registry.find_alarms())[0].version == 2
    assert await registry.find_alarms(places=["hall"]) == []
    assert len(await registry.find_alarms(places=["plant"], partition="0")) == 1
    assert await registry.find_alarms(after="hot") == []


async def test_who_was_slower_is_told(registry: Registry) -> None:
    await places(registry)
    await registry.put_alarm(HOT)
    for row, code in (
        (HOT, "exists"),
        (msgspec.structs.replace(HOT, version=3), "exists"),
        (msgspec.structs.replace(HOT, id="b", place="nowhere"), "not_found"),
        (msgspec.structs.replace(HOT, id="B"), "bad_id"),
    ):
        with pytest.raises(CallerError) as refused:
            await registry.put_alarm(row)
        assert refused.value.code == code


async def test_removing_takes_all_versions(registry: Registry) -> None:
    await places(registry)
    await registry.put_alarm(HOT)
    await registry.put_alarm(msgspec.structs.replace(HOT, version=2))
    with pytest.raises(CallerError) as refused:
        await registry.remove_place("hall")
    assert (refused.value.code, refused.value.detail) == (
        "in_use",
        "the place 'hall' still holds the alarm definitions hot",
    )
    await registry.remove_alarm("hot", [OutboxRow("0", b"gone")])
    with pytest.raises(CallerError) as missing:
        await registry.remove_alarm("hot")
    assert missing.value.code == "not_found"
    await registry.remove_place("hall")


async def test_lines_come_once_and_the_newest_first(registry: Registry) -> None:
    await keep(registry, line(1), line(2, act="cleared", after="returned"))
    await keep(registry, line(2), line(3, partition="1"), seq=2)
    found = await registry.find_alarm_history(start=0, end=10**12)
    assert found == [line(3, partition="1"), line(2, act="cleared", after="returned"), line(1)]
    page = await registry.find_alarm_history(start=0, end=10**12, limit=1)
    rest = await registry.find_alarm_history(start=0, end=10**12, after=(page[0].at, page[0].partition, page[0].number))
    assert page + rest == found


async def test_searching(registry: Registry) -> None:
    await places(registry)
    await keep(
        registry,
        line(1),
        line(2, thing="other", severity="low", place="plant"),
        line(3, definition="cold", act="acknowledged", by="person:wei", comment="Am on my WAY"),
    )

    async def numbers(**wanted: object) -> list[int]:
        found = await registry.find_alarm_history(**{"start": 0, "end": 10**12, **wanted})  # type: ignore[arg-type]
        return [row.number for row in found]

    assert await numbers(start=2_000_000, end=3_000_000) == [2]
    assert await numbers(places=["hall"]) == [3, 1]
    assert await numbers(places=["plant"]) == [3, 2, 1]
    assert await numbers(things=["other"]) == [2]
    assert await numbers(definition="cold") == [3]
    assert await numbers(severity="low") == [2]
    assert await numbers(acts=["acknowledged", "reset"]) == [3]
    assert await numbers(q="on my way") == [3]
    assert await numbers(q="30.5") == [3, 2, 1]
    assert await numbers(q="person:wei") == [3]


async def test_counting(registry: Registry) -> None:
    await keep(
        registry,
        line(1),
        line(2),
        line(61, thing="other", severity="low"),
        line(62, act="unshelved", after="normal"),
        line(63, act="cleared"),
    )
    counts = await registry.count_alarm_history(start=0, end=10**12, step_us=60_000_000)
    assert sorted(counts.by_step) == [(0, "plant", 2), (1, "plant", 1)]
    assert counts.by_alarm == [("hot", "probe", 2), ("hot", "other", 1)]
    assert counts.by_severity == {"high": 2, "low": 1}
    assert (await registry.count_alarm_history(start=0, end=10**12, step_us=1, places=["x"])).by_step == []
