"""What must hold before anything is done: the rules, interlocks and limits of each root place, enforced in the fold.

Part of the fold: deterministic, no clocks. Asked when a command is begun and again when it leaves, whoever wants it.
An interlock that nobody can judge forbids; a thing that was away is believed again once it has reported anew.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec import UNSET

from unisono.access import Asking, Moment, Risk, Wish, risk_of, rule_on
from unisono.access.policy import covers
from unisono.errors import CallerError
from unisono.thing.shape import NAN
from unisono.twin.matching import Test, compile_test
from unisono.twin.policy import Interlock, Limit, Policy, Seen, load_policy, read_match
from unisono.twin.record import Asked, Entry, PolicyPut, PolicyRemoved
from unisono.twin.twin import Twin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from unisono.twin.partition import Partition
    from unisono.twin.places import Places

__all__ = ["Enforced", "Refusal", "Safety", "wish_of"]

SECOND = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STATE_ROW = "safety:"

UNKNOWN = object()


class Refusal(NamedTuple):
    """``code`` is a key of `unisono.errors.CODES`. ``unknown``: it may be allowed once somebody can say."""

    code: str
    why: str
    unknown: bool = False
    within_s: float = 0.0


class Saved(msgspec.Struct, array_like=True):
    """One root place's policy as a checkpoint keeps it."""

    root: str
    version: int
    document: bytes


class Stamps(msgspec.Struct, array_like=True):
    """When the commands that count in one window were begun: elapsed microseconds."""

    in_s: float
    dates: list[int]


class State(msgspec.Struct, array_like=True):
    """``stale``: per thing the bits of properties not reported since it came back; ``away``: things that are gone."""

    stale: dict[str, int]
    away: list[str]
    stamps: dict[str, Stamps]


_saved_decoder = msgspec.msgpack.Decoder(Saved)
_state_decoder = msgspec.msgpack.Decoder(State)


class Enforced:
    """A policy, compiled. ``watched``: things that its interlocks look at."""

    def __init__(self, version: int, document: bytes) -> None:
        self.version = version
        self.document = document
        self.policy: Policy = load_policy(document)
        self.interlocks = [Guard(each) for each in self.policy.interlocks]
        self.limits = [(limit, _tests(limit.unless)) for limit in self.policy.limits]
        self.watched = {seen.thing for each in self.policy.interlocks for seen in each.while_}


class Guard:
    """An interlock, compiled."""

    def __init__(self, interlock: Interlock) -> None:
        self.name = interlock.name
        self.never = interlock.never
        self.unknown = interlock.unknown
        self.conditions = [(seen, compile_test(seen) or (lambda value: True)) for seen in interlock.while_]
        self._set = _tests(interlock.never.set)

    def forbids(self, wish: Wish, asked: Asked, twin: Twin) -> bool:
        """Whether it speaks of this command."""
        if not covers(self.never, wish):
            return False
        if not self._set and not self.never.call:
            return True
        if asked.call is not None:
            return not wish.names.isdisjoint(self.never.call)
        return _any_fits(self._set, asked, twin)


