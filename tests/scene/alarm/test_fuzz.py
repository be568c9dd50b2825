"""Every field of a definition with anything in it: refused with the field and what would be right, or an alarm that
lives. Never a fault of ours, never half of it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tests.scene.alarm.panel import WEI, Panel
from unisono.errors import CallerError
from unisono.scene.alarm.document import load_alarm
from unisono.scene.alarm.soundness import check_alarm
from unisono.twin.record import AlarmPut

FULL: dict[str, Any] = {
    "id": "a",
    "name": "A",
    "place": "home",
    "names": {"zh": "甲"},
    "description": "d",
    "enabled": True,
    "things": ["probe"],
    "kind": "fridge",
    "raise": {"change": {"property": "temperature", "above": 8, "is_not": 9}},
    "clear": {"window": {"property": "temperature", "over_s": 60, "agg": "mean", "below": 7}},
    "on_delay_s": 1,
    "off_delay_s": 2,
    "severity": "high",
    "latching": True,
    "acknowledge": True,
    "shelve_h": 2,
    "suppress": {
        "alarms": ["b"],
        "modes": ["away"],
        "while": [{"thing": "probe", "property": "temperature", "is": [1]}],
    },
    "escalate": {"after_s": 60, "to": ["boss"], "priority": "critical", "times": 2},
    "notify": {"to": ["wei"], "priority": "low"},
    "text": "{value} {",
    "consequence": "c",
    "action": "x",
}
OTHERS: tuple[dict[str, Any], ...] = (
    {"raise": {"silence": {"property": "temperature", "for_s": 5}}},
    {"raise": {"connection": {"is": "offline"}}},
    {"raise": {"event": {"event": "door_left_open", "fields": {"a": 1}}}, "on_delay_s": 0},
    {"raise": {"cel": {"expression": "t > 1.0", "given": {"t": {"thing": "this", "property": "temperature"}}}}},
)
ODD: tuple[Any, ...] = (
    None, True, -1, 0, 1e308, 2**70, float("nan"), "", "x", "a.b.c", "a" * 5000, [], [None], ["x", 1],
    {}, {"x": {}}, [[[]]], float("inf"),
)  # fmt: skip


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inside in items:
        yield from paths(inside, (*path, key))


def put(document: Any, path: tuple[Any, ...], odd: Any) -> Any:
    changed = copy.deepcopy(document)
    at = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = odd
    return changed


@pytest.fixture(scope="module")
def panel() -> Panel:
    panel = Panel()
    panel.thing("probe", "fridge", temperature=5.0)
    return panel


@pytest.mark.parametrize("change", ({}, *OTHERS), ids=lambda change: next(iter(change.get("raise", {"full": 0}))))
def test_every_field_with_anything_in_it(panel: Panel, change: dict[str, Any]) -> None:
    document = FULL | change
    lived = 0
    for path in paths(document):
        for odd in ODD:
            changed = put(document, path, odd)
            try:
                definition = load_alarm(changed)
            except CallerError as error:
                assert error.code == "bad_alarm", (path, odd, error)
                assert error.field, (path, odd, error)
                continue
            check_alarm(definition, panel.engine.world, {})
            lived += 1
            panel.put(AlarmPut(definition.id, lived, msgspec.json.encode(definition), panel.wall, WEI))
            panel.report("probe", temperature=float(lived % 20))
            panel.event("probe", "door_left_open")
            panel.undefine(definition.id)
    letters = panel.fold.partition.dead_letters.saved().letters
    assert [letter.detail for letter in letters if letter.code == "internal"] == []
    assert lived > 50
