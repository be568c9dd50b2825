"""One load on one server: how fast, and what it cost.

Knows loads, counters and CPU seconds; a server is whatever has a name, a port and processes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Protocol

import msgspec

from unisono.bench import machine
from unisono.bench.drive import Load, between
from unisono.bench.load import Job

__all__ = ["MemoryWatch", "Run", "Target", "measure"]


class Target(Protocol):
    """A server under load."""

    @property
    def port(self) -> int: ...

    @property
    def pids(self) -> Sequence[int]: ...


class Run(msgspec.Struct, kw_only=True):
    """One measurement; ``rate`` is the figure, per second: acknowledged at QoS 1, arrived at QoS 0.

    ``server_cores`` and ``generator_cores`` are CPU seconds a second. ``lost`` are messages sent that neither were
    acknowledged nor arrived by the end of the drain.
    """

    rate: float
    qos: int
    protocol: str
    clients: int
    window: int
    seconds: float
    messages: int
    sent_per_s: float
    server_cores: float
    generator_cores: float
    cpu_us_per_message: float
    lost: int
    disordered: int = 0

    def numbers(self) -> dict[str, Any]:
        """As figures of a report."""
        return {
            key: round(value, 3) if isinstance(value, float) else value
            for key, value in msgspec.structs.asdict(self).items()
        }


def cpu_seconds(pids: Sequence[int]) -> float:
    """CPU seconds of several processes so far."""
    return sum(machine.cpu_s(pid) for pid in pids)


def measure(
    target: Target,
    job: Job,
    *,
    ramp_s: float,
    seconds: float,
    drain_s: float,
    generators: int = 1,
    arrived: Callable[[], float] | None = None,
) -> Run:
    """Run a load: sign in, ramp up, measure for ``seconds``, stop, drain.

    ``arrived`` counts what the server took in where no subscriber can (the hub at QoS 0). Raises what the load raises.
    """
    with Load(job, generators) as load:
        taken_at_start = arrived() if arrived else 0.0
        load.start()
        time.sleep(ramp_s)
        first, cpu_first, taken_first = load.sample(), cpu_seconds(target.pids), _counted(arrived)
        time.sleep(seconds)
        last, cpu_last, taken_last = load.sample(), cpu_seconds(target.pids), _counted(arrived)
        load.stop()
        end = load.drain(drain_s)
    window = between(first, last)
    done = end.acked if job.qos else end.received
    rate = window.acked_per_s if job.qos else window.received_per_s
    if arrived and not job.qos:
        rate = (taken_last[1] - taken_first[1]) / (taken_last[0] - taken_first[0])
        done = int(_settled(arrived, taken_at_start + end.sent, drain_s) - taken_at_start)
    cores = (cpu_last - cpu_first) / window.seconds
    return Run(
        rate=rate,
        qos=job.qos,
        protocol="5" if job.version == 5 else "3.1.1",
        clients=len(job.credentials),
        window=end.window if job.qos else 0,
        seconds=window.seconds,
        messages=round(rate * window.seconds),
        sent_per_s=window.sent_per_s,
        server_cores=cores,
        generator_cores=window.generator_cpu,
        cpu_us_per_message=cores / rate * 1e6 if rate else 0.0,
        lost=end.sent - done,
        disordered=end.disordered,
    )


def _counted(arrived: Callable[[], float] | None) -> tuple[float, float]:
    """The count and the middle of the time it took to ask for it (a busy hub takes a while to answer)."""
    if arrived is None:
        return 0.0, 0.0
    begin = time.monotonic()
    count = arrived()
    return (begin + time.monotonic()) / 2, count


def _settled(count: Callable[[], float], wanted: float, deadline_s: float) -> float:
    """The count once it reached ``wanted`` or stood still for a second."""
    end = time.monotonic() + deadline_s
    value, since = count(), time.monotonic()
    while value < wanted and time.monotonic() < end and time.monotonic() - since < 1.0:
        time.sleep(0.05)
        now = count()
        if now != value:
            value, since = now, time.monotonic()
    return value


class MemoryWatch:
    """Samples the memory of a family of processes in a thread. A context manager."""

    def __init__(self, pids: Callable[[], Sequence[int]], every_s: float) -> None:
        self._pids = pids
        self._every_s = every_s
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)
        self.samples: list[tuple[float, machine.Memory]] = []

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(self._every_s):
            self.samples.append((time.monotonic(), machine.memory(self._pids())))

    def numbers(self) -> dict[str, Any]:
        """Megabytes: at the start, the most, at the end, and how much the second half grew over the first."""
        pss = [sample.pss / 1e6 for _, sample in self.samples]
        if not pss:
            return {}
        half = len(pss) // 2
        early, late = pss[half // 2 : half] or pss, pss[half:]
        return {
            "pss_first_mb": round(pss[0], 1),
            "pss_max_mb": round(max(pss), 1),
            "pss_last_mb": round(pss[-1], 1),
            "pss_growth_second_half_mb": round(sum(late) / len(late) - sum(early) / len(early), 1),
            "rss_max_mb": round(max(sample.rss for _, sample in self.samples) / 1e6, 1),
            "pss_mb": [round(value, 1) for value in pss],
        }
