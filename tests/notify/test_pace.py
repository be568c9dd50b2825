"""How fast an address may be written to: never faster than a service allows, whatever comes and whenever we die."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.notify import built_in_services
from unisono.notify.pace import (
    LONGEST_BLOCK_S,
    LONGEST_RETRY_S,
    SECOND,
    Pace,
    backed_off,
    blocked,
    free_at,
    spent,
    succeeded,
)
from unisono.notify.service import UNKNOWN, Limit

DAY = 86_400 * SECOND
LIMITS = [UNKNOWN.limits, *{service.name: service.limits for service in built_in_services().values()}.values()]


def stored(pace: Pace) -> Pace:
    """As it comes back from the registry after a restart."""
    return msgspec.convert(msgspec.json.decode(msgspec.json.encode(pace)), Pace)


@pytest.mark.parametrize("limits", LIMITS, ids=str)
@given(waits=st.lists(st.integers(0, 90 * SECOND), max_size=120), restarts=st.sets(st.integers(0, 120)))
def test_no_window_ever_holds_more_than_a_service_takes(
    limits: tuple[Limit, ...], waits: list[int], restarts: set[int]
) -> None:
    now, pace, sent = DAY, Pace(), []
    for number, wait in enumerate(waits):
        now += wait % (3 * SECOND) if number % 2 else 0
        now = free_at(pace, limits, now)
        pace = spent(pace, limits, now)
        sent.append(now)
        if number in restarts:
            pace = stored(pace)
    for limit in limits:
        window = int(limit.per_s * SECOND)
        for first in sent:
            assert sum(first <= at < first + window for at in sent) <= limit.count


def test_dingtalk_takes_ten_at_once_and_ten_more_within_the_minute() -> None:
    limits = built_in_services()["dingtalk"].limits
    now, pace, sent = DAY, Pace(), []
    while now < DAY + 60 * SECOND:
        pace = spent(pace, limits, now)
        sent.append(now)
        now = free_at(pace, limits, now)
    assert sent[:10] == [DAY] * 10
    assert 18 <= len(sent) <= 20


def test_a_message_of_several_requests_waits_until_all_may_leave_and_one_of_too_many_until_all_is_there() -> None:
    limits = (Limit(10, 10.0),)  # five at once, one in two seconds
    pace = spent(Pace(), limits, DAY, 3)
    assert free_at(pace, limits, DAY, count=2) == DAY
    assert free_at(pace, limits, DAY, count=3) == pytest.approx(DAY + 2 * SECOND, abs=2)
    assert free_at(Pace(), limits, DAY, count=50) == DAY
    owing = spent(Pace(), limits, DAY, 50)
    assert free_at(owing, limits, DAY) == pytest.approx(DAY + 92 * SECOND, abs=2)


def test_a_retry_waits_ever_longer_and_what_is_urgent_does_not() -> None:
    pace, pauses = Pace(), []
    for _ in range(12):
        pace = backed_off(pace, DAY)
        pauses.append((free_at(pace, UNKNOWN.limits, DAY) - DAY) / SECOND)
        assert free_at(pace, UNKNOWN.limits, DAY, urgent=True) == DAY
    assert pauses[:4] == [5, 10, 20, 40]
    assert pauses[-1] == LONGEST_RETRY_S
    assert free_at(succeeded(pace), UNKNOWN.limits, DAY) == DAY


def test_a_service_that_names_a_time_is_left_alone_for_it() -> None:
    assert free_at(backed_off(Pace(), DAY, 120.0), UNKNOWN.limits, DAY) == DAY + 120 * SECOND
    pace = blocked(Pace(), DAY, 600)
    assert free_at(pace, UNKNOWN.limits, DAY, urgent=True) == DAY + 600 * SECOND
    assert blocked(pace, DAY, 1.0) == pace  # a shorter one takes nothing back


def test_nobody_is_left_alone_for_ever() -> None:
    longest = int(LONGEST_BLOCK_S * SECOND)
    assert free_at(blocked(Pace(), DAY, 1e9), UNKNOWN.limits, DAY) == DAY + longest
    assert free_at(backed_off(Pace(), DAY, 1e9), UNKNOWN.limits, DAY) == DAY + longest


def test_a_clock_that_was_ten_years_ahead_stops_nothing() -> None:
    ahead = DAY + 3650 * DAY
    pace = blocked(backed_off(spent(Pace(), UNKNOWN.limits, ahead, 10), ahead), ahead, 600)
    assert free_at(pace, UNKNOWN.limits, DAY) <= DAY + int((LONGEST_BLOCK_S + 2) * SECOND)
    back = spent(pace, UNKNOWN.limits, DAY)
    assert free_at(msgspec.structs.replace(back, blocked=0, retry=0), UNKNOWN.limits, DAY) < DAY + 60 * SECOND


def test_a_state_of_another_version_begins_anew() -> None:
    pace = spent(Pace(), (Limit(2, 60.0),), DAY, 5)
    assert free_at(pace, (Limit(2, 60.0), Limit(9, 9.0)), DAY) == DAY
