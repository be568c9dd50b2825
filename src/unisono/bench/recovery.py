"""``bench recovery``: kill -9 under full load, again and again, and account for every acknowledged message.

Knows how the hub is killed and what must be true afterwards: the history of each client's ``count`` is exactly the
numbers that were acknowledged to it, each once, in order. The peers have no history; they are left out with a note.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from unisono.bench import machine
from unisono.bench.drive import Load
from unisono.bench.frames import COUNT_BASE
from unisono.bench.hub import POLL_S, Hub
from unisono.bench.load import Job
from unisono.bench.report import Report
from unisono.bench.restart import measure_restart
from unisono.bench.servers import PEERS
from unisono.bench.survival import measure_survival
from unisono.errors import HostError

__all__ = ["Findings", "RecoveryOptions", "check_numbers", "run_recovery"]

ANSWER_DEADLINE_S = 60.0
BACKLOG_DEADLINE_S = 300.0
ACKS_DEADLINE_S = 60.0  # after a restart, until everything that was under way is acknowledged
EXAMPLES = 5


@dataclass(frozen=True, kw_only=True)
class RecoveryOptions:
    """``kills`` of the whole hub and as many of nats-server alone, each after ``load_s`` of full load.

    ``scenes``: kills of a hub whose scenes are at work, ``lanes`` of them (ten scenes, two computed things and an alarm
    each). ``things``: of twelve values, and ``watching`` scenes, for the restart; ``log_mb``: how much log is written
    before it.
    """

    kills: int = 20
    load_s: float = 2.0
    clients: int = 20
    window: int = 100
    things: int = 100_000
    watching: int = 10_000
    log_mb: int = 800
    scenes: int = 50
    lanes: int = 8
    restart: bool = True
    peers: tuple[str, ...] = ("mosquitto", "nats", "amqtt")
    hub: bool = True

    @classmethod
    def quick(cls, **changes: Any) -> RecoveryOptions:
        """A smoke run: two kills of each kind, a small restart."""
        defaults = {"kills": 2, "load_s": 0.3, "things": 2_000, "watching": 500, "log_mb": 5, "scenes": 2, "lanes": 3}
        return cls(**{**defaults, **changes})


class Findings(msgspec.Struct, kw_only=True):
    """What history holds of one client compared with what was acknowledged to it. All but ``values`` must be zero."""

    values: int = 0
    lost: int = 0
    repeated: int = 0
    disordered: int = 0
    unknown: int = 0
    examples: list[str] = []

    def add(self, other: Findings) -> None:
        """Add up over clients."""
        self.values += other.values
        self.lost += other.lost
        self.repeated += other.repeated
        self.disordered += other.disordered
        self.unknown += other.unknown
        self.examples = (self.examples + other.examples)[:EXAMPLES]


def check_numbers(pages: Iterable[Sequence[Any]], acked: int) -> Findings:
    """Compare a history of ``count`` values with the numbers 0 .. ``acked - 1``: each once, in order."""
    found = Findings()
    due = 0
    seen: set[int] = set()  # numbers met out of turn; empty as long as all is well
    for page in pages:
        found.values += len(page)
        if not seen and list(page) == list(range(COUNT_BASE + due, COUNT_BASE + due + len(page))):
            due += len(page)
            continue
        for value in page:
            number = int(value) - COUNT_BASE
            if number == due:
                due += 1
                while due in seen:
                    seen.remove(due)
                    due += 1
                continue
            if number < due or number in seen:
                found.repeated += 1
                kind = "again"
            else:
                found.disordered += 1
                kind = "too early"
                seen.add(number)
            if len(found.examples) < EXAMPLES:
                found.examples.append(f"{number} {kind} where {due} was due")
    held = due + len(seen)
    found.unknown = max(0, due - acked) + sum(1 for number in seen if number >= acked)
    found.lost = acked - (held - found.unknown)
    return found


def run_recovery(options: RecoveryOptions, say: Callable[[str], None] = lambda text: None) -> Report:
    """Kill, restart, check; then measure a restart with many things. Raises `HostError` if the hub does not return."""
    machine.require_proc()
    about = machine.machine()
    versions = {name: PEERS[name]().version() for name in options.peers}
    figures: dict[str, dict[str, dict[str, Any]]] = {}
    for name in options.peers:
        say(f"kill {name} once and count what its subscriber is given")
        figures[name] = {"kill_once": measure_survival(name)}
    ours = figures.setdefault("unisono", {})
    for what in ("hub", "nats") if options.hub and options.kills else ():
        with Hub() as hub:
            ours[f"kill_{what}"] = _kills(hub, options, what, say)
    if options.scenes and options.hub:
        from unisono.bench.lanes import measure_scenes

        hub = Hub()
        hub.settle("outside.toml", 'hosts = ["127.0.0.1"]\n')
        with hub:
            ours["scenes"] = measure_scenes(hub, options.scenes, options.lanes, options.load_s, say)
    if options.restart and options.hub:
        with Hub() as hub:
            ours.update(measure_restart(hub, options.things, options.log_mb, options.watching, say))
    return Report(
        benchmark="recovery",
        figures=figures,
        notes=[
            "scenes: every effect is counted at its receiver (device, HTTP server, a person's channel); told: it did "
            "not arrive and the hub says so; late_*: behind the time from which hub and receiver were there",
            "kill_hub and kill_nats: every value in history is compared with what was acknowledged to its client",
            "peers keep no history: kill_once counts acknowledged messages given to a QoS 1 subscriber that was away; "
            "each runs with the persistence it has (Mosquitto: persistence true, saved every 30 minutes by default)",
        ],
        machine={**about, **{f"{name}_version": version for name, version in versions.items()}},
        options=asdict(options),
    )


def _kills(hub: Hub, options: RecoveryOptions, what: str, say: Callable[[str], None]) -> dict[str, Any]:
    names = hub.add_things(options.clients, "meter")
    job = Job(
        host="127.0.0.1", port=hub.port, version=4, qos=1, window=options.window, topic="things/me/state",
        credentials=names, payloads=0,
    )  # fmt: skip
    rounds: list[dict[str, float]] = []
    with Load(job, program="resend") as load:
        for number in range(options.kills):
            say(f"kill {number + 1} of {options.kills}: {what}")
            before = load.start()
            time.sleep(options.load_s)
            rounds.append(_kill_hub(hub, load) if what == "hub" else _kill_nats(hub, load))
            rounds[-1]["load_per_s"] = rounds[-1].pop("acked_at_kill") - before.acked
            rounds[-1]["load_per_s"] /= options.load_s
        total = load.sample()
        acked = load.numbers()
    say(f"reading {total.acked:,} values back")
    findings, at = Findings(), time.monotonic()
    for (name, _), count in zip(names, acked, strict=True):
        findings.add(check_numbers(hub.history(name, "count"), count))
    checks = msgspec.structs.asdict(findings)
    return {
        "kills": options.kills,
        "acknowledged": total.acked,
        **checks,
        "exactly_once_in_order": not any((findings.lost, findings.repeated, findings.disordered, findings.unknown)),
        "resent_with_dup": total.resent,
        **{
            f"{key}_{name}": round(pick([entry[key] for entry in rounds]), 3)
            for key in rounds[0]
            for name, pick in (("median", _median), ("max", max))
        },
        "check_s": round(time.monotonic() - at, 1),
        "rounds": [{key: round(value, 3) for key, value in entry.items()} for entry in rounds],
    }


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _kill_hub(hub: Hub, load: Load) -> dict[str, float]:
    """SIGKILL to all processes, start again; seconds from process start."""
    at_kill = load.sample()
    hub.kill()
    load.stop()
    started = hub.launch()
    hub.wait_for_answer(started + ANSWER_DEADLINE_S)
    answered = time.monotonic()
    _wait_for_acks(load)
    acked = time.monotonic()
    settled = hub.wait_for_backlog(BACKLOG_DEADLINE_S)
    return {
        "acked_at_kill": at_kill.acked,
        "answer_s": answered - started,
        "all_acknowledged_s": acked - started,
        "backlog_zero_s": settled - started,
    }


def _kill_nats(hub: Hub, load: Load) -> dict[str, float]:
    """SIGKILL to nats-server only; the hub must bring it back. Seconds from the kill."""
    at_kill = load.sample()
    pid = hub.nats_pid
    os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    load.stop()
    _wait_for_acks(load)
    acked = time.monotonic()
    settled = hub.wait_for_backlog(BACKLOG_DEADLINE_S)
    return {
        "acked_at_kill": at_kill.acked,
        "all_acknowledged_s": acked - killed,
        "backlog_zero_s": settled - killed,
    }


def _wait_for_acks(load: Load) -> None:
    end = time.monotonic() + ACKS_DEADLINE_S
    while time.monotonic() < end:
        now = load.sample()
        if now.acked == now.sent:
            return
        time.sleep(POLL_S)
    raise HostError(
        f"{now.sent - now.acked} messages were not acknowledged within {ACKS_DEADLINE_S:.0f} s; "
        f"{now.connected} clients are connected"
    )
