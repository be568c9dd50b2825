"""Groups: one value of many things.

A member's report costs the same however many members there are: what it said before is taken out of the figure, what it
says now is put in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import UNSET

from unisono.errors import CallerError
from unisono.scene.computed.document import MAX_MEMBERS, Group
from unisono.scene.computed.tally import Ordered, Tally
from unisono.scene.computed.units import SAME, Linear, linear
from unisono.scene.computed.worker import Bench, Feed, Worker, is_computed, number
from unisono.scene.watching.matching import equal
from unisono.scene.world import NO_VALUE, find_index
from unisono.twin.twin import Twin

__all__ = ["GroupWorker"]


class GroupWorker(Worker):
    """``ids``: the members, also those that have no such property (yet). ``picks``: not all of them are named."""

    stateful = False

    def __init__(self, bench: Bench, group: Group) -> None:
        super().__init__(bench)
        self.group = group
        self.ids: set[str] = set()
        self._named = frozenset(group.of.things)
        self.picks = group.of.place is not None or group.of.kind is not None
        self._said: dict[str, float | bool] = {}
        self._units: dict[str, Linear] = {}
        self._true = 0
        self._sum = Tally()
        self._order = Ordered()
        self._switch = group.how in ("any", "all")
        self._ordered = group.how in ("min", "max", "median")
        for id in group.of.things:
            self._join(id)
        if self.picks:
            for id in sorted(bench.world.things):
                self._join(id)

    def belongs(self, id: str) -> bool:
        """Whether a thing is a member: it is named, or a device of the kind in the place."""
        twin = self.bench.world.things.get(id)
        if id in self._named or twin is None or not self.picks:
            return id in self._named
        return not is_computed(twin) and self.bench.world.fits(self.group.of, twin)

    def changed(self, id: str) -> tuple[bool, Feed | None]:
        """A thing came, changed or went: whether that was of any concern, and how it feeds us from now on."""
        was = id in self.ids
        if was:
            self._leave(id)
        return was or self.belongs(id), self._join(id)

    def _join(self, id: str) -> Feed | None:
        if id in self.ids or not self.belongs(id) or len(self.ids) >= MAX_MEMBERS:
            return None
        self.ids.add(id)
        twin = self.bench.world.things.get(id)
        index = find_index(twin, self.group.property) if twin is not None else None
        if twin is None or index is None:
            return None
        try:
            self._units[id] = linear(_unit(twin, index), self.group.unit)
        except CallerError:
            return None  # it was changed to what cannot be added: it counts again once it fits
        value = self.bench.world.value(id, self.group.property)
        if value is not NO_VALUE:
            self._take(id, value)
        feed = Feed(id, self._taker(id), self.group.property)
        self.feeds.append(feed)
        return feed

    def _leave(self, id: str) -> None:
        self.ids.discard(id)
        self.feeds = [feed for feed in self.feeds if feed.thing != id]
        said = self._said.pop(id, None)
        if said is not None:
            self._count(said, None)

    def _taker(self, id: str) -> Callable[[Any, int], None]:
        return lambda value, at: self._take(id, value)

    def _take(self, id: str, value: Any) -> None:
        said = self._read(id, value)
        before = self._said.get(id)
        if said is not None and said is not before:
            self._said[id] = said
            self._count(before, said)

    def _read(self, id: str, value: Any) -> float | bool | None:
        if self._switch:
            wanted = self.group.is_
            if wanted is UNSET:
                return value if type(value) is bool else None
            return any(equal(value, each) for each in wanted) if type(wanted) is list else equal(value, wanted)
        read = number(value)
        return None if read is None else self._units[id](read)

    def _count(self, before: float | bool | None, said: float | bool | None) -> None:
        if self._switch:
            self._true += (said is True) - (before is True)
        elif self._ordered:
            if before is not None:
                self._order.remove(before)
            if said is not None:
                self._order.add(said)
        else:
            if before is not None:
                self._sum.add(-before)
            if said is not None:
                self._sum.add(said)

    def values(self) -> dict[str, Any]:
        known = len(self._said)
        own = self.group.into
        assert own is not None
        return {own: self._figure(known), "members": known} if known else {"members": 0}

    def _figure(self, known: int) -> float | bool:
        return _FIGURES[self.group.how](self, known)

    def parts(self, wanted: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """What is asked of each member, in a fixed order, when the group is asked for something."""
        (value,) = wanted.values()
        asked = {}
        for id in (*self.group.of.things, *sorted(self.ids - self._named)):
            unit = self._units.get(id, SAME)
            own = value if unit == SAME or type(value) is bool else unit.back(value)
            asked[id] = {self.group.property: own}
        return asked


def _unit(twin: Twin, index: int) -> str | None:
    return twin.shape.model.properties[twin.shape.keys[index]].unit


_FIGURES: dict[str, Callable[[GroupWorker, int], float | bool]] = {
    "any": lambda worker, known: worker._true > 0,
    "all": lambda worker, known: worker._true == known,
    "min": lambda worker, known: worker._order.numbers[0],
    "max": lambda worker, known: worker._order.numbers[-1],
    "median": lambda worker, known: worker._order.median,
    "mean": lambda worker, known: worker._sum.value / known,
    "sum": lambda worker, known: worker._sum.value,
}
