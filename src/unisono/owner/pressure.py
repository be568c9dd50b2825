"""Back-pressure: an owner that falls far behind its log says so, and gateways read no more until it has caught up.

Without it the log would reach its bound and new messages would be refused; this way TCP slows their senders down.
"""

from __future__ import annotations

import asyncio
import contextlib

import msgspec

from unisono.errors import HostError
from unisono.owner.owner import Owner
from unisono.store.bus import Bus
from unisono.twin.talk import Pressure, pressure

__all__ = ["PressureGauge"]

LOOK_S = 0.5
#: Unfolded shares of the log's bound at which devices are held back and let go. The rest is room for the replay window
#: (half at most) and for what comes in between two checkpoints.
HIGH = 0.2
LOW = 0.1


class PressureGauge:
    """Watches how far ``owner`` is behind."""

    def __init__(self, owner: Owner, bus: Bus, log_bytes: int) -> None:
        self._owner = owner
        self._bus = bus
        self._log_bytes = log_bytes
        self._task: asyncio.Task[None] | None = None
        self.high = False

    def start(self) -> None:
        self._task = asyncio.create_task(self._watch(), name="pressure")

    async def _watch(self) -> None:
        seen = -1
        while True:
            await asyncio.sleep(LOOK_S)
            if seen == self._owner.position and not self.high:
                continue  # nothing comes in: no question to the log, no work at rest
            seen = self._owner.position
            with contextlib.suppress(HostError):
                self._tell(await self._behind())

    async def _behind(self) -> int:
        """Bytes that are not folded, or not yet in history, as they came: estimated from the log's mean message and how
        well its messages packed. What has to be done about them is bounded thereby, not only the room they take."""
        first, last, size = await self._owner.log.bounds()
        size = size * max(1, self._owner.folded_bytes) // max(1, self._owner.packed_bytes)
        folded = min(self._owner.position, self._owner.sink.position)
        return int(size * max(0, last - folded) / max(1, last - first + 1))

    def _tell(self, behind: int) -> None:
        was = self.high
        self.high = behind > self._log_bytes * (LOW if was else HIGH)
        if self.high or was:
            message = msgspec.msgpack.encode(Pressure(self.high, behind))
            self._bus.publish(pressure(self._owner.log.partition), message)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
