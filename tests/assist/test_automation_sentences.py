# ruff: noqa: E501 - a case is one line
"""Sentences, a hundred in English, become scenes, and each scene is played in the tester: nothing before its time, the right thing
then, and nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from unisono.assist import Memory, Speaker, understand, world_of_home
from unisono.assist.automation import Setting, scene_of
from unisono.scene.document import load_scene
from unisono.scene.trying.home import load_home
from unisono.scene.trying.rehearsal import rehearse
from unisono.scene.trying.script import load_script
from unisono.thing import builtin_model

HOME = load_home("""
now: 2026-11-22T18:30:00+08:00
places:
  - {id: home, name: Home, kind: home, names: {zh: 家}, latitude: 31.2, longitude: 121.5, zone: Asia/Shanghai}
  - {id: hall, in: home, kind: room, name: Hall, names: {zh: 走廊}}
  - {id: study, in: home, kind: room, name: Study, names: {zh: 书房}}
things:
  - {id: lamp, kind: light, in: study, name: Desk lamp, names: {de: Tischlampe, zh: 台灯}, state: {on_off: false, brightness: 50}}
  - {id: porch, kind: light, in: home, name: Porch light, names: {de: Vordachlicht, zh: 门廊灯}, state: {on_off: true, brightness: 30}}
  - {id: pump, kind: pump, in: home, name: Garden pump, names: {de: Gartenpumpe, zh: 花园水泵}, state: {on_off: false}}
  - {id: fan, kind: fan, in: study, name: Study fan, names: {de: Ventilator, zh: 吊扇}, state: {on_off: false, fan_speed: 20}}
  - {id: blind, kind: cover, in: study, name: Study blind, names: {de: Rollo, zh: 卷帘}, state: {position: 0}}
  - {id: door, kind: lock, in: hall, name: Front door, names: {de: Haustür, zh: 大门}, state: {locked: false}}
  - {id: window, kind: window, in: study, name: Study window, names: {zh: 小窗}, state: {contact: closed}}
  - {id: motion, kind: sensor.motion, in: hall, name: Hall sensor, names: {de: Flursensor, zh: 人体感应器}, state: {motion: false}}
  - {id: leak, kind: sensor.leak, in: home, name: Cellar leak sensor, names: {zh: 漏水传感器}, state: {leak: false}}
  - {id: probe, kind: sensor.temperature, in: study, name: Study probe, names: {de: Thermometer, zh: 温度计}, state: {temperature: 20}}
  - {id: wei, kind: person, in: home, name: Wei, names: {zh: 小伟}, state: {presence: false}}
