"""``bench latency``: from a device's PUBLISH to a person's screen, and to another device that a scene commands.

Knows probes and percentiles. The probe's value is the microsecond (CLOCK_MONOTONIC, one clock for all processes) at
which it was published; the watcher subtracts. On the hub the watcher is a client of ``/api/v1/live``, on a peer another
MQTT subscriber at QoS 0. All of it under a steady background load.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import msgspec
import uvloop

from unisono.bench import machine
from unisono.bench.drive import Load, between
from unisono.bench.frames import decode_connack, encode_connect, encode_publish, encode_subscribe
from unisono.bench.hub import PLACE, Hub
from unisono.bench.lanes import ACTOR
from unisono.bench.load import KEEP_ALIVE_S, Job
from unisono.bench.measure import Target, cpu_seconds
from unisono.bench.report import Report, ratio
from unisono.bench.servers import PEERS
from unisono.errors import DeviceError

__all__ = ["LatencyOptions", "percentile", "run_latency"]

SETTLE_S = 1.0  # after the last probe: what has not arrived by then counts as unseen
READY_WITHIN_S = 10.0
WINDOW = 5_000  # never reached: the rate is what bounds the background load


@dataclass(frozen=True, kw_only=True)
class LatencyOptions:
    """``rate``: messages a second of background load, spread over ``clients``; ``probe_rate``: timed ones a second."""

    seconds: float = 20.0
    ramp_s: float = 2.0
    rate: float = 20_000.0
    clients: int = 200
    probe_rate: float = 50.0
    peers: tuple[str, ...] = ("mosquitto", "nats", "amqtt")
    hub: bool = True

    @classmethod
    def quick(cls, **changes: Any) -> LatencyOptions:
        """A smoke run."""
        return cls(**{"seconds": 1.0, "ramp_s": 0.3, "clients": 10, **changes})


def run_latency(options: LatencyOptions, say: Callable[[str], None] = lambda text: None) -> Report:
    """Measure the hub's live view and each peer's relay under the same load."""
    machine.require_proc()
    about = machine.machine()
    versions = {name: PEERS[name]().version() for name in options.peers}
    figures: dict[str, dict[str, dict[str, Any]]] = {}
    for name in options.peers:
        say(f"{name}: publish to subscriber at {_rate(name, options):,.0f} messages/s")
        with PEERS[name]() as peer:
            names = [(f"bench{number}", "") for number in range(options.clients)]
            port = peer.port
            figures[name] = {
                "publish_to_subscriber": _under_load(
                    peer, names, options, _rate(name, options), partial(_peer, port, options)
                )
            }
    if options.hub:
        with Hub() as hub:
            names = hub.add_things(options.clients, "meter")
            probe = hub.add_things(1, "probe")[0]
            found: dict[str, dict[str, Any]] = {}
            for what, watched in (("thing", {"thing": probe[0]}), ("place", {"place": "bench"})):
                say(f"unisono: publish to live view of one {what} at {options.rate:,.0f} messages/s")
                found[f"publish_to_live_{what}"] = _under_load(
                    hub, names, options, options.rate, partial(_live, hub, probe, watched, options)
                )
            say(f"unisono: publish to the command that a scene gives another device at {options.rate:,.0f} messages/s")
            found["publish_to_command"] = _under_load(
                hub, names, options, options.rate, partial(_scene, hub, probe, options)
            )
            figures["unisono"] = found
    ratios = {
        f"p99_vs_{name}": ratio(
            figures.get("unisono", {}).get("publish_to_live_thing", {}).get("p99_ms"),
            figures[name]["publish_to_subscriber"]["p99_ms"],
        )
        for name in options.peers
    }
    return Report(
        benchmark="latency",
        figures=figures,
        ratios={name: value for name, value in ratios.items() if value is not None},
        notes=[f"{name} was given {_rate(name, options):,.0f} messages/s, its most" for name in options.peers
               if _rate(name, options) < options.rate],
        machine={**about, **{f"{name}_version": version for name, version in versions.items()}},
        options=asdict(options),
    )  # fmt: skip


def _rate(name: str, options: LatencyOptions) -> float:
    return min(options.rate, PEERS[name].max_rate)


def _under_load(
    target: Target,
    names: list[tuple[str, str]],
    options: LatencyOptions,
    rate: float,
    probe: Callable[[], Awaitable[Seen]],
) -> dict[str, Any]:
    """Latencies of ``probe`` while ``rate`` messages a second of others go through the server."""
    job = Job(
        host="127.0.0.1", port=target.port, version=4, qos=1, window=WINDOW, topic="things/me/state",
        credentials=names, payloads=min(1_000_000, WINDOW * len(names)), rate=rate,
    )  # fmt: skip
    with Load(job) as load:
        load.start()
        time.sleep(options.ramp_s)
        first, cpu = load.sample(), cpu_seconds(target.pids)
        seen = uvloop.run(_awaited(probe))
        last, cpu = load.sample(), cpu_seconds(target.pids) - cpu
        load.stop()
        load.drain(SETTLE_S * 5)
    window = between(first, last)
    return {
        **percentiles(seen.latencies_s),
        "probes": seen.published,
        "joined": seen.joined,
        "unseen": seen.published - len(seen.latencies_s),
        "background_per_s": round(window.acked_per_s, 1),
        "server_cores": round(cpu / window.seconds, 3),
        "clients": len(names),
    }


async def _awaited(probe: Callable[[], Awaitable[Seen]]) -> Seen:
    return await probe()


class Seen:
    """What a watcher saw of a probe. A live view joins changes that come faster than it is read: a value that a newer
    one replaced counts from its publishing until that newer one was shown (``joined`` is how many those are)."""

    def __init__(self) -> None:
        self.published = 0
        self.joined = 0
        self.latencies_s: list[float] = []
        self._waiting: deque[int] = deque()

    def publish(self, at_us: int) -> None:
        """A value, the time itself, is about to be published."""
        self.published += 1
        self._waiting.append(at_us)

    def see(self, value_us: int, now_us: int) -> None:
        """A value was shown at ``now_us``."""
        while self._waiting and self._waiting[0] <= value_us:
            at_us = self._waiting.popleft()
            self.joined += at_us != value_us
            self.latencies_s.append((now_us - at_us) / 1e6)


def percentile(ordered: list[float], share: float) -> float:
    """The value below which ``share`` (0..1) of the sorted values lie (nearest rank)."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def percentiles(seen_s: list[float]) -> dict[str, float | None]:
    """p50, p99 and the largest in milliseconds; None when nothing was seen."""
    ordered = sorted(seen_s)
    if not ordered:
        return {"p50_ms": None, "p90_ms": None, "p99_ms": None, "max_ms": None}
    return {
        f"{name}_ms": round(percentile(ordered, share) * 1000, 3)
        for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0))
    }


