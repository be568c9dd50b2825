"""Things that announce themselves, put together from pieces: what each reads from which topic, and how it is told.

A **piece** is what one announcement says of a device: some members of its model, the topics they are read from, and who
writes them. A `Gatherer` is a translator that gathers pieces into devices, announces each when it has been quiet for a
moment, and knows whether it is there. Knows no single dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

from unisono.dialect.said import Announced, Happened, Listens, Odd, Promised, Reported, Said, Say, There, Withdrawn
from unisono.errors import CallerError, UnisonoError
from unisono.thing import Model, Property, Service, Source, kind_by_telling, require_sound, traits
from unisono.wire.mqtt.topics import is_wild, matches

__all__ = [
    "ABSENT",
    "Availability",
    "Device",
    "Gatherer",
    "Piece",
    "Reader",
    "Reading",
    "Source_",
    "Writer",
    "json_of",
    "member_key",
    "trait_property",
]

ABSENT: Any = object()

T = TypeVar("T")
#: A piece: the key of its device, and its own id. Both are what strangers wrote.
Name: TypeAlias = tuple[str, str]

#: A device is announced when nothing new was said of it for so long, or after so long in any case.
QUIET_MS = 700
LONGEST_MS = 4_000
#: Devices of one root place, pieces of each and of all; topics whose last message is kept until their device is known,
#: and its size.
DEVICES = 2_000
PIECES = 500
PIECES_IN_ALL = 20_000
KEPT_BYTES = 64 * 1024
#: Topics of which it is remembered which filters they match.
MATCHED = 10_000


class Reading(NamedTuple):
    """What a message said: values by address, events with their fields. ``later``: values that hold after so many
    milliseconds, if nothing is said there before."""

    values: Mapping[str, Any] = {}
    events: Sequence[tuple[str, dict[str, Any]]] = ()
    later: tuple[int, Mapping[str, Any]] | None = None


Reader = Callable[[bytes, int], Reading]


class Writer(Protocol):
    """Says wanted values of one piece, all that are wanted at once."""

    def __call__(self, values: dict[str, Any]) -> list[Say]:
        """``values`` by address. Raises CallerError where they cannot be said."""
        ...


class Availability(NamedTuple):
    """A topic that says whether a device is there, by two payloads."""

    topic: str
    here: str = "online"
    away: str = "offline"
    read: Callable[[bytes], Any] = lambda payload: payload.decode("utf-8", "replace")


class Piece:
    """One announcement's part of a device. ``says``: what decides whether it changed."""

    def __init__(self, says: Any, service: Service) -> None:
        self.says = says
        self.service = service
        self.readers: list[tuple[str, Reader]] = []
        self.writers: dict[str, Writer] = {}
        self.calls: dict[str, Callable[[Mapping[str, Any]], list[Say]]] = {}
        self.told_over: set[str] = set()  # topics that the device listens to, to be told what is wanted
        self.availability: list[Availability] = []
        self.mode = "latest"
        self.expire_ms = 0


class Source_(NamedTuple):  # noqa: N801  `Source` is the model's
    """What is said of a device as a whole."""

    name: str
    model_id: str
    format: str
    vendor: str | None = None
    product: str | None = None
    kind: str | None = None
    area: str = ""
    same_as: tuple[str, ...] = ()
    rank: int = 0
    model: Model | None = None
    """The whole model, where it does not come of pieces."""


class Device:
    """A device as far as it is known."""

    def __init__(self, key: str, source: Source_) -> None:
        self.key = key
        self.source = source
        self.pieces: dict[str, Piece] = {}
        self.first_ms = 0
        self.changed_ms = 0
        self.announced: Announced | None = None
        self.online: bool | None = None
        self.heard_ms = 0
        self.topics: set[str] = set()

    def model(self) -> Model:
        if self.source.model is not None:
            return self.source.model
        services = tuple(piece.service for _id, piece in sorted(self.pieces.items()))
        source = self.source
        merged = {service.key: service for service in services}
        return Model(
            id=source.model_id,
            kind=source.kind or kind_by_telling(services),
            vendor=source.vendor,
            product=source.product,
            titles={"en": source.product or source.name},
            services=tuple(merged.values()),
            source=Source(format=source.format),
        )

    def is_there(self, states: Mapping[tuple[str, str], bool], order: Mapping[str, int]) -> bool | None:
        """Whether any of its pieces is; None where nothing says so."""
        found = [self._piece_is_there(piece, states, order) for piece in self.pieces.values() if piece.availability]
        known = [each for each in found if each is not None]
        return any(known) if known else None

    def _piece_is_there(
        self, piece: Piece, states: Mapping[tuple[str, str], bool], order: Mapping[str, int]
    ) -> bool | None:
        """By the mode: ``all`` topics say so, ``any`` does, the ``latest`` did; of what was ``told``, all."""
        topics = [each.topic for each in piece.availability if (self.key, each.topic) in states]
        told = [(order[topic], states[self.key, topic]) for topic in topics]
        there = [here for _at, here in told]
        if piece.mode == "told":
            return all(there) if there else None
        if piece.mode == "all":
            return len(there) == len(piece.availability) and all(there)
        if piece.mode == "any":
            return any(there)
        return max(told)[1] if told else False