class Safety:
    """An `Observer` of the partition that it belongs to. ``on_known`` is called when something that was unknown may
    be known now."""

    name = "safety"
    steered_by = (PolicyPut, PolicyRemoved)
    ended = None  # what becomes of commands is no matter of what may be begun

    def __init__(self, partition: Partition) -> None:
        self._partition = partition
        self.enforced: dict[str, Enforced] = {}
        self.on_known: Callable[[], None] = lambda: None
        self._watched: dict[str, None] = {}
        self._carriers: dict[str, str] = {}
        self._stale: dict[str, int] = {}
        self._away: dict[str, None] = {}
        self._stamps: dict[str, Stamps] = {}
        self._changed: set[str] = set()
        self._removed: set[str] = set()
        self._state_changed = False
        self._state_kept = False

    # the decision

    def refusal(self, asked: Asked, twin: Twin, *, beginning: bool) -> Refusal | None:
        """Why a command must not be begun (or, begun before, must not leave now); None when it may."""
        enforced = self.enforced.get(twin.root)
        if enforced is None:
            return None
        wish = self._wish(asked, twin)
        found = self._ruled(enforced.policy, asked, wish, twin)
        if found is None:
            found = self._interlocked(enforced, asked, wish, twin)
        if found is None and beginning:
            found = self._limited(enforced, asked, wish, twin, stamp=False)
        return found

    def begun(self, asked: Asked, twin: Twin) -> None:
        """A command was begun: it counts against the limits."""
        enforced = self.enforced.get(twin.root)
        if enforced is not None and enforced.limits:
            self._limited(enforced, asked, self._wish(asked, twin), twin, stamp=True)

    def _wish(self, asked: Asked, twin: Twin) -> Wish:
        return wish_of(asked, twin, self._partition.places)

    def _ruled(self, policy: Policy, asked: Asked, wish: Wish, twin: Twin) -> Refusal | None:
        if not policy.rules:
            return None
        ruling = rule_on(policy.rules, self._asking(asked), wish, self._moment(wish, twin))
        if ruling.then == "deny":
            end = "lets only the scenes do it that it names" if ruling.unnamed else "forbids it"
            return Refusal("not_allowed", f'the rule "{ruling.rule}" of {twin.root} {end}')
        if ruling.then == "confirm" and not asked.confirmed:
            why = f'the rule "{ruling.rule}" of {twin.root} wants it said twice'
            return Refusal("confirmation_required", why, within_s=policy.confirm_within_s)
        return None

    def _asking(self, asked: Asked) -> Asking:
        by = asked.by
        kind, id = by.get("kind", ""), by.get("id", "")
        inside = kind == "scene"  # it runs on the hub, which is at home
        address = by.get("from") or ("hub" if inside else "")
        scene = by.get("scene", id if inside else "")
        return Asking(kind, id, by.get("role", ""), address, inside or self._at_home(id), scene)

    def _at_home(self, id: str) -> bool:
        """Whether the thing that stands for a person (of the same id) says so; nobody's word is: no."""
        twin = self._partition.things.get(id)
        return twin is not None and _value(twin, "presence") is True

    def _moment(self, wish: Wish, twin: Twin) -> Moment:
        places = self._partition.places
        local = (EPOCH + timedelta(microseconds=self._partition.wall)).astimezone(places.zone(twin.place))
        modes = frozenset(found.mode for id in wish.path if (found := places.get(id)) is not None)
        return Moment(local.hour * 60 + local.minute, local.weekday(), modes)

    def _interlocked(self, enforced: Enforced, asked: Asked, wish: Wish, twin: Twin) -> Refusal | None:
        unknown: Refusal | None = None
        for interlock in enforced.interlocks:
            if not interlock.forbids(wish, asked, twin):
                continue
            for seen, fits in interlock.conditions:
                value = self._known(seen, trusting=interlock.unknown == "last")
                if value is UNKNOWN:
                    if interlock.unknown == "allow":
                        continue
                    why = f'the interlock "{interlock.name}" cannot be judged: {seen.thing}.{seen.property} is unknown'
                    unknown = unknown or Refusal("interlocked", why, unknown=True)
                elif fits(value):
                    said = str(msgspec.json.encode(value), "utf-8")[:80]
                    why = f'the interlock "{interlock.name}" forbids it: {seen.thing}.{seen.property} is {said}'
                    return Refusal("interlocked", why)
        return unknown

    def _known(self, seen: Seen, *, trusting: bool) -> Any:
        twin = self._partition.things.get(seen.thing)
        index = _index(twin, seen.property) if twin is not None else None
        if twin is None or index is None:
            return UNKNOWN
        value = twin.values[index]
        if not twin.at(index) or value is NAN or value is UNSET:
            return UNKNOWN
        if trusting:
            return value
        if not self._online(twin) or self._stale.get(twin.id, 0) >> index & 1:
            return UNKNOWN
        if seen.fresh_s is not None and self._partition.wall - twin.at(index) > seen.fresh_s * SECOND:
            return UNKNOWN
        return value

    def _online(self, twin: Twin) -> bool:
        parent = self._partition.things.get(twin.parent or "")
        return twin.online or (parent is not None and parent.online and twin.carried)

    # limits

    def _limited(self, enforced: Enforced, asked: Asked, wish: Wish, twin: Twin, *, stamp: bool) -> Refusal | None:
        for limit, unless in enforced.limits:
            if not covers(limit.what, wish) or (unless and _any_fits(unless, asked, twin)):
                continue
            names = [f"call:{asked.call}"] if asked.call is not None else list(asked.set or ())
            for changes, in_s in _windows(limit):
                for name in names:
                    key = f"{twin.root}|{limit.name}|{in_s:g}|{twin.id}|{name}"
                    if stamp:
                        self._stamp(key, in_s)
                    elif key in self._stamps and len(self._stamps[key].dates) >= changes:
                        often = f"{changes} in {in_s:g} s" if changes > 1 else f"one in {in_s:g} s"
                        why = f'the limit "{limit.name}" of {twin.root} allows {often}'
                        return Refusal("too_many", why)
        return None

    def _stamp(self, key: str, in_s: float) -> None:
        stamps = self._stamps.setdefault(key, Stamps(in_s, []))
        stamps.dates.append(self._partition.elapsed)
        self._state_changed = True
        self._partition.remind(in_s, self.name, key)

    def due(self, key: str) -> None:
        """What was begun so long ago counts no more."""
        stamps = self._stamps.get(key)
        if stamps is None:
            return
        now = self._partition.elapsed
        stamps.dates = [date for date in stamps.dates if now - date < stamps.in_s * SECOND]
        if not stamps.dates:
            del self._stamps[key]
        self._state_changed = True

    # what happens to the things that interlocks look at

    def quiet(self, twin: Twin, run: Sequence[tuple[Any, ...]]) -> int:
        """Each report is looked at."""
        return 0

    def reported(self, twin: Twin, values: tuple[Any, ...], at: int) -> None:
        stale = self._stale.get(twin.id, 0)
        if stale:
            for index, (value, none) in enumerate(zip(values, twin.shape.absent, strict=True)):
                if value is not none:
                    stale &= ~(1 << index)
            self._set_stale(twin.id, stale)
        self.on_known()

    def _set_stale(self, thing: str, bits: int) -> None:
        if bits:
            self._stale[thing] = bits
        else:
            self._stale.pop(thing, None)
        self._state_changed = True

    def linked(self, twin: Twin, at: int) -> None:
        """It came or went, and its parts with it."""
        for id in (twin.id, *self._partition.parts.get(twin.id, ())):
            if id not in self._watched:
                continue
            if not self._online(self._partition.things[id]):
                self._away[id] = None
                self._state_changed = True
            elif id in self._away:
                del self._away[id]
                self._set_stale(id, self._partition.things[id].shape.full)
        self.on_known()

    def told(self, twin: Twin, event: str, fields: dict[str, Any], at: int) -> None:
        """Events say nothing that an interlock looks at."""

    def tick(self, wall: int, elapsed: int) -> None:
        """Time alone is asked when somebody wants something."""

    def things_changed(self, id: str) -> None:
        twin = self._partition.things.get(id)
        carrier = self._partition.things.get(self._carriers.pop(id, ""))
        if carrier is not None:
            self._mark(carrier)  # it may carry it no more
        if twin is None:
            if id in self._stale or id in self._away:
                self._away.pop(id, None)
                self._set_stale(id, 0)
            return
        if id in self._stale:
            self._set_stale(id, twin.shape.full)  # of another model version the bits would mean others
        self._look(id)

    # what steers it

    def steer(self, entry: Entry) -> None:
        """Raises CallerError for a policy that cannot be."""
        if isinstance(entry, PolicyPut):
            self.enforced[entry.root] = Enforced(entry.version, entry.document)
            self._changed.add(entry.root)
            self._removed.discard(entry.root)
        elif isinstance(entry, PolicyRemoved) and self.enforced.pop(entry.root, None) is not None:
            self._changed.discard(entry.root)
            self._removed.add(entry.root)
        self._watch()
        self.on_known()

    def _watch(self) -> None:
        before = self._watched
        self._watched = dict.fromkeys(sorted({id for each in self.enforced.values() for id in each.watched}))
        for id in {*before, *self._watched}:
            if id not in self._watched:
                self._away.pop(id, None)
                self._stale.pop(id, None)
                self._carriers.pop(id, None)
                self._state_changed = True
            self._look(id)

    def _look(self, id: str) -> None:
        """Be told of a thing that interlocks look at, and of what carries it."""
        twin = self._partition.things.get(id)
        if twin is None:
            return
        self._mark(twin)
        if id in self._watched and not self._online(twin) and id not in self._away:
            self._away[id] = None
            self._state_changed = True
        parent = self._partition.things.get(twin.parent or "")
        if parent is not None:
            self._mark(parent)
            if id in self._watched:
                self._carriers[id] = parent.id

    def _mark(self, twin: Twin) -> None:
        parts: Iterable[str] = self._partition.parts.get(twin.id, ())
        twin.watch(self, twin.id in self._watched or any(part in self._watched for part in parts))

    # keeping

    def saved(self) -> tuple[list[tuple[str, object]], list[str]]:
        changed, self._changed = self._changed, set()
        removed, self._removed = self._removed, set()
        rows: list[tuple[str, object]] = [
            (f"safety:{root}", Saved(root, self.enforced[root].version, self.enforced[root].document))
            for root in sorted(changed)
        ]
        if self._state_changed:
            self._state_changed, self._state_kept = False, True
            rows.append((STATE_ROW, State(self._stale, list(self._away), self._stamps)))
        return rows, [f"safety:{root}" for root in sorted(removed)]

    def not_saved(self) -> None:
        self._changed |= self.enforced.keys()
        self._state_changed |= self._state_kept

    def restore_row(self, key: str, row: memoryview) -> None:
        if key == STATE_ROW:
            state = _state_decoder.decode(row)
            self._state_kept = True
            self._stale, self._away, self._stamps = state.stale, dict.fromkeys(state.away), state.stamps
        else:
            saved = _saved_decoder.decode(row)
            self.enforced[saved.root] = Enforced(saved.version, saved.document)

    def restored(self, wall: int, elapsed: int) -> None:
        self._watch()


