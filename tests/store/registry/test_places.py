"""Places: a tree with roots and partitions."""

from __future__ import annotations

import asyncio

import pytest

from unisono.errors import CallerError
from unisono.store.registry import PlaceRow, Registry, ThingRow
from unisono.store.registry.places import MAX_DEPTH


async def plant(registry: Registry) -> None:
    """home > (floor > room, garden)"""
    await registry.put_place(PlaceRow("home", "Home", {"zh": ["家", "我家"]}, "home"))
    await registry.put_place(PlaceRow("floor", "Floor", parent="home"))
    await registry.put_place(PlaceRow("room", "Room", parent="floor"))
    await registry.put_place(PlaceRow("garden", "Garden", kind="outdoor", parent="home"))


async def test_a_place_comes_back_as_it_was_put(registry: Registry) -> None:
    row = await registry.put_place(PlaceRow("home", "Home", {"zh": ["家", "我家"]}, "home"))
    assert row == await registry.get_place("home")
    assert row == PlaceRow("home", "Home", {"zh": ["家", "我家"]}, "home", None, "home", "0")
    assert await registry.get_place("nowhere") is None


async def test_root_and_partition_come_from_above(registry: Registry) -> None:
    root = await registry.put_place(PlaceRow("home", "Home"), partitions=8)
    await registry.put_place(PlaceRow("floor", "Floor", parent="home"), partitions=8)
    room = await registry.put_place(PlaceRow("room", "Room", parent="floor", root="lie", partition="lie"))
    assert (room.root, room.partition) == ("home", root.partition)
    assert await registry.place_path("room") == ["home", "floor", "room"]
    assert await registry.place_path("nowhere") == []


async def test_new_roots_go_where_the_least_is(registry: Registry) -> None:
    roots = [await registry.put_place(PlaceRow(f"home{number}", "Home"), partitions=4) for number in range(8)]
    assert sorted(root.partition for root in roots) == [str(number // 2) for number in range(8)]
    for number, root in enumerate(roots):
        if root.partition != "2":
            await registry.put_things([ThingRow(f"lamp{number}", "Lamp", "light", 1, root.id)])
    assert (await registry.put_place(PlaceRow("late", "Late"), partitions=4)).partition == "2"


async def test_a_root_keeps_its_partition(registry: Registry) -> None:
    first = await registry.put_place(PlaceRow("home", "Home"), partitions=4)
    for number in range(3):
        await registry.put_place(PlaceRow(f"other{number}", "Other"), partitions=4)
    again = await registry.put_place(PlaceRow("home", "Renamed"), partitions=4)
    assert (again.name, again.partition) == ("Renamed", first.partition)


async def test_lists_by_page_parent_and_subtree(registry: Registry) -> None:
    await plant(registry)
    assert [row.id for row in await registry.list_places(limit=3)] == ["floor", "garden", "home"]
    assert [row.id for row in await registry.list_places(after="home")] == ["room"]
    assert [row.id for row in await registry.list_places(parent="home")] == ["floor", "garden"]
    assert [row.id for row in await registry.list_places(within=["floor"])] == ["floor", "room"]
    assert await registry.list_places(within=[]) == []


async def test_an_id_that_is_not_allowed_is_refused(registry: Registry) -> None:
    with pytest.raises(CallerError) as refused:
        await registry.put_place(PlaceRow("Home", "Home"))
    assert refused.value.code == "bad_id"


async def test_a_taken_id_is_refused_to_a_new_place(registry: Registry) -> None:
    await plant(registry)
    with pytest.raises(CallerError, match="already") as refused:
        await registry.put_place(PlaceRow("room", "Other"), new=True)
    assert refused.value.code == "exists"


async def test_there_must_be_a_parent(registry: Registry) -> None:
    with pytest.raises(CallerError, match="no place 'nowhere'") as refused:
        await registry.put_place(PlaceRow("room", "Room", parent="nowhere"))
    assert (refused.value.code, refused.value.field) == ("not_found", "parent")


@pytest.mark.parametrize("parent", ["home", "floor", "room"])
async def test_cycles_are_refused(registry: Registry, parent: str) -> None:
    await plant(registry)
    with pytest.raises(CallerError, match="within itself") as refused:
        await registry.put_place(PlaceRow("home", "Home", parent=parent))
    assert refused.value.code == "bad_value"
    assert (await registry.get_place("home") or PlaceRow("", "")).parent is None


async def test_two_moves_at_once_make_no_cycle(registry: Registry) -> None:
    """Each alone is fine; only the second to come may be refused."""
    await plant(registry)
    moves = [PlaceRow("garden", "Garden", parent="room"), PlaceRow("floor", "Floor", parent="garden")]
    results = await asyncio.gather(*(registry.put_place(row) for row in moves), return_exceptions=True)
    assert [isinstance(result, CallerError) for result in results].count(True) == 1


async def test_the_tree_has_a_bottom(registry: Registry) -> None:
    await registry.put_place(PlaceRow("p1", "Place"))
    for level in range(2, MAX_DEPTH + 1):
        await registry.put_place(PlaceRow(f"p{level}", "Place", parent=f"p{level - 1}"))
    with pytest.raises(CallerError, match="too deep"):
        await registry.put_place(PlaceRow("deeper", "Place", parent=f"p{MAX_DEPTH}"))
    await registry.put_place(PlaceRow("top", "Top"))
    with pytest.raises(CallerError, match="too deep"):
        await registry.put_place(PlaceRow("p1", "Place", parent="top"))


async def test_moving_takes_everything_below_along(registry: Registry) -> None:
    await plant(registry)
    await registry.put_place(PlaceRow("plant", "Plant"), partitions=64)
    moved = await registry.put_place(PlaceRow("floor", "Floor", parent="plant"))
    room = await registry.get_place("room")
    assert room is not None
    assert (room.root, room.partition) == (moved.root, moved.partition) == ("plant", moved.partition)
    alone = await registry.put_place(PlaceRow("floor", "Floor"))
    room = await registry.get_place("room")
    assert room is not None
    assert (alone.root, room.root, room.partition) == ("floor", "floor", alone.partition)


async def test_things_do_not_change_their_root_by_a_move(registry: Registry) -> None:
    await plant(registry)
    await registry.put_place(PlaceRow("plant", "Plant"))
    await registry.put_things([ThingRow("lamp", "Lamp", "light", 1, "room")])
    with pytest.raises(CallerError, match="the things lamp") as refused:
        await registry.put_place(PlaceRow("floor", "Floor", parent="plant"))
    assert refused.value.code == "in_use"
    await registry.put_place(PlaceRow("room", "Room", parent="garden"))  # the same root: fine
    assert await registry.place_path("room") == ["home", "garden", "room"]


async def test_removing_names_what_is_in_the_way(registry: Registry) -> None:
    await plant(registry)
    await registry.put_things([ThingRow(f"lamp{number}", "Lamp", "light", 1, "room") for number in range(7)])
    with pytest.raises(CallerError, match="places floor, garden") as refused:
        await registry.remove_place("home")
    assert refused.value.code == "in_use"
    with pytest.raises(CallerError, match="lamp0, lamp1, lamp2, lamp3, lamp4 and 2 more") as refused:
        await registry.remove_place("room")
    assert refused.value.code == "in_use"
    await registry.remove_place("garden")
    assert await registry.get_place("garden") is None
    with pytest.raises(CallerError) as refused:
        await registry.remove_place("garden")
    assert refused.value.code == "not_found"
