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


class Words:
    """Says of a place what a test can read."""

    def put(self, row: PlaceRow) -> bytes:
        return f"{row.id} in {row.parent} {row.zone} {row.latitude} {row.longitude}".encode()

    def removed(self, id: str) -> bytes:
        return f"{id} gone".encode()


async def told(registry: Registry) -> list[tuple[str, str]]:
    """What the log was told since the last call: partition and words."""
    pending = await registry.outbox_pending()
    await registry.outbox_done([item.id for item in pending])
    return [(item.partition, item.entry.decode()) for item in pending]


async def test_zone_and_position_come_back(registry: Registry) -> None:
    row = PlaceRow("home", "Home", {}, "home", None, "home", "0", "Asia/Shanghai", 31.25, -121.5)
    await registry.put_place(row)
    assert await registry.get_place("home") == row
    assert await registry.list_places() == [row]


async def test_the_log_is_told_of_what_concerns_it(registry: Registry) -> None:
    await registry.put_place(PlaceRow("home", "Home", zone="Asia/Shanghai"), words=Words())
    await registry.put_place(PlaceRow("hall", "Hall", parent="home"), words=Words())
    assert await told(registry) == [("0", "home in None Asia/Shanghai None None"), ("0", "hall in home  None None")]
    await registry.put_place(PlaceRow("hall", "Renamed", parent="home"), words=Words())
    assert await told(registry) == [], "a name is nothing to scenes"
    await registry.put_place(PlaceRow("hall", "Hall", parent="home", latitude=1.5, longitude=2.5), words=Words())
    assert await told(registry) == [("0", "hall in home  1.5 2.5")]
    with pytest.raises(CallerError):
        await registry.put_place(PlaceRow("hall", "Hall", parent="nowhere"), words=Words())
    with pytest.raises(CallerError):
        await registry.remove_place("home", Words())
    assert await told(registry) == [], "what was refused is not told"
    await registry.remove_place("hall", Words())
    assert await told(registry) == [("0", "hall gone")]


async def test_a_move_to_another_partition_is_told_to_both(registry: Registry) -> None:
    await plant(registry)
    target = await registry.put_place(PlaceRow("plant", "Plant"), partitions=64)
    assert target.partition != "0"
    await registry.put_place(PlaceRow("floor", "Floor", parent="plant"), words=Words())
    heard = await told(registry)
    assert sorted(heard[:2]) == [("0", "floor gone"), ("0", "room gone")]
    assert sorted(heard[2:]) == [
        (target.partition, "floor in plant  None None"),
        (target.partition, "room in floor  None None"),
    ]


async def test_places_of_before_are_told_once(registry: Registry) -> None:
    await plant(registry)
    await registry.tell_places(Words())
    assert sorted(words for _, words in await told(registry)) == [
        "floor in home  None None",
        "garden in home  None None",
        "home in None  None None",
        "room in floor  None None",
    ]
    await registry.tell_places(Words())
    assert await told(registry) == []
