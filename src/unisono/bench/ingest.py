"""``bench ingest``: messages a second, beside the other brokers, and through the hub's whole pipeline.

Knows what is run and which figures are compared. The hub's messages are always durable, validated, folded and kept in
history; the peers only relay or acknowledge.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from unisono.bench import machine
from unisono.bench.drive import Load, between
from unisono.bench.hub import Hub
from unisono.bench.load import Job
from unisono.bench.measure import MemoryWatch, Run, cpu_seconds, measure
from unisono.bench.report import Report, ratio
from unisono.bench.servers import PEERS, Peer

__all__ = ["IngestOptions", "run_ingest"]

TOPIC = "things/me/state"
DRAIN_S = 20.0
BACKLOG_DEADLINE_S = 120.0
VALUES = 4  # of one payload: rows in history
SPARE_FILES = 500

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class IngestOptions:
    """``seconds`` of a comparison, ``pipeline_seconds`` of a pipeline run; ``fleet``: things of its second run."""

    seconds: float = 10.0
    ramp_s: float = 2.0
    pipeline_seconds: float = 60.0
    rounds: int = 1
    clients: int = 20
    windows: tuple[int, ...] = (100, 1000)
    versions: tuple[int, ...] = (4, 5)
    fleet: int = 10_000
    fleet_window: int = 100
    pipeline_window: int = 1000
    payloads: int = 1_000_000
    generators: int = 1
    peers: tuple[str, ...] = ("mosquitto", "nats", "amqtt")
    hub: bool = True

    @classmethod
    def quick(cls, **changes: Any) -> IngestOptions:
        """A smoke run: every part, for half a second; its figures mean little."""
        defaults: dict[str, Any] = {
            "seconds": 0.5, "ramp_s": 0.2, "pipeline_seconds": 1.0, "fleet": 500, "payloads": 20_000,
        }  # fmt: skip
        return cls(**{**defaults, **changes})


def run_ingest(options: IngestOptions, say: Say = lambda text: None) -> Report:
    """Run everything, one server at a time; ``say`` hears of each step. Raises `HostError` if something is missing."""
    machine.require_proc()
    machine.raise_file_limit(max(options.fleet, options.clients) + SPARE_FILES)
    about = machine.machine()
    versions = {name: PEERS[name]().version() for name in options.peers}
    runs: dict[str, dict[str, list[Run]]] = {}
    for turn in range(options.rounds):
        for name in options.peers:
            say(f"{name}, round {turn + 1} of {options.rounds}")
            with PEERS[name]() as peer:
                _peer(peer, options, runs.setdefault(name, {}))
        if options.hub:
            say(f"unisono, round {turn + 1} of {options.rounds}")
            with Hub() as hub:
                _hub(hub, options, runs.setdefault("unisono", {}))
    figures = {name: {key: _middle(some) for key, some in found.items()} for name, found in runs.items()}
    if options.hub:
        for things, window in ((options.clients, options.pipeline_window), (options.fleet, options.fleet_window)):
            say(f"the pipeline with {things} things, {options.pipeline_seconds:g} s")
            with Hub() as hub:
                figures["unisono"][f"pipeline_{things}"] = _pipeline(hub, options, things, window)
    notes = [f"{name} {version}: {' '.join((PEERS[name].__doc__ or '').split())}" for name, version in versions.items()]
    return Report(
        benchmark="ingest",
        figures=figures,
        ratios=_ratios(figures, options),
        notes=notes,
        machine={**about, **{f"{name}_version": version for name, version in versions.items()}},
        options=asdict(options),
    )


def _middle(runs: list[Run]) -> dict[str, Any]:
    """The run with the median rate, and the rates of all."""
    middle = sorted(runs, key=lambda run: run.rate)[len(runs) // 2]
    numbers = middle.numbers()
    if len(runs) > 1:
        numbers["rate"] = round(statistics.median(run.rate for run in runs), 3)
        numbers["rates"] = [round(run.rate, 1) for run in runs]
    return numbers


def _job(options: IngestOptions, port: int, credentials: list[tuple[str, str]], **fields: Any) -> Job:
    return Job(
        host="127.0.0.1", port=port, topic=TOPIC, credentials=credentials, payloads=options.payloads, **fields
    )  # fmt: skip


def _suffix(version: int) -> str:
    return "_v5" if version == 5 else ""


def _peer(peer: Peer, options: IngestOptions, found: dict[str, list[Run]]) -> None:
    """QoS 0 to one subscriber that receives all, and QoS 1 up to the acknowledgement."""
    seconds = min(options.seconds, peer.max_seconds)
    names = [(f"bench{number}", "") for number in range(min(options.clients, peer.max_clients))]
    for version in (version for version in options.versions if version in peer.versions):
        job = _job(
            options, peer.port, names, version=version, qos=0, window=0, rate=peer.qos0_rate, subscribe="things/#"
        )
        run = measure(peer, job, ramp_s=options.ramp_s, seconds=seconds, drain_s=DRAIN_S)
        found.setdefault(f"qos0_fanin{_suffix(version)}", []).append(run)
        for window in sorted({min(window, peer.max_window) for window in options.windows}):
            job = _job(options, peer.port, names, version=version, qos=1, window=window)
            run = measure(
                peer, job, ramp_s=options.ramp_s, seconds=seconds, drain_s=DRAIN_S, generators=options.generators
            )
            found.setdefault(f"qos1_window_{window}{_suffix(version)}", []).append(run)


def _hub(hub: Hub, options: IngestOptions, found: dict[str, list[Run]]) -> None:
    """The same on the hub: QoS 0 counted where its messages are folded, QoS 1 durable."""
    names = hub.add_things(options.clients, "meter")
    for version in options.versions:
        for window in options.windows:
            job = _job(options, hub.port, names, version=version, qos=1, window=window)
            run = measure(
                hub, job, ramp_s=options.ramp_s, seconds=options.seconds, drain_s=DRAIN_S, generators=options.generators
            )
            found.setdefault(f"qos1_durable_window_{window}{_suffix(version)}", []).append(run)
            hub.wait_for_backlog(BACKLOG_DEADLINE_S)
        job = _job(options, hub.port, names, version=version, qos=0, window=0)
        run = measure(
            hub,
            job,
            ramp_s=options.ramp_s,
            seconds=options.seconds,
            drain_s=DRAIN_S,
            arrived=lambda: hub.metric("unisono_messages_total"),
        )
        found.setdefault(f"qos0{_suffix(version)}", []).append(run)
        hub.wait_for_backlog(BACKLOG_DEADLINE_S)


def _pipeline(hub: Hub, options: IngestOptions, things: int, window: int) -> dict[str, Any]:
    """Durable QoS 1 through log, validated twins and history, until history is committed and nothing waits."""
    job = _job(options, hub.port, hub.add_things(things, "meter"), version=4, qos=1, window=window)
    before = hub.metrics()
    with Load(job, options.generators) as load, MemoryWatch(lambda: hub.pids, 1.0) as memory:
        cpu_first = {pid: machine.cpu_s(pid) for pid in hub.pids}
        first = load.start()
        time.sleep(options.pipeline_seconds)
        last = load.sample()
        stopped = load.stop()
        drained = load.drain(DRAIN_S)
        settled_at = hub.wait_for_backlog(BACKLOG_DEADLINE_S)
        cores = (cpu_seconds(hub.pids) - sum(cpu_first.values())) / (settled_at - first.at)
    after = hub.metrics()
    total = drained.acked - first.acked
    rows = after["unisono_history_rows_total"] - before["unisono_history_rows_total"]
    rate = total / (settled_at - first.at)
    return {
        "rate": round(rate, 1),
        "acked_per_s": round(between(first, last).acked_per_s, 1),
        "messages": total,
        "distinct": min(total, options.payloads),
        "unacknowledged": drained.sent - drained.acked,
        "clients": things,
        "window": drained.window,
        "seconds": round(settled_at - first.at, 2),
        "backlog_s": round(settled_at - stopped.at, 2),
        "history_rows": int(rows),
        "history_complete": rows == VALUES * total,
        "messages_folded": int(after["unisono_messages_total"] - before["unisono_messages_total"]),
        "server_cores": round(cores, 3),
        "generator_cores": round(between(first, last).generator_cpu, 3),
        "cpu_us_per_message": round(cores / rate * 1e6, 3) if rate else 0.0,
        **memory.numbers(),
    }


def _ratios(figures: dict[str, dict[str, dict[str, Any]]], options: IngestOptions) -> dict[str, float]:
    """Ours over theirs, where both were measured; the first window is the one without a number in its name."""

    def rate(server: str, key: str) -> float | None:
        return figures.get(server, {}).get(key, {}).get("rate")

    ours = "unisono"
    found: dict[str, float | None] = {}
    for peer in options.peers:
        fanin = rate(peer, "qos0_fanin")
        found[f"qos0_vs_{peer}"] = ratio(rate(ours, "qos0"), fanin)
        limit = PEERS[peer].max_window
        for index, window in enumerate(options.windows):
            ratio_here = ratio(
                rate(ours, f"qos1_durable_window_{window}"), rate(peer, f"qos1_window_{min(window, limit)}")
            )
            if index == 0:
                found[f"qos1_durable_vs_{peer}"] = ratio_here
            found[f"qos1_durable_vs_{peer}_window_{window}"] = ratio_here
        for version in (version for version in options.versions if version == 5):
            found[f"qos0_vs_{peer}{_suffix(version)}"] = ratio(rate(ours, "qos0_v5"), rate(peer, "qos0_fanin_v5"))
            for window in options.windows:
                found[f"qos1_durable_vs_{peer}_window_{window}_v5"] = ratio(
                    rate(ours, f"qos1_durable_window_{window}_v5"), rate(peer, f"qos1_window_{window}_v5")
                )
        found[f"pipeline_vs_{peer}_fanin"] = ratio(rate(ours, f"pipeline_{options.clients}"), fanin)
        found[f"pipeline_{options.fleet}_vs_{peer}_fanin"] = ratio(rate(ours, f"pipeline_{options.fleet}"), fanin)
    return {name: value for name, value in found.items() if value is not None}
