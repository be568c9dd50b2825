"""The canonical model: what a kind of thing can be and do, immutable and versioned.

Knows the shape that every foreign model is brought into - modules > services > properties, actions, events - and how
its members are addressed. What our own fields cannot say is kept verbatim in ``ext`` and ``source.raw``, so that an
export gives back what was imported. Knows nothing of instances, values, wires or storage; whether a model is sound is
for `unisono.thing.soundness` to say.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from unisono.errors import CallerError
from unisono.thing.codec import Step
from unisono.thing.schema import Schema, Texts

__all__ = [
    "DEFAULT_TIMEOUT_S",
    "OWN",
    "PRESENCE",
    "Action",
    "Arg",
    "Event",
    "Model",
    "Module",
    "Preset",
    "Property",
    "Report",
    "Service",
    "Source",
    "find_action",
    "find_event",
    "find_property",
]

#: In a model's ``ext``: its things come and go by themselves, also where they are parts of others.
PRESENCE, OWN = "presence", "own"

DEFAULT_TIMEOUT_S = 10.0  # the design's promise to users: a command that nothing answers ends after ten seconds

NEAR_MISSES = 3  # names offered to someone who mistyped one; more is a list, not a hint
SHOWN_NAMES = 12  # names listed to someone who is far off

Access: TypeAlias = Literal["read", "write", "notify"]
Role: TypeAlias = Literal["sensor", "actuator", "attribute", "config", "diagnostic"]
Severity: TypeAlias = Literal["info", "warning", "error", "critical"]
Words: TypeAlias = dict[str, tuple[str, ...]]
Amount: TypeAlias = int | float  # an int stays one, so that reading and writing again gives the same bytes


class Source(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where a model came from. ``raw`` is the original document where an export needs it, ``sha256`` of its bytes."""

    format: str
    version: str | None = None
    uri: str | None = None
    sha256: str | None = None
    raw: Any | UnsetType = UNSET


