"""A scene made ready: its triggers as sources by thing, its conditions as checks, its steps as a program.

Knows the document and the world it is compiled against. Compiled again when the things it selects change; what its
gates remember is carried over by their keys.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias

import msgspec
from msgspec import UNSET

from unisono.errors import CallerError
from unisono.scene.cause import Cause
from unisono.scene.checking.finding import Finding
from unisono.scene.document import Change, Happening, Matching, Scene, Selector, Silence, Travel, Window, kind_of
from unisono.scene.running.program import compile_steps
from unisono.scene.running.run import Run
from unisono.scene.schedule import Schedule, compile_schedule
from unisono.scene.watching.condition import Grow, compile_conditions
from unisono.scene.watching.gate import Clockwork, Gate, GateSaved
from unisono.scene.watching.matching import Test, compile_bounds, compile_test, position_keys
from unisono.scene.watching.source import AnyChange, Fits, FitsAfter, Heard, Link, Place, Rolling, Told
from unisono.scene.world import World, find_index, value_of
from unisono.thing.shape import Shape

__all__ = ["PAST", "Compiled", "Key", "Moment", "Refusal", "SceneSaved", "Selection", "Watched"]

#: Ended runs whose traces are kept, and reasons why a scene did not run.
PAST = 20
SECOND = 1_000_000

Fire = Callable[[Cause], None]

_run_encoder = msgspec.msgpack.Encoder()
_run_decoder = msgspec.msgpack.Decoder(Run)


class Refusal(msgspec.Struct, array_like=True):
    """Why a scene did not run although something triggered it; equal reasons share one, with their count."""

    why: str
    path: str
    seen: Any
    cause: Cause
    at: int
    count: int = 1


class SceneSaved(msgspec.Struct, array_like=True):
    """A scene as a checkpoint keeps it. ``moments``: the last wall time that each time trigger has dealt with."""

    id: str
    version: int
    document: bytes
    enabled: bool
    gates: dict[str, GateSaved]
    moments: dict[int, int]
    runs: list[Run]
    queue: list[Cause]
    past: list[msgspec.Raw]  # of `Run`
    refusals: list[Refusal]
    findings: list[Finding] = []


class Moment:
    """A time trigger. ``last``: the wall time that it has dealt with; ``due``: the next moment, None for never."""

    __slots__ = ("due", "last", "missed", "schedule", "trigger")

    def __init__(self, trigger: int, schedule: Schedule, missed: str, now: int) -> None:
        self.trigger = trigger
        self.schedule = schedule
        self.missed = missed
        self.last = now
        self.due = schedule.after(now)

    def dealt(self, until: int) -> None:
        self.last = until
        self.due = self.schedule.after(until)

    def skip(self, late: int, now: int) -> None:
        """Go on with the newest moment between ``late`` and ``now``, or the next one: those of a minute of seconds are
        not to come all at once."""
        newest = None
        self.dealt(late)
        while self.due is not None and self.due <= now:
            newest = self.due
            self.dealt(newest)
        if newest is not None:
            self.dealt(newest - 1)


class Watched:
    """What watches one thing, by what can happen to it."""

    __slots__ = ("events", "heard", "links", "moves", "spots", "values")

    def __init__(self) -> None:
        self.values: list[tuple[int, Any]] = []  # (number of the property, source)
        self.heard: list[tuple[int | None, Heard]] = []
        self.links: list[Link] = []
        self.moves: list[Place] = []
        self.spots: tuple[int, ...] = ()  # properties that tell where it is
        self.events: dict[str, list[Told]] = defaultdict(list)


Key: TypeAlias = tuple[str | None, str | None]


class Selection:
    """Things that are meant by place or kind: those that were found, and who is told of others. ``awaited``: by a step
    that waits."""

    __slots__ = ("awaited", "found", "grow", "selector")

    def __init__(self, selector: Selector, found: set[str], grow: Grow, awaited: bool) -> None:
        self.selector = selector
        self.found = found
        self.grow = grow
        self.awaited = awaited

    @property
    def key(self) -> Key:
        return (self.selector.place, self.selector.kind)

    def means(self, world: World, thing: str) -> bool:
        """Whether a thing is one of them now."""
        if thing in self.selector.things:
            return True
        twin = world.things.get(thing)
        return twin is not None and world.fits(self.selector, twin)


class Following:
    """A trigger that follows a thing more as it followed the others; that one is gone is the scene's to notice."""

    __slots__ = ("_follow",)

    def __init__(self, follow: Callable[[str], object]) -> None:
        self._follow = follow

    def came(self, thing: str, /) -> object:
        return self._follow(thing)

    def went(self, thing: str, /) -> None: ...


