"""Every rule that a scene or an alarm can offend is listed, and every one that is listed can be offended."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from unisono.errors import CODES
from unisono.scene.checking.finding import RULES

SOURCES = Path(__file__).parents[2] / "src" / "unisono"
WHERE = ("scene/checking/*.py", "scene/alarm/*.py", "api/scenes/*.py", "api/alarms/*.py")
#: Which argument of a call is the rule.
TELL = {"Finding": 2, "Checked": 2, "_tell": 2, "_error": 1, "_warn": 1}


def told() -> Iterator[str]:
    """The rules that stand in the code, word by word."""
    for path in (path for pattern in WHERE for path in SOURCES.glob(pattern)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            at = TELL.get(name)
            rule = node.args[at] if at is not None and len(node.args) > at else None
            if isinstance(rule, ast.Constant) and isinstance(rule.value, str):
                yield rule.value


def test_the_rules_are_those_of_the_code() -> None:
    found = set(told())
    assert len(found) > 20
    assert found - RULES.keys() - CODES.keys() == set()
    assert RULES.keys() - found == set()
    assert RULES.keys() & CODES.keys() == set()
