"""Filters against topics and against each other: the cases of MQTT 5 section 4.7, then what must hold of any two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.access import sound_filter
from unisono.access.filters import MAX_FILTER, covers, overlaps
from unisono.wire.mqtt import matches

levels = st.sampled_from(["a", "b", "$SYS", ""])
topics = st.lists(levels, min_size=1, max_size=4).map("/".join).filter(bool)
filters = (
    st.tuples(st.lists(levels | st.just("+"), max_size=4), st.booleans())
    .map(lambda given: "/".join([*given[0], *(["#"] if given[1] else [])]))
    .filter(bool)
)


@pytest.mark.parametrize(
    ("filter", "sound"),
    [
        ("a", True),
        ("a/+/b/#", True),
        ("#", True),
        ("+", True),
        ("", False),
        ("a/#/b", False),
        ("a/b#", False),
        ("a+/b", False),
        ("a\0", False),
        ("a" * MAX_FILTER, True),
        ("a" * (MAX_FILTER + 1), False),
    ],
)
def test_what_a_rule_may_hold(filter: str, sound: bool) -> None:
    assert sound_filter(filter) is sound


@pytest.mark.parametrize(
    ("wide", "narrow", "covered", "met"),
    [
        ("#", "a/b", True, True),
        ("#", "a/#", True, True),
        ("#", "#", True, True),
        ("a/#", "a", True, True),
        ("a/#", "a/b/c", True, True),
        ("a/#", "#", False, True),
        ("a/+", "a/b", True, True),
        ("a/+", "a/+", True, True),
        ("a/+", "a/#", False, True),
        ("a/b", "a/+", False, True),
        ("a/+", "a/b/c", False, False),
        ("a/b", "a", False, False),
        ("a", "a/b", False, False),
        ("a/+", "a", False, False),
        ("a", "b", False, False),
        ("a", "a/#", False, True),
        ("a/b/c", "a/#", False, True),
        ("+/#", "#", False, True),
        ("#", "$SYS/x", False, False),
        ("+/x", "$SYS/x", False, False),
        ("$SYS/#", "$SYS/x", True, True),
        ("$SYS/#", "#", False, False),
    ],
)
def test_one_filter_over_another(wide: str, narrow: str, covered: bool, met: bool) -> None:
    assert covers(wide, narrow) is covered
    assert overlaps(wide, narrow) is overlaps(narrow, wide) is met


@given(filter=filters, topic=topics)
def test_a_topic_is_covered_by_what_matches_it(filter: str, topic: str) -> None:
    """The wire has its own matching, made for speed: both say the same."""
    assert covers(filter, topic) is overlaps(filter, topic) is matches(filter, topic)


@given(wide=filters, narrow=filters, said=st.lists(topics, min_size=5, max_size=20))
def test_what_is_covered_matches_no_more(wide: str, narrow: str, said: list[str]) -> None:
    for topic in said:
        if matches(narrow, topic):
            assert matches(wide, topic) or not covers(wide, narrow)
            assert overlaps(wide, narrow) or not (covers(wide, narrow) or matches(wide, topic))
