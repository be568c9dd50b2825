"""The notifier: takes notifications in durably, and sees each of its deliveries to its end.

Knows the bus, the registry and the messenger; what is to be done when, `plan` decides. Runs in the hub's process: at
rest it is a few objects, and what is heavy is the courier's. One notifier a registry: who it is, `seat` sees to.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

import msgspec

from unisono.errors import CallerError, HostError, UnisonoError
from unisono.notify import plan
from unisono.notify.addressee import Addressees
from unisono.notify.desk import Desk
from unisono.notify.errand import CourierSettings
from unisono.notify.letter import Letters
from unisono.notify.message import Matter, Message, told
from unisono.notify.messenger import ATTEMPT_S, Messenger
from unisono.notify.pace import SECOND, Pace, spent
from unisono.notify.plan import OPEN, Batch, Delivery, State
from unisono.notify.service import UNKNOWN, Service
from unisono.notify.verdict import Kind, Verdict, judge
from unisono.store.bus import Bus
from unisono.store.registry import AddressRow, DeliveryRow, NotificationRow, Registry
from unisono.twin import notices
from unisono.twin.notices import notify

__all__ = ["MAX_OPEN", "Notifier"]

logger = logging.getLogger(__name__)

#: Deliveries that have not ended; the next notification is refused, and whoever sent it tries again or says so.
MAX_OPEN = 10_000
#: Characters; what a person reads on a lock screen is a hundredth of it.
MAX_TITLE, MAX_TEXT = 250, 8000
#: Batches on their way at a time; as many as the courier has threads.
AT_ONCE = 8
#: At the latest then the clock is looked at again: it may have been set.
LONGEST_NAP_S = 30.0
#: What is over is kept so long, and so many.
KEEP_S, KEEP = 30 * 86_400.0, 20_000
TIDY_S = 3600.0
#: After the registry failed in the middle.
REGISTRY_PAUSE_S = 2.0


def now_us() -> int:
    """Wall time in microseconds since the Unix epoch."""
    return time.time_ns() // 1000


class Notifier:
    """``services``: by scheme, see `unisono.notify.service`. ``now``: wall time. ``may``: nobody else sends at the
    moment. ``reroute``, ``attempt_s``: see `CourierSettings` and `Messenger`."""

    def __init__(
        self,
        registry: Registry,
        bus: Bus,
        partitions: Sequence[str],
        pepper: bytes,
        services: dict[str, Service],
        *,
        now: Callable[[], int] = now_us,
        may: Callable[[], bool] = lambda: True,
        reroute: Mapping[str, str] = MappingProxyType({}),
        attempt_s: float = ATTEMPT_S,
    ) -> None:
        self.registry = registry
        self._bus = bus
        self._partitions = partitions
        self.services = services
        self._reroute = dict(reroute)
        self.now = now
        self._may = may
        self._addressees = Addressees(registry)
        self.letters = Letters(registry, pepper)
        self.messenger = Messenger(self._settings, attempt_s=attempt_s)
        self.open: dict[tuple[str, str], Delivery] = {}
        # what open deliveries say, and how many of them say it
        self._matters: dict[str, Matter] = {}
        self._ways: Counter[str] = Counter()
        self.paces: dict[str, Pace] = {}
        self._requests: dict[str, int] = {}
        self._busy: dict[str, asyncio.Task[None]] = {}
        self.attempts: Counter[tuple[str, str]] = Counter()
        self.ended: Counter[tuple[str, str]] = Counter()
        self.trouble: str | None = None
        self._taking = asyncio.Lock()
        self._awake = asyncio.Event()
        self._ends: list[Callable[[], None]] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Take up what an earlier life left, then serve."""
        now = self.now()
        for address in await self.registry.list_addresses():
            self.paces[address.address] = msgspec.convert(address.pace, Pace)
        interrupted = []
        for row in await self.registry.open_deliveries([state.value for state in OPEN]):
            delivery = _delivery(row)
            self._remember(delivery)
            if delivery.state is State.SENDING:
                plan.resumed(delivery, now)
                interrupted.append(_row(delivery))
        await self.registry.put_deliveries(interrupted)
        for notification in await self.registry.get_notifications([id for id, _ in self.open]):
            self._matters[notification.id] = _matter(notification)
        self._requests = await self._addressees.requests()
        await self.letters.start()
        for partition in self._partitions:
            subject = notify(partition)
            self._ends.append(await self._bus.serve(subject, partial(self._take, partition), "notifier"))
        self._ends += await Desk(self).serve(self._bus)
        self._ends.append(await self._bus.subscribe(notices.CHANGED, self._changed))
        self._tasks = [
            asyncio.create_task(self._deliver(), name="notifications"),
            asyncio.create_task(self._tidy(), name="old notifications"),
        ]

    async def stop(self) -> None:
        """What is on its way is left as it is: the next life sends it again."""
        for end in self._ends:
            end()
        tasks = [*self._tasks, *self._busy.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.messenger.stop()

    def _settings(self) -> CourierSettings:
        return CourierSettings(self.letters.reach, self._reroute)

    @property
    def courier(self) -> int:
        """The process that carries messages, 0 while there is none."""
        return self.messenger.pid

    def wake(self) -> None:
        """Look again at what waits."""
        self._awake.set()

    # taking in

    async def _take(self, partition: str, payload: bytes) -> bytes:
        try:
            notice = msgspec.msgpack.decode(payload, type=notices.Notice)
        except msgspec.ValidationError as error:
            raise CallerError(
                str(error), code="bad_value", expected="id, run, body {to, title, text...}, at"
            ) from error
        async with self._taking:
            if notice.body.recall:
                return msgspec.msgpack.encode(await self._recall(notice.body))
            return msgspec.msgpack.encode(await self._accept(partition, notice))

    async def _accept(self, partition: str, notice: notices.Notice) -> notices.Kept:
        if await self.registry.get_notifications([notice.id]):
            return notices.Kept(False)
        if len(self.open) >= MAX_OPEN:
            raise HostError(  # the owner keeps it and comes again
                f"{len(self.open)} notifications wait to leave",
                code="too_many",
                mend="See why: unisono notify list --state waiting",
            )
        now = self.now()
        body = notice.body
        ttl_s = body.ttl_s or plan.TTL_S[body.priority]
        expires = now + int(ttl_s * SECOND)
        found = await self._addressees.find(partition, body.to, body.place, body.priority)
        deliveries = []
        for channel in found.channels:
            delivery = Delivery(
                notice.id,
                channel.id,
                channel.person,
                channel.address,
                channel.service,
                body.priority,
                body.group,
                at=now,
                due=now,
                expires=expires,
                changed=now,
            )
            self._requests[channel.address] = channel.requests
            plan.begun(delivery, found.quiet(channel.person), now)
            deliveries.append(delivery)
        row = NotificationRow(
            notice.id,
            partition,
            notice.run,
            body.to,
            body.title[:MAX_TITLE],
            body.text[:MAX_TEXT],
            body.priority,
            body.group,
            notice.by,
            notice.at or now,
            now,
            expires,
            found.missed,
            body.since,
            body.over,
        )
        # On copies: until this is on disk nothing has changed, and meanwhile what waits may leave.
        addresses = {each.address for each in deliveries}
        there = [msgspec.structs.replace(each) for each in self.open.values() if each.address in addresses]
        ended = [each for later in deliveries for each in plan.replaced(there, later, now)]
        ended += plan.crowded_out([*there, *deliveries], now)
        others = [each for each in ended if each.notification != row.id]
        await self.registry.add_notification(row, [_row(each) for each in [*deliveries, *others]])
        if deliveries:
            self._matters[row.id] = _matter(row)
        for delivery in deliveries:
            self._remember(delivery)
        self._end(others)
        self._forget(deliveries)
        self.wake()
        return notices.Kept(True, len(deliveries))

    async def _recall(self, body: notices.Telling) -> notices.Kept:
        """What the group tells of is over: what of it has not left is told as that, or no more.

        It is of no use to anybody later, so that nothing is kept of it but what it changes."""
        about = [each for each in self.open.values() if each.group is not None and each.group == body.group]
        if not about:
            return notices.Kept(False)
        ids = sorted({each.notification for each in about})
        rows = await self.registry.deliveries_of(ids)
        heard = {(row.notification, row.person) for row in rows if row.state == State.SENT}
        ended = plan.recalled([msgspec.structs.replace(each) for each in about], heard, self.now())
        await self.registry.end_matter(ids, body.since, body.over, [_row(each) for each in ended])
        for id in ids:
            if id in self._matters:  # else it has left meanwhile
                self._matters[id] = msgspec.structs.replace(self._matters[id], since=body.since, over=body.over)
        self._end(ended)
        self.wake()
        return notices.Kept(True, len(about) - len(ended))

    def _end(self, copies: Sequence[Delivery]) -> None:
        """What was decided of copies holds of what has not left meanwhile."""
        for copy in copies:
            each = self.open.get((copy.notification, copy.channel))
            if each is not None and each.state in (State.WAITING, State.HELD):
                each.state, each.changed, each.answer = copy.state, copy.changed, copy.answer
                self._forget([each])

    # sending

    async def _deliver(self) -> None:
        while True:
            self._awake.clear()
            try:
                nap_s = await self._round()
                self.trouble = None
            except UnisonoError as error:
                logger.error("notifications wait: %s", error)
                self.trouble = str(error)
                nap_s = REGISTRY_PAUSE_S
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(nap_s):
                    await self._awake.wait()

    async def _round(self) -> float:
        """Send what may leave; how long there is nothing more to do."""
        if not self._may():
            return REGISTRY_PAUSE_S
        now = self.now()
        over = [each for each in self.open.values() if plan.expired(each, now)]
        if over:
            await self.registry.put_deliveries([_row(each) for each in over])
            self._forget(over)
        waiting: dict[str, list[Delivery]] = {}
        for each in self.open.values():
            if each.state in (State.WAITING, State.HELD):
                waiting.setdefault(each.address, []).append(each)
        wakes = [each.expires for each in self.open.values()]
        for address, deliveries in waiting.items():
            if address in self._busy or len(self._busy) >= AT_ONCE or not self._may():
                continue
            step = await self._next(address, deliveries, now)
            if step is not None:
                wakes.append(step)
        return min([LONGEST_NAP_S, *((wake - now) / SECOND for wake in wakes)])

    async def _next(self, address: str, deliveries: list[Delivery], now: int) -> int | None:
        """Begin an attempt at an address, or say when to ask again."""
        service = self.services.get(deliveries[0].service, UNKNOWN)
        pace, requests = self.paces.get(address, Pace()), self._requests.get(address, 1)
        step = plan.next_batch(deliveries, pace, service, now, requests)
        if not isinstance(step, Batch):
            return step
        # Before it leaves it is on disk that it does, and that its tokens are gone.
        for each in step.deliveries:
            each.state = State.SENDING
            each.changed = now
        left = spent(pace, service.limits, now, requests)
        try:
            await self._save(step.deliveries, service, left)
        except UnisonoError:
            for each in step.deliveries:
                each.state = State.WAITING
            raise
        self.paces[address] = left
        self._busy[address] = asyncio.create_task(self._attempt(address, step, service), name=f"notify {address[:8]}")
        return None

    async def _attempt(self, address: str, batch: Batch, service: Service) -> None:
        try:
            verdict = await self._carried(batch, service)
            self.attempts[(batch.deliveries[0].service, verdict.kind.value)] += 1
            pace = self.paces[address] = plan.outcome(batch, verdict, self.paces[address], self.now())
            await self._insist(lambda: self._save(batch.deliveries, service, pace))
            if verdict.kind is Kind.GONE:
                await self._insist(lambda: self._remove(batch.deliveries[0]))
        finally:
            self._forget(batch.deliveries)
            del self._busy[address]
            self.wake()

    async def _carried(self, batch: Batch, service: Service) -> Verdict:
        try:
            return await self._carry(batch, service)
        except UnisonoError as error:  # the registry or the courier failed us, not the service
            return Verdict(Kind.AGAIN, str(error))

    async def _insist(self, change: Callable[[], Awaitable[None]]) -> None:
        """What became of a message is kept, however long the registry takes: else it would be sent once more."""
        while True:
            try:
                return await change()
            except CallerError:
                return None  # a channel was removed twice
            except UnisonoError as error:
                logger.error("what became of a notification is not kept yet: %s", error)
                await asyncio.sleep(REGISTRY_PAUSE_S)

    async def _carry(self, batch: Batch, service: Service) -> Verdict:
        first = batch.deliveries[0]
        channel = await self._addressees.channel(first.channel, first.person, first.address)
        if channel is None:
            return Verdict(Kind.REFUSED, "the channel was removed")
        listener, now = await self.registry.get_listener(channel.person), self.now()
        language = listener.language
        matters = [self._matters[each.notification] for each in batch.deliveries]
        messages = [told(matter, language, listener.zone, now) for matter in matters]
        left_s = (min(each.expires for each in batch.deliveries) - now) / SECOND
        errand = self.letters.errand(
            channel,
            messages,
            language,
            first.priority,
            service,
            number=self.messenger.number(),
            ttl_s=max(1, int(left_s)),
            group=first.group if len(messages) == 1 else None,
            page=matters[0].page,
        )
        if errand is None:
            return Verdict(Kind.REFUSED, "its address cannot be read: it was kept with another pepper")
        return judge((await self.messenger.send(errand)).answer, service)

    async def _save(self, deliveries: Sequence[Delivery], service: Service, pace: Pace) -> None:
        kept = AddressRow(deliveries[0].address, service.name, msgspec.to_builtins(pace))
        await self.registry.put_deliveries([_row(each) for each in deliveries], kept)

    async def _remove(self, delivery: Delivery) -> None:
        """Whoever subscribed is gone: so is the channel."""
        channel = await self._addressees.channel(delivery.channel, delivery.person, delivery.address)
        if channel is not None:
            await self.registry.remove_channel(channel.id)
            logger.info("a channel of %s is gone and was removed: %s", delivery.person, delivery.answer)

    def _remember(self, delivery: Delivery) -> None:
        self.open[(delivery.notification, delivery.channel)] = delivery
        self._ways[delivery.notification] += 1

    def _forget(self, deliveries: Sequence[Delivery]) -> None:
        """What has ended need not be remembered."""
        for each in deliveries:
            if each.state in OPEN:
                continue
            if self.open.pop((each.notification, each.channel), None) is not None:
                self.ended[(each.service, each.state.value)] += 1
                self._ways[each.notification] -= 1
                if not self._ways[each.notification]:
                    del self._ways[each.notification], self._matters[each.notification]

    # what is asked from elsewhere

    def _changed(self, _payload: bytes) -> None:
        self.messenger.renew()
        task = asyncio.create_task(self._again(), name="quiet hours changed")
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)

    async def _again(self) -> None:
        """Channels, quiet hours or allowed addresses are others: what waits is decided anew."""
        try:
            await self.letters.start()
            quiet = await self._addressees.quiet()
            self._requests = await self._addressees.requests()
        except UnisonoError as error:
            logger.error("quiet hours could not be read again: %s", error)
            return
        now = self.now()
        moved = []
        for each in self.open.values():
            if each.state in (State.WAITING, State.HELD):
                before = (each.state, each.due)
                plan.begun(each, quiet(each.person), now)
                if before != (each.state, each.due):
                    moved.append(each)
        await self.registry.put_deliveries([_row(each) for each in moved])
        self.wake()

    async def _tidy(self) -> None:
        """Forget what is long over."""
        while True:
            try:
                before = self.now() - int(KEEP_S * SECOND)
                await self.registry.forget_notifications(before=before, keep=KEEP, open_states=[*OPEN])
            except UnisonoError as error:
                logger.error("old notifications stay for now: %s", error)
            await asyncio.sleep(TIDY_S)


def _matter(row: NotificationRow) -> Matter:
    # only an alarm has a moment at which it began
    return Matter(Message(row.title, row.text), row.since or row.at, row.over, "alarms" if row.since else "")


def _row(delivery: Delivery) -> DeliveryRow:
    fields = {name: getattr(delivery, name) for name in Delivery.__struct_fields__}
    return DeliveryRow(**{**fields, "state": delivery.state.value})


def _delivery(row: DeliveryRow) -> Delivery:
    fields = {name: getattr(row, name) for name in DeliveryRow.__struct_fields__}
    return Delivery(**{**fields, "state": State(row.state)})
