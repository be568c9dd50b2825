"""One device's connection to the MQTT door: signs in, subscribes, keeps alive, comes back after a loss.

Knows sockets and the state machine of `unisono.wire.mqtt`. Knows nothing of what is said. Nothing is queued while the
connection is away: a device that comes back reports afresh.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from random import Random
from typing import cast

from unisono.errors import DeviceError, HostError, UnisonoError
from unisono.sim.native import DOWN_TOPICS
from unisono.wire.mqtt import (
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

__all__ = ["Backoff", "Client"]

_log = logging.getLogger(__name__)

KEEP_ALIVE_S = 60  # seconds; the hub notices a lost device after 90
SIGN_IN_S = 15.0  # connect, sign in and subscribe within that
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
CLOSE_S = 2.0  # for the last bytes to leave
GROWTH = 2.0
IN_FLIGHT = 64  # unacknowledged reports; beyond it the device skips reports and tells everything later
BAD_CREDENTIALS = frozenset({4, 5, 0x86, 0x87})  # MQTT 3.1.1 table 3.1, MQTT 5.0 table 3-1


class Backoff:
    """Pauses between attempts: doubling, with full jitter, so that devices do not all come back at once."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._ceiling_s = FIRST_PAUSE_S

    def reset(self) -> None:
        """An attempt succeeded."""
        self._ceiling_s = FIRST_PAUSE_S

    def next_s(self) -> float:
        """How long to wait before the next attempt, seconds."""
        ceiling_s = self._ceiling_s
        self._ceiling_s = min(LONGEST_PAUSE_S, ceiling_s * GROWTH)
        return self._rng.uniform(0.2 * ceiling_s, ceiling_s)


class _RefusedError(DeviceError):
    """The hub does not take this user name and password."""


