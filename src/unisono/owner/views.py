"""Commands as they are shown and kept: the owner's view of each, and its row in the audit.

Knows the shapes of `unisono.twin.talk` and of the registry. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from unisono.store.registry import AuditRow
from unisono.twin.command import REFUSED, Audit, Command
from unisono.twin.record import Asked
from unisono.twin.talk import CommandsFind, CommandView, audit_id

__all__ = ["audit_row", "command_view", "refusals", "wanted"]

_encode = msgspec.msgpack.Encoder(enc_hook=str).encode


def command_view(command: Command) -> CommandView:
    """A command as everybody sees it."""
    return _view(command.asked, command.state.value, command.ended, command.output, command.why, command.code)


def audit_row(audit: Audit, partition: str) -> AuditRow:
    """A command as it is kept."""
    asked = audit.asked
    body = _view(asked, audit.state, audit.ended, audit.output, audit.why, audit.code)
    kind, who = asked.by.get("kind", ""), asked.by.get("id", "")
    state, scene = str(audit.state), asked.by.get("scene")
    id = audit_id(asked.id, audit.state, audit.ended)
    return AuditRow(
        id, partition, asked.thing, audit.root, asked.at, audit.ended, state, kind, who, _encode(body), scene
    )


def wanted(command: Command, asked: CommandsFind) -> bool:
    """Whether a command is among those that are searched for."""
    at, id = command.asked.at, command.asked.id
    by = command.asked.by
    return (
        (asked.who is None or asked.who in (by.get("id"), by.get("kind"), by.get("scene")))
        and (not asked.states or command.state.value in asked.states or (command.open and "open" in asked.states))
        and (asked.start is None or at >= asked.start)
        and (asked.end is None or at < asked.end)
        and (asked.before is None or (at, id) < asked.before)
    )


def refusals(rows: Iterable[AuditRow], asked: CommandsFind) -> list[CommandView]:
    """Those lines of the audit that tell of something refused and are among those that are searched for. What became of
    commands is not among them: as long as it is not written, the partition has them."""
    if asked.states and REFUSED not in asked.states:
        return []
    return [
        msgspec.msgpack.decode(row.body, type=CommandView)
        for row in rows
        if row.state == REFUSED
        and (asked.things is None or row.thing in asked.things)
        and (asked.who is None or asked.who in (row.who, row.kind, row.scene))
        and (asked.start is None or row.at >= asked.start)
        and (asked.end is None or row.at < asked.end)
        and (asked.before is None or (row.at, row.id) < asked.before)
    ]


def _view(asked: Asked, state: str, ended: int | None, output: Any, why: str | None, code: str | None) -> CommandView:
    return CommandView(
        asked.id,
        asked.thing,
        state,
        asked.by,
        asked.at,
        ended,
        asked.set,
        asked.call,
        asked.input,
        output,
        why,
        code,
        asked.ttl_s,
        asked.why,
    )
