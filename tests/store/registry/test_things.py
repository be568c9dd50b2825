"""Things: put by the thousand, found by place, model and name, removed only when nothing hangs on them."""

from __future__ import annotations

import time

import msgspec
import pytest

from unisono.errors import CallerError
from unisono.store.registry import CredentialRow, OutboxRow, PlaceRow, Registry, ThingRow

# Processor time of this process, ten times what is measured (0.3 s): a quadratic slip does not hold it.
PUT_10_000_S = 3.0


@pytest.fixture
async def home(registry: Registry) -> Registry:
    """home > living, kitchen; plant > line"""
    for row in (
        PlaceRow("home", "Home"),
        PlaceRow("living", "Living room", parent="home"),
        PlaceRow("kitchen", "Kitchen", parent="home"),
        PlaceRow("plant", "Plant"),
        PlaceRow("line", "Line", parent="plant"),
    ):
        await registry.put_place(row, partitions=2)
    return registry


def lamp(id: str, place: str = "living", **fields: object) -> ThingRow:
    return msgspec.structs.replace(ThingRow(id, id.title(), "light", 1, place), **fields)


async def test_a_thing_comes_back_as_it_was_put(home: Registry) -> None:
    row = ThingRow("probe", "Fühler 温度", "sensor.temperature", 3, "kitchen", "home", None, 3600.5, 17, True)
    row = msgspec.structs.replace(row, names={"zh": ["温度计", "沙发旁的"], "en": ["Feeler"]})
    await home.put_things([row])
    assert await home.get_thing("probe") == row
    assert await home.get_thing("nothing") is None


async def test_the_root_is_the_places(home: Registry) -> None:
    await home.put_things([lamp("a"), lamp("b", "line"), lamp("c", "plant")])
    assert {row.id: row.root for row in await home.get_things(["c", "a", "b", "x"])} == {
        "a": "home",
        "b": "plant",
        "c": "plant",
    }
    with pytest.raises(CallerError, match="expected home") as refused:
        await home.put_things([lamp("d", root="plant")])
    assert (refused.value.code, refused.value.field) == ("bad_value", "root")


async def test_a_change_keeps_the_time_of_creation(home: Registry) -> None:
    await home.put_things([lamp("a", created=5)])
    await home.put_things([lamp("a", name="Other", created=9)])
    row = await home.get_thing("a")
    assert row is not None
    assert (row.name, row.created) == ("Other", 5)


async def test_all_or_nothing(home: Registry) -> None:
    entries = [OutboxRow("0", b"entry")]
    with pytest.raises(CallerError, match="no place 'nowhere'"):
        await home.put_things([lamp("a"), lamp("b", "nowhere")], [CredentialRow("a", b"hash")], entries)
    await home.put_things([lamp("c")])
    with pytest.raises(CallerError, match="already c") as refused:
        await home.put_things([lamp("a"), lamp("c")], [CredentialRow("a", b"hash")], entries, new=True)
    assert refused.value.code == "exists"
    assert await home.get_thing("a") is None
    assert await home.get_credential("a") is None
    assert await home.outbox_pending() == []


async def test_an_id_once_per_call_and_only_allowed_ones(home: Registry) -> None:
    with pytest.raises(CallerError, match="twice"):
        await home.put_things([lamp("a"), lamp("a")])
    with pytest.raises(CallerError) as refused:
        await home.put_things([lamp("me")])
    assert refused.value.code == "bad_id"


async def test_found_by_place_and_all_below_it(home: Registry) -> None:
    await home.put_things([lamp("a", "home"), lamp("b", "living"), lamp("c", "kitchen"), lamp("d", "line")])
    found = {
        ("home",): "abc",
        ("living",): "b",
        ("kitchen", "plant"): "cd",
        ("nowhere",): "",
        (): "",
    }
    for places, ids in found.items():
        assert "".join(row.id for row in await home.find_things(places=places)) == ids
    assert await home.count_things() == 4
    assert await home.count_things(places=["home"]) == 3


async def test_found_by_model_models_parent_and_partition(home: Registry) -> None:
    await home.put_things([lamp("a"), lamp("b", model="plug"), lamp("c", "line", model="press"), lamp("d", parent="a")])
    assert [row.id for row in await home.find_things(model="light")] == ["a", "d"]
    assert [row.id for row in await home.find_things(models=["plug", "press"])] == ["b", "c"]
    assert await home.find_things(models=[]) == []
    assert [row.id for row in await home.find_things(parent="a")] == ["d"]
    plant = await home.get_place("plant")
    assert plant is not None
    assert [row.id for row in await home.find_things(partition=plant.partition)] == ["c"]
    assert [row.id for row in await home.find_things(places=["home"], models=["light", "press"], q="A")] == ["a"]


