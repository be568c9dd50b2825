"""Every field of a scene with anything in it: read and held against what is there; an error says where and what would
be right."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.scene.test_soundness import world
from unisono.errors import CallerError
from unisono.scene.checking.catalogue import Catalogue
from unisono.scene.checking.soundness import Facts, check_scene, require_sound
from unisono.scene.document import load_scene

GOOD: dict[str, Any] = {
    "id": "s",
    "name": "S",
    "place": "home",
    "mode": "queued",
    "max": 3,
    "when": [
        {"change": {"things": ["probe"], "property": "temperature", "above": 25, "below": 60, "for_s": 60}},
        {"change": {"things": ["lamp"], "property": "on_off", "is": [True], "was": False}},
        {"event": {"things": ["lock"], "event": "unlocked_by", "fields": {"user": "wei"}}},
        {"travel": {"things": ["su7"], "arrives": "home", "within_m": 500}},
        {"connection": {"kind": "light", "place": "hall", "is": "offline"}},
        {"silence": {"things": ["probe"], "property": "temperature", "for_s": 600}},
        {"time": {"at": "sunset", "offset_s": -600, "every": "weekday", "missed": "once"}},
        {"window": {"things": ["probe"], "property": "temperature", "over_s": 600, "agg": "mean", "above": 25}},
        {"mode": {"place": "home", "is": ["away", "night"]}},
    ],
    "if": [
        {"any": [{"sun": {"is": "up"}}, {"not": {"mode": {"place": "home", "is": "holiday"}}}]},
        {"time": {"after": "07:00", "before": "22:00", "days": "mon,thu"}},
        {"cel": {"expression": "t > 19.5", "given": {"t": {"thing": "probe", "property": "temperature"}}}},
    ],
    "then": [
        {"snapshot": {"name": "before", "things": ["lamp"]}},
        {"set": {"things": ["lamp"], "state": {"on_off": {"toggle": True}, "brightness": {"add": 5}}, "wait": True}},
        {"call": {"things": ["agv"], "action": "go_to", "input": {"station": "a"}}},
        {"repeat": {"times": 2, "then": [{"wait": {"for_s": 5}}]}},
        {
            "choose": {
                "branches": [{"if": [{"sun": {"is": "up"}}], "then": [{"mode": {"place": "home", "to": "away"}}]}]
            }
        },
        {
            "http": {
                "url": "https://a.example/",
                "method": "PUT",
                "headers": {"x": "y"},
                "body": {"a": 1},
                "timeout_s": 5,
            }
        },
        {"notify": {"to": ["wei"], "text": "{probe.temperature}", "priority": "low", "group": "g"}},
        {"restore": {"name": "before"}},
    ],
}
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["lamp", "07:00", "home"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["is", "things", "add", "x"]), inner),
    max_leaves=5,
)
FACTS = Facts(world(), Catalogue(), ["wei"])


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        found += paths(each, (*path, key))
    return found


PATHS = paths(GOOD)


def test_it_is_sound() -> None:
    assert [finding.rule for finding in require_sound(load_scene(GOOD), FACTS)] == [
        "ring"
    ]  # it toggles what it watches


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PATHS), VALUES, st.booleans())
def test_any_field_with_any_value(path: tuple[Any, ...], value: Any, gone: bool) -> None:
    document = json.loads(json.dumps(GOOD))
    target = document
    for key in path[:-1]:
        target = target[key]
    if gone:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    try:
        scene = load_scene(document)
        found = check_scene(scene, FACTS)
        require_sound(scene, FACTS)
    except CallerError as error:
        assert error.code == "bad_scene"
        assert error.detail and error.expected
        assert error.field, error
        return
    assert all(finding.path and finding.reason for finding in found)
