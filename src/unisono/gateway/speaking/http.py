"""Devices that speak a dialect over HTTP: each request is said to the dialect's line, which lives on between requests.

Knows the line's host, the directory and HTTP's few words. Mounted by `unisono.app` on the HTTP ports, beside the API,
for the paths that a dialect claims. A device that waits for what is said to it (a long poll) is there from its first
wait on, and gone when it has not asked for a minute; one that only tells is like any other that only tells over HTTP.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl

from unisono.dialect import Say, dialects
from unisono.dialect.over_http import HttpAnswer, HttpAsk, HttpDialect, HttpRequest
from unisono.errors import CallerError, HostError, UnisonoError
from unisono.gateway.clock import now_us
from unisono.gateway.http import Receive, Scope, Send, TooSoonError, host_of, read_body, send_answer, send_problem
from unisono.gateway.speaking.line import LineHost, open_line
from unisono.twin.record import Presence, Refused
from unisono.wire.mqtt import Connect, PublishRun, matches

if TYPE_CHECKING:
    from unisono.gateway.connection import Connection
    from unisono.gateway.door.signin import Desk
    from unisono.gateway.server import Gateway
    from unisono.gateway.sessions.session import Message
    from unisono.twin.talk import SignIn

__all__ = ["DialectDoor"]

logger = logging.getLogger(__name__)

#: A device that has not asked for so long is gone: those that wait ask again at once, and rest some seconds at most.
IDLE_S = 60.0
SWEEP_S = 5.0
#: Devices whose lines are kept; what was said to one and is not fetched yet, the oldest giving way.
MOST, WAITING = 10_000, 50
#: A request that could be anybody's is measured before it is read further than this.
LONGEST_QUERY = 4_096


class _Session:
    """What a line wants to know of a session."""

    def __init__(self, key: str) -> None:
        self.key = key


class HttpClient:
    """One device between its requests; to its line it is a connection."""

    def __init__(self, gateway: Gateway, identity: SignIn) -> None:
        self.gateway = gateway
        self.identity = identity
        self.session = _Session(f"{identity.id}/{identity.speaks}/http")
        self.committer = gateway.committer(identity.partition)
        self.transport: object | None = self  # it is open
        self.epoch = gateway.bridges.new_epoch()
        self.line: LineHost | None = None
        self.there = False
        self.used = gateway.loop.time()
        self.waits = 0
        self._waiting: list[tuple[str, asyncio.Future[Say]]] = []
        self._kept: deque[Say] = deque(maxlen=WAITING)
        self._taken: dict[int, asyncio.Future[None]] = {}

    # what a line does with its connection

    def deliver(self, message: Message) -> None:
        said = Say(message.topic, message.payload)
        for filter, future in self._waiting:
            if not future.done() and matches(filter, said.topic):
                future.set_result(said)
                return
        self._kept.append(said)

    def acknowledge(self, run: PublishRun) -> None:
        future = self._taken.pop(id(run), None)
        if future is not None and not future.done():
            future.set_result(None)

    def not_taken(self, run: PublishRun, error: UnisonoError) -> None:
        future = self._taken.pop(id(run), None)
        if future is not None and not future.done():
            future.set_exception(error)

    # requests

    async def ask(self, ask: HttpAsk) -> Say | None:
        """Say what a request says, and wait for the answer; None where none came in time, or none is waited for."""
        assert self.line is not None
        loop = self.gateway.loop
        answer: asyncio.Future[Say] = loop.create_future()
        if ask.listens:
            self._listen(ask.answer)
        if ask.listens or ask.once:
            kept = next((each for each in self._kept if matches(ask.answer, each.topic)), None)
            if kept is not None:
                self._kept.remove(kept)
                return kept
        self.waits += 1
        if ask.answer:
            self._waiting.append((ask.answer, answer))
        try:
            if ask.topic:
                await self._say(ask)
            if not ask.answer:
                return None
            return await asyncio.wait_for(answer, ask.wait_s)
        except TimeoutError:
            return None
        finally:
            self.waits -= 1
            self.used = loop.time()
            self._waiting = [each for each in self._waiting if each[1] is not answer]

    async def _say(self, ask: HttpAsk) -> None:
        assert self.line is not None
        run = PublishRun(ask.topic, 0, [ask.payload], [], [], False, None)
        taken = self._taken[id(run)] = self.gateway.loop.create_future()
        self.line.heard(run)
        await taken

    def _listen(self, filter: str) -> None:
        assert self.line is not None
        if not self.there:
            self.there = True
            self._presence(online=True)
        self.line.subscribed([filter])

    def end(self) -> None:
        assert self.line is not None
        self.line.end()
        self.transport = None
        if self.there:
            self.there = False
            self._presence(online=False)

    def _presence(self, *, online: bool) -> None:
        reason = "connected" if online else "disconnected"
        entry = Presence(self.identity.id, self.gateway.id, self.epoch, online, reason, now_us(), self.session.key)
        self.committer.add(entry, 0)


class DialectDoor:
    """The ASGI application. ``gateway`` opens no port of its own: commands come to it for devices that wait here."""

    def __init__(self, gateway: Gateway, desk: Desk) -> None:
        self._gateway = gateway
        self._desk = desk
        self._doorman = gateway.doorman
        self._clients: dict[tuple[str, str, str], HttpClient] = {}
        self._speaking: list[Any] | None = None
        self._sweeper: asyncio.Task[None] | None = None

    def takes(self, scope: Scope) -> bool:
        """Whether a dialect claims the path."""
        try:
            return self._find(HttpRequest(scope["method"], scope["path"], {}, b"")) is not None
        except CallerError:
            return True  # it says what is wrong with it

    def _find(self, request: HttpRequest) -> tuple[HttpDialect, HttpAsk] | None:
        if self._speaking is None:
            self._speaking = [each for each in dialects().values() if isinstance(each, HttpDialect)]
        for each in self._speaking:
            ask = each.asked(request)
            if ask is not None:
                return each, ask
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except UnisonoError as error:
            await send_problem(send, error)
            return
        await send_answer(send, answer.status, answer.body, answer.kind.encode())

    async def _answer(self, scope: Scope, receive: Receive) -> HttpAnswer:
        query = scope.get("query_string", b"")[:LONGEST_QUERY].decode("latin-1")
        body = await read_body(scope, receive)
        request = HttpRequest(scope["method"], scope["path"], dict(parse_qsl(query)), body)
        found = self._find(request)
        assert found is not None, "it was taken because of its path"
        dialect, ask = found
        host = host_of(scope)
        identity = await self._signed_in(ask, host)
        if ask.topic and not ask.once:
            wait = self._doorman.report(host, identity.id, identity.root, len(body), self._gateway.loop.time())
            if wait is not None:
                detail = f"{wait.limit} is reached ({self._doorman.limit(wait.limit):g})"
                self._show(identity, ask.topic, "too_many", detail)
                raise TooSoonError(detail, "too_many", wait.seconds)
        client = await self._client(ask, identity)
        try:
            answer = dialect.told(request, await client.ask(ask))
        finally:
            if ask.once:
                client.end()
        if answer.refused:
            self._doorman.failed(host, ask.user, self._gateway.loop.time())
        return answer

    async def _signed_in(self, ask: HttpAsk, host: str) -> SignIn:
        now = self._gateway.loop.time()
        wait_s = self._doorman.wait_s(host, ask.user, now)
        if wait_s:
            raise TooSoonError(self._doorman.too_soon_over_http(host, ask.user, wait_s), "too_fast", wait_s)
        identity = await self._desk.ask(ask.user, ask.password, address=host, client=ask.client_id)
        if identity.code == "registry_unavailable":
            raise HostError(f"nobody can say who you are: {identity.detail}", code="registry_unavailable")
        if not identity.ok or not identity.speaks:
            self._doorman.failed_over_http(host, ask.user, ask.password, identity, now)
            detail = f"sign-in from {host} over HTTP: {identity.detail or identity.code}"
            self._show(identity, "", identity.code, detail)
            raise CallerError("the hub knows no device by that", code="bad_credentials", expected="its access token")
        return identity

    def _show(self, identity: SignIn, topic: str, code: str, detail: str) -> None:
        """Make a refusal visible on the thing's page, where it is one's, but not each of many."""
        if identity.root and self._doorman.may_show(identity.id, self._gateway.loop.time()):
            entry = Refused(identity.id, topic, now_us(), code, detail)
            self._gateway.committer(identity.partition).add(entry, len(detail))

    async def _client(self, ask: HttpAsk, identity: SignIn) -> HttpClient:
        key = (identity.id, identity.speaks, ask.user)
        client = None if ask.once else self._clients.get(key)
        if client is not None and client.line is not None:
            if client.identity != identity:
                client.identity = identity
                await client.line.learn(identity)
            return client
        if len(self._clients) >= MOST:
            raise CallerError(f"more than {MOST} devices speak over HTTP", code="too_many")
        client = HttpClient(self._gateway, identity)
        connect = Connect(client_id=ask.client_id, username=ask.user, password=ask.password.encode())
        client.line = await open_line(cast("Connection", client), connect, identity)
        if client.line is None:
            raise CallerError("its dialect is not installed here", code="not_found")
        client.line.begin()
        if not ask.once:
            self._clients.setdefault(key, client)
            if self._sweeper is None:
                self._sweeper = self._gateway.loop.create_task(self._sweep())
        return client if ask.once else self._clients[key]

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            now = self._gateway.loop.time()
            for key, client in list(self._clients.items()):
                if not client.waits and now - client.used > IDLE_S:
                    del self._clients[key]
                    client.end()

    async def stop(self) -> None:
        """Nobody waits here any more."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for client in self._clients.values():
            client.end()
        self._clients.clear()
