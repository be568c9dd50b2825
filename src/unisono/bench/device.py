"""One device for `bench`: it comes back after every loss, and what it says is acknowledged sooner or later, once.

Knows sockets and the state machine of `unisono.wire.mqtt`. Knows nothing of what is said.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any, cast

import msgspec

from unisono.errors import DeviceError
from unisono.wire.mqtt import (
    Acknowledged,
    ClientConnection,
    Connack,
    Connect,
    Disconnect,
    ProtocolError,
    PublishRun,
    Reply,
    Suback,
    Subscription,
    Version,
)

__all__ = ["Device"]

RETRY_S = 0.05  # between attempts while the hub is away
KEEP_ALIVE_S = 60
DOWN = ("things/me/set", "things/me/call/+", "things/me/desired")


class Device(asyncio.Protocol):
    """``hear(topic, message)`` is told what the hub sends; without it nothing is subscribed. ``lasting``: its session
    outlives its connection, so that a report which was on its way is sent again as such."""

    def __init__(
        self,
        port: int,
        thing: tuple[str, str],
        hear: Callable[[str, Any], None] | None = None,
        *,
        lasting: bool = False,
    ) -> None:
        self.id, secret = thing
        self._port = port
        self._hear = hear
        self._wire = ClientConnection(
            Connect(
                client_id=self.id,
                version=Version.V311,
                keep_alive=KEEP_ALIVE_S,
                username=self.id,
                password=secret.encode(),
                clean_start=not lasting,
            )
        )
        self._transport: asyncio.Transport | None = None
        self._up = asyncio.Event()
        self._lost = asyncio.Event()
        self._acked: dict[int, asyncio.Future[float]] = {}
        self._away_s = 0.0
        self.since = 0.0
        """Monotonic time from which it hears what is sent to it."""

    async def run(self) -> None:
        """Be there until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                self._lost.clear()
                with contextlib.suppress(OSError):
                    await loop.create_connection(lambda: self, "127.0.0.1", self._port)
                    await self._lost.wait()
                await asyncio.sleep(RETRY_S + self._away_s)
                self._away_s = 0.0
        finally:
            self._cut()

    async def report(self, **state: Any) -> tuple[float, float]:
        """Say it at QoS 1 and wait until it is acknowledged; monotonic times before and after."""
        return await self.say("things/me/state", state)

    async def say(self, topic: str, message: Any) -> tuple[float, float]:
        """The same on any topic."""
        await self._up.wait()
        at = time.monotonic()
        sent = self._wire.publish(topic, msgspec.json.encode(message), qos=1)
        if sent is None or self._transport is None:
            raise DeviceError(f"{self.id} has too much under way", code="too_many")
        self._acked[sent[0]] = done = asyncio.get_running_loop().create_future()
        self._transport.write(sent[1])
        return at, await done

    def leave(self, away_s: float) -> None:
        """Lose the connection and stay away."""
        self._away_s = away_s
        self._cut()

    def _cut(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._wire.open())

    def data_received(self, data: bytes) -> None:
        transport = self._transport
        assert transport is not None
        for event in self._wire.receive(data):
            match event:
                case Reply():
                    transport.write(event.answer)
                case PublishRun():
                    for payload in event.payloads:
                        if self._hear is not None:
                            self._hear(event.topic, msgspec.json.decode(payload))
                case Acknowledged():
                    self._done(event.packet_ids)
                case Connack(reason=0) if self._hear is not None:
                    transport.write(self._wire.subscribe(*(Subscription(topic, qos=1) for topic in DOWN))[1])
                case Connack(reason=0) | Suback():
                    self.since = time.monotonic()
                    self._up.set()
                case Connack() | Disconnect() | ProtocolError():
                    transport.abort()
                case _:
                    pass

    def _done(self, packet_ids: list[int]) -> None:
        now = time.monotonic()
        for packet_id in packet_ids:
            future = self._acked.pop(packet_id, None)
            if future is not None and not future.done():
                future.set_result(now)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._up.clear()
        self._lost.set()
