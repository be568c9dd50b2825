# ruff: noqa: E501 - a case is one line
"""Soundness of scenes: what is found, where, and what would be right; and what is not found fault with."""

from __future__ import annotations

import textwrap
from functools import cache
from typing import Any

import pytest

from unisono.errors import CallerError
from unisono.scene.checking.catalogue import Catalogue, footprint
from unisono.scene.checking.finding import near
from unisono.scene.checking.soundness import Facts, Finding, check_scene, require_sound
from unisono.scene.checking.trial import try_expression
from unisono.scene.document import Cel, Given, Scene, load_scene
from unisono.scene.world import World
from unisono.thing import Arg, Choice, Event, Model, Property, Schema, Service, builtin_model, compile_model
from unisono.thing.shape import Shape
from unisono.twin.places import Place, Places
from unisono.twin.twin import Twin

THINGS = {
    "lamp": ("light", "hall"),
    "other": ("light", "hall"),
    "probe": ("sensor.temperature", "home"),
    "climate": ("climate", "home"),
    "lock": ("lock", "home"),
    "bell": ("doorbell", "home"),
    "su7": ("car", "home"),
    "wei": ("person", "home"),
    "press": ("press", "home"),
    "vacuum": ("vacuum", "home"),
    "agv": ("agv", "home"),
    "box": ("box", "home"),
}

#: Two services, as an imported model has them: addresses differ from traits.
BOX = Model(
    id="box",
    services=(
        Service(
            key="a",
            properties=(
                Property(key="on", trait="on_off", schema=Schema(kind="bool"), access=("read", "write", "notify")),
                Property(key="warm", trait="temperature", schema=Schema(kind="float"), access=("read", "notify")),
                Property(key="list", schema=Schema(kind="array"), access=("read", "write", "notify")),
            ),
            events=(Event(key="full", args=(Arg(key="warm", property="a.warm"), Arg(key="gone", property="a.gone"))),),
        ),
        Service(key="b", properties=(Property(key="warm", trait="temperature", schema=Schema(kind="float")),)),
    ),
)


@cache
def shape(kind: str) -> Shape:
    return compile_model(BOX if kind == "box" else builtin_model(kind))


def world(things: dict[str, tuple[str, str]] = THINGS) -> World:
    twins: dict[str, Twin] = {}
    for id, (kind, place) in things.items():
        twins[id] = Twin(id, shape(kind), 0)
        twins[id].place, twins[id].root = place, "home"
    places = Places()
    for each in (Place("home", None, "Europe/Berlin", 52.5, 13.4), Place("hall", "home"), Place("lab")):
        places.take(each)
    return World(twins, places)


def scene(text: str, id: str = "s") -> Scene:
    text = textwrap.dedent(text).strip() + "\n"
    head = f"id: {id}\nname: S\n" + ("" if "\nplace:" in f"\n{text}" else "place: home\n")
    then = "" if "then:" in text else "then: [{set: {things: [lamp], state: {on_off: true}}}]\n"
    return load_scene(head + text + then)


def check(text: str, *others: Scene, people: list[str] | None = None) -> list[Finding]:
    return check_scene(scene(text), Facts(world(), Catalogue(others), people))


WARM = "when: [{change: {things: [probe], property: temperature, above: 25}}]\n"


def when(trigger: str) -> str:
    return f"when: [{trigger}]"


def given(condition: str) -> str:
    return WARM + f"if: [{condition}]"


def then(step: str) -> str:
    return WARM + f"then: [{step}]"


