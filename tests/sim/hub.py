"""Two small hubs for the simulator's tests: an MQTT door over loopback, made of the server's side of the state machine,
and an HTTP API that keeps places, things and secrets in dictionaries."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx

from unisono.wire.mqtt import (
    Connected,
    Disconnected,
    Limits,
    Pinged,
    ProtocolError,
    PublishRun,
    ReasonCode,
    ServerConnection,
    Subscribed,
)

DEADLINE_S = 20.0


class Guest(asyncio.Protocol):
    """One client of the `Door`."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.connection = ServerConnection(Limits())
        self.transport: asyncio.Transport | None = None
        self.name = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        for event in self.connection.receive(data):
            self._take(event)

    def _take(self, event: object) -> None:
        door = self.door
        if isinstance(event, Connected):
            self.name = event.connect.username or ""
            self._sign_in(event)
        elif isinstance(event, Subscribed):
            filters = [one.filter for one in event.packet.subscriptions]
            door.subscribed[self.name] = filters
            reasons = [0x80 if door.deaf else 1 for _ in filters]
            self.write(self.connection.suback(event.packet.packet_id, reasons))
        elif isinstance(event, PublishRun):
            for payload in event.payloads:
                door.heard.append((self.name, event.topic, json.loads(payload)))
            if event.qos and not door.silent:
                self.write(self.connection.pubacks(event.packet_ids))
        elif isinstance(event, Pinged):
            door.pings += 1
            if not door.silent:
                self.write(event.answer)
        elif isinstance(event, Disconnected):
            door.goodbyes.append(self.name)
        elif isinstance(event, ProtocolError):
            door.faults.append(event.detail)

    def _sign_in(self, event: Connected) -> None:
        door = self.door
        password = (event.connect.password or b"").decode()
        if door.secrets is not None and door.secrets.get(self.name) != password:
            door.refused += 1
            self.write(self.connection.refuse(ReasonCode.BAD_USER_NAME_OR_PASSWORD))
            assert self.transport is not None
            self.transport.close()
            return
        door.guests[self.name] = self
        door.sign_ins += 1
        if door.rude:
            self.cut()
        if door.mute or door.rude:
            return
        self.write(self.connection.accept())
        for early in self.connection.receive(b""):
            self._take(early)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.door.guests.get(self.name) is self:
            del self.door.guests[self.name]

    def write(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)

    def cut(self) -> None:
        if self.transport is not None:
            self.transport.abort()


class Door:
    """An MQTT server that records what it hears. ``secrets`` None lets everybody in."""

    def __init__(self, secrets: dict[str, str] | None = None, *, port: int = 0) -> None:
        self.secrets = secrets
        self.address = ("127.0.0.1", port)
        self.guests: dict[str, Guest] = {}
        self.subscribed: dict[str, list[str]] = {}
        self.heard: list[tuple[str, str, Any]] = []
        self.goodbyes: list[str] = []
        self.faults: list[str] = []
        self.sign_ins = self.refused = self.pings = 0
        self.deaf = False
        """Whether it refuses subscriptions."""
        self.silent = False
        """Whether it acknowledges nothing."""
        self.mute = self.rude = False
        """Whether it leaves CONNECT unanswered, or cuts instead of answering."""
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Door:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Guest(self), *self.address)
        self.address = ("127.0.0.1", int(self._server.sockets[0].getsockname()[1]))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for guest in list(self.guests.values()):
            guest.cut()
        await self._server.wait_closed()
        await until(lambda: not self.guests)

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.address[1]}"

    def say(self, thing: str, topic: str, document: object) -> None:
        """Deliver to a client at QoS 1."""
        guest = self.guests[thing]
        frame = guest.connection.deliver(topic, json.dumps(document).encode(), qos=1)
        assert frame
        guest.write(frame)

    def said(self, thing: str, topic: str) -> list[Any]:
        """What a client published to a topic."""
        return [payload for name, where, payload in self.heard if (name, where) == (thing, topic)]


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition, with a deadline."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.005)


class Api:
    """What the simulator asks of the API, in dictionaries; `handle` is for ``httpx.MockTransport``."""

    TOKEN = "let-me"

    def __init__(self) -> None:
        self.places: dict[str, dict[str, Any]] = {}
        self.things: dict[str, dict[str, Any]] = {}
        self.secrets: dict[str, str] = {}
        self.documents: list[tuple[str, bytes]] = []
        self.policies: dict[str, Any] = {}
        self.takes_documents = True
        self.requests: list[str] = []
        self.unreachable = 0
        """How many connections fail before one succeeds."""
        self._number = 0

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if self.unreachable:
            self.unreachable -= 1
            raise httpx.ConnectError("nobody there", request=request)
        self.requests.append(f"{request.method} {path}")
        if request.headers.get("authorization") != f"Bearer {self.TOKEN}":
            return self._problem(401, "not_signed_in", "You are not signed in")
        if path in ("/api/v1/scenes", "/api/v1/alarms/definitions"):
            assert request.headers["content-type"] == "application/yaml"
            self.documents.append((path, request.content))
            return (
                httpx.Response(201, json={})
                if self.takes_documents
                else self._problem(422, "bad_scene", "No such thing")
            )
        body = json.loads(request.content)
        if path.startswith("/api/v1/places"):
            return self._policy(path, body) if request.method == "PUT" else self._place(body)
        if path == "/api/v1/things":
            return self._things(body if isinstance(body, list) else [body])
        thing = path.removeprefix("/api/v1/things/").removesuffix("/secret")
        if thing not in self.things:
            return self._problem(404, "not_found", f"There is no thing {thing}")
        return httpx.Response(200, json={"id": thing, "secret": self._secret(thing)})

    def _policy(self, path: str, body: Any) -> httpx.Response:
        if not self.takes_documents:
            return self._problem(422, "bad_policy", "No such thing")
        self.policies[path.removeprefix("/api/v1/places/").removesuffix("/policy")] = body
        return httpx.Response(200, json={})

    def _place(self, body: dict[str, Any]) -> httpx.Response:
        if body["id"] in self.places:
            return self._problem(409, "exists", "taken")
        if body.get("parent") not in (None, *self.places):
            return self._problem(404, "not_found", "There is no such parent")
        self.places[body["id"]] = body
        return httpx.Response(201, json=body)

    def _things(self, rows: list[dict[str, Any]]) -> httpx.Response:
        if any(row["id"] in self.things for row in rows):
            return self._problem(409, "exists", "taken")
        if any(row["place"] not in self.places for row in rows):
            return self._problem(404, "not_found", "There is no such place")
        self.things.update({row["id"]: row for row in rows})
        items = [{"id": row["id"], "secret": self._secret(row["id"])} for row in rows]
        return httpx.Response(201, json={"items": items, "next": None})

    def _secret(self, thing: str) -> str:
        self._number += 1
        self.secrets[thing] = f"secret-{self._number}"
        return self.secrets[thing]

    @staticmethod
    def _problem(status: int, code: str, detail: str) -> httpx.Response:
        return httpx.Response(status, json={"code": code, "detail": detail, "status": status})
