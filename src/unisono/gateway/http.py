"""The device's HTTP door: state and events in, wanted values out (``/api/v1/device/...``), as an ASGI application.

Knows HTTP's few words for it; the same entries as MQTT go the same way: 202 only after the log holds them.
"""

from __future__ import annotations

import asyncio
import math
import ssl
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

import msgspec

from unisono.errors import CallerError, HostError, UnisonoError
from unisono.gateway.asking import claimed, read_claim
from unisono.gateway.clock import now_us
from unisono.gateway.commit import Committer, LogWriter
from unisono.gateway.door.doorman import Doorman, Tally, address_of
from unisono.gateway.door.limits import HubLimits
from unisono.gateway.door.signin import Desk
from unisono.store.bus import Bus
from unisono.twin.record import Refused, Reports
from unisono.twin.talk import CLAIM, ClaimAnswer, ClaimAsk, SignIn, TwinsAsk, ask_gateway, ask_owner

__all__ = [
    "DeviceDoor",
    "Receive",
    "Scope",
    "Send",
    "TooSoonError",
    "host_of",
    "read_body",
    "send_answer",
    "send_problem",
]

MAX_BODY_BYTES = 256 * 1024
PREFIX = "/api/v1/device/"
#: Entries that wait for the disk at a time; beyond, devices are told to come back.
MAX_PENDING = 2_000
#: This door's name on the bus.
HTTP = "http"
#: Statuses that mean "later", and when that is unless we know better.
COME_BACK = (429, 503, 507)
RETRY_S = 1.0
#: A claim is a registry transaction and an entry of the log.
CLAIM_TIMEOUT_S = 15.0

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class TooSoonError(CallerError):
    """A limit in time; ``wait_s``: when it is over."""

    def __init__(self, detail: str, code: str, wait_s: float) -> None:
        super().__init__(detail, code=code, mend=f"Try again in {math.ceil(wait_s)} s")
        self.wait_s = wait_s