class Gatherer:
    """The translator; dialects add what announces (`announce`)."""

    def __init__(self) -> None:
        self.devices: dict[str, Device] = {}
        self._readers: dict[str, list[tuple[Name, Reader]]] = {}
        self._wild: list[str] = []  # of their topics those that are filters: OpenMQTTGateway reads "+/+/BTtoMQTT/ID"
        self._matched: dict[str, tuple[str, ...]] = {}
        self._availability: dict[str, list[tuple[Name, Availability]]] = {}
        self._told_over: dict[str, list[tuple[Name, str]]] = {}  # topic > pieces, each with the key of its device
        self._states: dict[tuple[str, str], bool] = {}
        self._order: dict[str, int] = {}
        self._turn = 0
        self._kept: dict[str, bytes] = {}
        self._later: dict[tuple[Name, str], tuple[int, Mapping[str, Any]]] = {}  # of a piece's topic: when, and what
        self._changed: set[str] = set()
        self._pieces = 0  # of all devices

    # what dialects add

    def announces(self, topic: str) -> bool:
        raise NotImplementedError

    def announce(self, topic: str, payload: bytes, now_ms: int) -> list[Said]:
        """An announcement came: `put`, `drop` or `rename` what it speaks of."""
        raise NotImplementedError

    # the seam

    def mine(self, topic: str) -> bool:
        return (
            topic in self._readers
            or topic in self._availability
            or self.announces(topic)
            or (bool(self._wild) and bool(self._filters(topic)))
        )

    def _filters(self, topic: str) -> tuple[str, ...]:
        """The filters of readers that a topic matches."""
        found = self._matched.get(topic)
        if found is None:
            if len(self._matched) >= MATCHED:
                self._matched.clear()
            found = self._matched[topic] = tuple(each for each in self._wild if matches(each, topic))
        return found

    def heard(self, topic: str, payload: bytes, now_ms: int) -> list[Said] | None:
        said: list[Said] = []
        known = False
        if self.announces(topic):
            known = True
            try:
                said += self.announce(topic, payload, now_ms)
            except UnisonoError as error:
                said.append(Odd("", error.code, str(error)))
        if topic in self._availability:
            known = True
            said += self._availability_said(topic, payload)
        if topic in self._readers:
            known = True
            said += self._read(topic, payload, now_ms)
        for each in self._filters(topic) if self._wild else ():
            known = True
            said += self._read(each, payload, now_ms)
        return said if known else None

    def wanted(self, thing: str, topic: str, payload: Mapping[str, Any], now_ms: int) -> list[Say]:
        device = self.devices[thing]
        if topic != "set":
            action = topic.partition("/")[2]
            for piece in device.pieces.values():
                if action in piece.calls:
                    return piece.calls[action](payload.get("input") or {})
            raise CallerError("it has no such action any more", code="unknown_action", field=action)
        by_writer: dict[int, tuple[Writer, dict[str, Any]]] = {}
        for address, value in payload["state"].items():
            writer = next((p.writers[address] for p in device.pieces.values() if address in p.writers), None)
            if writer is None:
                raise CallerError("it cannot be written", code="not_writable", field=address)
            by_writer.setdefault(id(writer), (writer, {}))[1][address] = value
        return [each for writer, values in by_writer.values() for each in writer(values)]

    def answered(self, token: Any, answer: Mapping[str, Any] | None, now_ms: int) -> list[Said]:
        return []

    def subscribed(self, filters: Sequence[str]) -> list[Said]:
        """Who listens to what a device is told is that device, or speaks for it: after a restart of the hub it may have
        nothing to say for days."""
        keys = {key: None for each in filters for _name, key in self._told_over.get(each, ())}
        said: list[Said] = []
        for device in map(self.devices.__getitem__, keys):
            if device.announced is None or device.key in self._changed:
                said.append(Promised(device.key))
            elif device.is_there(self._states, self._order) is not False:
                device.online = True
                said.append(There(device.key, True))
        return said

    def due(self, now_ms: int) -> list[Said]:
        said: list[Said] = []
        for key in sorted(self._changed):
            device = self.devices[key]
            if now_ms - device.changed_ms >= QUIET_MS or now_ms - device.first_ms >= LONGEST_MS:
                self._changed.discard(key)
                said += self._announced(device, now_ms)
        for device in self.devices.values():
            said += self._expired(device, now_ms)
        for place in [place for place, (at, _values) in self._later.items() if at <= now_ms]:
            said.append(Reported(place[0][0], dict(self._later.pop(place)[1])))
        return said

    # pieces

    def put(self, key: str, source: Source_, id: str, piece: Piece, now_ms: int) -> list[Said]:
        """A piece of a device is new, or another than before."""
        device = self.devices.get(key)
        before = device.pieces.get(id) if device is not None else None
        if before is None and self._pieces >= PIECES_IN_ALL:
            return [Odd("", "too_many", f"more than {PIECES_IN_ALL} announcements")]
        if device is None:
            if len(self.devices) >= DEVICES:
                return [Odd("", "too_many", f"more than {DEVICES} devices were announced")]
            device = self.devices[key] = Device(key, source)
        if before is not None and before.says == piece.says and device.source == source:
            return [device.announced] if device.announced is not None and key not in self._changed else [Promised(key)]
        if before is None and len(device.pieces) >= PIECES:
            return [Odd("", "too_many", f"more than {PIECES} announcements of one device")]
        device.source = source
        self._unhook(device, id)
        device.pieces[id] = piece
        self._pieces += before is None
        if key not in self._changed:
            device.first_ms = now_ms
        device.changed_ms = now_ms
        self._changed.add(key)
        for topic, reader in piece.readers:
            self._readers.setdefault(topic, []).append(((key, id), reader))
        if any(is_wild(topic) for topic, _reader in piece.readers):
            self._find_filters()
        for each in piece.availability:
            self._availability.setdefault(each.topic, []).append(((key, id), each))
        for topic in piece.told_over:
            self._told_over.setdefault(topic, []).append(((key, id), key))
        return [Promised(key)]

    def drop(self, key: str, id: str, now_ms: int) -> list[Said]:
        """A piece of a device is no more; with the last the device goes."""
        device = self.devices.get(key)
        if device is None or id not in device.pieces:
            return []
        self._unhook(device, id)
        del device.pieces[id]
        self._pieces -= 1
        if device.pieces:
            if key not in self._changed:
                device.first_ms = now_ms
            device.changed_ms = now_ms
            self._changed.add(key)
            return [Promised(key)]
        return self.forget(key)

    def forget(self, key: str) -> list[Said]:
        """A device is no more."""
        device = self.devices.pop(key)
        for id in list(device.pieces):
            self._unhook(device, id)
        self._pieces -= len(device.pieces)
        self._changed.discard(key)
        self._states = {each: there for each, there in self._states.items() if each[0] != key}
        return [Withdrawn(key)]

    def _unhook(self, device: Device, id: str) -> None:
        piece = device.pieces.get(id)
        if piece is None:
            return
        name = (device.key, id)
        self._later = {place: later for place, later in self._later.items() if place[0] != name}
        _drop(self._readers, name)
        if self._wild:
            self._find_filters()
        _drop(self._availability, name)
        _drop(self._told_over, name)

    def _find_filters(self) -> None:
        self._wild = [topic for topic in self._readers if is_wild(topic)]
        self._matched.clear()

    def _announced(self, device: Device, now_ms: int) -> list[Said]:
        source = device.source
        model = device.model()
        try:
            require_sound(model)
        except UnisonoError as error:
            return [Odd("", error.code, f"{source.name}: {error}")]
        announced = Announced(device.key, source.name, model, source.area, source.same_as, source.rank)
        device.announced = announced
        device.heard_ms = device.heard_ms or now_ms
        said: list[Said] = [announced, *self._presence(device)]
        # what the place kept of its topics comes first, then what was said since it was announced
        topics = {each.topic for piece in device.pieces.values() for each in piece.availability}
        topics |= {topic for piece in device.pieces.values() for topic, _reader in piece.readers}
        fresh, device.topics = topics - device.topics, topics
        if fresh:
            said.append(Listens(tuple(sorted(fresh))))
        for topic in sorted(topics & self._kept.keys()):
            said += self._read(topic, self._kept.pop(topic), now_ms)
        return said

    # messages

    def _read(self, topic: str, payload: bytes, now_ms: int) -> list[Said]:
        said: list[Said] = []
        for name, reader in list(self._readers.get(topic, ())):
            device = self.devices[name[0]]
            if device.announced is None or device.key in self._changed:
                if len(payload) <= KEPT_BYTES and len(self._kept) < DEVICES:
                    self._kept[topic] = payload
                said.append(Promised(device.key))
                continue
            try:
                found = reader(payload, now_ms)
            except UnisonoError as error:
                said.append(Odd(device.key, error.code, f"{topic}: {error.detail}"))
                continue
            device.heard_ms = now_ms
            if found.values:
                self._later.pop((name, topic), None)
            if found.later is not None:
                self._later[name, topic] = now_ms + found.later[0], found.later[1]
            if found.values:
                said.append(Reported(device.key, dict(found.values)))
            said += [Happened(device.key, event, fields) for event, fields in found.events]
            if device.online is False and device.is_there(self._states, self._order) is None:
                device.online = True
                said.append(There(device.key, True))
        return _merged(said)

    def _availability_said(self, topic: str, payload: bytes) -> list[Said]:
        said: list[Said] = []
        self._turn += 1
        for name, each in self._availability[topic]:
            key = name[0]
            try:
                word = each.read(payload)
            except UnisonoError as error:
                said.append(Odd(key, error.code, f"{topic}: {error.detail}"))
                continue
            there = True if word == each.here else False if word == each.away else None
            if there is not None:
                self._states[key, topic] = there
                self._order[topic] = self._turn
                if self.devices[key].announced is not None:
                    said += self._presence(self.devices[key])
        return said

    def _presence(self, device: Device) -> list[Said]:
        there = device.is_there(self._states, self._order)
        if there is None or there is device.online:
            return []
        device.online = there
        return [There(device.key, there)]

    def _expired(self, device: Device, now_ms: int) -> list[Said]:
        """A device that was to be heard of within some time, and was not, is away until it is."""
        spans = [piece.expire_ms for piece in device.pieces.values() if piece.expire_ms]
        if not spans or device.announced is None or device.online is False:
            return []
        if now_ms - device.heard_ms <= max(spans) or device.is_there(self._states, self._order) is not None:
            return []
        device.online = False
        return [There(device.key, False)]


