"""Outlets: what goes onward of a place, and what the reports and events of its devices look like outside.

Knows definitions and the log's entries. Knows no sockets and no receivers: who carries them there says so itself. What
the fold finds out (computed values, commands, alarms, runs of scenes) is `unisono.scene.onward`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta

from unisono.errors import UnisonoError
from unisono.thing import Model, load_model
from unisono.thing.explain import explained
from unisono.thing.shape import Shape, compile_model
from unisono.twin.record import (
    Batch,
    GatewayStarted,
    ModelPut,
    PlacePut,
    PlaceRemoved,
    Presence,
    Reports,
    ThingPut,
    ThingRemoved,
)
from unisono.twin.resend import Resends

__all__ = [
    "LOGGED",
    "MAX_HEADERS",
    "RESULTS",
    "RESULTS_BYTES",
    "RESULTS_STREAM",
    "Extract",
    "Item",
    "Outlet",
    "To",
    "iso",
    "load_outlet",
    "wanted_keys",
]

MAX_HEADERS = 20
#: What an outlet reads from the log itself, and what the owner finds while it folds.
LOGGED = frozenset({"changes", "events"})
RESULTS = frozenset({"computed", "commands", "alarms", "scenes"})
#: The stream of a partition in which the latter wait for outlets, and what it keeps for those that are away: some
#: hundred thousand results.
RESULTS_STREAM = "onward"
RESULTS_BYTES = 64 * 1024 * 1024
#: A certificate authority, or several; a bundle of all that there are is what is trusted without.
MAX_CA = 64 * 1024
_encode = msgspec.json.Encoder().encode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, UnisonoError)
#: A device's clock that is further ahead of ours than this is wrong, as in the fold.
FUTURE_US = 5 * 60 * 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: A tree of places has no rings; should one be made, this ends all the same.
MAX_PLACES_DEEP = 64

Id: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Ca: TypeAlias = Annotated[str, Meta(max_length=MAX_CA, pattern=r"^$|-----BEGIN CERTIFICATE-----")]
What: TypeAlias = Literal["changes", "events", "computed", "commands", "alarms", "scenes"]


class _Part(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, frozen=True):
    """The root of all parts."""


class Webhook(_Part, frozen=True, tag_field="kind", tag="webhook"):
    """POST of ``{"items": [...]}``, signed where there is a secret. ``ca``: PEM of the authority to trust, in place of
    the system's; so for every kind."""

    url: Annotated[str, Meta(pattern=r"^https?://[^\s/]+", max_length=2000)]
    ca: Ca = ""


class Mqtt(_Part, frozen=True, tag_field="kind", tag="mqtt"):
    """One QoS 1 message an item to another broker. ``{thing}`` in the topic is the thing's id (of a run, the scene's),
    ``{what}`` the kind of item."""

    url: Annotated[str, Meta(pattern=r"^mqtts?://[^\s/]+$", max_length=500)]
    topic: Annotated[str, Meta(pattern=r"^[^#+\x00]+$", max_length=500)]
    user: Annotated[str, Meta(max_length=500)] = ""
    ca: Ca = ""


class Nats(_Part, frozen=True, tag_field="kind", tag="nats"):
    """One message an item into a stream of a NATS server. ``{thing}`` and ``{what}`` in the subject as for MQTT; with a
    ``user`` the secret is a password, without one a token."""

    url: Annotated[str, Meta(pattern=r"^(nats|tls)://[^\s/]+$", max_length=500)]
    subject: Annotated[str, Meta(pattern=r"^[^\s>*]+$", max_length=500)]
    user: Annotated[str, Meta(max_length=500)] = ""
    ca: Ca = ""


class Kafka(_Part, frozen=True, tag_field="kind", tag="kafka"):
    """One record an item into a topic; its key is the thing, so that what is of one thing keeps its order.

    ``kafkas`` is TLS. With a ``user`` it signs in by SASL, by ``mechanism``. Several brokers to begin with, by commas.
    """

    url: Annotated[str, Meta(pattern=r"^kafkas?://[^\s/,]+(,[^\s/,]+)*$", max_length=2000)]
    topic: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,249}$")]
    user: Annotated[str, Meta(max_length=500)] = ""
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    ca: Ca = ""


To: TypeAlias = Webhook | Mqtt | Nats | Kafka