@pytest.mark.parametrize(
    ("q", "ids"),
    [
        ("沙发", ["sofa"]),
        ("灯", ["sofa", "tree"]),
        ("ÄRGER", ["tree"]),
        ("ｓｏｆａ", ["sofa"]),
        ("sofa\n", []),
        ("%", []),
        ("_", ["p_1"]),
        ("P_1", ["p_1"]),
        ("100% \\", []),
        ("", ["p_1", "sofa", "tree"]),
    ],
)
async def test_found_by_a_part_of_id_or_name(home: Registry, q: str, ids: list[str]) -> None:
    rows = [lamp("sofa", name="沙发灯"), lamp("tree", name="Ärger 灯"), lamp("p_1", name="Plug")]
    await home.put_things(rows)
    assert [row.id for row in await home.find_things(q=q)] == ids


async def test_pages_hold_everything_once_in_the_order_of_bytes(home: Registry) -> None:
    ids = ["a", "a-b", "a0", "a_b", "ab", "b", "b-1"]
    await home.put_things([lamp(id) for id in reversed(ids)])
    seen: list[str] = []
    while page := await home.find_things(after=seen[-1] if seen else None, limit=3):
        assert len(page) <= 3
        seen += [row.id for row in page]
    assert seen == ids == sorted(ids)
    assert await home.find_things(limit=0) == await home.find_things(limit=-1) == []


async def test_parents_may_come_later_in_the_list(home: Registry) -> None:
    await home.put_things([lamp("child", parent="bridge"), lamp("bridge")])
    await home.put_things([lamp("grandchild", parent="child")])
    assert [row.parent for row in await home.get_things(["child", "grandchild"])] == ["bridge", "child"]


async def test_families_are_held_together(home: Registry) -> None:
    await home.put_things([lamp("bridge"), lamp("child", parent="bridge")])
    refusals = {
        "no thing 'nobody'": lamp("x", parent="nobody"),
        "part of itself": lamp("bridge", parent="child"),
        "'x' stands in 'plant', its parent 'bridge' in 'home'": lamp("x", "line", parent="bridge"),
        "'child' stands in 'home', its parent 'bridge' in 'plant'": lamp("bridge", "line"),
    }
    for why, row in refusals.items():
        with pytest.raises(CallerError, match=why):
            await home.put_things([row])
    with pytest.raises(CallerError, match="part of itself"):
        await home.put_things([lamp("self", parent="self")])
    await home.put_things([lamp("bridge", "line"), lamp("child", "line", parent="bridge")])
    assert {row.root for row in await home.find_things()} == {"plant"}


async def test_removing(home: Registry) -> None:
    await home.put_things([lamp("bridge"), lamp("child", parent="bridge"), lamp("other")])
    with pytest.raises(CallerError, match="the things child are part of 'bridge'") as refused:
        await home.remove_things(["bridge", "other"], [OutboxRow("0", b"gone")])
    assert refused.value.code == "in_use"
    with pytest.raises(CallerError) as refused:
        await home.remove_things(["other", "nobody"])
    assert refused.value.code == "not_found"
    assert await home.count_things() == 3
    assert await home.outbox_pending() == []
    await home.remove_things(["bridge", "child"], [OutboxRow("0", b"gone")], at=7)
    assert [row.id for row in await home.find_things()] == ["other"]
    assert [item.entry for item in await home.outbox_pending()] == [b"gone"]


async def test_ten_thousand_at_once(home: Registry) -> None:
    rows = [lamp(f"lamp{number}", name=f"Lampe {number} 灯") for number in range(10_000)]
    credentials = [CredentialRow(row.id, b"h" * 32) for row in rows]
    entries = [OutboxRow("0", b"e" * 120) for _ in rows]
    start = time.process_time()
    await home.put_things(rows, credentials, entries, new=True)
    assert time.process_time() - start < PUT_10_000_S
    assert await home.count_things(places=["home"]) == 10_000
    facts = await home.sign_in_facts([row.id for row in rows])
    assert len({fact.id for fact in facts}) == 10_000
    await home.remove_things([row.id for row in rows])
    assert await home.count_things() == 0
