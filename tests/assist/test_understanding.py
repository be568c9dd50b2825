"""The shared sentences: what people said to their homes, and made-up ones on two homes; marked by the rule beside them.

Prints the table by category and every miss (``make understood``). Sentences and rule are not part of the project.
"""

from __future__ import annotations

import importlib.util
import json
import time
from collections import Counter
from types import ModuleType
from typing import Any

import pytest

from tests.assist.beside import beside
from unisono.assist import world_of_home
from unisono.cli.understand import plan_of
from unisono.scene.trying.home import load_home

RULE = beside("language/score.py")
ELSEWHERE = beside("data/language/slurp_devel_oos.jsonl")

#: Of these sets at least so many; disputed rows apart.
ENOUGH = {"human_gold": 0.92, "dev_en": 0.95, "dev_zh": 0.95}
#: Of sentences that are not for the house, at most so many are acted on.
FALSE_ACTS = 0.003


@pytest.fixture(scope="module")
def rule() -> ModuleType:
    if not RULE.exists():
        pytest.skip(f"{RULE} is not here: the shared sentences are not part of the project")
    spec = importlib.util.spec_from_file_location("score", RULE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _plan(case: dict[str, Any], homes: dict[str, Any]) -> dict[str, Any]:
    place, world = homes[case["home"]]
    texts = [case["text"]] if isinstance(case["text"], str) else case["text"]
    return plan_of(texts, place, world, case.get("lang"))


def _homes(names: set[str]) -> dict[str, Any]:
    found = {}
    for name in names:
        place = load_home((RULE.parent / "homes" / f"{name}.yaml").read_text(encoding="utf-8"))
        found[name] = (place, world_of_home(place))
    return found


@pytest.mark.parametrize("name", ENOUGH)
def test_enough_is_understood_and_nothing_critical_done(rule: ModuleType, name: str) -> None:
    cases = rule.read(RULE.parent / f"{name}.jsonl")
    names = {case["home"] for case in cases}
    homes = _homes(names)
    marks = {home: rule.load_home(home, RULE.parent / "homes") for home in names}
    total, passed, undisputed = Counter[str](), Counter[str](), [0, 0]
    critical: list[str] = []
    missed: list[str] = []
    began = time.process_time()  # told, and not judged: that is a benchmark's (`unisono bench understand`)
    for case in cases:
        plan = _plan(case, homes)
        mark = rule.mark_safely(case, plan, marks[case["home"]])
        total[case["category"]] += 1
        passed[case["category"]] += mark["pass"]
        if not case.get("disputed"):
            undisputed[0] += mark["pass"]
            undisputed[1] += 1
        if mark["wrong_act"] and case.get("critical"):
            critical.append(case["id"])
        if not mark["pass"]:
            missed.append(
                json.dumps({"text": case["text"], "expect": case["expect"], "plan": plan}, ensure_ascii=False)
            )
    spent = (time.process_time() - began) / len(cases)
    for category in sorted(total):
        print(f"{category:22} {passed[category]:4}/{total[category]}")
    raw = sum(passed.values()) / len(cases)
    print(f"{name}: {raw:.1%} raw, {undisputed[0] / undisputed[1]:.1%} without disputed, {spent * 1000:.2f} ms each")
    print(*missed, sep="\n")
    assert not critical
    assert raw >= ENOUGH[name]
    assert undisputed[0] / undisputed[1] >= ENOUGH[name]


def test_what_is_not_for_the_house_is_left_alone(rule: ModuleType) -> None:
    if not ELSEWHERE.exists():
        pytest.skip(f"{ELSEWHERE} is not here")
    sentences = rule.read(ELSEWHERE)
    for name, home in _homes({"human", "cabin", "shop"}).items():
        acted = []
        for sentence in sentences:
            plan = plan_of([sentence["text"]], home[0], home[1], "en")
            if plan["outcome"] in rule.ACTING:
                acted.append(f"{sentence['text']!r}: {plan['steps']}")
        print(f"{name}: {len(acted)} of {len(sentences)} acted on", *acted, sep="\n")
        assert len(acted) <= FALSE_ACTS * len(sentences)
