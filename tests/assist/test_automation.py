# ruff: noqa: E501 - a case is one line
"""Plans for later as scenes: each is played in the scene tester, and must do the right thing and nothing else."""

from __future__ import annotations

import textwrap
from datetime import datetime
from typing import Any

import msgspec
import pytest

from unisono.assist.automation import Setting, scene_of
from unisono.assist.orders import Order
from unisono.assist.plan import Plan
from unisono.errors import CallerError
from unisono.scene.document import load_scene
from unisono.scene.trying.home import load_home
from unisono.scene.trying.rehearsal import rehearse
from unisono.scene.trying.script import load_script
from unisono.thing import Model, Property, Schema, Service, builtin_model

HOME = """
now: 2026-11-22T18:30:00+08:00
places:
  - {id: home, name: Home, latitude: 31.2, longitude: 121.5, zone: Asia/Shanghai}
  - {id: office, in: home, latitude: 30.0, longitude: 120.0}
things:
  - {id: lamp, kind: light, in: home, state: {on_off: false, brightness: 50}}
  - {id: lamp2, kind: light, in: home, state: {on_off: true, brightness: 30}}
  - {id: pump, kind: pump, in: home, state: {on_off: false}}
  - {id: lock, kind: lock, in: home, state: {locked: true}}
  - {id: blind, kind: cover, in: home, state: {position: 0}}
  - {id: heater, kind: climate, in: home, state: {hvac_mode: heat, target_temperature: 20, temperature: 19}}
  - {id: window1, kind: window, in: home, state: {contact: closed}}
  - {id: window2, kind: window, in: home, state: {contact: closed}}
  - {id: bell, kind: doorbell, in: home}
  - {id: washer, kind: washer, in: home, state: {state: running}}
  - {id: wei, kind: person, in: home, state: {presence: false}}
  - {id: probe, kind: sensor.temperature, in: home, state: {temperature: 19}}
  - {id: vacuum, kind: vacuum, in: home, state: {state: idle}}
"""
NOW = datetime.fromisoformat("2026-11-22T18:30:00+08:00")
MODELS: dict[str, Model] = {thing.id: builtin_model(thing.kind or "") for thing in load_home(HOME).things}


def setting(**more: Any) -> Setting:
    return Setting(
        **{
            "id": "said", "place": "home", "home": "home", "speaker": "wei", "said": "as it was said", "now": NOW,
            "models": MODELS, "places": ("home", "office"), **more,
        }
    )  # fmt: skip


def plan(outcome: str, steps: list[Any], when: Any = None, conditions: Any = ()) -> Plan:
    said = {"outcome": outcome, "steps": steps, "if": conditions}
    return msgspec.convert(said | ({"when": when} if when else {}), Plan)


def play(plan: Plan, day: str, given: tuple[Order, ...] = ()) -> None:
    first = next((thing for step in plan.steps for thing in step.things), "")  # whom a test means that names nobody
    day = day.replace("command: {}", f"command: {{thing: {first}}}").replace(
        "command: {set", f"command: {{thing: {first}, set"
    )
    document = scene_of(plan, setting(), given)
    begin = "- {run: said}\n" if "when" not in document else ""
    script = load_script(f"day:\n{textwrap.indent(begin + textwrap.dedent(day).strip(), '  ')}\n")
    result = rehearse([load_scene(document)], load_home(HOME), script)
    assert result.ok, (document, [line for line in result.lines if line.ok is False])


def on(thing: str, value: Any = True, trait: str = "on_off") -> dict[str, Any]:
    return {"things": [thing], "trait": trait, "op": "set", "value": value}


