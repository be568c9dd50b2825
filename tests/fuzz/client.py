"""What must hold of a client's connection whatever a server sends, however it is cut."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.fuzz.program import VERSIONS, Cursor, cuts, stream
from tests.fuzz.server import CPU_LIMIT_S
from tests.fuzz.written import packets_of
from unisono.wire.mqtt import (
    Acknowledged,
    ClientConnection,
    Connack,
    Connect,
    Properties,
    ProtocolError,
    Reply,
    Subscription,
    Version,
)
from unisono.wire.mqtt.codec import encode

__all__ = ["check_client"]

MAX_PACKET = 5_000
Make = Callable[[Connect], ClientConnection]


def _make(connect: Connect) -> ClientConnection:
    return ClientConnection(connect, max_packet_size=MAX_PACKET, max_in_flight=4)


class Talk:
    """One client that asks for this and that, is cut off and comes back; ``told`` does not depend on the cuts."""

    def __init__(self, make: Make, version: Version, asks: int) -> None:
        self.client = make(Connect("me", version, clean_start=False))
        self.asks = asks
        self.told: list[object] = []
        self.written = bytearray()
        self.broken = False

    def open(self, answer: bytes) -> None:
        """A new connection; the server's first packet comes alone, and is followed by what the client asks then."""
        packets_of(bytes(self.written), self.client.version)
        self.written[:] = self.client.open()
        self.broken = False
        self.feed(answer)
        if self.client.connected:
            self.ask()

    def feed(self, chunk: bytes) -> None:
        """One chunk of the socket's; none after the end."""
        if self.broken:
            return
        for event in self.client.receive(chunk):
            assert not self.broken, f"{event} after a protocol error"
            self.broken = isinstance(event, ProtocolError)
            if isinstance(event, Acknowledged):
                self.told += event.packet_ids
            elif not isinstance(event, Reply):
                self.told.append(event)
            if isinstance(event, Reply | ProtocolError):
                self.written += event.answer
        kept = len(self.client._inlet._rest or b"")
        assert kept <= MAX_PACKET, f"{kept} bytes kept"

    def ask(self) -> None:
        for qos in (0, 1, 2, 2, 1)[: self.asks]:
            made = self.client.publish("a/b", b"p", qos) if self.largest_fits() else None
            self.written += made[1] if made else b""
        if self.asks > 2:
            self.written += self.client.subscribe(Subscription("a/#"), Subscription("b", 2))[1]
            self.written += self.client.unsubscribe(["a/#", "c"])[1]

    def largest_fits(self) -> bool:
        """A server may allow packets so small that nothing can be published; `publish` says so by an error."""
        outgoing = self.client._outgoing
        return outgoing is not None and (not outgoing._largest or outgoing._largest > 30)


def check_client(data: bytes, make: Make = _make) -> None:
    """Run one input; raises AssertionError, or whatever a connection should not have raised."""
    began = time.process_time()
    cursor = Cursor(data)
    version = VERSIONS[cursor.among(3)]
    asks = cursor.among(6)
    pattern = cursor.take(4)
    fresh, resumed = (encode(Connack(present), version) for present in (False, version > Version.V31))
    limited = encode(Connack(properties=Properties(receive_maximum=2, maximum_packet_size=40)), version)
    streams = []
    for _ in range(1 + cursor.among(3)):
        opening = (b"", fresh, resumed, limited if version == Version.V5 else fresh)[cursor.among(4)]
        streams.append((opening, stream(Cursor(cursor.take(cursor.u16() % 2_000)), version)))
    streams.append((fresh, stream(cursor, version)))
    whole, cut = Talk(make, version, asks), Talk(make, version, asks)
    for opening, received in streams:
        whole.open(opening)
        whole.feed(received)
        cut.open(opening)
        for piece in cuts(received, pattern):
            cut.feed(piece)
        assert cut.broken == whole.broken
    assert cut.told == whole.told, f"events depend on how the stream was cut: {cut.told} {whole.told}"
    packets_of(bytes(cut.written), version)
    packets_of(bytes(whole.written), version)
    for talk in (whole, cut):
        assert len(talk.client.session.held) <= 0xFFFF
        assert len(talk.client.session.in_flight) <= 4
    spent = time.process_time() - began
    assert spent < CPU_LIMIT_S, f"{spent:.2f} s of CPU for {sum(len(received) for _, received in streams)} bytes"