class Module(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A part that stands by itself: a Matter or Zigbee endpoint, a MIoT-V3 module, a VSS instance, a sub-device.

    ``path`` names it by instance (``["Row1", "DriverSide"]``); ``types`` are the maker's device types of it.
    """

    key: str
    ref: str | None = None
    types: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    titles: Texts = {}
    descriptions: Texts = {}
    ext: dict[str, Any] = {}


class Report(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How often a thing says a value: at most every ``min_s``, at least every ``max_s``, on a change of ``delta``."""

    min_s: Amount | None = None
    max_s: Amount | None = None
    delta: Amount | None = None


class Preset(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A value with a name that a person may pick (``warm`` for 2700 K)."""

    value: Any
    key: str | None = None
    titles: Texts = {}
    descriptions: Texts = {}


class Property(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One value that a thing has.

    - ``ref``, ``write_ref``: the maker's address of it (``miot:2.1``, a topic); the second if writing goes elsewhere.
    - ``trait``: the shared meaning. ``type``: the maker's type (a URN or URI).
    - ``parameter_only``: it is an argument only and has no state (MIoT ``access: []``); ``access`` is then empty.
    - ``unit``: UCUM; ``raw_unit``: the maker's spelling. ``codec``: wire value <-> value (`unisono.thing.codec`).
    - ``risky``: changing it can open, move or endanger something; ``harmless``: values that cannot (``locked: true``).
    - ``timeout_s``: how long a wanted value may take until it is reported, where that is not the model's.
    - ``settle_s``: on its way to a wanted value it reports others; one that has stood so long is where it ended.
    - ``mandatory``, ``conformance``: must each thing have it; the maker's wording of when. ``quality``: other marks.
    - ``deprecated``: what to use instead, in words.
    """

    key: str
    schema: Schema
    ref: str | None = None
    write_ref: str | None = None
    trait: str | None = None
    type: str | None = None
    titles: Texts = {}
    descriptions: Texts = {}
    access: tuple[Access, ...] = ("read", "notify")
    parameter_only: bool = False
    role: Role = "sensor"
    unit: str | None = None
    raw_unit: str | None = None
    default: Any | UnsetType = UNSET
    presets: tuple[Preset, ...] = ()
    report: Report | None = None
    hidden: bool = False
    risky: bool = False
    harmless: tuple[Any, ...] = ()
    timeout_s: Amount | None = None
    settle_s: Amount | None = None
    mandatory: bool = False
    conformance: str | None = None
    quality: tuple[str, ...] = ()
    deprecated: str | None = None
    codec: tuple[Step, ...] = ()
    ext: dict[str, Any] = {}

    @property
    def readable(self) -> bool:
        return "read" in self.access

    @property
    def writable(self) -> bool:
        return "write" in self.access

    @property
    def notifies(self) -> bool:
        return "notify" in self.access


class Arg(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One argument, in its place in the list (MIoT counts positions): its own ``schema``, or that of ``property``.

    ``property`` is an address inside the model; it may dangle (real specifications do), which `check_model` flags.
    """

    key: str
    schema: Schema | None = None
    property: str | None = None
    ref: str | None = None
    optional: bool = False
    default: Any | UnsetType = UNSET
    unit: str | None = None
    raw_unit: str | None = None
    titles: Texts = {}
    descriptions: Texts = {}
    codec: tuple[Step, ...] = ()
    ext: dict[str, Any] = {}


class Action(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Something a thing can be told to do. ``safe``: it changes nothing. ``idempotent``: doing it twice is like once.

    ``call`` says whether the answer is the result (``sync``) or only the acceptance (``async``).
    """

    key: str
    ref: str | None = None
    response_ref: str | None = None
    trait: str | None = None
    type: str | None = None
    titles: Texts = {}
    descriptions: Texts = {}
    synonyms: Words = {}
    inputs: tuple[Arg, ...] = ()
    outputs: tuple[Arg, ...] = ()
    call: Literal["sync", "async"] = "async"
    safe: bool = False
    idempotent: bool = False
    timeout_s: Amount | None = None
    risky: bool = False
    hidden: bool = False
    mandatory: bool = False
    conformance: str | None = None
    deprecated: str | None = None
    ext: dict[str, Any] = {}


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Something that happens at a thing and is told once."""

    key: str
    ref: str | None = None
    trait: str | None = None
    type: str | None = None
    titles: Texts = {}
    descriptions: Texts = {}
    synonyms: Words = {}
    severity: Severity = "info"
    args: tuple[Arg, ...] = ()
    hidden: bool = False
    mandatory: bool = False
    conformance: str | None = None
    deprecated: str | None = None
    ext: dict[str, Any] = {}


class Service(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A group of members: a MIoT service, a Matter cluster, a VSS branch, a TSL function block, a Z2M expose.

    ``key`` is unique in the model. The service with the empty key is the root: its members are addressed by key alone.
    """

    key: str = ""
    ref: str | None = None
    module: str | None = None
    type: str | None = None
    titles: Texts = {}
    descriptions: Texts = {}
    revision: int | None = None
    features: int | None = None
    mandatory: bool = False
    hidden: bool = False
    properties: tuple[Property, ...] = ()
    actions: tuple[Action, ...] = ()
    events: tuple[Event, ...] = ()
    ext: dict[str, Any] = {}


class Model(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, dict=True):
    """A kind of thing. Two models with the same canonical bytes (`unisono.thing.document`) are the same model.

    ``kind`` is the built-in kind it behaves as (``light``); ``types`` are semantic URIs; ``extends`` are ids of models
    whose members it has too (they are resolved on import); ``abstract`` ones have no things. ``overlays`` names the
    repairs made to the maker's document. ``timeout_s`` holds for every command that has none of its own.
    """

    id: str
    version: Annotated[int, msgspec.Meta(ge=1)] = 1
    kind: str | None = None
    vendor: str | None = None
    product: str | None = None
    titles: Texts = {}
    descriptions: Texts = {}
    synonyms: Words = {}
    types: tuple[str, ...] = ()
    extends: tuple[str, ...] = ()
    abstract: bool = False
    overlays: tuple[str, ...] = ()
    timeout_s: Amount = DEFAULT_TIMEOUT_S
    modules: tuple[Module, ...] = ()
    services: tuple[Service, ...] = ()
    source: Source | None = None
    ext: dict[str, Any] = {}

    @cached_property
    def properties(self) -> Mapping[str, Property]:
        """Properties by address, in the order of the document."""
        return _by_address((service.key, service.properties) for service in self.services)

    @cached_property
    def actions(self) -> Mapping[str, Action]:
        """Actions by address, in the order of the document."""
        return _by_address((service.key, service.actions) for service in self.services)

    @cached_property
    def events(self) -> Mapping[str, Event]:
        """Events by address, in the order of the document."""
        return _by_address((service.key, service.events) for service in self.services)


Member = TypeVar("Member", Property, Action, Event)


def _by_address(groups: Iterable[tuple[str, tuple[Member, ...]]]) -> Mapping[str, Member]:
    found: dict[str, Member] = {}
    for service, members in groups:
        for member in members:
            # A duplicate address is an error of the model (check_model says so); the first one keeps it.
            found.setdefault(f"{service}.{member.key}" if service else member.key, member)
    return MappingProxyType(found)


def find_property(model: Model, name: str) -> tuple[str, Property]:
    """Address and property for an address, or for a trait that only one property bears.

    Raises `CallerError` ``unknown_property`` with near misses, or with the candidates of an ambiguous trait.
    """
    return _find(model, model.properties, name, "property")


def find_action(model: Model, name: str) -> tuple[str, Action]:
    """As `find_property`, for actions. Raises ``unknown_action``."""
    return _find(model, model.actions, name, "action")


def find_event(model: Model, name: str) -> tuple[str, Event]:
    """As `find_property`, for events. Raises ``unknown_event``."""
    return _find(model, model.events, name, "event")


def _find(model: Model, members: Mapping[str, Member], name: str, noun: str) -> tuple[str, Member]:
    member = members.get(name)
    if member is not None:
        return name, member
    bearers = [address for address, candidate in members.items() if candidate.trait == name]
    if len(bearers) == 1:
        return bearers[0], members[bearers[0]]
    code = f"unknown_{noun}"
    if bearers:
        names = ", ".join(bearers)
        detail = f"{model.id} has several {noun} addresses with the trait {name!r}"
        raise CallerError(detail, code=code, field=name, expected=f"one of {names}")
    known: set[str] = {*members, *(member.trait for member in members.values() if member.trait)}
    near = difflib.get_close_matches(name, sorted(known), n=NEAR_MISSES, cutoff=0.5)
    # Far off, or one of many: the nearest, else the first ones.
    offered = near or list(members)[:SHOWN_NAMES]
    more = ", ..." if not near and len(members) > len(offered) else ""
    expected = f"one of {', '.join(offered)}{more}" if offered else f"no {noun}: it has none"
    raise CallerError(f"{model.id} has no {noun} {name!r}", code=code, field=name, expected=expected)