CASES = [
    # once
    ("later", [on("lamp")], {"after_s": 600}, [], "- {expect_not: {command: {thing: lamp}}, within_s: 599}\n- {expect: {command: {thing: lamp, set: {on_off: true}}}, within_s: 3}"),
    ("later", [on("lamp", 40, "brightness")], {"at": "2026-11-22T19:00:00"}, [], "- {at: '18:59', expect_not: {command: {}}, within_s: 58}\n- {at: '19:00', expect: {command: {thing: lamp, set: {brightness: 40}}}}"),
    ("later", [{"op": "remind", "text": "tea {lamp.on_off}"}], {"after_s": 60}, [], "- {after_s: 61, expect: {notify: {to: wei, text: 'tea (lamp.on_off)'}}}"),
    ("later", [on("lamp")], {"at": "2026-11-22T19:00:00", "until": "2026-11-22T20:00:00"}, [], "- {at: '19:00', expect: {command: {set: {on_off: true}}}}\n- {at: '19:59', expect_not: {command: {set: {on_off: false}}}}\n- {at: '20:00:01', expect: {command: {set: {on_off: false}}}}"),
    ("later", [on("heater", 25, "target_temperature")], {"after_s": 60, "until": "2026-11-22T19:31"}, [], "- {after_s: 61, expect: {command: {set: {target_temperature: 25}}}}\n- {at: '19:31:01', expect: {command: {thing: heater, set: {target_temperature: 20}}}}"),
    ("later", [on("lamp")], {"at": "sunset"}, [], "- {at: '2026-11-23T12:00', expect_not: {command: {}}}\n- {at: '2026-11-23T17:30', expect: {command: {thing: lamp}}}"),
    ("later", [on("lamp")], {"after_s": 60}, [{"things": ["window1"], "trait": "contact", "is": "open"}], "- {expect_not: {command: {}}, within_s: 300}"),
    ("later", [on("lamp")], {"after_s": 60}, [{"things": ["window1"], "trait": "contact", "is": "open"}], "- {report: {window1: {contact: open}}}\n- {after_s: 60, expect: {command: {thing: lamp}}}"),
    # again and again
    ("automate", [on("lamp")], {"at": "07:00", "every": "weekday"}, [], "- {at: '2026-11-23T07:00', expect: {command: {thing: lamp}}}\n- {at: '2026-11-28T06:00', report: {probe: {temperature: 20}}}\n- {expect_not: {command: {}}, within_s: 7200}"),
    ("automate", [on("lamp")], {"at": "2026-11-23T07:00:00", "every": "day"}, [], "- {at: '2026-11-24T07:00', expect: {command: {thing: lamp}, }}"),
    ("automate", [on("lamp")], {"every": "30 6 * * *"}, [], "- {at: '2026-11-23T06:30', expect: {command: {thing: lamp}}}"),
    ("automate", [on("lamp")], {"at": "sunset", "every": "day", "after_s": -1200}, [], "- {at: '2026-11-23T16:45', expect: {command: {thing: lamp}}}"),
    ("automate", [on("lamp")], {"at": "19:00", "every": "day", "until": "20:30"}, [], "- {at: '19:00', expect: {command: {set: {on_off: true}}}}\n- {at: '20:29', expect_not: {command: {set: {on_off: false}}}}\n- {at: '20:30:01', expect: {command: {set: {on_off: false}}}}"),
    ("automate", [on("lamp")], {"at": "19:00", "every": "day", "until": "sunrise"}, [], "- {at: '19:00', expect: {command: {set: {on_off: true}}}}\n- {at: '06:00', expect_not: {command: {set: {on_off: false}}}}\n- {at: '07:30', expect: {command: {set: {on_off: false}}}}"),
    ("automate", [on("lamp")], {"until": "23:00"}, [{"things": ["bell"], "trait": "ring"}], "- {at: '22:00', event: {bell: ring}}\n- {expect: {command: {set: {on_off: true}}}}\n- {at: '23:00:01', expect: {command: {set: {on_off: false}}}}"),
    ("automate", [on("lamp")], {"at": "19:00", "every": "day"}, [{"things": ["window1", "window2"], "trait": "contact", "is": "open"}], "- {at: '19:01', expect_not: {command: {}}}\n- {report: {window2: {contact: open}}}\n- {at: '2026-11-23T19:00', expect: {command: {thing: lamp}}}"),
    ("automate", [on("lamp")], {"at": "19:00", "every": "day"}, [{"things": ["window1", "window2"], "trait": "contact", "is": "closed"}], "- {report: {window2: {contact: open}}}\n- {at: '19:01', expect_not: {command: {}}}\n- {report: {window2: {contact: closed}}}\n- {at: '2026-11-23T19:00', expect: {command: {thing: lamp}}}"),
    # when something happens
    ("automate", [on("lamp")], None, [{"things": ["bell"], "trait": "ring"}], "- {event: {bell: ring}}\n- {expect: {command: {thing: lamp}}}"),
    ("automate", [on("pump", False)], None, [{"things": ["probe"], "trait": "temperature", "above": 26}], "- {report: {probe: {temperature: 25}}}\n- {expect_not: {command: {}}}\n- {report: {probe: {temperature: 27}}}\n- {expect: {command: {thing: pump, set: {on_off: false}}}}"),
    ("automate", [{"op": "notify", "text": "done"}], None, [{"things": ["washer"], "trait": "state", "is": "finished"}], "- {report: {washer: {state: finished}}}\n- {expect: {notify: {to: wei, text: done}}}"),
    ("automate", [{"op": "notify", "to": "me"}], None, [{"things": ["window1", "window2"], "trait": "contact", "is": "open", "for_s": 300}], "- {report: {window2: {contact: open}}}\n- {expect_not: {notify: {}}, within_s: 299}\n- {expect: {notify: {to: wei, text: as it was said}}, within_s: 3}"),
    ("automate", [on("lamp")], None, [{"things": ["wei"], "trait": "presence", "is": True}], "- {arrive: {wei: home}}\n- {expect: {command: {thing: lamp}}}"),
    ("automate", [on("lamp")], None, [{"things": ["wei"], "trait": "location", "is": "home"}], "- {arrive: {wei: home}}\n- {expect: {command: {thing: lamp}}}"),
    ("automate", [on("lamp2", False)], None, [{"things": ["wei"], "trait": "presence", "is": False}], "- {arrive: {wei: home}}\n- {expect_not: {command: {}}}\n- {leave: {wei: home}}\n- {expect: {command: {thing: lamp2}}}"),
    ("automate", [on("lamp2", False)], None, [{"things": ["wei"], "trait": "location", "is": "away"}], "- {arrive: {wei: home}}\n- {leave: {wei: home}}\n- {expect: {command: {thing: lamp2}}}"),
    ("automate", [on("lamp")], None, [{"things": ["wei"], "trait": "location", "is": "office"}], "- {leave: {wei: office}}\n- {arrive: {wei: office}}\n- {expect: {command: {thing: lamp}}}"),
    ("automate", [on("lamp")], None, [{"things": ["bell"], "trait": "ring"}, {"things": ["wei"], "trait": "presence", "is": True}], "- {event: {bell: ring}}\n- {expect_not: {command: {}}}\n- {arrive: {wei: home}}\n- {event: {bell: ring}}\n- {expect: {command: {thing: lamp}}}"),
    ("automate", [on("lamp")], None, [{"things": ["bell"], "trait": "ring"}, {"things": ["wei"], "trait": "presence", "is": False}], "- {event: {bell: ring}}\n- {expect: {command: {thing: lamp}}}"),
    ("automate", [on("lamp")], None, [{"things": ["bell"], "trait": "ring"}, {"things": ["heater"], "trait": "temperature", "above": 18, "below": 20, "for_s": 60}], "- {report: {heater: {temperature: 21}}}\n- {report: {heater: {temperature: 19.5}}}\n- {after_s: 59, event: {bell: ring}}\n- {expect_not: {command: {}}}\n- {after_s: 61, event: {bell: ring}}\n- {expect: {command: {thing: lamp}}}"),
    ("automate", [on("lamp")], None, [{"things": ["blind"], "trait": "position", "is": "open"}], "- {report: {blind: {position: 30}}}\n- {expect: {command: {thing: lamp}}}"),
    ("automate", [on("lamp")], None, [{"things": ["blind"], "trait": "position", "is": "closed"}], "- {report: {blind: {position: 30}}}\n- {report: {blind: {position: 0}}}\n- {expect: {command: {thing: lamp}}}"),
    ("automate", [on("lamp")], {"after_s": 120}, [{"things": ["bell"], "trait": "ring"}], "- {event: {bell: ring}}\n- {expect_not: {command: {}}, within_s: 119}\n- {expect: {command: {thing: lamp}}, within_s: 3}"),
    # what is done
    ("automate", [{"things": ["lamp", "lamp2"], "trait": "brightness", "op": "add", "value": -20, "unit": "%"}], None, [{"things": ["bell"], "trait": "ring"}], "- {event: {bell: ring}}\n- {expect: {command: {thing: lamp, set: {brightness: 30}}}}\n- {expect: {command: {thing: lamp2, set: {brightness: 10}}}}"),
    ("automate", [{"things": ["lamp2"], "trait": "on_off", "op": "toggle"}], None, [{"things": ["bell"], "trait": "ring"}], "- {event: {bell: ring}}\n- {expect: {command: {thing: lamp2, set: {on_off: false}}}}"),
    ("automate", [{"things": ["vacuum"], "trait": "dock", "op": "call"}], None, [{"things": ["bell"], "trait": "ring"}], "- {event: {bell: ring}}\n- {expect: {command: {thing: vacuum, call: dock}}}"),
    ("automate", [on("heater", 77, "target_temperature") | {"unit": "[degF]"}], None, [{"things": ["bell"], "trait": "ring"}], "- {event: {bell: ring}}\n- {expect: {command: {thing: heater, set: {target_temperature: 25}}}}"),
    ("automate", [{"things": ["lamp"], "trait": "on_off", "op": "toggle"}], {"at": "19:00", "every": "day", "until": "19:10"}, [], "- {at: '19:00', expect: {command: {set: {on_off: true}}}}\n- {at: '19:10:01', expect: {command: {set: {on_off: false}}}}"),
]  # fmt: skip