class DeviceDoor:
    """Mounted by `unisono.app` on the HTTP port. ``tally``: of the gateway whose figures count what is refused here."""

    def __init__(
        self,
        bus: Bus,
        logs: Callable[[str], LogWriter],
        allowed: HubLimits | None = None,
        tally: Tally | None = None,
    ) -> None:
        self._bus = bus
        self._doorman = Doorman(HTTP, allowed or HubLimits(), bus, tally)
        self._logs = logs
        self._desk = Desk(bus)
        self._committers: dict[str, Committer] = {}
        self._pending = 0

    async def start(self) -> None:
        """Hear of failed sign-ins at other doors, and tell of those here."""
        await self._doorman.start()
        await self._bus.serve(ask_gateway(HTTP, "attempts"), self._doorman.answer_attempts)

    def no_http(self, address: str, first: bytes, tls: bool) -> None:
        """A stranger at the port said what is no HTTP: a device that was given the wrong port, most likely."""
        self._doorman.no_http(address, first, tls=tls)

    def no_tls(self, address: str, error: ssl.SSLError) -> None:
        """A TLS handshake failed at the port of HTTPS."""
        self._doorman.handshake_failed(address, error, https=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            status, body, kind = await self._answer(scope, receive)
        except UnisonoError as error:
            await send_problem(send, error)
            return
        await send_answer(send, status, body, kind)

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, bytes, bytes]:
        path = scope["path"].removeprefix(PREFIX).strip("/")
        method = scope["method"]
        if path == "desired" and method == "GET":
            identity = await self._signed_in(scope)
            asked = msgspec.msgpack.encode(TwinsAsk([identity.id]))
            return 200, await self._bus.request(ask_owner(identity.partition, "desired"), asked), b"application/json"
        if method == "POST" and path == "claim":
            return 200, await self._claim(scope, await read_body(scope, receive)), b"application/json"
        if method == "POST" and (path == "state" or (path.startswith("event/") and path.count("/") == 1)):
            identity = await self._signed_in(scope)
            body = await read_body(scope, receive)
            wait = self._doorman.report(host_of(scope), identity.id, identity.root, len(body), time.monotonic())
            if wait is not None:
                detail = f"{wait.limit} is reached ({self._doorman.limit(wait.limit):g})"
                self._show(identity, f"things/me/{path}", "too_many", detail)
                raise TooSoonError(detail, "too_many", wait.seconds)
            await self._report(identity, path, body)
            return 202, b"{}", b"application/json"
        known = "POST state, POST event/<event>, GET desired, POST claim"
        raise CallerError(f"{method} {path} is nothing a device can do", code="not_found", expected=known)

    async def _claim(self, scope: Scope, body: bytes) -> bytes:
        """A new device redeems its claim code; the code is all it needs to show."""
        address = scope["client"][0] if scope.get("client") else ""
        wanted = read_claim(body)
        ask = ClaimAsk(wanted.code, address, wanted.id, wanted.model, wanted.name)
        answer = await self._bus.request(CLAIM, msgspec.msgpack.encode(ask), CLAIM_TIMEOUT_S)
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        return msgspec.json.encode(claimed(msgspec.msgpack.decode(answer, type=ClaimAnswer), _without_port(host)))

    async def _signed_in(self, scope: Scope) -> SignIn:
        headers = dict(scope["headers"])
        kind, _, credentials = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        id, colon, secret = credentials.strip().partition(":")
        if kind.lower() != "bearer" or not colon:
            raise CallerError("no sign-in", code="not_signed_in", expected="Authorization: Bearer <thing id>:<secret>")
        host = host_of(scope)
        wait_s = self._doorman.wait_s(host, id, time.monotonic())
        if wait_s:
            raise TooSoonError(self._doorman.too_soon_over_http(host, id, wait_s), "too_fast", wait_s)
        identity = await self._desk.ask(id, secret)
        if identity.code == "registry_unavailable":
            raise HostError(f"nobody can say who you are: {identity.detail}", code="registry_unavailable")
        if not identity.ok:
            self._doorman.failed_over_http(host, id, secret, identity, time.monotonic())
            detail = f"sign-in from {host} over HTTP: {identity.detail or identity.code}"
            self._show(identity, "", identity.code, detail)
            raise CallerError("thing or secret is not known", code="bad_credentials")
        if identity.rights.kind != "thing":
            raise CallerError(
                "only a thing says what it is",
                code="not_allowed",
                expected="a thing's id and secret; programs use /api/v1/things, a claim code POST claim",
            )
        return identity

    def _show(self, identity: SignIn, topic: str, code: str, detail: str) -> None:
        """Make a refusal visible on the thing's page, where it is one's, but not each of many."""
        if identity.root and self._doorman.may_show(identity.id, time.monotonic()):
            entry = Refused(identity.id, topic, now_us(), code, detail)
            self._committer(identity.partition).add(entry, len(detail))

    def _committer(self, partition: str) -> Committer:
        found = self._committers.get(partition)
        if found is None:
            found = self._committers[partition] = Committer(self._logs(partition), HTTP)
        return found

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

        self._pending += 1
        try:
            entry = Reports(identity.id, f"{identity.id}/http", topic, now_us(), [body])
            self._committer(identity.partition).add(entry, len(body), done)
            await landed
        finally:
            self._pending -= 1

    async def stop(self) -> None:
        for committer in self._committers.values():
            await committer.drain()


async def send_problem(send: Send, error: UnisonoError) -> None:
    """An error as a problem document (RFC 9457), with the time to come back where that helps."""
    problem = error.problem()
    status = int(str(problem["status"]))
    more = [(b"www-authenticate", b"Bearer")] if status == 401 else []
    if status in COME_BACK:
        wait_s = error.wait_s if isinstance(error, TooSoonError) else RETRY_S
        more.append((b"retry-after", str(math.ceil(wait_s)).encode()))
    await send_answer(send, status, msgspec.json.encode(problem), b"application/problem+json", more)


async def send_answer(
    send: Send, status: int, body: bytes, kind: bytes, more: Sequence[tuple[bytes, bytes]] = ()
) -> None:
    """A response that nobody keeps."""
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def host_of(scope: Scope) -> str:
    """Where a request comes from, as limits count it."""
    client = scope.get("client")
    return address_of(client[0]) if client else ""


def _without_port(host: str) -> str:
    """The host of a Host header (RFC 9110 section 7.2), IPv6 without its brackets."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return name.strip("[]")


async def read_body(scope: Scope, receive: Receive) -> bytes:
    """The body, bounded. Raises CallerError ``too_large``, or ``bad_request`` where it ends early."""
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