""")
WORLD = world_of_home(HOME)
MODELS = {thing.id: builtin_model(thing.kind or "") for thing in HOME.things}
NOW = datetime(2026, 11, 22, 18, 30, tzinfo=ZoneInfo("Asia/Shanghai"))

#: What is to be done: (sentence, thing, what it is set to).
ACTS: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "en": [
        ("turn on the desk lamp", "lamp", {"on_off": True}),
        ("turn off the porch light", "porch", {"on_off": False}),
        ("set the desk lamp to 40 percent", "lamp", {"brightness": 40}),
        ("open the study blind", "blind", {"position": 100}),
        ("turn on the garden pump", "pump", {"on_off": True}),
        ("lock the front door", "door", {"locked": True}),
        ("switch on the study fan", "fan", {"on_off": True}),
        ("dim the porch light to 20 percent", "porch", {"brightness": 20}),
        ("run the study fan at 60 percent", "fan", {"fan_speed": 60}),
        ("put the desk lamp on", "lamp", {"on_off": True}),
        ("raise the study blind halfway", "blind", {"position": 50}),
    ],
    "de": [
        ("schalte die Tischlampe ein", "lamp", {"on_off": True}),
        ("mach das Vordachlicht aus", "porch", {"on_off": False}),
        ("dimme die Tischlampe auf 40 Prozent", "lamp", {"brightness": 40}),
        ("öffne das Rollo", "blind", {"position": 100}),
        ("schalte die Gartenpumpe ein", "pump", {"on_off": True}),
        ("schließ die Haustür ab", "door", {"locked": True}),
        ("mach den Ventilator an", "fan", {"on_off": True}),
    ],
    "zh": [
        ("打开台灯", "lamp", {"on_off": True}),
        ("关掉门廊灯", "porch", {"on_off": False}),
        ("把台灯调到40%", "lamp", {"brightness": 40}),
        ("打开卷帘", "blind", {"position": 100}),
        ("打开花园水泵", "pump", {"on_off": True}),
        ("锁上大门", "door", {"locked": True}),
        ("打开吊扇", "fan", {"on_off": True}),
    ],
}

#: When: (sentence, what passes without anything being done, what sets it off).
REPORT = "{{report: {{{}: {{{}: {}}}}}}}"
WHENS: dict[str, list[tuple[str, list[str], list[str]]]] = {
    "en": [
        ("every day at 7 pm {}", ["{at: '18:59', report: {probe: {temperature: 20}}}"], ["{at: '19:00'"]),
        (
            "every weekday at 6:45 {}",
            ["{at: '2026-11-23T06:44', report: {probe: {temperature: 20}}}"],
            ["{at: '06:45'"],
        ),
        ("at sunset every day {}", ["{at: '2026-11-23T16:00', report: {probe: {temperature: 20}}}"], ["{at: '17:30'"]),
        ("{} every evening at 9 pm", ["{at: '20:59', report: {probe: {temperature: 20}}}"], ["{at: '21:00'"]),
        ("when the hall sensor detects motion {}", [], ["{report: {motion: {motion: true}}}", "{after_s: 0"]),
        (
            "when the study probe goes above 26 degrees {}",
            ["{report: {probe: {temperature: 25}}}"],
            ["{report: {probe: {temperature: 27}}}", "{after_s: 0"],
        ),
        ("if the cellar leak sensor gets wet {}", [], ["{report: {leak: {leak: true}}}", "{after_s: 0"]),
        ("{} when the study window opens", [], ["{report: {window: {contact: open}}}", "{after_s: 0"]),
        ("as soon as Wei gets home {}", [], ["{arrive: {wei: home}}", "{after_s: 0"]),
        ("when Wei leaves {}", ["{arrive: {wei: home}}"], ["{leave: {wei: home}}", "{after_s: 0"]),
        ("in ten minutes {}", ["{after_s: 595, report: {probe: {temperature: 20}}}"], ["{after_s: 6"]),
        ("at 22:15 {}", ["{at: '22:14', report: {probe: {temperature: 20}}}"], ["{at: '22:15'"]),
        ("{} at half past nine tonight", ["{at: '21:29', report: {probe: {temperature: 20}}}"], ["{at: '21:30'"]),
        ("tomorrow at noon {}", ["{at: '2026-11-23T11:59', report: {probe: {temperature: 20}}}"], ["{at: '12:00'"]),
        ("on Tuesdays at 8 am {}", ["{at: '2026-11-24T07:59', report: {probe: {temperature: 20}}}"], ["{at: '08:00'"]),
        (
            "{} in a quarter of an hour",
            ["{after_s: 895, report: {probe: {temperature: 20}}}"],
            ["{after_s: 6"],
        ),
        (
            "if the study window is open for five minutes {}",
            ["{report: {window: {contact: open}}}", "{after_s: 290, report: {probe: {temperature: 20}}}"],
            ["{after_s: 12"],
        ),
        (
            "once the study probe drops below 15 degrees {}",
            ["{report: {probe: {temperature: 16}}}"],
            ["{report: {probe: {temperature: 14}}}", "{after_s: 0"],
        ),
        ("{} whenever there is motion at the hall sensor", [], ["{report: {motion: {motion: true}}}", "{after_s: 0"]),
        ("the moment Wei comes home {}", [], ["{arrive: {wei: home}}", "{after_s: 0"]),
    ],
    "de": [
        ("jeden Tag um 19 Uhr {}", ["{at: '18:59', report: {probe: {temperature: 20}}}"], ["{at: '19:00'"]),
        ("werktags um 6:45 Uhr {}", ["{at: '2026-11-23T06:44', report: {probe: {temperature: 20}}}"], ["{at: '06:45'"]),
        ("wenn der Flursensor Bewegung meldet, {}", [], ["{report: {motion: {motion: true}}}", "{after_s: 0"]),
        (
            "wenn das Thermometer über 26 Grad steigt, {}",
            ["{report: {probe: {temperature: 25}}}"],
            ["{report: {probe: {temperature: 27}}}", "{after_s: 0"],
        ),
        ("sobald Wei nach Hause kommt, {}", [], ["{arrive: {wei: home}}", "{after_s: 0"]),
        ("in zehn Minuten {}", ["{after_s: 595, report: {probe: {temperature: 20}}}"], ["{after_s: 6"]),
        ("um 22:15 Uhr {}", ["{at: '22:14', report: {probe: {temperature: 20}}}"], ["{at: '22:15'"]),
    ],
    "zh": [
        ("每天晚上七点{}", ["{at: '18:59', report: {probe: {temperature: 20}}}"], ["{at: '19:00'"]),
        (
            "每个工作日早上六点四十五分{}",
            ["{at: '2026-11-23T06:44', report: {probe: {temperature: 20}}}"],
            ["{at: '06:45'"],
        ),
        ("每天日落时{}", ["{at: '2026-11-23T16:00', report: {probe: {temperature: 20}}}"], ["{at: '17:30'"]),
        (
            "当温度计超过26度的时候{}",
            ["{report: {probe: {temperature: 25}}}"],
            ["{report: {probe: {temperature: 27}}}", "{after_s: 0"],
        ),
        ("如果漏水传感器漏水就{}", [], ["{report: {leak: {leak: true}}}", "{after_s: 0"]),
        ("当小窗打开的时候{}", [], ["{report: {window: {contact: open}}}", "{after_s: 0"]),
        (
            "小窗开了五分钟就{}",
            ["{report: {window: {contact: open}}}", "{after_s: 290, report: {probe: {temperature: 20}}}"],
            ["{after_s: 6"],
        ),
        ("当小伟回家的时候{}", [], ["{arrive: {wei: home}}", "{after_s: 0"]),
        ("当小伟离开的时候{}", ["{arrive: {wei: home}}"], ["{leave: {wei: home}}", "{after_s: 0"]),
        ("十分钟后{}", ["{after_s: 595, report: {probe: {temperature: 20}}}"], ["{after_s: 6"]),
        ("明天早上八点{}", ["{at: '2026-11-23T07:59', report: {probe: {temperature: 20}}}"], ["{at: '08:00'"]),
    ],
}


#: So many sentences of each language; of the third a basic set.
MANY = {"en": 100, "zh": 50, "de": 35}


def several(lang: str) -> list[tuple[str, list[str], list[str], str, dict[str, Any]]]:
    """Many of a language: each time and happening with several of the acts."""
    found: list[tuple[str, list[str], list[str], str, dict[str, Any]]] = []
    for round_ in range(5):
        for number, (when, before, then) in enumerate(WHENS[lang]):
            text, thing, state = ACTS[lang][(number + 2 * round_) % len(ACTS[lang])]
            found.append((when.format(text), before, then, thing, state))
    return found[: MANY[lang]]


def play(lang: str, said: str, before: list[str], then: list[str], thing: str, state: dict[str, Any]) -> str:
    """What went wrong; "" when the scene does the right thing."""
    plan = understand(said, WORLD, Memory(), Speaker(person="wei"), now=NOW, lang=lang)
    if plan.outcome not in ("later", "automate"):
        return f"{plan.outcome} {plan.why}"
    places = tuple(place.id for place in HOME.places)
    setting = Setting(
        id="said", place="home", home="home", speaker="wei", said=said, now=NOW, models=MODELS, places=places
    )
    document = scene_of(plan, setting)
    wanted = str(state).replace("'", "").replace("True", "true").replace("False", "false")
    day = [] if "when" in document else ["{run: said}"]
    for step in before:
        day += [step, *(f"{{expect_not: {{command: {{thing: {each}}}}}, within_s: 3}}" for each in (thing,))]
    *happens, moment = then
    day += [*happens, f"{moment}, expect: {{command: {{thing: {thing}, set: {wanted}}}}}}}"]
    others = [each.id for each in HOME.things if each.id != thing]
    day += [f"{{expect_not: {{command: {{thing: {each}}}}}, within_s: 0}}" for each in others]
    script = load_script("day:\n" + "".join(f"  - {step}\n" for step in day))
    result = rehearse([load_scene(document)], HOME, script)
    return "" if result.ok else str([line.text for line in result.lines if line.ok is False])


@pytest.mark.parametrize("lang", sorted(MANY))
def test_sentences_do_the_right_thing(lang: str) -> None:
    assert len({case[0] for case in several(lang)}) == MANY[lang]
    wrong = {case[0]: why for case in several(lang) if (why := play(lang, *case))}
    assert not wrong
