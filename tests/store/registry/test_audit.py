"""The audit of commands comes with the checkpoint, once; safety documents are kept version by version."""

from __future__ import annotations

from typing import Any

import pytest

from unisono.errors import CallerError, HostError
from unisono.store.registry import AuditRow, OutboxRow, PlaceRow, Registry, ThingRow
from unisono.store.registry import checkpoints as checkpoints_module


def row(number: int, **fields: Any) -> AuditRow:
    known: dict[str, Any] = {
        "id": f"c{number}",
        "partition": "0",
        "thing": "lamp",
        "root": "home",
        "at": 1000 + number,
        "ended": 2000 + number,
        "state": "confirmed",
        "kind": "person",
        "who": "wei",
        "body": b"body",
    }
    return AuditRow(**(known | fields))


async def save(registry: Registry, *rows: AuditRow, seq: int = 1, epoch: int = 1) -> None:
    await registry.save_checkpoint("0", "log", seq, epoch, b"", [], audit=rows)


async def found(registry: Registry, **query: Any) -> list[str]:
    return [each.id for each in await registry.find_audit(**query)]


async def test_it_is_searched_newest_first(registry: Registry) -> None:
    await save(
        registry,
        row(1),
        row(2, thing="door", state="rejected", who="mia"),
        row(3, kind="scene", who="night"),
        row(4, at=1003),
        row(5, state="refused", root="plant", thing="press"),
    )
    assert await found(registry) == ["c5", "c4", "c3", "c2", "c1"]
    assert await found(registry, limit=2) == ["c5", "c4"]
    assert await found(registry, before=(1003, "c4")) == ["c3", "c2", "c1"]
    assert await found(registry, things=["door", "press"]) == ["c5", "c2"]
    assert await found(registry, who="mia") == ["c2"]
    assert await found(registry, who="scene") == ["c3"]
    await save(registry, row(6, scene="night"), seq=2)
    assert await found(registry, who="night") == ["c6", "c3"]  # run by hand, and by itself
    assert await found(registry, who="wei") == ["c6", "c5", "c4", "c1"]
    assert await found(registry, states=["rejected", "refused"]) == ["c5", "c2"]
    assert await found(registry, start=1002, end=1003) == ["c2"]
    assert await found(registry, within=["plant"]) == ["c5"]


async def test_within_a_place_is_what_stands_there_now(registry: Registry) -> None:
    await registry.put_place(PlaceRow("home", "Home"))
    await registry.put_place(PlaceRow("room", "Room", parent="home"))
    await registry.put_things([ThingRow("lamp", "Lamp", "light", 1, "room")])
    await save(registry, row(1), row(2, thing="gone"))
    assert await found(registry, within=["room"]) == ["c1"]
    assert await found(registry, within=["home"]) == ["c2", "c1"]


async def test_a_replay_writes_the_same_rows_once_more(registry: Registry) -> None:
    await save(registry, row(1), row(2))
    await save(registry, row(2, state="failed"), row(3), seq=2)
    assert await found(registry) == ["c3", "c2", "c1"]
    kept = await registry.get_audit("c2")
    assert kept is not None and kept.state == "failed"
    assert await registry.get_audit("nope") is None


async def test_what_another_owner_has_overtaken_writes_nothing(registry: Registry) -> None:
    await save(registry, epoch=2)
    with pytest.raises(HostError):
        await save(registry, row(1), epoch=1)
    assert await found(registry) == []


async def test_the_oldest_go(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints_module, "AUDIT_KEPT", 3)
    await save(registry, *(row(number) for number in range(1, 6)))
    assert await found(registry) == ["c5", "c4", "c3"]


async def test_a_policy_is_kept_version_by_version(registry: Registry) -> None:
    await registry.put_place(PlaceRow("home", "Home"))
    assert await registry.get_policy("home") is None

    def entries(number: int) -> list[OutboxRow]:
        return [OutboxRow("0", f"v{number}".encode())]

    first = await registry.put_policy("home", "{}", at=5, by="wei", entries=entries)
    assert (first.version, first.document, first.by) == (1, "{}", "wei")
    await registry.put_policy("home", None, at=6, by="mia", entries=entries, expected=1)
    with pytest.raises(CallerError) as caught:
        await registry.put_policy("home", "{}", at=7, by="wei", entries=entries, expected=1)
    assert caught.value.code == "exists"
    newest, oldest = await registry.get_policy("home"), await registry.get_policy("home", 1)
    assert newest is not None and (newest.version, newest.document) == (2, None)
    assert oldest == first
    assert [item.entry for item in await registry.outbox_pending()] == [b"v1", b"v2"]
    assert await registry.policies_in_force("0") == []
    third = await registry.put_policy("home", "{}", at=8, by="wei", entries=entries)
    assert await registry.policies_in_force("0") == [third]
    assert await registry.policies_in_force("1") == []
    await registry.remove_place("home")
    assert await registry.get_policy("home") is None
