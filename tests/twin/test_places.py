"""The tree of places in the fold: what lies in what, zones, modes, and that a checkpoint keeps them."""

from __future__ import annotations

import pytest

from tests.twin.world import Home
from unisono.errors import CallerError
from unisono.twin.partition import Partition
from unisono.twin.places import Place, Places, read_zone
from unisono.twin.record import ModeSet, PlacePut, PlaceRemoved

WEI = {"kind": "person", "id": "wei"}


def tree(*more: PlacePut) -> Places:
    places = Places()
    for put in (
        PlacePut("home", zone="Europe/Berlin", latitude=52.5, longitude=13.4),
        PlacePut("hall", "home"),
        PlacePut("desk", "hall", zone="No/Such"),
        *more,
    ):
        places.put(put)
    return places


def test_lineage_goes_from_the_inside_out() -> None:
    places = tree()
    assert [place.id for place in places.lineage("desk")] == ["desk", "hall", "home"]
    assert list(places.lineage(None)) == list(places.lineage("mars")) == []
    assert places.inside("desk", "home")
    assert places.inside("mars", "mars")
    assert not places.inside("home", "desk")


def test_a_ring_ends() -> None:
    places = tree(PlacePut("home", "desk"))
    assert len(list(places.lineage("desk"))) == 4


def test_the_zone_is_the_nearest_that_is_known() -> None:
    places = tree()
    assert places.zone("desk").key == "Europe/Berlin"
    assert places.zone("mars").key == "UTC"


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd"])
def test_bad_zone(name: str) -> None:
    with pytest.raises(CallerError) as caught:
        read_zone(name)
    assert caught.value.field == "zone"


def test_a_mode_is_told_when_it_changes() -> None:
    places, told = tree(), []
    places.on_mode.append(lambda place, mode: told.append((place, mode)))
    places.set_mode("hall", "night")
    places.set_mode("hall", "night")
    places.set_mode("mars", "night")
    places.put(PlacePut("hall", "home", zone="Asia/Shanghai"))
    assert told == [("hall", "night")]
    assert places.get("hall") == Place("hall", "home", "Asia/Shanghai", mode="night")


def test_who_wants_to_know_is_told_that_the_tree_changed() -> None:
    places, told = Places(), []
    places.on_move.append(lambda: told.append(len(list(places))))
    places.put(PlacePut("home"))
    places.put(PlacePut("hall", "home"))
    places.remove("hall")
    places.remove("mars")
    assert told == [1, 2, 1]


def test_a_checkpoint_keeps_what_changed() -> None:
    home = Home(PlacePut("home"), PlacePut("hall", "home"), PlacePut("attic", "home"), ModeSet("home", "away", WEI))
    partition = home.fold.partition
    state, rows, _removed = partition.saved((), ())
    home.say(PlaceRemoved("attic"), PlaceRemoved("mars"), ModeSet("hall", "night", WEI))
    state, later, removed = partition.saved((), ())
    assert [key for key, _row in later if key.startswith("place:")] == ["place:hall"]
    assert removed == ["place:attic"]
    kept = {key: row for key, row in [*rows, *later] if key not in removed}
    again = Partition()
    again.restore_state(state)
    assert again.restore_rows(kept.items()) == []
    assert list(again.places) == list(partition.places)


def test_a_checkpoint_that_was_not_written_is_taken_up_again() -> None:
    home = Home(PlacePut("home"), PlacePut("hall", "home"))
    partition = home.fold.partition
    partition.saved((), ())
    home.say(PlaceRemoved("hall"))
    _state, _rows, removed = partition.saved((), ())
    partition.not_saved(removed)
    _state, rows, removed = partition.saved((), ())
    assert removed == ["place:hall"]
    assert "place:home" in dict(rows)