def _now_us() -> int:
    return time.monotonic_ns() // 1000


class _Probe:
    """One MQTT client that publishes the time, at QoS 1."""

    def __init__(self, topic: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.topic = topic
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int, topic: str, name: str, secret: str) -> _Probe:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        user, password = (name, secret) if secret else (None, None)
        writer.write(encode_connect(name, user, password, version=4, keep_alive_s=KEEP_ALIVE_S))
        connack = decode_connack(await reader.readexactly(4), 4)
        if connack is None or connack.code:
            raise DeviceError(f"the probe was not let in: {connack}", code="bad_credentials")
        return cls(topic, reader, writer)

    async def publish(self, seconds: float, rate: float, seen: Seen) -> None:
        """Publish at ``rate`` for ``seconds``; PUBACKs are read and ignored."""
        drain = asyncio.create_task(self._ignore())
        try:
            begin = time.monotonic()
            for number in range(int(seconds * rate)):
                await asyncio.sleep(max(0.0, begin + number / rate - time.monotonic()))
                now = _now_us()
                seen.publish(now)
                body = b'{"count":%d}' % now
                self.writer.write(
                    encode_publish(self.topic, body, qos=1, packet_id=number % 65_535 + 1, version=4)
                )  # fmt: skip
            await asyncio.sleep(SETTLE_S)
        finally:
            drain.cancel()
            self.writer.close()

    async def _ignore(self) -> None:
        while await self.reader.read(4096):
            pass