class _Link(asyncio.Protocol):
    """One TCP connection: feeds bytes to the state machine and events to the client."""

    def __init__(self, connection: ClientConnection, take: Callable[[str, bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._connection = connection
        self._take = take
        self._transport: asyncio.Transport | None = None
        self.ready: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[None] = loop.create_future()
        self.heard_at = self.spoke_at = loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it
        self.write(self._connection.open())

    def data_received(self, data: bytes) -> None:
        self.heard_at = self._loop.time()
        for event in self._connection.receive(data):
            if isinstance(event, PublishRun):
                for payload in event.payloads:
                    self._take(event.topic, payload)
            elif isinstance(event, Reply):
                self.write(event.answer)
            elif isinstance(event, Connack):
                self._signed_in(event)
            elif isinstance(event, Suback):
                self._subscribed(event)
            elif isinstance(event, ProtocolError):
                self.write(event.answer)
                self._end(DeviceError(event.detail, code="protocol_error"))
            elif isinstance(event, Disconnect):
                self._end(DeviceError(f"the hub disconnected: reason 0x{event.reason:02x}", code="protocol_error"))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)
        self._end(HostError(str(exc or "the connection was closed"), code="hub_unreachable"))

    def write(self, data: bytes) -> None:
        """Hand bytes to the socket."""
        if self._transport is not None and data:
            self._transport.write(data)
            self.spoke_at = self._loop.time()

    def close(self, *, politely: bool) -> None:
        """Say DISCONNECT and close, or just cut."""
        if self._transport is None or self._transport.is_closing():
            return
        if politely:
            if self._connection.connected:
                self.write(self._connection.disconnect())
            self._transport.close()
        else:
            self._transport.abort()

    def _signed_in(self, event: Connack) -> None:
        if event.reason:
            kind = _RefusedError if event.reason in BAD_CREDENTIALS else DeviceError
            self._end(kind(f"sign-in refused: reason 0x{event.reason:02x}"))
            return
        wanted = [Subscription(topic, qos=1) for topic in DOWN_TOPICS]
        self.write(self._connection.subscribe(*wanted)[1])

    def _subscribed(self, event: Suback) -> None:
        if any(reason >= 0x80 for reason in event.reasons):
            self._end(DeviceError("the hub refused a subscription", code="topic_not_allowed"))
        elif not self.ready.done():
            self.ready.set_result(None)

    def _end(self, error: UnisonoError) -> None:
        for future in (self.ready, self.closed):
            if not future.done():
                future.set_exception(error)
                future.exception()  # seen: it is raised where it is awaited, if it is
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()


class Client:
    """A device's MQTT client. `run` it as a task; cancelling that task says DISCONNECT and closes.

    ``take`` is called with topic and payload of what the hub sends, ``came`` each time the subscriptions are in place.
    ``renew`` is asked for another secret when the hub refuses the present one.
    """

    def __init__(
        self,
        address: tuple[str, int],
        thing: str,
        secret: str,
        *,
        take: Callable[[str, bytes], None],
        came: Callable[[], None],
        renew: Callable[[], Awaitable[str]] | None = None,
        rng: Random,
        version: Version = Version.V311,
        keep_alive_s: int = KEEP_ALIVE_S,
    ) -> None:
        self._address = address
        self._thing = thing
        self._secret = secret
        self._take = take
        self._came = came
        self._renew = renew
        self._rng = rng
        self._version = version
        self._keep_alive_s = keep_alive_s
        self._connection: ClientConnection | None = None
        self._link: _Link | None = None
        self._away_s = 0.0
        self.failures = 0
        """Attempts and connections that ended in an error since the last success."""

    @property
    def ready(self) -> bool:
        """Whether it is signed in and subscribed."""
        return self._link is not None

    def publish(self, topic: str, payload: bytes) -> bool:
        """Send at QoS 1; False when there is no connection or too much is unacknowledged: then it is not sent."""
        if self._link is None or self._connection is None or not self._connection.connected:
            return False
        sent = self._connection.publish(topic, payload, qos=1)
        if sent is None:
            return False
        self._link.write(sent[1])
        return True

    def break_off(self, away_s: float) -> None:
        """Cut the connection without a word and stay away for ``away_s`` seconds."""
        if self._link is not None:
            self._away_s = away_s
            self._link.close(politely=False)

    async def run(self) -> None:
        """Be connected until cancelled."""
        backoff = Backoff(self._rng)
        while True:
            try:
                await self._connected(backoff)
            except _RefusedError as error:
                _log.warning("%s: %s", self._thing, error)
                await self._ask_for_secret()
            except (UnisonoError, OSError, TimeoutError) as error:
                _log.debug("%s: %s", self._thing, error)
            self.failures += 1
            pause_s = self._away_s or backoff.next_s()
            self._away_s = 0.0
            await asyncio.sleep(pause_s)

    async def _connected(self, backoff: Backoff) -> None:
        connection = ClientConnection(
            Connect(
                client_id=self._thing,
                version=self._version,
                keep_alive=self._keep_alive_s,
                username=self._thing,
                password=self._secret.encode(),
            ),
            max_in_flight=IN_FLIGHT,
        )
        loop = asyncio.get_running_loop()
        link: _Link | None = None
        try:
            async with asyncio.timeout(SIGN_IN_S):
                _, link = await loop.create_connection(lambda: _Link(connection, self._take), *self._address)
                await link.ready
            backoff.reset()
            self.failures = 0
            self._connection, self._link = connection, link
            self._came()
            await self._keep_alive(link, connection)
        finally:
            self._connection = self._link = None
            if link is not None:
                link.close(politely=True)
                await asyncio.wait((link.lost,), timeout=CLOSE_S)

    async def _keep_alive(self, link: _Link, connection: ClientConnection) -> None:
        loop = asyncio.get_running_loop()
        keep_alive_s = connection.keep_alive or self._keep_alive_s  # the hub may have set another [MQTT-3.2.2-21]
        every_s = keep_alive_s / 2
        while not link.closed.done():
            await asyncio.wait((link.closed,), timeout=every_s)
            now_s = loop.time()
            if now_s - link.heard_at > 1.5 * keep_alive_s:
                raise HostError("the hub fell silent", code="hub_unreachable")
            if now_s - min(link.spoke_at, link.heard_at) >= every_s * 0.9:
                link.write(connection.ping())
        link.closed.result()

    async def _ask_for_secret(self) -> None:
        if self._renew is None:
            return
        try:
            self._secret = await self._renew()
        except (UnisonoError, OSError) as error:
            _log.warning("%s: no new secret: %s", self._thing, error)
