"""Runs of scenes on the live view: what owners publish of them, to whoever follows the scene's place.

Knows where scenes belong, by looking them up. Runs that come faster than they can be looked up are joined: the newest
view of a run counts. Holds no truth.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from unisono.api.live.live import LiveView
from unisono.api.scenes.shapes import Run, run_of
from unisono.errors import UnisonoError
from unisono.scene.talk import LiveRuns, RunView

__all__ = ["LiveScenes"]

log = logging.getLogger(__name__)

#: Runs that wait to be looked up; past it new ones are left out of the view until there is room.
MAX_WAITING = 10_000
#: Where a scene belongs may be changed by another API process: so long an old answer stands.
FORGET_S = 30.0

_encode = msgspec.json.Encoder(enc_hook=str).encode


class Frame(msgspec.Struct):
    """A run as it is sent, without its steps."""

    scene: str
    run: Run


class LiveScenes:
    """``look_up``: the ids of the places from the root down to a scene's own; empty when there is none."""

    def __init__(self, view: LiveView, look_up: Callable[[str], Awaitable[Sequence[str]]]) -> None:
        self._view = view
        self._look_up = look_up
        self._waiting: dict[str, RunView] = {}
        self._known: dict[str, frozenset[str]] = {}
        self._forget_at = 0.0
        self._came = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._decoder = msgspec.msgpack.Decoder(LiveRuns)

    def start(self) -> None:
        """Begin to deliver."""
        self._task = asyncio.create_task(self._deliver(), name="live-scenes")

    async def stop(self) -> None:
        """End the task."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def forget(self) -> None:
        """Scenes or places were changed: look them up again."""
        self._known.clear()

    def receive(self, payload: bytes) -> None:
        """Take one `LiveRuns` message of an owner; called by the bus."""
        if not self._view.clients:
            return
        try:
            message = self._decoder.decode(payload)
        except msgspec.DecodeError as error:
            log.warning("a live message about scenes could not be read: %s", error)
            return
        for run in message.runs:
            if run.id in self._waiting or len(self._waiting) < MAX_WAITING:
                self._waiting[run.id] = run
        self._came.set()

    async def _deliver(self) -> None:
        while True:
            await self._came.wait()
            self._came.clear()
            waiting, self._waiting = self._waiting, {}
            try:
                for view in waiting.values():
                    places = await self._places(view.scene)
                    self._view.tell(f"run:{view.id}", places, _encode(Frame(view.scene, run_of(view))))
            except UnisonoError as error:
                log.warning("live view: runs of scenes were left out: %s", error)

    async def _places(self, scene: str) -> frozenset[str]:
        now = time.monotonic()
        if now > self._forget_at:
            self._known.clear()
            self._forget_at = now + FORGET_S
        found = self._known.get(scene)
        if found is None:
            found = self._known[scene] = frozenset(await self._look_up(scene))
        return found
