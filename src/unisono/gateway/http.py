"""The device's HTTP door: state and events in, wanted values out (``/api/v1/device/...``), as an ASGI application.

Knows HTTP's few words for it; the same entries as MQTT go the same way: 202 only after the log holds them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from unisono.errors import CallerError, HostError, UnisonoError
from unisono.gateway.commit import Committer, LogWriter
from unisono.gateway.signin import Desk
from unisono.store.bus import Bus
from unisono.twin.record import Reports
from unisono.twin.talk import SignIn, TwinsAsk, ask_owner

__all__ = ["DeviceDoor"]

MAX_BODY_BYTES = 256 * 1024
PREFIX = "/api/v1/device/"
#: Entries that wait for the disk at a time; beyond, devices are told to come back.
MAX_PENDING = 2_000

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class DeviceDoor:
    """Mounted by `unisono.app` on the HTTP port."""

    def __init__(self, bus: Bus, logs: Callable[[str], LogWriter]) -> None:
        self._bus = bus
        self._logs = logs
        self._desk = Desk(bus)
        self._committers: dict[str, Committer] = {}
        self._pending = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            status, body, kind = await self._answer(scope, receive)
        except UnisonoError as error:
            problem = error.problem()
            status, body, kind = int(str(problem["status"])), msgspec.json.encode(problem), b"application/problem+json"
        headers = [
            (b"content-type", kind),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        if status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, bytes, bytes]:
        path = scope["path"].removeprefix(PREFIX).strip("/")
        method = scope["method"]
        if path == "desired" and method == "GET":
            identity = await self._signed_in(scope)
            asked = msgspec.msgpack.encode(TwinsAsk([identity.id]))
            return 200, await self._bus.request(ask_owner(identity.partition, "desired"), asked), b"application/json"
        if method == "POST" and (path == "state" or (path.startswith("event/") and path.count("/") == 1)):
            identity = await self._signed_in(scope)
            await self._report(identity, path, await _body(scope, receive))
            return 202, b"{}", b"application/json"
        known = "POST state, POST event/<event>, GET desired"
        raise CallerError(f"{method} {path} is nothing a device can do", code="not_found", expected=known)

    async def _signed_in(self, scope: Scope) -> SignIn:
        headers = dict(scope["headers"])
        kind, _, credentials = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        id, colon, secret = credentials.strip().partition(":")
        if kind.lower() != "bearer" or not colon:
            raise CallerError("no sign-in", code="not_signed_in", expected="Authorization: Bearer <thing id>:<secret>")
        identity = await self._desk.ask(id, secret)
        if identity.code == "registry_unavailable":
            raise HostError(f"nobody can say who you are: {identity.detail}", code="registry_unavailable")
        if not identity.ok:
            raise CallerError("thing or secret is not known", code="bad_credentials")
        return identity

    async def _report(self, identity: SignIn, topic: str, body: bytes) -> None:
        if self._pending >= MAX_PENDING:
            raise CallerError("too many reports wait for the disk", code="too_many", mend="Try again in a second")
        loop = asyncio.get_running_loop()
        landed: asyncio.Future[None] = loop.create_future()

        def done(error: UnisonoError | None) -> None:
            if landed.done():
                return
            if error is None:
                landed.set_result(None)
            else:
                landed.set_exception(error)

        committer = self._committers.get(identity.partition)
        if committer is None:
            committer = self._committers[identity.partition] = Committer(self._logs(identity.partition), "http")
        self._pending += 1
        try:
            entry = Reports(identity.id, f"{identity.id}/http", topic, time.time_ns() // 1000, [body])
            committer.add(entry, len(body), done)
            await landed
        finally:
            self._pending -= 1

    async def stop(self) -> None:
        for committer in self._committers.values():
            await committer.drain()


async def _body(scope: Scope, receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CallerError("the connection ended early", code="bad_request")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY_BYTES:
            raise CallerError(f"more than {MAX_BODY_BYTES} bytes", code="too_large")
        if not message.get("more_body"):
            return b"".join(parts)
