"""An owner over real parts (log, registry, history, bus) in the test's own process; the gateway is a list."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from unisono.access import Outside
from unisono.owner.actor import Actor
from unisono.owner.alarm_answers import AlarmAnswers
from unisono.owner.answers import Answers
from unisono.owner.checkpoint import Checkpointer
from unisono.owner.effects import Effects
from unisono.owner.fetch import Fetcher
from unisono.owner.owner import Owner
from unisono.owner.scene_answers import SceneAnswers
from unisono.owner.ticker import Ticker
from unisono.store.bus import Bus
from unisono.store.connection import Connection
from unisono.store.history import History
from unisono.store.log import Log
from unisono.store.registry import Registry, default_url
from unisono.store.registry.checkpoints import Checkpoints
from unisono.thing import builtin_model, dump_model
from unisono.twin.record import (
    Batch,
    Entry,
    Listening,
    ModelPut,
    PlacePut,
    Presence,
    Reports,
    ScenePut,
    ThingPut,
    encode_batch,
)
from unisono.twin.talk import Down, down

__all__ = ["OneOwner"]

GATEWAY = "g0"


class OneOwner:
    """``sent``: (thing, topic, payload) of all that it handed to its gateway. `start` may follow `stop` or `crash`."""

    def __init__(self, log: Log, connection: Connection, folder: Path, outside: Outside | None = None) -> None:
        self.log = log
        self.sent: list[tuple[str, str, Any]] = []
        self._connection = connection
        self._folder = folder
        self._outside = outside or Outside()
        self._models: set[str] = set()

    async def start(self) -> None:
        url = default_url(self._folder)
        await (await Registry.open(url)).close()
        history = History(self._folder / "history")
        self.checkpointer = Checkpointer(await Checkpoints.open(url), url, "0", 1, log_bytes=256 << 20)
        self.owner = Owner(self.log, self.log, history, self.checkpointer)
        self.bus = Bus(self._connection)
        self.actor = Actor(self.owner, self.bus)
        self.fetcher = Fetcher(self._outside)
        self.effects = Effects(self.owner, self.bus, self.fetcher, self.actor.told)
        self.ticker = Ticker(self.owner, self.actor.append)
        self.answers = Answers(self.owner, self.actor, self.effects, self.bus)
        await self.answers.start()
        await SceneAnswers(self.owner, self.actor, self.answers, self.bus).start()
        await AlarmAnswers(self.owner, self.actor, self.answers, self.bus).start()
        await self.bus.serve(down(GATEWAY), self._down)
        await self.owner.start()

    async def _down(self, payload: bytes) -> bytes:
        message = msgspec.msgpack.decode(payload, type=Down)
        self.sent.append((message.thing, message.topic, msgspec.json.decode(message.payload)))
        return b""

    async def save(self) -> None:
        """A checkpoint now, and none but when a test says so from here on: two at a time nobody makes."""
        task = self.checkpointer._task
        if task is not None and not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self.checkpointer.save(self.owner)

    async def stop(self) -> None:
        """As a process that is asked to end."""
        await self._let_go()
        await self.owner.stop()

    async def crash(self) -> None:
        """As after kill -9: no last checkpoint."""
        await self._let_go()
        self.owner.ready.clear()  # it saves nothing that it had not saved
        await self.owner.stop()

    async def _let_go(self) -> None:
        await self.ticker.stop()
        await self.effects.stop()
        await self.fetcher.close()
        await self.actor.stop()
        await self.bus.close()

    async def say(self, *entries: Entry) -> None:
        """Append entries and wait until they are folded."""
        batch = Batch("test", self.owner.clock.wall, list(entries))
        await self.owner.reached(await self.log.append(encode_batch(batch)))

    # the place

    async def place(self, id: str, parent: str | None = None) -> None:
        await self.say(PlacePut(id, parent))

    async def thing(self, id: str, kind: str) -> None:
        """A thing that is connected and hears what is sent to it."""
        model, at = builtin_model(kind), self.owner.clock.wall
        if model.id not in self._models:
            self._models.add(model.id)
            await self.say(ModelPut(model.id, model.version, dump_model(model)))
        await self.say(
            ThingPut(id, id, model.id, model.version, "home", "home", at=at),
            Presence(id, GATEWAY, 1, True, "connected", at, id),
            Listening(id, GATEWAY, 1, ["set", "call"], at),
        )

    async def report(self, id: str, **state: Any) -> None:
        await self.say(Reports(id, id, "state", self.owner.clock.wall, [msgspec.json.encode(state)]))

    async def scene(self, id: str, **members: Any) -> None:
        document = {"id": id, "name": id, "place": "home", **members}
        await self.say(ScenePut(id, 1, msgspec.json.encode(document)))