def _drop(table: dict[str, list[tuple[Name, T]]], name: Name) -> None:
    """Take out what a piece hears, wherever that is."""
    for topic in [topic for topic, heard in table.items() if any(each[0] == name for each in heard)]:
        rest = [each for each in table[topic] if each[0] != name]
        if rest:
            table[topic] = rest
        else:
            del table[topic]


def _merged(said: list[Said]) -> list[Said]:
    """Values of one device out of one message are one report."""
    merged: list[Said] = []
    by_thing: dict[str, Reported] = {}
    for each in said:
        if isinstance(each, Reported):
            first = by_thing.get(each.thing)
            if first is None:
                by_thing[each.thing] = each
                merged.append(each)
            else:
                first.values.update(each.values)
        else:
            merged.append(each)
    return merged


def member_key(text: str) -> str:
    """A key of a model's member or service made of a text."""
    key = "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in text)[:64].strip("-")
    return key.strip("_") or "member"


def trait_property(trait: str, /, *, writable: bool, key: str | None = None, **change: Any) -> Property:
    """A property that bears a trait; ``change``: fields of its own."""
    found = traits()[trait]
    assert found.schema is not None
    made = found.as_property(writable=writable, schema=found.schema, risky=found.risky, timeout_s=found.timeout_s)
    fields = {name: getattr(made, name) for name in made.__struct_fields__}
    return Property(**{**fields, "key": key or trait, **change})


def json_of(payload: bytes) -> Any:
    """A JSON payload; `ABSENT` where it is none."""
    import msgspec

    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ABSENT
