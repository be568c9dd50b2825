"""What a dialect is, to the hub: how it signs in, who translates for it, and what a person must set on a device.

Knows the seam only. Must not know any single dialect, sockets or clocks. A dialect is an entry point of the group
``unisono.dialects``; adding one touches nothing here.

Two ways of speaking: a **line** is a device's own connection (Alink, ThingsBoard), known by how it signs in; a
**bridge** hears the ordinary topics of a root place that a bridge or a program publishes to, and finds things that
announce themselves there (Home Assistant discovery, Zigbee2MQTT, Tasmota, Shelly).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import msgspec

from unisono.dialect.said import Said, Say
from unisono.errors import CallerError
from unisono.thing import Model

__all__ = [
    "GROUP",
    "Caller",
    "Dialect",
    "Field",
    "Guide",
    "Hub",
    "LineDialect",
    "Part",
    "PlaceDialect",
    "Setting",
    "Translator",
    "dialects",
    "find_dialect",
    "read_caller",
]

GROUP = "unisono.dialects"


class Caller(NamedTuple):
    """Who a client says it is. ``name``: of the device, in the dialect's own form; ``product`` where devices of one
    share a secret. ``way``: it signs in, asks to be given a secret of its own, or may only do so where the product is
    open to devices nobody has named. ``proof``: what `LineDialect.proves` needs beside the password.
    ``secret``: the name itself is secret, and is kept hashed. ``vague``: anybody might sign in like this."""

    dialect: str
    name: str
    product: str = ""
    way: Literal["device", "register", "register_open"] = "device"
    proof: Mapping[str, str] = MappingProxyType({})
    secret: bool = False
    vague: bool = False


class Part(NamedTuple):
    """One thing that a line speaks for: its id here, its name in the dialect, and its model."""

    thing: str
    name: str
    model: Model


class Field(msgspec.Struct, frozen=True):
    """Something that a person may give when a thing is added: ``pattern`` as in `re.fullmatch`, and in ``words``."""

    name: str
    title: str
    pattern: str
    words: str
    default: str = ""


class Setting(msgspec.Struct, frozen=True):
    """One thing to set on a device: where it is found there, and the exact value."""

    name: str
    value: str


class Guide(msgspec.Struct, frozen=True):
    """How a device is brought in: settings in their order, then (if any) a text to be pasted whole."""

    dialect: str
    title: str
    settings: tuple[Setting, ...]
    paste: str = ""
    notes: tuple[str, ...] = ()


class Hub(NamedTuple):
    """Where the hub is, as a device sees it, and the identity it has made: ``given`` are the fields of the dialect."""

    host: str
    mqtt_port: int
    mqtts_port: int
    http_port: int
    thing: str
    secret: str
    given: Mapping[str, str] = MappingProxyType({})


class Translator(Protocol):
    """Between a device's messages and the hub's terms; mutable, one per line, or per root place. No clocks: times are
    passed in (``now_ms``: wall time in milliseconds)."""

    def mine(self, topic: str) -> bool:
        """Whether a topic may mean something here; cheap."""
        ...

    def heard(self, topic: str, payload: bytes, now_ms: int) -> list[Said] | None:
        """What a message means; None where the topic is none of the dialect's. Raises nothing for what is malformed:
        that is `Odd`."""
        ...

    def wanted(self, thing: str, topic: str, payload: Mapping[str, Any], now_ms: int) -> list[Say]:
        """How a command is said to the device. ``topic``: ``set`` (``{"id", "state"}``) or ``call/<action>`` (``{"id",
        "input"}``). Raises CallerError where the dialect cannot say it."""
        ...

    def answered(self, token: Any, answer: Mapping[str, Any] | None, now_ms: int) -> list[Said]:
        """The hub's answer to an `Asks`; None: it could not be answered."""
        ...

    def subscribed(self, filters: Sequence[str]) -> list[Said]:
        """The client subscribed to these."""
        ...

    def due(self, now_ms: int) -> list[Said]:
        """Time went on: what that means; called every second. What is announced here was `Promised` before."""
        ...


class Line(Translator, Protocol):
    """The translator of one connection."""

    def begin(self, now_ms: int) -> list[Said]:
        """It was let in."""
        ...

    def know(self, parts: Sequence[Part]) -> list[Said]:
        """The things that it speaks for, itself first; again when these change."""
        ...


@runtime_checkable
class Dialect(Protocol):
    """What an entry point of the group gives. Beside its module may lie ``NAME.zh.yaml``: its texts for people (title,
    titles of fields, notes, what is supported), each with what it is in Chinese."""

    @property
    def name(self) -> str:
        """The word after ``--how``."""

    @property
    def title(self) -> str:
        """Its name for people."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """What may be given when a thing is added."""

    @property
    def model(self) -> str:
        """The model of a thing added without one; "" where it must be named."""

    @property
    def learns(self) -> bool:
        """Whether a thing without a model gets one that is learned from what it says."""

    @property
    def can(self) -> tuple[str, ...]:
        """What of it is supported, a line each."""

    @property
    def cannot(self) -> tuple[str, ...]:
        """What of it is not."""

    def guide(self, hub: Hub) -> Guide:
        """What to set on a device."""


@runtime_checkable
class LineDialect(Dialect, Protocol):
    """A dialect known by how a device signs in."""

    def caller(self, user: str, client_id: str, password: str) -> Caller | None:
        """Who it says it is; None where it does not sign in like this."""

    def proves(self, caller: Caller, password: str, secret: str) -> bool:
        """Whether the password shows that the client knows the secret."""

    def called(self, given: Mapping[str, str], thing: str, secret: str) -> Caller:
        """As whom a thing signs in that is added with these fields. Raises CallerError bad_value."""

    def given(self, name: str) -> dict[str, str]:
        """The fields that `called` made a name of; none where the name does not tell."""

    def line(self, caller: Caller) -> Line:
        """A translator for a connection."""

    @property
    def seals(self) -> bool:
        """Whether the plain secret is needed to check a proof: it is then kept encrypted."""


@runtime_checkable
class PlaceDialect(Dialect, Protocol):
    """A dialect of things that announce themselves on ordinary topics."""

    def announces(self, topic: str) -> bool:
        """Whether a topic may be one of the dialect's announcements, which brokers keep; cheap."""

    def bridge(self) -> Translator:
        """A translator for a root place."""


@lru_cache(maxsize=1)
def dialects() -> Mapping[str, Dialect]:
    """All installed dialects by name."""
    found = [point.load() for point in entry_points(group=GROUP)]
    return MappingProxyType({each.name: each for each in sorted(found, key=lambda each: each.name)})


def find_dialect(name: str) -> Dialect:
    """The dialect of that name. Raises CallerError ``bad_value`` naming the installed ones."""
    found = dialects().get(name)
    if found is None:
        known = ", ".join(dialects()) or "none installed"
        raise CallerError(f"there is no dialect {name[:40]!r}", code="bad_value", field="how", expected=known)
    return found


def read_caller(user: str, client_id: str, password: str) -> Caller | None:
    """Who a client says it is in the first dialect that knows its form of sign-in."""
    for each in dialects().values():
        if isinstance(each, LineDialect):
            caller = each.caller(user, client_id, password)
            if caller is not None:
                return caller
    return None
