"""Runs load generator processes and reads their counters.

Knows the line protocol of `unisono.bench.load`; knows no server.
"""

from __future__ import annotations

import contextlib
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from types import TracebackType

import msgspec

from unisono.bench.load import CONNECT_DEADLINE_S, Job, Sample
from unisono.errors import DeviceError, HostError

__all__ = ["Load", "Window", "between"]

ANSWER_DEADLINE_S = 20.0  # a generator answers a command within a turn of its loop; beyond this it hangs
QUIT_DEADLINE_S = 10.0


class Window(msgspec.Struct, kw_only=True):
    """What happened between two samples of a load. Rates are per second."""

    seconds: float
    sent: int
    acked: int
    received: int
    sent_per_s: float
    acked_per_s: float
    received_per_s: float
    generator_cpu: float  # cores


def between(first: Sample, last: Sample) -> Window:
    """The difference of two samples."""
    seconds = max(last.at - first.at, 1e-9)
    sent, acked, received = last.sent - first.sent, last.acked - first.acked, last.received - first.received
    return Window(
        seconds=seconds,
        sent=sent,
        acked=acked,
        received=received,
        sent_per_s=sent / seconds,
        acked_per_s=acked / seconds,
        received_per_s=received / seconds,
        generator_cpu=(last.cpu_s - first.cpu_s) / seconds,
    )


class Load:
    """One job spread over ``processes`` generators. A context manager: all of them are gone at the end."""

    def __init__(self, job: Job, processes: int = 1, *, program: str = "load") -> None:
        self.job = job
        self._program = program
        self._processes: list[subprocess.Popen[bytes]] = []
        self._jobs = [_share(job, index, processes) for index in range(processes)]

    def __enter__(self) -> Load:
        try:
            self._begin()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def pids(self) -> list[int]:
        """The generator processes."""
        return [process.pid for process in self._processes]

    def _begin(self) -> None:
        for job in self._jobs:
            process = subprocess.Popen(
                [sys.executable, "-c", f"from unisono.bench.{self._program} import main; raise SystemExit(main())"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            self._processes.append(process)
            data = msgspec.json.encode(job)
            assert process.stdin is not None
            process.stdin.write(len(data).to_bytes(4, "big") + data)
            process.stdin.flush()
        for process in self._processes:
            _read(process, CONNECT_DEADLINE_S + ANSWER_DEADLINE_S)

    def start(self) -> Sample:
        """Let the load begin; the counters at that moment."""
        return self._tell(b"start")

    def sample(self) -> Sample:
        """The counters now, summed over the generators."""
        return self._tell(b"sample")

    def stop(self) -> Sample:
        """Send nothing new; what is in flight may still be acknowledged."""
        return self._tell(b"stop")

    def pace(self, rate: float) -> Sample:
        """From now on so many messages a second over all clients (`unisono.bench.pace` only); 0: no bound."""
        return self._tell(b"rate %f" % (rate / len(self._processes)))

    def numbers(self) -> list[int]:
        """How many messages of each client are acknowledged, in the order of the job's credentials."""
        return self._tell(b"numbers").numbers

    def drain(self, deadline_s: float) -> Sample:
        """After `stop`: wait until everything sent is acknowledged (QoS 1) or nothing more arrives (QoS 0).

        Returns the last sample; whether it was enough shows in its counters.
        """
        end = time.monotonic() + deadline_s
        before = self.sample()
        while time.monotonic() < end:
            time.sleep(0.02 if self.job.qos else 0.25)
            now = self.sample()
            if self.job.qos and now.acked == now.sent:
                return now
            if not self.job.qos and not now.blocked and now.received == before.received:
                return now
            before = now
        return before

    def _tell(self, command: bytes) -> Sample:
        for process in self._processes:
            assert process.stdin is not None
            try:
                process.stdin.write(command + b"\n")
                process.stdin.flush()
            except BrokenPipeError:
                _read(process, ANSWER_DEADLINE_S)  # its last line says why it ended
                raise
        return _sum([_read(process, ANSWER_DEADLINE_S) for process in self._processes])

    def _end(self) -> None:
        for process in self._processes:
            if process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.close()  # the end of its commands ends a generator
        for process in self._processes:
            try:
                process.wait(QUIT_DEADLINE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self._processes.clear()


def _share(job: Job, index: int, processes: int) -> Job:
    """The part of a job that generator ``index`` of ``processes`` does; the first has the subscriber."""
    size = len(job.credentials)
    low, high = size * index // processes, size * (index + 1) // processes
    return msgspec.structs.replace(
        job,
        credentials=job.credentials[low:high],
        payloads=job.payloads // processes,
        first=job.first + index * (job.payloads // processes),
        rate=job.rate / processes,
        subscribe=job.subscribe if index == 0 else "",
    )


def _read(process: subprocess.Popen[bytes], deadline_s: float) -> Sample:
    assert process.stdout is not None
    if not select.select([process.stdout], [], [], deadline_s)[0]:
        raise HostError(f"the load generator did not answer within {deadline_s:.0f} s")
    line = process.stdout.readline()
    if not line:
        raise HostError(f"the load generator ended with exit code {process.wait()}")
    sample = msgspec.json.decode(line, type=Sample)
    if sample.error is not None:
        raise DeviceError(f"the load generator gave up: {sample.error}")
    return sample


def _sum(samples: Sequence[Sample]) -> Sample:
    return Sample(
        at=max(sample.at for sample in samples),
        cpu_s=sum(sample.cpu_s for sample in samples),
        sent=sum(sample.sent for sample in samples),
        acked=sum(sample.acked for sample in samples),
        received=sum(sample.received for sample in samples),
        blocked=sum(sample.blocked for sample in samples),
        window=min(sample.window for sample in samples),
        frame_bytes=samples[0].frame_bytes,
        disordered=sum(sample.disordered for sample in samples),
        signing_s=max(sample.signing_s for sample in samples),
        connected=sum(sample.connected for sample in samples),
        reconnects=sum(sample.reconnects for sample in samples),
        resent=sum(sample.resent for sample in samples),
        numbers=[number for sample in samples for number in sample.numbers],
    )
