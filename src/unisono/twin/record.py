"""What the log carries: one log message is one `Batch` of entries, in the order in which they happened.

Knows the shapes and their bytes (msgpack arrays through msgspec; new fields are appended with a default, so an old log
stays readable). Knows nothing of how the log is kept. Times are microseconds since the Unix epoch (UTC) unless a name
says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from lz4.block import LZ4BlockError, compress, decompress

__all__ = [
    "AlarmAct",
    "AlarmPut",
    "AlarmRemoved",
    "Asked",
    "Batch",
    "Denied",
    "EffectSending",
    "EffectSent",
    "Entry",
    "GatewayStarted",
    "Listening",
    "ModeSet",
    "ModelPut",
    "OutletPut",
    "OutletRemoved",
    "PlacePut",
    "PlaceRemoved",
    "PolicyPut",
    "PolicyRemoved",
    "Presence",
    "Published",
    "Refused",
    "Reports",
    "SceneEnabled",
    "ScenePut",
    "SceneRemoved",
    "SceneRun",
    "SceneStop",
    "Sending",
    "Sent",
    "Stopped",
    "ThingPut",
    "ThingRemoved",
    "Tick",
    "decode_batch",
    "encode_batch",
    "unpacked",
    "weigh_batch",
]


if TYPE_CHECKING:
    Payloads: TypeAlias = Sequence[bytes]
    Indices: TypeAlias = Sequence[int]
else:
    # read as tuples, which take one allocation, or none where they are empty: of a message read by itself, half of what
    # reading it takes
    Payloads = tuple[bytes, ...]
    Indices = tuple[int, ...]


class Reports(msgspec.Struct, array_like=True, tag=1, gc=False):
    """A run of messages that one signed-in client published to one topic of one thing, in the order received.

    ``topic`` is what follows ``things/<id>/``: ``state``, ``event/<name>`` or ``reply/<command>``. ``client`` names the
    session: the signed-in thing (not ``thing`` when a gateway device speaks for its children), with ``/<client id>``
    where that is another one. ``packet_ids`` holds two bytes big-endian per payload at QoS 1 and 2 and is empty at QoS
    0 and for HTTP. ``dups`` are the indices of payloads whose DUP flag was set. ``at`` is the wall time at which the
    run was received.
    """

    thing: str
    client: str
    topic: str
    at: int
    payloads: Payloads
    packet_ids: bytes = b""
    dups: Indices = ()


class Published(msgspec.Struct, array_like=True, tag=2, gc=False):
    """One ordinary publication inside a root place; the owner keeps no state of it."""

    root: str
    client: str
    topic: str
    at: int
    payload: bytes
    qos: int = 0
    retain: bool = False


class Presence(msgspec.Struct, array_like=True, tag=3, gc=False):
    """A client came or went. ``epoch`` grows with each connection of that client: a late "offline" never wins.

    ``client`` is its session, as in `Reports`. ``reason`` is ``connected``, ``disconnected`` (it said so), ``lost``
    (socket closed without DISCONNECT), ``keep_alive`` (silent for one and a half keep-alives), ``taken_over``,
    ``revoked``, ``kicked`` (a person sent it away), ``slow`` (it did not read) or ``protocol_error``.

    ``carried``: its parent's line says that it came or went, over the parent's connection, which stays as it is.
    """

    thing: str
    gateway: str
    epoch: int
    online: bool
    reason: str
    at: int
    client: str = ""
    carried: bool = False


class GatewayStarted(msgspec.Struct, array_like=True, tag=4, gc=False):
    """A gateway began anew: whatever was connected to its earlier life is gone."""

    gateway: str
    at: int


class Refused(msgspec.Struct, array_like=True, tag=5, gc=False):
    """A door refused something; shown on the thing's page. ``code`` is a key of ``unisono.errors.CODES``."""

    thing: str
    topic: str
    at: int
    code: str
    detail: str
    excerpt: bytes = b""


class Listening(msgspec.Struct, array_like=True, tag=6, gc=False):
    """A connection can now hear what is sent down to ``thing``: ``topics`` of ``set``, ``call``, ``desired``.

    ``named`` false: by a filter that is wider than ``things/``, such as ``#``; it does not wait to be told that nothing
    is wanted.
    """

    thing: str
    gateway: str
    epoch: int
    topics: list[str]
    at: int
    named: bool = True


