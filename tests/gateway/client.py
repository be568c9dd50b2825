"""A device for the tests: `ClientConnection` on a real socket, with everything it was told kept to be looked at."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.parts import until
from unisono.wire.mqtt import (
    Acknowledged,
    ClientConnection,
    Connack,
    Connect,
    Disconnect,
    ProtocolError,
    PublishRun,
    Suback,
    Subscription,
    Unsuback,
    Version,
)
from unisono.wire.mqtt.codec import decode_body, encode
from unisono.wire.mqtt.events import Reply
from unisono.wire.mqtt.fields import Reader
from unisono.wire.mqtt.framing import Inlet, find_packet
from unisono.wire.mqtt.packets import Packet, Properties, Puback, Publish, Pubrec

__all__ = ["Client", "connect_packet"]

LARGEST = 16 << 20


def connect_packet(thing: str, secret: str | None = None, **fields: Any) -> Connect:
    """CONNECT as a device sends it; the client id is the thing's id unless given. Secrets of tests are ``s-<id>``."""
    password = (secret if secret is not None else f"s-{thing}").encode()
    fields.setdefault("client_id", thing)
    return Connect(username=thing, password=password, **fields)


class Client(asyncio.Protocol):
    """One client; `open` may be called again after the connection ended."""

    def __init__(self, port: int, connect: Connect) -> None:
        self.port = port
        self.wire = ClientConnection(connect, max_packet_size=LARGEST)
        self.transport: asyncio.Transport | None = None
        self.deaf = False
        self._begin()

    def _begin(self) -> None:
        self.closed = asyncio.Event()
        self.connack: Connack | None = None
        self.messages: list[tuple[str, bytes, int, bool]] = []
        self.runs: list[PublishRun] = []
        self.acknowledged: list[int] = []
        self.reasons: dict[int, int] = {}
        self.answers: dict[int, list[int]] = {}
        self.goodbye: Disconnect | None = None
        self.faults: list[str] = []
        self.last_bytes = b""
        self.packets: list[Packet] = []
        self._packets = Inlet()

    @property
    def payloads(self) -> list[bytes]:
        return [payload for _topic, payload, _qos, _retain in self.messages]

    @property
    def published(self) -> list[Publish]:
        """PUBLISH packets as they came, whatever the state machine made of them."""
        return [packet for packet in self.packets if isinstance(packet, Publish)]

    @property
    def told(self) -> list[Properties]:
        """The properties of the messages, in their order."""
        return [run.properties or Properties() for run in self.runs for _each in run.payloads]

    async def dial(self) -> None:
        """Open the socket; say nothing."""
        self._begin()
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self.port)

    async def open(self, extra: bytes = b"") -> Connack:
        """Connect and wait for CONNACK; ``extra`` goes out in the same segment as CONNECT."""
        await self.dial()
        self.send(self.wire.open() + extra)
        await until(lambda: self.connack or self.closed.is_set(), "CONNACK")
        assert self.connack is not None, "the connection was closed without CONNACK"
        return self.connack

    def send(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.last_bytes = data
        self._look(data)
        if self.deaf:
            return
        for event in self.wire.receive(data):
            if isinstance(event, Connack):
                self.connack = event
            elif isinstance(event, PublishRun):
                self.runs.append(event)
                self.messages += [(event.topic, each, event.qos, event.retain) for each in event.payloads]
            elif isinstance(event, Acknowledged):
                self.acknowledged += event.packet_ids
            elif isinstance(event, Suback | Unsuback):
                self.answers[event.packet_id] = event.reasons
            elif isinstance(event, Disconnect):
                self.goodbye = event
            elif isinstance(event, Reply):
                self.send(event.answer)
            elif isinstance(event, ProtocolError):
                self.faults.append(event.detail)

    def _look(self, data: bytes) -> None:
        """Remember the reasons of acknowledgements, which the state machine does not tell."""
        whole = self._packets.join(data)
        if whole is None:
            return
        pos = 0
        version = self.wire.version
        while pos < len(whole):
            start, stop = find_packet(whole, pos, LARGEST, minimal=version == Version.V5)
            if stop > len(whole):
                self._packets.keep(whole, pos, stop - pos)
                return
            packet = decode_body(whole[pos], Reader(whole, start, stop), version)
            if isinstance(packet, Puback | Pubrec):
                self.reasons[packet.packet_id] = packet.reason
            self.packets.append(packet)
            pos = stop

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self.closed.set()

    # what a device does

    def publish(self, topic: str, payload: bytes, qos: int = 0, retain: bool = False, **more: Any) -> int:
        """Send a message; returns its packet id."""
        made = self.wire.publish(topic, payload, qos, retain, **more)
        assert made is not None
        self.send(made[1])
        return made[0]

    async def say(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False, **more: Any) -> int:
        """Send a message at QoS 1 or 2 and wait until it is acknowledged; returns the reason."""
        number = self.publish(topic, payload, qos, retain, **more)
        await until(lambda: number in self.acknowledged, f"PUBACK for {topic}")
        return self.reasons.get(number, 0)

    async def subscribe(self, *filters: str | Subscription, qos: int = 1, **more: Any) -> list[int]:
        """Subscribe and wait for SUBACK; returns its reasons."""
        wanted = [one if isinstance(one, Subscription) else Subscription(one, qos) for one in filters]
        number, data = self.wire.subscribe(*wanted, **more)
        self.send(data)
        await until(lambda: number in self.answers, f"SUBACK for {filters}")
        return self.answers[number]

    async def unsubscribe(self, *filters: str) -> list[int]:
        number, data = self.wire.unsubscribe(filters)
        self.send(data)
        await until(lambda: number in self.answers, f"UNSUBACK for {filters}")
        return self.answers[number]

    async def leave(self, reason: int = 0, properties: Properties | None = None) -> None:
        """DISCONNECT and wait for the end of the connection."""
        self.wire.disconnect()
        self.send(encode(Disconnect(reason, properties), self.wire.version))
        await until(self.closed.is_set, "the end of the connection")

    async def drop(self) -> None:
        """Break the connection without a word."""
        if self.transport is not None:
            self.transport.abort()
        await until(self.closed.is_set, "the end of the connection")
