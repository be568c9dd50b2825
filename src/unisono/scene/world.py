"""What scenes look at: things and their twins, the tree of places with their zones and modes, and the time.

Knows twins and places as they are now. Time is what the log's last tick said, so that a replay sees the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import UNSET

from unisono.errors import CallerError
from unisono.scene.document import Selector
from unisono.scene.schedule import Where
from unisono.thing.shape import NAN
from unisono.twin.places import Place, Places
from unisono.twin.twin import Twin

__all__ = ["MODES", "NO_VALUE", "Seat", "World", "distance_m", "find_index", "is_kind", "value_of"]

#: A property that has no value yet, or that a thing does not have.
NO_VALUE = object()

#: The modes that every place knows; any other word is a mode too.
MODES = ("home", "away", "night", "holiday")
EARTH_M = 6_371_008.8
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Seat(NamedTuple):
    """What of where a scene belongs is compiled into it."""

    zone: str
    where: Where | None


class World:
    """``things`` and ``places`` are the partition's own. ``wall`` and ``elapsed``: microseconds, set by each tick."""

    def __init__(self, things: Mapping[str, Twin], places: Places) -> None:
        self.things = things
        self.places = places
        self.wall = 0
        self.elapsed = 0
        self._keeping = False
        self._selected: dict[tuple[str | None, str | None], list[str]] = {}
        self._standing: dict[str, list[str]] | None = None  # place > things that stand right in it

    def keep(self) -> None:
        """From now on what a selection means is found once: whoever says so calls `forget` with every change of a
        thing. Of a hundred thousand things it takes a tenth of a second."""
        self._keeping = True
        self.places.on_move.append(self.forget)

    def forget(self) -> None:
        """A thing came, went or changed, or a place did."""
        self._selected.clear()
        self._standing = None

    def lineage(self, place: str | None) -> Iterator[Place]:
        """The place and those around it, innermost first."""
        return self.places.lineage(place)

    def inside(self, place: str, outer: str) -> bool:
        """Whether a place is another or lies in it."""
        return self.places.inside(place, outer)

    def zone(self, place: str) -> ZoneInfo:
        """The zone of the nearest place around that names one; UTC where none does."""
        return self.places.zone(place)

    def where(self, place: str) -> Where | None:
        """The position of the nearest place around that has one."""
        for each in self.lineage(place):
            if each.latitude is not None and each.longitude is not None:
                return Where(each.latitude, each.longitude)
        return None

    def seat(self, place: str) -> Seat:
        return Seat(self.zone(place).key, self.where(place))

    def utc(self) -> datetime:
        """The wall time."""
        return EPOCH + timedelta(microseconds=self.wall)

    def local(self, zone: ZoneInfo) -> datetime:
        """The wall time there."""
        return self.utc().astimezone(zone)

    def told(self, at: int, place: str) -> str:
        """A wall time as people read it at a place."""
        moment = EPOCH + timedelta(microseconds=at)
        return moment.astimezone(self.zone(place)).isoformat(timespec="seconds")

    def select(self, selector: Selector) -> list[str]:
        """The ids that a selector means now, in a fixed order: those named first, whether they exist or not."""
        if selector.place is None and selector.kind is None:
            return list(dict.fromkeys(selector.things))
        key = (selector.place, selector.kind)
        wide = self._selected.get(key)
        if wide is None:
            wide = sorted(id for id in self._candidates(selector.place) if self.fits(selector, self.things[id]))
            if self._keeping:
                self._selected[key] = wide
        return list(dict.fromkeys((*selector.things, *wide)))

    def _candidates(self, place: str | None) -> Iterable[str]:
        """All things that may be in a place, and maybe some more."""
        if place is None or not self._keeping:
            return self.things
        if self._standing is None:
            self._standing = {}
            for id, twin in self.things.items():
                self._standing.setdefault(twin.place, []).append(id)
        return chain.from_iterable(ids for at, ids in self._standing.items() if self.inside(at, place))

    def fits(self, selector: Selector, twin: Twin) -> bool:
        """Whether a thing is one of those that a selector means by place or kind. A group is meant by its kind alone:
        in its place are its members, which would be meant twice."""
        if selector.kind is not None and not is_kind(twin, selector.kind):
            return False
        if selector.kind is None and twin.shape.model.kind == "group":
            return False
        return selector.place is None or self.inside(twin.place, selector.place)

    def value(self, thing: str, property: str) -> Any:
        """What a property (address or trait) is, or `NO_VALUE`."""
        twin = self.things.get(thing)
        index = find_index(twin, property) if twin is not None else None
        return NO_VALUE if twin is None or index is None else value_of(twin, index)


def is_kind(twin: Twin, kind: str) -> bool:
    """``sensor`` is every kind of sensor, ``sensor.humidity`` one of them."""
    own = twin.shape.model.kind or twin.model
    return own == kind or own.startswith(kind + ".")


def find_index(twin: Twin, property: str) -> int | None:
    """The number of a property by address or, where one only bears it, trait."""
    try:
        return twin.shape.index[twin.shape.find(property)[0]]
    except CallerError:
        return None


def value_of(twin: Twin, index: int) -> Any:
    """A twin's value by number, or `NO_VALUE`."""
    value = twin.values[index]
    return NO_VALUE if not twin.at(index) or value is NAN or value is UNSET else value


def distance_m(a: Where, b: Where) -> float:
    """Along the great circle (haversine), metres."""
    lat_a, lat_b = math.radians(a.latitude), math.radians(b.latitude)
    across = math.sin(math.radians(b.longitude - a.longitude) / 2)
    along = math.sin((lat_b - lat_a) / 2)
    chord = along * along + math.cos(lat_a) * math.cos(lat_b) * across * across
    return 2 * EARTH_M * math.asin(math.sqrt(min(1.0, chord)))