class Outlet(_Part, frozen=True):
    """``things``, ``kind`` and ``traits`` narrow what goes out of the place and of what is in it: ``traits`` values and
    commands, ``things`` and ``kind`` all but runs of scenes; ``batch``: items sent at once."""

    id: Id
    place: Id
    to: To
    things: tuple[Id, ...] = ()
    kind: str | None = None
    traits: tuple[str, ...] = ()
    what: Annotated[tuple[What, ...], Meta(min_length=1)] = ("changes", "events")
    batch: Annotated[int, Meta(ge=1, le=1000)] = 100


class Item(NamedTuple):
    """One thing that goes onward: the sequence it stands for in what it is read from, its id (the same each time), its
    thing (of a run, the scene), what it is (change, event, ...) and its JSON. ``number``: of the results for an
    outlet, which it is."""

    seq: int
    id: str
    thing: str
    what: str
    body: bytes
    number: int = 0


def wanted_keys(outlet: Outlet, thing: str, model: Model) -> frozenset[str] | None:
    """The properties of a thing of the outlet's place that go out; None: nothing of it does."""
    kind = model.kind or model.id
    if outlet.things and thing not in outlet.things:
        return None
    if outlet.kind is not None and kind != outlet.kind and not kind.startswith(outlet.kind + "."):
        return None
    wanted = outlet.traits
    return frozenset(key for key, p in model.properties.items() if not wanted or p.trait in wanted or key in wanted)


def load_outlet(document: Mapping[str, Any]) -> Outlet:
    """Raises CallerError ``bad_value`` with the field at fault."""
    try:
        return msgspec.convert(document, Outlet)
    except msgspec.ValidationError as error:
        raise explained(str(error), Outlet, "bad_value", document) from None


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
        self._resends = Resends()

    @property
    def again(self) -> int:
        """From which sequence on a later reader has to `look_back`, 0: from none."""
        return self._resends.first

    def look_back(self, seq: int, size: int, batch: Batch) -> None:
        """Remember what was said before the first message that is taken: some of it may be said again. So each message
        is looked at before it is taken."""
        self._resends.keep(seq, size, batch)

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

    def take(self, source: str, seq: int, batch: Batch) -> list[Item]:
        """What one message of the log gives. ``source`` names the log: each item's id is the same on every reading, and
        none is another's of another log."""
        found: list[Item] = []
        for entry in batch.entries:
            match entry:
                case Reports():
                    for what, body in self._reports(entry):
                        id = f"{source}-{seq}-{len(found)}"
                        head = {"id": id, "position": seq, "outlet": self.outlet.id, "thing": entry.thing}
                        found.append(Item(seq, id, entry.thing, what, _encode({**head, **body})))
                case Presence():
                    self._resends.left(entry)
                case GatewayStarted():
                    self._resends.all_left(entry)
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
        known = self._resends.known(run) if run.dups else ()
        for number, payload in enumerate(run.payloads):
            if number in known:
                continue  # its client said it twice, since it had no answer
            try:
                body = self._body(fact.shape, run, payload, keys)
            except _UNREADABLE:
                continue  # it is a dead letter
            if body is not None:
                yield ("change" if "changed" in body else "event"), body

    def _body(self, shape: Shape, run: Reports, payload: bytes, keys: frozenset[str]) -> dict[str, Any] | None:
        what = self.outlet.what
        if run.topic == "state" and "changes" in what:
            examined = shape.examine(payload)
            at = iso(run.at if examined.at is None or examined.at > run.at + FUTURE_US else examined.at)
            changed = {key: {"value": value, "at": at} for key, value in examined.given.items() if key in keys}
            return {"changed": changed, "at": iso(run.at)} if changed else None
        if run.topic.startswith("event/") and "events" in what and not self.outlet.traits:
            name = run.topic[6:]
            _offset, text = shape.event(name, payload)
            return {"event": name, "fields": msgspec.json.decode(text), "at": iso(run.at)}
        return None

    def _keys(self, thing: str, fact: _Fact) -> frozenset[str] | None:
        """The properties of a thing that go out; None: nothing of it does."""
        if thing not in self._wanted:
            self._wanted[thing] = self._select(thing, fact)
        return self._wanted[thing]

    def _select(self, thing: str, fact: _Fact) -> frozenset[str] | None:
        return wanted_keys(self.outlet, thing, fact.shape.model) if self._inside(fact.place) else None

    def _inside(self, place: str | None) -> bool:
        for _ in range(MAX_PLACES_DEEP):
            if place is None or place == self.outlet.place:
                break
            place = self._places.get(place)
        return place == self.outlet.place


def iso(at: int) -> str:
    """A time of the log as outlets say it: UTC, to the millisecond."""
    return (EPOCH + timedelta(microseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
