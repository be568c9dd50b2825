"""Meters: what a rising total gained in this hour, day, week, month or year, by tariff.

Cycles and tariffs follow the local calendar, through daylight saving. A cycle that ended while the hub was off ends
when it is back: what came in between nobody can divide, and counts in the new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unisono.scene.computed.document import Meter
from unisono.scene.computed.tally import Tally
from unisono.scene.computed.worker import Bench, Feed, Worker, iso, number, read_iso
from unisono.scene.schedule import Schedule, Timing, compile_schedule
from unisono.scene.world import NO_VALUE
from unisono.thing import began_anew

__all__ = ["MeterWorker"]

_CRON = {
    "hour": "0 * * * *",
    "day": "0 0 * * *",
    "week": "0 0 * * mon",
    "month": "0 0 {day} * *",
    "year": "0 0 {day} {month} *",
}
#: How far back the last change of tariff is looked for: every rule comes once a week at least.
LOOK_BACK_US = 8 * 86_400 * 1_000_000
ALL = ""


class MeterWorker(Worker):
    """``_totals`` and ``_before`` by tariff. Wall microseconds: ``_since`` the cycle began, ``_next`` it ends,
    ``_switch`` the tariff may change. ``_wound``: elapsed time of the newest reminder."""

    lasting = True

    def __init__(self, bench: Bench, meter: Meter) -> None:
        super().__init__(bench)
        self._meter = meter
        self._names = meter.tariff.names if meter.tariff is not None else (ALL,)
        self._rules = meter.tariff.schedule if meter.tariff is not None else ()
        self._given = meter.tariff.input if meter.tariff is not None else None
        self._totals = {name: Tally() for name in self._names}
        self._before = dict.fromkeys(self._names, 0.0)
        self._last: float | None = None
        self._tariff = self._names[0]
        self._since = 0
        self._next: int | None = None
        self._switch: int | None = None
        self._wound = 0
        self.feeds = [Feed(meter.thing, self._take, meter.property)]
        if self._given is not None:
            self.feeds.append(Feed(self._given.thing, self._told, self._given.property))

    def begin(self) -> None:
        value = self.bench.world.value(self._meter.thing, self._meter.property)
        self._last = number(value) if value is not NO_VALUE else None
        if self._given is not None:
            self._told(self.bench.world.value(self._given.thing, self._given.property), self.bench.wall)
        self._since = self.bench.wall
        self._plan()

    def recall(self, told: Mapping[str, Any]) -> None:
        own = self._meter.into
        for name in self._names:
            key = f"{own}_{name}" if name != ALL else own
            total, before = number(told.get(key or "")), number(told.get(f"last_{key}"))
            if total is not None:
                self._totals[name] = Tally([total])
            if before is not None:
                self._before[name] = before
        since = read_iso(told.get("since"))
        if since is not None:
            self._since = since
        if told.get("tariff") in self._names:
            self._tariff = told["tariff"]

    def _take(self, value: Any, at: int) -> None:
        read = number(value)
        if read is None:
            return
        total = self._totals[self._tariff]
        if self._last is not None:
            total.add(read)
            if not began_anew(self._last, read):
                total.add(-self._last)
        self._last = read

    def _told(self, value: Any, at: int) -> None:
        if value in self._names:
            self._tariff = value

    # time

    def _schedules(self) -> list[tuple[Schedule, str]]:
        zone = self.bench.zone()
        return [
            (compile_schedule(Timing(at=rule.at, every=rule.every), zone, None), rule.tariff) for rule in self._rules
        ]

    def _plan(self) -> None:
        """When the cycle ends and which tariff counts, from the calendar as it is now."""
        wall = self.bench.wall
        cron = _CRON[self._meter.cycle].format(day=self._meter.day, month=self._meter.month)
        self._next = compile_schedule(Timing(cron=cron), self.bench.zone(), None).after(wall)
        self._plan_tariff()
        self._wind()

    def _plan_tariff(self) -> None:
        wall = self.bench.wall
        came: list[tuple[int, str]] = []
        coming: list[int] = []
        for schedule, tariff in self._schedules():
            at = schedule.after(wall - LOOK_BACK_US)
            while at is not None and at <= wall:
                came.append((at, tariff))
                at = schedule.after(at)
            if at is not None:
                coming.append(at)
        if came:
            self._tariff = max(came, key=lambda each: each[0])[1]
        self._switch = min(coming, default=None)

    def _wind(self) -> None:
        due = self.moment
        if due is not None:
            self._wound = self.bench.remind(max(1, due - self.bench.wall), "cycle")

    def due(self, what: str) -> None:
        """The reminder counts elapsed time, the calendar wall time: whichever clock was moved, look and wait again."""
        wall = self.bench.wall
        moment = self.moment
        if self.bench.elapsed < self._wound and (moment is None or wall < moment):
            return  # of an earlier plan
        if self._next is not None and wall >= self._next:
            self._close(self._next)
            self._plan()
        elif self._switch is not None and wall >= self._switch:
            self._plan_tariff()
            self._wind()
        else:
            self._wind()

    @property
    def moment(self) -> int | None:
        return min((at for at in (self._next, self._switch) if at is not None), default=None)

    def clock_set_back(self) -> None:
        self._plan()

    def _close(self, at: int) -> None:
        self._before = {name: total.value for name, total in self._totals.items()}
        fields: dict[str, Any] = {"total": self._all(), "from": iso(self._since), "to": iso(at)}
        if self._meter.tariff is not None:
            fields |= self._before
        self._totals = {name: Tally() for name in self._names}
        self._since = at
        self.bench.tell("cycle_ended", fields, self.bench.wall)

    def _all(self) -> float:
        together = Tally()
        for total in self._totals.values():
            for part in total.parts:
                together.add(part)
        return together.value

    def values(self) -> dict[str, Any]:
        own = self._meter.into
        assert own is not None
        before = Tally()
        for value in self._before.values():
            before.add(value)
        found: dict[str, Any] = {own: self._all(), f"last_{own}": before.value, "since": iso(self._since)}
        if self._meter.tariff is not None:
            found["tariff"] = self._tariff
            for name in self._names:
                found[f"{own}_{name}"] = self._totals[name].value
                found[f"last_{own}_{name}"] = self._before[name]
        return found

    def set(self, wanted: dict[str, Any], at: int) -> None:
        self._tariff = wanted["tariff"]

    def saved(self) -> Any:
        totals = {name: total.parts for name, total in self._totals.items()}
        kept = [self._last, self._tariff, self._since, self._next, self._switch, self._wound]
        return [totals, self._before, *kept]

    def restore(self, saved: Any) -> None:
        totals, before, self._last, tariff, self._since, self._next, self._switch, self._wound = saved
        # the tariffs may be others now
        self._totals = {name: Tally(totals.get(name)) for name in self._names}
        self._before = {name: before.get(name, 0.0) for name in self._names}
        self._tariff = tariff if tariff in self._names else self._names[0]
