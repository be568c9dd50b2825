"""A process of the hub and its parent: settings come in, a word of readiness goes out, and neither outlives the other.

Knows pipes. The parent writes the settings as one line of JSON on the child's standard input and keeps it open. The
word ``stop`` there asks the child to finish; its end without that word is the parent's end, even by kill -9: then the
child ends at once, as after a kill of its own, since the next hub may start at any moment and wants its files and
ports. The child answers one line: ``{"ready": ...}`` or ``{"problem": ...}``.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import resource
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from unisono.errors import CODES, CallerError, HostError, UnisonoError

__all__ = ["GC_THRESHOLDS", "Child", "allow_files", "run_child"]

logger = logging.getLogger(__name__)

START_S = 60.0
STOP_S = 30.0
STOP = b"stop\n"
#: Collections are rare: the hot paths make no cycles, and a full one over 100,000 twins takes 0.2 s.
GC_THRESHOLDS = (200_000, 50, 100)

T = TypeVar("T")


class Child:
    """One child process, as its parent sees it."""

    def __init__(self, module: str, settings: object, name: str, *, start_s: float = START_S) -> None:
        self._module = module
        self._start_s = start_s
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None
        self.name = name
        self.ready: dict[str, Any] = {}

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None and self._process.returncode is None else 0

    async def start(self) -> None:
        """Returns when it is ready. Raises the error it started with, or HostError when it gives no word."""
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=False,
        )
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(msgspec.json.encode(self._settings) + b"\n")
        try:
            async with asyncio.timeout(self._start_s):
                await process.stdin.drain()
                line = await process.stdout.readline()
        except (TimeoutError, ConnectionError) as error:
            await self.stop()
            raise HostError(f"the {self.name} did not start in {self._start_s:g} s", code="internal") from error
        word = msgspec.json.decode(line) if line else {}
        if "ready" not in word:
            await self.stop()
            raise _error(word.get("problem"), self.name)
        self.ready = word["ready"]

    async def wait(self) -> int:
        """Its exit code, once it has ended."""
        assert self._process is not None
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask it to finish, then insist."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        with contextlib.suppress(ConnectionError, RuntimeError):
            process.stdin.write(STOP)
            process.stdin.close()
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            logger.error("the %s did not stop in %g s and was killed", self.name, STOP_S)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _error(problem: dict[str, Any] | None, name: str) -> UnisonoError:
    if not problem:
        return HostError(f"the {name} ended before it was ready; its log says why", code="internal")
    kind = CallerError if CODES[problem["code"]].http < 500 else HostError
    members = {key: problem.get(key) for key in ("field", "expected", "mend")}
    return kind(problem["detail"], code=problem["code"], **members)


def run_child(kind: type[T], work: Callable[[T, Callable[[dict[str, Any]], None]], Awaitable[None]]) -> None:
    """Read the settings, run ``work(settings, ready)``; it is cancelled when the parent ends or SIGTERM comes."""
    import uvloop

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = msgspec.json.decode(sys.stdin.buffer.readline(), type=kind)
    gc.set_threshold(*GC_THRESHOLDS)
    # the terminal's Ctrl-C goes to the whole group; the parent decides what happens
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    allow_files()
    code = 0
    try:
        uvloop.run(_until_parent_ends(settings, work))
    except UnisonoError as error:
        _say({"problem": error.problem()})
        logger.error("%s", error)
        code = 1
    except Exception:
        logger.exception("%s failed", work.__module__)
        code = 1
    logging.shutdown()
    # not sys.exit: native libraries print what they did not free at a tidy end, and everything of ours is closed
    os._exit(code)


async def _until_parent_ends(
    settings: T, work: Callable[[T, Callable[[dict[str, Any]], None]], Awaitable[None]]
) -> None:
    loop = asyncio.get_running_loop()

    def ready(word: dict[str, Any]) -> None:
        gc.collect()
        gc.freeze()
        _say({"ready": word})

    task = asyncio.ensure_future(work(settings, ready))

    def end() -> None:
        loop.remove_reader(sys.stdin.fileno())
        if not os.read(sys.stdin.fileno(), len(STOP)):
            logger.error("the hub is gone: ending with it")
            logging.shutdown()
            os._exit(1)
        task.cancel()

    loop.add_reader(sys.stdin.fileno(), end)
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def allow_files() -> None:
    """Every connection is an open file, and the soft limit is often 1,024."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _say(word: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        os.write(1, msgspec.json.encode(word) + b"\n")
