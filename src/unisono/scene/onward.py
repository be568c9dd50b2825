"""Results that go onward: what outlets want of computed values, commands, alarms and runs of scenes, as it comes about.

Part of the fold: deterministic, no clocks, and nothing is looked at that no outlet wants. Which outlets there are is in
the log; each result has a number, so that a replay gives the same under the same number. Who keeps them until they have
left takes them from here (`take`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from unisono.scene.alarm.alarms import Alarms
from unisono.scene.alarm.facts import Transition
from unisono.scene.running.compiled import Compiled
from unisono.scene.running.engine import Engine
from unisono.scene.running.run import Run
from unisono.twin.command import Audit, Command
from unisono.twin.outlet import RESULTS, Outlet, iso, load_outlet, wanted_keys
from unisono.twin.partition import Partition
from unisono.twin.record import Asked, Entry, OutletPut, OutletRemoved
from unisono.twin.twin import Twin

__all__ = ["Onward", "Result", "Results"]

#: The row of what all share; an outlet's is ``outlet:=<id>``.
SHARED_ROW = "outlet:"
OUTLET = "="


class Result(msgspec.Struct, array_like=True, gc=False):
    """One result for one outlet, which ``created`` tells from an earlier one of the same id.

    ``number`` counts the results of a partition, ``count`` those of the outlet: whoever misses some knows how many.
    ``about``: its thing, of a run the scene; ``body``: its JSON, which its id is put before.
    """

    number: int
    outlet: str
    created: int
    count: int
    about: str
    what: str
    body: bytes


class Results(msgspec.Struct, array_like=True):
    """Results in their order, as they are kept for outlets. ``log``: the log whose folding brought them."""

    log: str
    results: list[Result]


class Kept(msgspec.Struct, array_like=True):
    """An outlet as a checkpoint keeps it; ``count``: results so far."""

    id: str
    created: int
    document: bytes
    count: int = 0


class _Shared(msgspec.Struct, array_like=True):
    number: int


class _Wanting(NamedTuple):
    """An outlet that wants results."""

    outlet: Outlet
    kept: Kept


_decode_kept = msgspec.msgpack.Decoder(Kept).decode
_decode_shared = msgspec.msgpack.Decoder(_Shared).decode
_encode = msgspec.json.Encoder(enc_hook=str).encode


class Onward:
    """``outlets`` in force by id. While none wants results nobody is followed."""

    name = "outlet"

    def __init__(self, partition: Partition, scenes: Engine, alarms: Alarms) -> None:
        self.outlets: dict[str, Kept] = {}
        self.number = 0
        self._partition = partition
        self._scenes = scenes
        self._alarms = alarms
        self._new: list[Result] = []
        self._wanting: dict[str, list[_Wanting]] = {}
        self._selected: dict[str, list[tuple[_Wanting, frozenset[str]]]] = {}
        self._changed: set[str] = set()
        self._removed: set[str] = set()
        partition.places.on_move.append(self._look_again)

    def take(self) -> list[Result]:
        """The results since the last call."""
        taken, self._new = self._new, []
        return taken

    @property
    def wants(self) -> bool:
        """Some outlet wants results."""
        return bool(self._wanting)

    # what steers it

    @property
    def steered_by(self) -> tuple[type, ...]:
        return (OutletPut, OutletRemoved)

    def steer(self, entry: Entry) -> None:
        """One entry of the log. Raises CallerError for an outlet that cannot be."""
        if isinstance(entry, OutletPut):
            load_outlet(msgspec.json.decode(entry.document))
            before = self.outlets.get(entry.id)
            count = before.count if before is not None and before.created == entry.created else 0
            self.outlets[entry.id] = Kept(entry.id, entry.created, entry.document, count)
            self._changed.add(entry.id)
            self._removed.discard(entry.id)
        elif isinstance(entry, OutletRemoved) and self.outlets.pop(entry.id, None) is not None:
            self._changed.discard(entry.id)
            self._removed.add(entry.id)
        self._sort()

    def _sort(self) -> None:
        """Which outlet wants what, and who has to be followed for that."""
        self._wanting = {}
        for id in sorted(self.outlets):
            kept = self.outlets[id]
            outlet = load_outlet(msgspec.json.decode(kept.document))
            for what in sorted(RESULTS & set(outlet.what)):
                self._wanting.setdefault(what, []).append(_Wanting(outlet, kept))
        self._look_again()
        wanting = self._wanting
        self._partition.follower = self if "computed" in wanting or "commands" in wanting else None
        self._alarms.on_line = self._line if "alarms" in wanting else None
        self._scenes.on_run = self._run if "scenes" in wanting else None

    def _look_again(self) -> None:
        """Whose results are wanted. Of things with open commands it has to be known beforehand: they end with them."""
        self._selected.clear()
        if "commands" in self._wanting:
            for command in self._partition.commands.values():
                twin = self._partition.things.get(command.asked.thing)
                if command.open and twin is not None:
                    self._of(twin)

    def things_changed(self, id: str) -> None:
        """A thing was added, changed or removed."""
        if self._selected.pop(id, None) is not None and id in self._partition.things:
            self._of(self._partition.things[id])

    def tick(self, wall: int, elapsed: int) -> None:
        """No time passes here."""

    def due(self, key: str) -> None:
        """No timers either."""

    @property
    def ended(self) -> None:
        """`lived` tells it."""

    # what comes about

    def derived(self, twin: Twin, given: dict[str, Any], at: int) -> None:
        """A computed thing has new values."""
        for wanting, keys in self._of(twin):
            if "computed" not in wanting.outlet.what:
                continue
            changed = {key: {"value": value, "at": iso(at)} for key, value in given.items() if key in keys}
            if changed:
                self._add(wanting, "change", twin.id, {"thing": twin.id, "changed": changed, "at": iso(at)})

    def derived_event(self, twin: Twin, event: str, fields: dict[str, Any], at: int) -> None:
        """A computed thing tells an event."""
        for wanting, _keys in self._of(twin):
            if "computed" in wanting.outlet.what and not wanting.outlet.traits:
                body = {"thing": twin.id, "event": event, "fields": fields, "at": iso(at)}
                self._add(wanting, "event", twin.id, body)

    def lived(self, command: Command) -> None:
        """A command was begun, or came a step further."""
        ended = command.ended
        more = {"output": command.output, "why": command.why, "code": command.code}
        self._command(command.asked, command.state.value, ended, more)

    def denied(self, audit: Audit) -> None:
        """A command was refused before it was begun."""
        self._command(audit.asked, audit.state, audit.ended, {"why": audit.why, "code": audit.code})

    def _command(self, asked: Asked, state: str, ended: int | None, more: dict[str, Any]) -> None:
        twin = self._partition.things.get(asked.thing)
        for wanting, keys in self._of(twin) if twin is not None else self._selected.get(asked.thing, ()):
            outlet = wanting.outlet
            if "commands" not in outlet.what or (outlet.traits and not _touches(twin, asked, keys, outlet)):
                continue
            said = {
                "id": asked.id,
                "thing": asked.thing,
                "state": state,
                "by": {key: value for key, value in asked.by.items() if key not in ("role", "from")},
                "set": asked.set,
                "call": asked.call,
                "input": asked.input,
                "because": asked.why,
                "asked": iso(asked.at),
                "ended": iso(ended) if ended is not None else None,
                **more,
            }
            command = {key: value for key, value in said.items() if value is not None}
            at = iso(ended if ended is not None else max(self._partition.wall, asked.at))
            self._add(wanting, "command", asked.thing, {"thing": asked.thing, "command": command, "at": at})

    def _line(self, line: Transition) -> None:
        """Something happened to an alarm; a flood is its root place's."""
        twin = self._partition.things.get(line.thing)
        for wanting in self._wanting.get("alarms", ()):
            outlet = wanting.outlet
            if not self._partition.places.inside(line.place or line.root, outlet.place):
                continue
            if (outlet.things or outlet.kind) and (
                twin is None or wanted_keys(outlet, twin.id, twin.shape.model) is None
            ):
                continue
            said = msgspec.structs.asdict(line)
            alarm = {"id": said.pop("alarm"), **said, "at": iso(line.at)}
            body = {"alarm": alarm, "at": iso(line.at)}
            about = line.thing or line.root
            self._add(wanting, "alarm", about, {"thing": line.thing, **body} if line.thing else body)

    def _run(self, compiled: Compiled, run: Run) -> None:
        """A run of a scene began, or is over."""
        for wanting in self._wanting.get("scenes", ()):
            if not self._partition.places.inside(compiled.place, wanting.outlet.place):
                continue
            cause = msgspec.structs.asdict(run.cause)
            cause["at"] = iso(run.cause.at)
            said = {
                "id": run.id,
                "scene": run.scene,
                "version": compiled.version,
                "state": run.state.value,
                "cause": cause,
                "started": iso(run.started),
                "ended": iso(run.ended) if run.ended else None,
                "why": run.why or None,
            }
            body = {key: value for key, value in said.items() if value is not None}
            self._add(wanting, "run", run.scene, {"run": body, "at": iso(run.ended or run.started)})

    def _of(self, twin: Twin) -> list[tuple[_Wanting, frozenset[str]]]:
        """The outlets that want results of a thing, with the properties that they want."""
        selected = self._selected.get(twin.id)
        if selected is None:
            selected = self._selected[twin.id] = list(self._select(twin))
        return selected

    def _select(self, twin: Twin) -> Iterator[tuple[_Wanting, frozenset[str]]]:
        seen: set[str] = set()
        for wanting in (*self._wanting.get("computed", ()), *self._wanting.get("commands", ())):
            outlet = wanting.outlet
            if outlet.id in seen or not self._partition.places.inside(twin.place, outlet.place):
                continue
            seen.add(outlet.id)
            keys = wanted_keys(outlet, twin.id, twin.shape.model)
            if keys is not None:
                yield wanting, keys

    def _add(self, wanting: _Wanting, what: str, about: str, body: dict[str, Any]) -> None:
        self.number += 1
        kept = wanting.kept
        kept.count += 1
        self._changed.add(kept.id)
        head = {"outlet": kept.id, "number": kept.count}
        named = (self.number, kept.id, kept.created, kept.count)
        self._new.append(Result(*named, about, what, _encode({**head, **body})))

    # keeping

    def saved(self) -> tuple[list[tuple[str, object]], list[str]]:
        """Checkpoint rows that changed, by key, and the keys that went. Clears what marks change."""
        changed, self._changed = self._changed, set()
        removed, self._removed = self._removed, set()
        rows: list[tuple[str, object]] = [(SHARED_ROW + OUTLET + id, self.outlets[id]) for id in sorted(changed)]
        if changed:
            rows.append((SHARED_ROW, _Shared(self.number)))
        return rows, [SHARED_ROW + OUTLET + id for id in sorted(removed)]

    def not_saved(self) -> None:
        """What `saved` gave was not written: every row is to be written again."""
        self._changed |= set(self.outlets)

    def restore_row(self, key: str, row: memoryview) -> None:
        """Take in one row; `restored` ends it. Raises ``msgspec.DecodeError``."""
        if key == SHARED_ROW:
            self.number = _decode_shared(row).number
            return
        kept = _decode_kept(row)
        self.outlets[kept.id] = kept

    def restored(self, wall: int, elapsed: int) -> None:
        """All rows are there."""
        self._sort()


def _touches(twin: Twin | None, asked: Asked, keys: frozenset[str], outlet: Outlet) -> bool:
    """Whether a command wants something of what an outlet names by trait."""
    if asked.set is not None:
        return not keys.isdisjoint(asked.set)
    action = twin.shape.model.actions.get(asked.call or "") if twin is not None else None
    return action is not None and (action.trait in outlet.traits or asked.call in outlet.traits)
