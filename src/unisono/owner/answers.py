"""What an owner answers on the bus: twins, history, commands, dead letters, its state; and live changes to who watches.

Knows the shapes of `unisono.twin.talk`. Changes nothing but by asking the actor.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from unisono.errors import CallerError, HostError
from unisono.owner.actor import Actor
from unisono.owner.alarm_series import alarm_series
from unisono.owner.effects import Effects
from unisono.owner.owner import Owner
from unisono.owner.views import command_view, refusals, wanted
from unisono.store.bus import Bus
from unisono.twin.command import Command
from unisono.twin.outcome import Outcome
from unisono.twin.record import Denied
from unisono.twin.talk import (
    CommandAsk,
    CommandCancel,
    CommandGet,
    CommandsFind,
    DeadLettersAsk,
    HistoryAnswer,
    HistoryAsk,
    Live,
    LiveChange,
    OwnerStatus,
    Reached,
    TwinsAnswer,
    TwinsAsk,
    TwinView,
    Watch,
    ask_owner,
    audit_id,
    live,
)
from unisono.twin.twin import Twin

__all__ = ["Answers"]

#: Replaying takes seconds; who asks meanwhile waits this long before it is told to come back.
READY_WAIT_S = 4.0
#: Live changes are gathered for so long: below what a person sees, above what a message costs.
LIVE_GATHER_S = 0.001
#: Commands of one thing that are listed.
COMMANDS = 100
REACHED_WAIT_S = 30.0
FLUSH_WAIT_S = 2.0

_encode = msgspec.msgpack.Encoder(enc_hook=str).encode


class Answers:
    """Serves one owner."""

    def __init__(self, owner: Owner, actor: Actor, effects: Effects, bus: Bus) -> None:
        self._owner = owner
        self._actor = actor
        self._effects = effects
        self._bus = bus
        self._watched_until = 0.0
        self.on_watch: list[Callable[[], None]] = []
        self._touched: dict[Twin, int] = {}
        self._presence: dict[Twin, None] = {}
        self._moved: dict[str, None] = {}
        self._flush: asyncio.TimerHandle | None = None
        self._ended: dict[str, list[asyncio.Future[None]]] = {}
        self._loop = asyncio.get_running_loop()
        owner.on_outcome.append(self._outcome)

    async def start(self) -> None:
        """Begin to answer; before the replay is over, questions wait."""
        verbs: dict[str, Callable[[bytes], Awaitable[bytes]]] = {
            "twins": self._twins,
            "history": self._history,
            "command": self._command,
            "command-get": self._command_get,
            "commands": self._commands,
            "commands-find": self._commands_find,
            "cancel": self._cancel,
            "denied": self._denied,
            "desired": self._desired,
            "dead-letters": self._dead_letters,
            "reached": self._reached,
            "watch": self._watch,
            "status": self._status,
        }
        for verb, answer in verbs.items():
            await self._bus.serve(ask_owner(self._owner.log.partition, verb), answer)

    @property
    def watched(self) -> bool:
        """Whether somebody looks at what changes."""
        return self._watched_until >= self._loop.time()

    async def ready(self) -> None:
        """Returns when questions can be answered. Raises HostError ``owner_unavailable`` while the log is replayed."""
        try:
            async with asyncio.timeout(READY_WAIT_S):
                await self._owner.ready.wait()
        except TimeoutError as error:
            behind = f"it is replaying its log (at {self._owner.position})"
            raise HostError(behind, code="owner_unavailable", mend="Try again in a few seconds") from error

    # questions

    async def _twins(self, payload: bytes) -> bytes:
        asked = msgspec.msgpack.decode(payload, type=TwinsAsk)
        await self.ready()
        found = [twin for id in asked.ids if (twin := self._owner.twin(id)) is not None]
        return _encode(TwinsAnswer([self._view(twin) for twin in found]))

    def _view(self, twin: Twin) -> TwinView:
        commands = self._owner.partition.commands
        desired = {
            key: (value, commands[id].asked.at)
            for id in twin.open
            for key, value in (commands[id].asked.set or {}).items()
        }
        return TwinView(
            twin.id,
            self._online(twin),
            twin.seen,
            twin.state(),
            desired,
            list(twin.open),
            "online" if not twin.online and self._online(twin) else twin.availability,
            self._owner.partition.dead_letters.counts[twin.id],
        )

    def _online(self, twin: Twin) -> bool:
        return twin.online or self._owner.fold.control.link(twin) is not None

    async def _history(self, payload: bytes) -> bytes:
        asked = msgspec.msgpack.decode(payload, type=HistoryAsk)
        await self.ready()
        twin = self._owner.twin(asked.thing)
        key, shown = asked.property, lambda number: number
        if twin is not None:
            if not asked.property.startswith("event/"):
                key = twin.shape.find(asked.property)[0]
            shape = twin.shape
            shown = lambda number: shape.shown(key, number)  # noqa: E731 - one of two ways to show a number
        # what was just reported is to be seen; while the disk is full, what there is
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_WAIT_S):
                await self._owner.sink.flush(self._owner.position)
        if asked.latest:
            last = await self._owner.sink.read(lambda history: history.latest(asked.thing, key, asked.start))
            return _encode(HistoryAnswer(raw=[(last.ts, last.seq, _shown(last.value, shown))] if last else []))
        if asked.points:
            buckets = await self._owner.sink.read(
                lambda history: history.buckets(asked.thing, key, asked.start, asked.end, asked.points)
            )
            return _encode(
                HistoryAnswer(buckets=[(*bucket[:4], _shown(bucket[4], shown), bucket[5]) for bucket in buckets])
            )
        points = await self._owner.sink.read(
            lambda history: history.points(
                asked.thing, key, asked.start, asked.end, limit=asked.limit, after=asked.after
            )
        )
        more = (points[-1].ts, points[-1].seq) if len(points) == asked.limit else None
        return _encode(HistoryAnswer(raw=[(ts, seq, _shown(value, shown)) for ts, seq, value in points], more=more))

    async def _command(self, payload: bytes) -> bytes:
        asked = msgspec.msgpack.decode(payload, type=CommandAsk)
        await self.ready()
        command = await self._actor.ask(asked.asked)
        await self._until_ended(command, asked.wait_s)
        return _encode(command_view(command))

    async def _command_get(self, payload: bytes) -> bytes:
        asked = msgspec.msgpack.decode(payload, type=CommandGet)
        await self.ready()
        command = self._owner.partition.commands.get(asked.id)
        if command is None:
            return _encode(None)
        await self._until_ended(command, asked.wait_s)
        return _encode(command_view(command))

    async def _commands(self, payload: bytes) -> bytes:
        asked = msgspec.msgpack.decode(payload, type=TwinsAsk)
        await self.ready()
        wanted = set(asked.ids)
        found = [c for c in self._owner.partition.commands.values() if c.asked.thing in wanted]
        return _encode([command_view(command) for command in found[::-1][:COMMANDS]])

    async def _commands_find(self, payload: bytes) -> bytes:
        asked = msgspec.msgpack.decode(payload, type=CommandsFind)
        await self.ready()
        things = None if asked.things is None else set(asked.things)
        found = [
            command
            for command in self._owner.partition.commands.values()
            if (things is None or command.asked.thing in things) and wanted(command, asked)
        ]
        views = [command_view(command) for command in found]
        # what was refused is no command of the partition: until it is written only the checkpoint has it
        views += refusals(self._owner.checkpointer.unwritten, asked)
        views.sort(key=lambda view: (view.at, audit_id(view.id, view.state, view.ended)), reverse=True)
        return _encode(views[: asked.limit])

    async def _cancel(self, payload: bytes) -> bytes:
        asked = msgspec.msgpack.decode(payload, type=CommandCancel)
        await self.ready()
        return _encode(command_view(await self._actor.cancel(asked.id, asked.by)))

    async def _denied(self, payload: bytes) -> bytes:
        denied = msgspec.msgpack.decode(payload, type=Denied)
        await self.ready()
        await self._actor.denied(denied)
        return b""

    async def _desired(self, payload: bytes) -> bytes:
        asked = msgspec.msgpack.decode(payload, type=TwinsAsk)
        await self.ready()
        twin = self._owner.twin(asked.ids[0])
        if twin is None:
            raise CallerError(f"there is no thing {asked.ids[0]!r}", code="not_found")
        return self._actor.desired(twin)

    async def _dead_letters(self, payload: bytes) -> bytes:
        asked = msgspec.msgpack.decode(payload, type=DeadLettersAsk)
        await self.ready()
        return _encode(self._owner.partition.dead_letters.newest(asked.thing, asked.limit))

    async def _reached(self, payload: bytes) -> bytes:
        async with asyncio.timeout(REACHED_WAIT_S):
            await self._owner.reached(msgspec.msgpack.decode(payload, type=Reached).seq)
        return b""

    async def _status(self, payload: bytes) -> bytes:
        owner = self._owner
        first, last, size = await owner.log.bounds()
        things = owner.partition.things
        passing = (owner.sink.trouble, owner.checkpointer.trouble, owner.results.trouble, self._effects.trouble)
        scenes = (*owner.scenes.troubles, owner.scenes.upkeep.complaint())
        seen = (*owner.told(), *passing, *scenes, *owner.alarms.troubles)
        troubles = [trouble for trouble in seen if trouble]
        status = OwnerStatus(
            owner.log.partition,
            owner.log.log_id,
            first,
            last,
            size,
            owner.position,
            owner.checkpointer.position,
            owner.sink.position,
            owner.sink.rows,
            owner.messages,
            owner.sink.rows,
            owner.dead,
            len(things),
            sum(1 for twin in things.values() if twin.online),
            owner.ready.is_set(),
            troubles,
            alarm_series(owner.alarms),
            {id: kept.count for id, kept in owner.onward.outlets.items()},
        )
        return _encode(status)

    # commands that are waited for

    async def _until_ended(self, command: Command, wait_s: float) -> None:
        if not command.open or wait_s <= 0:
            return
        future: asyncio.Future[None] = self._loop.create_future()
        waiting = self._ended.setdefault(command.asked.id, [])
        waiting.append(future)
        try:
            async with asyncio.timeout(wait_s):
                await future
        except TimeoutError:
            pass  # it goes on; the asker sees the state it is in
        finally:
            waiting.remove(future)
            if not waiting:
                self._ended.pop(command.asked.id, None)

    # live

    async def _watch(self, payload: bytes) -> bytes:
        self._watched_until = self._loop.time() + msgspec.msgpack.decode(payload, type=Watch).seconds
        for watched in self.on_watch:
            watched()
        return b""

    def _outcome(self, outcome: Outcome) -> None:
        if self._ended:
            commands = self._owner.partition.commands
            for id in outcome.moved:
                if id in self._ended and not commands[id].open:
                    for future in self._ended[id]:
                        if not future.done():
                            future.set_result(None)
        if not self.watched:
            return
        for twin, mask in outcome.touched.items():
            self._touched[twin] = self._touched.get(twin, 0) | mask
        for twin in outcome.presence:
            self._touched.setdefault(twin, 0)  # parts come and go with their parent, and are not touched by that
        self._presence.update(outcome.presence)
        self._moved.update(outcome.moved)
        if self._flush is None and (self._touched or self._moved):
            self._flush = self._loop.call_later(LIVE_GATHER_S, self._publish)

    def _publish(self) -> None:
        self._flush = None
        touched, self._touched = self._touched, {}
        presence, self._presence = self._presence, {}
        moved, self._moved = self._moved, {}
        changes = [
            LiveChange(twin.id, twin.state(mask), twin.seen, self._online(twin) if twin in presence else None)
            for twin, mask in touched.items()
            if mask or twin in presence
        ]
        commands = self._owner.partition.commands
        views = [command_view(commands[id]) for id in moved if id in commands]
        for part in range(0, max(len(changes), 1), LIVE_CHANGES):
            self._bus.publish(
                live(self._owner.log.partition), _encode(Live(changes[part : part + LIVE_CHANGES], views))
            )
            views = []


#: Changes in one message: a few hundred kilobytes at most.
LIVE_CHANGES = 1_000


def _shown(value: Any, shown: Callable[[float], Any]) -> Any:
    return shown(value) if isinstance(value, float) else value