async def _live(hub: Hub, thing: tuple[str, str], watched: dict[str, str], options: LatencyOptions) -> Seen:
    """Watch ``/api/v1/live`` while the probe publishes."""
    from websockets.asyncio.client import connect

    seen = Seen()
    probe = await _Probe.connect(hub.port, "things/me/state", *thing)
    url = f"ws://127.0.0.1:{hub.http_port}/api/v1/live"
    async with connect(url, max_size=1 << 24, compression=None) as socket:
        await socket.send(msgspec.json.encode({"token": hub.token}).decode())
        await socket.send(msgspec.json.encode({"subscribe": watched}).decode())
        await socket.send('{"ping": 1}')
        async with asyncio.timeout(READY_WITHIN_S):
            while "pong" not in msgspec.json.decode(await socket.recv()):
                pass

        async def watch() -> None:
            name = f'"{thing[0]}"'
            async for frame in socket:
                now = _now_us()
                if name in str(frame):
                    change = msgspec.json.decode(frame).get("changed", {}).get("count")
                    if change:
                        seen.see(change["value"], now)

        watcher = asyncio.create_task(watch())
        try:
            await probe.publish(options.seconds, options.probe_rate, seen)
        finally:
            watcher.cancel()
    return seen


async def _scene(hub: Hub, thing: tuple[str, str], options: LatencyOptions) -> Seen:
    """Let a scene hand what the probe says to another device, and watch there."""
    seen = Seen()
    hub.add_model(ACTOR)
    actor = hub.add_things(1, "actor", model=ACTOR["id"])[0]
    given = {"it": {"thing": thing[0], "property": "count"}}
    level = {"cel": {"expression": "it", "given": given}}
    scene = {
        "id": "latency", "name": "Latency", "place": PLACE,
        "when": [{"change": {"things": [thing[0]], "property": "count"}}],
        "then": [{"set": {"things": [actor[0]], "state": {"level": level}}}],
    }  # fmt: skip
    hub.ask("POST", "/api/v1/scenes", json=scene)
    watcher = await _Probe.connect(hub.port, "", *actor)
    watcher.writer.write(encode_subscribe(1, "things/me/set", 0, version=4))
    async with asyncio.timeout(READY_WITHIN_S):
        await watcher.reader.readexactly(5)
    probe = await _Probe.connect(hub.port, "things/me/state", *thing)

    async def watch() -> None:
        while True:
            body = await watcher.reader.readuntil(b"}}")
            seen.see(int(body[body.rindex(b":") + 1 : -2]), _now_us())

    task = asyncio.create_task(watch())
    try:
        await probe.publish(options.seconds, options.probe_rate, seen)
    finally:
        task.cancel()
        watcher.writer.close()
    return seen


async def _peer(port: int, options: LatencyOptions) -> Seen:
    """Watch with an MQTT subscriber while the probe publishes."""
    seen = Seen()
    watcher = await _Probe.connect(port, "", "watcher", "")
    watcher.writer.write(encode_subscribe(1, "probe/state", 0, version=4))
    async with asyncio.timeout(READY_WITHIN_S):
        await watcher.reader.readexactly(5)
    probe = await _Probe.connect(port, "probe/state", "probe", "")

    async def watch() -> None:
        while True:
            body = await watcher.reader.readuntil(b"}")
            seen.see(int(body[body.rindex(b":") + 1 : -1]), _now_us())

    task = asyncio.create_task(watch())
    try:
        await probe.publish(options.seconds, options.probe_rate, seen)
    finally:
        task.cancel()
        watcher.writer.close()
    return seen
