"""Load: thousands of sensors in one process, each a signed-in MQTT 3.1.1 client that publishes at QoS 1.

Knows pre-encoded frames: a message costs a slice assignment and a write. The handshake goes through the state machine
of `unisono.wire.mqtt`, which is dropped once the client is in.
"""

from __future__ import annotations

import asyncio
import logging
import resource
from collections.abc import Callable, Sequence
from random import Random
from typing import cast

import msgspec

from unisono.errors import CallerError, DeviceError, UnisonoError
from unisono.sim.client import Backoff
from unisono.sim.device import Label
from unisono.sim.kept import Keyring
from unisono.sim.native import STATE
from unisono.sim.options import SimOptions
from unisono.sim.provision import Provisioner
from unisono.sim.world import Place
from unisono.wire.mqtt import ClientConnection, Connack, Connect, ProtocolError

__all__ = ["MODEL", "Progress", "encode_frame", "run_things"]

_log = logging.getLogger(__name__)

MODEL = "sensor.temperature"
PLACE = "load_test"
PAYLOADS = 512  # different values; each client starts at another one
KEEP_ALIVE_S = 120  # a client at a low rate pings instead
PING_EVERY_S = 50.0
SLICE_S = 0.01  # messages of that long are sent in one go
WINDOW = 100  # unacknowledged messages a client may have; above it the client is passed over
CONNECTING = 256  # handshakes at a time: below the listen backlog of most systems
SIGN_IN_S = 20.0
SPARE_FILES = 64  # descriptors for everything that is no client
PROGRESS_S = 5.0
MAX_PACKET_ID = 65_535
PUBACK = 0x40
PUBACK_BYTES = 4  # MQTT 3.1.1 section 3.4
PINGREQ = b"\xc0\x00"
PINGRESP = 0xD0
DISCONNECT = b"\xe0\x00"


class Progress(msgspec.Struct):
    """Counts since the start; ``held`` are messages not sent because a client's window was full or it was away."""

    connected: int = 0
    sent: int = 0
    acknowledged: int = 0
    held: int = 0
    lost: int = 0
    """Connections that broke."""


def encode_frame(topic: str, payload: bytes) -> tuple[bytearray, int]:
    """A QoS 1 PUBLISH of MQTT 3.1.1 (section 3.3) with packet id 0, and the offset of the two bytes of that id."""
    name = topic.encode()
    rest = 2 + len(name) + 2 + len(payload)
    frame = bytearray([0x32])
    length = rest
    while length >= 0x80:
        frame.append(length & 0x7F | 0x80)
        length >>= 7
    frame.append(length)
    frame += len(name).to_bytes(2, "big") + name
    offset = len(frame)
    return frame + b"\0\0" + payload, offset


class _Sensor(asyncio.Protocol):
    """One client. ``in_flight`` counts what the hub has not acknowledged."""

    __slots__ = (
        "_handshake",
        "_rest",
        "_transport",
        "in_flight",
        "lost",
        "packet_id",
        "progress",
        "signed_in",
        "spoke_at",
    )

    def __init__(self, connect: Connect, progress: Progress) -> None:
        self._handshake: ClientConnection | None = ClientConnection(connect)
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self.signed_in: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.progress = progress
        self.in_flight = 0
        self.packet_id = 0
        self.spoke_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert self._handshake is not None
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it
        self._transport.write(self._handshake.open())

    def data_received(self, data: bytes) -> None:
        if self._handshake is not None:
            self._sign_in(data)
            return
        if self._rest:
            data = self._rest + data
        at, acknowledged = 0, 0
        end = len(data)
        while at < end:
            if data[at] == PUBACK:
                if end - at < PUBACK_BYTES:
                    break
                at += PUBACK_BYTES
                acknowledged += 1
            elif data[at] == PINGRESP:
                at += 2
            else:  # nothing else is due to a client without subscriptions
                self.close(politely=False)
                return
        self._rest = data[at:]
        self.in_flight -= acknowledged
        self.progress.acknowledged += acknowledged

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._rest = b""
        if not self.lost.done():
            self.lost.set_result(None)
        if not self.signed_in.done():
            self.signed_in.set_exception(DeviceError("the connection was closed while signing in"))
            self.signed_in.exception()
        elif self._handshake is None:
            self.progress.connected -= 1
            self.progress.lost += 1

    @property
    def connected(self) -> bool:
        """Whether it may publish."""
        return self._transport is not None and self._handshake is None

    def publish(self, frame: bytearray, offset: int) -> None:
        """Send one pre-encoded frame under the next packet id."""
        assert self._transport is not None
        self.packet_id = packet_id = self.packet_id % MAX_PACKET_ID + 1
        frame[offset : offset + 2] = packet_id.to_bytes(2, "big")
        self.in_flight += 1
        self._transport.write(bytes(frame))

    def ping(self) -> None:
        """Keep alive."""
        if self._transport is not None:
            self._transport.write(PINGREQ)

    def close(self, *, politely: bool) -> None:
        """Say DISCONNECT and close, or just cut."""
        if self._transport is None:
            return
        if politely:
            self._transport.write(DISCONNECT)
            self._transport.close()
        else:
            self._transport.abort()

    def _sign_in(self, data: bytes) -> None:
        assert self._handshake is not None
        for event in self._handshake.receive(data):
            if isinstance(event, Connack) and event.reason == 0:
                self._handshake = None
                self.progress.connected += 1
                self.signed_in.set_result(None)
                return
            if isinstance(event, Connack | ProtocolError):
                what = event.detail if isinstance(event, ProtocolError) else f"reason {event.reason}"
                self.signed_in.set_exception(DeviceError(f"sign-in refused: {what}", code="not_signed_in"))
                self.signed_in.exception()
                self.close(politely=False)
                return


