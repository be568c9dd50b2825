"""Models: versions that never change."""

from __future__ import annotations

import pytest

from unisono.errors import CallerError
from unisono.store.registry import ModelRow, OutboxRow, PlaceRow, Registry, ThingRow

LAMP = ModelRow("acme.lamp", 1, '{"id": "acme.lamp", "名": "灯"}', "Acme", "light", 5)


def version(number: int, document: str = "{}") -> ModelRow:
    return ModelRow("acme.lamp", number, document, "Acme", "light")


async def test_a_model_comes_back_as_it_was_put(registry: Registry) -> None:
    assert await registry.put_model(LAMP, [OutboxRow("0", b"a"), OutboxRow("1", b"a")])
    assert await registry.get_model("acme.lamp") == await registry.get_model("acme.lamp", 1) == LAMP
    assert await registry.get_model("acme.lamp", 2) is None
    assert await registry.get_model("other") is None
    assert [(item.partition, item.entry) for item in await registry.outbox_pending()] == [("0", b"a"), ("1", b"a")]


async def test_the_newest_version_counts(registry: Registry) -> None:
    for number in (1, 2, 10):
        await registry.put_model(version(number))
    assert await registry.get_model("acme.lamp") == version(10)
    assert await registry.list_model_versions("acme.lamp") == [1, 2, 10]
    assert await registry.list_models() == [version(10)]


async def test_the_same_again_changes_nothing_and_relays_nothing(registry: Registry) -> None:
    await registry.put_model(LAMP)
    assert not await registry.put_model(LAMP, [OutboxRow("0", b"again")])
    assert await registry.outbox_pending() == []


async def test_versions_never_change(registry: Registry) -> None:
    await registry.put_model(version(2))
    for row in (version(2, '{"other": 1}'), version(1)):
        with pytest.raises(CallerError, match="expected 3") as refused:
            await registry.put_model(row)
        assert (refused.value.code, refused.value.field) == ("exists", "version")


async def test_lists_by_kind_part_and_page(registry: Registry) -> None:
    for id, vendor, kind in (("a1", "Acme", "light"), ("b1", "Bolt", "plug"), ("c1", "ACME", "plug")):
        await registry.put_model(ModelRow(id, 1, "{}", vendor, kind))
    assert [row.id for row in await registry.list_models(q="acme")] == ["a1", "c1"]
    assert [row.id for row in await registry.list_models(q="B1")] == ["b1"]
    assert [row.id for row in await registry.list_models(kind="plug")] == ["b1", "c1"]
    assert [row.id for row in await registry.list_models(after="a1", limit=1)] == ["b1"]


async def test_removing(registry: Registry) -> None:
    await registry.put_place(PlaceRow("home", "Home"))
    for number in (1, 2):
        await registry.put_model(version(number))
    await registry.put_things([ThingRow(f"lamp{number}", "Lamp", "acme.lamp", 1, "home") for number in range(6)])
    for which in (None, 1):
        with pytest.raises(CallerError, match="lamp0, lamp1, lamp2, lamp3, lamp4 and 1 more") as refused:
            await registry.remove_model("acme.lamp", which)
        assert refused.value.code == "in_use"
    await registry.remove_model("acme.lamp", 2, [OutboxRow("0", b"gone")])
    assert await registry.list_model_versions("acme.lamp") == [1]
    assert len(await registry.outbox_pending()) == 1
    await registry.remove_things([f"lamp{number}" for number in range(6)])
    await registry.remove_model("acme.lamp")
    with pytest.raises(CallerError) as refused:
        await registry.remove_model("acme.lamp")
    assert refused.value.code == "not_found"