@pytest.mark.parametrize(
    ("text", "path", "rule", "expected"),
    [
        # names
        ("place: hme\n" + WARM, "place", "unknown_place", "home"),
        (when("{change: {things: [lampe], property: on_off}}"), "when.0.change.things.0", "unknown_thing", "lamp"),
        (when("{change: {things: [lamp], property: onoff}}"), "when.0.change.property", "unknown_property", "on_off"),
        (when("{event: {things: [bell], event: rung}}"), "when.0.event.event", "unknown_event", "ring"),
        (when("{event: {things: [lock], event: unlocked_by, fields: {usr: wei}}}"), "when.0.event.fields.usr", "unknown_field", "user"),
        (when("{mode: {place: halle, is: away}}"), "when.0.mode.place", "unknown_place", "hall"),
        (when("{scene: {id: other}}"), "when.0.scene.id", "unknown_scene", "the id of a scene"),
        (when("{travel: {things: [su7], arrives: hme}}"), "when.0.travel.arrives", "unknown_place", "home"),
        (when("{silence: {things: [probe], property: humidty, for_s: 60}}"), "when.0.silence.property", "unknown_property", "humidity"),
        (when("{window: {things: [probe], property: warmth, over_s: 60, agg: mean, above: 1}}"), "when.0.window.property", "unknown_property", "temperature"),
        (when("{connection: {is: offline}}"), "when.0.connection", "no_thing", "things"),
        (given("{state: {things: [lmp], property: on_off, is: true}}"), "if.0.state.things.0", "unknown_thing", "lamp"),
        (given("{mode: {place: x, is: away}}"), "if.0.mode.place", "unknown_place", "the id of a place"),
        (given("{whereabouts: {things: [su7], at: homes}}"), "if.0.whereabouts.at", "unknown_place", "home"),
        (given("{any: [{not: {all: [{connection: {things: [x], is: online}}]}}]}"), "if.0.any.0.not.all.0.connection.things.0", "unknown_thing", "the id of a thing"),
        (then("{set: {things: [lamp], state: {brightnes: 5}}}"), "then.0.set.state.brightnes", "unknown_property", "brightness"),
        (then("{set: {state: {on_off: true}}}"), "then.0.set", "no_thing", "things"),
        (then("{call: {things: [vacuum], action: dok}}"), "then.0.call.action", "unknown_action", "dock"),
        (then("{scene: {id: evening}}"), "then.0.scene.id", "unknown_scene", "the id of a scene"),
        (then("{mode: {place: hom, to: away}}"), "then.0.mode.place", "unknown_place", "home"),
        (then("{restore: {name: before}}"), "then.0.restore.name", "unknown_snapshot", "a snapshot taken before"),
        (then("{wait: {until: [{state: {things: [x], property: on_off, is: true}}]}}"), "then.0.wait.until.0.state.things.0", "unknown_thing", "thing"),
        (then("{choose: {branches: [{if: [{mode: {place: x, is: home}}], then: [{stop: {}}]}]}}"), "then.0.choose.branches.0.if.0.mode.place", "unknown_place", "place"),
        (then("{repeat: {while: [{mode: {place: x, is: home}}], then: [{stop: {}}]}}"), "then.0.repeat.while.0.mode.place", "unknown_place", "place"),
        (then("{notify: {to: [wie], text: hello}}"), "then.0.notify.to.0", "unknown_person", "wei"),
        # values
        (when("{change: {things: [lamp], property: on_off, is: 'yes'}}"), "when.0.change.is", "bad_value", "true or false"),
        (when("{change: {things: [climate], property: hvac_mode, is: [cool, warm]}}"), "when.0.change.is.1", "bad_value", "heat"),
        (when("{change: {things: [lamp], property: brightness, was: 101, above: 10}}"), "when.0.change.was", "bad_value", "100"),
        (when("{change: {things: [lamp], property: on_off, above: 1}}"), "when.0.change.above", "bad_value", "true or false"),
        (when("{window: {things: [climate], property: hvac_mode, over_s: 60, agg: mean, above: 1}}"), "when.0.window.property", "bad_value", "numbers"),
        (when("{event: {things: [lock], event: unlocked_by, fields: {user: 5}}}"), "when.0.event.fields.user", "bad_value", "text"),
        (then("{set: {things: [lamp], state: {brightness: 140}}}"), "then.0.set.state.brightness", "bad_value", "100"),
        (then("{set: {things: [lamp], state: {on_off: 1}}}"), "then.0.set.state.on_off", "bad_value", "true or false"),
        (then("{set: {things: [climate], state: {target_temperature: '70 °F'}}}"), "then.0.set.state.target_temperature", "bad_value", "21.11 (Cel)"),
        (then("{set: {things: [climate], state: {target_temperature: '21 m'}}}"), "then.0.set.state.target_temperature", "bad_value", "(Cel)"),
        (then("{set: {things: [probe], state: {temperature: 20}}}"), "then.0.set.state.temperature", "not_writable", "can be set"),
        (then("{set: {things: [climate], state: {hvac_mode: {add: 1}}}}"), "then.0.set.state.hvac_mode.add", "bad_value", "heat"),
        (then("{set: {things: [lamp], state: {brightness: {toggle: true}}}}"), "then.0.set.state.brightness.toggle", "bad_value", "100"),
        (then("{set: {things: [lamp], state: {brightness: {cel: 5}}}}"), "then.0.set.state.brightness.cel", "bad_scene", "expression"),
        (then("{set: {things: [lamp], state: {brightness: {add: much}}}}"), "then.0.set.state.brightness.add", "bad_scene", "a number"),
        (then("{call: {things: [agv, lamp], action: go_to, input: {station: a}}}"), "then.0.call.action", "unknown_action", "identify"),
        (then("{call: {things: [lamp], action: identify, input: {n: 1}}}"), "then.0.call.input.n", "bad_value", "no arguments"),
        (when("{change: {things: [lamp], property: on_off, is: true}}, {change: {things: [box], property: temperature, above: 1}}"), "when.1.change.property", "unknown_property", "a.warm"),
        (when("{event: {things: [box], event: a.full, fields: {warm: hot}}}"), "when.0.event.fields.warm", "bad_value", "a number"),
        (when("{event: {things: [bell], event: ring, fields: {x: hot}}}"), "when.0.event.fields.x", "unknown_field", ""),
        (then("{set: {things: [lamp, probe], state: {on_off: true}}}"), "then.0.set.state.on_off", "unknown_property", ""),
        (then("{set: {things: [box], state: {list: 5}}}"), "then.0.set.state.list", "unknown_property", "a.list"),
        (then("{set: {things: [box], state: {a.list: 5}}}"), "then.0.set.state.a.list", "bad_value", "a list"),
        (then("{set: {things: [climate], state: {target_temperature: 90}}}"), "then.0.set.state.target_temperature", "bad_value", "(Cel)"),
        # expressions
        (given('{cel: {expression: "t >", given: {t: {thing: probe, property: temperature}}}}'), "if.0.cel.expression", "bad_expression", "CEL"),
        (given('{cel: {expression: "t > 2.0 && u", given: {t: {thing: probe, property: temperature}}}}'), "if.0.cel.expression", "bad_expression", "t"),
        (given('{cel: {expression: "t + 1 > 2", given: {t: {thing: probe, property: temperature}}}}'), "if.0.cel.expression", "bad_expression", "1.0"),
        (given('{cel: {expression: "t", given: {t: {thing: probe, property: temperature}}}}'), "if.0.cel.expression", "bad_expression", "true or false"),
        (given('{cel: {expression: "t", given: {t: {thing: prob, property: temperature}}}}'), "if.0.cel.given.t.thing", "unknown_thing", "probe"),
        (given('{cel: {expression: "t", given: {t: {thing: probe, property: temp}}}}'), "if.0.cel.given.t.property", "unknown_property", "temperature"),
        (then("{set: {things: [lamp], state: {brightness: {cel: {expression: '\"bright\"'}}}}}"), "then.0.set.state.brightness.cel.expression", "bad_expression", "100"),
        # never and always
        (when("{change: {things: [probe], property: temperature, above: 30, below: 20}}"), "when.0.change", "never", "some value"),
        (when("{change: {things: [lamp], property: brightness, above: 150}}"), "when.0.change", "never", "some value"),
        (when("{change: {things: [su7], property: seat_heating, above: 1, below: 2}}"), "when.0.change", "never", "some value"),
        (when("{change: {things: [lamp], property: brightness, above: -1}}"), "when.0.change", "always", "some value fails"),
        (when("{change: {things: [lamp], property: on_off, is: [true, false]}}"), "when.0.change", "always", "some value fails"),
        (when("{window: {things: [lamp], property: brightness, over_s: 60, agg: max, above: 100}}"), "when.0.window", "never", "bounds"),
        (when("{window: {things: [lamp], property: on_off, over_s: 60, agg: mean, above: 1}}"), "when.0.window", "never", "bounds"),
        (when("{window: {things: [lamp], property: on_off, over_s: 60, agg: count, below: 0}}"), "when.0.window", "never", "bounds"),
        (given("{state: {things: [probe], property: temperature, above: 30}}, {state: {things: [probe], property: temperature, below: 20}}"), "if.1.state", "never", "at once"),
        (given("{mode: {place: home, is: [home, night]}}, {all: [{mode: {place: home, is: away}}]}"), "if.1.all.0.mode", "never", "at once"),
        (given("{sun: {is: up}}, {sun: {is: down}}"), "if.1.sun", "never", "at once"),
        (given("{sun: {is: up}}, {not: {sun: {is: up}}}"), "if.1.not", "never", "at once"),
        (given('{time: {after: "22:00", before: "06:00"}}, {time: {after: "06:00", before: "22:00"}}'), "if.1.time", "never", "at once"),
        (given("{time: {days: weekend}}, {time: {days: weekday}}"), "if.1.time", "never", "at once"),
        (given("{connection: {things: [lamp], is: online}}, {connection: {things: [lamp], is: offline}}"), "if.1.connection", "never", "at once"),
        (given('{time: {after: "06:00", before: "06:00"}}'), "if.0.time", "never", "before"),
        (given("{any: []}"), "if.0.any", "never", "conditions"),
        # what the engine would refuse
        (when("{time: {at: '25:00'}}"), "when.0.time.at", "bad_scene", "HH:MM"),
        (when("{travel: {things: [su7]}}"), "when.0.travel", "bad_scene", "arrives"),
        (given("{state: {things: [lamp], property: on_off}}"), "if.0.state", "bad_scene", "above"),
        (then("{wait: {}}"), "then.0.wait", "bad_scene", "until"),
        (when("{window: {things: [probe], property: temperature, over_s: 60, agg: mean}}"), "when.0.window", "bad_scene", "above"),
        (then("{http: {url: 'https:///garage'}}"), "then.0.http.url", "bad_value", "https://"),
        (then("{http: {url: 'https://example.org:99999/'}}"), "then.0.http.url", "bad_value", "https://"),
        (then("{http: {url: 'https://example.org:0/'}}"), "then.0.http.url", "bad_value", "https://"),
        (then("{http: {url: 'http://a host/x'}}"), "then.0.http.url", "bad_value", "https://"),
        (given("{window: {things: [probe], property: temperature, over_s: 60, agg: mean}}"), "if.0.window", "bad_scene", "above"),
        ("place: lab\n" + given("{sun: {is: up}}"), "if.0.sun", "bad_scene", "latitude"),
        (then("{repeat: {then: [{stop: {}}]}}"), "then.0.repeat", "bad_scene", "times"),
        (given("{time: {after: noon}}"), "if.0.time.after", "bad_scene", "HH:MM"),
    ],
)  # fmt: skip
def test_error(text: str, path: str, rule: str, expected: str) -> None:
    first = check(text, people=["wei", "ada"])[0]
    assert (first.severity, first.path, first.rule) == ("error", path, rule), first
    assert expected in (first.expected or ""), first
    with pytest.raises(CallerError) as caught:
        require_sound(scene(text), Facts(world(), Catalogue(), ["wei", "ada"]))
    assert (caught.value.code, caught.value.field) == ("bad_scene", path)
    assert caught.value.expected


