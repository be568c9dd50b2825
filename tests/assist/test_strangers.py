"""What people said whom nobody had asked to be clear: their own homes, mills and cars, their own words.

Written as people speak, some of it against the assistant, before anybody looked at what becomes of it. A line is a
sentence and what may become of it (`tests.assist.expected`); where something may be done, it must be that and nothing
else. ``strangers/HOME-WHICH.LANGUAGE.txt`` is about ``HOME.yaml``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.assist.expected import House, cases, fault
from unisono.assist import ACTING

HERE = Path(__file__).parent / "strangers"
TABLES = sorted(path.stem for path in HERE.glob("*.??.txt"))
#: What is asked back or refused though it could have been done is a nuisance; what is done wrongly is not allowed.
MISSED = {"en": 0.05, "de": 0.05, "zh": 0.057}


@pytest.mark.parametrize("name", TABLES)
def test_strangers_are_understood_and_nothing_else_is_done(name: str) -> None:
    file, lang = name.split(".")
    house = House(HERE / f"{file.partition('-')[0]}.yaml")
    missed: list[str] = []
    wrong: list[str] = []
    count = 0
    for case in cases(HERE / f"{name}.txt"):
        count += 1
        plan = house.plan(case.said, lang)
        found = fault(case, plan, house.world)
        if found:
            (wrong if plan.outcome in ACTING else missed).append(f"{case.text} -> {found}")
    assert not wrong, "acted wrongly:\n" + "\n".join([*wrong, "missed:", *missed])
    assert len(missed) <= count * MISSED[lang], "missed:\n" + "\n".join(missed)
