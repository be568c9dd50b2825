"""A place's own rules: the first that fits decides, over facts that are passed in."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from unisono.access import Asking, Moment, Risk, Rule, Ruling, Wish, always_denied, risk_of, rule_on
from unisono.thing import builtin_model

WEI = Asking("person", "wei", "owner", "lan", home=True)
AWAY = Asking("person", "wei", "owner", "remote")
NIGHT = Asking("scene", "night", address="hub", home=True, scene="night")
UNLOCK = Wish("front_door", "lock", ["home", "hall"], frozenset({"locked"}), Risk.SENSITIVE)
TOUCH = Wish("probe", "sensor.contact", ["home"], frozenset({"contact"}), Risk.NONE)
NOON = Moment(12 * 60, 2, frozenset({"home"}))


def ruling(asking: Asking = WEI, wish: Wish = UNLOCK, moment: Moment = NOON, then: str = "deny", **rule: Any) -> Ruling:
    return rule_on([msgspec.convert({"name": "r", "then": then, **rule}, Rule)], asking, wish, moment)


def says_no(**given: Any) -> bool:
    found = ruling(**given)
    assert found.rule == ("r" if found.then == "deny" else None)
    return found.then == "deny"


def test_what_no_rule_speaks_of_is_allowed() -> None:
    assert rule_on([], WEI, UNLOCK, NOON) == Ruling("allow")


def test_the_first_that_fits_decides() -> None:
    rules = [
        msgspec.convert({"name": "wei may", "then": "allow", "who": {"ids": ["wei"]}}, Rule),
        Rule(name="nobody", then="deny"),
    ]
    assert rule_on(rules, WEI, UNLOCK, NOON) == Ruling("allow", "wei may")
    assert rule_on(rules[::-1], WEI, UNLOCK, NOON) == Ruling("deny", "nobody")


@pytest.mark.parametrize(
    ("who", "fits"),
    [
        ({}, True),
        ({"kinds": ["person"]}, True),
        ({"kinds": ["scene", "program"]}, False),
        ({"roles": ["owner"]}, True),
        ({"roles": ["guest"]}, False),
        ({"ids": ["mia", "wei"]}, True),
        ({"ids": ["mia"]}, False),
        ({"kinds": ["person"], "ids": ["mia"]}, False),
    ],
)
def test_who(who: dict[str, Any], fits: bool) -> None:
    assert says_no(who=who) is fits


@pytest.mark.parametrize(
    ("what", "fits"),
    [
        ({"things": ["front_door"]}, True),
        ({"things": ["back_door"]}, False),
        ({"kinds": ["lock"]}, True),
        ({"kinds": ["loc"]}, False),
        ({"traits": ["locked", "on_off"]}, True),
        ({"traits": ["on_off"]}, False),
        ({"places": ["home"]}, True),
        ({"places": ["cellar"]}, False),
        ({"risk": "sensitive"}, True),
        ({"risk": "dangerous"}, False),
    ],
)
def test_what(what: dict[str, Any], fits: bool) -> None:
    assert says_no(what=what) is fits


def test_a_kind_with_a_dot_is_among_the_one_before_it() -> None:
    assert says_no(what={"kinds": ["sensor"]}, wish=TOUCH)
    assert not says_no(what={"kinds": ["sensor.smoke"]}, wish=TOUCH)


@pytest.mark.parametrize(
    ("where", "asking", "fits"),
    [
        ({"address": ["remote"]}, AWAY, True),
        ({"address": ["remote"]}, WEI, False),
        ({"address": ["remote"]}, Asking("program", "p"), True),
        ({"address": ["hub", "lan"]}, Asking("program", "p"), False),
        ({"home": False}, AWAY, True),
        ({"home": False}, WEI, False),
        ({"home": True}, WEI, True),
    ],
)
def test_from_where(where: dict[str, Any], asking: Asking, fits: bool) -> None:
    assert says_no(**{"from": where}, asking=asking) is fits


NIGHTS = {"times": [{"from": "22:00", "to": "06:00", "days": ["fri"]}]}
DAYS = {"times": [{"from": "08:00", "to": "18:00", "days": ["mon", "wed"]}, {"from": "20:00", "to": "24:00"}]}


@pytest.mark.parametrize(
    ("when", "clock", "weekday", "fits"),
    [
        (NIGHTS, "21:59", 4, False),
        (NIGHTS, "22:00", 4, True),
        (NIGHTS, "05:59", 5, True),
        (NIGHTS, "06:00", 5, False),
        (NIGHTS, "23:00", 5, False),
        (NIGHTS, "01:00", 4, False),
        (DAYS, "08:00", 2, True),
        (DAYS, "18:00", 2, False),
        (DAYS, "12:00", 3, False),
        (DAYS, "23:59", 3, True),
        ({"modes": ["home", "night"]}, "12:00", 0, True),
        ({"modes": ["away"]}, "12:00", 0, False),
    ],
)
def test_when(when: dict[str, Any], clock: str, weekday: int, fits: bool) -> None:
    minute = int(clock[:2]) * 60 + int(clock[3:])
    assert says_no(when=when, moment=Moment(minute, weekday, frozenset({"home"}))) is fits


def test_a_second_word() -> None:
    assert ruling(then="confirm").then == "confirm"


def test_a_scene_gives_no_second_word_unless_it_is_named() -> None:
    assert ruling(asking=NIGHT, then="confirm") == Ruling("deny", "r", unnamed=True)
    assert ruling(asking=NIGHT, then="confirm", scenes=["night"]) == Ruling("allow", "r")
    by_hand = Asking("person", "wei", "owner", "lan", scene="night")
    assert ruling(asking=by_hand, then="confirm") == Ruling("deny", "r", unnamed=True), (
        "no step of a scene is said twice"
    )
    assert ruling(asking=by_hand, then="confirm", scenes=["night"]) == Ruling("allow", "r")


@pytest.mark.parametrize(
    ("kind", "wanted", "call", "risk"),
    [
        ("light", {"on_off": True}, None, Risk.NONE),
        ("lock", {"locked": False}, None, Risk.SENSITIVE),
        ("lock", {"locked": True}, None, Risk.NONE),
        ("press", {"start_stop": True}, None, Risk.DANGEROUS),
        ("press", {"start_stop": False}, None, Risk.NONE),
        ("press", {}, "reset_fault", Risk.DANGEROUS),
        ("press", {}, "no_such", Risk.NONE),
        ("light", {}, "identify", Risk.NONE),
        ("light", {"no_such": 1}, None, Risk.NONE),
    ],
)
def test_risk(kind: str, wanted: dict[str, Any], call: str | None, risk: Risk) -> None:
    assert risk_of(builtin_model(kind), wanted, call) is risk


@pytest.mark.parametrize(
    ("rules", "by"),
    [
        ([], None),
        ([{"then": "deny"}], "r0"),
        ([{"then": "deny", "when": {"modes": ["away"]}}], None),
        ([{"then": "deny", "when": {"times": [{"from": "22:00"}]}}, {"then": "deny"}], "r0"),
        ([{"then": "allow", "when": {"modes": ["away"]}}, {"then": "deny"}], None),
        ([{"then": "deny", "who": {"kinds": ["person"]}}, {"then": "deny"}], "r1"),
        ([{"then": "confirm"}], "r0"),
        ([{"then": "confirm", "scenes": ["night"]}, {"then": "deny"}], None),
        ([{"then": "allow"}, {"then": "deny"}], None),
    ],
)
def test_what_is_denied_at_every_moment(rules: list[dict[str, Any]], by: str | None) -> None:
    read = [msgspec.convert({"name": f"r{number}", **rule}, Rule) for number, rule in enumerate(rules)]
    found = always_denied(read, NIGHT, UNLOCK)
    assert (found.rule if found is not None else None) == by
    assert found is None or rule_on(read, NIGHT, UNLOCK, Moment(23 * 60, 2, frozenset({"away"}))).then == "deny"
