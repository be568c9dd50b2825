"""Times and ids: text in, text out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.api.ids import check_id, free_id, new_ulid, slug
from unisono.api.times import iso, iso_or_none, read_time
from unisono.errors import CallerError

NOW = 1_795_341_600_123_456  # 2026-11-22T10:00:00.123456Z


@given(st.integers(0, 4_000_000_000_000_000))
def test_iso_is_what_datetime_says_to_the_millisecond(at: int) -> None:
    expected = datetime.fromtimestamp(at // 1000 / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    assert iso(at // 1000 * 1000) == expected


@given(st.integers(0, 4_000_000_000_000_000))
def test_what_iso_writes_read_time_reads(at: int) -> None:
    at = at // 1000 * 1000
    assert abs(read_time(iso(at), NOW, field="from", default_us=0) - at) <= 1


def test_absurd_times_of_devices_do_not_break_the_view() -> None:
    assert iso(10**18).endswith("Z")
    assert iso(-(10**18)).endswith("Z")
    assert iso_or_none(0) is None
    assert iso_or_none(None) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, 7),
        ("", 7),
        ("now", NOW),
        ("-90m", NOW - 90 * 60 * 1_000_000),
        ("-24h", NOW - 86_400 * 1_000_000),
        ("-2w", NOW - 14 * 86_400 * 1_000_000),
        ("2026-11-22T10:00:00Z", 1_795_341_600_000_000),
        ("2026-11-22T10:00:00", 1_795_341_600_000_000),
        ("2026-11-22T18:00:00+08:00", 1_795_341_600_000_000),
        ("2026-11-22T18:00:00 08:00", 1_795_341_600_000_000),  # an unescaped "+" in a query
        ("2026-11-22", 1_795_305_600_000_000),
    ],
)
def test_times_that_people_write_are_understood(text: str | None, expected: int) -> None:
    assert read_time(text, NOW, field="from", default_us=7) == expected


@pytest.mark.parametrize("text", ["yesterday", "-5", "24h", "2026-13-01", "-1h; drop", "-99999999999d"])
def test_what_is_no_time_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(CallerError) as caught:
        read_time(text, NOW, field="from", default_us=0)
    assert (caught.value.code, caught.value.field) == ("bad_value", "from")


@pytest.mark.parametrize("text", ["a", "probe1", "a-b_c", "0", "x" * 63])
def test_ids_of_the_design_are_allowed(text: str) -> None:
    assert check_id(text) == text


@pytest.mark.parametrize("text", ["", "me", "A", "-a", "_a", "a b", "a/b", "x" * 64, "ä", "a\n"])
def test_other_ids_are_not(text: str) -> None:
    with pytest.raises(CallerError, match="no id"):
        check_id(text)


@given(st.text(max_size=80), st.lists(st.text(max_size=5), max_size=5))
def test_a_free_id_is_an_id_and_free(name: str, taken: list[str]) -> None:
    found = free_id(name, "sensor.temperature", taken)
    assert check_id(found) == found
    assert found not in taken


def test_slugs_read_like_names() -> None:
    assert slug("Front door (new)") == "front_door_new"
    assert slug("Küche") == "kuche"
    assert slug("沙发灯") == ""
    assert free_id("Lamp", "light", {"lamp", "lamp_2"}) == "lamp_3"


def test_ulids_sort_by_time() -> None:
    early, late = new_ulid(NOW), new_ulid(NOW + 1_000_000)
    assert len(early) == 26
    assert early < late
    assert new_ulid(NOW) != new_ulid(NOW)
