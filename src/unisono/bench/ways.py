"""``bench ways``: what TLS and WebSocket leave of the ingest, beside brokers that have the same ways in.

Knows what is run and which figures are compared: the QoS 1 load of ``bench ingest`` (durable on the hub, in memory at
the peers), through each way. Certificates are of one kind everywhere (ECDSA P-256).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from unisono.bench import machine
from unisono.bench.hub import Hub
from unisono.bench.ingest import BACKLOG_DEADLINE_S, DRAIN_S, TOPIC
from unisono.bench.line import WAYS
from unisono.bench.load import Job
from unisono.bench.measure import measure
from unisono.bench.report import Report, ratio
from unisono.bench.servers import PEERS, Peer

__all__ = ["WaysOptions", "run_ways"]

VERSION = 4
SPARE_FILES = 500


@dataclass(frozen=True, kw_only=True)
class WaysOptions:
    """``seconds`` of each load through TCP, TLS and WebSocket, at each server through those that it has."""

    seconds: float = 10.0
    ramp_s: float = 2.0
    clients: int = 20
    windows: tuple[int, ...] = (100, 1000)
    payloads: int = 1_000_000
    tls: bool = True
    websocket: bool = True
    peers: tuple[str, ...] = ("mosquitto", "nats")
    hub: bool = True

    @classmethod
    def quick(cls, **changes: Any) -> WaysOptions:
        """A smoke run."""
        return cls(**{"seconds": 0.5, "ramp_s": 0.2, "windows": (100,), "payloads": 20_000, **changes})


def run_ways(options: WaysOptions, say: Callable[[str], None] = lambda text: None) -> Report:
    """Run everything, one server at a time. Raises `HostError` if something is missing."""
    machine.require_proc()
    machine.raise_file_limit(options.clients + SPARE_FILES)
    about = machine.machine()
    ways = [way for way in WAYS if way == "tcp" or getattr(options, way)]
    versions = {name: PEERS[name]().version() for name in options.peers}
    figures: dict[str, dict[str, dict[str, Any]]] = {}
    names = [(f"bench{number}", "") for number in range(options.clients)]
    for name in options.peers:
        peer = PEERS[name](ways=tuple(way for way in ways if way in PEERS[name].ways))
        say(f"{name}: {', '.join(peer.ports_wanted)}")
        with peer:
            figures[name] = {}
            for way, port in peer.ports.items():
                _load(peer, way, port, names, options, figures[name])
    if options.hub:
        say(f"unisono: {', '.join(ways)}")
        with Hub(doors=True) as hub:
            names = hub.add_things(options.clients, "meter")
            figures["unisono"] = {}
            for way in ways:
                _load(hub, way, hub.ports[way], names, options, figures["unisono"])
    return Report(
        benchmark="ways",
        figures=figures,
        ratios=_ratios(figures, options),
        notes=[
            "QoS 1, 20 clients, as in bench ingest; the hub's are durable",
            "WebSocket clients send each packet in a frame of its own, masked; frames are made before the clock starts",
            "websocket_vs_mosquitto_tcp: Debian's Mosquitto comes without WebSocket, so ours is beside its plain TCP",
            *(
                f"{name} {version}: {' '.join((PEERS[name].__doc__ or '').split())}"
                for name, version in versions.items()
            ),
        ],
        machine={**about, **{f"{name}_version": version for name, version in versions.items()}},
        options=asdict(options),
    )


def _load(
    target: Peer | Hub,
    way: str,
    port: int,
    names: list[tuple[str, str]],
    options: WaysOptions,
    found: dict[str, dict[str, Any]],
) -> None:
    for window in options.windows:
        job = Job(
            host="127.0.0.1", port=port, version=VERSION, qos=1, window=window, topic=TOPIC, credentials=names,
            payloads=options.payloads, way=way,
        )  # fmt: skip
        run = measure(target, job, ramp_s=options.ramp_s, seconds=options.seconds, drain_s=DRAIN_S)
        found[f"{way}_window_{window}"] = run.numbers()
        if isinstance(target, Hub):
            target.wait_for_backlog(BACKLOG_DEADLINE_S)


def _ratios(figures: dict[str, dict[str, dict[str, Any]]], options: WaysOptions) -> dict[str, float]:
    """Ours over theirs through the same way; the first window is the one without a number in its name."""

    def rate(server: str, way: str, window: int) -> float | None:
        return figures.get(server, {}).get(f"{way}_window_{window}", {}).get("rate")

    found: dict[str, float | None] = {}
    for index, window in enumerate(options.windows):
        end = f"_window_{window}" if index else ""
        for peer in options.peers:
            for way in WAYS:
                found[f"{way}_vs_{peer}{end}"] = ratio(rate("unisono", way, window), rate(peer, way, window))
            if rate(peer, "websocket", window) is None:
                tcp = rate(peer, "tcp", window)
                found[f"websocket_vs_{peer}_tcp{end}"] = ratio(rate("unisono", "websocket", window), tcp)
        for way in ("tls", "websocket"):
            found[f"{way}_vs_own_tcp{end}"] = ratio(rate("unisono", way, window), rate("unisono", "tcp", window))
    return {name: value for name, value in found.items() if value is not None}
