"""The courier as the hub sees it: started when there is something to carry, ended when there is not or when it hangs.

Knows a process and its pipes. Knows nothing of what is carried.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import sys
from collections.abc import Callable

import msgspec

from unisono.errors import HostError
from unisono.notify.errand import READY, CourierSettings, Errand, Report
from unisono.notify.verdict import Answer

__all__ = ["ATTEMPT_S", "Messenger"]

logger = logging.getLogger(__name__)

#: An errand that takes longer has met a server that drips; its thread is lost, and with it in time the courier. Counted
#: from when the courier can be sent: how long it takes to start is the machine's doing.
ATTEMPT_S = 30.0
#: A courier that cannot be sent by then will not be: it takes a second, on a machine that has no time half a minute.
START_S = 120.0
#: A courier with nothing to do ends: 70 MB that nobody uses. Starting one takes a second.
IDLE_S = 60.0
#: A line of a report; bodies are cut by the courier.
LINE_BYTES = 256 * 1024


class Messenger:
    """Gives errands to the courier. ``settings``: asked for whenever one is started."""

    def __init__(
        self, settings: Callable[[], CourierSettings], *, attempt_s: float = ATTEMPT_S, idle_s: float = IDLE_S
    ) -> None:
        self._settings = settings
        self._attempt_s = attempt_s
        self._idle_s = idle_s
        self._courier: _Courier | None = None
        self._starting = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None
        self._ending: dict[asyncio.Task[None], _Courier] = {}
        self._numbers = itertools.count(1)

    def number(self) -> int:
        """The next errand's."""
        return next(self._numbers)

    @property
    def pid(self) -> int:
        """The courier's process, 0 while there is none."""
        return self._courier.pid if self._courier is not None else 0

    async def send(self, errand: Errand) -> Report:
        """Have it carried out. What goes wrong on the way is in the report.

        Raises HostError ``internal`` when no courier can be started.
        """
        courier = await self._present()
        try:
            return await courier.ask(errand, self._attempt_s)
        except TimeoutError:
            if self._courier is courier:
                self._courier = None
            self._end(courier, self._attempt_s)
            began = courier.ready.is_set()
            why = f"no answer within {self._attempt_s:g} s" if began else f"no courier within {START_S:g} s"
            return Report(errand.number, Answer(False, trouble=why))
        finally:
            self._rest()

    def renew(self) -> None:
        """The settings are others: the next errand goes with a new courier."""
        if self._courier is not None:
            self._end(self._courier, self._attempt_s)
            self._courier = None

    async def stop(self) -> None:
        """End all couriers; what they carry is lost to us."""
        if self._idle is not None:
            self._idle.cancel()
        self.renew()
        ending = dict(self._ending)
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        for courier in ending.values():  # a task that had not begun has ended nothing
            await courier.end(0.0)

    async def _present(self) -> _Courier:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        async with self._starting:
            if self._courier is None or self._courier.ended:
                self._courier = await _Courier.start(self._settings())
            return self._courier

    def _rest(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(self._idle_s, self._retire)

    def _retire(self) -> None:
        if self._courier is not None and not self._courier.busy:
            self._end(self._courier, 0.0)
            self._courier = None

    def _end(self, courier: _Courier, patience_s: float) -> None:
        task = asyncio.create_task(courier.end(patience_s), name="end a courier")
        self._ending[task] = courier
        task.add_done_callback(self._ending.pop)


class _Courier:
    """One process and the errands that it has."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._open: dict[int, asyncio.Future[Report]] = {}
        self._lost = ""
        self.ready = asyncio.Event()
        self._reader = asyncio.create_task(self._read(), name="courier")

    @classmethod
    async def start(cls, settings: CourierSettings) -> _Courier:
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "unisono.notify.courier",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LINE_BYTES,
            )
        except OSError as error:
            raise HostError(f"the courier of notifications cannot be started: {error}", code="internal") from error
        courier = cls(process)
        courier._write(msgspec.json.encode(settings))
        return courier

    @property
    def pid(self) -> int:
        return self._process.pid if self._process.returncode is None else 0

    @property
    def ended(self) -> bool:
        return self._process.returncode is not None or self._reader.done()

    @property
    def busy(self) -> bool:
        return bool(self._open)

    async def ask(self, errand: Errand, within_s: float) -> Report:
        """Raises TimeoutError."""
        if self._lost:
            return Report(errand.number, Answer(False, trouble=self._lost))
        future: asyncio.Future[Report] = asyncio.get_running_loop().create_future()
        self._open[errand.number] = future
        try:
            self._write(msgspec.json.encode(errand))
            async with asyncio.timeout(START_S):
                await self.ready.wait()
            async with asyncio.timeout(within_s):
                return await future
        finally:
            self._open.pop(errand.number, None)

    async def end(self, patience_s: float) -> None:
        """Let it finish what it has for so long; then it ends."""
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await asyncio.gather(*self._open.values(), return_exceptions=True)
        finally:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._reader.cancel()
            self._lose("the courier was ended")
            await asyncio.shield(self._process.wait())

    def _write(self, line: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError, RuntimeError):  # it died: the reader says so
            self._process.stdin.write(line + b"\n")

    async def _read(self) -> None:
        assert self._process.stdout is not None
        decode = msgspec.json.Decoder(Report).decode
        try:
            async for line in self._process.stdout:
                report = decode(line)
                if report.number == READY:
                    self.ready.set()
                future = self._open.get(report.number)
                if future is not None and not future.done():
                    future.set_result(report)
        except (ValueError, msgspec.DecodeError) as error:
            logger.error("the courier of notifications said what cannot be read: %s", error)
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        self._lose("the courier died while it was on its way")

    def _lose(self, why: str) -> None:
        self._lost = why
        self.ready.set()  # nobody waits for it any more: what is asked from now on is lost
        for number, future in self._open.items():
            if not future.done():
                future.set_result(Report(number, Answer(False, trouble=why)))
