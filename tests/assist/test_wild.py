"""What people said whom nobody had asked to be clear: their own homes, their own words.

A line is a sentence and what may become of it; where something may be done, it must be that and nothing else.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.assist.expected import cases, fault, plan_of
from unisono.assist import ACTING, world_of_home
from unisono.scene.trying.home import load_home

HERE = Path(__file__).parent / "strangers"
SETS = sorted(path.stem for path in HERE.glob("*.??.txt"))
#: What is asked back or refused though it could have been done is a nuisance; what is done wrongly is not allowed.
MISSED = 0.05


@pytest.mark.parametrize("name", SETS)
def test_strangers_are_understood_and_nothing_else_is_done(name: str) -> None:
    file, lang = name.split(".")
    home = load_home((HERE / f"{file.partition('-')[0]}.yaml").read_bytes())
    world = world_of_home(home)
    missed: list[str] = []
    wrong: list[str] = []
    count = 0
    for case in cases(HERE / f"{name}.txt"):
        count += 1
        plan = plan_of(case, home, world, lang)
        found = fault(case, plan)
        if found:
            (wrong if plan.outcome in ACTING else missed).append(f"{case.text} -> {found}")
    assert not wrong, "acted wrongly:\n" + "\n".join([*wrong, "missed:", *missed])
    assert len(missed) <= count * MISSED, "missed:\n" + "\n".join(missed)
