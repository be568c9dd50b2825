"""What is written: several as one, and cut to what a service takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.notify.message import Matter, Message, compose, fit, told

DOOR = Message("Door", "The front door is open.")
LEAK = Message("", "Water under the sink.")


@pytest.mark.parametrize(("language", "heading"), [("en", "2 messages"), ("zh-CN", "2 条通知"), ("xx", "2 messages")])
def test_several_as_one(language: str, heading: str) -> None:
    made = compose([DOOR, LEAK], language, 100, 1000)
    assert made == Message(heading, "Door: The front door is open.\nWater under the sink.")


def test_one_is_itself() -> None:
    assert compose([DOOR], "en", 100, 1000) == DOOR


def test_a_service_without_titles_gets_it_as_the_first_line() -> None:
    assert compose([DOOR], "en", 0, 1000) == Message("", "Door\nThe front door is open.")
    assert compose([LEAK], "en", 0, 1000) == LEAK
    assert compose([DOOR, LEAK], "en", 0, 1000).text.startswith("2 messages\nDoor: ")


def test_those_without_room_are_counted() -> None:
    made = compose([DOOR] * 9, "en", 100, 80)
    assert made.text == "Door: The front door is open.\nDoor: The front door is open.\n... and 7 more"


def test_a_cut_is_seen() -> None:
    assert fit(Message("Doorbell", "x" * 100), 4, 10) == Message("Doo…", "x" * 9 + "…")


@given(
    st.lists(st.builds(Message, st.text(max_size=30), st.text(max_size=300)), min_size=1, max_size=60),
    st.sampled_from([0, 1, 10, 100]),
    st.integers(1, 500),
)
def test_it_never_exceeds_what_the_service_takes(messages: list[Message], title_max: int, text_max: int) -> None:
    made = compose(messages, "en", title_max, text_max)
    assert len(made.title) <= title_max
    assert len(made.text) <= text_max


NIGHT = 1_795_013_000_000_000  # 2026-11-18T14:43:20Z, 22:43 in Shanghai
MORNING = NIGHT + 8 * 3600 * 1_000_000
OVER = Matter(DOOR, NIGHT, NIGHT + 3600 * 1_000_000)


@pytest.mark.parametrize(
    ("language", "zone", "now", "title", "first"),
    [
        ("en", "Asia/Shanghai", MORNING, "Over: Door", "Raised at 2026-11-18 22:43, over at 2026-11-18 23:43."),
        ("zh-CN", "Asia/Shanghai", OVER.over, "已解除：Door", "22:43 发生，23:43 解除。"),
        ("xx", "UTC", MORNING, "Over: Door", "Raised at 14:43 UTC, over at 15:43 UTC."),
    ],
)
def test_what_is_over_is_told_as_over(language: str, zone: str, now: int, title: str, first: str) -> None:
    assert told(OVER, language, zone, now) == Message(title, f"{first}\nThe front door is open.")


def test_what_goes_on_is_told_as_it_is() -> None:
    assert told(Matter(DOOR, NIGHT), "en", "UTC", MORNING) == DOOR
