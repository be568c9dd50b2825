"""What is worth sending: steps at once, measurements when they moved and not too often, everything now and then."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from unisono.sim.report import DEADBANDS, Reporter


def test_the_first_report_tells_everything_and_the_next_nothing() -> None:
    reporter = Reporter()
    state = {"on_off": True, "temperature": 21.0}
    assert reporter.due(0.0, state) == state
    assert reporter.due(1.0, state) == {}


def test_a_switch_goes_at_once() -> None:
    reporter = Reporter(pause_s=5.0)
    reporter.due(0.0, {"on_off": True})
    assert reporter.due(0.5, {"on_off": False}) == {"on_off": False}
    assert reporter.due(0.6, {"on_off": True}) == {"on_off": True}


def test_a_measurement_waits_for_its_pause_and_its_deadband() -> None:
    reporter = Reporter(pause_s=5.0)
    reporter.due(0.0, {"temperature": 21.0})
    assert reporter.due(4.9, {"temperature": 25.0}) == {}
    assert reporter.due(5.0, {"temperature": 21.05}) == {}
    assert reporter.due(5.1, {"temperature": 25.0}) == {"temperature": 25.0}
    assert reporter.due(6.0, {"temperature": 30.0}) == {}


def test_a_location_is_paced_but_has_no_deadband() -> None:
    reporter = Reporter(pause_s=5.0)
    reporter.due(0.0, {"location": {"latitude": 1.0}})
    assert reporter.due(1.0, {"location": {"latitude": 1.1}}) == {}
    assert reporter.due(5.0, {"location": {"latitude": 1.1}}) == {"location": {"latitude": 1.1}}


def test_a_measurement_that_becomes_something_else_is_told() -> None:
    reporter = Reporter(pause_s=0.0)
    reporter.due(0.0, {"level": 5})
    assert reporter.due(1.0, {"level": "unknown"}) == {"level": "unknown"}


def test_everything_is_repeated_and_after_a_loss_told_again() -> None:
    reporter = Reporter(refresh_s=300.0)
    state = {"on_off": True, "temperature": 21.0}
    reporter.due(0.0, state)
    assert reporter.due(299.0, state) == {}
    assert reporter.due(300.0, state) == state
    reporter.forget()
    assert reporter.due(301.0, state) == state


def test_an_answer_tells_the_keys_asked_for_whatever_was_told() -> None:
    reporter = Reporter()
    state = {"on_off": True, "brightness": 5}
    reporter.due(0.0, state)
    assert reporter.answer(state, {"on_off": True, "colour": 1}) == {"on_off": True}


@given(st.lists(st.floats(-50, 150), min_size=1, max_size=60))
def test_the_hub_is_never_further_off_than_the_deadband(readings: list[float]) -> None:
    reporter, told = Reporter(pause_s=1.0), None
    for second, reading in enumerate(readings):
        told = reporter.due(float(second), {"temperature": reading}).get("temperature", told)
        assert told is not None
        assert abs(told - reading) < DEADBANDS["temperature"] or told == reading


def test_a_property_that_appears_is_told_at_once() -> None:
    reporter = Reporter(pause_s=5.0)
    reporter.due(0.0, {"on_off": True})
    assert reporter.due(1.0, {"on_off": True, "temperature": 21.0}) == {"temperature": 21.0}
