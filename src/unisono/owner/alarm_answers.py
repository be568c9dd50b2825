"""What an owner answers about alarms, and what people do about them; live changes to who watches.

Knows the shapes of `unisono.scene.alarm.talk`. An act is checked, then logged, and answered when it is folded.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable

import msgspec

from unisono.owner.actor import Actor
from unisono.owner.answers import Answers
from unisono.owner.owner import Owner
from unisono.scene.alarm.alarm import ACTS, Alarm
from unisono.scene.alarm.alarms import Alarms, order
from unisono.scene.alarm.document import load_alarm
from unisono.scene.alarm.soundness import require_sound_alarm
from unisono.scene.alarm.state import HELD, STANDING, State
from unisono.scene.alarm.talk import (
    ActAsk,
    AlarmsAnswer,
    AlarmsAsk,
    AlarmView,
    Figures,
    LiveAlarms,
    RateView,
    Recent,
    live_alarms,
)
from unisono.store.bus import Bus
from unisono.twin.outcome import Outcome
from unisono.twin.record import AlarmAct
from unisono.twin.talk import ask_owner

__all__ = ["AlarmAnswers"]

#: Alarms in one answer: a few hundred kilobytes at most.
PAGE = 1_000
#: Lines in one answer: they are kept in the registry every ten seconds, a flood of more is read there.
RECENT = 1_000
#: Changes are gathered for so long: nobody sees a tenth of a second, and a flood is one message.
GATHER_S = 0.1
#: An alarm that has been active for a day is no alarm but a state (EEMUA 191: "standing" or "stale").
STALE_US = 24 * 3_600 * 1_000_000

_encode = msgspec.msgpack.Encoder(enc_hook=str).encode


class AlarmAnswers:
    """Serves one owner, beside `Answers`."""

    def __init__(self, owner: Owner, actor: Actor, answers: Answers, bus: Bus) -> None:
        self._owner = owner
        self._actor = actor
        self._answers = answers
        self._bus = bus
        self._moved: dict[str, None] = {}
        self._flush: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        owner.on_outcome.append(self._outcome)

    async def start(self) -> None:
        """Begin to answer; before the replay is over, questions wait."""
        verbs: dict[str, Callable[[bytes], Awaitable[bytes]]] = {
            "alarms": self._list,
            "alarm-act": self._act,
            "alarm-recent": self._recent,
            "alarm-figures": self._figures,
            "alarm-check": self._check,
        }
        for verb, answer in verbs.items():
            await self._bus.serve(ask_owner(self._owner.log.partition, verb), answer)

    @property
    def _alarms(self) -> Alarms:
        return self._owner.alarms

    async def _list(self, payload: bytes) -> bytes:
        asked = msgspec.msgpack.decode(payload, type=AlarmsAsk)
        await self._answers.ready()
        alarms = self._alarms.alarms
        among: Iterable[str] = self._alarms.astir
        if asked.ids is not None:
            among = [id for id in asked.ids if id in alarms]
        elif asked.states is not None and State.NORMAL in asked.states:
            among = alarms
        found = sorted((key(alarms[id]), id) for id in among if self._fits(alarms[id], asked))
        if asked.after is not None:
            found = [each for each in found if each[0] > asked.after]
        limit = max(0, min(asked.limit, PAGE))
        page = found[:limit]
        views = [self._view(alarms[id]) for _key, id in page]
        return _encode(AlarmsAnswer(views, [each for each, _id in page], len(found) > limit))

    def _fits(self, alarm: Alarm, asked: AlarmsAsk) -> bool:
        facts = alarm.facts
        if asked.ids is None and facts.state not in (asked.states if asked.states is not None else STANDING):
            return False
        if asked.severities is not None and facts.severity not in asked.severities:
            return False
        if asked.things is not None and facts.thing not in asked.things:
            return False
        if asked.places is None:
            return True
        twin = self._owner.twin(facts.thing)
        places = self._owner.partition.places
        return twin is not None and any(places.inside(twin.place, outer) for outer in asked.places)

    async def _act(self, payload: bytes) -> bytes:
        asked = msgspec.msgpack.decode(payload, type=ActAsk)
        await self._answers.ready()
        act = AlarmAct(asked.alarm, asked.act, self._owner.clock.wall, asked.by, asked.comment, asked.for_s)
        self._alarms.check(act)
        await self._owner.reached(await self._actor.append(act))
        return _encode(self._view(self._alarms.known(asked.alarm)))

    async def _recent(self, payload: bytes) -> bytes:
        await self._answers.ready()
        return _encode(Recent(self._alarms.recent[-RECENT:]))

    async def _figures(self, payload: bytes) -> bytes:
        await self._answers.ready()
        now = self._owner.clock.wall
        standing: dict[str, Counter[str]] = {}
        stale: dict[str, Counter[str]] = {}
        held: dict[str, Counter[str]] = {}
        for id in self._alarms.astir:
            facts = self._alarms.alarms[id].facts
            twin = self._owner.twin(facts.thing)
            root = twin.root if twin is not None else ""
            if facts.state in STANDING:
                standing.setdefault(root, Counter())[facts.severity] += 1
                if facts.active and now - facts.raised > STALE_US:
                    stale.setdefault(root, Counter())[facts.severity] += 1
            elif facts.state in HELD:
                held.setdefault(root, Counter())[facts.state.value] += 1
        elapsed = self._owner.clock.elapsed
        rates = [
            RateView(each.root, each.in_ten_minutes(elapsed), each.since if each.flood else 0, each.held)
            for each in self._alarms.rates.values()
        ]
        chattering = sorted(id for id in self._alarms.astir if self._alarms.alarms[id].facts.chattering)
        counts = (len(self._alarms.defined), len(self._alarms.alarms))
        return _encode(Figures(rates, _plain(standing), _plain(stale), chattering, _plain(held), *counts))

    async def _check(self, payload: bytes) -> bytes:
        await self._answers.ready()
        others = {id: each.definition for id, each in self._alarms.defined.items()}
        return _encode(require_sound_alarm(load_alarm(payload), self._alarms.world, others))

    # live

    def _outcome(self, outcome: Outcome) -> None:
        if not self._alarms.moved:
            return
        moved, self._alarms.moved = self._alarms.moved, {}
        if not self._answers.watched:
            return
        self._moved.update(moved)
        if self._flush is None:
            self._flush = self._loop.call_later(GATHER_S, self._publish)

    def _publish(self) -> None:
        self._flush = None
        moved, self._moved = self._moved, {}
        alarms = self._alarms.alarms
        views = [self._view(alarms[id]) for id in moved if id in alarms]
        for part in range(0, len(views), PAGE):
            subject = live_alarms(self._owner.log.partition)
            self._bus.publish(subject, _encode(LiveAlarms(views[part : part + PAGE])))

    def _view(self, alarm: Alarm) -> AlarmView:
        facts, definition = alarm.facts, alarm.definition
        twin = self._owner.twin(facts.thing)
        consequence, action = self._alarms.guidance(alarm)
        return AlarmView(
            facts.id,
            facts.definition,
            definition.name,
            dict(definition.names),
            facts.thing,
            twin.place if twin is not None else "",
            facts.severity,
            facts.state.value,
            facts.active,
            facts.raised,
            facts.cleared,
            facts.count,
            facts.value,
            facts.text,
            consequence,
            action,
            facts.acknowledged,
            facts.by,
            facts.comment,
            facts.until,
            facts.why,
            facts.chattering,
            facts.calls,
            [act for act in ACTS if alarm.may(act)],
            definition.shelve_h,
        )


def key(alarm: Alarm) -> tuple[int, int, str]:
    """The place in an operator's list."""
    return (*order(alarm), alarm.id)


def _plain(counts: dict[str, Counter[str]]) -> dict[str, dict[str, int]]:
    return {root: dict(each) for root, each in counts.items()}
