"""Definitions as people write them: what cannot be is refused, naming the field, the reason and what would be right."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import pytest

from unisono.errors import CallerError
from unisono.scene.alarm.document import Definition, alarm_schema, load_alarm
from unisono.scene.document import Selector

GOOD: dict[str, Any] = {
    "id": "warm",
    "name": "Too warm",
    "place": "home",
    "things": ["fridge"],
    "raise": {"change": {"property": "temperature", "above": 8}},
    "clear": {"change": {"property": "temperature", "below": 7}},
    "on_delay_s": 300,
    "severity": "high",
    "escalate": {"after_s": 60, "to": ["boss"]},
    "suppress": {"alarms": ["dead", "dead.fridge"], "modes": ["away"], "while": [{"property": "on_off", "is": False}]},
    "notify": {"to": ["wei"]},
}


def test_json_and_yaml_say_the_same() -> None:
    definition = load_alarm(GOOD)
    assert load_alarm(json.dumps(GOOD)) == load_alarm(json.dumps(GOOD).encode()) == definition
    assert load_alarm(msgspec.json.encode(definition)) == definition
    assert load_alarm(b"{id: a, name: A, place: home, raise: {connection: {is: offline}}}").id == "a"
    assert load_alarm(msgspec.yaml.encode(GOOD)) == definition
    assert definition.selector == Selector(things=("fridge",))
    assert load_alarm(GOOD | {"kind": "fridge"}).selector == Selector(things=("fridge",), place="home", kind="fridge")


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"raise": {}}, "raise", "one of change, window"),
        ({"raise": {"change": {"property": "a", "above": 1}, "event": {"event": "b"}}}, "raise", "change, event"),
        ({"clear": {}}, "clear", "empty"),
        ({"raise": {"change": {"property": "a"}}}, "raise.change", "nothing is asked"),
        ({"raise": {"window": {"property": "a", "over_s": 5, "agg": "mean"}}}, "raise.window", '"above" or "below"'),
        ({"raise": {"window": {"property": "a", "over_s": 0, "agg": "mean"}}}, "raise.window.over_s", "above 0"),
        ({"raise": {"event": {"event": "b"}}}, "on_delay_s", "lasts no time"),
        ({"clear": {"silence": {"for_s": 5}}}, "clear", "silence clears nothing"),
        ({"raise": {"change": {"property": "a", "above": math.nan}}}, "raise.change.above", "finite"),
        (
            {"clear": {"window": {"property": "a", "over_s": 5, "agg": "mean", "below": math.inf}}},
            "clear.window.below",
            "no n",
        ),
        ({"acknowledge": False}, "escalate", "nobody has to acknowledge"),
        ({"suppress": {"while": [{"property": "a"}]}}, "suppress.while.0", "nothing is asked"),
        ({"suppress": {"alarms": ["warm"]}}, "suppress.alarms", "itself"),
        ({"suppress": {"alarms": ["a b"]}}, "suppress.alarms.0", "an alarm's id"),
        ({"severity": "dire"}, "severity", "dire"),
        ({"shelve_h": 1000}, "shelve_h", "168"),
        ({"id": "Warm"}, "id", "an id"),
        ({"nam": 1}, "nam", "name"),
        ({"raise": {"cel": {"expression": "("}}, "on_delay_s": 0}, "raise.cel.expression", "expression of CEL"),
        ({"raise": {"cel": {"expression": "x > 1"}}}, "raise.cel.expression", "not given"),
    ],
)
def test_what_cannot_be(change: dict[str, Any], field: str | None, words: str) -> None:
    with pytest.raises(CallerError) as caught:
        load_alarm(GOOD | change)
    assert (caught.value.code, caught.value.field) == ("bad_alarm", field)
    assert words in str(caught.value)


def test_what_is_no_document() -> None:
    for text, code in (("[", "bad_json"), ("a: " + "x" * 300_000, "too_large"), ("1", "bad_alarm")):
        with pytest.raises(CallerError) as caught:
            load_alarm(text)
        assert caught.value.code == code


def test_editors_know_every_field() -> None:
    schema = alarm_schema()
    fields = schema["$defs"]["Definition"]["properties"]
    assert set(fields) == {field.encode_name for field in msgspec.structs.fields(Definition)}
    assert {"required": ["change"]} in schema["$defs"]["Raising"]["oneOf"]
