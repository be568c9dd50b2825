"""Questions to the notifier: is this an address, may messages go there, does a channel work, how is it with them all.

Knows the shapes of `unisono.twin.notices` and a notifier's parts. Sends nothing but trials.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from unisono.errors import CallerError, HostError
from unisono.notify import plan
from unisono.notify.errand import Check
from unisono.notify.letter import subscribed
from unisono.notify.pace import SECOND, Pace, free_at, spent
from unisono.notify.plan import Batch, Delivery, State
from unisono.notify.service import UNKNOWN
from unisono.notify.verdict import Kind, judge
from unisono.store.bus import Bus
from unisono.store.registry import AddressRow
from unisono.twin import notices
from unisono.twin.visitors import Series

if TYPE_CHECKING:
    from unisono.notify.notifier import Notifier

__all__ = ["Desk"]

#: So many attempts in a row that came to nothing are worth a word: a quarter of an hour.
FAILING = 8


class Desk:
    """Serves one notifier."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier

    async def serve(self, bus: Bus) -> list[Callable[[], None]]:
        """Begin to answer; returns what ends that."""
        return [
            await bus.serve(notices.CHECK, self.check, "notifier"),
            await bus.serve(notices.ALLOW, self.allow, "notifier"),
            await bus.serve(notices.TRIAL, self.try_out, "notifier"),
            await bus.serve(notices.STATUS, self.status, "notifier"),
        ]

    async def check(self, payload: bytes) -> bytes:
        asked = msgspec.msgpack.decode(payload, type=notices.Check)
        if asked.p256dh:
            return msgspec.msgpack.encode(subscribed(asked))
        report = await self._notifier.messenger.send(Check(self._notifier.messenger.number(), asked.url))
        facts = report.facts
        if facts is None:
            raise CallerError(
                report.answer.forbidden or report.answer.trouble.removeprefix("ValueError: "),
                code="bad_value",
                field="url",
                expected="such as ntfys://ntfy.sh/topic, dingtalk://token, mailto://user:password@example.com",
            )
        found = notices.ChannelFacts(
            facts.service,
            facts.name,
            facts.shown,
            facts.identity,
            facts.requests,
            facts.title_max,
            facts.text_max,
        )
        return msgspec.msgpack.encode(found)

    async def allow(self, payload: bytes) -> bytes:
        asked = msgspec.msgpack.decode(payload, type=notices.Allow)
        await self._notifier.letters.allow(asked.hosts)
        self._notifier.messenger.renew()
        return b""

    async def try_out(self, payload: bytes) -> bytes:
        asked = msgspec.msgpack.decode(payload, type=notices.Trial)
        channel = await self._notifier.registry.get_channel(asked.channel)
        if channel is None:
            raise CallerError(f"there is no channel {asked.channel[:80]!r}", code="not_found")
        service = self._notifier.services.get(channel.service, UNKNOWN)
        now = self._notifier.now()
        pace = self._notifier.paces.get(channel.address, Pace())
        free = free_at(pace, service.limits, now, count=channel.requests, urgent=True)
        if free > now:
            raise CallerError(
                f"{service.name or channel.service} takes no more at the moment",
                code="too_fast",
                mend=f"Try again in {(free - now) // SECOND + 1} s",
            )
        pace = self._notifier.paces[channel.address] = spent(pace, service.limits, now, channel.requests)
        language = (await self._notifier.registry.get_listener(channel.person)).language
        number = self._notifier.messenger.number()
        errand = self._notifier.letters.trial(channel, language, service, number)
        if errand is None:
            raise HostError("its address cannot be read: it was kept with another pepper", code="not_delivered")
        verdict = judge((await self._notifier.messenger.send(errand)).answer, service)
        trial = Batch([])
        self._notifier.paces[channel.address] = plan.outcome(trial, verdict, pace, self._notifier.now())
        await self._notifier.registry.put_deliveries(
            [], AddressRow(channel.address, service.name, msgspec.to_builtins(self._notifier.paces[channel.address]))
        )
        if verdict.kind is not Kind.SENT:
            raise HostError(verdict.words or "it gave no reason", code="not_delivered", mend="Check its address")
        return msgspec.msgpack.encode(notices.Tried(verdict.words))

    async def status(self, _payload: bytes) -> bytes:
        states = Counter((each.service, each.state.value) for each in self._notifier.open.values())
        series = [
            Series("notifications_open", {"service": service, "state": state}, count)
            for (service, state), count in states.items()
        ]
        series += [
            Series("notifications", {"service": service, "state": state}, count)
            for (service, state), count in self._notifier.ended.items()
        ]
        series += [
            Series("notify_attempts", {"service": service, "outcome": outcome}, count)
            for (service, outcome), count in self._notifier.attempts.items()
        ]
        held = sum(each.state is State.HELD for each in self._notifier.open.values())
        waiting = len(self._notifier.open) - held
        return msgspec.msgpack.encode(notices.NotifierStatus(waiting, held, series, self._troubles()))

    def _troubles(self) -> list[str]:
        """What is worth a look: the registry, and services that have taken nothing for some time."""
        found = [self._notifier.trouble] if self._notifier.trouble is not None else []
        waiting: dict[str, list[Delivery]] = {}
        for each in self._notifier.open.values():
            if each.state is State.WAITING and self._notifier.paces.get(each.address, Pace()).failures >= FAILING:
                waiting.setdefault(each.address, []).append(each)
        found += [
            f"{len(each)} to {each[0].person} over {each[0].service} wait: {each[0].answer}"
            for each in waiting.values()
        ]
        return found