@pytest.mark.parametrize(
    ("text", "severity", "path", "rule"),
    [
        ("then: [{stop: {}}]", "info", "when", "no_trigger"),
        (when("{change: {kind: fan, property: on_off, is: true}}"), "warning", "when.0.change", "selects_nothing"),
        (when("{change: {kind: lihgt, property: on_off, is: true}}"), "warning", "when.0.change.kind", "unknown_kind"),
        (when("{change: {place: lab, property: on_off, is: true}}"), "warning", "when.0.change", "selects_nothing"),
        (when("{change: {kind: light, property: locked, is: true}}"), "warning", "when.0.change.property", "unknown_property"),
        (then("{set: {kind: light, state: {locked: true}}}"), "warning", "then.0.set.state.locked", "unknown_property"),
        (then("{set: {kind: sensor, state: {temperature: 20}}}"), "warning", "then.0.set.state.temperature", "unknown_property"),
        (when("{travel: {things: [lamp], arrives: home}}"), "warning", "when.0.travel.arrives", "never"),
        (when("{travel: {things: [su7], arrives: lab}}"), "warning", "when.0.travel.arrives", "never"),
        (given("{state: {things: [lamp], property: brightness, above: -1}}"), "warning", "if.0.state", "always"),
        (given("{all: []}"), "warning", "if.0.all", "always"),
        (given("{not: {state: {things: [lamp], property: on_off, is: [true, false], of: none}}}"), "warning", "if.0.not.state", "always"),
        (then("{notify: {text: '{lmp.on_off}'}}"), "warning", "then.0.notify.text", "unknown_thing"),
        (then("{notify: {title: '{lamp.weight}', text: x}}"), "warning", "then.0.notify.title", "unknown_property"),
        (then("{stop: {}}, {notify: {text: x}}"), "warning", "then.1", "unreachable"),
        (then("{repeat: {times: 2, then: [{stop: {}}]}}, {notify: {text: x}}"), "warning", "then.1", "unreachable"),
        (
            then("{choose: {branches: [{if: [{sun: {is: up}}], then: [{stop: {}}]}], otherwise: [{stop: {}}]}}, {notify: {text: x}}"),
            "warning", "then.1", "unreachable",
        ),
        (
            then("{choose: {branches: [{if: [], then: [{notify: {text: a}}]}, {if: [{sun: {is: up}}], then: [{stop: {}}]}]}}"),
            "warning", "then.0.choose.branches.1", "unreachable",
        ),
        (
            then("{choose: {branches: [{if: [], then: [{notify: {text: a}}]}], otherwise: [{stop: {}}]}}"),
            "warning", "then.0.choose.otherwise", "unreachable",
        ),
        (
            then(
                "{choose: {branches: [{if: [{state: {things: [probe], property: temperature, above: 20}}], then: [{notify: {text: a}}]},"
                "{if: [{state: {things: [probe], property: temperature, above: 25}}], then: [{stop: {}}]}]}}"
            ),
            "warning", "then.0.choose.branches.1", "unreachable",
        ),
        (
            then(
                "{choose: {branches: [{if: [{sun: {is: up}}], then: [{notify: {text: a}}]},"
                "{if: [{mode: {place: home, is: away}}, {sun: {is: up}}], then: [{stop: {}}]}]}}"
            ),
            "warning", "then.0.choose.branches.1", "unreachable",
        ),
    ],
)  # fmt: skip
def test_told(text: str, severity: str, path: str, rule: str) -> None:
    found = check(text)
    assert (severity, path, rule) in [(each.severity, each.path, each.rule) for each in found], found
    assert not [each for each in found if each.severity == "error"]
    require_sound(scene(text), Facts(world(), Catalogue()))


