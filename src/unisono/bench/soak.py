"""``bench soak``: minutes at most of the measured maximum, in rough company; then every promise is checked.

Knows what must be true afterwards: each acknowledged report is in history once and in order; each steady listener got
each acknowledged message at least once and in order; no steady client lost its connection; memory is where it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any

from unisono.bench import machine
from unisono.bench.company import Company
from unisono.bench.drive import Load, between
from unisono.bench.frames import COUNT_BASE
from unisono.bench.hub import Hub
from unisono.bench.load import Job
from unisono.bench.recovery import Findings, check_numbers
from unisono.bench.report import Report
from unisono.errors import HostError

__all__ = ["SoakOptions", "check_buckets", "growth", "percentiles", "run_soak"]

SAMPLE_S = 5.0
BUCKETS = 1_000
CLOCK_S = 60.0  # a margin before the first value
BACKLOG_S = 600.0
ACKS_S = 60.0
WARM_SHARE = 0.2  # of the time, before memory counts: buffers and caches fill
FLAT = 1.10  # the last third of the memory over the first third after that
FLAT_AFTER_S = 300.0  # in less time the caches of history have not filled yet, and the ratio says nothing


@dataclass(frozen=True, kw_only=True)
class SoakOptions:
    """``seconds`` at ``share`` of what the hub did in ``calibrate_s`` as fast as it could, in the same company.

    ``most``: messages a second at most, so that the history to be checked fits the disk. ``read``: values that are read
    back one by one; beyond, things are checked by a thousand buckets of count, sum, least and greatest. ``talk``:
    messages a second of the talkers, each to four listeners.
    """

    seconds: float = 600.0
    calibrate_s: float = 20.0
    share: float = 0.8
    most: float = 1_000_000.0
    clients: int = 20
    window: int = 100
    read: int = 10_000_000
    talk: float = 200.0

    @classmethod
    def quick(cls, **changes: Any) -> SoakOptions:
        """A smoke run of a few seconds."""
        return cls(**{"seconds": 5.0, "calibrate_s": 1.0, "most": 20_000.0, **changes})


def run_soak(options: SoakOptions, say: Callable[[str], None] = lambda text: None) -> Report:
    """Load, company, checks. Raises `HostError` when a promise was broken or memory grew."""
    machine.require_proc()
    about = machine.machine()
    began = time.time() - CLOCK_S
    with Hub() as hub:
        names = hub.add_things(options.clients, "meter")
        guests = hub.add_things(Company.needed(), "guest")
        job = Job(
            host="127.0.0.1", port=hub.port, version=4, qos=1, window=options.window, topic="things/me/state",
            credentials=names, payloads=len(names),
        )  # fmt: skip
        with Load(job, program="pace") as load, Company(hub.port, guests, options.talk) as company:
            maximum = _calibrate(load, options, say)
            rate = min(options.share * maximum, options.most)
            say(f"{maximum:,.0f} messages/s at most; {options.seconds:.0f} s at {rate:,.0f}")
            load.pace(rate)
            company.latencies.clear()
            running, memory = _run(hub, load, options, say)
            load.stop()
            last = load.drain(ACKS_S)
            latencies = sorted(company.latencies)
            steady = company.stop()
            acked = load.numbers()
        say("waiting until history holds everything")
        at = time.monotonic()
        backlog_s = hub.wait_for_backlog(BACKLOG_S) - at
        metrics = hub.metrics()
        say(f"checking {sum(acked):,} messages in history")
        kept = Findings()
        whole = 0
        for (name, _secret), count in zip(names, acked, strict=True):
            if sum(acked) <= options.read or whole + count <= options.read:
                whole += count
                kept.add(check_numbers(hub.history(name, "count"), count))
            else:
                kept.add(check_buckets(_buckets(hub, name, began), count))
    figures: dict[str, dict[str, Any]] = {
        "maximum": {"messages_per_s": round(maximum)},
        "load": {
            "wanted_per_s": round(rate),
            "messages_per_s": round(running),
            "seconds": options.seconds,
            "acked": sum(acked),
            "unacknowledged": last.sent - last.acked,
            "reconnects": last.reconnects - options.clients,
            "backlog_s": round(backlog_s, 1),
        },
        "publish_to_subscriber": percentiles(latencies),
        "memory": growth(memory),
        "history": {name: getattr(kept, name) for name in ("values", "lost", "repeated", "disordered", "unknown")},
        "listeners": {name: getattr(steady, name) for name in steady.__struct_fields__},
        "gateway": {
            name: round(metrics.get(f"unisono_gateway_{name}", 0.0))
            for name in ("refused_total", "dropped_total", "limit_hits_total", "queue_bytes", "take_overs_total")
        },
    }
    report = Report(
        benchmark="soak",
        figures={"unisono": figures},
        notes=[
            "memory: PSS of all processes of the hub; first and last: medians of the first and the last third after "
            f"the first {WARM_SHARE:.0%} of the time",
            "publish_to_subscriber: from before the write of a talker to the read of each of four listeners; talkers, "
            "listeners and load share the machine with the hub",
        ],
        machine=about,
        options=asdict(options),
    )
    broken = _broken(figures, options)
    if broken:
        raise HostError(f"promises were broken: {'; '.join(broken)}\n{report.to_json().decode()}", code="internal")
    return report


def _buckets(hub: Hub, name: str, began: float) -> list[dict[str, Any]]:
    start = datetime.fromtimestamp(began, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    path = f"/api/v1/things/{name}/history?property=count&from={start}&points={BUCKETS}"
    points: list[dict[str, Any]] = hub.ask("GET", path)["points"]
    return points


def check_buckets(buckets: Sequence[dict[str, Any]], acked: int) -> Findings:
    """As `check_numbers`, from buckets in time: that many values, whose sum is that of 0 .. ``acked - 1`` each once,
    none outside, and no bucket begins before the last one ended."""
    found = Findings(values=sum(bucket["count"] for bucket in buckets))
    found.lost = max(0, acked - found.values)
    found.repeated = max(0, found.values - acked)
    due = COUNT_BASE
    total = 0.0
    for bucket in buckets:
        found.disordered += bucket["min"] < due
        due = bucket["max"] + 1
        total += bucket["mean"] * bucket["count"] - COUNT_BASE * bucket["count"]
        found.unknown += bucket["max"] >= COUNT_BASE + acked
    wanted = acked * (acked - 1) / 2
    if found.values == acked and abs(total - wanted) > max(1.0, wanted * 1e-9):
        found.unknown += 1
        found.examples.append(f"the numbers sum up to {total:.0f} and not to {wanted:.0f}")
    return found


def _calibrate(load: Load, options: SoakOptions, say: Callable[[str], None]) -> float:
    say(f"{options.calibrate_s:.0f} s as fast as it can")
    first = load.start()
    time.sleep(options.calibrate_s)
    return between(first, load.sample()).acked_per_s


def _run(
    hub: Hub, load: Load, options: SoakOptions, say: Callable[[str], None]
) -> tuple[float, list[tuple[float, int]]]:
    """The messages a second that were acknowledged, and (seconds, bytes) of memory."""
    first = load.sample()
    memory: list[tuple[float, int]] = []
    said = 0.0
    while True:
        at = time.monotonic() - first.at
        memory.append((at, machine.memory(hub.pids).pss))
        if at >= options.seconds:
            break
        if at - said >= 60.0:
            said = at
            say(f"{at:.0f} s: {between(first, load.sample()).acked_per_s:,.0f}/s, {memory[-1][1] / 1e6:.0f} MB")
        time.sleep(min(SAMPLE_S, max(0.1, options.seconds - at)))
    return between(first, load.sample()).acked_per_s, memory


def percentiles(latencies: Sequence[float]) -> dict[str, Any]:
    """Milliseconds of sorted latencies in seconds."""
    if not latencies:
        return {"count": 0}
    at = {f"p{share * 100:g}_ms": latencies[int(share * (len(latencies) - 1))] for share in (0.5, 0.99, 0.999)}
    return {
        "count": len(latencies),
        **{name: round(value * 1000, 2) for name, value in at.items()},
        "max_ms": round(latencies[-1] * 1000, 2),
    }


def growth(memory: Sequence[tuple[float, int]]) -> dict[str, Any]:
    """First and last third of the memory after warming up, their ratio, and the whole course in MB."""
    until = memory[-1][0]
    warm = [size for at, size in memory if at >= until * WARM_SHARE]
    third = max(1, len(warm) // 3)
    first, last = median(warm[:third]), median(warm[-third:])
    return {
        "first_mb": round(first / 1e6, 1),
        "last_mb": round(last / 1e6, 1),
        "ratio": round(last / first, 3),
        "highest_mb": round(max(size for _at, size in memory) / 1e6, 1),
        "course_mb": [round(size / 1e6) for _at, size in memory],
    }


def _broken(figures: dict[str, dict[str, Any]], options: SoakOptions) -> list[str]:
    history, listeners = figures["history"], figures["listeners"]
    must_be_zero = {
        **{f"history {name}": history[name] for name in ("lost", "repeated", "disordered", "unknown")},
        **{
            f"listeners {name}": listeners[name]
            for name in ("lost", "disordered", "parted", "faults", "unanswered_nonsense")
        },
        "reports not acknowledged": figures["load"]["unacknowledged"],
        "connections of the load lost": figures["load"]["reconnects"],
        "messages of talkers not acknowledged": listeners["sent"] - listeners["acked"],
    }
    found = [f"{count} {name}" for name, count in must_be_zero.items() if count]
    if options.seconds >= FLAT_AFTER_S and figures["memory"]["ratio"] > FLAT:
        found.append(f"memory grew {figures['memory']['ratio']}-fold")
    return found
