"""Steps that the place's policy always refuses are told when a scene is saved, and only those."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.scene.stage import Stage
from tests.scene.test_soundness import scene, world
from unisono.scene.checking.catalogue import Catalogue
from unisono.scene.checking.finding import Finding
from unisono.scene.checking.soundness import Facts, check_scene
from unisono.twin.record import PolicyPut
from unisono.twin.safety import Enforced

WARM = "when: [{change: {things: [probe], property: temperature, above: 25}}]\n"
UNLOCK = "then: [{set: {things: [lock], state: {locked: false}}}]"
THINGS = {
    "lamp": ("light", "hall"),
    "other": ("light", "home"),
    "probe": ("sensor.temperature", "home"),
    "lock": ("lock", "hall"),
    "back": ("lock", "home"),
    "press": ("press", "home"),
    "vacuum": ("vacuum", "home"),
}


def look(text: str, **policy: Any) -> list[Finding]:
    enforced = Enforced(1, msgspec.json.encode(policy))
    return check_scene(scene(text), Facts(world(THINGS), Catalogue(), None, enforced))


def refusals(text: str, **policy: Any) -> list[Finding]:
    return [finding for finding in look(text, **policy) if finding.rule == "refused"]


def rule(then: str = "deny", **more: Any) -> dict[str, Any]:
    return {"name": "by hand", "then": then, **more}


LOCKS: dict[str, Any] = {"what": {"kinds": ["lock"]}}
FROM_HOME: dict[str, Any] = {"from": {"home": True}}
FROM_AFAR: dict[str, Any] = {"from": {"address": ["remote"]}}
AT_NIGHT: dict[str, Any] = {"when": {"times": [{"from": "22:00", "to": "06:00"}]}}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([rule(**LOCKS)], "a rule that lets it pass, or another thing"),
        ([rule("confirm", **LOCKS)], '"s" among the "scenes" of that rule, or another thing'),
        ([rule(what={"risk": "sensitive"}, who={"kinds": ["scene"]})], "a rule that lets it pass"),
        ([rule(what={"traits": ["locked"], "places": ["home"]}, **FROM_HOME)], "a rule"),
        ([rule(**LOCKS, **AT_NIGHT), {**rule(**LOCKS), "name": "else"}], "a rule that lets it pass"),
        ([rule("allow", who={"roles": ["owner"]}), {**rule(**LOCKS), "name": "else"}], "a rule that lets it pass"),
    ],
)
def test_a_rule_that_always_says_no_is_told(rules: list[dict[str, Any]], expected: str) -> None:
    (found,) = refusals(WARM + UNLOCK, rules=rules)
    assert (found.severity, found.path) == ("warning", "then.0.set")
    assert found.reason.startswith("when the scene sets itself off, the rule ")
    assert found.reason.endswith(" of home always refuses it for lock")
    assert found.expected is not None and found.expected.startswith(expected)


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [rule(**LOCKS, **AT_NIGHT)],
        [rule(**LOCKS, when={"modes": ["away"]})],
        [rule("allow", **LOCKS), {**rule(**LOCKS), "name": "else"}],
        [rule("allow", **LOCKS, **AT_NIGHT), {**rule(**LOCKS), "name": "else"}],
        [rule("confirm", **LOCKS, scenes=["s"])],
        [rule(**LOCKS, who={"kinds": ["person"]})],
        [rule(**LOCKS, **FROM_AFAR)],
        [rule(what={"kinds": ["light"]})],
    ],
)
def test_what_may_pass_at_some_moment_is_not(rules: list[dict[str, Any]]) -> None:
    assert refusals(WARM + UNLOCK, rules=rules) == []


def test_a_scene_that_is_run_by_hand_is_judged_by_who_runs_it() -> None:
    assert refusals(UNLOCK, rules=[rule(**LOCKS)]) == []


def test_without_a_policy_nothing_is_said() -> None:
    found = check_scene(scene(WARM + UNLOCK), Facts(world(THINGS), Catalogue()))
    assert [finding for finding in found if finding.rule == "refused"] == []


def test_every_step_is_looked_at_and_things_are_told_together() -> None:
    text = WARM + (
        "then:\n"
        "  - choose:\n"
        "      branches:\n"
        "        - {if: [{sun: {is: down}}], then: [{set: {place: home, kind: lock, state: {locked: true}}}]}\n"
        "      otherwise: [{call: {things: [vacuum], action: dock}}]\n"
        "  - repeat: {times: 2, then: [{set: {things: [lock, nobody], state: {locked: false, level: 1}}}]}\n"
        "  - set: {things: [lamp], state: {on_off: true}}\n"
    )
    found = refusals(text, rules=[rule(what={"kinds": ["lock", "vacuum"]})])
    assert [(each.path, each.reason.rpartition(" for ")[2]) for each in found] == [
        ("then.0.choose.branches.0.then.0.set", "back, lock"),
        ("then.0.choose.otherwise.0.call", "vacuum"),
    ]


def test_of_many_things_a_few_are_named() -> None:
    things = {**THINGS, **{f"door{n}": ("lock", "home") for n in range(6)}}
    facts = Facts(world(things), Catalogue(), None, Enforced(1, msgspec.json.encode({"rules": [rule(**LOCKS)]})))
    text = WARM + "then: [{set: {place: home, kind: lock, state: {locked: true}}}]"
    (found,) = [each for each in check_scene(scene(text), facts) if each.rule == "refused"]
    assert found.reason.endswith("back, door0, door1, door2, door3 and 3 more")


def test_a_value_that_the_run_computes_may_be_the_harmless_one() -> None:
    toggle = WARM + "then: [{set: {things: [lock], state: {locked: {toggle: true}}}}]"
    assert refusals(toggle, rules=[rule(what={"risk": "sensitive"})]) == []
    assert len(refusals(toggle, rules=[rule(what={"traits": ["locked"]})])) == 1


GUARD: dict[str, Any] = {"name": "guard", "never": {"things": ["lock"], "set": {"locked": False}}}
WHILE_WARM: dict[str, Any] = {**GUARD, "while": [{"thing": "probe", "property": "temperature", "above": 20}]}


@pytest.mark.parametrize(
    "text",
    [
        WARM + UNLOCK,
        "when: [{mode: {place: home, is: away}}]\n"
        "if: [{state: {things: [probe], property: temperature, above: 22}}]\n" + UNLOCK,
        WARM + "then: [{notify: {text: x}}, {set: {things: [lamp], state: {on_off: true}}},"
        " {set: {things: [lock], state: {locked: false}}}]",
    ],
)
def test_an_interlock_that_holds_whenever_it_runs_is_told(text: str) -> None:
    (found,) = refusals(text, interlocks=[WHILE_WARM])
    assert 'the interlock "guard" of home' in found.reason and found.reason.endswith("refuses it for lock")


@pytest.mark.parametrize(
    "text",
    [
        WARM.replace("25", "15") + UNLOCK,
        WARM.replace("temperature, above: 25", "humidity, above: 25").replace("probe", "damp") + UNLOCK,
        WARM + UNLOCK.replace("false", "true"),
        WARM + "then: [{wait: {for_s: 60}}, {set: {things: [lock], state: {locked: false}}}]",
        WARM + "mode: queued\n" + UNLOCK,
        WARM.replace("]\n", ", {event: {things: [bell], event: ring}}]\n") + UNLOCK,
        "when: [{change: {things: [probe, cold], property: temperature, above: 25}}]\n" + UNLOCK,
        "when: [{mode: {place: home, is: away}}]\n"
        "if: [{state: {things: [probe], property: temperature, above: 22, of: none}}]\n" + UNLOCK,
    ],
)
def test_one_that_may_not_hold_is_not(text: str) -> None:
    more = {"cold": "sensor.temperature", "damp": "sensor.humidity", "bell": "doorbell"}
    things = {**THINGS, **{id: (kind, "home") for id, kind in more.items()}}
    facts = Facts(world(things), Catalogue(), None, Enforced(1, msgspec.json.encode({"interlocks": [WHILE_WARM]})))
    assert [each for each in check_scene(scene(text), facts) if each.rule == "refused"] == []


def test_what_a_step_has_changed_is_not_known_any_more() -> None:
    interlock = {**GUARD, "while": [{"thing": "other", "property": "on_off", "is": True}]}
    text = (
        "when: [{change: {things: [other], property: on_off, is: true}}]\n"
        "then: [%s{set: {things: [lock], state: {locked: false}}}]"
    )
    assert len(refusals(text % "", interlocks=[interlock])) == 1
    assert refusals(text % "{set: {things: [other], state: {on_off: false}}}, ", interlocks=[interlock]) == []


def test_an_interlock_that_looks_at_another_property_or_at_nothing_is_not_told() -> None:
    for seen in ({"thing": "lamp", "property": "on_off"}, {"thing": "gone", "property": "on_off"}):
        interlock = {**GUARD, "while": [{**seen, "is": True}]}
        text = "when: [{change: {things: [lamp], property: brightness, above: 20}}]\n" + UNLOCK
        assert refusals(text, interlocks=[interlock]) == []


def test_what_is_told_is_what_happens() -> None:
    """The fold refuses what was foretold."""
    policy = {"rules": [rule("confirm", **LOCKS)]}
    stage = Stage()
    stage.thing("probe", "sensor.temperature", temperature=20)
    stage.thing("lock", "lock", locked=True)
    stage.put(PolicyPut("home", 1, msgspec.json.encode(policy)))
    stage.scene(WARM + UNLOCK)
    stage.report("probe", temperature=26)
    assert stage.runs == 1 and stage.asked == []
    assert len(refusals(WARM + UNLOCK, **policy)) == 1


def test_a_bound_on_runs_where_there_is_one_at_a_time_is_told() -> None:
    for mode, told in (("single", 1), ("restart", 1), ("queued", 0), ("parallel", 0)):
        for most in (5, 10):  # also the number that would count without it
            found = [each for each in look(WARM + f"mode: {mode}\nmax: {most}\n" + UNLOCK) if each.path == "max"]
            assert [(each.severity, each.rule) for each in found] == [("warning", "no_effect")] * told
    assert [each for each in look(WARM + UNLOCK) if each.path == "max"] == []
