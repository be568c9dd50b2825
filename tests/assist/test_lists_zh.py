"""Two things in one Chinese sentence: both are touched as it says, or nothing is done."""

from __future__ import annotations

from itertools import combinations

import pytest

from tests.assist.expected import House
from tests.assist.test_strangers import HERE, TABLES
from unisono.assist import ACTING

HOMES = sorted({name.split(".")[0].partition("-")[0] for name in TABLES if name.endswith(".zh")})
#: ``ON``: what begins, of both.
FORMS = (
    "把{a}和{b}都关了", "{a}、{b}都关掉", "{a}{b}都关了", "关掉{a}和{b}", "关{a}关{b}", "{a}跟{b}关一下",
    "{a}关了{b}关了", "{a}还有{b}也关掉", "先关{a}再关{b}",
    "关了{a}，{b}也关了", "{a}{b}关掉", "麻烦把{a}关掉，顺便把{b}也关了",
)  # fmt: skip
#: So many pairs of each home, where it has them.
PAIRS = 60


def _switched(house: House) -> list[tuple[str, str]]:
    """Who is switched, by each name that is Chinese and nobody else's."""
    names: dict[str, list[str]] = {}
    for thing in house.world.things.values():
        for name in thing.names:
            names.setdefault(name, []).append(thing.id)
    return [
        (name, bearers[0])
        for name, bearers in names.items()
        if len(bearers) == 1
        and house.world.things[bearers[0]].takes & {"on_off", "start_stop"}
        and house.world.things[bearers[0]].kind != "car"
        and all("一" <= c <= "鿿" for c in name)
        and len(name) > 1
    ]


@pytest.mark.parametrize("home", HOMES)
def test_of_two_things_none_is_dropped(home: str) -> None:
    house = House(HERE / f"{home}.yaml")
    pairs = [(a, b) for a, b in combinations(_switched(house), 2) if a[1] != b[1]]
    pairs = pairs[:: max(1, len(pairs) // PAIRS)]
    done, wrong = 0, []
    for at, (a, b) in enumerate(pairs):
        said = FORMS[at % len(FORMS)].format(a=a[0], b=b[0])
        plan = house.plan((said,), "zh")
        touched = {thing for step in plan.steps for thing in step.things} if plan.outcome in ACTING else set()
        done += bool(touched)
        if touched and touched != {a[1], b[1]}:
            wrong.append(f"{said} -> {sorted(touched)}")
    assert not wrong, "\n".join(wrong)
    assert done > len(pairs) / 2