@pytest.mark.parametrize(
    "text",
    [
        WARM,
        when("{time: {at: sunset, offset_s: -600, every: weekday}}"),
        when("{travel: {things: [su7], arrives: hall}}"),
        when("{travel: {things: [wei], leaves: home}}"),
        when("{event: {things: [lock], event: unlocked_by, fields: {user: wei}}}"),
        when("{event: {place: home, event: ring}}"),
        when("{silence: {kind: sensor, for_s: 60}}"),
        when("{window: {things: [probe], property: temperature, over_s: 60, agg: rate, above: 5}}"),
        when("{window: {things: [climate], property: hvac_mode, over_s: 60, agg: count, above: 5}}"),
        when("{change: {things: [probe], property: temperature, by: 2}}"),
        when("{change: {things: [climate], property: hvac_mode, is: [heat, cool], was: 'off'}}"),
        given("{time: {after: '22:00', before: '06:00'}}, {time: {after: '05:00', before: '23:00'}}"),
        given("{state: {things: [lamp, other], property: on_off, is: true, of: any}}, {state: {things: [lamp, other], property: on_off, is: false, of: any}}"),
        given("{state: {things: [lamp], property: brightness, above: 10}}, {state: {things: [lamp], property: brightness, below: 20}}"),
        given("{state: {things: [lamp], property: on_off, is: [true, false], for_s: 60}}"),
        given("{not: {mode: {place: home, is: away}}}, {mode: {place: home, is: home}}"),
        given("{sun: {is: up}}, {connection: {things: [lamp], is: online}}, {whereabouts: {things: [wei], at: home}}"),
        given('{cel: {expression: "t > 19.5 && o", given: {t: {thing: probe, property: temperature}, o: {thing: lamp, property: on_off}}}}'),
        then("{set: {place: hall, state: {on_off: false}}}"),
        then("{set: {things: [climate], state: {target_temperature: {cel: {expression: 't - 2.0 < 5.0 ? 5.0 : 21.0', given: {t: {thing: probe, property: temperature}}}}}}}"),
        then("{set: {things: [lamp], state: {brightness: {add: 10}, on_off: {toggle: true}}}}"),
        then("{snapshot: {name: before, things: [lamp]}}, {restore: {name: before}}"),
        then("{call: {things: [vacuum], action: dock}}, {http: {url: 'https://example.org'}}"),
        then("{wait: {until: [{sun: {is: up}}], otherwise: stop}}, {notify: {to: [wei], text: '{probe.temperature}'}}"),
        then("{wait: {for_s: 5}}, {repeat: {until: [{sun: {is: up}}], then: [{wait: {for_s: 60}}]}}"),
        then("{choose: {branches: [{if: [{state: {things: [probe], property: temperature, above: 25}}], then: [{stop: {}}]},"
             "{if: [{state: {things: [probe], property: temperature, above: 20}}], then: [{stop: {}}]}]}}, {notify: {text: x}}"),
        then("{mode: {place: home, to: away}}"),
        given("{window: {things: [probe], property: temperature, over_s: 60, agg: max, below: 20}}"),
        then("{call: {things: [agv], action: go_to, input: {station: {cel: {expression: '\"a\"'}}}}}"),
        then("{call: {place: home, action: identify}}"),
        when("{event: {things: [box], event: a.full, fields: {gone: [1], warm: 20}}}"),
        when("{change: {things: [box], property: a.list, is: [[1, 2]]}}"),
        when("{change: {things: [box], property: a.warm, is: [20, 30], is_not: 25}}"),
        given("{state: {kind: light, property: on_off, is: true}}, {state: {things: [lamp], property: brightness, above: 5}}"),
        given("{state: {things: [lamp], property: on_off, is: true, of: none}}, {state: {things: [lamp], property: on_off, is: true}}"),
        given("{time: {after: '07:00:30', before: '07:00:40'}}, {time: {after: '07:00:35'}}, {time: {before: '07:00:36'}}"),
        given("{connection: {things: [lamp], is: online}}, {connection: {things: [other], is: offline}}"),
        given("{any: [{sun: {is: up}}, {mode: {place: home, is: away}}]}, {not: {sun: {is: down}}}"),
        then("{repeat: {while: [{sun: {is: up}}], then: [{wait: {for_s: 5}}]}}, {wait: {until: [{sun: {is: up}}]}}, {notify: {text: x}}"),
    ],
)  # fmt: skip
def test_sound(text: str) -> None:
    assert check(text, people=["wei"]) == []


