"""A group's command: one to each of its members, and one result.

Knows the fold's commands. The group's own command is confirmed when every member's was; else it ends as they did, and
says which did not, and why. While it is open it names the members that are not there: their commands wait for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from unisono.errors import UnisonoError
from unisono.twin.command import DEFAULT_TTL_S, Command, Sign, State
from unisono.twin.record import Asked

if TYPE_CHECKING:
    from unisono.scene.computed.engine import Computer
    from unisono.scene.computed.group import GroupWorker

__all__ = ["GroupCommands"]

#: Members' commands all end, each by its own time to live and time-out; should one be lost, the group's ends so much
#: after its own time to live.
PATIENCE_S = 900.0
#: Members that are named in the reason; the output has all.
NAMED = 5

#: How the group's command ends when all that did not confirm ended alike; otherwise it failed.
_ALIKE = {
    State.REJECTED.value: Sign.REFUSED,
    State.TIMEOUT.value: Sign.OVERDUE,
    State.SUPERSEDED.value: Sign.REPLACED,
    State.ACKNOWLEDGED.value: Sign.GIVEN,
}


class Open(msgspec.Struct, array_like=True):
    """A group's command under way: ``parts`` are members by their command's id, ``results`` the ends by member."""

    group: str
    parts: dict[str, str]
    results: dict[str, str]
    whys: dict[str, str]


_decoder = msgspec.msgpack.Decoder(dict[str, Open])


class GroupCommands:
    """``changed``: the checkpoint's row is to be written."""

    row = "computed:"

    def __init__(self, computer: Computer) -> None:
        self._computer = computer
        self._open: dict[str, Open] = {}
        self._whose: dict[str, str] = {}  # a member's command > the group's
        self.changed = False

    def begin(self, group: str, worker: GroupWorker, command: Command) -> None:
        """Ask every member."""
        asked = command.asked
        fold = self._computer.fold
        fold.control.answer(command, Sign.SENT)
        ttl_s = asked.ttl_s or DEFAULT_TTL_S
        command.deadline = fold.partition.remind(ttl_s + PATIENCE_S, "command", asked.id)
        under_way = self._open[asked.id] = Open(group, {}, {}, {})
        self.changed = True
        for number, (member, state) in enumerate(worker.parts(asked.set or {}).items()):
            part = Asked(f"{asked.id}.{number}", member, asked.at, asked.by, state, ttl_s=asked.ttl_s, why=asked.why)
            try:
                begun = fold.control.begin(part)
            except UnisonoError as error:
                under_way.results[member], under_way.whys[member] = "refused", str(error)
                continue
            if begun.open:
                under_way.parts[part.id] = member
                self._whose[part.id] = asked.id
            else:
                self._note(under_way, member, begun)
        self._settle(asked.id)

    def ended(self, command: Command) -> None:
        """A command has reached an end: a member's, or a group's own (superseded, say)."""
        if not self._open:
            return
        id = command.asked.id
        whole = self._whose.pop(id, None)
        if whole is not None:
            under_way = self._open[whole]
            self.changed = True
            self._note(under_way, under_way.parts.pop(id), command)
            self._settle(whole)
        own = self._open.pop(id, None)
        if own is not None:
            self.changed = True
            for part in own.parts:
                self._whose.pop(part, None)

    def forget(self, group: str) -> None:
        """The group is no more, or no group: what its members were asked goes on by itself."""
        for id in [id for id, under_way in self._open.items() if under_way.group == group]:
            for part in self._open.pop(id).parts:
                self._whose.pop(part, None)
            self.changed = True

    @staticmethod
    def _note(under_way: Open, member: str, command: Command) -> None:
        under_way.results[member] = command.state.value
        if command.why is not None:
            under_way.whys[member] = command.why

    def _settle(self, id: str) -> None:
        """The last member's command has ended: so has the group's."""
        under_way = self._open.get(id)
        command = self._computer.fold.control.find(id)
        if under_way is None or command is None or self._waits(under_way, command):
            return
        results = under_way.results
        amiss = _amiss(results)
        output: dict[str, Any] = dict(sorted(results.items()))
        if results and not amiss:
            self._computer.fold.control.answer(command, Sign.MATCHED, output=output)
            return
        sign = _ALIKE.get(next(iter(amiss.values())), Sign.NOT_SENT) if len(set(amiss.values())) == 1 else Sign.NOT_SENT
        self._computer.fold.control.answer(command, sign, _why(under_way, amiss), output)

    def _waits(self, under_way: Open, command: Command) -> bool:
        """Whether members are to end yet; what is known of them so far is said."""
        command.why = self._so_far(under_way) if under_way.parts else None
        self._computer.fold.outcome.moved[command.asked.id] = None
        return bool(under_way.parts)

    def _so_far(self, under_way: Open) -> str | None:
        """What is to be known of a command before its end: who did not, and whose turn waits until they are back."""
        amiss = _amiss(under_way.results)
        away = sorted(member for part, member in under_way.parts.items() if self._is_away(part))
        count = len(under_way.results) + len(under_way.parts)
        said = [_why(under_way, amiss, count)] if amiss else []
        if away:
            wait = "waits for a member that is" if len(away) == 1 else "wait for members that are"
            said.append(f"{len(away)} of {count} {wait} not there: {_listed(away)}")
        return "; ".join(said) or None

    def _is_away(self, part: str) -> bool:
        """Whether a member's command has not left, and nobody is there who could hear it."""
        fold = self._computer.fold
        command = fold.control.find(part)
        twin = fold.partition.things.get(command.asked.thing) if command is not None else None
        if command is None or twin is None or twin.hand is not None or command.state is not State.QUEUED:
            return False
        return not fold.control.reachable(twin, command)

    # keeping

    def saved(self) -> list[tuple[str, object]]:
        changed, self.changed = self.changed, False
        return [(self.row, self._open)] if changed else []

    def restore(self, row: memoryview) -> None:
        self._open = _decoder.decode(row)
        self._whose = {part: id for id, under_way in self._open.items() for part in under_way.parts}


def _amiss(results: dict[str, str]) -> dict[str, str]:
    return {member: state for member, state in results.items() if state != State.CONFIRMED.value}


def _why(under_way: Open, amiss: dict[str, str], count: int | None = None) -> str:
    """``count``: of all members, where not all have ended yet."""
    if not amiss:
        return "the group has no members"
    named = [
        f"{member} {state}" + (f" ({under_way.whys[member]})" if member in under_way.whys else "")
        for member, state in sorted(amiss.items())
    ]
    return f"{len(amiss)} of {count or len(under_way.results)} did not: {_listed(named)}"


def _listed(named: list[str]) -> str:
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return f"{', '.join(named[:NAMED])}{more}"
