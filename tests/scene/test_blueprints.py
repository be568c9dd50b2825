"""Blueprints: every file's own tests, its words in two languages, and how blanks are filled in."""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec
import pytest

from tests.scene.test_soundness import world
from unisono.errors import CallerError
from unisono.scene.blueprint import BLUEPRINTS, Blueprint, Input, Rehearsed, blueprint, blueprints, make_scene
from unisono.scene.document import load_scene
from unisono.scene.trying.home import Home, load_home
from unisono.scene.trying.rehearsal import rehearse
from unisono.scene.trying.script import load_script

TESTS = [(id, number) for id, each in blueprints().items() for number in range(len(each.tests))]
AREAS = {"home", "energy", "security", "care", "car", "cold_chain", "line"}


def home_of(test: Rehearsed) -> Home:
    return load_home((BLUEPRINTS / "homes" / f"{test.home}.yaml").read_bytes())


@pytest.mark.parametrize(("id", "number"), TESTS)
def test_its_own(id: str, number: int) -> None:
    found = blueprint(id)
    test = found.tests[number]
    home = home_of(test)
    document = make_scene(found, test.inputs, id="test", place=home.root)
    script = load_script({"title": test.title, "devices": test.devices, "day": test.day})
    result = rehearse([load_scene(document)], home, script)
    assert result.ok, "\n".join(f"{line.at} {line.ok} {line.text}" for line in result.lines)
    assert not [finding for finding in result.findings if finding.severity == "error"]


@pytest.mark.parametrize("id", sorted(blueprints()))
def test_words(id: str) -> None:
    found = blueprint(id)
    assert found.tests, "it has no test of its own"
    for texts in (found.title, found.description, *(each.title for each in found.inputs.values())):
        assert set(texts) == {"en", "zh"}
        assert re.search("[一-鿿]", texts["zh"])
    used = set(re.findall(r"\$([a-z][a-z0-9_]*)", msgspec.json.encode(found.scene).decode()))
    assert used == set(found.inputs)


def test_there_are_enough() -> None:
    assert len(blueprints()) >= 25
    assert {each.area for each in blueprints().values()} == AREAS


def a(type: str, **more: Any) -> Blueprint:
    blank = Input(type=type, title={"en": "X"}, **more)  # type: ignore[arg-type]
    scene = {"when": [], "then": [{"stop": {"why": "$x, and $x"}}]}
    return Blueprint(
        title={"en": "T", "zh": "题"}, description={"en": "D"}, area="home", inputs={"x": blank}, scene=scene
    )


@pytest.mark.parametrize(
    ("of", "given", "words"),
    [
        (a("thing", kind="light"), "lamp", "lamp"),
        (a("things", trait="on_off"), ["lamp", "other"], "lamp, other"),
        (a("place"), "hall", "hall"),
        (a("number", min=0, max=5), 5, "5"),
        (a("number", unit="Cel"), 20.5, "20.5"),
        (a("number", unit="Cel"), "68 °F", "20"),
        (a("time"), "07:30", "07:30"),
        (a("people"), [], ""),
        (a("days"), "mon,thu", "mon,thu"),
        (a("text"), "hello", "hello"),
        (a("choice", choices=("red", 5)), 5, "5"),
        (a("text", default="so"), None, "so"),
    ],
)
def test_filled_in(of: Blueprint, given: Any, words: str) -> None:
    inputs = {} if given is None else {"x": given}
    document = make_scene(of, inputs, id="s", place="home", world=world())
    assert load_scene(document).then[0].stop.why == f"{words}, and {words}"  # type: ignore[union-attr]
    assert (document["name"], document["names"]) == ("T", {"zh": "题"})
    assert make_scene(of, inputs, id="s", place="home", name="Mine")["name"] == "Mine"


@pytest.mark.parametrize(
    ("of", "given", "expected"),
    [
        (a("thing"), None, "the id of a thing"),
        (a("thing"), 5, "the id of a thing"),
        (a("thing", kind="light"), "lmp", "lamp"),
        (a("thing", kind="light"), "xxxxxx", "of the kind light"),
        (a("thing", kind="light"), "probe", "of the kind light"),
        (a("thing", trait="locked"), "probe", "with locked"),
        (a("things", trait="locked"), "probe", "ids of things with locked"),
        (a("things"), [], "ids of things"),
        (a("place"), "hal", "hall"),
        (a("place"), 5, "the id of a place"),
        (a("number", min=0, max=5, unit="Cel"), 6, "a number from 0 to 5 Cel"),
        (a("number", min=0), -1, "a number from 0"),
        (a("number", max=5), math.nan, "a number to 5"),
        (a("number"), True, "a number"),
        (a("number"), "5 kg", "a number"),
        (a("number", unit="Cel"), "5 kg", "a number Cel"),
        (a("number", unit="Cel"), "5 wugs", "a number Cel"),
        (a("time"), "7", "HH:MM"),
        (a("time"), "25:00", "HH:MM"),
        (a("time"), 7, "HH:MM"),
        (a("people"), "wei", "a list of names"),
        (a("people"), [5], "a list of names"),
        (a("text"), 5, "text"),
        (a("days"), 5, "weekday"),
        (a("choice", choices=("red", "green")), "blue", '"red", "green"'),
    ],
)
def test_refused(of: Blueprint, given: Any, expected: str) -> None:
    with pytest.raises(CallerError) as caught:
        make_scene(of, {} if given is None else {"x": given}, id="s", place="home", world=world())
    assert (caught.value.code, caught.value.field) == ("bad_value", "inputs.x")
    assert expected in (caught.value.expected or "")


def test_names_nobody_knows() -> None:
    with pytest.raises(CallerError) as caught:
        make_scene(blueprint("leak_stop"), {"sensor": ["leak"]}, id="s", place="home")
    assert (caught.value.field, caught.value.expected) == ("inputs.sensor", "sensors")
    with pytest.raises(CallerError) as caught:
        blueprint("leek_stop")
    assert (caught.value.code, caught.value.expected) == ("not_found", "leak_stop")


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("id", sorted(blueprints()))
def test_nothing_in_it_goes_untested(id: str) -> None:
    """Without any one of its triggers, conditions or steps a test of it fails."""
    found = blueprint(id)
    for part in ("when", "if", "then"):
        for number in range(len(found.scene.get(part, []))):
            changed = {**found.scene, part: [each for n, each in enumerate(found.scene[part]) if n != number]}
            if changed["when"] and changed["then"]:
                assert not passes(msgspec.structs.replace(found, scene=changed)), f"{part}.{number}"


def passes(changed: Blueprint) -> bool:
    for test in changed.tests:
        home = home_of(test)
        scene = load_scene(make_scene(changed, test.inputs, id="test", place=home.root))
        try:
            result = rehearse([scene], home, load_script({"devices": test.devices, "day": test.day}))
        except CallerError:
            return False  # without it, it is no sound scene
        if not result.ok:
            return False
    return True