def test_several_errors_are_counted() -> None:
    with pytest.raises(CallerError, match="and 1 more error\\)"):
        require_sound(scene(then("{set: {things: [a, b], state: {on_off: true}}}")), Facts(world(), Catalogue()))


def test_words() -> None:
    assert str(Finding("error", "if.0", "never", "no", "yes")) == "if.0: no; expected yes"
    assert str(Finding("error", "if.0", "never", "no")) == "if.0: no"


@pytest.mark.parametrize(
    ("expression", "schema", "result", "fault"),
    [
        ("x > 5", Schema(kind="int"), None, None),
        ("x > 5", Schema(kind="int", min=3), None, None),
        ("x > 5.0", Schema(kind="float", max=3), None, None),
        ("x > 5.0", Schema(kind="int", min=0, max=9), Schema(kind="bool"), None),
        ("x == 'off' ? 5 : 6", Schema(kind="enum", choices=(Choice(value="off"),)), Schema(kind="int", max=5), None),
        ("size(x)", Schema(kind="string"), Schema(kind="int"), None),
        ("size(x)", Schema(kind="array"), None, "true or false"),
        ("x.y", Schema(kind="object"), Schema(kind="any"), "types"),
        ("x ? 1 : 2", Schema(kind="bool"), Schema(kind="bool"), "true or false"),
        ("[", Schema(kind="bool"), Schema(kind="bool"), "CEL"),
    ],
)
def test_trial(expression: str, schema: Schema, result: Schema | None, fault: str | None) -> None:
    cel = Cel(expression=expression, given={"x": Given(thing="a", property="b")})
    found = try_expression(cel, {"x": schema}, result)
    assert (found is None) if fault is None else (found is not None and fault in found[1]), found


def test_similar_names() -> None:
    assert near("lamp1", ["lamp2", "lamp3", "door"], "a thing") == "one of lamp3, lamp2"
    assert near("x", ["lamp"], "a thing") == "a thing"
    assert near("lamp1", [f"lamp{n}" for n in range(3000)], "a thing") == "a thing"


def ring(text: str, *others: tuple[str, str]) -> list[Finding]:
    found = check(text, *(scene(body, id) for id, body in others))
    return [finding for finding in found if finding.rule == "ring"]


def sets(trigger: str, step: str, **more: Any) -> str:
    extra = "".join(f"{name}: {value}\n" for name, value in more.items())
    return f"{extra}when: [{trigger}]\nthen: [{step}]\n"


def on(thing: str, value: str = "true") -> str:
    return f"{{change: {{things: [{thing}], property: on_off, is: {value}}}}}"


def put(thing: str, value: str = "true") -> str:
    return f"{{set: {{things: [{thing}], state: {{on_off: {value}}}}}}}"


