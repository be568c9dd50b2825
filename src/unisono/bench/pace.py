"""The load generator of ``bench soak``: as `unisono.bench.resend`, at a rate that can be changed while it runs.

``rate N`` on stdin: from then on N messages a second over all clients, 0 for as fast as windows allow. What a window
kept back is not caught up with, so that a hub that pauses is not flooded afterwards. Knows no server in particular.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import BinaryIO

from unisono.bench.load import Job, Sample, serve
from unisono.bench.resend import Account, Resender

__all__ = ["PacedAccount", "Pacer", "main"]

TICK_S = 0.005
BEHIND_S = 0.05  # what may be caught up with: a turn of a loaded machine
UNLIMITED = 1 << 62


class PacedAccount(Account):
    """An account that makes no message at or beyond ``quota``."""

    quota = UNLIMITED

    def fill(self) -> None:
        """Queue new messages up to the window and the quota."""
        window = self.window
        self.window = min(window, self.quota - self.acked)
        try:
            super().fill()
        finally:
            self.window = window


class Pacer(Resender):
    """All clients of one job; each has an equal share of the rate."""

    def __init__(self, job: Job, commands: BinaryIO, report: Callable[[Sample], None]) -> None:
        super().__init__(job, commands, report)
        self.paced = [PacedAccount(job.topic, job.window, job.version) for _ in job.credentials]
        self.accounts = [*self.paced]
        self.rate = job.rate
        self._at = 0.0
        self._due = 0.0

    def _turn(self, timeout_s: float) -> bool:
        if not self.running or not self.rate:
            return super()._turn(timeout_s)
        if not super()._turn(min(timeout_s, TICK_S)):
            return False
        now = time.monotonic()
        self._due += self.rate / len(self.paced) * min(now - self._at, BEHIND_S)
        self._at = now
        new = int(self._due)
        if new:
            self._due -= new
            for account in self.paced:
                account.quota = min(account.quota, account.made) + new
            for fd in list(self.sockets):
                self._push(fd)
        return True

    def _obey(self) -> bool:
        command = self.commands.readline().strip()
        if command in (b"", b"quit"):
            return False
        if command.startswith(b"rate "):
            self._set_rate(float(command[5:]))
        elif command == b"start":
            self.running = True
            self._set_rate(self.rate)
        elif command == b"stop":
            self.running = False  # what is queued goes out, nothing new is made
        self.report(self.sample(numbers=command == b"numbers"))
        return True

    def _set_rate(self, rate: float) -> None:
        self.rate = rate
        self._at = time.monotonic()
        for account in self.paced:
            account.quota = account.made if rate else UNLIMITED
        for fd in list(self.sockets):
            self._push(fd)


def main() -> int:
    """The program of a generator process."""
    return serve(Pacer)
