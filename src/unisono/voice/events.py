"""Events of the Wyoming protocol over a stream: a line of JSON, then data, then a payload - each within bounds.

Knows the framing; the events themselves are those of the `wyoming` library, whose own reader takes any length that it
is told.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

from wyoming.event import Event, Eventable, async_write_event

from unisono.errors import CallerError, DeviceError, HostError

__all__ = ["Peer", "connect", "read_event"]

#: A head names a type and lengths; data are names and languages; a payload is a tenth of a second of sound.
MAX_LINE = 64 * 1024
MAX_DATA = 256 * 1024
MAX_PAYLOAD = 1024 * 1024
CONNECT_S = 5.0


async def read_event(reader: asyncio.StreamReader) -> Event | None:
    """The next event; None at the end. Raises DeviceError ``bad_frame`` for what is none or too large."""
    try:
        line = await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise _bad("it ends within a line") from None
        return None
    except asyncio.LimitOverrunError:
        raise _bad(f"a line is longer than {MAX_LINE} bytes") from None
    head = _object(line)
    data, payload = head.get("data") or {}, None
    data_length = _length(head, "data_length", MAX_DATA)
    payload_length = _length(head, "payload_length", MAX_PAYLOAD)
    try:
        if data_length:
            data = {**(data if isinstance(data, dict) else {}), **_object(await reader.readexactly(data_length))}
        if payload_length:
            payload = await reader.readexactly(payload_length)
    except asyncio.IncompleteReadError:
        raise _bad("it ends within an event") from None
    kind = head.get("type")
    if not isinstance(kind, str) or not isinstance(data, dict):
        raise _bad("it has no type")
    return Event(kind, data, payload)


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise _bad("it is no JSON") from None
    if not isinstance(found, dict):
        raise _bad("it is no object")
    return found


def _length(head: dict[str, Any], name: str, most: int) -> int:
    length = head.get(name)
    if length is None:
        return 0
    if not isinstance(length, int) or isinstance(length, bool) or not 0 <= length <= most:
        raise _bad(f"{name} is {str(length)[:20]}, at most {most} are taken")
    return length


def _bad(why: str) -> DeviceError:
    return DeviceError(f"That is no Wyoming event: {why}", code="bad_frame")


class Peer:
    """The other end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def read(self) -> Event | None:
        return await read_event(self._reader)

    async def write(self, event: Event | Eventable) -> None:
        await async_write_event(event if isinstance(event, Event) else event.event(), self._writer)

    def close(self) -> None:
        self._writer.close()

    async def __aenter__(self) -> Peer:
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.close()


async def connect(url: str) -> Peer:
    """A service at ``tcp://host:port``. Raises HostError ``receiver_unreachable``, CallerError ``bad_value``."""
    parts = urlsplit(url)
    if parts.scheme != "tcp" or not parts.hostname or not parts.port:
        raise CallerError(f"{url[:80]!r} is no address", code="bad_value", field="url", expected="tcp://host:port")
    try:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=MAX_LINE)
    except (OSError, TimeoutError) as error:
        reason = getattr(error, "strerror", None) or "no answer"
        raise HostError(f"{url} cannot be reached ({reason})", code="receiver_unreachable") from None
    return Peer(reader, writer)
