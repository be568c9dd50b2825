"""Nothing happens that must not: negation, exception, hypothesis, report, quotation, past, absence, chatter."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

import pytest

from tests.assist.probes.grammar import HERE, Probe
from unisono.assist import ACTING, Memory, Plan, Speaker, World, understand, world_of_home
from unisono.scene.trying.home import Home, load_home

LANGUAGES = ("en", "zh", "de")
FEWEST = {"en": 400, "zh": 400, "de": 150}  # probes; of the third language a basic set
#: What the others have and a basic set may lack.
KINDS = {"negation", "hypothesis", "report", "quotation", "schedule"}
MORE = {"exception", "absence", "ambiguity"}

HOME: Home = load_home((HERE / "home.yaml").read_text(encoding="utf-8"))
WORLD: World = world_of_home(HOME)


def probes(lang: str) -> Iterator[Probe]:
    found: Iterator[Probe] = import_module(f"tests.assist.probes.{lang}").probes()
    return found


def plan_of(probe: Probe) -> Plan:
    speaker = Speaker(person=HOME.speaker.get("person"), place=HOME.speaker.get("place"))
    return understand(probe.text, WORLD, Memory(), speaker, now=HOME.moment, lang=probe.lang)


def fault(probe: Probe, plan: Plan) -> str | None:
    """What is wrong with a plan, None where nothing is."""
    if plan.outcome not in probe.allowed:
        return f"{plan.outcome} is not one of {sorted(probe.allowed)}"
    if plan.outcome not in ACTING:
        return None
    touched = {thing for step in plan.steps for thing in step.things}
    if touched & probe.spared:
        return f"{sorted(touched & probe.spared)} was to be left alone"
    if probe.timed and plan.when is None and not plan.conditions:
        return "it says no time"
    return None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_probe_is_acted_on_wrongly(lang: str) -> None:
    wrong = {p.text: found for p in probes(lang) if (found := fault(p, plan_of(p))) is not None}
    assert wrong == {}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_there_are_enough_of_every_kind(lang: str) -> None:
    found = list(probes(lang))
    assert len({probe.text for probe in found}) >= FEWEST[lang]
    assert {probe.category for probe in found} >= (KINDS if lang == "de" else KINDS | MORE)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_probes_can_fail(lang: str) -> None:
    """The same wishes, plainly said, are acted on: it is the words around them that hold them back."""
    wishes = import_module(f"tests.assist.probes.{lang}").WISHES
    plain = {"zh": "{verb}{thing}", "de": "bitte {thing} {verb}"}.get(lang, "{verb} {thing}")
    for wish in wishes:
        probe = Probe(lang, "plain", plain.format(verb=wish.verb, thing=wish.thing), frozenset({"act"}))
        assert fault(probe, plan_of(probe)) is None, probe.text
