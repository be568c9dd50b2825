"""Dead letters are bounded, per thing and together, and say how many there were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from unisono.twin.deadletter import (
    DETAIL_CHARACTERS,
    EXCERPT_BYTES,
    KEEP,
    KEEP_PER_THING,
    NAME_CHARACTERS,
    DeadLetters,
    excerpt,
)
from unisono.twin.talk import DeadLetter


def letter(at: int, thing: str = "lamp", detail: str = "no") -> DeadLetter:
    return DeadLetter(at, thing, "state", "bad_value", detail)


def filled(*letters: DeadLetter) -> DeadLetters:
    kept = DeadLetters()
    for each in letters:
        kept.add(each)
    return kept


def ats(letters: list[DeadLetter]) -> list[int]:
    return [each.at for each in letters]


def test_newest_first_of_one_thing_and_of_all() -> None:
    kept = filled(letter(1), letter(5, "probe"), letter(3), letter(9, "probe"))
    assert ats(kept.newest("lamp", 10)) == [3, 1]
    assert ats(kept.newest(None, 10)) == [9, 5, 3, 1]
    assert ats(kept.newest(None, 2)) == [9, 5]
    assert kept.newest("ghost", 10) == []


def test_letters_of_one_moment_are_told_newest_first_too() -> None:
    kept = filled(letter(1, detail="a"), letter(1, detail="b"))
    assert (
        [each.detail for each in kept.newest(None, 10)]
        == [each.detail for each in kept.newest("lamp", 10)]
        == ["b", "a"]
    )


def test_a_talkative_thing_loses_its_own_oldest_letters_only() -> None:
    kept = filled(letter(0, "probe"), *(letter(at) for at in range(1, KEEP_PER_THING + 11)))
    assert ats(kept.newest("lamp", 1_000)) == list(range(KEEP_PER_THING + 10, 10, -1))
    assert ats(kept.newest("probe", 10)) == [0]
    assert kept.counts == {"lamp": KEEP_PER_THING + 10, "probe": 1}


def test_at_the_bound_the_oldest_letters_of_the_longest_silent_go() -> None:
    kept = filled(letter(0, "first"), letter(1, "first"), *(letter(2 + i, f"t{i}") for i in range(KEEP - 2)))
    assert len(kept.newest(None, KEEP * 2)) == KEEP
    kept.add(letter(99_999, "last"))
    assert ats(kept.newest("first", 10)) == [1]
    kept.add(letter(99_999, "last"))
    assert kept.newest("first", 10) == []
    assert "first" not in kept.counts
    assert len(kept.newest(None, KEEP * 2)) == KEEP


def test_texts_are_shortened() -> None:
    long = DeadLetter(1, "x" * 1_000, "y" * 1_000, "bad_value", "z" * 1_000_000)
    (kept,) = filled(long).newest(None, 10)
    assert (len(kept.thing), len(kept.topic), len(kept.detail)) == (NAME_CHARACTERS, NAME_CHARACTERS, DETAIL_CHARACTERS)
    assert kept.detail.endswith("...")
    (kept,) = filled(DeadLetter(1, "x", "y" * 1_000, "bad_value", "z")).newest("x", 10)
    assert (kept.thing, len(kept.topic), kept.detail) == ("x", NAME_CHARACTERS, "z")
    assert excerpt(b"a" * 1_000) == b"a" * EXCERPT_BYTES


@given(st.lists(st.builds(letter, st.integers(0, 5), st.sampled_from("abc")), max_size=200))
def test_saved_and_read_back_they_are_the_same(letters: list[DeadLetter]) -> None:
    kept = filled(*letters)
    back = DeadLetters(kept.saved())
    assert kept.changed is bool(letters)
    assert back.changed is False
    assert back.counts == kept.counts
    assert back.newest(None, 1_000) == kept.newest(None, 1_000)
    for each in (kept, back):
        each.add(letter(7, "a"))
    assert back.saved() == kept.saved()


@given(st.lists(st.sampled_from("abcdefgh"), max_size=5_000))
def test_the_bound_holds(things: list[str]) -> None:
    kept = filled(*(letter(at, thing) for at, thing in enumerate(things)))
    assert all(len(kept.newest(thing, 1_000)) == min(KEEP_PER_THING, things.count(thing)) for thing in "abcdefgh")
