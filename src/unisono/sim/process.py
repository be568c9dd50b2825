"""A simulation as a process: its event loop, the signals that end it, the parent it must not outlive.

Knows the operating system; not what is simulated.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Coroutine
from typing import Any

__all__ = ["run_until_stopped"]

PARENT_S = 1.0  # how soon it notices that its parent is gone


def run_until_stopped(work: Coroutine[Any, Any, None], *, with_parent: bool = False) -> None:
    """Run ``work`` on uvloop where there is one, until it ends or SIGINT or SIGTERM comes; either cancels it first.

    ``with_parent`` ends it too when the process that started this one is gone: a killed hub leaves no devices behind.
    Raises what ``work`` raises.
    """
    factory = None
    with contextlib.suppress(ImportError):
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_until_stopped(work, with_parent))


async def _until_stopped(work: Coroutine[Any, Any, None], with_parent: bool) -> None:
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    watch = loop.create_task(_outlived(os.getppid(), task)) if with_parent else None
    try:
        await task
    except asyncio.CancelledError:
        if not task.cancelled():
            raise
    finally:
        if watch is not None:
            watch.cancel()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _outlived(parent: int, task: asyncio.Task[None]) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110 - the system tells nobody
        await asyncio.sleep(PARENT_S)
    task.cancel()
