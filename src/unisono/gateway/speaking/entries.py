"""From what a translator says to entries of the log.

Knows both vocabularies. The log holds the hub's own terms only: a replay needs no dialect, and a later version of one
changes nothing that was said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from unisono.dialect import Happened, Odd, Replied, Reported, Said
from unisono.twin.record import Entry, Refused, Reports

__all__ = ["Origin", "body_of", "entry_of", "replied"]

#: Bytes of what could not be understood that are kept to be looked at.
EXCERPT = 200

encode = msgspec.json.encode


class Origin(NamedTuple):
    """Where a message came from: the session, the packet id (two bytes, or none), whether it was sent before."""

    client: str
    topic: str
    at: int
    packet_id: bytes = b""
    dup: bool = False
    payload: bytes = b""


def entry_of(said: Said, thing: str, origin: Origin) -> tuple[Entry, int] | None:
    """The entry for what is said of ``thing``, and the size of its payload; None for what is no entry."""
    if isinstance(said, Reported):
        body = said.values if said.at_ms is None else {"at": said.at_ms, "state": said.values}
        return _reports(thing, "state", encode(body), origin)
    if isinstance(said, Happened):
        return _reports(thing, f"event/{said.event}", encode(said.fields), origin)
    if isinstance(said, Replied):
        return _reports(thing, f"reply/{said.command}", replied(said.ok, said.output, said.error), origin)
    if isinstance(said, Odd):
        excerpt = origin.payload[:EXCERPT]
        return Refused(thing, origin.topic, origin.at, said.code, said.detail, excerpt), len(said.detail)
    return None


def _reports(thing: str, topic: str, payload: bytes, origin: Origin) -> tuple[Entry, int]:
    dups = [0] if origin.dup else []
    return Reports(thing, origin.client, topic, origin.at, [payload], origin.packet_id, dups), len(payload)


def replied(ok: bool, output: Any = None, error: str | None = None) -> bytes:
    """The payload of ``things/<id>/reply/<command>``."""
    body: dict[str, Any] = {"ok": ok}
    if output is not None:
        body["output"] = output
    if error is not None:
        body["error"] = error
    return encode(body)


def body_of(payload: bytes) -> Mapping[str, Any]:
    """What the owner sends down."""
    return msgspec.json.decode(payload, type=dict[str, Any])
