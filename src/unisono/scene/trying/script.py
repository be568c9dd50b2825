"""A scripted day: what happens to a home, and what is expected of its scenes.

Knows the format (docs/scene-testing.md) and checks it against nothing; `rehearsal` plays it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta

from unisono.errors import CallerError
from unisono.scene.document import Number
from unisono.scene.reading import read_document
from unisono.scene.trying.stage import Device

__all__ = ["Expected", "Script", "Step", "event_of", "load_script"]

MAX_SCRIPT_BYTES = 1 << 20
#: The longest that a script lets pass at once: two years and a day show every turn of the clocks.
LONGEST_S = 731 * 86_400.0

Seconds = Annotated[float, Meta(ge=0, le=LONGEST_S)]


class Part(msgspec.Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The root of all parts of a script."""


class Wish(Part, kw_only=True):
    """A person asks a thing for something: ``set`` some values, or ``call`` an action with its ``input``."""

    thing: str
    set: dict[str, Any] | None = None
    call: str | None = None
    input: dict[str, Any] | None = None


class ExpectedCommand(Part, kw_only=True):
    """A command to a thing with at least these values; ``state``: how it stands, such as ``confirmed``."""

    thing: str
    set: dict[str, Any] = {}
    call: str | None = None
    input: dict[str, Any] = {}
    state: str | None = None


class ExpectedNotice(Part, kw_only=True):
    """Somebody is told; ``text`` and ``title`` are looked for in what is said."""

    to: str | None = None
    text: str = ""
    title: str = ""
    priority: Literal["low", "normal", "high", "critical"] | None = None


class ExpectedCall(Part, kw_only=True):
    """An address is called."""

    url: str
    method: str | None = None
    body: Any = UNSET


class ExpectedRun(Part, kw_only=True):
    """A scene runs; ``state``: how it stands."""

    scene: str
    state: Literal["running", "done", "stopped", "failed"] | None = None


class Expected(Part, kw_only=True):
    """One thing that is looked for: exactly one member. ``state``: what things report, ``mode``: of places, now."""

    command: ExpectedCommand | None = None
    notify: ExpectedNotice | None = None
    http: ExpectedCall | None = None
    run: ExpectedRun | None = None
    mode: dict[str, str] | None = None
    state: dict[str, dict[str, Any]] | None = None


class Step(Part, kw_only=True):
    """One step: when, and exactly one thing that happens or is expected.

    ``at``: a time of day at the root place (the next time it comes), or a date and time; ``after_s``: since the step
    before. An expectation looks at what has happened since the last event above it and lets time pass, at most
    ``within_s``, until it is met; what is *not* expected must stay away for all of it. ``times``: how often it is met.
    """

    title: str = ""
    at: str | None = None
    after_s: Seconds = 0.0
    within_s: Seconds = 1.0
    times: Annotated[int, Meta(ge=1)] | None = None
    report: dict[str, dict[str, Any]] | None = None
    event: dict[str, str | dict[str, dict[str, Any]]] | None = None
    online: str | tuple[str, ...] | None = None
    offline: str | tuple[str, ...] | None = None
    arrive: dict[str, str] | None = None
    leave: dict[str, str] | None = None
    mode: dict[str, str] | None = None
    command: Wish | None = None
    run: str | None = None
    stop: str | None = None
    clock_s: Number | None = None
    hub_off_s: Seconds | None = None
    device: dict[str, Device] | None = None
    expect: Expected | None = None
    expect_not: Expected | None = None


#: What a step says beside what happens.
_BESIDE = {"title", "at", "after_s", "within_s", "times"}


class Script(Part, kw_only=True):
    """``devices``: how things take commands from the beginning on; those not named obey at once."""

    title: str = ""
    devices: dict[str, Device] = {}
    day: Annotated[tuple[Step, ...], Meta(min_length=1, max_length=5_000)]


def load_script(document: bytes | str | Mapping[str, Any]) -> Script:
    """Raises CallerError ``too_large``, ``bad_json`` or ``bad_value`` with ``field`` as the path in it."""
    script = read_document(document, Script, "bad_value", MAX_SCRIPT_BYTES)
    for number, step in enumerate(script.day):
        _one(step, f"day.{number}", _BESIDE)
        for name in ("expect", "expect_not"):
            expected = getattr(step, name)
            if expected is not None:
                _one(expected, f"day.{number}.{name}", set())
    return script


def event_of(part: Step | Expected) -> tuple[str, Any]:
    """The one thing that a step or an expectation says, by name."""
    return next((name, value) for name, value in _given(part) if name not in _BESIDE)


def _given(part: Part) -> list[tuple[str, Any]]:
    return [(name, value) for name in part.__struct_fields__ if (value := getattr(part, name)) is not None]


def _one(part: Part, path: str, beside: set[str]) -> None:
    given = [name for name, _value in _given(part) if name not in beside]
    if len(given) != 1:
        names = [name for name in part.__struct_fields__ if name not in beside]
        detail = f"{' and '.join(given) or 'nothing'} given"
        raise CallerError(detail, code="bad_value", field=path, expected=f"exactly one of {', '.join(names)}")
