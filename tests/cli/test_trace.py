"""How triggers are told to a person."""

from __future__ import annotations

from typing import Any

import pytest

from unisono.cli.trace import trigger_lines


def trigger(**told: Any) -> dict[str, Any]:
    base = {"path": "when.0.change", "thing": "probe", "fits": None, "seen": None, "held_s": None, "for_s": 0.0}
    return {**base, "next": None, **told}


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"fits": False, "seen": 20}, "does not fit (it sees 20)"),
        ({"fits": True, "seen": 30}, "fits (it sees 30): it sets the scene off when it begins to, not while it does"),
        ({"fits": True, "seen": 30, "held_s": 3.0, "for_s": 60.0}, "fits for 3 of 60 s (it sees 30)"),
        ({"seen": 20}, "has to happen (it sees 20)"),
        ({}, "nothing is known of it"),
        ({"thing": None, "path": "when.0.event"}, "has to happen"),
        ({"thing": None, "path": "when.0.time"}, "does not come any more"),
        ({"thing": None, "next": "2026-11-22T10:00:00.000Z"}, "comes at 2026-11-22T10:00:00.000Z"),
    ],
)
def test_a_trigger_is_one_line(told: dict[str, Any], words: str) -> None:
    each = trigger(**told)
    where = " ".join(filter(None, (each["path"], each["thing"])))
    assert trigger_lines([each]) == ["Its triggers now:", f"  {where}  {words}"]


def test_a_scene_without_triggers_says_so() -> None:
    assert trigger_lines([]) == ["Nothing triggers it: it runs by hand or by another scene only"]