def wish_of(asked: Asked, twin: Twin, places: Places) -> Wish:
    """What a command wants, as rules, interlocks and limits speak of it."""
    model = twin.shape.model
    names: set[str] = set()
    if asked.call is not None:
        action = model.actions.get(asked.call)
        names = {asked.call, (action.trait if action is not None else None) or asked.call}
    for key in asked.set or ():
        found = model.properties.get(key)
        names |= {key, (found.trait if found is not None else None) or key}
    path = [place.id for place in places.lineage(twin.place)] or [twin.place]
    if twin.root not in path:
        path.append(twin.root)
    risk: Risk = risk_of(model, asked.set or {}, asked.call)
    return Wish(twin.id, model.kind or twin.model, path[::-1], frozenset(names), risk)


def _windows(limit: Limit) -> list[tuple[int, float]]:
    windows = [] if limit.changes is None else [(limit.changes, limit.in_s)]
    return windows if limit.min_interval_s is None else [*windows, (1, limit.min_interval_s)]


def _tests(wanted: dict[str, Any]) -> dict[str, Test]:
    return {name: compile_test(read_match(value)) or (lambda _value: True) for name, value in wanted.items()}


def _any_fits(tests: dict[str, Test], asked: Asked, twin: Twin) -> bool:
    """Whether one of the wanted values is of a property (address or trait) that is named, and fits."""
    for key, value in (asked.set or {}).items():
        found = twin.shape.model.properties.get(key)
        for name in (key, found.trait if found is not None else None):
            if name is not None and name in tests and tests[name](value):
                return True
    return False


def _index(twin: Twin, property: str) -> int | None:
    try:
        return twin.shape.index[twin.shape.find(property)[0]]
    except CallerError:
        return None


def _value(twin: Twin, property: str) -> Any:
    index = _index(twin, property)
    return twin.values[index] if index is not None and twin.at(index) else UNKNOWN
