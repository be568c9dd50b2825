"""The tree of places: what lies in what, the zone that counts there, and the mode each is in.

Knows places as the log put them. Scenes, safety and alarms look at the same tree; it is kept in the partition's
checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from unisono.errors import CallerError
from unisono.twin.record import PlacePut

__all__ = ["Place", "Places", "read_zone"]


class Place(msgspec.Struct, array_like=True):
    """``zone`` is an IANA name, empty: as its parent. Positions are degrees."""

    id: str
    parent: str | None = None
    zone: str = ""
    latitude: float | None = None
    longitude: float | None = None
    mode: str = "home"


class Places:
    """``on_mode`` is told (place, mode) of every mode that changes, ``on_move`` when a place came, went or lies
    elsewhere, in the order of registration; ``changed`` and ``removed`` are ids of places since the last checkpoint."""

    def __init__(self) -> None:
        self.changed: set[str] = set()
        self.removed: set[str] = set()
        self.on_mode: list[Callable[[str, str], None]] = []
        self.on_move: list[Callable[[], None]] = []
        self._places: dict[str, Place] = {}

    def get(self, id: str) -> Place | None:
        return self._places.get(id)

    def __iter__(self) -> Iterator[Place]:
        return iter(self._places.values())

    def put(self, entry: PlacePut) -> None:
        """A place is there, or changed; its mode stays."""
        old = self._places.get(entry.id)
        mode = old.mode if old is not None else "home"
        self.take(Place(entry.id, entry.parent, entry.zone, entry.latitude, entry.longitude, mode))
        self.changed.add(entry.id)
        self.removed.discard(entry.id)
        if old is None or old.parent != entry.parent:
            self._moved()

    def take(self, place: Place) -> None:
        """Take in a place as a checkpoint kept it."""
        self._places[place.id] = place

    def remove(self, id: str) -> None:
        if self._places.pop(id, None) is not None:
            self.changed.discard(id)
            self.removed.add(id)
            self._moved()

    def _moved(self) -> None:
        for tell in self.on_move:
            tell()

    def set_mode(self, id: str, mode: str) -> None:
        """Put a place into a mode, and tell who wants to know."""
        found = self._places.get(id)
        if found is None or found.mode == mode:
            return
        found.mode = mode
        self.changed.add(id)
        for tell in self.on_mode:
            tell(id, mode)

    def lineage(self, id: str | None) -> Iterator[Place]:
        """The place and those around it, innermost first."""
        for _ in range(len(self._places) + 1):  # a tree has no rings; should one be made, this ends all the same
            found = self._places.get(id or "")
            if found is None:
                return
            yield found
            id = found.parent

    def inside(self, place: str, outer: str) -> bool:
        """Whether a place is another or lies in it."""
        return place == outer or any(each.id == outer for each in self.lineage(place))

    def zone(self, id: str) -> ZoneInfo:
        """The zone of the nearest place around that names one; UTC where none does."""
        for each in self.lineage(id):
            if each.zone:
                try:
                    return read_zone(each.zone)
                except CallerError:
                    continue  # the zone was known when it was saved: this machine's data has less
        return read_zone("UTC")


def read_zone(name: str) -> ZoneInfo:
    """Raises CallerError ``bad_value`` for a zone that the IANA data does not have."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        expected = 'an IANA name such as "Asia/Shanghai" or "Europe/Berlin"'
        raise CallerError(
            f"there is no time zone {name!r}", code="bad_value", field="zone", expected=expected
        ) from None
