"""Bad behaviour happens as often as asked for, and never unasked."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from unisono.sim.mischief import AWAY_S, Manner, Mischief
from unisono.sim.options import SimOptions


@given(st.integers())
def test_without_options_every_command_is_obeyed(seed: int) -> None:
    mischief = Mischief(SimOptions())
    assert mischief.manner(Random(seed)) is Manner.OBEY
    assert not mischief.breaks(60.0, Random(seed))


@given(st.integers())
def test_certainty_is_certain_and_refusing_comes_first(seed: int) -> None:
    rng = Random(seed)
    assert Mischief(SimOptions(refuse=1.0, drop=1.0, lie=1.0)).manner(rng) is Manner.REFUSE
    assert Mischief(SimOptions(drop=1.0, lie=1.0)).manner(rng) is Manner.DROP
    assert Mischief(SimOptions(lie=1.0)).manner(rng) is Manner.LIE
    assert Mischief(SimOptions(drop=1.0)).breaks(1.0, rng)


def test_a_share_is_about_that_share() -> None:
    rng, mischief = Random(7), Mischief(SimOptions(refuse=0.3))
    refused = sum(mischief.manner(rng) is Manner.REFUSE for _ in range(10_000))
    assert 2800 < refused < 3200


def test_connections_break_about_as_often_as_asked_whatever_the_step() -> None:
    rng, mischief = Random(7), Mischief(SimOptions(drop=0.2))
    minutes = 4000
    whole = sum(mischief.breaks(60.0, rng) for _ in range(minutes))
    seconds = sum(any(mischief.breaks(6.0, rng) for _ in range(10)) for _ in range(minutes))
    assert abs(whole / minutes - 0.2) < 0.03
    assert abs(seconds / minutes - 0.2) < 0.03


def test_it_comes_back() -> None:
    assert AWAY_S[0] <= Mischief(SimOptions(drop=0.5)).away_s(Random(1)) <= AWAY_S[1]
