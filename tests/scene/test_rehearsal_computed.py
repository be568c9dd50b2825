"""Computed things in a home file: computed as in a hub, driven by a scripted day."""

from __future__ import annotations

import textwrap

import pytest

from unisono.errors import CallerError
from unisono.scene.document import load_scene
from unisono.scene.trying.home import load_home, records
from unisono.scene.trying.rehearsal import Rehearsal, rehearse
from unisono.scene.trying.script import load_script

HOME = """
now: 2026-11-22T18:30:00+08:00
places: [{id: home, zone: Asia/Shanghai}]
things:
  - {id: twice, in: home, computed: {kind: template, cel: "m * 2.0", given: {m: {thing: mean, property: temperature}}}}
  - {id: mean, in: home, computed: {kind: group, of: {kind: sensor.temperature}, property: temperature, how: mean}}
  - {id: in, kind: sensor.temperature, in: home, state: {temperature: 20}}
  - {id: out, kind: sensor.temperature, in: home, state: {temperature: 10}}
  - {id: timer, in: home, computed: {kind: timer, duration_s: 60}}
  - {id: target, in: home, computed: {kind: input, type: number, min: 5, max: 30, initial: 21}}
  - {id: meter, kind: meter, in: home, state: {energy: 100}}
  - {id: today, in: home, computed: {kind: meter, thing: meter, property: energy, cycle: day}}
  - {id: lamp, kind: light, in: home, state: {on_off: false}}
  - {id: lamps, in: home, computed: {kind: group, of: {things: [lamp]}, property: on_off, how: any}}
"""
SCENE = """
id: s
name: S
place: home
when: [{change: {things: [mean], property: temperature, above: 25}}, {event: {things: [timer], event: finished}}]
then: [{set: {things: [lamps], state: {on_off: true}}}]
"""


def play(day: str) -> Rehearsal:
    script = load_script(f"day:\n{textwrap.indent(textwrap.dedent(day).strip(), '  ')}\n")
    return rehearse([load_scene(SCENE)], load_home(HOME), script)


@pytest.mark.parametrize(
    "day",
    [
        "- {expect: {state: {mean: {temperature: 15}, twice: {value: 30}, target: {value: 21}, timer: {state: idle}}}}",
        """
        - {report: {out: {temperature: 32}}}
        - {expect: {run: {scene: s, state: done}}}
        - {expect: {command: {thing: lamp, set: {on_off: true}, state: confirmed}}}
        - {expect: {state: {mean: {temperature: 26}, twice: {value: 52}, lamps: {on_off: true}}}}
        """,
        # a person starts the timer, and it runs down over a stop of the hub
        """
        - {command: {thing: timer, call: start}}
        - {after_s: 20, hub_off_s: 10}
        - {expect_not: {run: {scene: s}}, within_s: 29}
        - {expect: {run: {scene: s}}, within_s: 2}
        """,
        """
        - {command: {thing: target, set: {value: 24.5}}}
        - {expect: {state: {target: {value: 24.5}}}}
        """,
        # a calendar's moment comes though nothing reports
        """
        - {report: {meter: {energy: 107}}}
        - {expect: {state: {today: {energy: 7}}}}
        - {at: "00:00:01", expect: {state: {today: {energy: 0, last_energy: 7}}}}
        """,
        """
        - {command: {thing: lamp, set: {on_off: true}}}
        - {expect: {state: {lamps: {on_off: true}}}}
        """,
    ],
)
def test_met(day: str) -> None:
    told = play(day)
    assert told.ok, "\n".join(line.text for line in told.lines)


@pytest.mark.parametrize(
    ("day", "field", "says"),
    [
        ("- {report: {mean: {temperature: 3}}}", "day.0.report", "is computed"),
        ("- {event: {timer: finished}}", "day.0.event", "is computed"),
        ("- {offline: mean}", "day.0.offline", "is computed"),
        ("- {online: mean}", "day.0.online", "is computed"),
        ("- {command: {thing: target, set: {value: 99}}}", "day.0.command", "30"),
        ("- {command: {thing: nobody, set: {value: 9}}}", "day.0.command", "nobody"),
        ("- {command: {thing: timer, call: explode}}", "day.0.command", "explode"),
    ],
)
def test_what_cannot_be_done_names_its_step(day: str, field: str, says: str) -> None:
    with pytest.raises(CallerError) as refused:
        play(day)
    assert refused.value.field == field
    assert says in str(refused.value)


def thing(computed: str, more: str = "") -> str:
    return f"""
places: [{{id: home}}]
things:
  - {{id: probe, kind: sensor.temperature, in: home}}
  - {{id: x, in: home, computed: {computed}{more}}}
  - {{id: y, in: home, computed: {{kind: threshold, thing: x, property: on, above: 3}}}}
"""


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (thing("{kind: pigeon}"), "things.1.computed.kind"),
        (thing("{kind: threshold, thing: lost, property: temperature, above: 3}"), "things.1.computed.thing"),
        (thing("{kind: threshold, thing: y, property: on, above: 3}"), "things.1.computed"),
        (thing("{kind: timer, duration_s: 3}", ", kind: light"), "things.1.kind"),
        (thing("{kind: timer, duration_s: 3}", ", model: gadget"), "things.1.model"),
        (thing("{kind: timer, duration_s: 3}", ", state: {a: 1}"), "things.1.state"),
    ],
)
def test_a_definition_that_cannot_be_names_its_place_in_the_file(text: str, field: str) -> None:
    with pytest.raises(CallerError) as refused:
        list(records(load_home(text)))
    assert (refused.value.field or "").startswith(field)
