"""Every field of what people write beside scenes, with anything in it: taken, or refused with the field, the reason and
what would be right. (Scenes themselves: `tests.api.test_scene_fuzz`.)"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from unisono.errors import CallerError
from unisono.scene.alarm.document import load_alarm
from unisono.scene.computed.document import load_computed
from unisono.twin.outlet import load_outlet
from unisono.twin.policy import load_policy

PEM = "-----BEGIN CERTIFICATE-----"
T = {"thing": "probe", "property": "temperature"}

COMPUTED: list[dict[str, Any]] = [
    {
        "kind": "group", "of": {"things": ["lamp", "lamp2"]}, "property": "on_off", "how": "any", "is": True,
        "into": "on_off", "writable": True,
    },
    {"kind": "group", "of": {"place": "home", "kind": "sensor"}, "property": "power", "how": "mean", "unit": "W"},
    {"kind": "template", "cel": "a + 1.0", "given": {"a": T}, "type": "number", "into": "x", "unit": "Cel"},
    {"kind": "counter", "thing": "door", "property": "contact", "is": "open", "into": "n", "step": 2},
    {"kind": "counter", "thing": "bell", "event": "ring"},
    {"kind": "timer", "duration_s": 60},
    {"kind": "threshold", **T, "above": 20, "below": 30, "hysteresis": 1, "for_s": 5, "into": "hot"},
    {
        "kind": "integral", "thing": "plug", "property": "power", "method": "trapezoid", "unit": "kWh",
        "into": "energy", "max_gap_s": 100, "every_s": 60,
    },
    {"kind": "derivative", **T, "over_s": 300, "per": "h", "into": "d"},
    {"kind": "statistics", **T, "how": "mean", "over_s": 300, "into": "x"},
    {
        "kind": "meter", "thing": "plug", "property": "energy", "cycle": "month", "day": 5, "month": 1, "into": "x",
        "tariff": {"names": ["peak", "low"], "schedule": [{"at": "07:00", "every": "weekday", "tariff": "peak"}]},
    },
    {"kind": "meter", **T, "cycle": "day", "tariff": {"names": ["peak", "low"], "input": T}},
    {
        "kind": "tracker", "home": "home", "places": ["room"], "within_m": 200,
        "sources": [{"thing": "phone", "property": "presence", "at": "home", "max_age_s": 600, "false": "unknown"}],
    },
    {
        "kind": "input", "type": "number", "initial": 5, "min": 0, "max": 10, "step": 1, "unit": "Cel", "into": "v",
    },
    {"kind": "input", "type": "choice", "options": ["a", "b"], "initial": "a"},
    {"kind": "input", "type": "text", "initial": "x", "max_length": 10},
]  # fmt: skip

ALARMS: list[dict[str, Any]] = [
    {
        "id": "hot", "name": "Hot", "names": {"zh": "热"}, "place": "home", "things": ["probe"], "description": "d",
        "raise": {"change": {"property": "temperature", "above": 30}},
        "clear": {"change": {"property": "temperature", "below": 25}},
        "on_delay_s": 5, "off_delay_s": 5, "severity": "high", "latching": True, "acknowledge": True, "shelve_h": 4,
        "suppress": {"alarms": ["other"], "modes": ["away"], "while": [{"property": "temperature", "above": 100}]},
        "escalate": {"after_s": 60, "to": ["wei"], "times": 2}, "notify": {"to": ["wei"], "priority": "high"},
        "text": "{name} {temperature}", "consequence": "c", "action": "a", "enabled": True,
    },
    *(
        {"id": "a", "name": "A", "place": "home", "kind": "sensor", "raise": raising}
        for raising in (
            {"window": {"property": "temperature", "over_s": 60, "agg": "mean", "above": 3}},
            {"silence": {"property": "temperature", "for_s": 60}},
            {"connection": {"is": "offline"}},
            {"event": {"event": "ring", "fields": {}}},
            {"cel": {"expression": "t > 3.0", "given": {"t": {"thing": "this", "property": "temperature"}}}},
        )
    ),
]  # fmt: skip

OUTLETS: list[dict[str, Any]] = [
    {
        "id": "w", "place": "home", "what": ["changes", "computed"], "kind": "sensor", "things": ["probe"],
        "traits": ["temperature"], "batch": 10, "to": {"kind": "webhook", "url": "https://x.org", "ca": PEM},
    },
    *(
        {"id": "o", "place": "home", "to": {"user": "u", **to}}
        for to in (
            {"kind": "mqtt", "url": "mqtts://x:8883", "topic": "a/{what}/{thing}"},
            {"kind": "nats", "url": "tls://x:4222", "subject": "a.{what}.{thing}"},
            {"kind": "kafka", "url": "kafkas://x:9093", "topic": "a", "mechanism": "PLAIN"},
        )
    ),
]  # fmt: skip

POLICIES: list[dict[str, Any]] = [
    {
        "rules": [
            {
                "name": "a", "then": "allow", "who": {"ids": ["wei"], "kinds": ["person"], "roles": ["member"]},
                "what": {
                    "things": ["door"], "kinds": ["lock"], "traits": ["locked"], "places": ["room"],
                    "risk": "sensitive",
                },
                "from": {"address": ["remote"], "home": False},
                "when": {"times": [{"from": "09:00", "to": "12:00", "days": ["tue"]}], "modes": ["away"]},
            },
            {"name": "b", "then": "confirm", "who": {"kinds": ["scene"]}, "scenes": ["night"]},
        ],
        "confirm_within_s": 60,
        "limits": [
            {
                "name": "pump", "what": {"kinds": ["pump"]}, "changes": 6, "in_s": 60, "min_interval_s": 2,
                "unless": {"on_off": False},
            },
        ],
        "interlocks": [
            {
                "name": "guard", "never": {"things": ["press"], "set": {"start_stop": True}, "call": ["reset_fault"]},
                "while": [
                    {"thing": "press", "property": "guard", "is": "open", "fresh_s": 5},
                    {"thing": "press", "property": "speed", "above": 1, "below": 5},
                ],
                "unknown": "allow",
            },
        ],
    },
]  # fmt: skip

#: What stands where it must not.
ODD: list[Any] = [
    None, True, -1, 0, 3.7, 1e308, 2**70, "", "nope!", "x" * 5000, "25:00", "\0", [], [None], ["A B"], {}, {"x": 1},
]  # fmt: skip


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield from paths(each, (*path, key))


def mutations(document: dict[str, Any]) -> Iterator[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """Every field replaced by each odd value, left out, and beside one that there is not."""

    def at(path: tuple[Any, ...]) -> tuple[dict[str, Any], Any]:
        copied: dict[str, Any] = copy.deepcopy(document)
        target: Any = copied
        for key in path[:-1]:
            target = target[key]
        return copied, target

    for path in paths(document):
        for odd in ODD:
            changed, target = at(path)
            target[path[-1]] = odd
            yield f"{odd!r:.40}", path, changed
        changed, target = at(path)
        del target[path[-1]]
        yield "left out", path, changed
        if isinstance(path[-1], str):
            changed, target = at(path)
            target["no_such_field"] = 1
            yield "a field more", path, changed


@pytest.mark.parametrize(
    ("load", "documents"),
    [(load_computed, COMPUTED), (load_alarm, ALARMS), (load_outlet, OUTLETS), (load_policy, POLICIES)],
    ids=["computed", "alarm", "outlet", "policy"],
)
def test_anything_anywhere(load: Callable[[Any], Any], documents: list[dict[str, Any]]) -> None:
    refused = taken = 0
    for document in documents:
        load(document)
        for what, path, changed in mutations(document):
            before = copy.deepcopy(changed)
            try:
                load(changed)
                taken += 1
            except CallerError as error:
                refused += 1
                said = (path, what, error.field, error.detail, error.expected)
                assert error.field and error.detail and error.expected, said
                first = error.field.split(".")[0]
                assert first == path[0] or first in {*document, "no_such_field", "property", "scenes"}, said
                assert "`" not in error.detail + error.expected, said
            assert changed == before
    assert refused > 2 * taken > 0
