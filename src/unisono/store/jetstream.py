"""JetStream's own requests and replies, as far as the log needs them.

Knows JetStream's JSON and subjects. Knows nothing of logs, writers or readers.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from unisono.errors import HostError
from unisono.store.connection import Connection, NoRespondersError

__all__ = [
    "Ack",
    "ApiError",
    "Delivery",
    "RefusedError",
    "StreamInfo",
    "call",
    "is_status",
    "parse_delivery",
    "read_ack",
    "stream_info",
]

API_TIMEOUT_S = 10.0
"""A request takes under a millisecond; while a large log recovers, or on a busy SD card, seconds."""

STREAM_NOT_FOUND = 10059
CONSUMER_NOT_FOUND = 10014


class RefusedError(HostError):
    """JetStream understood and said no: asking again will not help."""


class ApiError(msgspec.Struct):
    code: int = 0
    err_code: int = 0
    description: str = ""


class Ack(msgspec.Struct):
    """JetStream's answer to one published message; ``seq`` is 0 with an ``error``."""

    seq: int = 0
    duplicate: bool = False
    error: ApiError | None = None


class StreamState(msgspec.Struct):
    messages: int = 0
    bytes: int = 0
    first_seq: int = 0
    last_seq: int = 0


class StreamConfig(msgspec.Struct):
    max_bytes: int = -1
    num_replicas: int = 1
    metadata: dict[str, str] = {}


class StreamInfo(msgspec.Struct):
    config: StreamConfig = msgspec.field(default_factory=StreamConfig)
    state: StreamState = msgspec.field(default_factory=StreamState)
    error: ApiError | None = None


class Delivery(NamedTuple):
    """Where a delivered message stands: in the stream, in its consumer, and how many the consumer still has."""

    stream_seq: int
    consumer_seq: int
    pending: int


read_ack = msgspec.json.Decoder(Ack).decode
_read_info = msgspec.json.Decoder(StreamInfo).decode
_encode = msgspec.json.Encoder().encode


async def call(connection: Connection, verb: str, body: dict[str, Any] | None = None) -> bytes:
    """Ask ``$JS.API.<verb>``; returns the answer's JSON. Raises HostError ``log_unavailable`` when none comes."""
    why = ""
    try:
        _, answer = await connection.ask(f"$JS.API.{verb}", _encode(body) if body else b"", API_TIMEOUT_S)
    except NoRespondersError:
        why = "JetStream is switched off there, or out of disk"
    except TimeoutError:
        why = f"no answer within {API_TIMEOUT_S:g} s"
    except ConnectionError as error:
        why = str(error)
    else:
        return answer
    raise HostError(f"the log does not answer: {why}", mend="Run: unisono doctor")


async def stream_info(connection: Connection, verb: str, body: dict[str, Any] | None = None) -> StreamInfo | None:
    """A call that answers with a stream's state: None when there is no such stream.

    Raises HostError ``log_unavailable`` when there is no answer, its subclass `RefusedError` for any other error.
    """
    info = _read_info(await call(connection, verb, body))
    if info.error is None:
        return info
    if info.error.err_code == STREAM_NOT_FOUND:
        return None
    raise RefusedError(f"the log's server refuses {verb}: {info.error.description}", mend="Run: unisono doctor")


def is_status(header: bytes) -> bool:
    """Whether a header block carries a status (flow control, heartbeat, no responders), not a message's fields."""
    return header[8:9] == b" "


def parse_delivery(reply: bytes) -> Delivery:
    """Read the reply subject of a delivered message.

    ``$JS.ACK.<stream>.<consumer>.<times>.<stream seq>.<consumer seq>.<ns>.<pending>``, or with ``<domain>.<account>``
    before the stream and a random word at the end (NATS ADR-15). Raises ValueError for anything else.
    """
    words = reply.split(b".")
    shift = 0 if len(words) == 9 else 2
    return Delivery(int(words[5 + shift]), int(words[6 + shift]), int(words[8 + shift]))
