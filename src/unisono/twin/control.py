"""The rules of acting: how commands are asked for, sent, answered, superseded, and how they run out of time.

Part of the fold: deterministic, no clocks. Effects are only named here (`Outcome.effects`); the owner carries them out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from unisono.errors import CallerError, DeviceError
from unisono.thing import Schema, check_value
from unisono.thing.shape import portable
from unisono.twin.command import DEFAULT_TTL_S, Command, Sign, State, step
from unisono.twin.record import Asked, Sending, Sent
from unisono.twin.twin import Twin

if TYPE_CHECKING:
    from unisono.twin.fold import Fold

__all__ = ["Control"]

#: Characters of a device's reason for refusing.
WHY_CHARACTERS = 500


class Reply(msgspec.Struct):
    """What a device answers on ``things/me/reply/<command>``."""

    ok: bool
    output: Any = None
    error: str | None = None


#: A call's output is taken as it is; only its depth and the size of its numbers are bounded.
ANY = Schema(kind="any")

_reply_decoder = msgspec.json.Decoder(Reply)


class Control:
    """The acting half of a fold."""

    def __init__(self, fold: Fold) -> None:
        self._fold = fold

    # what scenes ask

    def check(self, asked: Asked) -> None:
        """Whether a command can be; its values and input are brought into the model's form.

        Raises CallerError not_found, bad_request, unknown_property, unknown_action, not_writable, bad_value.
        """
        twin = self._fold.partition.things.get(asked.thing)
        if twin is None:
            raise CallerError(f"there is no thing {asked.thing!r}", code="not_found", field="thing")
        if (asked.set is None) == (asked.call is None):
            raise CallerError('give either "set" or "call"', code="bad_request")
        if asked.set is not None:
            if not asked.set:
                raise CallerError("nothing to set", code="bad_request", field="set", expected='{"<property>": <value>}')
            asked.set = twin.shape.wanted(asked.set)
        else:
            asked.call, asked.input = twin.shape.call(asked.call or "", asked.input or {})

    def begin(self, asked: Asked) -> Command:
        """`check` and begin a command that follows from the log and so needs no entry of its own."""
        self.check(asked)
        self.asked(asked)
        return self._fold.partition.commands[asked.id]

    def find(self, id: str) -> Command | None:
        return self._fold.partition.commands.get(id)

    # the log's entries

    def asked(self, entry: Asked) -> None:
        partition, outcome = self._fold.partition, self._fold.outcome
        id = entry.id
        if id in partition.commands:
            return  # the same command asked twice is one command
        command = partition.commands[id] = Command(entry)
        outcome.moved[id] = None
        twin = partition.things.get(entry.thing)
        if twin is None:
            self._happen(command, Sign.NOT_SENT, "there is no such thing any more")
            return
        if twin.open and entry.set is not None:
            self._supersede(twin, command)
        twin.open.append(id)
        outcome.touched.setdefault(twin, 0)
        partition.remind(entry.ttl_s or DEFAULT_TTL_S, "command", id)
        if twin.listening and self.reachable(twin, command):
            outcome.effects.append(id)

    def sending(self, entry: Sending) -> None:
        command = self._fold.partition.commands.get(entry.command)
        if command is not None and command.open:
            command.sending = True
            self._moved(entry.command)

    def sent(self, entry: Sent) -> None:
        partition = self._fold.partition
        command = partition.commands.get(entry.command)
        if command is None or not command.open:
            return
        command.sending = False
        self._moved(entry.command)
        if not entry.ok:
            if command.state is State.QUEUED and command.asked.call is not None:
                self._happen(command, Sign.NOT_SENT, entry.why)
            return
        if not command.deadline:
            twin = partition.things.get(command.asked.thing)
            timeout_s = twin.shape.timeout_s(command.asked.call, tuple(command.asked.set or ())) if twin else 0.0
            command.deadline = partition.remind(timeout_s, "command", entry.command)
        self._happen(command, Sign.SENT)

    # what devices say

    def replied(self, twin: Twin, id: str, payload: bytes, at: int) -> None:
        """Raises DeviceError when the reply answers nothing of this thing, CallerError for an output beyond bounds,
        ``msgspec.DecodeError`` for bad JSON."""
        reply = _reply_decoder.decode(payload)
        command = self._fold.partition.commands.get(id)
        if command is None or command.asked.thing != twin.id:
            raise DeviceError(f"there is no command {id!r} for this thing", code="not_found")
        if not reply.ok:
            self._happen(command, Sign.REFUSED, (reply.error or "the thing gave no reason")[:WHY_CHARACTERS], at)
        elif command.asked.call is not None:
            output = portable(check_value(ANY, reply.output, "output"))
            if command.open:
                command.output = output
            self._happen(command, Sign.MATCHED, at=at)
        else:
            self._happen(command, Sign.ACKNOWLEDGED)
            self._compare(twin, command, {key: value for key, (value, _at) in twin.state().items()}, at, fresh=False)

    def reported(self, twin: Twin, given: dict[str, Any], at: int) -> None:
        """The thing reported values: the commands that want them may be confirmed."""
        for id in tuple(twin.open):
            command = self._fold.partition.commands[id]
            if command.asked.set is not None:
                self._compare(twin, command, given, at, fresh=True)

    def listening(self, twin: Twin, topics: list[str]) -> None:
        """The thing can hear again: what waited goes out, wanted values in one ``desired`` where it asked for it."""
        effects = self._fold.outcome.effects
        if "desired" in topics:
            effects.append(f"desired:{twin.id}")
        for id in twin.open:
            command = self._fold.partition.commands[id]
            if command.state is not State.QUEUED or command.sending:
                continue
            if command.asked.set is not None and "desired" in topics:
                continue
            if self.reachable(twin, command):
                effects.append(id)

    def due(self, id: str) -> None:
        """A timer of the command ran out: its ttl while it waits, its time-out once it was sent."""
        partition = self._fold.partition
        command = partition.commands.get(id)
        if command is None or not command.open:
            return
        if command.state is State.QUEUED:
            self._happen(command, Sign.AWAY_TOO_LONG, "the thing stayed away past the command's time to live")
        elif partition.elapsed >= command.deadline:
            if command.differs:
                self._happen(command, Sign.OVERDUE_DIFFERENT, "the thing reported another value")
            else:
                self._happen(command, Sign.OVERDUE, "nothing came back in time")

    def removed(self, twin: Twin, at: int) -> None:
        for id in tuple(twin.open):
            self._happen(self._fold.partition.commands[id], Sign.NOT_SENT, "the thing was removed")

    # what the owner asks

    def reachable(self, twin: Twin, command: Command) -> bool:
        """Whether the thing's connection (or its parent's) listens for this kind of command."""
        return self.way(twin, "call" if command.asked.call is not None else "set") is not None

    def way(self, twin: Twin, kind: str) -> tuple[Twin, str] | None:
        """Whose connection hears ``kind`` (``set``, ``call``, ``desired``) for the thing, and which gateway holds it.

        Its own comes before its parent's, of several the newest.
        """
        listening = twin.listening
        link: Twin | None = twin
        while link is not None and listening:
            newest = -1
            for epoch in link.connections:
                if epoch > newest and kind in listening.get(epoch, ()):
                    newest = epoch
            if newest >= 0:
                return link, link.connections[newest]
            link = self._fold.partition.things.get(twin.parent or "") if link is twin else None
        return None

    def link(self, twin: Twin) -> Twin | None:
        """The twin whose connection carries this thing's messages, if it is connected."""
        if twin.connections:
            return twin
        parent = self._fold.partition.things.get(twin.parent or "")
        return parent if parent is not None and parent.connections else None

    def after_replay(self) -> tuple[list[str], list[str]]:
        """After a restart: commands to send again (harmless to repeat), and calls that may have left already."""
        again: list[str] = []
        unknown: list[str] = []
        for id, command in self._fold.partition.commands.items():
            if command.state is not State.QUEUED:
                continue
            if command.sending:
                unknown.append(id)
                continue
            twin = self._fold.partition.things.get(command.asked.thing)
            if twin is not None and self.reachable(twin, command):
                again.append(id)
        return again, unknown

    def wanted(self, twin: Twin) -> tuple[dict[str, Any], dict[str, str]]:
        """What open commands want of the thing: values, and the command that wants each, by property key."""
        values: dict[str, Any] = {}
        commands: dict[str, str] = {}
        for id in twin.open:
            for key, value in (self._fold.partition.commands[id].asked.set or {}).items():
                values[key] = value
                commands[key] = id
        return values, commands

    # inside

    def _supersede(self, twin: Twin, command: Command) -> None:
        asked, commands = command.asked, self._fold.partition.commands
        wanted = asked.set or {}
        for id in twin.open[:]:
            earlier = commands[id]
            before = earlier.asked.set
            if before is not None and not wanted.keys().isdisjoint(before):
                self._happen(earlier, Sign.REPLACED, f"command {asked.id} wants the same property")

    def _compare(self, twin: Twin, command: Command, given: dict[str, Any], at: int, *, fresh: bool) -> None:
        wanted = command.asked.set or {}
        shape = twin.shape
        hit = [key for key in wanted if key in given]
        if not hit:
            return
        if not all(shape.matches(key, wanted[key], given[key]) for key in hit):
            if fresh and command.state is not State.QUEUED:
                command.differs = True
                self._moved(command.asked.id)
            return
        state = twin.state()
        if all(key in state and shape.matches(key, wanted[key], state[key][0]) for key in wanted):
            self._happen(command, Sign.MATCHED, at=at)

    def _happen(self, command: Command, sign: Sign, why: str | None = None, at: int = 0) -> None:
        partition, outcome = self._fold.partition, self._fold.outcome
        if not step(command, sign, max(at, partition.wall), why):
            return
        asked = command.asked
        outcome.moved[asked.id] = None
        if command.ended is not None:
            twin = partition.things.get(asked.thing)
            if twin is not None and asked.id in twin.open:
                twin.open.remove(asked.id)
                outcome.touched.setdefault(twin, 0)
            partition.ended(command)
            for observer in partition.observers:
                observer.ended(command)

    def _moved(self, id: str) -> None:
        self._fold.outcome.moved[id] = None
