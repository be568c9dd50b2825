"""The rules of acting: how commands are asked for, sent, answered, superseded, and how they run out of time.

Part of the fold: deterministic, no clocks. Effects are only named here (`Outcome.effects`); the owner carries them out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from unisono.errors import CallerError, DeviceError
from unisono.thing import Schema, check_value
from unisono.thing.shape import portable
from unisono.thing.value import same
from unisono.twin.command import DEFAULT_TTL_S, REFUSED, Audit, Command, Sign, State, step
from unisono.twin.record import Asked, Denied, Sending, Sent, Stopped
from unisono.twin.safety import Refusal
from unisono.twin.twin import Twin

if TYPE_CHECKING:
    from unisono.twin.fold import Fold

__all__ = ["Control"]

#: Why a command that nobody can answer ends as it does.
GIVEN_WHY = "it was told, and has no way to say that it did it"
#: The same of one whose thing said that it will, and has no way to report such a value.
TAKEN_WHY = "it said that it will, and has no way to report the value"
#: Of what is wanted, it reported all that it ever reports.
PARTLY_WHY = "it reported what it can report of this; the rest it has no way to report"
#: Characters of a device's reason for refusing.
WHY_CHARACTERS = 500
#: What is harmless to repeat is sent once more after this share of its time-out, when the thing has said nothing yet.
AGAIN_SHARE = 0.5
#: A gateway that did not take what the thing listens for is asked again so much later.
RETRY_S = 2.0
#: One that was not even there is started again at this moment, and what was due while the hub was off waits for it.
SOON_S = 0.25


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
        fold.partition.safety.on_known = self.look_again

    # what scenes ask

    def check(self, asked: Asked) -> None:
        """Whether a command can be and may be; its values and input are brought into the model's form.

        Raises CallerError not_found, bad_request, unknown_property, unknown_action, not_writable, bad_value; and
        not_allowed, interlocked, confirmation_required, too_many where the place's policy says no.
        """
        self._checked(asked)

    def _checked(self, asked: Asked) -> Twin:
        """As `check`; the thing it is about."""
        twin = self.form(asked)
        if self._fold.partition.safety.enforced:
            refusal = self._refusal(asked, twin)
            if refusal is not None:
                expected = None
                if refusal.code == "confirmation_required":
                    expected = f"the same once more within {refusal.within_s:g} s, with the confirmation"
                raise CallerError(refusal.why, code=refusal.code, expected=expected)
        return twin

    def form(self, asked: Asked) -> Twin:
        """Bring its values and input into the model's form, and say which thing it is about. Raises CallerError."""
        twin = self._fold.partition.things.get(asked.thing)
        if twin is None:
            raise CallerError(f"there is no thing {asked.thing!r}", code="not_found", field="thing")
        wanted = asked.set
        if (wanted is None) == (asked.call is None):
            raise CallerError('give either "set" or "call"', code="bad_request")
        if wanted is not None:
            if not wanted:
                raise CallerError("nothing to set", code="bad_request", field="set", expected='{"<property>": <value>}')
            checked = twin.shape.wanted(wanted)
            if checked is not wanted:
                asked.set = checked
        else:
            asked.call, asked.input = twin.shape.call(asked.call or "", asked.input or {})
        return twin

    def _refusal(self, asked: Asked, twin: Twin) -> Refusal | None:
        """Why it must not be begun. What waits for an absent thing anyway may wait for an interlock to be judged."""
        refusal = self._fold.partition.safety.refusal(asked, twin, beginning=True)
        if refusal is not None and refusal.unknown:
            absent = self.way(twin, "call" if asked.call is not None else "set") is None
            return None if absent else refusal
        return refusal

    def begin(self, asked: Asked) -> Command:
        """`check` and begin a command that follows from the log and so needs no entry of its own."""
        try:
            twin = self._checked(asked)
        except CallerError as error:
            self.denied(Denied(asked, error.code, error.detail))
            raise
        return self._begin(asked, twin, judged=True)

    def find(self, id: str) -> Command | None:
        return self._fold.partition.commands.get(id)

    # the log's entries

    def asked(self, entry: Asked) -> None:
        self._begin(entry, self._fold.partition.things.get(entry.thing), judged=False)

    def _begin(self, entry: Asked, twin: Twin | None, *, judged: bool) -> Command:
        """``judged``: the place's policy was asked already."""
        partition, outcome = self._fold.partition, self._fold.outcome
        id = entry.id
        command = partition.commands.get(id)
        if command is not None:
            return command  # the same command asked twice is one command
        command = partition.commands[id] = Command(entry)
        outcome.moved[id] = None
        if partition.follower is not None:
            partition.follower.lived(command)
        if twin is None:
            self._happen(command, Sign.NOT_SENT, "there is no such thing any more")
            return command
        if partition.safety.enforced:
            refusal = None if judged else self._refusal(entry, twin)
            if refusal is not None:
                self._forbidden(command, refusal)
                return command
            partition.safety.begun(entry, twin)
        if twin.open and entry.set is not None:
            self._supersede(twin, command)
        twin.open += (id,)
        if twin not in outcome.touched:
            outcome.touched[twin] = 0
        command.expires = partition.remind(entry.ttl_s or DEFAULT_TTL_S, "command", id)
        if twin.hand is not None:
            twin.hand.asked(twin, command)
        elif twin.listening and self.reachable(twin, command):
            outcome.effects.append(id)
        return command

    def answer(self, command: Command, sign: Sign, why: str | None = None, output: Any = None) -> None:
        """Whoever carries out the commands of a computed thing says what became of one."""
        if output is not None and command.open:
            command.output = output
        self._happen(command, sign, why)

    def denied(self, entry: Denied) -> None:
        """What was refused before it was begun is kept for the audit."""
        asked = entry.asked
        twin = self._fold.partition.things.get(asked.thing)
        root = twin.root if twin is not None else ""
        audit = Audit(asked, root, REFUSED, asked.at, entry.why, entry.code)
        self._fold.outcome.audit.append(audit)
        if self._fold.partition.follower is not None:
            self._fold.partition.follower.denied(audit)

    def stopped(self, entry: Stopped) -> None:
        """It is not to leave; what has left already goes on."""
        command = self._fold.partition.commands.get(entry.command)
        if command is None or command.state is not State.QUEUED or command.sending:
            return
        command.code = entry.code
        self._happen(command, Sign.REFUSED if entry.code is not None else Sign.NOT_SENT, entry.why, entry.at)

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
        twin = partition.things.get(command.asked.thing)
        if not entry.ok:
            self._not_sent(command, twin, entry)
            return
        if entry.silent:
            self._happen(command, Sign.GIVEN, GIVEN_WHY)
            return
        if not command.deadline and twin is not None:
            keys = tuple(command.asked.set or ())
            timeout_s = twin.shape.timeout_s(command.asked.call, keys)
            command.deadline = partition.remind(timeout_s, "command", entry.command)
            command.latest = partition.elapsed + 2 * (command.deadline - partition.elapsed)
            if self.repeatable(twin, command):
                command.again = partition.remind(timeout_s * AGAIN_SHARE, "command", entry.command)
        self._happen(command, Sign.SENT)

    def _not_sent(self, command: Command, twin: Twin | None, entry: Sent) -> None:
        """It did not leave, or may not have: what has not, or is harmless to repeat, waits and is tried again."""
        if command.state is not State.QUEUED or twin is None:
            return
        if not entry.waits and not self.repeatable(twin, command):
            self._happen(command, Sign.NOT_SENT, entry.why)
        elif self.reachable(twin, command):
            after_s = SOON_S if entry.waits else RETRY_S
            self._fold.partition.remind(after_s, "command", command.asked.id)

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
            command.again = 0
            self._compare(twin, command, {key: value for key, (value, _at) in twin.state().items()}, at, fresh=False)

    def reported(self, twin: Twin, given: dict[str, Any], at: int) -> None:
        """The thing reported values: the commands that want them may be confirmed."""
        for id in twin.open:
            command = self._fold.partition.commands[id]
            if command.asked.set is not None:
                self._compare(twin, command, given, at, fresh=True)

    def listening(self, twin: Twin, topics: list[str], *, named: bool) -> None:
        """The thing can hear again: what waited goes out, wanted values in one ``desired`` where it asked for it (where
        it did not name it, only if there are any)."""
        ready: list[str] = []
        for id in twin.open:
            command = self._fold.partition.commands[id]
            if command.state is not State.QUEUED or command.sending or not self._may_leave(twin, command):
                continue
            if command.asked.set is not None and "desired" in topics:
                continue
            if self.reachable(twin, command):
                ready.append(id)
        if "desired" in topics and (named or self.wanted(twin)[0]):
            self._fold.outcome.effects.append(f"desired:{twin.id}")
        self._fold.outcome.effects += ready

    def look_again(self) -> None:
        """An interlock may be judged now: what waited for that goes out, or ends."""
        partition = self._fold.partition
        for id in tuple(partition.held):
            command = partition.commands[id]
            twin = partition.things[command.asked.thing]
            if self._may_leave(twin, command) and self.reachable(twin, command):
                self._fold.outcome.effects.append(id)

    def _may_leave(self, twin: Twin, command: Command) -> bool:
        """Whether a waiting command may go out now; what must not ends here, what nobody can judge is held."""
        refusal = self.leaving(twin, command)
        if refusal is not None and not refusal.unknown:
            self._forbidden(command, refusal)
            return False
        self._hold(command, refusal is not None)
        command.why = refusal.why if refusal is not None else None
        return refusal is None

    def leaving(self, twin: Twin, command: Command) -> Refusal | None:
        """Why a waiting command must not leave now."""
        return self._fold.partition.safety.refusal(command.asked, twin, beginning=False)

    def _hold(self, command: Command, held: bool) -> None:
        if command.held is held:
            return
        command.held = held
        if held:
            self._fold.partition.held[command.asked.id] = None
        else:
            self._fold.partition.held.pop(command.asked.id, None)
        self._moved(command.asked.id)

    def _forbidden(self, command: Command, refusal: Refusal) -> None:
        command.code = refusal.code
        self._happen(command, Sign.REFUSED, refusal.why)

    def due(self, id: str) -> None:
        """A timer of the command ran out: which one, its moments say."""
        command = self._fold.partition.commands.get(id)
        if command is None or not command.open:
            return
        if command.state is State.QUEUED:
            self._waited(command)
        elif self._fold.partition.elapsed >= command.deadline:
            self._overdue(command)
        else:
            self._on_the_way(command)

    def _waited(self, command: Command) -> None:
        partition = self._fold.partition
        asked = command.asked
        if partition.elapsed >= command.expires:
            if command.sending:
                self._happen(command, Sign.NOT_SENT, "it was on its way out when its time was over; outcome unknown")
                return
            why = "the thing stayed away past the command's time to live"
            self._happen(command, Sign.AWAY_TOO_LONG, command.why if command.held else why)
        elif not command.sending:
            twin = partition.things[asked.thing]
            if self._may_leave(twin, command) and self.reachable(twin, command):
                self._fold.outcome.effects.append(asked.id)

    def _overdue(self, command: Command) -> None:
        """Time is up, but for a value that still moves: it has as long again."""
        partition = self._fold.partition
        twin = partition.things[command.asked.thing]
        settle_s = twin.shape.settle_s(tuple(command.asked.set or ()))
        left_s = (command.latest - partition.elapsed) / 1_000_000
        if command.restless and settle_s and left_s > 0:
            command.deadline = partition.remind(min(settle_s, left_s), "command", command.asked.id)
            self._moved(command.asked.id)
        elif command.differs:
            self._happen(command, Sign.OVERDUE_DIFFERENT, "the thing reported another value")
        elif command.state is State.ACKNOWLEDGED and not twin.shape.tells(tuple(command.asked.set or ())):
            self._happen(command, Sign.GIVEN, TAKEN_WHY)
        else:
            self._happen(command, Sign.OVERDUE, "nothing came back in time")

    def _on_the_way(self, command: Command) -> None:
        """Before time is up: once more where nothing was said, and the end where a wrong value stands still."""
        now = self._fold.partition.elapsed
        if command.again and now >= command.again:
            command.again = 0
            self._moved(command.asked.id)
            twin = self._fold.partition.things[command.asked.thing]
            if command.state is State.SENT and not command.differs and self._may_repeat(twin, command):
                self._fold.outcome.effects.append(f"again:{command.asked.id}")
        if command.settles and now >= command.settles:
            command.settles = 0
            self._moved(command.asked.id)
            if command.restless:
                command.restless = False
                self._settle(command)
            elif command.state is State.ACKNOWLEDGED:
                self._happen(command, Sign.OVERDUE_DIFFERENT, "the thing reported another value, and stayed there")

    def _may_repeat(self, twin: Twin, command: Command) -> bool:
        return self.reachable(twin, command) and self.leaving(twin, command) is None

    def _settle(self, command: Command) -> None:
        """Look in a while whether the value that differs stands still."""
        twin = self._fold.partition.things[command.asked.thing]
        settle_s = twin.shape.settle_s(tuple(command.asked.set or ()))
        if settle_s and not command.settles:
            command.settles = self._fold.partition.remind(settle_s, "command", command.asked.id)

    def removed(self, twin: Twin, at: int) -> None:
        for id in twin.open:
            self._happen(self._fold.partition.commands[id], Sign.NOT_SENT, "the thing was removed")

    # what the owner asks

    def reachable(self, twin: Twin, command: Command) -> bool:
        """Whether the thing's connection (or its parent's) listens for this kind of command."""
        kind = "call" if command.asked.call is not None else "set"
        listening = twin.listening
        for epoch in twin.connections:
            if epoch in listening and kind in listening[epoch]:
                return True
        return self.way(twin, kind) is not None

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
            link = self._fold.partition.things.get(twin.parent or "") if link is twin and not twin.apart else None
        return None

    def link(self, twin: Twin) -> Twin | None:
        """The twin whose connection carries this thing's messages, if it is connected."""
        if twin.connections:
            return twin
        if not twin.carried:
            return None
        parent = self._fold.partition.things.get(twin.parent or "")
        return parent if parent is not None and parent.connections else None

    def repeatable(self, twin: Twin, command: Command) -> bool:
        """Whether sending it twice is as good as once."""
        return twin.shape.repeatable(command.asked.set or {}, command.asked.call)

    def after_replay(self) -> tuple[list[str], list[str]]:
        """After a restart: commands to send again (harmless to repeat), and those that may have left already."""
        again: list[str] = []
        unknown: list[str] = []
        for id, command in self._fold.partition.commands.items():
            if command.state is not State.QUEUED:
                continue
            if command.sending:
                unknown.append(id)
                continue
            twin = self._fold.partition.things.get(command.asked.thing)
            if twin is not None and not command.held and self.reachable(twin, command):
                again.append(id)
        return again, unknown

    def wanted(self, twin: Twin) -> tuple[dict[str, Any], dict[str, str]]:
        """What open commands want of the thing: values, and the command that wants each, by property key.

        What an interlock keeps from leaving is not among them, nor what has left and must not be asked twice.
        """
        values: dict[str, Any] = {}
        commands: dict[str, str] = {}
        for id in twin.open:
            command = self._fold.partition.commands[id]
            queued = command.state is State.QUEUED
            kept = self.leaving(twin, command) is not None if queued else not self.repeatable(twin, command)
            if kept or command.sending:
                continue
            for key, value in (command.asked.set or {}).items():
                values[key] = value
                commands[key] = id
        return values, commands

    # inside

    def _supersede(self, twin: Twin, command: Command) -> None:
        asked, commands = command.asked, self._fold.partition.commands
        wanted = asked.set or {}
        for id in twin.open:
            earlier = commands[id]
            before = earlier.asked.set
            # what one step of a scene wants is the same object each time
            if before is not None and (before is wanted or not wanted.keys().isdisjoint(before)):
                self._happen(earlier, Sign.REPLACED, f"command {asked.id} wants the same property")

    def _compare(self, twin: Twin, command: Command, given: dict[str, Any], at: int, *, fresh: bool) -> None:
        wanted = command.asked.set or {}
        shape = twin.shape
        hit = [key for key in wanted if key in given]
        if not hit:
            return
        if not all(shape.matches(key, wanted[key], given[key]) for key in hit):
            if fresh and command.state is not State.QUEUED:
                self._differed(command, {key: given[key] for key in hit})
            return
        state = twin.state()
        rest = [key for key in wanted if key not in state or not shape.matches(key, wanted[key], state[key][0])]
        if not rest:
            self._happen(command, Sign.MATCHED, at=at)
        elif not shape.tells(tuple(rest)):
            self._happen(command, Sign.GIVEN, PARTLY_WHY, at)

    def _differed(self, command: Command, given: dict[str, Any]) -> None:
        """Another value than the wanted one: it may be on its way."""
        command.differs = True
        if not same(given, command.passing):
            command.restless = bool(command.passing)
            command.passing = given
        self._settle(command)
        self._moved(command.asked.id)

    def _happen(self, command: Command, sign: Sign, why: str | None = None, at: int = 0) -> None:
        partition, outcome = self._fold.partition, self._fold.outcome
        if not step(command, sign, at if at > partition.wall else partition.wall, why):
            return
        asked = command.asked
        id = asked.id
        outcome.moved[id] = None
        if partition.follower is not None:
            partition.follower.lived(command)
        ended = command.ended
        if ended is None:
            return
        if command.held:
            self._hold(command, False)
        twin = partition.things.get(asked.thing)
        root = ""
        if twin is not None:
            root = twin.root
            if id in twin.open:
                twin.open = () if len(twin.open) == 1 else tuple([each for each in twin.open if each != id])
                if twin not in outcome.touched:
                    outcome.touched[twin] = 0
        outcome.audit.append(Audit(asked, root, command.state, ended, command.why, command.code, command.output))
        partition.ended(command)
        for tell in partition.on_ended:
            tell(command)

    def _moved(self, id: str) -> None:
        self._fold.outcome.moved[id] = None