class Compiled:
    """One version of a scene, ready to run, with its runs and what it remembers.

    ``fire(compiled, cause)`` is told when a trigger is met. Raises CallerError ``bad_scene``/``bad_value`` when the
    scene cannot be compiled: `unisono.scene.checking.soundness` says the same at the door.
    """

    def __init__(
        self,
        scene: Scene,
        version: int,
        document: bytes,
        world: World,
        clock: Clockwork,
        fire: Callable[[Compiled, Cause], None],
    ) -> None:
        self.scene = scene
        self.id = scene.id
        self.version = version
        self.document = document
        self.enabled = scene.enabled
        self.world = world
        self.place = scene.place
        self.seat = world.seat(scene.place)
        self.gates: dict[str, Gate] = {}
        self.things: dict[str, Watched] = defaultdict(Watched)
        self.moments: list[Moment] = []
        self.modes: list[tuple[str, tuple[str, ...], Gate, int]] = []
        self.ends: list[tuple[str, str, int]] = []
        self.reminders: dict[str, Callable[[], None]] = {}
        self.rollings: list[Rolling] = []
        self.selections: list[Selection] = []
        self.shapes: dict[str, Shape | None] = {}
        self._paths: list[str] = []  # of triggers and conditions that have gates
        self.named: set[str] = set()
        self.mentions: set[str] = set()
        self.findings: list[Finding] = []
        self.awaited: set[str] = set()
        self._awaiting = False
        self.runs: dict[str, Run] = {}
        # lists: an empty deque takes 760 bytes, and there are ten thousand scenes
        self.queue: list[Cause] = []
        # as bytes: ten thousand scenes remember two hundred thousand runs, and a run is some ten objects
        self._past: list[bytes] = []
        self._shown: list[Run] | None = None
        self.refusals: list[Refusal] = []
        self._clock = clock
        self._fire: Fire = partial(fire, self)
        for number, trigger in enumerate(scene.when):
            kind, body = kind_of(trigger)
            try:
                getattr(self, f"_{kind}")(body, number, f"when.{number}.{kind}")
            except CallerError as error:
                raise _at(error, f"when.{number}.{kind}") from None
        self.check = compile_conditions(scene.if_, "if", self)
        self.program = compile_steps(scene.then, self)
        for thing in (*self.named, *self.things):
            self._look(thing)

    # what conditions and steps need

    def ids(self, selector: Selector, grow: Grow | None = None) -> list[str]:
        """The things that a selector means now; remembered, so that a change of things is noticed."""
        found = self.world.select(selector)
        self.named.update(selector.things)
        self.mentions.update(selector.things)
        if self._awaiting:
            self.awaited.update(found)
        if selector.place is not None or selector.kind is not None:
            assert grow is not None  # whoever takes any selection says what becomes of those that come later
            self.selections.append(Selection(selector, set(found), grow, self._awaiting))
        return found

    def mention(self, *names: str) -> None:
        self.mentions.update(names)

    # things that come and go

    def _look(self, thing: str) -> None:
        twin = self.world.things.get(thing)
        self.shapes[thing] = twin.shape if twin is not None else None

    def stale(self, thing: str) -> bool:
        """Whether a thing that was looked at is another one now, so that all is to be compiled again."""
        twin = self.world.things.get(thing)
        return thing in self.shapes and self.shapes[thing] is not (twin.shape if twin is not None else None)

    def grow(self, thing: str) -> bool:
        """Follow a thing that has come to be meant by a selection, or no longer exists; False: compile all again.

        What is made for one thing is the same that compiling all would make for it.
        """
        twin = self.world.things.get(thing)
        changed = [each for each in self.selections if each.means(self.world, thing) is not (thing in each.found)]
        if thing in self.named or (twin is not None and self.stale(thing)):
            return False
        gone = [each for each in changed if thing in each.found]
        if gone and twin is not None:
            return False  # it is there, but elsewhere: seldom enough
        for each in changed:
            if twin is None:
                each.found.discard(thing)
                each.grow.went(thing)
            else:
                each.found.add(thing)
                if each.awaited:
                    self.awaited.add(thing)
                each.grow.came(thing)
        if twin is None:
            self._drop(thing)
        else:
            self._look(thing)
        return True

    def _drop(self, thing: str) -> None:
        """Forget a thing that is gone."""
        self.things.pop(thing, None)
        self.shapes.pop(thing, None)
        self.awaited.discard(thing)
        keys = [f"{self.id}|{path}|{thing}" for path in self._paths]
        for key in keys:
            self.gates.pop(key, None)
            self.reminders.pop(key, None)
            self.reminders.pop(f"{key}~", None)
        if self.rollings:
            self.rollings = [rolling for rolling in self.rollings if rolling.gate.key not in keys]

    def gate(self, path: str, thing: str, matching: Matching, test: Test) -> Gate:
        gate = self._gate(path, thing, matching.for_s, None)
        self._follow(thing, matching.property, Fits(gate, matching, test, -1, thing))
        return gate

    def rolling(self, path: str, thing: str, window: Window) -> Rolling:
        return self._rolling(path, thing, window, -1, None)

    @contextmanager
    def awaiting(self) -> Iterator[None]:
        self._awaiting = True
        try:
            yield
        finally:
            self._awaiting = False

    # triggers

    def _change(self, body: Change, number: int, path: str) -> None:
        test = compile_test(body)

        def follow(thing: str) -> None:
            gate = self._gate(path, thing, body.for_s, self._fire)
            source: Any
            if test is None or body.by is not None:
                source = AnyChange(gate, body, number, thing)
            elif body.was is not UNSET:
                source = FitsAfter(gate, body, test, number, thing)
            else:
                source = Fits(gate, body, test, number, thing)
            self._follow(thing, body.property, source)

        self._each(body, follow)

    def _window(self, body: Window, number: int, path: str) -> None:
        if compile_bounds(body) is None:
            expected = '"above" or "below"'
            raise CallerError("nothing is asked of the figure", code="bad_scene", field=path, expected=expected)
        self._each(body, lambda thing: self._rolling(path, thing, body, number, self._fire))

    def _event(self, body: Happening, number: int, path: str) -> None:
        self._each(
            body, lambda thing: self.things[thing].events[body.event].append(Told(body, number, thing, self._fire))
        )

    def _travel(self, body: Travel, number: int, path: str) -> None:
        if (body.arrives is None) == (body.leaves is None):
            raise CallerError("which way?", code="bad_scene", field=path, expected='"arrives" or "leaves"')
        place = body.arrives or body.leaves or ""

        def follow(thing: str) -> None:
            gate = self._gate(path, thing, body.for_s, self._fire)
            arrives = body.arrives is not None
            source = Place(gate, self.world, place, body.within_m, number, thing, arrives=arrives)
            twin = self.world.things.get(thing)
            if twin is not None:
                self.things[thing].spots = position_keys(twin)
                source.begin(twin)
            self.things[thing].moves.append(source)

        self._each(body, follow)

    def _connection(self, body: Any, number: int, path: str) -> None:
        def follow(thing: str) -> None:
            source = Link(self._gate(path, thing, body.for_s, self._fire), body, number, thing)
            twin = self.world.things.get(thing)
            if twin is not None:
                source.begin(twin)
            self.things[thing].links.append(source)

        self._each(body, follow)

    def _silence(self, body: Silence, number: int, path: str) -> None:
        def follow(thing: str) -> None:
            gate = self._gate(path, thing, 0.0, self._fire)
            source = Heard(gate, body, number, thing, self.world, self._clock.remind)
            twin = self.world.things.get(thing)
            index = find_index(twin, body.property) if twin is not None and body.property is not None else None
            self.reminders[source.key] = source.due
            source.begin()
            self.things[thing].heard.append((index, source))

        self._each(body, follow)

    def _time(self, body: Any, number: int, path: str) -> None:
        schedule = compile_schedule(body, self.world.zone(self.place), self.world.where(self.place))
        self.moments.append(Moment(number, schedule, body.missed, self.world.wall))

    def _mode(self, body: Any, number: int, path: str) -> None:
        gate = self._gate(path, "", body.for_s, self._fire)
        modes = (body.is_,) if isinstance(body.is_, str) else tuple(body.is_)
        place = self.world.places.get(body.place)
        gate.begin(place is not None and place.mode in modes)
        self.modes.append((body.place, modes, gate, number))

    def _scene(self, body: Any, number: int, path: str) -> None:
        self.mention(f"#{body.id}")
        self.ends.append((body.id, body.ended, number))

    # parts

    def _each(self, selector: Selector, follow: Callable[[str], object]) -> None:
        """Follow each of the things, and those that come to be meant later."""
        if not selector.things and selector.place is None and selector.kind is None:
            expected = '"things", or "place" and "kind"'
            raise CallerError("no thing is named", code="bad_scene", expected=expected)
        for thing in self.ids(selector, Following(follow)):
            follow(thing)

    def _gate(self, path: str, thing: str, for_s: float, fire: Fire | None) -> Gate:
        key = f"{self.id}|{path}|{thing}"
        if path not in self._paths:
            self._paths.append(path)
        gate = self.gates[key] = Gate(key, int(for_s * SECOND), self._clock, fire)
        self.reminders[key] = gate.due
        return gate

    def _rolling(self, path: str, thing: str, window: Window, number: int, fire: Fire | None) -> Rolling:
        gate = self._gate(path, thing, window.for_s, fire)
        rolling = Rolling(gate, window, number, thing, self.world, self._clock.remind)
        self.reminders[rolling.key] = rolling.due
        self.rollings.append(rolling)
        self._follow(thing, window.property, rolling)
        return rolling

    def _follow(self, thing: str, property: str, source: Any) -> None:
        """Let a source see a property of a thing, beginning with what it is now."""
        twin = self.world.things.get(thing)
        index = find_index(twin, property) if twin is not None else None
        if twin is not None and index is not None:
            source.begin(value_of(twin, index))
            self.things[thing].values.append((index, source))

    # keeping

    def saved(self) -> SceneSaved:
        for rolling in self.rollings:
            rolling.save()
        return SceneSaved(
            self.id,
            self.version,
            self.document,
            self.enabled,
            {key: gate.saved() for key, gate in self.gates.items()},
            {moment.trigger: moment.last for moment in self.moments},
            list(self.runs.values()),
            self.queue,
            [msgspec.Raw(run) for run in self._past],
            self.refusals,
            self.findings,
        )

    def restore(self, saved: SceneSaved) -> None:
        """Go on from a checkpoint, or from the same version compiled before the things changed."""
        self.enabled = saved.enabled
        for key, gate in saved.gates.items():
            if key in self.gates:
                self.gates[key].restore(gate)
        for rolling in self.rollings:
            rolling.restored()
        for moment in self.moments:
            moment.dealt(saved.moments[moment.trigger])
        self.runs = {run.id: run for run in saved.runs}
        self._past, self._shown = [bytes(run) for run in saved.past], None
        self.queue, self.refusals, self.findings = saved.queue, saved.refusals, saved.findings

    def follow(self, before: Compiled) -> None:
        """Be the next version of a scene: what is told of its past stays."""
        self._past, self.refusals = before._past, before.refusals

    # ended runs

    @property
    def past(self) -> list[Run]:
        """The runs that ended, oldest first. To be looked at only: `amend` changes one."""
        if self._shown is None:
            self._shown = [_run_decoder.decode(run) for run in self._past]
        return self._shown

    @property
    def last(self) -> Run | None:
        """The run that ended last."""
        return _run_decoder.decode(self._past[-1]) if self._past else None

    def find(self, id: str) -> Run | None:
        """An open run, or one that has ended."""
        open_run = self.runs.get(id)
        if open_run is not None:
            return open_run
        ended = (_run_decoder.decode(run) for run in reversed(self._past))
        return next((run for run in ended if run.id == id), None)

    def keep(self, run: Run) -> None:
        """A run has ended: its trace stays until others have pushed it out."""
        self._shown = None
        self._past.append(_run_encoder.encode(run))
        if len(self._past) > PAST:
            del self._past[0]

    def amend(self, run: Run) -> None:
        """Something became known of a run that had ended, unless it was pushed out."""
        self._shown = None
        for number, kept in enumerate(self._past):
            if _run_decoder.decode(kept).id == run.id:
                self._past[number] = _run_encoder.encode(run)

    def refuse(self, why: str, path: str, seen: Any, cause: Cause, at: int) -> None:
        """Remember why it did not run."""
        last = self.refusals[-1] if self.refusals else None
        if last is not None and (last.why, last.path) == (why, path):
            last.seen, last.cause, last.at = seen, cause, at
            last.count += 1
        else:
            self.refusals.append(Refusal(why, path, seen, cause, at))
            if len(self.refusals) > PAST:
                del self.refusals[0]


def _at(error: CallerError, path: str) -> CallerError:
    """The same error with its whole path."""
    field = error.field or ""
    if not field.startswith(path):
        field = f"{path}.{field}".rstrip(".")
    return CallerError(error.detail, code="bad_scene", field=field, expected=error.expected, mend=error.mend)
