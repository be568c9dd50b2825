# ruff: noqa: E501 - a case is one line
"""Rehearsals: what happens, what is expected, what a failure says - and the examples."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from unisono.errors import CallerError
from unisono.scene.document import load_scene
from unisono.scene.trying.home import Home, load_home
from unisono.scene.trying.rehearsal import Rehearsal, rehearse
from unisono.scene.trying.script import load_script

EXAMPLES = Path(__file__).parents[2] / "examples" / "scenes"

HOME = """
now: 2026-11-22T18:30:00+08:00
places:
  - {id: home, name: Home, latitude: 31.2, longitude: 121.5}
  - {id: hall, in: home, kind: room}
  - {id: abroad}
things:
  - {id: lamp, kind: light, in: hall, state: {on_off: false, brightness: 50}}
  - {id: bulb, kind: light, in: lamp}
  - {id: bell, kind: doorbell, in: home}
  - {id: tv, kind: tv, in: home, state: {playback: pause}}
  - {id: vacuum, kind: vacuum, in: home}
  - {id: wei, kind: person, in: home}
  - {id: odd, kind: gizmo, in: home, state: {temperature: 20, brightness: 5, mood: fine}, online: false}
  - {id: other, model: gadget.x, in: home, state: {on_off: true}}
"""
LAMP = """
id: s
name: S
place: home
when: [{event: {things: [bell], event: ring}}]
then: [{set: {things: [lamp], state: {on_off: true}}}]
"""


def home(text: str = HOME) -> Home:
    return load_home(text)


def play(day: str, scene: str = LAMP, devices: str = "{}", *more: str) -> Rehearsal:
    script = load_script(f"devices: {devices}\nday:\n{textwrap.indent(textwrap.dedent(day).strip(), '  ')}\n")
    return rehearse([load_scene(each) for each in (scene, *more)], home(), script)


def scene(when: str, then: str, more: str = "") -> str:
    return f"id: s\nname: S\nplace: home\nwhen: [{when}]\nthen: [{then}]\n{more}"


RING = "{event: {things: [bell], event: ring}}"


@pytest.mark.parametrize("script", sorted(EXAMPLES.glob("*.events.yaml")), ids=lambda path: path.stem)
def test_examples(script: Path) -> None:
    name = script.name.removesuffix(".events.yaml")
    documents = [load_scene((EXAMPLES / f"{name}.yaml").read_bytes())]
    result = rehearse(documents, load_home((EXAMPLES / "home.yaml").read_bytes()), load_script(script.read_bytes()))
    assert result.ok, [line for line in result.lines if line.ok is False]
    assert not result.findings


@pytest.mark.parametrize(
    ("day", "then"),
    [
        ("- {event: {bell: ring}}\n- {expect: {command: {thing: lamp, set: {on_off: true}, state: confirmed}}}", ""),
        ("- {event: {bell: {ring: {}}}}\n- {expect: {state: {lamp: {on_off: true}}}}", ""),
        ("- {run: s}\n- {expect: {run: {scene: s, state: done}}}", ""),
        ("- {event: {bell: ring}}\n- {expect: {notify: {to: wei, text: hell, title: t, priority: low}}}",
         "{notify: {to: [wei], text: hello, title: it, priority: low}}"),
        ("- {event: {bell: ring}}\n- {expect: {http: {url: 'https://a.example/x', method: POST, body: {a: 1}}}}",
         "{http: {url: 'https://a.example/x', body: {a: 1}}}"),
        ("- {event: {bell: ring}}\n- {expect: {http: {url: 'https://a.example/x'}}}", "{http: {url: 'https://a.example/x'}}"),
        ("- {event: {bell: ring}}\n- {expect: {mode: {home: night}}}", "{mode: {place: home, to: night}}"),
        ("- {event: {bell: ring}}\n- {expect: {command: {thing: vacuum, call: dock, state: confirmed}}}",
         "{call: {things: [vacuum], action: dock}}"),
        ("- {event: {bell: ring}}\n- {expect: {command: {thing: tv, set: {playback: next}, state: confirmed}}}",
         "{set: {things: [tv], state: {playback: next}}}"),
        ("- {event: {bell: ring}}\n- {expect: {notify: {}}, within_s: 60}\n- {expect: {notify: {}}, within_s: 60}",
         "{notify: {text: a}}, {wait: {for_s: 60}}, {notify: {text: b}}"),
        ("- {event: {bell: ring}}\n- {expect: {notify: {}}, times: 2, within_s: 60}",
         "{notify: {text: a}}, {wait: {for_s: 60}}, {notify: {text: b}}"),
        ("- {event: {bell: ring}}\n- {stop: s}\n- {expect: {run: {scene: s, state: stopped}}}", "{wait: {for_s: 60}}"),
        ("- {event: {bell: ring}}\n- {expect: {run: {scene: s, state: running}}}", "{wait: {for_s: 60}}"),
    ],
)  # fmt: skip
def test_met(day: str, then: str) -> None:
    result = play(day, scene(RING, then or "{set: {things: [lamp], state: {on_off: true}}}"))
    assert result.ok, result.lines
    assert any(line.ok for line in result.lines)


@pytest.mark.parametrize(
    ("when", "event"),
    [
        ("{connection: {things: [lamp], is: offline}}", "{offline: lamp}"),
        ("{connection: {things: [lamp, odd], is: online}}", "{online: [odd, lamp]}"),
        ("{travel: {things: [wei], arrives: home}}", "{arrive: {wei: home}}"),
        ("{mode: {place: home, is: away}}", "{mode: {home: away}}"),
        ("{change: {things: [lamp], property: brightness, above: 60}}", "{report: {lamp: {brightness: 70}}}"),
        ("{silence: {things: [lamp], for_s: 600}}", "{clock_s: 5, after_s: 600}"),
        ("{time: {at: '19:00'}}", "{at: '19:00', report: {lamp: {brightness: 1}}}"),
        ("{time: {at: '19:00'}}", "{at: '2026-11-22T19:00', report: {lamp: {brightness: 1}}}"),
        ("{time: {at: '07:00'}}", "{at: '2026-11-23T07:00:00+08:00', report: {lamp: {brightness: 1}}}"),
        ("{time: {at: '07:00'}}", "{at: '07:00', report: {lamp: {brightness: 1}}}"),
        ("{time: {at: '18:45', missed: once}}", "{hub_off_s: 3600}"),
        ("{time: {at: '18:45', missed: once}}", "{clock_s: 3600}"),
    ],
)
def test_what_happens(when: str, event: str) -> None:
    text = scene(when, "{notify: {text: x}}")
    first = "- {leave: {wei: home}}\n" if "travel" in when else ""
    result = play(f"{first}- {event}\n- {{expect: {{run: {{scene: s, state: done}}}}}}", text)
    assert result.ok, result.lines


@pytest.mark.parametrize(
    ("device", "state"),
    [
        ("{does: obeys}", "confirmed"),
        ("{does: obeys, after_s: 3, times: 2}", "confirmed"),
        ("{does: refuses}", "rejected"),
        ("{does: lies}", "timeout"),
        ("{does: silent}", "timeout"),
        ("{does: obeys, after_s: 100}", "timeout"),
    ],
)
def test_devices(device: str, state: str) -> None:
    expect = f"{{expect: {{command: {{thing: lamp, state: {state}}}}}, within_s: 60}}"
    assert play(f"- {{event: {{bell: ring}}}}\n- {expect}", devices=f"{{lamp: {device}}}").ok
    assert play(f"- {{device: {{lamp: {device}}}}}\n- {{event: {{bell: ring}}}}\n- {expect}").ok


def test_a_device_that_goes() -> None:
    day = """
    - {event: {bell: ring}}
    - {after_s: 1, offline: lamp}
    - {expect: {command: {thing: lamp, state: timeout}}, within_s: 60}
    - {expect_not: {state: {lamp: {on_off: true}}}, within_s: 60}
    """
    assert play(day, devices="{lamp: {after_s: 2}}").ok


def test_a_restart_in_the_middle() -> None:
    then = "{set: {things: [lamp], state: {brightness: 5}}}, {wait: {for_s: 600}}, {notify: {text: x}}"
    day = """
    - {event: {bell: ring}}
    - {after_s: 100, hub_off_s: 400}
    - {expect_not: {notify: {}}, within_s: 99}
    - {expect: {notify: {}}, within_s: 1}
    - {expect: {run: {scene: s, state: done}}}
    """
    result = play(day, scene(RING, then))
    assert result.ok, result.lines


@pytest.mark.parametrize(
    ("day", "says"),
    [
        ("- {expect: {run: {scene: s}}}", "nothing of the kind happened"),
        ("- {event: {bell: ring}}\n- {expect: {command: {thing: lamp, set: {on_off: false}}}}",
         'there was lamp <- {"on_off":true} (confirmed)'),
        ("- {event: {bell: ring}}\n- {expect_not: {command: {thing: lamp}}}", "it came"),
        ("- {event: {bell: ring}}\n- {expect: {command: {thing: lamp}}, times: 2}", "there was lamp"),
        ("- {event: {bell: ring}}\n- {expect: {command: {thing: bulb}}}", "there was lamp"),
        ("- {event: {bell: ring}}\n- {expect: {command: {thing: vacuum, call: dock}}}", "there was lamp"),
        ("- {event: {bell: ring}}\n- {expect: {command: {thing: lamp, state: timeout}}}", "there was lamp"),
        ("- {event: {bell: ring}}\n- {expect: {state: {bulb: {on_off: true}}}}", "nothing of the kind"),
        ("- {event: {bell: ring}}\n- {expect: {mode: {home: away}}}", "nothing of the kind"),
        ("- {mode: {home: night}}\n- {expect: {mode: {home: away}}}", "there was home is night"),
    ],
)  # fmt: skip
def test_not_met(day: str, says: str) -> None:
    result = play(day)
    assert not result.ok
    (line,) = [line for line in result.lines if line.ok is False]
    assert says in line.text
    assert line.path.startswith("day.")


def test_a_refusal_is_told() -> None:
    text = LAMP + "if: [{mode: {place: home, is: away}}]\n"
    result = play("- {event: {bell: ring}}\n- {expect: {run: {scene: s}}}", text)
    assert result.refused == [("s", "a condition said no", "if.0.mode", "home")]
    assert "Did not run: s: a condition said no (if.0.mode)" in result.lines[-1].text


def test_what_is_told() -> None:
    then = (
        "{notify: {text: hello}}, {http: {url: 'https://a.example/x'}}, {call: {things: [vacuum], action: dock}}, "
        f"{{set: {{things: [lamp], state: {{color: '{'#ffffff'}', on_off: true}}}}}}"
    )
    result = play("- {run: s, title: By hand}\n- {event: {bell: ring}}", scene(RING, then))
    text = "\n".join(line.text for line in result.lines)
    for part in (
        "By hand",
        "s runs (by hand)",
        "told everybody: hello",
        "POST https://a.example/x",
        "vacuum <- dock {}",
    ):
        assert part in text
    assert "s runs (event bell ring)" in text
    assert [(run.scene, run.cause, run.state) for run in result.runs] == [
        ("s", "by hand", "done"),
        ("s", "event bell ring", "done"),
    ]
    assert result.runs[0].steps[0][:2] == ("then.0.notify", "told")


@pytest.mark.parametrize(
    ("day", "field"),
    [
        ("- {}", "day.0"),
        ("- {run: s, stop: s}", "day.0"),
        ("- {expect: {}}", "day.0.expect"),
        ("- {expect_not: {mode: {home: a}, run: {scene: s}}}", "day.0.expect_not"),
        ("- {wait: 5}", "day.0.wait"),
        ("- {report: {lmp: {on_off: true}}}", "day.0.report"),
        ("- {report: {lamp: {on_off: 5}}}", "day.0.report.lamp.on_off"),
        ("- {event: {bell: rang}}", "day.0.event"),
        ("- {online: x}", "day.0.online"),
        ("- {offline: [x]}", "day.0.offline"),
        ("- {mode: {x: away}}", "day.0.mode"),
        ("- {run: x}", "day.0.run"),
        ("- {stop: x}", "day.0.stop"),
        ("- {device: {x: {does: obeys}}}", "day.0.device"),
        ("- {device: {lamp: {does: dance}}}", "day.0.device.lamp.does"),
        ("- {arrive: {lamp: home}}", "day.0.arrive"),
        ("- {arrive: {wei: abroad}}", "day.0.arrive"),
        ("- {at: soon, run: s}", "day.0.at"),
        ("- {at: '2026-11-22T07:00', run: s}", "day.0.at"),
        ("- {expect: {command: {thing: x}}}", "day.0.expect"),
        ("- {expect: {command: {thing: lamp, set: {onoff: true}}}}", "day.0.expect"),
        ("- {expect: {run: {scene: x}}}", "day.0.expect"),
        ("- {expect: {state: {x: {on_off: true}}}}", "day.0.expect"),
        ("- {expect: {state: {lamp: {x: true}}}}", "day.0.expect"),
    ],
)
def test_bad_script(day: str, field: str) -> None:
    with pytest.raises(CallerError) as caught:
        play(day)
    assert (caught.value.field or "").startswith(field.removesuffix(".lamp.does")), caught.value
    assert caught.value.expected


def test_bad_devices() -> None:
    with pytest.raises(CallerError) as caught:
        play("- {run: s}", devices="{x: {does: obeys}}")
    assert caught.value.field == "devices.x"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("2026-11-22T18:30:00+08:00", "2026-11-22T18:30:00", "now"),
        ("2026-11-22T18:30:00+08:00", "today", "now"),
        ("{id: hall, in: home", "{id: hall, in: hom", "places.1.in"),
        ("in: hall, state", "in: hal, state", "things.0.in"),
        ("kind: light, in: lamp", "in: lamp", "things.1.kind"),
        ("  - {id: home, name: Home, latitude: 31.2, longitude: 121.5}\n  - {id: hall, in: home, kind: room}\n  - {id: abroad}",
         "  - {id: home, in: home}", "places"),
        ("places:", "rooms:", "places"),
    ],
)  # fmt: skip
def test_bad_home(old: str, new: str, field: str) -> None:
    assert old in HOME
    with pytest.raises(CallerError) as caught:
        load_home(HOME.replace(old, new, 1))
    assert (caught.value.code, caught.value.field) == ("bad_value", field)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("18:30:00+08:00", "18:30:00+05:30", "now"),
        ("in: hall, state", "in: bulb, state", "things"),
        ("brightness: 50", "brightness: 500", "things.0.state.brightness"),
    ],
)
def test_a_home_that_cannot_be(old: str, new: str, field: str) -> None:
    text = HOME.replace(old, new, 1)
    with pytest.raises(CallerError) as caught:
        rehearse([], load_home(text), load_script("day: [{clock_s: 1}]"))
    assert caught.value.field == field


def test_homes() -> None:
    utc = "now: 2026-11-22T18:30:00Z\nplaces: [{id: a}, {id: b, zone: Asia/Kolkata}]\n"
    script = load_script("day: [{clock_s: 1}]")
    assert rehearse([], load_home(utc), script).lines[0].at == "Sun 18:30:00"
    assert rehearse([], load_home(utc.replace("{id: a}, ", "")), script).lines[0].at == "Mon 00:00:00"
    assert home().root == "home"


def test_a_scene_that_cannot_be_saved() -> None:
    with pytest.raises(CallerError) as caught:
        play("- {clock_s: 1}", scene(RING, "{set: {things: [lamp], state: {brightness: 500}}}"))
    assert caught.value.field == "then.0.set.state.brightness"


def test_scenes_that_never_come_to_rest() -> None:
    """The stage itself ends, whatever scenes do: a ring that only a condition could end."""
    on, off = (
        f"id: {id}\nname: S\nplace: home\nif: [{{connection: {{things: [lamp], is: online}}}}]\n"
        f"when: [{{change: {{things: [lamp], property: on_off, is: {is_}}}}}]\n"
        f"then: [{{set: {{things: [lamp], state: {{on_off: {to}}}}}}}]\n"
        for id, is_, to in (("a", "true", "false"), ("b", "false", "true"))
    )
    result = play("- {report: {lamp: {on_off: true}}}\n- {expect: {run: {scene: a}}, times: 3}", on, "{}", off)
    assert [line.text for line in result.lines if line.ok is False] == [
        "scenes set each other off without end; they were held here"
    ]
    assert [finding.rule for finding in result.findings] == ["ring", "ring"]


@pytest.mark.parametrize(("text", "code"), [("places: [", "bad_json"), ("places: []\nx: .nan", "bad_value")])
def test_no_home(text: str, code: str) -> None:
    with pytest.raises(CallerError) as caught:
        load_home(text)
    assert caught.value.code == code


def test_values(tmp_path: Path) -> None:
    long: dict[str, Any] = {"thing": "lamp", "set": {"on_off": True}, "input": {str(n): n for n in range(60)}}
    result = rehearse([load_scene(LAMP)], home(), load_script({"day": [{"expect": {"command": long}}]}))
    assert result.lines[-1].text.count("...") == 1
