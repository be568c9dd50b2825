"""The bus: what processes of the hub say to each other, at most once.

Knows subjects as text and payloads as bytes. Knows nothing of what they mean, nor of the log.

An answer is framed: first byte 0, then the answer; or first byte 1, then an RFC 9457 problem document in JSON (plus
``fault``: caller, device or host), which `Bus.request` raises again as the error it was.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

import nats.errors

from unisono.errors import CODES, CallerError, DeviceError, HostError, UnisonoError, with_others
from unisono.store.connection import Connection, NoRespondersError

__all__ = ["Bus", "NobodyError", "connect"]

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 15.0
"""How long the first connection may take; the hub's own server is ready before anyone connects."""

RECONNECT_PAUSE_S = 0.1
"""A restarted server is back in 30 ms; ten attempts a second cost nothing."""

PING_INTERVAL_S = 10
PINGS_OUTSTANDING = 6
"""A peer that is gone without closing is noticed after a minute; a server that recovers a large log is not given up."""

REQUEST_TIMEOUT_S = 5.0

MAX_SERVED = 1000
"""Requests of one `Bus` that are being answered at a time; the next one is answered ``too_many`` at once."""

_SUBJECT = re.compile(r"[^\s.]+(?:\.[^\s.]+)*")
_FAULTS: dict[str, type[UnisonoError]] = {"caller": CallerError, "device": DeviceError, "host": HostError}

OK = b"\x00"
PROBLEM = b"\x01"


class NobodyError(HostError):
    """Nobody serves the subject that was asked: it was not carried out."""


async def connect(
    url: str, token: str | None = None, name: str = "unisono", *, timeout_s: float = CONNECT_TIMEOUT_S
) -> Connection:
    """Connect to NATS; afterwards the connection is kept up for ever.

    ``url`` may name several servers (commas) and carry ``user:password@`` or ``token@``; ``?creds=FILE`` names a
    credentials file, ``?disk=FOLDER`` where a server on this machine keeps its files (so that a full disk is seen
    before it is hit). Raises HostError ``log_unavailable`` when no server lets us in within ``timeout_s``.
    """
    servers, creds, disk = _servers(url)
    connection = Connection()
    connection.disk = Path(disk) if disk else None
    options: dict[str, Any] = {"user_credentials": creds} if creds else {}
    if token:
        options["token"] = token
    try:
        async with asyncio.timeout(timeout_s):
            await connection.connect(
                servers,
                name=name,
                error_cb=connection.had_trouble,
                disconnected_cb=connection.went_down,
                reconnected_cb=connection.came_up,
                max_reconnect_attempts=-1,
                reconnect_time_wait=RECONNECT_PAUSE_S,  # type: ignore[arg-type]  # declared int, used as seconds
                ping_interval=PING_INTERVAL_S,
                max_outstanding_pings=PINGS_OUTSTANDING,
                # Writing is bounded by `Connection.send`; the client's own bound would block whoever writes.
                pending_size=1 << 40,
                **options,
            )
    except (OSError, nats.errors.Error, ValueError) as error:
        await connection.close()
        shown = ", ".join(urlsplit(server).netloc.rpartition("@")[2] for server in servers)
        why = connection.refusal or connection.last_trouble or error or "no answer"
        raise HostError(
            f"no connection to NATS at {shown}: {why}",
            mend="Check that nats-server runs there and that the token or credentials are right",
        ) from error
    return connection


def _servers(url: str) -> tuple[list[str], str | None, str | None]:
    facts: dict[str, list[str]] = {}
    servers = []
    for part in url.split(","):
        text = part.strip()
        pieces = urlsplit(text if "://" in text else f"nats://{text}")
        facts.update(parse_qs(pieces.query))
        servers.append(urlunsplit(pieces._replace(query="", fragment="")))
    return servers, facts.get("creds", [None])[0], facts.get("disk", [None])[0]


