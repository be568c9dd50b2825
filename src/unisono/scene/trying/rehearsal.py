"""A rehearsal: scenes and a home, a scripted day, and what came of it - in milliseconds, with the real fold and engine.

Knows how a script is played on a `Stage` and what is compared. Nothing of it reaches a device.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET

from unisono.errors import CallerError
from unisono.scene.checking.catalogue import Catalogue
from unisono.scene.checking.finding import Finding
from unisono.scene.checking.soundness import Facts, require_sound
from unisono.scene.document import Scene
from unisono.scene.running.run import Run
from unisono.scene.trying.home import EPOCH, Home, records
from unisono.scene.trying.script import Expected, Script, Step, Wish, event_of
from unisono.scene.trying.stage import SECOND, Seen, Stage
from unisono.scene.watching.matching import equal
from unisono.scene.world import NO_VALUE
from unisono.twin.command import Command
from unisono.twin.record import Asked, ModeSet, SceneRun, SceneStop
from unisono.twin.twin import Twin

__all__ = ["Line", "Rehearsal", "RunTold", "rehearse"]

TESTER = {"kind": "person", "id": "script"}
#: A degree of latitude away: 111 km, at no place within any radius that makes sense.
AWAY = 1.0
MAX_LATITUDE = 89.0
#: Characters of a value in a line.
SHOWN = 160


class Line(msgspec.Struct):
    """One line of what came of it. ``ok``: an expectation that was met or not, None: something that happened."""

    at: str
    text: str
    ok: bool | None = None
    path: str = ""


class RunTold(msgspec.Struct):
    """One run of a scene with its steps: (path, what it did, what it saw)."""

    id: str
    scene: str
    cause: str
    state: str
    why: str
    steps: list[tuple[str, str, Any]]


class Rehearsal(msgspec.Struct):
    """``refused``: why scenes did not run although something triggered them, as (scene, reason, path, what it saw).
    ``findings``: what is odd about the scenes themselves."""

    ok: bool
    title: str
    lines: list[Line]
    runs: list[RunTold]
    refused: list[tuple[str, str, str, Any]]
    findings: list[Finding]


def rehearse(scenes: Sequence[Scene], home: Home, script: Script) -> Rehearsal:
    """Play a script. Raises CallerError ``bad_value`` or ``bad_scene`` for what cannot be played."""
    return Player(scenes, home, script).play()


class Player:
    """One rehearsal."""

    def __init__(self, scenes: Sequence[Scene], home: Home, script: Script) -> None:
        self._script = script
        self._lines: list[Line] = []
        self._home = home
        self._stage = _set_up(home, script)
        self._zone: ZoneInfo = self._stage.engine.world.zone(home.root)
        self._findings = _save(self._stage, scenes)
        self._told = len(self._stage.seen)
        self._since = self._told
        self._met: dict[int, int] = {}
        self._event_at = self._stage.wall
        self._wishes = 0

    def play(self) -> Rehearsal:
        for number, step in enumerate(self._script.day):
            path = f"day.{number}"
            self._wait_for(step, path)
            name, value = event_of(step)
            try:
                self._take(step, name, value, path)
            except CallerError as error:
                field = error.field if (error.field or "").startswith("day.") else f"{path}.{name}"
                raise CallerError(error.detail, code=error.code, field=field, expected=error.expected) from None
            self._tell_new()
        ok = all(line.ok is not False for line in self._lines)
        return Rehearsal(ok, self._script.title, self._lines, self._runs(), self._refusals(), self._findings)

    def _take(self, step: Step, name: str, value: Any, path: str) -> None:
        if name in ("expect", "expect_not"):
            self._look_for(step, value, path, wanted=name == "expect")
            return
        self._since, self._met, self._event_at = len(self._stage.seen), {}, self._stage.wall
        self._say(step.title or f"{name.replace('_s', '')} {_text(value)}")
        _EVENTS[name](self, value, f"{path}.{name}")

    # time

    def _local(self, wall: int) -> datetime:
        return (EPOCH + timedelta(microseconds=wall)).astimezone(self._zone)

    def _wait_for(self, step: Step, path: str) -> None:
        seconds = step.after_s
        if step.at is not None:
            seconds += (self._moment(step.at, path) - self._stage.wall) / SECOND
        if seconds < 0:
            now = self._local(self._stage.wall).isoformat(timespec="seconds")
            raise CallerError("it is over already", code="bad_value", field=f"{path}.at", expected=f"after {now}")
        self._stage.pass_time(seconds)
        self._tell_new()

    def _moment(self, text: str, path: str) -> int:
        now = self._local(self._stage.wall)
        try:
            if "-" in text:
                found = datetime.fromisoformat(text)
                found = found if found.tzinfo is not None else found.replace(tzinfo=self._zone)
            else:
                found = datetime.combine(now.date(), time.fromisoformat(text), self._zone)
                if found < now:
                    found = datetime.combine(now.date() + timedelta(days=1), time.fromisoformat(text), self._zone)
        except ValueError:
            expected = '"HH:MM", "HH:MM:SS" or a date and time such as "2026-11-22T19:00"'
            raise CallerError(f"{text!r} is no time", code="bad_value", field=f"{path}.at", expected=expected) from None
        return (found - EPOCH) // timedelta(microseconds=1)

    # what happens

    def _thing(self, id: str) -> Twin:
        twin = self._stage.things.get(id)
        if twin is None:
            raise CallerError(f"there is no thing {id!r}", code="bad_value", expected=_some(self._stage.things))
        return twin

    def _device(self, id: str) -> Twin:
        twin = self._thing(id)
        if twin.hand is not None:
            expected = "what it is computed from; an input value or a timer takes a command"
            raise CallerError(f"{id} is computed", code="bad_value", expected=expected)
        return twin

    def report(self, values: dict[str, dict[str, Any]], path: str) -> None:
        for id, state in values.items():
            _report(self._stage, self._device(id), state, f"{path}.{id}")

    def command(self, wish: Wish, path: str) -> None:
        self._wishes += 1
        self._thing(wish.thing)
        asked = Asked(f"script-{self._wishes}", wish.thing, self._stage.wall, TESTER, wish.set, wish.call, wish.input)
        self._stage.fold.control.check(asked)
        self._stage.put(asked)

    def event(self, events: dict[str, Any], path: str) -> None:
        for id, told in events.items():
            twin = self._device(id)
            for name, fields in ({told: {}} if isinstance(told, str) else told).items():
                if name not in twin.shape.model.events:
                    expected = _some(twin.shape.model.events)
                    raise CallerError(f"{id} has no event {name!r}", code="bad_value", expected=expected)
                self._stage.tell(id, name, fields)

    def online(self, things: Any, path: str) -> None:
        for id in _several(things):
            if not self._device(id).connections:
                self._stage.come(id)

    def offline(self, things: Any, path: str) -> None:
        for id in _several(things):
            self._device(id)
            self._stage.go(id)

    def arrive(self, who: dict[str, str], path: str) -> None:
        for id, place in who.items():
            self._travel(id, place, there=True)

    def leave(self, who: dict[str, str], path: str) -> None:
        for id, place in who.items():
            self._travel(id, place, there=False)

    def _travel(self, id: str, place: str, *, there: bool) -> None:
        twin = self._thing(id)
        keys = twin.shape.model.properties
        state: dict[str, Any] = {}
        where = self._stage.engine.world.where(place)
        if "location" in keys and where is not None:
            latitude = where.latitude if there else where.latitude - AWAY if where.latitude > 0 else AWAY
            state["location"] = {"lat": max(-MAX_LATITUDE, latitude), "lon": where.longitude}
        if "presence" in keys and place == twin.root:
            state["presence"] = there
        if not state:
            expected = f"a location of {id} and latitude and longitude of {place}, or presence at the root place"
            raise CallerError(f"nothing tells that {id} is at {place}", code="bad_value", expected=expected)
        self._stage.report(id, state)

    def mode(self, modes: dict[str, str], path: str) -> None:
        for place, mode in modes.items():
            if self._stage.engine.world.places.get(place) is None:
                raise CallerError(f"there is no place {place!r}", code="bad_value", expected="the id of a place")
            self._stage.put(ModeSet(place, mode, TESTER))

    def run(self, scene: str, path: str) -> None:
        self._scene(scene)
        self._stage.put(SceneRun(scene, self._stage.wall, TESTER))

    def stop(self, scene: str, path: str) -> None:
        self._scene(scene)
        self._stage.put(SceneStop(scene, TESTER))

    def _scene(self, id: str) -> None:
        if id not in self._stage.engine.scenes:
            expected = _some(self._stage.engine.scenes)
            raise CallerError(f"there is no scene {id!r}", code="bad_value", expected=expected)

    def clock_s(self, by_s: float, path: str) -> None:
        self._stage.set_clock(by_s)

    def hub_off_s(self, seconds: float, path: str) -> None:
        self._stage.turn_off(seconds)

    def device(self, devices: dict[str, Any], path: str) -> None:
        for id, device in devices.items():
            self._thing(id)
            self._stage.devices[id] = device

    # what is expected

    def _look_for(self, step: Step, expected: Expected, path: str, *, wanted: bool) -> None:
        name, body = event_of(expected)
        self._check_names(name, body)
        need = step.times or 1
        fits = _FITS.get(name)

        def met() -> bool:
            if fits is None:
                return self._is_now(name, body)
            return bool(sum(fits(self, body, seen) for seen in self._unmet(name, body)) >= need)

        found = self._stage.pass_time(step.within_s, met)
        if found and fits is not None and wanted:
            self._use_up([seen for seen in self._unmet(name, body) if fits(self, body, seen)][:need])
        said = f"{name} {_text(body)}"
        text = step.title or (f"expected {said}" if wanted else f"not expected {said}")
        self._tell_new()
        if found is wanted:
            self._say(text, ok=True, path=path)
        else:
            self._say(f"{text}: {self._what_else(name)}" if wanted else f"{text}: it came", ok=False, path=path)

    def _check_names(self, name: str, body: Any) -> None:
        """A name that nobody bears is never met and always missing: no test at all."""
        if name == "command":
            twin = self._thing(body.thing)
            for key in body.set:
                twin.shape.find(key)
        elif name == "run":
            self._scene(body.scene)
        elif name == "state":
            for id, values in body.items():
                for key in values:
                    self._thing(id).shape.find(key)

    def _unmet(self, name: str, body: Any) -> list[Seen]:
        """What happened since the last event and met no expectation yet; where it matters how something stands, also
        what began before and ended since."""
        seen = self._stage.seen[self._since :]
        if getattr(body, "state", None) is not None:
            earlier = self._stage.seen[: self._since]
            seen = [
                *(each for each in earlier if each.what == name and (each.body.ended or 0) >= self._event_at),
                *seen,
            ]
        return [each for each in seen if each.what == name and id(each) not in self._met]

    def _use_up(self, seen: Iterable[Seen]) -> None:
        self._met.update((id(each), 1) for each in seen)

    def _is_now(self, name: str, body: Mapping[str, Any]) -> bool:
        world = self._stage.engine.world
        if name == "mode":
            modes = {place.id: place.mode for place in world.places}
            return all(modes.get(place) == mode for place, mode in body.items())
        return all(
            (value := world.value(id, key)) is not NO_VALUE and equal(value, wanted)
            for id, values in body.items()
            for key, wanted in values.items()
        )

    def _what_else(self, name: str) -> str:
        """What there was instead."""
        others = [self._describe(seen) for seen in self._stage.seen[self._since :] if seen.what == name]
        reasons = [f"{scene}: {why} ({path})" for scene, why, path, _seen in self._refusals()]
        text = f"there was {'; '.join(others)}" if others else "nothing of the kind happened"
        return f"{text}. Did not run: {'; '.join(reasons)}" if reasons else text

    def command_fits(self, body: Any, seen: Seen) -> bool:
        asked = seen.body.asked
        if asked.thing != body.thing or (body.state is not None and seen.body.state != body.state):
            return False
        if body.call is not None:
            given = asked.input or {}
            return asked.call == body.call and all(
                key in given and equal(given[key], value) for key, value in body.input.items()
            )
        shape = self._thing(body.thing).shape
        wanted = {shape.find(key)[0]: value for key, value in body.set.items()}
        values = asked.set or {}
        return all(key in values and equal(values[key], value) for key, value in wanted.items())

    def notify_fits(self, body: Any, seen: Seen) -> bool:
        told = seen.body
        to, priority = body.to in (None, *told["to"]), body.priority in (None, told["priority"])
        return to and priority and body.text in told["text"] and body.title in told["title"]

    def http_fits(self, body: Any, seen: Seen) -> bool:
        asked = seen.body
        fits = asked["url"] == body.url and body.method in (None, asked["method"])
        return bool(fits and (body.body is UNSET or equal(asked.get("body"), body.body)))

    def run_fits(self, body: Any, seen: Seen) -> bool:
        return bool(seen.name == body.scene and body.state in (None, seen.body.state))

    # telling

    def _say(self, text: str, *, ok: bool | None = None, path: str = "") -> None:
        at = self._local(self._stage.wall).strftime("%a %H:%M:%S")
        self._lines.append(Line(at, text, ok, path))

    def _tell_new(self) -> None:
        for seen in self._stage.seen[self._told :]:
            at = self._local(seen.at).strftime("%a %H:%M:%S")
            self._lines.append(Line(at, self._describe(seen), False if seen.what == "trouble" else None))
        self._told = len(self._stage.seen)

    def _describe(self, seen: Seen) -> str:
        body = seen.body
        if isinstance(body, Command):
            what = _text(body.asked.set) if body.asked.call is None else f"{body.asked.call} {_text(body.asked.input)}"
            return f"{seen.name} <- {what} ({body.state})"
        if isinstance(body, Run):
            return f"{seen.name} runs ({_cause(body)})"
        if seen.what == "notify":
            return f"told {', '.join(body['to']) or 'everybody'}: {body['text']}"
        if seen.what == "http":
            return f"{body['method']} {body['url']}"
        if seen.what == "trouble":
            return f"{seen.name} {body}"
        return f"{seen.name} is {body}"

    def _runs(self) -> list[RunTold]:
        runs = [seen.body for seen in self._stage.seen if seen.what == "run"]
        return [
            RunTold(
                run.id,
                run.scene,
                _cause(run),
                str(run.state),
                run.why,
                [(trace.path, trace.did, trace.seen) for trace in run.trace],
            )
            for run in runs
        ]

    def _refusals(self) -> list[tuple[str, str, str, Any]]:
        return [
            (id, each.why, each.path, each.seen)
            for id, compiled in self._stage.engine.scenes.items()
            for each in compiled.refusals
        ]


_EVENTS: dict[str, Any] = {
    name: getattr(Player, name)
    for name in (
        "report",
        "event",
        "online",
        "offline",
        "arrive",
        "leave",
        "mode",
        "command",
        "run",
        "stop",
        "clock_s",
        "hub_off_s",
        "device",
    )
}
_FITS: dict[str, Any] = {name: getattr(Player, f"{name}_fits") for name in ("command", "notify", "http", "run")}


def _set_up(home: Home, script: Script) -> Stage:
    """The stage with the home on it, before anything happens."""
    stage = Stage((home.moment - EPOCH) // timedelta(microseconds=1))
    stage.put(*records(home))
    for number, thing in enumerate(home.things):
        twin = stage.things[thing.id]
        if thing.computed is not None:
            continue
        if thing.online:
            stage.come(thing.id)
        if thing.state:
            _report(stage, twin, thing.state, f"things.{number}.state")
    for place in home.places:
        stage.put(ModeSet(place.id, place.mode, TESTER))
    for id, device in script.devices.items():
        if id not in stage.things:
            expected = _some(stage.things)
            raise CallerError(f"there is no thing {id!r}", code="bad_value", field=f"devices.{id}", expected=expected)
        stage.devices[id] = device
    return stage


def _save(stage: Stage, scenes: Sequence[Scene]) -> list[Finding]:
    """Save scenes as the hub does, with the same refusals; what is only odd is given back."""
    catalogue = Catalogue(scenes)
    found: list[Finding] = []
    for scene in scenes:
        try:
            found += require_sound(scene, Facts(stage.engine.world, catalogue))
        except CallerError as error:
            detail = f"scene {scene.id}: {error.detail}"
            raise CallerError(detail, code=error.code, field=error.field, expected=error.expected) from None
        stage.engine.put(1, msgspec.json.encode(scene))
    return found


def _report(stage: Stage, twin: Twin, state: dict[str, Any], path: str) -> None:
    """Raises CallerError for what the thing's model does not take: in a home it would be a dead letter."""
    examined = twin.shape.examine(msgspec.json.encode(state))
    for problem in examined.problems:
        field = f"{path}.{problem.field}" if problem.field else path
        raise CallerError(problem.detail, code="bad_value", field=field, expected=problem.expected)
    stage.report(twin.id, state)


def _several(given: str | tuple[str, ...]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else given


def _some(names: Iterable[str]) -> str:
    first = sorted(names)[:8]
    return f"one of {', '.join(first)}" if first else "one that is there"


def _text(value: Any) -> str:
    """A value for a line: as in YAML, on one line, of a length that can be read."""
    plain = msgspec.to_builtins(value)
    text = msgspec.json.encode(plain).decode()
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def _cause(run: Run) -> str:
    cause = run.cause
    told = [cause.what, cause.thing, cause.name] if cause.what != "hand" else ["by hand"]
    return " ".join(part for part in told if part)
