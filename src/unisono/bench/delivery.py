"""``bench delivery``: messages a second that reach subscribers, and QoS 2, beside Mosquitto.

Knows what is run and which figures are compared. On the hub every message of QoS 1 and 2 is on disk before it is
acknowledged or delivered; Mosquitto keeps them in memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from unisono.bench import machine
from unisono.bench.drive import Load, between
from unisono.bench.hub import Hub
from unisono.bench.load import Job, Sample
from unisono.bench.measure import Target, cpu_seconds
from unisono.bench.report import Report, ratio
from unisono.bench.servers import PEERS

__all__ = ["GENERATOR_BOUND", "DeliveryOptions", "run_delivery"]

TOPIC = "bench/room%"
STATE = "things/me/state"
DRAIN_S = 20.0
BACKLOG_DEADLINE_S = 120.0
VERSION = 4
SPARE_FILES = 500
GENERATOR_BOUND = 0.95
"""Cores of one generator process from which on it may be what limits; the figure says so then."""

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class DeliveryOptions:
    """``fanout`` subscribers of one publisher; ``pairs`` of publisher and subscriber; ``clients`` publish at QoS 2."""

    seconds: float = 10.0
    ramp_s: float = 2.0
    fanout: int = 1_000
    fanout_window: int = 50
    pairs: int = 4
    pairs_window: int = 1_000
    clients: int = 20
    window: int = 100
    payloads: int = 1_000_000
    peers: tuple[str, ...] = ("mosquitto",)
    hub: bool = True

    @classmethod
    def quick(cls, **changes: Any) -> DeliveryOptions:
        """A smoke run."""
        return cls(**{"seconds": 0.5, "ramp_s": 0.2, "fanout": 100, "payloads": 20_000, **changes})


def run_delivery(options: DeliveryOptions, say: Say = lambda text: None) -> Report:
    """Run everything, one server at a time. Raises `HostError` if something is missing, `DeviceError` for a loss."""
    machine.require_proc()
    machine.raise_file_limit(options.fanout + SPARE_FILES)
    about = machine.machine()
    versions = {name: PEERS[name]().version() for name in options.peers}
    figures: dict[str, dict[str, dict[str, Any]]] = {}
    for name in options.peers:
        say(name)
        with PEERS[name]() as peer:
            names = [(f"bench{number}", "") for number in range(options.fanout + options.clients)]
            figures[name] = {key: _run(peer, job, options) for key, job in _jobs(peer.port, names, options).items()}
    if options.hub:
        say("unisono")
        with Hub() as hub:
            names = hub.add_things(options.fanout + options.clients, "meter")
            figures["unisono"] = {}
            for key, job in _jobs(hub.port, names, options).items():
                figures["unisono"][key] = _run(hub, job, options)
                hub.wait_for_backlog(BACKLOG_DEADLINE_S)
    return Report(
        benchmark="delivery",
        figures=figures,
        ratios=_ratios(figures, options),
        notes=[
            "rate: messages/s that arrived at subscribers (fan-out: at all of them together); QoS 2: completed/s",
            "publishers are at most their window ahead of what their subscribers received, so that nothing is dropped",
            f"generator_bound: one generator process took more than {GENERATOR_BOUND} of a core",
            *(
                f"{name} {version}: {' '.join((PEERS[name].__doc__ or '').split())}"
                for name, version in versions.items()
            ),
        ],
        machine={**about, **{f"{name}_version": version for name, version in versions.items()}},
        options=asdict(options),
    )


def _jobs(port: int, names: list[tuple[str, str]], options: DeliveryOptions) -> dict[str, Job]:
    """What is measured on each server: name -> job."""

    def job(publishers: int, listeners: int, qos: int, window: int, topic: str) -> Job:
        return Job(
            host="127.0.0.1", port=port, version=VERSION, qos=qos, window=window, topic=topic,
            credentials=names[:publishers], listeners=names[publishers : publishers + listeners],
            payloads=options.payloads,
        )  # fmt: skip

    pairs = options.pairs
    return {
        "fanout": job(1, options.fanout, 0, options.fanout_window, TOPIC),
        "fanout_qos1": job(1, options.fanout, 1, options.fanout_window, TOPIC),
        "pairs_qos0": job(pairs, pairs, 0, options.pairs_window, TOPIC),
        "pairs_qos1": job(pairs, pairs, 1, options.pairs_window, TOPIC),
        "qos2": job(options.clients, 0, 2, options.window, STATE),
    }


def _run(target: Target, job: Job, options: DeliveryOptions) -> dict[str, Any]:
    """Sign in, ramp up, measure, stop, wait until all is delivered."""
    copies = len(job.listeners) // len(job.credentials)
    with Load(job, program="exchange") as load:
        load.start()
        time.sleep(options.ramp_s)
        first, cpu_first = load.sample(), cpu_seconds(target.pids)
        time.sleep(options.seconds)
        last, cpu_last = load.sample(), cpu_seconds(target.pids)
        load.stop()
        end = _drain(load, job, copies)
    window = between(first, last)
    rate = window.received_per_s if copies else window.acked_per_s
    cores = (cpu_last - cpu_first) / window.seconds
    return {
        "rate": round(rate, 1),
        "published_per_s": round(window.sent_per_s, 1),
        "qos": job.qos,
        "publishers": len(job.credentials),
        "subscribers": len(job.listeners),
        "window": end.window,
        "seconds": round(window.seconds, 3),
        "server_cores": round(cores, 3),
        "generator_cores": round(window.generator_cpu, 3),
        "generator_bound": window.generator_cpu > GENERATOR_BOUND,
        "cpu_us_per_message": round(cores / rate * 1e6, 3) if rate else 0.0,
        "lost": end.sent * copies - end.received if copies else end.sent - end.acked,
        "disordered": end.disordered,
    }


def _drain(load: Load, job: Job, copies: int) -> Sample:
    """The counters once all that was sent is acknowledged and has arrived, or after `DRAIN_S`."""
    end = time.monotonic() + DRAIN_S
    while True:
        sample = load.sample()
        done = sample.received == sample.sent * copies and (not job.qos or sample.acked == sample.sent)
        if done or time.monotonic() > end:
            return sample
        time.sleep(0.02)


def _ratios(figures: dict[str, dict[str, dict[str, Any]]], options: DeliveryOptions) -> dict[str, float]:
    def rate(server: str, key: str) -> float | None:
        return figures.get(server, {}).get(key, {}).get("rate")

    found: dict[str, float | None] = {}
    for peer in options.peers:
        for name, key in (
            (f"fanout_vs_{peer}", "fanout"),
            (f"fanout_qos1_durable_vs_{peer}", "fanout_qos1"),
            (f"delivery_{options.pairs}to{options.pairs}_vs_{peer}", "pairs_qos1"),
            (f"delivery_{options.pairs}to{options.pairs}_qos0_vs_{peer}", "pairs_qos0"),
            (f"qos2_durable_vs_{peer}", "qos2"),
        ):
            found[name] = ratio(rate("unisono", key), rate(peer, key))
    return {name: value for name, value in found.items() if value is not None}