class TestRings:
    def test_without_end(self) -> None:
        (found,) = ring(sets(on("lamp"), put("lamp", "false")), ("b", sets(on("lamp", "false"), put("lamp"))))
        assert (found.severity, found.path, found.scenes) == ("error", "when.0.change", ("b",))
        assert found.reason == (
            "s sets lamp.on_off, which sets off b; b sets lamp.on_off, which sets off s, without end"
        )

    def test_by_itself(self) -> None:
        (found,) = ring(sets(on("lamp"), put("lamp", "{toggle: true}")))
        assert (found.severity, found.scenes) == ("error", ())

    def test_damped_by_values(self) -> None:
        (found,) = ring(sets(on("lamp"), put("other")), ("b", sets(on("other"), put("lamp"))))
        assert found.severity == "info"
        assert "fail the test again" in found.reason

    @pytest.mark.parametrize(
        ("value", "severity"),
        [("5", "info"), ("{add: 5}", "info"), ("{add: -5}", "info"), ("{cel: {expression: '5'}}", "error")],
    )
    def test_any_change(self, value: str, severity: str) -> None:
        trigger = "{change: {things: [lamp], property: brightness}}"
        step = f"{{set: {{things: [lamp], state: {{brightness: {value}}}}}}}"
        (found,) = ring(sets(trigger, step))
        assert found.severity == severity

    def test_up_and_down(self) -> None:
        trigger = "{change: {things: [lamp], property: brightness}}"
        up, down = (f"{{set: {{things: [lamp], state: {{brightness: {{add: {n}}}}}}}}}" for n in (5, -5))
        found = ring(sets(trigger, up), ("b", sets(trigger, down)))
        assert [(each.severity, each.scenes) for each in found] == [("error", ("b",)), ("info", ())]
        assert "error" in [each.severity for each in ring(sets(trigger, f"{up}, {down}"))]

    def test_without_a_limit(self) -> None:
        trigger = "{change: {things: [press], property: setpoint}}"
        (found,) = ring(sets(trigger, "{set: {things: [press], state: {setpoint: {add: 1}}}}"))
        assert found.severity == "error"

    def test_deeper_into_a_bound(self) -> None:
        trigger = "{change: {things: [lamp], property: brightness, above: 50}}"
        for value, severity in (("{add: 5}", "info"), ("{add: -5}", "error"), ("80", "info")):
            (found,) = ring(sets(trigger, f"{{set: {{things: [lamp], state: {{brightness: {value}}}}}}}"))
            assert found.severity == severity, value
        both = "{change: {things: [lamp], property: brightness, above: 50, below: 90}}"
        (found,) = ring(sets(both, "{set: {things: [lamp], state: {brightness: {add: 5}}}}"))
        assert found.severity == "error"

    def test_slow(self) -> None:
        (found,) = ring(sets(on("lamp"), "{wait: {for_s: 60}}, " + put("lamp", "{toggle: true}")))
        assert found.severity == "warning"
        assert "once in 60 s" in found.reason

    def test_a_condition_may_end_it(self) -> None:
        text = sets(on("lamp"), put("lamp", "{toggle: true}")) + "if: [{mode: {place: home, is: night}}]\n"
        assert [each.severity for each in ring(text)] == ["warning"]

    def test_modes(self) -> None:
        a = sets("{mode: {place: home, is: away}}", "{mode: {place: home, to: home}}")
        b = sets("{mode: {place: home, is: home}}", "{mode: {place: home, to: away}}")
        (found,) = ring(a, ("b", b))
        assert found.severity == "error"
        c = sets("{mode: {place: home, is: away}}", "{mode: {place: home, to: away}}")
        assert [each.severity for each in ring(c)] == ["info"]

    def test_scenes_that_run_each_other(self) -> None:
        b = ("b", sets(on("other"), "{scene: {id: s}}"))
        assert [each.severity for each in ring(sets(on("lamp"), "{scene: {id: b}}"), b)] == ["info"]
        (found,) = ring(sets(on("lamp"), "{scene: {id: b}}", mode="parallel"), b)
        assert (found.severity, found.path) == ("error", "then.0.scene")
        assert found.reason.startswith("s runs b; b runs s")

    def test_the_end_sets_off(self) -> None:
        (found,) = ring(sets("{scene: {id: b}}", "{stop: {}}"), ("b", sets("{scene: {id: s}}", "{stop: {}}")))
        assert found.severity == "error"
        assert "the end of s sets off b" in found.reason

    def test_a_figure_over_time(self) -> None:
        trigger = "{window: {things: [lamp], property: brightness, over_s: 60, agg: mean, above: 50}}"
        (found,) = ring(sets(trigger, "{set: {things: [lamp], state: {brightness: 80}}}"))
        assert found.severity == "error"

    def test_none(self) -> None:
        assert not ring(sets(on("lamp"), put("lamp", "false")))  # it does not begin to be true by that
        assert not ring(sets(on("lamp"), put("other")), ("b", sets(on("probe"), put("lamp"))))
        assert not ring(WARM, ("b", sets("{scene: {id: b}}", "{scene: {id: gone}}")))

    @pytest.mark.parametrize(
        ("selection", "rings"),
        [
            ("kind: light, place: home", 1),
            ("kind: light", 1),
            ("place: hall", 1),
            ("kind: lamp", 0),
            ("kind: light, place: lab", 0),
            ("things: [lock], place: lab", 0),
        ],
    )
    def test_through_a_selection(self, selection: str, rings: int) -> None:
        others = f"{{change: {{{selection}, property: on_off, is: true}}}}"
        assert len(ring(sets(on("other"), put("lamp")), ("b", sets(others, put("other", "{toggle: true}"))))) == rings
        steps = f"{{set: {{{selection}, state: {{on_off: {{toggle: true}}}}}}}}"
        found = ring(sets(on("lamp"), put("other")), ("b", sets(on("other"), steps)))
        assert len(found) == rings

    def test_by_trait_and_kind(self) -> None:
        (found,) = ring(
            sets("{change: {kind: light, place: home, property: on_off, is: true}}", put("other", "{toggle: true}"))
        )
        assert found.severity == "error"