class ModelPut(msgspec.Struct, array_like=True, tag=10, gc=False):
    """A model version is in force from here on. ``model`` is the JSON of `unisono.thing.Model`."""

    id: str
    version: int
    model: bytes


class ThingPut(msgspec.Struct, array_like=True, tag=11, gc=False):
    """A thing was added or changed. ``sleep_s``: silence of that length is normal for it (0: it keeps a connection).

    ``names`` holds further names by language tag, one or several each.
    """

    id: str
    name: str
    model: str
    model_version: int
    place: str
    root: str
    parent: str | None = None
    sleep_s: float = 0.0
    at: int = 0
    names: dict[str, list[str]] = {}


class ThingRemoved(msgspec.Struct, array_like=True, tag=12, gc=False):
    """A thing is no longer part of the place; its twin goes, its history stays until retention."""

    id: str
    at: int


class Asked(msgspec.Struct, array_like=True, tag=20, gc=False):
    """A command was asked for: ``set`` holds wanted values by property key, else ``call`` names an action.

    ``by``: ``kind`` (person, program, scene, assistant) and ``id`` of who asked; where they are known ``role`` at the
    thing's place and ``from``, the class of the address (hub, lan, remote). ``confirmed``: it was said a second time.
    """

    id: str
    thing: str
    at: int
    by: dict[str, str]
    set: dict[str, Any] | None = None
    call: str | None = None
    input: dict[str, Any] | None = None
    ttl_s: float = 0.0
    why: str | None = None
    confirmed: bool = False


class Sending(msgspec.Struct, array_like=True, tag=21, gc=False):
    """The effect is about to leave (logged first when repeating it would not be harmless)."""

    command: str
    at: int


class Sent(msgspec.Struct, array_like=True, tag=22, gc=False):
    """The effect left for the thing (``ok``), or could not and ``why`` says what stood in the way. ``waits``: it is
    certain that nothing left, so it may be tried again, whatever it is. ``silent``: nothing can come back of it."""

    command: str
    at: int
    ok: bool = True
    why: str | None = None
    waits: bool = False
    silent: bool = False


class ScenePut(msgspec.Struct, array_like=True, tag=40, gc=False):
    """A version of a scene is in force from here on. ``document`` is its JSON or YAML."""

    id: str
    version: int
    document: bytes


class SceneRemoved(msgspec.Struct, array_like=True, tag=41, gc=False):
    """A scene is no longer; its open runs end."""

    id: str


class SceneEnabled(msgspec.Struct, array_like=True, tag=42, gc=False):
    """A scene may be triggered, or not."""

    id: str
    enabled: bool


class SceneRun(msgspec.Struct, array_like=True, tag=43, gc=False):
    """Somebody wants a scene to run now; ``even_if``: whatever its conditions say."""

    id: str
    at: int
    by: dict[str, str]
    even_if: bool = False


class SceneStop(msgspec.Struct, array_like=True, tag=44, gc=False):
    """Somebody wants all runs of a scene to end."""

    id: str
    by: dict[str, str]


class PlacePut(msgspec.Struct, array_like=True, tag=45, gc=False):
    """A place as scenes need it: ``zone`` is an IANA name, empty as its parent; degrees, north and east positive."""

    id: str
    parent: str | None = None
    zone: str = ""
    latitude: float | None = None
    longitude: float | None = None


class PlaceRemoved(msgspec.Struct, array_like=True, tag=46, gc=False):
    """A place is no longer."""

    id: str


class ModeSet(msgspec.Struct, array_like=True, tag=47, gc=False):
    """A place is put into a mode (home, away, night, holiday, ...)."""

    place: str
    mode: str
    by: dict[str, str]


class EffectSending(msgspec.Struct, array_like=True, tag=48, gc=False):
    """Something outside the place (a notification, an HTTP call) is about to be done."""

    id: str
    at: int


class EffectSent(msgspec.Struct, array_like=True, tag=49, gc=False):
    """It was done (``ok``), or will not be, and ``why`` says what stood in the way."""

    id: str
    at: int
    ok: bool = True
    why: str | None = None


class AlarmPut(msgspec.Struct, array_like=True, tag=60, gc=False):
    """A version of an alarm's definition is in force from here on. ``document`` is its JSON or YAML."""

    id: str
    version: int
    document: bytes
    at: int = 0
    by: dict[str, str] = {}


class AlarmRemoved(msgspec.Struct, array_like=True, tag=61, gc=False):
    """A definition is no longer; its alarms go, what they did stays in their history."""

    id: str
    at: int = 0
    by: dict[str, str] = {}


