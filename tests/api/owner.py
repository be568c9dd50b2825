"""A small owner for tests: served on the real bus, it folds what the API relays and answers the questions it asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from unisono.errors import CallerError
from unisono.scene import talk as scene_talk
from unisono.scene.running.compiled import Refusal
from unisono.scene.running.standing import TriggerView
from unisono.scene.trying.dryrun import DryRun, DryStep
from unisono.store.bus import Bus
from unisono.store.log import Log
from unisono.twin import record, talk

__all__ = ["FakeOwner"]


class FakeOwner:
    """Keeps things, values and commands in dictionaries; ``entries`` is all that came through the log,
    ``places`` what of it was about places."""

    def __init__(self, bus: Bus, log: Log, partition: str = "0") -> None:
        self.bus = bus
        self.log = log
        self.partition = partition
        self.entries: list[Any] = []
        self.places: list[record.PlacePut | record.PlaceRemoved] = []
        self.things: dict[str, record.ThingPut] = {}
        self.twins: dict[str, talk.TwinView] = {}
        self.commands: dict[str, talk.CommandView] = {}
        self.letters: list[talk.DeadLetter] = []
        self.denied: list[record.Denied] = []
        self.points: list[tuple[int, int, Any]] = []
        self.asked_history: list[talk.HistoryAsk] = []
        self.runs: list[scene_talk.RunView] = []
        self.refusals: list[Refusal] = []
        self.triggers: list[TriggerView] = []
        self.asked_runs: list[scene_talk.RunAsk | scene_talk.StopAsk | scene_talk.RunsAsk] = []
        self.modes: dict[str, str] = {}
        self.ends: dict[str, str] = {}  # how a thing's commands end when somebody waits for it
        self.watched = asyncio.Event()
        self.position = 0
        self._moved = asyncio.Condition()
        self._reader: Any = None
        self._ends: list[Callable[[], None]] = []

    async def start(self) -> None:
        handlers = {
            "twins": self._twins,
            "history": self._history,
            "command": self._command,
            "command-get": self._command_get,
            "commands": self._commands,
            "commands-find": self._commands_find,
            "cancel": self._cancel,
            "denied": self._denied,
            "dead-letters": self._dead_letters,
            "reached": self._reached,
            "watch": self._watch,
            "status": self._status,
            "scenes": self._scenes,
            "scene-run": self._scene_run,
            "scene-dry-run": self._scene_dry_run,
            "scene-stop": self._scene_stop,
            "scene-runs": self._scene_runs,
            "scene-refusals": self._scene_refusals,
            "scene-triggers": self._scene_triggers,
            "mode": self._mode,
            "modes": self._modes,
        }
        for verb, handler in handlers.items():
            self._ends.append(await self.bus.serve(talk.ask_owner(self.partition, verb), handler))
        self._reader = await self.log.read(1, self._take)

    async def stop(self) -> None:
        for end in self._ends:
            end()
        self._ends = []
        if self._reader is not None:
            await self._reader.stop()

    def _take(self, seq: int, payload: bytes) -> None:
        for entry in record.decode_batch(payload).entries:
            if isinstance(entry, record.PlacePut | record.PlaceRemoved):
                self.places.append(entry)
                continue
            self.entries.append(entry)
            if isinstance(entry, record.ThingPut):
                self.things[entry.id] = entry
            elif isinstance(entry, record.ThingRemoved):
                self.things.pop(entry.id, None)
        self.position = seq
        asyncio.ensure_future(self._notify())  # noqa: RUF006  ends at once

    async def _notify(self) -> None:
        async with self._moved:
            self._moved.notify_all()

    def say(self, thing: str, changed: dict[str, Any], at: int, online: bool | None = None) -> None:
        """Let a thing's values change and publish it live."""
        twin = self.twins.setdefault(thing, talk.TwinView(thing, True, at, {}, {}, [], "online"))
        values = {key: (value, at) for key, value in changed.items()}
        twin.state.update(values)
        message = talk.Live([talk.LiveChange(thing, values, at, online)])
        self.bus.publish(talk.live(self.partition), msgspec.msgpack.encode(message))

    def run(self, *runs: scene_talk.RunView) -> None:
        """Publish runs of scenes live."""
        self.bus.publish(scene_talk.live_runs(self.partition), msgspec.msgpack.encode(scene_talk.LiveRuns(list(runs))))

    async def _twins(self, payload: bytes) -> bytes:
        ask = msgspec.msgpack.decode(payload, type=talk.TwinsAsk)
        known = [
            self.twins.get(each, talk.TwinView(each, False, 0, {}, {}, [])) for each in ask.ids if each in self.things
        ]
        return msgspec.msgpack.encode(talk.TwinsAnswer(known))

    async def _history(self, payload: bytes) -> bytes:
        ask = msgspec.msgpack.decode(payload, type=talk.HistoryAsk)
        self.asked_history.append(ask)
        if ask.latest:
            past = [p for p in self.points if p[0] < ask.start]
            return msgspec.msgpack.encode(talk.HistoryAnswer(raw=past[-1:]))
        if ask.points:
            return msgspec.msgpack.encode(talk.HistoryAnswer(buckets=self._buckets(ask)))
        found = [p for p in self.points if ask.start <= p[0] < ask.end and (ask.after is None or p[:2] > ask.after)]
        more = found[ask.limit - 1][:2] if len(found) > ask.limit else None
        return msgspec.msgpack.encode(talk.HistoryAnswer(raw=found[: ask.limit], more=more))

    def _buckets(self, ask: talk.HistoryAsk) -> list[tuple[int, Any, Any, Any, Any, int]]:
        width = -(-(ask.end - ask.start) // ask.points)
        found: dict[int, list[Any]] = {}
        for at, _seq, value in self.points:
            if ask.start <= at < ask.end:
                found.setdefault(ask.start + (at - ask.start) // width * width, []).append(value)
        return [(at, *_figures(all), all[-1], len(all)) for at, all in sorted(found.items())]

    async def _command(self, payload: bytes) -> bytes:
        ask = msgspec.msgpack.decode(payload, type=talk.CommandAsk)
        asked = ask.asked
        if asked.thing not in self.things:
            raise CallerError("no such thing", code="not_found")
        state = "confirmed" if ask.wait_s else "sent"
        view = talk.CommandView(
            asked.id,
            asked.thing,
            state,
            asked.by,
            asked.at,
            asked.at + 1 if ask.wait_s else None,
            asked.set,
            asked.call,
            asked.input,
            because=asked.why,
        )
        self.commands[asked.id] = view
        return msgspec.msgpack.encode(view)

    async def _command_get(self, payload: bytes) -> bytes:
        ask = msgspec.msgpack.decode(payload, type=talk.CommandGet)
        if ask.id not in self.commands:
            raise CallerError("no such command", code="not_found")
        view = self.commands[ask.id]
        if ask.wait_s and view.state == "sent":
            view.state = self.ends.get(view.thing, "confirmed")
        return msgspec.msgpack.encode(view)

    async def _commands_find(self, payload: bytes) -> bytes:
        ask = msgspec.msgpack.decode(payload, type=talk.CommandsFind)
        found = [view for view in self.commands.values() if ask.things is None or view.thing in ask.things]
        return msgspec.msgpack.encode(found[::-1][: ask.limit])

    async def _cancel(self, payload: bytes) -> bytes:
        ask = msgspec.msgpack.decode(payload, type=talk.CommandCancel)
        return msgspec.msgpack.encode(self.commands[ask.id])

    async def _denied(self, payload: bytes) -> bytes:
        self.denied.append(msgspec.msgpack.decode(payload, type=record.Denied))
        return b""

    async def _commands(self, payload: bytes) -> bytes:
        ask = msgspec.msgpack.decode(payload, type=talk.TwinsAsk)
        return msgspec.msgpack.encode([view for view in self.commands.values() if view.thing in ask.ids])

    async def _dead_letters(self, payload: bytes) -> bytes:
        ask = msgspec.msgpack.decode(payload, type=talk.DeadLettersAsk)
        return msgspec.msgpack.encode([x for x in self.letters if ask.thing in (None, x.thing)][: ask.limit])

    async def _scenes(self, payload: bytes) -> bytes:
        ask = msgspec.msgpack.decode(payload, type=scene_talk.ScenesAsk)
        known = {entry.id: entry.version for entry in self.entries if isinstance(entry, record.ScenePut)}
        views = [
            scene_talk.SceneView(
                id,
                known[id],
                True,
                [run for run in self.runs if not run.ended and run.scene == id],
                next=1_795_341_600_000_000,
                last=next((run for run in self.runs if run.ended and run.scene == id), None),
                refusal=self.refusals[0] if self.refusals else None,
            )
            for id in ask.ids or ()
            if id in known
        ]
        return msgspec.msgpack.encode(views)

    async def _scene_run(self, payload: bytes) -> bytes:
        ask = msgspec.msgpack.decode(payload, type=scene_talk.RunAsk)
        self.asked_runs.append(ask)
        answer = scene_talk.RunAnswer(refusal=self.refusals[0] if self.refusals and not ask.even_if else None)
        if answer.refusal is None and self.runs:
            answer.run = self.runs[0]
        return msgspec.msgpack.encode(answer)

    async def _scene_dry_run(self, payload: bytes) -> bytes:
        ask = msgspec.msgpack.decode(payload, type=scene_talk.DryRunAsk)
        if not ask.even_if:
            return msgspec.msgpack.encode(DryRun(False, "", "a condition said no", "if.0.sun", "up"))
        step = DryStep(0.5, ask.scene, "then.0.set", "asked", {"lamp": {"on_off": True}})
        asked = (0.5, "lamp", {"on_off": True}, None, None)
        return msgspec.msgpack.encode(
            DryRun(True, "done", steps=[step], commands=[asked], effects=[("notify", {})], modes=[("home", "night")])
        )

    async def _scene_stop(self, payload: bytes) -> bytes:
        self.asked_runs.append(msgspec.msgpack.decode(payload, type=scene_talk.StopAsk))
        return msgspec.msgpack.encode([run for run in self.runs if not run.ended])

    async def _scene_runs(self, payload: bytes) -> bytes:
        ask = msgspec.msgpack.decode(payload, type=scene_talk.RunsAsk)
        self.asked_runs.append(ask)
        return msgspec.msgpack.encode([run for run in self.runs if ask.run in (None, run.id)])

    async def _scene_refusals(self, payload: bytes) -> bytes:
        return msgspec.msgpack.encode(self.refusals)

    async def _scene_triggers(self, payload: bytes) -> bytes:
        return msgspec.msgpack.encode(self.triggers)

    async def _mode(self, payload: bytes) -> bytes:
        ask = msgspec.msgpack.decode(payload, type=scene_talk.ModeAsk)
        self.modes[ask.place] = ask.mode or ""
        return msgspec.msgpack.encode(scene_talk.ModeView(ask.place, self.modes[ask.place]))

    async def _modes(self, _payload: bytes) -> bytes:
        places = {entry.id: self.modes.get(entry.id, "home") for entry in self.places}
        return msgspec.msgpack.encode([scene_talk.ModeView(place, mode) for place, mode in places.items()])

    async def _reached(self, payload: bytes) -> bytes:
        ask = msgspec.msgpack.decode(payload, type=talk.Reached)
        async with self._moved:
            await self._moved.wait_for(lambda: self.position >= ask.seq)
        return b""

    async def _watch(self, _payload: bytes) -> bytes:
        self.watched.set()
        return b""

    async def _status(self, _payload: bytes) -> bytes:
        return msgspec.msgpack.encode(
            talk.OwnerStatus(
                self.partition, self.log.log_id, 1, self.position, 0, self.position, self.position, self.position,
                0, 0, 0, len(self.letters), len(self.things), 0, True,
            )
        )  # fmt: skip


def _figures(values: list[Any]) -> tuple[Any, Any, Any]:
    """Least, mean and greatest of the numbers among them, as the history has it."""
    numbers = [value for value in values if isinstance(value, int | float)]
    return (min(numbers), sum(numbers) / len(numbers), max(numbers)) if numbers else (None, None, None)
