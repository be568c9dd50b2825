"""Questions to the owners of partitions, over the bus.

Knows the subjects and shapes of `unisono.twin.talk` and how long to wait. Knows no route and no twin logic.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from unisono.errors import HostError, UnisonoError
from unisono.scene import talk as scene_talk
from unisono.scene.alarm.facts import Transition
from unisono.scene.alarm.talk import ActAsk, AlarmsAnswer, AlarmsAsk, AlarmView, Figures, Recent
from unisono.scene.checking.finding import Finding
from unisono.scene.running.compiled import Refusal
from unisono.scene.running.standing import TriggerView
from unisono.scene.trying.dryrun import DryRun
from unisono.store.bus import Bus
from unisono.twin import record, talk

__all__ = ["Owners"]

# an owner answers in a millisecond; it may be in the middle of a large batch or a checkpoint
ANSWER_S = 5.0

# history reads may scan sealed files
HISTORY_S = 20.0

# how long a change may take from the log into the twin before the caller is told that it will follow
REACHED_S = 5.0

# twins asked for in one message: 500 twins of 12 values are some 100 KB
TWINS_AT_ONCE = 500

T = TypeVar("T")

_encode = msgspec.msgpack.Encoder().encode


class Owners:
    """A client of all owners."""

    def __init__(self, bus: Bus, partitions: Sequence[str]) -> None:
        self._bus = bus
        self.partitions = list(partitions)
        self._decoders: dict[Any, msgspec.msgpack.Decoder[Any]] = {}

    async def _ask(self, partition: str, verb: str, question: Any, kind: type[T], timeout_s: float = ANSWER_S) -> T:
        payload = b"" if question is None else _encode(question)
        try:
            answer = await self._bus.request(talk.ask_owner(partition, verb), payload, timeout_s)
        except UnisonoError as error:
            if error.code != "owner_unavailable":
                raise  # the owner's own answer: it refused, and says why
            raise HostError(
                f"The owner of partition {partition} did not answer ({error.detail})",
                code="owner_unavailable",
                mend="Run: unisono doctor",
            ) from error
        decoder = self._decoders.get(kind)
        if decoder is None:
            decoder = self._decoders[kind] = msgspec.msgpack.Decoder(kind)
        try:
            return decoder.decode(answer)  # type: ignore[no-any-return]
        except msgspec.DecodeError as error:
            raise HostError(
                f"The owner of partition {partition} gave an answer that cannot be read",
                code="owner_unavailable",
                mend="Run the same version of Unisono in all processes",
            ) from error

    async def twins(self, partition: str, ids: Sequence[str]) -> dict[str, talk.TwinView]:
        """The twins of ``ids`` that the owner knows, by id."""
        found: dict[str, talk.TwinView] = {}
        for start in range(0, len(ids), TWINS_AT_ONCE):
            ask = talk.TwinsAsk(list(ids[start : start + TWINS_AT_ONCE]))
            answer = await self._ask(partition, "twins", ask, talk.TwinsAnswer)
            found.update((twin.id, twin) for twin in answer.twins)
        return found

    async def twins_by_partition(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, talk.TwinView]:
        """`twins` of several partitions at once."""
        found: dict[str, talk.TwinView] = {}
        for part in await asyncio.gather(*(self.twins(partition, ids) for partition, ids in wanted.items())):
            found.update(part)
        return found

    async def history(self, partition: str, ask: talk.HistoryAsk) -> talk.HistoryAnswer:
        """Raw values or buckets of one property."""
        return await self._ask(partition, "history", ask, talk.HistoryAnswer, HISTORY_S)

    async def command(self, partition: str, ask: talk.CommandAsk) -> talk.CommandView:
        """Ask for a command; answered once it is in the log and ended, or ``wait_s`` is over."""
        return await self._ask(partition, "command", ask, talk.CommandView, ask.wait_s + ANSWER_S)

    async def command_get(self, partition: str, ask: talk.CommandGet) -> talk.CommandView | None:
        """One command, None when the owner does not know it."""
        return await self._ask(partition, "command-get", ask, talk.CommandView | None, ask.wait_s + ANSWER_S)  # type: ignore[arg-type]

    async def commands(self, partition: str, thing: str) -> list[talk.CommandView]:
        """Commands of a thing, newest first."""
        return await self._ask(partition, "commands", talk.TwinsAsk([thing]), list[talk.CommandView])

    async def find(self, partition: str, ask: talk.CommandsFind) -> list[talk.CommandView]:
        """Commands that the owner holds, newest first."""
        return await self._ask(partition, "commands-find", ask, list[talk.CommandView])

    async def cancel(self, partition: str, ask: talk.CommandCancel) -> talk.CommandView:
        """End a command that has not left. Raises CallerError ``not_found``, ``too_late``."""
        return await self._ask(partition, "cancel", ask, talk.CommandView)

    async def denied(self, partition: str, denied: record.Denied) -> None:
        """Keep for the audit what was refused here."""
        await self._bus.request(talk.ask_owner(partition, "denied"), _encode(denied), ANSWER_S)

    async def dead_letters(self, partition: str, thing: str | None, limit: int) -> list[talk.DeadLetter]:
        """What could not be taken in, newest first."""
        return await self._ask(partition, "dead-letters", talk.DeadLettersAsk(thing, limit), list[talk.DeadLetter])

    async def scenes(self, partition: str, ids: Sequence[str]) -> dict[str, scene_talk.SceneView]:
        """How those of ``ids`` stand that the owner runs."""
        ask = scene_talk.ScenesAsk(list(ids))
        views = await self._ask(partition, "scenes", ask, list[scene_talk.SceneView])
        return {view.id: view for view in views}

    async def scene_runs(self, partition: str, ask: scene_talk.RunsAsk) -> list[scene_talk.RunView]:
        """Runs with their steps, newest first."""
        return await self._ask(partition, "scene-runs", ask, list[scene_talk.RunView])

    async def scene_refusals(self, partition: str, ask: scene_talk.RefusalsAsk) -> list[Refusal]:
        """Why a scene did not run, newest first."""
        return await self._ask(partition, "scene-refusals", ask, list[Refusal])

    async def scene_triggers(self, partition: str, scene: str) -> list[TriggerView]:
        """How the triggers of a scene stand."""
        ask = scene_talk.TriggersAsk(scene)
        return await self._ask(partition, "scene-triggers", ask, list[TriggerView])

    async def scene_run(self, partition: str, ask: scene_talk.RunAsk) -> scene_talk.RunAnswer:
        """Run a scene; answered once that is in the log and folded."""
        return await self._ask(partition, "scene-run", ask, scene_talk.RunAnswer)

    async def scene_dry_run(self, partition: str, ask: scene_talk.DryRunAsk) -> DryRun:
        """What a scene would do now; nothing is done."""
        return await self._ask(partition, "scene-dry-run", ask, DryRun)

    async def scene_stop(self, partition: str, ask: scene_talk.StopAsk) -> list[scene_talk.RunView]:
        """End the runs of a scene; those that were ended by it."""
        return await self._ask(partition, "scene-stop", ask, list[scene_talk.RunView])

    async def mode(self, partition: str, ask: scene_talk.ModeAsk) -> str:
        """Put a place into a mode; the mode it is in then."""
        return (await self._ask(partition, "mode", ask, scene_talk.ModeView)).mode

    async def modes(self, partition: str) -> dict[str, str]:
        """The mode of each place."""
        return {view.place: view.mode for view in await self._ask(partition, "modes", None, list[scene_talk.ModeView])}

    async def status(self, partition: str, timeout_s: float = ANSWER_S) -> talk.OwnerStatus:
        """Positions, counts and trouble."""
        return await self._ask(partition, "status", None, talk.OwnerStatus, timeout_s)

    # alarms

    async def alarms(self, partition: str, ask: AlarmsAsk) -> AlarmsAnswer:
        """Alarms, the worst and newest first."""
        return await self._ask(partition, "alarms", ask, AlarmsAnswer)

    async def alarm_act(self, partition: str, ask: ActAsk) -> AlarmView:
        """Do something about an alarm. Raises CallerError ``not_found``, ``wrong_state``, ``bad_value``."""
        return await self._ask(partition, "alarm-act", ask, AlarmView)

    async def alarm_recent(self, partition: str) -> list[Transition]:
        """Lines of history that the registry may not have yet, oldest first."""
        return (await self._ask(partition, "alarm-recent", None, Recent)).lines

    async def alarm_figures(self, partition: str) -> Figures:
        """What the fold knows now."""
        return await self._ask(partition, "alarm-figures", None, Figures)

    async def alarm_check(self, partition: str, document: bytes) -> list[Finding]:
        """What is odd about a definition. Raises CallerError ``bad_alarm``."""
        answer = await self._bus.request(talk.ask_owner(partition, "alarm-check"), document, ANSWER_S)
        return msgspec.msgpack.decode(answer, type=list[Finding])

    async def reached(self, partition: str, seq: int) -> None:
        """Return once the fold has passed ``seq``. Raises HostError ``owner_unavailable`` after `REACHED_S`."""
        try:
            await self._bus.request(talk.ask_owner(partition, "reached"), _encode(talk.Reached(seq)), REACHED_S)
        except UnisonoError as error:
            raise HostError(
                "The change is kept and in the log, but the owner has not taken it in yet; it will, without your help",
                code="owner_unavailable",
                mend="Look again in a moment, or run: unisono doctor",
            ) from error

    async def watch(self, seconds: float) -> None:
        """Ask every owner to publish live changes for ``seconds``. Raises HostError when none of them answers."""
        payload = _encode(talk.Watch(seconds))
        asked = [self._bus.request(talk.ask_owner(each, "watch"), payload, ANSWER_S) for each in self.partitions]
        results = await asyncio.gather(*asked, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
