"""What is found before a definition is saved."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scene.alarm.panel import Panel
from unisono.errors import CallerError
from unisono.scene.alarm.document import load_alarm
from unisono.scene.alarm.soundness import check_alarm, require_sound_alarm

WARM = {"change": {"property": "temperature", "above": 8}}
GOOD: dict[str, Any] = {"id": "warm", "name": "Too warm", "place": "home", "things": ["fridge"], "raise": WARM}


@pytest.fixture(scope="module")
def panel() -> Panel:
    panel = Panel()
    panel.place("shed")
    panel.thing("fridge", "fridge")
    panel.thing("press", "press")
    panel.thing("far", "fridge", place="shed")
    panel.define("id: dead\nraise: {connection: {is: offline}}")
    panel.define("id: ring\nraise: {connection: {is: offline}}\nsuppress: {alarms: [dead, middle.fridge]}")
    panel.define("id: middle\nraise: {connection: {is: offline}}\nsuppress: {alarms: [warm, ring]}")
    return panel


def found(panel: Panel, change: dict[str, Any]) -> list[tuple[str, str, str]]:
    others = {id: each.definition for id, each in panel.alarms.defined.items()}
    findings = check_alarm(load_alarm(GOOD | change), panel.engine.world, others)
    return [(each.severity, each.path, each.rule) for each in findings]


CEL = {"expression": "t > 1.0", "given": {"t": {"thing": "this", "property": "temperature"}}}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"clear": {"change": {"property": "temperature", "below": 7}}},
        {"kind": "press", "things": []},
        {"things": []},
        {"raise": {"cel": CEL}},
        {"text": "{name}: {temperature}, {value}, {press.running} {}", "things": []},
        {"raise": {"silence": {"for_s": 5}}},
        {"raise": {"silence": {"property": "temperature", "for_s": 5}}},
        {"raise": {"connection": {"is": "offline"}}},
        {"raise": {"event": {"event": "door_left_open"}}},
        {"raise": {"window": {"property": "temperature", "over_s": 60, "agg": "mean", "above": 8}}},
        {"suppress": {"alarms": ["dead", "dead.press"], "while": [{"property": "on_off", "is": False}]}},
    ],
)
def test_nothing(panel: Panel, change: dict[str, Any]) -> None:
    assert found(panel, change) == []


@pytest.mark.parametrize(
    ("change", "severity", "path"),
    [
        ({"things": ["frigde"]}, "error", "things.0"),
        ({"things": ["far"]}, "error", "things.0"),
        ({"place": "nowhere"}, "error", "things.0"),
        ({"things": [], "kind": "car", "suppress": {"while": [{"property": "a", "is": 1}]}}, "warning", "kind"),
        ({"raise": {"change": {"property": "temprature", "above": 8}}}, "error", "raise.change.property"),
        ({"raise": {"event": {"event": "left_open"}}}, "error", "raise.event.event"),
        ({"raise": {"cel": {**CEL, "given": {"t": {"thing": "this", "property": "tides"}}}}}, "error", "things.0"),
        (
            {"raise": {"cel": {**CEL, "given": {"t": {"thing": "x", "property": "t"}}}}},
            "error",
            "raise.cel.given.t.thing",
        ),
        ({"raise": {"change": {"property": "on_off", "is": "banana"}}}, "error", "raise.change.is"),
        ({"raise": {"change": {"property": "on_off", "above": 3}}}, "error", "raise.change.above"),
        ({"clear": {"change": {"property": "on_off", "is": "banana"}}}, "error", "clear.change.is"),
        ({"suppress": {"while": [{"property": "on_off", "is": 5}]}}, "error", "suppress.while.0.is"),
        (
            {"suppress": {"while": [{"thing": "x", "property": "on_off", "is": True}]}},
            "error",
            "suppress.while.0.thing",
        ),
        ({"suppress": {"alarms": ["nothing"]}}, "warning", "suppress.alarms.0"),
        ({"suppress": {"alarms": ["dead.x"]}}, "error", "suppress.alarms.0"),
        ({"suppress": {"alarms": ["ring"]}}, "error", "suppress.alarms.0"),
        ({"clear": {"change": {"property": "temperature", "below": 9}}}, "warning", "clear.change"),
        (
            {
                "raise": {"change": {"property": "temperature", "below": 2}},
                "clear": {"change": {"property": "temperature", "above": 1}},
            },
            "warning",
            "clear.change",
        ),
        ({"things": [], "kind": "car"}, "warning", "kind"),
        ({"text": "{temprature} °C"}, "warning", "text"),
        ({"action": "see {nowhere.temperature}"}, "warning", "action"),
        ({"consequence": "{press.temprature}"}, "warning", "consequence"),
        ({"things": [], "raise": {"change": {"property": "leak", "is": True}}}, "warning", "place"),
    ],
)
def test_what_is_found(panel: Panel, change: dict[str, Any], severity: str, path: str) -> None:
    assert (severity, path) in [(level, at) for level, at, _rule in found(panel, change)], found(panel, change)


def test_the_first_error_refuses_it(panel: Panel) -> None:
    with pytest.raises(CallerError) as refused:
        require_sound_alarm(load_alarm(GOOD | {"things": ["fridg"]}), panel.engine.world, {})
    assert (refused.value.code, refused.value.field, refused.value.expected) == ("bad_alarm", "things.0", "fridge")
    assert require_sound_alarm(load_alarm(GOOD), panel.engine.world, {}) == []
    odd = load_alarm(GOOD | {"things": [], "kind": "car"})
    assert [each.rule for each in require_sound_alarm(odd, panel.engine.world, {})] == ["nothing"]