class TestClashes:
    def clash(self, text: str, *others: tuple[str, str]) -> list[tuple[str, str]]:
        found = check(text, *(scene(body, id) for id, body in others))
        return [(each.rule, each.path) for each in found if each.rule in ("clash", "shadowed")]

    @pytest.mark.parametrize(
        ("mine", "theirs"),
        [
            (on("lock"), on("lock")),
            ("{time: {at: '07:00'}}", "{time: {at: '07:00', every: weekday}}"),
            ("{mode: {place: home, is: [away, night]}}", "{mode: {place: home, is: night}}"),
            ("{event: {things: [bell], event: ring}}", "{event: {kind: doorbell, event: ring}}"),
            ("{travel: {things: [su7], arrives: home}}", "{travel: {things: [su7, wei], arrives: home}}"),
            ("{scene: {id: c}}", "{scene: {id: c}}"),
            ("{connection: {things: [lamp], is: offline}}", "{connection: {things: [lamp], is: offline}}"),
            ("{change: {things: [climate], property: hvac_mode, is: [heat, cool]}}", "{change: {things: [climate], property: hvac_mode, is: heat}}"),
        ],
    )  # fmt: skip
    def test_the_same_moment(self, mine: str, theirs: str) -> None:
        mine, theirs = (each.replace("on_off", "locked") if "lock]" in each else each for each in (mine, theirs))
        c = ("c", sets(on("probe"), "{stop: {}}"))
        assert self.clash(sets(mine, put("lamp")), ("b", sets(theirs, put("lamp", "false"))), c) == [
            ("clash", "then.0.set.state.on_off")
        ]

    def test_modes(self) -> None:
        a, b = (sets("{time: {at: '07:00'}}", f"{{mode: {{place: home, to: {mode}}}}}") for mode in ("home", "away"))
        assert self.clash(a, ("b", b)) == [("clash", "then.0.mode")]

    @pytest.mark.parametrize(
        ("mine", "theirs"),
        [
            ("{time: {at: '07:00'}}", "{time: {at: '07:01'}}"),
            ("{time: {at: '07:00', every: weekend}}", "{time: {at: '07:00', every: weekday}}"),
            ("{time: {at: '07:00', every: weekend}}", "{time: {at: '07:00', every: never}}"),
            ("{mode: {place: home, is: away}}", "{mode: {place: home, is: night}}"),
            ("{mode: {place: home, is: away}}", "{time: {at: '07:00'}}"),
            (on("other"), on("other", "false")),
            (on("other"), "{change: {things: [other], property: brightness, is: 5}}"),
            (on("other"), "{change: {things: [other], property: nothing, is: 5}}"),
            (on("other"), on("climate")),
            (on("gone"), on("gone")),
        ],
    )
    def test_another_moment(self, mine: str, theirs: str) -> None:
        assert not self.clash(sets(mine, put("lamp")), ("b", sets(theirs, put("lamp", "false"))))

    def test_a_selection(self) -> None:
        a = sets("{time: {at: '07:00'}}", put("lamp"))
        b = sets(
            "{time: {at: '07:00'}}", "{set: {kind: light, place: hall, state: {on_off: false}}}, {notify: {text: x}}"
        )
        assert self.clash(a, ("b", b)) == [("clash", "then.0.set.state.on_off")]
        assert self.clash(b, ("a", a)) == [("clash", "then.0.set.state.on_off")]

    def test_told_apart(self) -> None:
        b = sets("{time: {at: '07:00'}}", put("lamp", "false")) + "if: [{mode: {place: home, is: away}}]\n"
        a = sets("{time: {at: '07:00'}}", put("lamp")) + "if: [{mode: {place: home, is: home}}]\n"
        assert not self.clash(a, ("b", b))
        assert not self.clash(sets("{time: {at: '07:00'}}", "{wait: {for_s: 5}}, " + put("lamp")), ("b", b))
        assert not self.clash(sets("{time: {at: '07:00'}}", put("lamp", "{toggle: true}")), ("b", b))
        late = sets("{time: {at: '07:00'}}", "{wait: {for_s: 5}}, " + put("lamp", "false"))
        assert not self.clash(sets("{time: {at: '07:00'}}", put("lamp")), ("b", late))

    def test_of_several_triggers_only_those_of_a_kind_may_coincide(self) -> None:
        mine = sets(f"{{time: {{at: '07:00'}}}}, {on('lamp')}", put("other"))
        assert self.clash(mine, ("b", sets(on("lamp"), put("other", "false")))) == [
            ("clash", "then.0.set.state.on_off")
        ]

    def test_shadowed(self) -> None:
        text = sets("{time: {at: '07:00'}}", put("lamp"))
        narrow = text + "if: [{mode: {place: home, is: away}}]\n"
        assert self.clash(narrow, ("b", text)) == [("shadowed", "when.0.time")]
        assert not self.clash(text, ("b", narrow))
        assert not self.clash(text, ("b", "enabled: false\n" + text))

    def test_its_own_earlier_version(self) -> None:
        text = sets("{time: {at: '07:00'}}", put("lamp"))
        assert not self.clash(text, ("s", sets("{time: {at: '07:00'}}", put("lamp", "false"))))
        home, away = (sets("{time: {at: '07:00'}}", f"{{mode: {{place: home, to: {to}}}}}") for to in ("home", "away"))
        assert not self.clash(home, ("s", away))


