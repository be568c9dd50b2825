"""What strangers said in Chinese, in a flat, a mill and a house: at home, to a car, at a line, and to lead us astray.

Written as people speak, before anybody looked at what becomes of them; `strangers.reading` says how a line is read.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.assist.strangers.reading import House, cases, judge

HERE = Path(__file__).parent / "strangers"
#: Of a table, so many sentences may be asked back or refused where a stranger would not.
MOST_MISSED = 0.06


@pytest.mark.parametrize(
    ("home", "table"),
    [
        ("flat", "flat_zh"),
        ("flat", "flat_zh_traps"),
        ("mill", "mill_zh"),
        ("home", "home_zh2"),
        ("island", "island_zh"),
        ("mill", "mill_zh2"),
        ("flat", "flat_zh2"),
        ("flat", "flat_zh3"),
        ("flat", "flat_zh4"),
        ("flat", "flat_zh_knots"),
        ("flat", "flat_zh_knots2"),
    ],
)
def test_what_strangers_said_is_understood_and_nothing_else_is_done(home: str, table: str) -> None:
    house = House(HERE / f"{home}.yaml")
    found: dict[str, list[str]] = {"good": [], "missed": [], "wrong": []}
    for case in cases(HERE / f"{table}.txt"):
        plan = house.plan(case.said, "zh")
        found[judge(case, plan, house)].append(f"{case.said} -> {plan.outcome} {plan.why or plan.steps}")
    assert not found["wrong"], "acted wrongly:\n" + "\n".join(found["wrong"])
    assert len(found["missed"]) <= MOST_MISSED * len(found["good"]), "missed:\n" + "\n".join(found["missed"])
