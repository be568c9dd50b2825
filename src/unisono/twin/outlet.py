"""Outlets: which changes and events of a place go onward, and what they look like outside.

Knows definitions and the log's entries. Knows no sockets and no receivers: who carries them there says so itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta

from unisono.errors import CallerError, UnisonoError
from unisono.thing import load_model
from unisono.thing.shape import Shape, compile_model
from unisono.twin.record import Batch, ModelPut, PlacePut, PlaceRemoved, Reports, ThingPut, ThingRemoved

__all__ = ["MAX_HEADERS", "Extract", "Item", "Outlet", "To", "load_outlet"]

MAX_HEADERS = 20
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, UnisonoError)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: A tree of places has no rings; should one be made, this ends all the same.
MAX_PLACES_DEEP = 64

Id: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


class _Part(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, frozen=True):
    """The root of all parts."""


class Webhook(_Part, frozen=True, tag_field="kind", tag="webhook"):
    """POST of ``{"items": [...]}``, signed where there is a secret."""

    url: Annotated[str, Meta(pattern=r"^https?://[^\s/]+", max_length=2000)]


class Mqtt(_Part, frozen=True, tag_field="kind", tag="mqtt"):
    """One QoS 1 message an item to another broker. ``{thing}`` in the topic is the thing's id."""

    url: Annotated[str, Meta(pattern=r"^mqtts?://[^\s/]+$", max_length=500)]
    topic: Annotated[str, Meta(pattern=r"^[^#+\x00]+$", max_length=500)]
    user: str = ""


class Nats(_Part, frozen=True, tag_field="kind", tag="nats"):
    """One message an item into a stream of a NATS server. ``{thing}`` in the subject is the thing's id."""

    url: Annotated[str, Meta(pattern=r"^(nats|tls)://[^\s/]+$", max_length=500)]
    subject: Annotated[str, Meta(pattern=r"^[^\s>*]+$", max_length=500)]


To: TypeAlias = Webhook | Mqtt | Nats


class Outlet(_Part, frozen=True):
    """``things``, ``kind`` and ``traits`` narrow what goes out of the place and of what is in it; ``batch``: items sent
    at once."""

    id: Id
    place: Id
    to: To
    things: tuple[Id, ...] = ()
    kind: str | None = None
    traits: tuple[str, ...] = ()
    what: Annotated[tuple[Literal["changes", "events"], ...], Meta(min_length=1)] = ("changes", "events")
    batch: Annotated[int, Meta(ge=1, le=1000)] = 100


class Item(NamedTuple):
    """One thing that goes onward: the log sequence it stands for, its thing, and its JSON."""

    seq: int
    thing: str
    body: dict[str, Any]


_AT = re.compile(r" - at `\$(.*)`$")


def load_outlet(document: Mapping[str, Any]) -> Outlet:
    """Raises CallerError ``bad_value`` with the field at fault."""
    try:
        return msgspec.convert(document, Outlet)
    except msgspec.ValidationError as error:
        text = str(error)
        found = _AT.search(text)
        field = found[1].strip(".") if found else None
        raise CallerError(text[: found.start()] if found else text, code="bad_value", field=field) from None


class _Fact(NamedTuple):
    place: str
    shape: Shape


class Extract:
    """Follows a log and gives what goes through one outlet. ``put_*``: what was there before it begins."""

    def __init__(self, outlet: Outlet) -> None:
        self.outlet = outlet
        self._places: dict[str, str | None] = {}
        self._shapes: dict[tuple[str, int], Shape] = {}
        self._things: dict[str, _Fact] = {}
        self._wanted: dict[str, frozenset[str] | None] = {}

    def put_place(self, id: str, parent: str | None) -> None:
        self._places[id] = parent
        self._wanted.clear()

    def put_model(self, id: str, version: int, document: bytes) -> None:
        self._shapes[id, version] = compile_model(load_model(document))

    def put_thing(self, id: str, place: str, model: str, version: int) -> None:
        shape = self._shapes.get((model, version))
        if shape is not None:
            self._things[id] = _Fact(place, shape)
        self._wanted.pop(id, None)

    def take(self, partition: str, seq: int, batch: Batch) -> list[Item]:
        """What one message of the log gives. Each item's id is the same on every reading."""
        found: list[Item] = []
        for entry in batch.entries:
            match entry:
                case Reports():
                    for fact, body in self._reports(entry):
                        head = {"id": f"{partition}-{seq}-{len(found)}", "position": seq, "outlet": self.outlet.id}
                        found.append(Item(seq, fact, {**head, "thing": fact, **body}))
                case ThingPut():
                    self.put_thing(entry.id, entry.place, entry.model, entry.model_version)
                case ThingRemoved():
                    self._things.pop(entry.id, None)
                    self._wanted.pop(entry.id, None)
                case ModelPut():
                    self._model_put(entry)
                case PlacePut():
                    self.put_place(entry.id, entry.parent)
                case PlaceRemoved():
                    self._places.pop(entry.id, None)
                    self._wanted.clear()
                case _:
                    continue
        return found

    def _model_put(self, entry: ModelPut) -> None:
        try:
            self.put_model(entry.id, entry.version, entry.model)
        except UnisonoError:
            return  # the owner keeps no such model either, and says so

    def _reports(self, run: Reports) -> Iterator[tuple[str, dict[str, Any]]]:
        fact = self._things.get(run.thing)
        keys = self._keys(run.thing, fact) if fact is not None else None
        if fact is None or keys is None:
            return
        for payload in run.payloads:
            try:
                body = self._body(fact.shape, run, payload, keys)
            except _UNREADABLE:
                continue  # it is a dead letter
            if body is not None:
                yield run.thing, body

    def _body(self, shape: Shape, run: Reports, payload: bytes, keys: frozenset[str]) -> dict[str, Any] | None:
        what = self.outlet.what
        if run.topic == "state" and "changes" in what:
            examined = shape.examine(payload)
            at = _iso(run.at if examined.at is None else examined.at)
            changed = {key: {"value": value, "at": at} for key, value in examined.given.items() if key in keys}
            return {"changed": changed, "at": _iso(run.at)} if changed else None
        if run.topic.startswith("event/") and "events" in what and not self.outlet.traits:
            name = run.topic[6:]
            _offset, text = shape.event(name, payload)
            return {"event": name, "fields": msgspec.json.decode(text), "at": _iso(run.at)}
        return None

    def _keys(self, thing: str, fact: _Fact) -> frozenset[str] | None:
        """The properties of a thing that go out; None: nothing of it does."""
        if thing not in self._wanted:
            self._wanted[thing] = self._select(thing, fact)
        return self._wanted[thing]

    def _select(self, thing: str, fact: _Fact) -> frozenset[str] | None:
        outlet, model = self.outlet, fact.shape.model
        kind = model.kind or model.id
        if outlet.things and thing not in outlet.things:
            return None
        if outlet.kind is not None and kind != outlet.kind and not kind.startswith(outlet.kind + "."):
            return None
        if not self._inside(fact.place):
            return None
        wanted = outlet.traits
        return frozenset(key for key, p in model.properties.items() if not wanted or p.trait in wanted or key in wanted)

    def _inside(self, place: str | None) -> bool:
        for _ in range(MAX_PLACES_DEEP):
            if place is None or place == self.outlet.place:
                break
            place = self._places.get(place)
        return place == self.outlet.place


def _iso(at: int) -> str:
    return (EPOCH + timedelta(microseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