class TestUnreachable:
    """Findings of branches whose conditions cover each other."""

    @pytest.mark.parametrize(
        ("first", "second", "covered"),
        [
            ("state: {things: [lamp], property: on_off, is: [true, false]}", "sun: {is: up}", True),
            ("any: [{state: {things: [lamp], property: on_off, is_not: []}}, {sun: {is: up}}]", "sun: {is: up}", True),
            (
                "state: {kind: light, property: brightness, above: 5, of: any}",
                "state: {kind: light, property: brightness, above: 6, of: any}",
                True,
            ),
            (
                "state: {kind: light, property: brightness, above: 5, of: none}",
                "state: {kind: light, property: brightness, above: 6, of: none}",
                False,
            ),
            (
                "state: {things: [lamp], property: brightness, above: 5}",
                "state: {things: [other], property: brightness, above: 6}",
                False,
            ),
            (
                "state: {kind: fan, property: brightness, above: 5}",
                "state: {kind: fan, property: brightness, above: 6}",
                False,
            ),
            ("mode: {place: home, is: away}", "mode: {place: home, is: night}", False),
        ],
    )
    def test_branches(self, first: str, second: str, covered: bool) -> None:
        branches = ", ".join(f"{{if: [{{{each}}}], then: [{{notify: {{text: x}}}}]}}" for each in (first, second))
        found = check(then(f"{{choose: {{branches: [{branches}]}}}}"))
        assert ("then.0.choose.branches.1" in [each.path for each in found if each.rule == "unreachable"]) is covered

    @pytest.mark.parametrize(
        "step",
        [
            "{wait: {until: [{any: []}], otherwise: stop}}",
            "{wait: {until: [{state: {things: [lamp], property: brightness, above: 200}}], otherwise: stop}}",
            "{choose: {branches: [{if: [{state: {things: [lamp], property: on_off, is: [true, false]}}], then: [{stop: {}}]}]}}",
        ],
    )
    def test_steps_behind(self, step: str) -> None:
        found = check(then(f"{step}, {{notify: {{text: x}}}}"))
        assert ("then.1", "unreachable") in [(each.path, each.rule) for each in found]

    def test_a_loop_that_is_never_entered(self) -> None:
        text = "{repeat: {while: [{not: {all: []}}], then: [{stop: {}}]}}, {notify: {text: x}}"
        found = [each.path for each in check(then(text)) if each.rule == "unreachable"]
        assert found == ["then.0.repeat.then"]

    def test_what_is_impossible_is_true_of_none(self) -> None:
        none = "{state: {things: [lamp], property: brightness, above: 200, of: none}}"
        found = check(
            then(f"{{choose: {{branches: [{{if: [{none}], then: [{{stop: {{}}}}]}}]}}}}, {{notify: {{text: x}}}}")
        )
        assert "then.1" in [each.path for each in found]


class TestCatalogue:
    def test_put_and_remove(self) -> None:
        text = sets(on("lamp"), put("other") + ", {mode: {place: home, to: away}}, {scene: {id: x}}")
        catalogue = Catalogue([scene(text, "a"), scene("when: [{time: {at: '07:00'}}]", "b")])
        assert (list(catalogue), len(catalogue)) == (["a", "b"], 2)
        place = world()
        lamp, other = place.things["lamp"], place.things["other"]
        assert [each.scene for each in catalogue.waiting_for(lamp, "on_off", place)] == ["a"]
        assert [each.path for each in catalogue.doing_to(other, "on_off", place, {"a"})] == ["then.0.set.state.on_off"]
        assert not list(catalogue.doing_to(other, "on_off", place, {"b"}))
        assert not list(catalogue.doing_to(other, "brightness", place, {"a"}))
        catalogue.put(scene(sets(on("other"), put("lamp")), "a"))
        assert not list(catalogue.waiting_for(lamp, "on_off", place))
        assert not catalogue.doing_to_mode("home")
        catalogue.remove("a")
        catalogue.remove("a")
        assert "a" not in catalogue
        assert catalogue.get("a") is None

    def test_what_may_be_set_off_or_be_triggered_together(self) -> None:
        catalogue = Catalogue(
            [
                scene(sets(on("lamp"), put("other")), "lamp"),
                scene(sets("{change: {kind: light, place: home, property: on_off, is: true}}", put("other")), "wide"),
                scene("when: [{mode: {place: home, is: away}}]", "mode"),
                scene("when: [{scene: {id: s}}]", "end"),
                scene("when: [{time: {at: '07:00'}}]", "time"),
                scene("when: [{time: {at: '08:00'}}]", "later"),
            ]
        )
        for text, off in (
            (sets(on("probe"), put("lamp")), {"end", "lamp", "wide"}),
            (sets(on("probe"), "{mode: {place: home, to: night}}"), {"end", "mode"}),
            (sets(on("probe"), "{scene: {id: other}}"), {"end", "other"}),
            (sets(on("probe"), "{notify: {text: x}}"), {"end"}),
        ):
            assert catalogue.set_off_by(footprint(scene(text, "s")), world()) == off, text
        for when, together in (
            (on("lamp"), {"lamp", "wide"}),
            ("{time: {at: '09:00'}}", {"time", "later"}),
            ("{mode: {place: home, is: night}}", {"mode"}),
            ("{scene: {id: nobody}}", set()),
        ):
            made = footprint(scene(f"when: [{when}]", "s"))
            assert catalogue.triggered_with(made, world()) == together, when