@pytest.mark.parametrize(("outcome", "steps", "when", "conditions", "day"), CASES)
def test_it_does_what_was_said(outcome: str, steps: list[Any], when: Any, conditions: list[Any], day: str) -> None:
    play(plan(outcome, steps, when, conditions), day)


def test_what_has_both_a_property_and_an_event_of_a_name_is_waited_for_as_a_value() -> None:
    ring = {"things": ["bell"], "trait": "motion", "is": True}
    scene = scene_of(plan("automate", [on("lamp")], None, [ring]), setting())
    assert scene["when"] == [{"change": {"things": ["bell"], "property": "motion", "is": True}}]


def test_an_act_ends() -> None:
    until = {"until": "2026-11-22T20:00:00"}
    play(
        plan("act", [on("pump")], until),
        "- {report: {pump: {on_off: true}}}\n- {at: '19:59', expect_not: {command: {}}}\n- {at: '20:00:01', expect: {command: {set: {on_off: false}}}}",
        (Order("pump", {"on_off": True}, before={"on_off": False}),),
    )
    dim = plan("act", [on("lamp", 80, "brightness"), on("lamp"), on("blind", "open", "contact")], until)
    given = (Order("lamp", {"brightness": 80, "on_off": True}, before={"brightness": 50, "on_off": False}),)
    scene = scene_of(dim, setting(), given)
    assert scene["then"] == [
        {"wait": {"for_s": 5400.0}},
        {"set": {"things": ["blind"], "state": {"contact": "closed"}}},
        {"set": {"things": ["lamp"], "state": {"on_off": False}}},
        {"set": {"things": ["lamp"], "state": {"brightness": 50}}},
    ]
    with pytest.raises(CallerError, match="nothing of it ends"):
        scene_of(plan("act", [{"op": "run", "scene": "x"}], until), setting())


