"""When a delivery leaves, with which others, and what follows from how it went."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.notify.pace import SECOND, Pace, blocked, free_at, spent
from unisono.notify.plan import (
    JOIN_S,
    MOST_JOINED,
    MOST_WAITING,
    Batch,
    Delivery,
    State,
    begun,
    crowded_out,
    expired,
    next_batch,
    outcome,
    recalled,
    replaced,
    resumed,
)
from unisono.notify.quiet import PRIORITIES, Quiet, Span
from unisono.notify.service import Limit, Service
from unisono.notify.verdict import Kind, Verdict

NOW = 1_795_000_000 * SECOND  # 2026-11-18T11:06:40Z
LATER = NOW + 3600 * SECOND
SERVICE = Service("Robot", ("robot",), (Limit(4, 60.0),))  # two at once, then one in half a minute
JOIN = int(JOIN_S * SECOND)


def delivery(name: str = "a", *, priority: str = "normal", due: int = NOW, group: str | None = None) -> Delivery:
    return Delivery(name, "c", "wei", "address", "robot", priority, group, at=NOW, due=due, expires=LATER)


def names(step: Batch | int | None) -> list[str]:
    assert isinstance(step, Batch)
    return [each.notification for each in step.deliveries]


def test_the_first_leaves_at_once() -> None:
    assert names(next_batch([delivery()], Pace(), SERVICE, NOW)) == ["a"]


def test_nothing_waits() -> None:
    assert next_batch([], Pace(), SERVICE, NOW) is None


def test_those_behind_it_wait_and_leave_as_one() -> None:
    pace = spent(Pace(), SERVICE.limits, NOW)
    later = NOW + SECOND
    waiting = [delivery("b"), delivery("c")]
    assert next_batch(waiting, pace, SERVICE, later) == NOW + JOIN
    assert names(next_batch(waiting, pace, SERVICE, NOW + JOIN)) == ["b", "c"]


def test_what_is_urgent_does_not_wait_and_leaves_by_itself() -> None:
    pace = spent(Pace(), SERVICE.limits, NOW)
    waiting = [delivery("b"), delivery("c", priority="critical")]
    assert names(next_batch(waiting, pace, SERVICE, NOW)) == ["c"]


def test_more_urgent_ones_than_the_service_takes_leave_as_one_with_all_the_rest() -> None:
    waiting = [
        delivery("b"),
        *(delivery(f"u{n}", priority="high") for n in range(2)),
        delivery("x", priority="critical"),
    ]
    assert names(next_batch(waiting, Pace(), SERVICE, NOW)) == ["x", "u0", "u1", "b"]


def test_a_message_waits_for_the_pace() -> None:
    pace = spent(Pace(), SERVICE.limits, NOW, 2)
    when = next_batch([delivery(priority="critical")], pace, SERVICE, NOW)
    assert when == free_at(pace, SERVICE.limits, NOW) > NOW


def test_what_costs_several_requests_waits_for_all() -> None:
    pace = spent(Pace(), SERVICE.limits, NOW)
    assert names(next_batch([delivery(priority="high")], pace, SERVICE, NOW)) == ["a"]
    assert isinstance(next_batch([delivery(priority="high")], pace, SERVICE, NOW, 2), int)


def test_what_is_held_leaves_at_its_time() -> None:
    held = delivery(due=LATER)
    held.state = State.HELD
    assert next_batch([held], Pace(), SERVICE, NOW) == LATER
    assert names(next_batch([held, delivery("b")], Pace(), SERVICE, NOW)) == ["b"]
    assert next_batch([held, delivery("b")], spent(Pace(), SERVICE.limits, NOW), SERVICE, NOW) == NOW + JOIN


def test_a_new_urgent_one_tries_a_service_that_others_wait_for_and_waits_with_them_then() -> None:
    pace = outcome(Batch([delivery()]), Verdict(Kind.AGAIN), Pace(), NOW)
    urgent = delivery("u", priority="critical")
    assert names(next_batch([urgent], pace, SERVICE, NOW)) == ["u"]
    urgent.attempts = 1
    assert next_batch([urgent], pace, SERVICE, NOW) == pace.retry


def test_nothing_leaves_while_the_service_blocks() -> None:
    pace = blocked(Pace(), NOW, 600)
    assert next_batch([delivery(priority="critical")], pace, SERVICE, NOW) == NOW + 600 * SECOND


def test_a_clock_that_went_back_keeps_nobody_waiting() -> None:
    pace = spent(Pace(), SERVICE.limits, LATER)
    assert names(next_batch([delivery()], pace, SERVICE, NOW)) == ["a"]


def test_a_batch_is_bounded() -> None:
    waiting = [delivery(f"{n:03}") for n in range(MOST_JOINED + 5)]
    assert len(names(next_batch(waiting, Pace(), SERVICE, NOW))) == MOST_JOINED


def test_what_was_refused_together_is_tried_alone() -> None:
    both = [delivery("a"), delivery("b")]
    pace = outcome(Batch(both), Verdict(Kind.REFUSED, "bad word"), Pace(), NOW)
    assert [each.state for each in both] == [State.WAITING] * 2
    assert pace == Pace()
    assert names(next_batch(both, pace, SERVICE, NOW)) == ["a"]
    outcome(Batch(both[:1]), Verdict(Kind.REFUSED, "bad word"), pace, NOW)
    assert (both[0].state, both[0].answer, both[0].attempts) == (State.FAILED, "bad word", 2)
    assert names(next_batch([both[1], delivery("c")], pace, SERVICE, NOW)) == ["b"]
    assert names(next_batch([delivery("c", priority="high"), both[1]], pace, SERVICE, NOW)) == ["c"]


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (Kind.SENT, State.SENT),
        (Kind.GONE, State.FAILED),
        (Kind.REFUSED, State.FAILED),
        (Kind.AGAIN, State.WAITING),
        (Kind.SLOW, State.WAITING),
    ],
)
def test_outcomes(kind: Kind, state: State) -> None:
    one = delivery()
    outcome(Batch([one]), Verdict(kind, "so it said"), Pace(), NOW + 5)
    assert (one.state, one.attempts, one.answer, one.changed) == (state, 1, "so it said", NOW + 5)


def test_a_success_ends_the_waiting_of_the_address() -> None:
    failing = outcome(Batch([delivery()]), Verdict(Kind.AGAIN), Pace(), NOW)
    assert failing.failures == 1
    assert outcome(Batch([delivery()]), Verdict(Kind.SENT), failing, NOW).failures == 0


@pytest.mark.parametrize(("after_s", "wait_s"), [(600.0, 600), (None, 5), (0.0, 5)])
def test_too_many_blocks_for_as_long_as_the_service_says_and_never_not_at_all(
    after_s: float | None, wait_s: int
) -> None:
    pace = outcome(Batch([delivery()]), Verdict(Kind.SLOW, after_s=after_s), Pace(), NOW)
    assert free_at(pace, SERVICE.limits, NOW) == NOW + wait_s * SECOND
    assert free_at(pace, SERVICE.limits, NOW, urgent=True) == NOW + wait_s * SECOND


# quiet hours, time, groups, crashes

NIGHT = Quiet("UTC", (Span(11 * 60, 12 * 60),))
NOON = 1_795_003_200 * SECOND


def test_quiet_hours_hold_and_what_is_critical_passes() -> None:
    one, two = delivery(), delivery(priority="critical")
    begun(one, NIGHT, NOW)
    begun(two, NIGHT, NOW)
    assert (one.state, one.due, one.answer) == (State.HELD, NOON, "")
    assert (two.state, two.due) == (State.WAITING, NOW)


def test_changed_quiet_hours_let_go() -> None:
    one = delivery()
    begun(one, NIGHT, NOW)
    begun(one, Quiet(), NOW)
    assert (one.state, one.due) == (State.WAITING, NOW)


def test_what_quiet_hours_outlast_is_given_up_with_that_reason() -> None:
    one = delivery()
    one.expires = NOON
    begun(one, NIGHT, NOW)
    assert not expired(one, NOON - 1)
    assert expired(one, NOON)
    assert (one.state, one.answer, one.changed) == (State.GIVEN_UP, "quiet hours outlast it", NOON)


def test_what_is_late_is_given_up_with_the_last_answer() -> None:
    one, two = delivery(), delivery()
    one.answer = "HTTP 503"
    assert expired(one, LATER)
    assert expired(two, LATER)
    assert (one.answer, two.answer) == ("HTTP 503", "it could not leave in time")


def test_what_is_on_its_way_is_not_late() -> None:
    one = delivery()
    one.state = State.SENDING
    assert not expired(one, LATER)
    assert one.state is State.SENDING


def test_a_later_one_of_the_group_replaces_those_that_wait() -> None:
    states = (State.WAITING, State.HELD, State.SENDING)
    waiting = [delivery(f"{n}", group="wash") for n in range(3)]
    for each, state in zip(waiting, states, strict=True):
        each.state = state
    other = delivery("other", group="dry")
    elsewhere = delivery("elsewhere", group="wash")
    elsewhere.channel = "d"
    newer = delivery("newer", group="wash")
    newer.at = NOW + 1
    later = delivery("later", group="wash")
    ended = replaced([*waiting, other, elsewhere, newer, later], later, NOW + 5)
    assert [each.notification for each in ended] == ["0", "1"]
    assert (ended[0].state, ended[0].answer, ended[0].changed) == (State.REPLACED, "replaced by later", NOW + 5)
    assert replaced(waiting, delivery("x"), NOW) == []


def test_one_address_has_so_much_room_and_the_least_important_give_way() -> None:
    many = [delivery(f"n{n:03}", priority="low" if n == 7 else "normal") for n in range(MOST_WAITING + 2)]
    many[3].state = State.SENDING
    other = delivery("other")
    other.address = "elsewhere"
    assert [each.notification for each in crowded_out([*many, other], NOW + 5)] == ["n007"]
    assert (many[7].state, many[7].changed) == (State.GIVEN_UP, NOW + 5)
    assert many[7].answer == "more than 500 waited; the last answer: none"
    many.append(delivery("new", priority="critical"))
    many[0].answer = "HTTP 503"
    assert crowded_out(many, NOW) == [many[0]]
    assert many[0].answer == "more than 500 waited; the last answer: HTTP 503"
    assert crowded_out(many, NOW) == []


def test_what_a_crash_interrupted_goes_out_again_after_a_pause() -> None:
    one = delivery()
    one.state = State.SENDING
    resumed(one, NOW)
    assert one.state is State.WAITING
    assert next_batch([one], Pace(), SERVICE, NOW) == one.due > NOW


@given(
    st.lists(st.tuples(st.sampled_from(PRIORITIES), st.integers(0, 120)), min_size=1, max_size=40),
    st.lists(st.sampled_from(Kind), max_size=60),
)
def test_whatever_comes_and_whatever_is_answered_everything_ends_and_no_limit_is_passed(
    arrivals: list[tuple[str, int]], answers: list[Kind]
) -> None:
    """The address as the notifier drives it, with a service that answers at random and then takes everything."""
    coming = sorted(
        (Delivery(f"n{n:02}", "c", "wei", "a", "robot", priority, None, at=NOW + s * SECOND, due=NOW + s * SECOND,
                  expires=NOW + 86_400 * SECOND) for n, (priority, s) in enumerate(arrivals)),
        key=lambda each: each.at,
    )  # fmt: skip
    now, pace, sent, script = NOW, Pace(), [], iter(answers)
    for _ in range(2000):
        here = [each for each in coming if each.at <= now and each.state in (State.WAITING, State.HELD)]
        step = next_batch(here, pace, SERVICE, now)
        if isinstance(step, Batch):
            pace = spent(pace, SERVICE.limits, now)
            sent.append(now)
            pace = outcome(step, Verdict(next(script, Kind.SENT), after_s=3.0), pace, now)
            continue
        ahead = [each.at for each in coming if each.at > now]
        wakes = [when for when in (step, *ahead) if when is not None]
        if not wakes:
            break
        assert min(wakes) > now
        now = min(wakes)
    assert all(each.state in (State.SENT, State.FAILED) for each in coming)
    for first in sent:
        assert sum(first <= at < first + 60 * SECOND for at in sent) <= 4


def test_what_is_minor_and_over_is_withdrawn_for_who_has_not_heard_of_it() -> None:
    held = delivery("a", priority="low")
    held.state = State.HELD
    waiting = [held, delivery("heard", priority="low"), delivery("more"), delivery("gone", priority="low")]
    waiting[-1].state = State.SENDING
    assert recalled(waiting, {("heard", "wei"), ("a", "anna")}, NOW + 7) == [held]
    assert (held.state, held.changed, held.answer) == (
        State.WITHDRAWN,
        NOW + 7,
        "it was over before it could be told",
    )
    assert [each.state for each in waiting[1:]] == [State.WAITING, State.WAITING, State.SENDING]
