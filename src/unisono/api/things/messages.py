"""Raw messages of a thing over HTTP: what it said, as it said it, and what was sent down to it.

Knows the entries of the log. The log is kept only until it has been folded and written to history, so this looks back
minutes, not days; whoever watches asks again from where the last answer ended.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Annotated, Any

import msgspec
from litestar import Router, get
from litestar.params import FromPath, QueryParameter

from unisono.access import Action
from unisono.api.inject import Asker, Context
from unisono.api.times import iso
from unisono.twin import record

__all__ = ["router"]

DEFAULT_LIMIT, MAX_LIMIT = 100, 500
#: Batches of the log that one question reads: under full load a tenth of a second's, at a house's pace an hour's.
MAX_BATCHES = 500
READ_S = 5.0
#: Of a payload so much is shown; a firmware is no message to look at.
MAX_PAYLOAD = 4_096


class RawMessage(msgspec.Struct):
    """One message. ``way``: in or out. ``payload`` as text where it is UTF-8, else ``binary`` and hexadecimal."""

    at: str
    way: str
    topic: str
    payload: str
    binary: bool
    client: str
    qos: int
    refused: str | None = None


class RawMessages(msgspec.Struct):
    """Oldest first. ``next``: goes into ``after`` for what comes; ``skipped``: so many batches of the log lay between
    that were not read, since there was too much."""

    items: list[RawMessage]
    next: int
    skipped: int


@get("/things/{thing_id:str}/messages")
async def raw_messages(
    context: Context,
    identity: Asker,
    thing_id: FromPath[str],
    after: Annotated[int | None, QueryParameter(ge=0, description="next of the last answer")] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
) -> RawMessages:
    """What a thing said and what was sent to it, as it went over the line: the newest, or what came ``after``.

    Of a device that speaks another language this is what its translator made of it. For whoever may configure it.
    """
    _row, partition = await context.thing(thing_id, identity, Action.CONFIGURE)
    log = context.log_of(partition)
    first, last, _size = await log.bounds()
    begin = first if after is None else max(first, after + 1)
    start = max(begin, last - MAX_BATCHES + 1)
    known = {
        view.id: _sent(view.set, view.call, view.input) for view in await context.owners.commands(partition, thing_id)
    }
    found = _Finder(thing_id, limit, known)
    if start <= last:
        reader = await log.read(start, found.take)
        try:
            async with asyncio.timeout(READ_S):
                await reader.wait_until(last)
        finally:
            await reader.stop()
    return RawMessages(list(found.items), max(last, after or 0), start - begin if after is not None else 0)


def _sent(wanted: dict[str, Any] | None, call: str | None, given: dict[str, Any] | None) -> tuple[str, str]:
    """What of a topic stands behind the thing, and what was sent there."""
    if call is not None:
        return f"call/{call}", msgspec.json.encode(given or {}).decode()
    return "set", msgspec.json.encode(wanted or {}).decode()


class _Finder:
    """Gathers the newest messages of one thing. ``known``: what its commands sent, by id."""

    def __init__(self, thing: str, limit: int, known: dict[str, tuple[str, str]]) -> None:
        self._thing = thing
        self._known = known
        self.items: deque[RawMessage] = deque(maxlen=limit)

    def take(self, _seq: int, payload: bytes) -> None:
        for entry in record.decode_batch(payload).entries:
            if isinstance(entry, record.Reports):
                if entry.thing == self._thing:
                    self._said(entry)
            elif isinstance(entry, record.Refused):
                if entry.thing == self._thing:
                    why = f"{entry.code}: {entry.detail}"
                    self._add(entry.at, "in", entry.topic, entry.excerpt, refused=why)
            elif isinstance(entry, record.Asked):
                if entry.thing == self._thing:
                    self._known[entry.id] = _sent(entry.set, entry.call, entry.input)
            elif isinstance(entry, record.Sent) and entry.ok and entry.command in self._known:
                topic, body = self._known[entry.command]
                self._add(entry.at, "out", f"things/{self._thing}/{topic}", body.encode())

    def _said(self, run: record.Reports) -> None:
        for payload in run.payloads:
            topic = f"things/{run.thing}/{run.topic}"
            self._add(run.at, "in", topic, payload, client=run.client, qos=1 if run.packet_ids else 0)

    def _add(
        self,
        at: int,
        way: str,
        topic: str,
        payload: bytes,
        *,
        client: str = "",
        qos: int = 0,
        refused: str | None = None,
    ) -> None:
        shown = payload[:MAX_PAYLOAD]
        try:
            text, binary = shown.decode(), False
        except UnicodeDecodeError as error:
            cut = len(payload) > MAX_PAYLOAD and error.start >= MAX_PAYLOAD - 4  # in the middle of a character
            text, binary = (shown[: error.start].decode(), False) if cut else (shown.hex(), True)
        self.items.append(RawMessage(iso(at), way, topic, text, binary, client, qos, refused))


router = Router("/", route_handlers=[raw_messages], tags=["things"])
