"""The JSON shapes of commands and of places' policies: what people and programs send and get.

Knows fields and their bounds, and how the owner's views become them. Knows no route and no storage.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from unisono.api.scenes.policed import SceneRefused
from unisono.api.shapes import Id
from unisono.api.times import iso, iso_or_none
from unisono.errors import UnisonoError
from unisono.twin import talk

__all__ = [
    "Command",
    "CommandNew",
    "GroupCommand",
    "GroupCommandNew",
    "GroupItem",
    "PolicyCheck",
    "PolicyFinding",
    "PolicyVersion",
    "command",
    "group_command",
]


class Command(msgspec.Struct):
    """``because``: what it was asked for; ``role`` and ``origin`` (hub, lan, remote) of who asked, where known."""

    id: str
    thing: str
    set: dict[str, Any] | None
    call: str | None
    input: dict[str, Any] | None
    output: Any
    state: str
    by: dict[str, str]
    at: str
    ended: str | None
    why: str | None
    code: str | None = None
    because: str | None = None
    ttl_s: float = 0.0
    role: str | None = None
    origin: str | None = None


class CommandNew(msgspec.Struct, forbid_unknown_fields=True):
    """Either ``set`` (wanted values by property key or trait) or ``call`` (an action) with its ``input``.

    ``key``: the same again is the same command (as the header ``Idempotency-Key``). ``confirmation``: the code that a
    place's policy asked to have said. ``why``: kept with it.
    """

    set: Annotated[dict[str, Any], Meta(max_length=100)] | None = None
    call: Annotated[str, Meta(max_length=200)] | None = None
    input: Annotated[dict[str, Any], Meta(max_length=100)] | None = None
    ttl_s: Annotated[float, Meta(ge=0, le=7 * 86_400)] = 0.0
    key: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    confirmation: Annotated[str, Meta(max_length=40)] | None = None
    why: Annotated[str, Meta(max_length=500)] | None = None


class GroupCommandNew(CommandNew, forbid_unknown_fields=True):
    """For ``things`` by id, and those of a ``place`` (with all below), ``kind`` or ``trait`` that can do it."""

    things: Annotated[list[Id], Meta(max_length=1_000)] | None = None
    place: Id | None = None
    kind: Annotated[str, Meta(max_length=100)] | None = None
    trait: Annotated[str, Meta(max_length=100)] | None = None


class GroupItem(msgspec.Struct):
    """One thing's ``command``, or the ``error`` (a problem document) that it was refused with."""

    thing: str
    command: Command | None = None
    error: dict[str, Any] | None = None


class GroupCommand(msgspec.Struct):
    """``ok``: every one is confirmed. ``counts``: how many in each state; ``refused`` are those with an error."""

    ok: bool
    counts: dict[str, int]
    items: list[GroupItem]


class PolicyVersion(msgspec.Struct):
    """A root place's safety document: ``version`` 0 and an empty one where there has never been any. ``warnings``, when
    it is put in force: steps of scenes that it always refuses."""

    place: str
    version: int
    policy: dict[str, Any]
    at: str | None = None
    by: str | None = None
    warnings: list[SceneRefused] = []


class PolicyFinding(msgspec.Struct):
    path: str
    detail: str


class PolicyCheck(msgspec.Struct):
    """What is wrong with a policy; ``warnings``: steps of scenes that it would always refuse."""

    ok: bool
    findings: list[PolicyFinding]
    warnings: list[SceneRefused] = []


def command(view: talk.CommandView) -> Command:
    """The owner's view of a command as the API shows it."""
    return Command(
        id=view.id,
        thing=view.thing,
        set=view.set,
        call=view.call,
        input=view.input,
        output=view.output,
        state=view.state,
        by={key: value for key, value in view.by.items() if key not in ("role", "from")},
        at=iso(view.at),
        ended=iso_or_none(view.ended),
        why=view.why,
        code=view.code,
        because=view.because,
        ttl_s=view.ttl_s,
        role=view.by.get("role"),
        origin=view.by.get("from"),
    )


def group_command(results: Sequence[tuple[str, talk.CommandView | UnisonoError]]) -> GroupCommand:
    """What became of one wish to many things."""
    items = [
        GroupItem(thing, error=result.problem())
        if isinstance(result, UnisonoError)
        else GroupItem(thing, command(result))
        for thing, result in results
    ]
    counts = Counter(item.command.state if item.command is not None else "refused" for item in items)
    return GroupCommand(bool(items) and counts["confirmed"] == len(items), dict(counts), items)
