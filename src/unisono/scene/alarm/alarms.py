"""All alarms of one partition: which there are, what is told to whom, what must be kept.

Part of the fold: deterministic, no clocks. A report costs work in proportion to the alarms that look at that thing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from unisono.errors import CallerError
from unisono.scene.alarm.alarm import NOBODY, Alarm
from unisono.scene.alarm.calling import Calling
from unisono.scene.alarm.document import Definition, load_alarm
from unisono.scene.alarm.ears import Ears
from unisono.scene.alarm.facts import Facts
from unisono.scene.alarm.faults import PREFIX, fault, fault_id
from unisono.scene.alarm.flood import Rate
from unisono.scene.alarm.following import Following, can_tell, follow
from unisono.scene.alarm.state import Severity, State
from unisono.scene.running.runner import Effect
from unisono.scene.watching.matching import equal
from unisono.scene.world import NO_VALUE, World
from unisono.twin.record import AlarmAct, AlarmPut, AlarmRemoved, Entry
from unisono.twin.twin import Twin

__all__ = ["Alarms", "Defined", "order"]

#: The row of what all alarms share; a definition's is ``alarm:=<id>``, an alarm's ``alarm:<definition>.<thing>``.
SHARED_ROW = "alarm:"
DEFINITION = "="
#: Troubles that the status shows.
MAX_TROUBLES = 20

_facts_decoder = msgspec.msgpack.Decoder(Facts)


class DefinitionSaved(msgspec.Struct, array_like=True):
    """A definition as a checkpoint keeps it."""

    id: str
    version: int
    document: bytes


class Shared(msgspec.Struct, array_like=True):
    """What all alarms share."""

    number: int
    effects: int
    rates: list[Rate]


_definition_decoder = msgspec.msgpack.Decoder(DefinitionSaved)
_shared_decoder = msgspec.msgpack.Decoder(Shared)


class Defined:
    """A definition in force. ``version`` 0: built in."""

    __slots__ = ("definition", "document", "version")

    def __init__(self, definition: Definition, version: int, document: bytes) -> None:
        self.definition = definition
        self.version = version
        self.document = document


class Alarms(Calling):
    """``moved``: ids of alarms that changed, for whoever looks. ``astir``: ids of those that are not simply normal."""

    name = "alarm"
    ended = None  # commands raise nothing

    def __init__(self, world: World, remind: Callable[[int, str], None], post: Callable[[Effect], None]) -> None:
        super().__init__(world, remind, post)
        self.alarms: dict[str, Alarm] = {}
        self.defined: dict[str, Defined] = {}
        self.moved: dict[str, None] = {}
        self.astir: set[str] = set()
        self.troubles: deque[str] = deque(maxlen=MAX_TROUBLES)
        self._removed: set[str] = set()
        self._following: dict[str, Following] = {}
        self._ears: dict[str, Ears] = {}
        self._links: dict[str, set[str]] = {}
        self._by_event: dict[str, set[str]] = {}
        self._shaded: dict[str, set[str]] = {}  # alarm > alarms that it suppresses
        self._moody: set[str] = set()
        self._unsettled: dict[str, Alarm] = {}
        self._saved: list[Facts] = []
        self._kept: list[Defined] = []
        world.places.on_mode.append(self._mode_changed)
        world.places.on_move.append(self._places_changed)

    # time

    def unsettled(self, alarm: Alarm) -> None:
        self._unsettled[alarm.id] = alarm

    @property
    def wants_tick(self) -> bool:
        """Something has begun to count that the next tick dates: the owner appends one at once."""
        return bool(self._unsettled)

    def tick(self, wall: int, elapsed: int) -> None:
        """The clock's word. Call it before the timers that are due."""
        self.world.wall, self.world.elapsed = wall, elapsed
        self._before, self._last = self._last, elapsed
        unsettled, self._unsettled = self._unsettled, {}
        for id in sorted(unsettled):
            unsettled[id].settle()

    def due(self, key: str) -> None:
        """A timer of ours has run out."""
        id, _bar, what = key.partition("|")
        if not id:
            self._flood_due(what)
            return
        alarm = self.alarms.get(id)
        if alarm is None:
            return
        reminder = self._following[id].reminders.get(key)
        if reminder is not None:
            reminder()
            self.touch(alarm)
            alarm.look(self.wall)
        elif not what.endswith("~"):
            alarm.due(what)

    # what happens to things

    def overheard(self, twin: Twin, event: str, fields: dict[str, Any], at: int) -> None:
        """A thing told an event: it may raise alarms, or clear them."""
        own = self._has_own(twin, event)
        if not own and fault_id(event) not in self.defined:
            self._fault(twin, event)
        for id in sorted(self._by_event.get(event, ())):
            defined = self.defined[id]
            clear, raised = defined.definition.clear, defined.definition.raise_.event
            cleared = clear.event if clear is not None else None
            alarm = self.alarms.get(f"{id}.{twin.id}")
            if cleared is not None and cleared.event == event and alarm is not None and _within(cleared.fields, fields):
                alarm.over(at)
            if raised is None or raised.event != event or not _within(raised.fields, fields):
                continue
            if alarm is None and self._concerns(defined.definition, twin):
                alarm = self._make(defined.definition, twin)
            if alarm is not None and (defined.version or not own):
                self._following[alarm.id].seen = partial(dict, fields)
                alarm.happened(at)

    def _has_own(self, twin: Twin, event: str) -> bool:
        """Whether somebody has defined an alarm for that event of that thing: the built-in one is not needed then."""
        for id in self._by_event.get(event, ()):
            defined = self.defined[id]
            raised = defined.definition.raise_.event
            raises = defined.version and raised is not None and raised.event == event
            if raises and self._concerns(defined.definition, twin):
                return True
        return False

    def came_or_went(self, twin: Twin, at: int) -> None:
        """A thing came or went."""
        for id in sorted(self._links.get(twin.id, ())):
            alarm = self.alarms[id]
            for link in self._following[id].links:
                link.look(twin, at)
            alarm.look(at)

    def _fault(self, twin: Twin, event: str) -> None:
        """A model's own alarm comes into being when its event is first told."""
        definition = fault(twin, event)
        if definition is not None:
            self._define(Defined(definition, 0, b""))

    # what steers alarms

    @property
    def steered_by(self) -> tuple[type, ...]:
        return (AlarmPut, AlarmRemoved, AlarmAct)

    def steer(self, entry: Entry) -> None:
        """One entry of the log. Raises CallerError for a definition or an act that cannot be."""
        if isinstance(entry, AlarmPut):
            self.put(entry.version, entry.document)
        elif isinstance(entry, AlarmRemoved):
            self.remove(entry.id, entry.at or self.wall, entry.by)
        else:
            assert isinstance(entry, AlarmAct)
            try:
                self.find(entry.alarm).do(entry.act, entry.at, entry.by, entry.comment, entry.for_s)
            except CallerError as error:
                if error.code != "wrong_state":  # two did the same at a time: the first has done it
                    raise

    def put(self, version: int, document: bytes) -> None:
        """A version of a definition is in force. Where an alarm stands is kept; what it follows begins anew. Raises
        CallerError."""
        defined = Defined(load_alarm(document), version, document)
        id = defined.definition.id
        before = {alarm.facts.thing: alarm.facts for alarm in self._of(id)}
        for thing in before:
            self._forget(self.alarms[f"{id}.{thing}"])
        self._define(defined)
        for thing, facts in before.items():
            twin = self.world.things.get(thing)
            if twin is None or not self._concerns(defined.definition, twin):
                self._drop(facts, self.wall, NOBODY)
                continue
            alarm = self._make(defined.definition, twin)
            facts.source = facts.clearing = None
            facts.waiting, facts.since = False, None
            alarm.restore(facts)
            self.touch(alarm)
        for thing in self._things(defined.definition):
            if f"{id}.{thing}" not in self.alarms:
                self._make(defined.definition, self.world.things[thing])
        for alarm in self._of(id):
            alarm.look(self.wall)
            alarm.weigh(self.wall)

    def remove(self, id: str, at: int, by: dict[str, str]) -> None:
        """The definition goes, with its alarms."""
        defined = self.defined.pop(id, None)
        if defined is None:
            return
        for alarm in self._of(id):
            self._forget(alarm)
            self._drop(alarm.facts, at, by)
        for event in _events(defined.definition):
            self._by_event[event].discard(id)
        self._changed.discard(DEFINITION + id)
        self._removed.add(DEFINITION + id)

    def check(self, asked: AlarmAct) -> None:
        """Whether an act can be, before it enters the log. Raises CallerError as `Alarm.check`, and ``not_found``."""
        self.known(asked.alarm).check(asked.act, asked.for_s)

    def known(self, id: str) -> Alarm:
        """The alarm, or what it would be: asking makes none."""
        alarm = self.alarms.get(id)
        if alarm is not None:
            return alarm
        definition, _dot, thing = id.partition(".")
        defined, twin = self.defined.get(definition), self.world.things.get(thing)
        if defined is None or twin is None or not self._concerns(defined.definition, twin):
            detail = f"there is no alarm {id[:200]!r}"
            raise CallerError(detail, code="not_found", field="id", mend="Run: unisono alarm list")
        return Alarm(defined.definition, thing, self)

    def find(self, id: str) -> Alarm:
        """The alarm, made where its definition and thing allow one. Raises CallerError ``not_found``."""
        alarm = self.known(id)
        if id not in self.alarms:
            alarm = self._make(alarm.definition, self.world.things[alarm.facts.thing])
            self.touch(alarm)
        return alarm

    def things_changed(self, id: str) -> None:
        """A thing was added, changed or removed: its alarms come, go or follow it anew; so do those that look at it."""
        ears = self._ears.get(id)
        for alarm in [self.alarms[each] for each in sorted(ears.ears)] if ears is not None else ():
            if alarm.facts.thing != id:
                self._again(alarm)
        for alarm in self._come_and_go(id):
            self._again(alarm)

    def _come_and_go(self, thing: str) -> list[Alarm]:
        """Make the alarms that a thing has now, drop those that it no longer has; returns those that stay."""
        twin = self.world.things.get(thing)
        stay: list[Alarm] = []
        for definition in [self.defined[id].definition for id in sorted(self.defined)]:
            alarm = self.alarms.get(f"{definition.id}.{thing}")
            if twin is None or not self._concerns(definition, twin):
                if alarm is not None:
                    self._forget(alarm)
                    self._drop(alarm.facts, self.wall, NOBODY)
            elif alarm is not None:
                stay.append(alarm)
            elif definition.raise_.event is None:
                self._make(definition, twin).look(self.wall)
        return stay

    def _places_changed(self) -> None:
        for id in sorted(self.world.things) if self.defined else ():
            self._come_and_go(id)
        for id in sorted(self._moody):
            self.alarms[id].weigh(self.wall)

    def _mode_changed(self, place: str, mode: str) -> None:
        for id in sorted(self._moody):
            self.alarms[id].weigh(self.wall)

    # coming and going

    def _concerns(self, definition: Definition, twin: Twin) -> bool:
        """Whether a definition makes an alarm for a thing."""
        if not definition.enabled or not can_tell(definition.raise_, twin):
            return False
        if twin.id in definition.things or not definition.place:
            return True
        selector = definition.selector
        return selector.place is not None and self.world.fits(selector, twin)

    def _things(self, definition: Definition) -> list[str]:
        """The things that have an alarm of it from the beginning; those of an event come with it."""
        if definition.raise_.event is not None:
            return []
        return [id for id in sorted(self.world.things) if self._concerns(definition, self.world.things[id])]

    def _define(self, defined: Defined) -> None:
        definition = defined.definition
        before = self.defined.get(definition.id)
        if before is not None:
            for event in _events(before.definition):
                self._by_event[event].discard(definition.id)
        self.defined[definition.id] = defined
        for event in _events(definition):
            self._by_event.setdefault(event, set()).add(definition.id)
        if defined.version:
            self._removed.discard(DEFINITION + definition.id)
            self._changed.add(DEFINITION + definition.id)

    def _of(self, definition: str) -> list[Alarm]:
        return [self.alarms[id] for id in sorted(self.alarms) if self.alarms[id].definition.id == definition]

    def _make(self, definition: Definition, twin: Twin) -> Alarm:
        """A new alarm, in every index."""
        alarm = Alarm(self._own(definition, twin), twin.id, self)
        following = follow(alarm, twin, self.world, self.remind)
        self.alarms[alarm.id] = alarm
        self._following[alarm.id] = following
        self._removed.discard(alarm.id)
        if alarm.stateful:
            self._changed.add(alarm.id)
        for thing, ear in following.ears.items():
            ears = self._ears.get(thing)
            if ears is None:
                ears = self._ears[thing] = Ears(self._mark)
            ears.put(alarm.id, ear)
            self._watch(thing)
        if following.links:
            self._links.setdefault(twin.id, set()).add(alarm.id)
        suppress = definition.suppress
        if suppress is not None:
            for other in suppress.alarms:
                self._shaded.setdefault(_beside(other, twin.id), set()).add(alarm.id)
            if suppress.modes:
                self._moody.add(alarm.id)
        return alarm

    def _own(self, definition: Definition, twin: Twin) -> Definition:
        """Of a built-in definition, the one of this thing's model: another may think the same event worse."""
        defined = self.defined.get(definition.id)
        event = definition.raise_.event
        if defined is None or defined.version or event is None:
            return definition
        return fault(twin, event.event) or definition

    def _forget(self, alarm: Alarm) -> None:
        """Take it out of every index again."""
        following = self._following.pop(alarm.id)
        del self.alarms[alarm.id]
        self.astir.discard(alarm.id)
        self._unsettled.pop(alarm.id, None)
        for thing in following.ears:
            ears = self._ears[thing]
            ears.drop(alarm.id)
            if not ears.ears:
                twin = self.world.things.get(thing)
                if twin is not None:
                    twin.watch(ears, False)
                del self._ears[thing]
        self._links.get(alarm.facts.thing, set()).discard(alarm.id)
        suppress = alarm.definition.suppress
        for other in suppress.alarms if suppress is not None else ():
            self._shaded[_beside(other, alarm.facts.thing)].discard(alarm.id)
        self._moody.discard(alarm.id)

    def _again(self, alarm: Alarm) -> None:
        """The same alarm, following anew what it follows: a thing is another now."""
        twin = self.world.things[alarm.facts.thing]
        facts = self._facts(alarm)
        self._forget(alarm)
        again = self._make(alarm.definition, twin)
        again.restore(facts)
        for rolling in self._following[again.id].rollings:
            rolling.restored()
        self.touch(again)
        again.look(self.wall)
        again.weigh(self.wall)

    def _drop(self, facts: Facts, at: int, by: dict[str, str]) -> None:
        """An alarm is no more; if it stood, its history says so."""
        self._changed.discard(facts.id)
        self._removed.add(facts.id)
        self.moved[facts.id] = None
        if facts.told:
            self._recall(facts.id, facts.id, facts.raised, at)
        if facts.state is not State.NORMAL:
            self._write(facts, "removed", facts.state, State.NORMAL, at, by, "")

    def _watch(self, thing: str) -> None:
        twin = self.world.things.get(thing)
        if twin is not None:
            twin.watch(self._ears[thing], True)

    def _mark(self, alarm: Alarm) -> None:
        """Its sources have something new to keep."""
        self._changed.add(alarm.id)

    # what alarms need of us

    def touch(self, alarm: Alarm) -> None:
        self._changed.add(alarm.id)
        self.moved[alarm.id] = None
        self._stir(alarm)

    def _stir(self, alarm: Alarm) -> None:
        if alarm.state is not State.NORMAL or alarm.facts.chattering:
            self.astir.add(alarm.id)
        else:
            self.astir.discard(alarm.id)

    def seen(self, alarm: Alarm) -> Any:
        return self._following[alarm.id].seen()

    def suppressor(self, alarm: Alarm) -> str:
        suppress = alarm.definition.suppress
        if suppress is None:
            return ""
        for other in suppress.alarms:
            found = self.alarms.get(_beside(other, alarm.facts.thing))
            if found is not None and found.facts.active and not found.facts.out:
                return f"{found.id} is active"
        twin = self.world.things[alarm.facts.thing]
        for place in self.world.lineage(twin.place) if suppress.modes else ():
            if place.mode in suppress.modes:
                return f"{place.id} is in mode {place.mode}"
        for thing, property, test, words in self._following[alarm.id].weighed:
            value = self.world.value(thing, property)
            if value is not NO_VALUE and test(value):
                return words
        return ""

    def turned(self, alarm: Alarm) -> None:
        for id in sorted(self._shaded.get(alarm.id, ())):
            self.alarms[id].weigh(self.wall)

    # keeping

    def saved(self) -> tuple[list[tuple[str, object]], list[str]]:
        """Checkpoint rows that changed, by key, and the keys that went. Clears what marks change."""
        changed, self._changed = self._changed, set()
        removed, self._removed = self._removed, set()
        rows: list[tuple[str, object]] = []
        for id in sorted(changed):
            if not id:
                rows.append((SHARED_ROW, Shared(self.number, self._effects, list(self.rates.values()))))
            elif id.startswith(DEFINITION):
                defined = self.defined[id[1:]]
                rows.append((SHARED_ROW + id, DefinitionSaved(id[1:], defined.version, defined.document)))
            else:
                rows.append((SHARED_ROW + id, self._facts(self.alarms[id])))
        return rows, [SHARED_ROW + id for id in sorted(removed)]

    def _facts(self, alarm: Alarm) -> Facts:
        for rolling in self._following[alarm.id].rollings:
            rolling.save()
        return alarm.saved()

    def not_saved(self) -> None:
        """What `saved` gave was not written: every row is to be written again."""
        self._changed |= {"", *self.alarms, *(DEFINITION + id for id, each in self.defined.items() if each.version)}

    def restore_row(self, key: str, row: memoryview) -> None:
        """Take in one row; `restored` ends it. Raises ``msgspec.DecodeError``."""
        if key == SHARED_ROW:
            shared = _shared_decoder.decode(row)
            self.number, self._effects = shared.number, shared.effects
            self.rates = {rate.root: rate for rate in shared.rates}
        elif key.startswith(SHARED_ROW + DEFINITION):
            saved = _definition_decoder.decode(row)
            try:
                self._kept.append(Defined(load_alarm(saved.document), saved.version, saved.document))
            except CallerError as error:
                self.troubles.append(f"alarm {saved.id} cannot be read: {error}")
        else:
            self._saved.append(_facts_decoder.decode(row))

    def restored(self, wall: int, elapsed: int) -> None:
        """All rows and all things are there: make the alarms and go on."""
        self.world.wall, self.world.elapsed = wall, elapsed
        self._last = elapsed
        self._restoring = True
        kept, self._kept = self._kept, []
        saved, self._saved = {facts.id: facts for facts in self._saved}, []
        for defined in kept:
            self._define(defined)
            for thing in self._things(defined.definition):
                self._make(defined.definition, self.world.things[thing])
        for id, facts in saved.items():
            self._restore(id, facts)
        self._changed -= {*saved, *(DEFINITION + defined.definition.id for defined in kept)}
        self._restoring = False

    def _restore(self, id: str, facts: Facts) -> None:
        twin = self.world.things.get(facts.thing)
        if facts.definition.startswith(PREFIX) and facts.definition not in self.defined and twin is not None:
            for event in twin.shape.model.events:
                if fault_id(event) == facts.definition:
                    self._fault(twin, event)
        try:
            alarm = self.find(id)
        except CallerError:
            self._removed.add(id)  # its thing or its definition was damaged: it comes back with the next word of it
            return
        alarm.restore(facts)
        self._stir(alarm)
        for rolling in self._following[id].rollings:
            rolling.restored()


def _beside(other: str, thing: str) -> str:
    """The alarm that a definition names: of the same thing, unless it names one."""
    return other if "." in other else f"{other}.{thing}"


def _events(definition: Definition) -> set[str]:
    raisings = (definition.raise_, definition.clear)
    return {each.event.event for each in raisings if each is not None and each.event is not None}


def _within(wanted: dict[str, Any], fields: dict[str, Any]) -> bool:
    return all(name in fields and equal(fields[name], value) for name, value in wanted.items())


def order(alarm: Alarm) -> tuple[int, int]:
    """The place in an operator's list: the worst first, of one severity the newest."""
    return Severity[alarm.facts.severity.upper()], -alarm.facts.raised