def test_a_scene_runs_another_and_bears_the_sentence() -> None:
    said = "Every evening   run the film scene"
    scene = scene_of(
        plan("automate", [{"op": "run", "scene": "film"}], {"at": "20:00", "every": "day"}), setting(said=said)
    )
    assert scene["then"] == [{"scene": {"id": "film"}}]
    assert (scene["name"], scene["description"]) == ("Every evening run the film scene", said)
    assert scene_of(plan("later", [on("lamp")], {"after_s": 5}), setting(said=""))["name"] == "Later"


def test_things_that_measure_otherwise_are_asked_by_themselves() -> None:
    fahrenheit = Property(
        key="t", trait="target_temperature", schema=Schema(kind="int"), unit="[degF]", access=("read", "write")
    )
    models = MODELS | {"odd": Model(id="odd", services=(Service(properties=(fahrenheit,)),))}
    both = {"things": ["heater", "odd"], "trait": "target_temperature", "op": "set", "value": 25, "unit": "Cel"}
    scene = scene_of(plan("later", [both], {"after_s": 5}), setting(models=models))
    assert [step["set"] for step in scene["then"][1:]] == [
        {"things": ["heater"], "state": {"target_temperature": 25}},
        {"things": ["odd"], "state": {"target_temperature": 77}},
    ]
    odd = {"things": ["odd"], "trait": "target_temperature", "above": 25}
    scene = scene_of(plan("automate", [on("lamp")], None, [odd]), setting(models=models))
    assert scene["when"] == [{"change": {"things": ["odd"], "property": "target_temperature", "above": 77}}]
    mixed = {"things": ["heater", "odd"], "trait": "target_temperature", "above": 25}
    with pytest.raises(CallerError, match="different units"):
        scene_of(plan("automate", [on("lamp")], None, [mixed]), setting(models=models))


