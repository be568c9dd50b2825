"""When a delivery leaves, with which others, and what follows from how it went.

Pure: time is passed in (microseconds). One delivery is one notification on its way to one channel; deliveries to one
address leave in batches, and a batch is one message.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from enum import StrEnum

import msgspec

from unisono.notify.pace import SECOND, Pace, backed_off, blocked, free_at, room, succeeded
from unisono.notify.quiet import PRIORITIES, Quiet, quiet_until
from unisono.notify.service import Service
from unisono.notify.verdict import Kind, Verdict

__all__ = [
    "OPEN",
    "TTL_S",
    "URGENT",
    "Batch",
    "Delivery",
    "State",
    "begun",
    "crowded_out",
    "expired",
    "next_batch",
    "outcome",
    "recalled",
    "replaced",
    "resumed",
]


class State(StrEnum):
    """The life of a delivery."""

    WAITING = "waiting"  # for its turn, its address' pace, or a retry
    HELD = "held"  # by quiet hours
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"  # the service refused it, and will again
    GIVEN_UP = "given_up"  # its time was over
    REPLACED = "replaced"  # by a later one of the same group
    WITHDRAWN = "withdrawn"  # it was over before it could be told, and minor


#: States that something will still happen in.
OPEN = frozenset({State.WAITING, State.HELD, State.SENDING})

#: These neither wait for others to join them nor for a retry of others.
URGENT = frozenset({"high", "critical"})

#: What is so little and over by itself is not worth telling afterwards; what is more a person wants to have known.
MINOR = frozenset({"low"})

#: So long a notification is worth telling, when nothing else is said: news of the day; alarms over a weekend's outage.
TTL_S = {"low": 6 * 3600.0, "normal": 24 * 3600.0, "high": 24 * 3600.0, "critical": 72 * 3600.0}

#: After a message to an address the next ones wait so long and leave as one: a person reads three lines rather than
#: three messages, and a scene that went wild is one line that grows.
JOIN_S = 10.0

#: At most so many become one message; whoever has more waiting has stopped reading one by one.
MOST_JOINED = 50

#: At most so many wait for one address: one that takes nothing must not use up the room of all the others.
MOST_WAITING = 500

#: What a crash interrupted is repeated after this: its answer may have been lost, and everything is repeated at once.
RESUME_S = 3.0


class Delivery(msgspec.Struct):
    """One notification on its way to one channel. ``due``: not before; ``alone``: joined to no others any more."""

    notification: str
    channel: str
    person: str
    address: str
    service: str
    priority: str
    group: str | None
    at: int
    due: int
    expires: int
    state: State = State.WAITING
    attempts: int = 0
    answer: str = ""
    changed: int = 0
    alone: bool = False


class Batch(msgspec.Struct):
    """Deliveries that leave as one message, oldest first within each priority."""

    deliveries: list[Delivery]


def begun(delivery: Delivery, quiet: Quiet, now: int) -> None:
    """Decide whether it waits for its turn or is held by quiet hours; again when a person changes them."""
    until = quiet_until(quiet, delivery.priority, now)
    delivery.due = until
    delivery.state = State.HELD if until > now else State.WAITING
    if until >= delivery.expires:
        delivery.answer = "quiet hours outlast it"


def expired(delivery: Delivery, now: int) -> bool:
    """End it if its time is over; whether it was."""
    if delivery.state is State.SENDING or delivery.expires > now:
        return False
    delivery.state = State.GIVEN_UP
    delivery.changed = now
    delivery.answer = delivery.answer or "it could not leave in time"
    return True


def replaced(waiting: Iterable[Delivery], later: Delivery, now: int) -> list[Delivery]:
    """End those that ``later`` stands for: the same group on the same channel, not yet on their way."""
    if later.group is None:
        return []
    ended = []
    for each in waiting:
        same = each.channel == later.channel and each.group == later.group and each is not later
        if same and each.state in (State.WAITING, State.HELD) and each.at <= later.at:
            each.state = State.REPLACED
            each.changed = now
            each.answer = f"replaced by {later.notification}"
            ended.append(each)
    return ended


def recalled(waiting: Iterable[Delivery], heard: Container[tuple[str, str]], now: int) -> list[Delivery]:
    """What they tell of is over: end those that need not be told any more; the others are told as what is over.

    ``heard``: which notifications (by id) have reached whom; whoever knows of it is told also that it is over.
    """
    ended = []
    for each in waiting:
        open = each.state in (State.WAITING, State.HELD)
        if open and each.priority in MINOR and (each.notification, each.person) not in heard:
            each.state = State.WITHDRAWN
            each.changed = now
            each.answer = "it was over before it could be told"
            ended.append(each)
    return ended


def crowded_out(waiting: Iterable[Delivery], now: int) -> list[Delivery]:
    """End those for which there is no room at their address: the least important first, of those the oldest."""
    ended = []
    by_address: dict[str, list[Delivery]] = {}
    for each in waiting:
        if each.state in (State.WAITING, State.HELD):
            by_address.setdefault(each.address, []).append(each)
    for deliveries in by_address.values():
        surplus = len(deliveries) - MOST_WAITING
        if surplus > 0:
            deliveries.sort(key=lambda each: (PRIORITIES.index(each.priority), each.at, each.notification))
            ended += deliveries[:surplus]
    for each in ended:
        each.state = State.GIVEN_UP
        each.changed = now
        each.answer = f"more than {MOST_WAITING} waited; the last answer: {each.answer or 'none'}"
    return ended


def resumed(delivery: Delivery, now: int) -> None:
    """What was on its way when we died: nobody knows whether it arrived, so it goes out again."""
    delivery.state = State.WAITING
    delivery.due = now + int(RESUME_S * SECOND)
    delivery.answer = "the hub ended while it was on its way"


def next_batch(
    waiting: Sequence[Delivery], pace: Pace, service: Service, now: int, requests: int = 1
) -> Batch | int | None:
    """What leaves now for one address, or when to ask again; None: nothing waits.

    ``waiting``: the address' deliveries that are waiting or held; ``requests``: how many one message costs.
    """
    if not waiting:
        return None
    due = [each for each in waiting if each.due <= now]
    later = min((each.due for each in waiting if each.due > now), default=None)
    urgent = _in_order(each for each in due if each.priority in URGENT)
    # who has failed once waits for the retry like everything else
    free = free_at(pace, service.limits, now, count=requests, urgent=any(not each.attempts for each in urgent))
    if urgent and free <= now:
        crowded = room(pace, service.limits, now) < requests * len(urgent)
        return _batch(_in_order(due) if crowded else urgent[:1])
    if due and not urgent:
        if not pace.failures and pace.sent <= now:  # after a failure the retry says when
            free = max(free, pace.sent + int(JOIN_S * SECOND))
        if free <= now:
            return _batch(_in_order(due))
    wakes = [when for when in (free if due else None, later) if when is not None]
    return min(wakes)


def _in_order(deliveries: Iterable[Delivery]) -> list[Delivery]:
    return sorted(deliveries, key=lambda each: (-PRIORITIES.index(each.priority), each.at, each.notification))


def _batch(due: list[Delivery]) -> Batch:
    together = [each for each in due if not each.alone][:MOST_JOINED]
    return Batch(due[:1] if due[0].alone else together)


def outcome(batch: Batch, verdict: Verdict, pace: Pace, now: int) -> Pace:
    """Bring an attempt's verdict into its deliveries; the address' pace from now on."""
    deliveries = batch.deliveries
    for each in deliveries:
        each.attempts += 1
        each.changed = now
        each.answer = verdict.words
    if verdict.kind is Kind.SENT:
        _end(deliveries, State.SENT)
        return succeeded(pace)
    if verdict.kind is Kind.GONE:
        _end(deliveries, State.FAILED)
        return pace
    if verdict.kind is Kind.REFUSED:
        # one that cannot be told must not silence those it was joined to: each again, alone
        _end(deliveries, State.FAILED if len(deliveries) == 1 else State.WAITING)
        for each in deliveries:
            each.alone = True
        return pace
    _end(deliveries, State.WAITING)
    if verdict.kind is Kind.SLOW:
        later = backed_off(pace, now, verdict.after_s)
        return blocked(later, now, (later.retry - now) / SECOND)
    return backed_off(pace, now, verdict.after_s)


def _end(deliveries: Sequence[Delivery], state: State) -> None:
    for each in deliveries:
        each.state = state
