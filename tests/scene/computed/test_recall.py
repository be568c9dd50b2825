"""What was kept of a computed thing is lost: it goes on from what it told last."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scene.computed.test_kinds import at
from tests.scene.computed.workshop import SECOND, Workshop
from unisono.scene.computed.worker import read_iso

TARIFF = {"names": ["peak", "low"]}


def made() -> Workshop:
    shop = Workshop()
    shop.thing("plug", "plug")
    shop.thing("meter", "meter")
    shop.report("plug", power=1000)
    shop.report("meter", energy=100)
    shop.compute("e", {"kind": "integral", "thing": "plug", "property": "power", "max_gap_s": 600, "every_s": 60})
    shop.compute("day", {"kind": "meter", "thing": "meter", "property": "energy", "cycle": "day"})
    shop.compute("by", {"kind": "meter", "thing": "meter", "property": "energy", "cycle": "day", "tariff": TARIFF})
    shop.compute("often", {"kind": "counter", "thing": "meter", "property": "energy"})
    shop.compute("mean", {"kind": "group", "of": {"things": ["plug"]}, "property": "power", "how": "mean"})
    return shop


IDS = ("e", "day", "by", "often", "mean")


def lose(shop: Workshop) -> None:
    """Their rows in the checkpoint are damaged; the things, and what they told, are not."""
    told = {id: shop.state(id) for id in IDS}
    for id in IDS:
        computed = shop.computer.computed[id]
        fresh = type(computed.worker)(computed, computed.definition)  # type: ignore[call-arg]
        fresh.begin()
        computed.worker = fresh
        shop.computer._again(computed)
    shop.computer.recall({**told, "gone": {}})


def test_it_goes_on_as_if_nothing_was_lost() -> None:
    whole, lost = made(), made()
    for shop in (whole, lost):
        shop.report("meter", energy=103)
        shop.tick(1200)
        shop.ask("by", {"tariff": "low"})
        shop.report("meter", energy=104)
        shop.tick(at("2026-11-27T00:00:00+01:00") // SECOND - shop.wall // SECOND + 60)
        shop.report("meter", energy=106)
        if shop is lost:
            lose(shop)
        assert shop.value("often", "count") == 3
        shop.report("meter", energy=109)
        shop.report("plug", power=500)
        shop.tick(300)
    for id in IDS:
        expected, found = whole.state(id), lost.state(id)
        assert found == {
            key: pytest.approx(value) if type(value) is float else value for key, value in expected.items()
        }
    assert lost.state("by")["energy_low"] == 5
    assert (lost.state("day")["energy"], lost.state("day")["last_energy"]) == (5, 4)


@pytest.mark.parametrize(
    "told", [{}, {"energy": "much", "gap_s": None, "since": "soon", "tariff": "none", "count": "x"}]
)
def test_what_says_nothing_changes_nothing(told: dict[str, Any]) -> None:
    shop = made()
    shop.report("meter", energy=103)
    before = {id: shop.state(id) for id in IDS}
    shop.computer.recall(dict.fromkeys(IDS, told))
    assert {id: shop.state(id) for id in IDS} == before


def test_a_moment_is_read_as_it_was_written() -> None:
    assert read_iso("2026-11-26T11:00:00.000Z") == at("2026-11-26T12:00:00+01:00")
    assert (read_iso("soon"), read_iso(None), read_iso(5)) == (None, None, None)
