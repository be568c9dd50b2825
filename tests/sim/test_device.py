"""What every device has in common: all or nothing, and one step is one set of changes."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, ClassVar

import pytest

from unisono.sim.device import MOST_EVENTS, Accepts, Answer, Device, Label, choice, number, switch, text

WHO = Label("probe", "home", "Probe", "探头")


class Lamp(Device):
    model = "light"
    writable: ClassVar[Mapping[str, Accepts]] = {"on_off": switch, "brightness": number(0, 100)}
    actions: ClassVar[Mapping[str, Mapping[str, Accepts]]] = {"blink": {"times": number(1, 9)}}

    def __init__(self) -> None:
        super().__init__(WHO, on_off=False, brightness=10)

    def refusal(self, wanted: Mapping[str, Any]) -> str | None:
        return "it is broken" if wanted.get("brightness") == 66 else None

    def act(self, action: str, given: Mapping[str, Any], rng: Random) -> Answer:
        return Answer(output={"blinked": given.get("times", 1)})

    def advance(self, dt_s: float, rng: Random) -> None:
        self.state["brightness"] = self.level("brightness") + dt_s


@pytest.mark.parametrize(
    ("accepts", "good", "bad"),
    [
        (switch, [True, False], [0, 1, "true", None]),
        (number(2, 8), [2, 8, 2.5], [1.99, 8.01, True, "4", None, float("nan"), float("inf"), [3]]),
        (choice("a", "b"), ["a", "b"], ["c", "", None, 1]),
        (text(3), ["", "abc", "电表"], ["abcd", 1, None]),
    ],
)
def test_accepts(accepts: Accepts, good: list[Any], bad: list[Any]) -> None:
    assert [accepts(value) for value in good] == [None] * len(good)
    assert all(accepts(value) for value in bad)


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ({"on_off": True, "colour": "red"}, "colour cannot be set"),
        ({"on_off": True, "brightness": 101}, "brightness wants a number from 0 to 100"),
        ({"on_off": True, "brightness": 66}, "it is broken"),
    ],
)
def test_a_set_that_is_refused_changes_nothing(wanted: dict[str, Any], error: str) -> None:
    lamp = Lamp()
    assert lamp.on_set(wanted, Random(1)).error == error
    assert lamp.state == {"on_off": False, "brightness": 10}


def test_a_set_is_obeyed_whole() -> None:
    lamp = Lamp()
    assert lamp.on_set({"on_off": True, "brightness": 30}, Random(1)).error is None
    assert lamp.state == {"on_off": True, "brightness": 30}


@pytest.mark.parametrize(
    ("action", "given", "error"),
    [
        ("sing", {}, "there is no action sing"),
        ("blink", {"times": 0}, "times wants a number from 1 to 9"),
        ("blink", {"colour": 1}, "colour is not an input of this action"),
        ("blink", {}, None),
    ],
)
def test_calls(action: str, given: dict[str, Any], error: str | None) -> None:
    assert Lamp().on_call(action, given, Random(1)).error == error


def test_a_call_gives_its_output() -> None:
    assert Lamp().on_call("blink", {"times": 3}, Random(1)).output == {"blinked": 3}


def test_a_step_returns_what_changed() -> None:
    assert Lamp().step(2.0, Random(1)) == {"brightness": 12}


def test_events_are_bounded_and_the_oldest_goes() -> None:
    lamp = Lamp()
    for number_ in range(MOST_EVENTS + 3):
        lamp.say("blinked", number=number_)
    assert len(lamp.events) == MOST_EVENTS
    assert lamp.events[0] == ("blinked", {"number": 3})


def test_a_plain_device_has_no_actions_and_uses_no_power() -> None:
    plain = Device(WHO)
    assert plain.step(1.0, Random(1)) == {}
    assert plain.power_w == 0.0
    with pytest.raises(NotImplementedError):
        plain.act("anything", {}, Random(1))