class AlarmAct(msgspec.Struct, array_like=True, tag=62, gc=False):
    """A person does something about an alarm: acknowledge, reset, shelve (``for_s``), unshelve, take_out,
    return_to_service."""

    alarm: str
    act: str
    at: int
    by: dict[str, str]
    comment: str = ""
    for_s: float = 0.0


class PolicyPut(msgspec.Struct, array_like=True, tag=50, gc=False):
    """A version of a root place's safety document is in force from here on. ``document`` is its JSON."""

    root: str
    version: int
    document: bytes


class PolicyRemoved(msgspec.Struct, array_like=True, tag=51, gc=False):
    """A root place has no safety document any more."""

    root: str


class Stopped(msgspec.Struct, array_like=True, tag=52, gc=False):
    """A command that has not left is not to leave: somebody cancelled it, or ``code`` says what forbids it now."""

    command: str
    at: int
    by: dict[str, str]
    why: str
    code: str | None = None


class Denied(msgspec.Struct, array_like=True, tag=53, gc=False):
    """What somebody wanted was refused before it was begun; kept for the audit. ``code``: of `unisono.errors`."""

    asked: Asked
    code: str
    why: str


class OutletPut(msgspec.Struct, array_like=True, tag=70, gc=False):
    """An outlet is in force from here on. ``document`` is its JSON without secrets; ``created`` tells it from an
    earlier one of the same id."""

    id: str
    created: int
    document: bytes


class OutletRemoved(msgspec.Struct, array_like=True, tag=71, gc=False):
    """An outlet is no longer."""

    id: str


class Tick(msgspec.Struct, array_like=True, tag=30, gc=False):
    """The owner's clock: ``at`` is wall time, ``elapsed`` monotonic microseconds since this log began."""

    at: int
    elapsed: int


Entry = (
    Reports
    | Published
    | Presence
    | GatewayStarted
    | Refused
    | Listening
    | ModelPut
    | ThingPut
    | ThingRemoved
    | Asked
    | Sending
    | Sent
    | Tick
    | ScenePut
    | SceneRemoved
    | SceneEnabled
    | SceneRun
    | SceneStop
    | PlacePut
    | PlaceRemoved
    | ModeSet
    | EffectSending
    | EffectSent
    | AlarmPut
    | AlarmRemoved
    | AlarmAct
    | PolicyPut
    | PolicyRemoved
    | Stopped
    | Denied
    | OutletPut
    | OutletRemoved
)


class Batch(msgspec.Struct, array_like=True, gc=False):
    """One log message: ``source`` names its writer, ``at`` when it was closed, ``entries`` what happened, in order."""

    source: str
    at: int
    entries: list[Entry]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Batch)

#: The first byte of a packed message: no msgpack begins with it.
_PACKED = b"\xc1"
#: Less is not packed: it would save little, and a lone message should not wait for it.
_PACK_FROM = 1024
#: No message is longer than this: what claims to be is none of ours.
_LONGEST = 16 * 1024 * 1024


def encode_batch(batch: Batch) -> bytes:
    """One log message, a long one packed (an LZ4 block, 0.03 us a report): a quarter of the bytes to copy and sync."""
    data = _encoder.encode(batch)
    if not _PACK_FROM <= len(data) <= _LONGEST:
        return data
    packed: bytes = compress(data)
    return _PACKED + packed if len(packed) < len(data) else data


def unpacked(data: bytes) -> bytes:
    """A log message as it was before it was packed: what it weighs to who folds it is the same on every machine.

    Raises ``msgspec.DecodeError`` for one that was packed and is not whole.
    """
    if data[:1] != _PACKED:
        return data
    if int.from_bytes(data[1:5], "little") > _LONGEST:
        raise msgspec.DecodeError("a packed message that claims to be longer than any")
    try:
        plain: bytes = decompress(memoryview(data)[1:])
    except (LZ4BlockError, ValueError) as error:
        raise msgspec.DecodeError(f"a packed message that is not whole: {error}") from error
    return plain


def decode_batch(data: bytes) -> Batch:
    """Read one log message, packed or not. Raises ``msgspec.DecodeError`` for bytes that are no batch."""
    return weigh_batch(data)[1]


def weigh_batch(data: bytes) -> tuple[int, Batch]:
    """`decode_batch`, and the bytes it had before it was packed."""
    plain = unpacked(data)
    try:
        return len(plain), _decoder.decode(plain)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from error