class Bus:
    """Publish, ask and serve over one `Connection`; handlers run in its event loop."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._serving: set[asyncio.Task[None]] = set()
        self._sids: list[int] = []

    @property
    def connected(self) -> bool:
        return bool(self._connection.is_connected)

    def publish(self, subject: str, payload: bytes) -> None:
        """At most once, without waiting. Raises HostError ``hub_unreachable`` when too much waits to be sent."""
        self._connection.send(_checked(subject), payload)

    async def request(self, subject: str, payload: bytes, timeout_s: float = REQUEST_TIMEOUT_S) -> bytes:
        """Ask and wait for the answer.

        Raises the UnisonoError with which the other side answered; HostError ``owner_unavailable`` when nobody serves
        the subject (`NobodyError`), the connection breaks, or no answer comes in ``timeout_s`` (it may still have been
        carried out).
        """
        why = ""
        kind = HostError
        try:
            _, answer = await self._connection.ask(_checked(subject), payload, timeout_s)
        except NoRespondersError:
            why = "nobody answers there at the moment"
            kind = NobodyError
        except TimeoutError:
            why = f"no answer within {timeout_s:g} s"
        except ConnectionError as error:
            why = str(error)
        else:
            if answer[:1] == OK:
                return answer[1:]
            raise decode_problem(answer[1:])
        raise kind(f"{subject}: {why}", code="owner_unavailable", mend="Try again; if it stays so: unisono doctor")

    async def subscribe(self, subject: str, handler: Callable[[bytes], None], queue: str = "") -> Callable[[], None]:
        """Call ``handler(payload)`` for each message, in order, straight from the read loop: it must be quick.

        Returns what ends it. ``queue``: one of the subscribers with this name gets each message.
        """
        sid = self._connection.listen(_checked(subject), lambda _s, _r, _h, payload: handler(payload), queue)
        return await self._settled(sid)

    async def serve(
        self, subject: str, handler: Callable[[bytes], Awaitable[bytes]], queue: str = ""
    ) -> Callable[[], None]:
        """Answer requests with what ``handler(payload)`` returns, each in a task of its own; returns what ends it.

        A UnisonoError becomes the asker's error; anything else is logged and answered as ``internal``.
        """

        def take(_subject: bytes, reply: bytes, _header: bytes, payload: bytes) -> None:
            if not reply:
                return
            if len(self._serving) >= MAX_SERVED:
                too_many = CallerError(f"{MAX_SERVED} questions are being answered already", code="too_many")
                self._connection.send(reply.decode(), encode_problem(too_many))
                return
            task = asyncio.create_task(self._serve_one(handler, reply.decode(), payload))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

        return await self._settled(self._connection.listen(_checked(subject), take, queue))

    async def close(self) -> None:
        """End every subscription and what is being answered; the connection stays open."""
        for sid in self._sids:
            self._connection.deafen(sid)
        self._sids.clear()
        tasks = list(self._serving)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _settled(self, sid: int) -> Callable[[], None]:
        """The server has the subscription when this returns: what is published from now on by anyone arrives."""
        self._sids.append(sid)
        if self._connection.is_connected:
            try:
                await self._connection.flush()
            except nats.errors.Error as error:
                # The connection is being made again, and the subscription with it.
                logger.debug("subscription %d not yet confirmed: %r", sid, error)

        def end() -> None:
            if sid in self._sids:
                self._sids.remove(sid)
                self._connection.deafen(sid)

        return end

    async def _serve_one(self, handler: Callable[[bytes], Awaitable[bytes]], reply: str, payload: bytes) -> None:
        try:
            answer = OK + await handler(payload)
        except UnisonoError as error:
            answer = encode_problem(error)
        except Exception as error:
            logger.exception("a request could not be answered")
            answer = encode_problem(HostError(f"{type(error).__name__} while answering", code="internal"))
        try:
            if len(answer) > self._connection.max_payload:
                size = f"the answer has {len(answer)} bytes, the bus takes {self._connection.max_payload}"
                answer = encode_problem(CallerError(size, code="too_large", mend="Ask for less at a time"))
            self._connection.send(reply, answer)
        except HostError as error:
            logger.warning("an answer could not be sent: %s", error)


def encode_problem(error: UnisonoError) -> bytes:
    """The frame that carries an error back to who asked."""
    fault = next((name for name, kind in _FAULTS.items() if isinstance(error, kind)), "host")
    return PROBLEM + json.dumps({**error.problem(), "fault": fault}, ensure_ascii=False).encode()


def decode_problem(document: bytes) -> UnisonoError:
    """The error in a problem document; HostError ``internal`` when it is none."""
    try:
        members = json.loads(document)
        kind = _FAULTS[members["fault"]]
        code = members["code"] if members["code"] in CODES else kind.default_code
        error = kind(
            str(members["detail"]),
            code=code,
            field=members.get("field"),
            expected=members.get("expected"),
            mend=members.get("mend"),
            rule=members.get("rule"),
        )
        return with_others(error, members)
    except (ValueError, KeyError, TypeError):
        return HostError("an answer on the bus was not understood", code="internal")


def _checked(subject: str) -> str:
    """Subjects carry ids: one with a space or line break in it would be read as protocol."""
    if _SUBJECT.fullmatch(subject) is None:
        raise CallerError(
            f"{subject!r} cannot be a subject", code="bad_id", expected="words without blanks, joined by dots"
        )
    return subject