class _Fleet:
    """All clients of one run."""

    def __init__(self, options: SimOptions, secrets: Sequence[tuple[str, str]], progress: Progress) -> None:
        self._options = options
        self._secrets = secrets
        self._rng = Random(options.seed)
        self.progress = progress
        self.sensors: list[_Sensor | None] = [None] * len(secrets)
        self._gate = asyncio.Semaphore(CONNECTING)
        frames = (b'{"temperature":%.2f}' % (18.0 + index / 64.0) for index in range(PAYLOADS))
        self._frames = [encode_frame(STATE, payload) for payload in frames]
        self._next = 0
        self._turn = 0

    async def keep_connected(self, index: int) -> None:
        """Connect one client, again whenever it was lost, until cancelled."""
        backoff = Backoff(self._rng)
        loop = asyncio.get_running_loop()
        while True:
            try:
                async with self._gate, asyncio.timeout(SIGN_IN_S):
                    await self._connect(index)
                backoff.reset()
            except (UnisonoError, OSError, TimeoutError) as error:
                _log.debug("%s: %s", self._secrets[index][0], error)
            while (sensor := self.sensors[index]) is not None and sensor.connected:
                await asyncio.wait((sensor.lost,), timeout=PING_EVERY_S * self._rng.uniform(0.8, 1.0))
                if loop.time() - sensor.spoke_at >= PING_EVERY_S / 2:
                    sensor.ping()
            await asyncio.sleep(backoff.next_s())

    def send(self, count: int, now_s: float) -> None:
        """Send ``count`` messages, one client after the other; a client that cannot is passed over and counted."""
        sensors, frames = self.sensors, self._frames
        for _ in range(count):
            self._next = index = (self._next + 1) % len(sensors)
            sensor = sensors[index]
            if sensor is None or not sensor.connected or sensor.in_flight >= WINDOW:
                self.progress.held += 1
                continue
            if index == 0:
                self._turn += 1
            frame, offset = frames[(self._turn + index * 7) % PAYLOADS]
            sensor.publish(frame, offset)
            sensor.spoke_at = now_s
            self.progress.sent += 1

    def close(self) -> None:
        """Every client says DISCONNECT."""
        for sensor in self.sensors:
            if sensor is not None:
                sensor.close(politely=True)

    async def _connect(self, index: int) -> None:
        thing, secret = self._secrets[index]
        connect = Connect(client_id=thing, keep_alive=KEEP_ALIVE_S, username=thing, password=secret.encode())
        loop = asyncio.get_running_loop()
        sensor: _Sensor | None = None
        try:
            _, sensor = await loop.create_connection(lambda: _Sensor(connect, self.progress), *self._options.address())
            await sensor.signed_in
        except BaseException:
            if sensor is not None:
                sensor.close(politely=False)
            raise
        self.sensors[index] = sensor


async def run_things(options: SimOptions, progress: Callable[[Progress], None] | None = None) -> None:
    """Publish ``rate`` messages/s in total from ``count`` sensors until cancelled; then each says DISCONNECT.

    ``progress`` is called every `PROGRESS_S` seconds (none: it is logged). Raises CallerError (too_many) when the
    system allows fewer open files than clients.
    """
    allow_files(options.count + SPARE_FILES)
    things = [
        Label(f"sim-{number:05d}", options.place or PLACE, f"Simulated sensor {number}", "")
        for number in range(options.count)
    ]
    keyring = Keyring(options.data)
    places = [] if options.place else [Place(PLACE, "Load test", "负载测试", "area")]
    await Provisioner(options, keyring).ensure(places, [(label, MODEL) for label in things])
    counts = Progress()
    fleet = _Fleet(options, [(label.thing, keyring.get(label.thing) or "") for label in things], counts)
    tasks = [asyncio.create_task(fleet.keep_connected(index)) for index in range(options.count)]
    try:
        await _pace(fleet, options.rate, progress or _show)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        fleet.close()
        await asyncio.sleep(0.1)  # the DISCONNECTs leave


async def _pace(fleet: _Fleet, rate: float, progress: Callable[[Progress], None]) -> None:
    loop = asyncio.get_running_loop()
    owed = 0.0
    then_s = told_s = loop.time()
    while True:
        await asyncio.sleep(SLICE_S)
        now_s = loop.time()
        owed = min(owed + rate * (now_s - then_s), rate)  # after a stall at most one second is made up for
        then_s = now_s
        count = int(owed)
        owed -= count
        fleet.send(count, now_s)
        if now_s - told_s >= PROGRESS_S:
            told_s = now_s
            progress(fleet.progress)


def _show(counts: Progress) -> None:
    _log.info(
        "%d connected, %d sent, %d acknowledged, %d held back",
        counts.connected,
        counts.sent,
        counts.acknowledged,
        counts.held,
    )


def allow_files(wanted: int) -> None:
    """Raise this process's limit of open files to ``wanted``. Raises CallerError (too_many) where it may not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise CallerError(
            f"{wanted} open files are needed, the system allows {hard}",
            code="too_many",
            field="count",
            mend=f"Run `ulimit -n {wanted}` first, as root, or use fewer things",
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
