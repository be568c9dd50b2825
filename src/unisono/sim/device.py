"""What every simulated device has: a state, physics that move it, and manners when told what to do.

Knows no network, no clock and no random source: elapsed seconds and a ``random.Random`` are passed in. A subclass
writes the physics (`advance`), names what may be set (`writable`) and says when it will not (`refusal`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, ClassVar, NamedTuple

__all__ = ["Accepts", "Answer", "Device", "Label", "Value", "choice", "number", "switch", "text"]

Value = bool | int | float | str | list[float] | dict[str, float]
Accepts = Callable[[Any], str | None]
"""Says what is wrong with a wanted value, or None."""

REPLY_S = 0.08  # a Wi-Fi device answers in 50 to 150 ms


class Answer(NamedTuple):
    """What became of a command: it leaves ``delay_s`` after the command came; ``error`` is None when it was done."""

    delay_s: float = REPLY_S
    error: str | None = None
    output: Mapping[str, Any] | None = None


def switch(value: Any) -> str | None:
    """Accept true and false."""
    return None if isinstance(value, bool) else "wants true or false"


def number(low: float, high: float) -> Accepts:
    """Accept finite numbers from ``low`` to ``high``, both included."""

    def accepts(value: Any) -> str | None:
        sound = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return None if sound and low <= value <= high else f"wants a number from {low:g} to {high:g}"

    return accepts


def choice(*names: str) -> Accepts:
    """Accept one of ``names``."""
    return lambda value: None if value in names else "wants one of " + ", ".join(names)


def text(longest: int) -> Accepts:
    """Accept text of at most ``longest`` characters."""
    return lambda value: (
        None if isinstance(value, str) and len(value) <= longest else f"wants up to {longest} characters"
    )


class Label(NamedTuple):
    """What a thing is registered as: id, place, and its name in English and Chinese."""

    thing: str
    place: str
    name: str
    zh: str


class Device:
    """One simulated thing.

    ``state`` holds what it would report, by property key of its model; ``events`` what it has to say besides, oldest
    first, as (name, fields); whoever sends them empties it.
    """

    model: str
    writable: ClassVar[Mapping[str, Accepts]] = {}
    actions: ClassVar[Mapping[str, Mapping[str, Accepts]]] = {}
    """By action: what each input field accepts; all inputs are optional."""
    lasting: ClassVar[frozenset[str]] = frozenset()
    """Totals that it remembers through a power cut, as a real meter does."""

    def __init__(self, who: Label, **state: Value) -> None:
        self.who = who
        self.state: dict[str, Value] = state
        self.events: list[tuple[str, dict[str, Any]]] = []

    # -- what a subclass writes

    @property
    def power_w(self) -> float:
        """What it draws from the mains now, watts."""
        return 0.0

    def advance(self, dt_s: float, rng: Random) -> None:
        """Let ``dt_s`` seconds pass."""

    def refusal(self, wanted: Mapping[str, Any]) -> str | None:
        """Why these wanted values, each acceptable by itself, will not be taken up now; None: they will."""
        return None

    def apply(self, wanted: Mapping[str, Any], rng: Random) -> Answer:
        """Take up wanted values that were found acceptable."""
        self.state.update(wanted)
        return Answer()

    def act(self, action: str, given: Mapping[str, Any], rng: Random) -> Answer:
        """Do one of `actions` with acceptable input."""
        raise NotImplementedError(action)

    def resume(self, kept: Mapping[str, float]) -> None:
        """Go on from the `lasting` totals that it showed when the power went."""
        self.state.update({key: kept[key] for key in self.lasting if key in kept})

    # -- what the outside calls

    @property
    def totals(self) -> dict[str, float]:
        """What it would remember if the power went now."""
        return {key: self.level(key) for key in self.lasting}

    def step(self, dt_s: float, rng: Random) -> dict[str, Value]:
        """Let ``dt_s`` seconds pass; return the properties that changed."""
        before = dict(self.state)
        self.advance(dt_s, rng)
        return {key: value for key, value in self.state.items() if before.get(key) != value or key not in before}

    def on_set(self, wanted: Mapping[str, Any], rng: Random) -> Answer:
        """Obey, or refuse as a whole: a wrong value or a refusal changes nothing."""
        for key, value in wanted.items():
            accepts = self.writable.get(key)
            wrong = f"{key} cannot be set" if accepts is None else accepts(value)
            if wrong:
                return Answer(error=wrong if accepts is None else f"{key} {wrong}")
        reason = self.refusal(wanted)
        return Answer(error=reason) if reason else self.apply(wanted, rng)

    def on_call(self, action: str, given: Mapping[str, Any], rng: Random) -> Answer:
        """Do an action, or refuse; an unknown action or wrong input changes nothing."""
        fields = self.actions.get(action)
        if fields is None:
            return Answer(error=f"there is no action {action}")
        for key, value in given.items():
            wrong = fields[key](value) if key in fields else "is not an input of this action"
            if wrong:
                return Answer(error=f"{key} {wrong}")
        return self.act(action, given, rng)

    # -- for subclasses

    def flag(self, key: str) -> bool:
        """The boolean property ``key``."""
        return self.state[key] is True

    def level(self, key: str) -> float:
        """The numeric property ``key``."""
        value = self.state[key]
        assert isinstance(value, int | float)
        return value

    def say(self, event: str, **fields: Any) -> None:
        """Queue an event; beyond `MOST_EVENTS` the oldest goes, as in a real device's small memory."""
        self.events.append((event, fields))
        del self.events[:-MOST_EVENTS]


MOST_EVENTS = 16  # enough for a burst while the network is away
