"""Persons: where somebody is, from several things that know something of it.

The sources' order is their precedence; one that has been silent for longer than it may is passed over until it speaks.
"""

from __future__ import annotations

from typing import Any

from unisono.scene.computed.document import Source, Tracker
from unisono.scene.computed.worker import SECOND, Bench, Feed, Worker
from unisono.scene.schedule import Where
from unisono.scene.world import NO_VALUE, distance_m, find_index

__all__ = ["AWAY", "TrackerWorker"]

#: Where somebody is who is at none of the places.
AWAY = "away"
#: How far a report's wall time is believed to be ahead of the last tick.
AHEAD_US = 60 * SECOND


class TrackerWorker(Worker):
    """``_said`` and ``_heard`` by the source's number: what it said, and when in elapsed time; ``_wound``:
    sources that a reminder is on its way for."""

    def __init__(self, bench: Bench, tracker: Tracker) -> None:
        super().__init__(bench)
        self._tracker = tracker
        self._said: dict[int, Any] = {}
        self._heard: dict[int, int] = {}
        self._wound: set[int] = set()
        self._presence: bool | None = None
        self._ways: dict[int, str | None] = {}
        for number, source in enumerate(tracker.sources):
            property = source.property
            twin = bench.world.things.get(source.thing)
            if property is None and twin is not None:
                known = (trait for trait in ("location", "presence") if find_index(twin, trait) is not None)
                property = next(known, None)
            self._ways[number] = property
            self.feeds.append(Feed(source.thing, self._taker(number), property))

    def begin(self) -> None:
        for number, source in enumerate(self._tracker.sources):
            twin = self.bench.world.things.get(source.thing)
            property = self._ways[number]
            if twin is None:
                continue
            value = twin.online if property is None else self.bench.world.value(source.thing, property)
            if value is not NO_VALUE:
                self._take(number, value, self.bench.wall)

    def _taker(self, number: int) -> Any:
        return lambda value, at: self._take(number, value, at)

    def _take(self, number: int, value: Any, at: int) -> None:
        self._said[number] = value
        self._heard[number] = max(self._heard.get(number, 0), self.bench.moment(at, AHEAD_US))
        age_s = self._tracker.sources[number].max_age_s
        if age_s is not None and number not in self._wound:
            self._wound.add(number)
            self.bench.remind(int(age_s * SECOND), str(number))

    def due(self, what: str) -> None:
        """A source may have grown old."""
        number = int(what)
        self._wound.discard(number)
        if number not in self._heard or number >= len(self._tracker.sources):
            return  # of an earlier definition
        age_s = self._tracker.sources[number].max_age_s
        if age_s is not None and self._fresh(number):
            self._wound.add(number)
            self.bench.remind(self._heard[number] + int(age_s * SECOND) - self.bench.elapsed, what)

    def _fresh(self, number: int) -> bool:
        age_s = self._tracker.sources[number].max_age_s
        return age_s is None or self.bench.elapsed - self._heard[number] < int(age_s * SECOND)

    def _place(self, source: Source, said: Any) -> str | None:
        """Where a source says that the person is; None: it does not say."""
        if isinstance(said, bool):
            if said:
                return source.at or self._tracker.home
            return AWAY if source.false_ == "away" else None
        spot = _where(said)
        if spot is None:
            return None
        for place in (self._tracker.home, *self._tracker.places):
            centre = self.bench.world.where(place)
            if centre is not None and distance_m(centre, spot) <= self._tracker.within_m:
                return place
        return AWAY

    def values(self) -> dict[str, Any]:
        believed: tuple[int, str] | None = None
        fresh = False
        newest: tuple[int, int, str] | None = None
        for number, source in enumerate(self._tracker.sources):
            place = self._place(source, self._said[number]) if number in self._said else None
            if place is None:
                continue
            if self._fresh(number):
                believed, fresh = (number, place), True
                break
            if newest is None or self._heard[number] > newest[0]:
                newest = (self._heard[number], number, place)
        if believed is None and newest is not None:
            believed = newest[1:]
        if believed is None:
            return {"fresh": False}
        number, place = believed
        source = self._tracker.sources[number]
        found: dict[str, Any] = {
            "presence": place == self._tracker.home,
            "whereabouts": place,
            "source": source.thing,
            "fresh": fresh,
        }
        spot = self._said[number] if not isinstance(self._said[number], bool) else None
        if spot is None:
            centre = self.bench.world.where(place) if place != AWAY else None
            spot = {"lat": centre.latitude, "lon": centre.longitude} if centre is not None else None
        if spot is not None:
            found["location"] = spot
        self._travel(found["presence"])
        return found

    def _travel(self, present: bool) -> None:
        before, self._presence = self._presence, present
        if before is not None and before is not present:
            self.bench.tell("arrived" if present else "left", {}, self.bench.wall)

    def saved(self) -> Any:
        return [self._said, self._heard, sorted(self._wound), self._presence]

    def restore(self, saved: Any) -> None:
        said, heard, wound, self._presence = saved
        self._said, self._heard, self._wound = dict(said), dict(heard), set(wound)


def _where(said: Any) -> Where | None:
    if not isinstance(said, dict):
        return None
    latitude, longitude = said.get("lat"), said.get("lon")
    if isinstance(latitude, int | float) and isinstance(longitude, int | float):
        return Where(latitude, longitude)
    return None
