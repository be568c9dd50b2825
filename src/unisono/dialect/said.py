"""What a translator says: what a device told, in the hub's terms, and what the hub is to do about it.

Knows plain data only. ``thing`` is the hub's id of a thing, or, of things that announce themselves, the translator's
own key of it, which the hub knows once it has taken the announcement in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from unisono.thing import Model

__all__ = [
    "Announced",
    "Asks",
    "Happened",
    "Hears",
    "Listens",
    "Odd",
    "Promised",
    "Replied",
    "Reported",
    "Said",
    "Say",
    "There",
    "Withdrawn",
    "is_silent",
]


class Reported(NamedTuple):
    """Values by property key, as the model wants them; ``at_ms``: when, by the device's own clock."""

    thing: str
    values: dict[str, Any]
    at_ms: int | None = None


class Happened(NamedTuple):
    """An event of the model, with its fields."""

    thing: str
    event: str
    fields: dict[str, Any]


class Replied(NamedTuple):
    """A device's answer to a command: taken (``ok``), or refused, and why."""

    thing: str
    command: str
    ok: bool
    output: Any = None
    error: str | None = None


class There(NamedTuple):
    """A thing that does not keep a connection of its own is there, or is not."""

    thing: str
    online: bool


class Hears(NamedTuple):
    """From now on commands reach the thing."""

    thing: str


class Say(NamedTuple):
    """To be said to the device, once everything said before is on disk. ``silent``: it says what is wanted, and the
    device has no way to tell that it did."""

    topic: str
    payload: bytes
    silent: bool = False


def is_silent(said: Sequence[Say]) -> bool:
    """Whether nothing can come back of a command that is said like this."""
    return bool(said) and all(each.silent for each in said)


class Asks(NamedTuple):
    """Something that only the hub can answer; the answer comes to `Translator.answered` with ``token``.

    Kinds: ``twin`` (``thing`` > its reported and wanted values), ``prove`` (``callers``: things that sign in through
    this one), ``attach`` and ``detach`` (``names``), ``register`` (``names`` under their product), ``claim``.
    """

    kind: str
    facts: dict[str, Any]
    token: Any = None


class Announced(NamedTuple):
    """A thing said what it is. ``key`` is the dialect's name of it, for good; ``area``: where it says it stands.

    ``same_as``: names by which another dialect may announce the same device: the dialect of the higher ``rank`` has it.
    ``parent``: the key of another announced thing that it is a part of.
    """

    key: str
    name: str
    model: Model
    area: str = ""
    same_as: tuple[str, ...] = ()
    rank: int = 0
    parent: str = ""


class Promised(NamedTuple):
    """A thing was told of that will be announced by time (`Translator.due`): theirs who told of it first."""

    thing: str


class Listens(NamedTuple):
    """These topics mean something from now on: what the place keeps of them is to be told, as to a subscriber."""

    topics: tuple[str, ...]


class Withdrawn(NamedTuple):
    """A thing that was announced is no more."""

    key: str


class Odd(NamedTuple):
    """What could not be understood, to be seen on the thing's page; ``thing`` "" where it is nobody's."""

    thing: str
    code: str
    detail: str


Said: TypeAlias = (
    Reported | Happened | Replied | There | Hears | Say | Asks | Announced | Promised | Listens | Withdrawn | Odd
)