def test_an_input_goes_with_a_call() -> None:
    call = {"things": ["vacuum"], "trait": "dock", "op": "call", "value": {"fast": True}}
    scene = scene_of(plan("later", [call], {"after_s": 5}), setting())
    assert scene["then"][1] == {"call": {"things": ["vacuum"], "action": "dock", "input": {"fast": True}}}


def test_a_reminder_is_told_late_rather_than_never() -> None:
    remind = plan("later", [{"op": "remind", "text": "tea"}], {"at": "2026-11-22T19:00"})
    assert scene_of(remind, setting())["when"] == [{"time": {"at": "2026-11-22T19:00", "missed": "once"}}]
    assert (
        "missed"
        not in scene_of(plan("later", [on("lock", False, "locked")], {"at": "2026-11-22T19:00"}), setting())["when"][0][
            "time"
        ]
    )


REFUSED = [
    ("automate", [on("lamp")], None, [], "nothing says when"),
    ("automate", [on("lamp")], {"every": "day"}, [], "no time of day"),
    ("automate", [on("lamp")], {"at": "later", "every": "day"}, [], "is no time"),
    ("automate", [], {"at": "07:00", "every": "day"}, [], "nothing is to be done"),
    ("automate", [{"op": "undo"}], {"at": "07:00", "every": "day"}, [], "not for later"),
    ("automate", [on("lamp")], {"at": "07:00", "every": "day", "until": "2026-12-01T00:00"}, [], "comes again"),
    ("automate", [on("lamp")], None, [{"things": [], "trait": "ring"}], "no thing"),
    ("automate", [on("lamp")], None, [{"things": ["nobody"], "trait": "ring"}], "no thing 'nobody'"),
    ("automate", [on("lamp")], None, [{"things": ["lamp"], "trait": "ring"}], "no property"),
    ("automate", [on("lamp", True, "ring")], {"at": "07:00", "every": "day"}, [], "no property"),
    ("later", [{"things": ["lamp"], "trait": "dock", "op": "call"}], {"after_s": 5}, [], "no action"),
    ("later", [on("lamp")], {"at": "2026-11-22T19:00", "until": "2026-11-22T18:59"}, [], "before it begins"),
    ("later", [{"op": "remind"}], {"after_s": 5, "until": "2026-11-22T19:00"}, [], "nothing of it ends"),
    ("later", [on("lamp")], {"after_s": 5, "until": "soon"}, [], "no time"),
]  # fmt: skip


@pytest.mark.parametrize(("outcome", "steps", "when", "conditions", "why"), REFUSED)
def test_what_cannot_be_kept_says_why(
    outcome: str, steps: list[Any], when: Any, conditions: list[Any], why: str
) -> None:
    with pytest.raises(CallerError, match=why):
        scene_of(plan(outcome, steps, when, conditions), setting())
