# ruff: noqa: E501  a line is a case
"""Corners of the dialects that no device of ours comes to: odd values, odd models, bounds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.dialect.test_firmwares import BULB, PLUG, devices
from tests.dialect.test_homeassistant import S, bench, message, one, only
from unisono.dialect import Announced, Caller, Odd, Part, Promised, pieces
from unisono.dialect.alink import ALINK
from unisono.dialect.alink.history import MOST, read_batch
from unisono.dialect.fitting import fit, unfit, value_of
from unisono.dialect.homeassistant import HOMEASSISTANT
from unisono.dialect.homeassistant import bridge as discovering
from unisono.dialect.homeassistant.abbreviations import expand
from unisono.dialect.homeassistant.bridge import Discovery
from unisono.dialect.shelly.gen1 import Gen1
from unisono.dialect.shelly.gen2 import Gen2
from unisono.dialect.tasmota import TASMOTA
from unisono.dialect.zigbee2mqtt import ZIGBEE2MQTT
from unisono.errors import CallerError
from unisono.testing.dialect import Bench, Message
from unisono.thing import Choice, Field, Property, Schema, builtin_model
from unisono.thing.codec import Map


@pytest.mark.parametrize(
    ("schema", "wire", "value"),
    [
        (Schema(kind="bool"), 1, True),
        (Schema(kind="bool"), "off", False),
        (Schema(kind="bool"), "maybe", "maybe"),
        (Schema(kind="bool"), [1], [1]),
        (Schema(kind="int"), "12", 12),
        (Schema(kind="int"), True, 1),
        (Schema(kind="int"), 12.5, 12.5),
        (Schema(kind="int"), 12.0, 12),
        (Schema(kind="int"), "x", "x"),
        (Schema(kind="float"), "1e999", "1e999"),
        (Schema(kind="float"), True, 1.0),
        (Schema(kind="float"), "1.5", 1.5),
        (Schema(kind="float"), None, None),
        (Schema(kind="string"), 5, "5"),
        (Schema(kind="string"), True, "true"),
        (Schema(kind="string"), False, "false"),
        (Schema(kind="string"), [1], [1]),
        (Schema(kind="enum", choices=(Choice(value=1, key="low"), Choice(value="High"))), "LOW", 1),
        (Schema(kind="enum", choices=(Choice(value=1, key="low"), Choice(value="High"))), "high", "High"),
        (Schema(kind="enum", choices=(Choice(value=1),)), 1.0, 1),
        (Schema(kind="enum", choices=(Choice(value=1),)), "other", "other"),
        (Schema(kind="array", items=Schema(kind="int")), ["1", 2], [1, 2]),
        (Schema(kind="array"), ["1"], ["1"]),
        (
            Schema(kind="object", fields=(Field(key="a", schema=Schema(kind="int")),)),
            {"a": "1", "b": "2"},
            {"a": 1, "b": "2"},
        ),
        (Schema(kind="object"), 7, 7),
        (Schema(kind="any"), "1", "1"),
    ],
)
def test_values_are_made_to_fit(schema: Schema, wire: Any, value: Any) -> None:
    made = fit(schema, wire)
    assert made == value and type(made) is type(value)


def test_a_codec_that_does_not_know_a_value() -> None:
    property = Property(key="x", schema=Schema(kind="bool"), codec=(Map(pairs=(("ON", True), ("OFF", False))),))
    assert value_of(property, "ON") is True and value_of(property, "HUH") == "HUH"
    assert unfit(property, True) == "ON"
    with pytest.raises(CallerError):
        unfit(property, "x")


def test_a_batch_is_bounded() -> None:
    dated = [{"value": n, "time": n + 1} for n in range(MOST + 5)]
    assert len(read_batch({"properties": {"a": dated}}).values) == MOST


def test_abbreviations() -> None:
    full = expand(
        {"~": "b", "avty": {"t": "x~", "pl_avail": "1"}, "o": {"sw": "1"}, "dev": {"mf": "A"}, "stat_t": "s/~"}
    )
    assert full["availability"] == [{"topic": "xb", "payload_available": "1"}]
    assert (
        full["origin"] == {"sw_version": "1"}
        and full["device"] == {"manufacturer": "A"}
        and full["state_topic"] == "s/b"
    )
    assert expand({"~": 7, "stat_t": "~/x"})["state_topic"] == "~/x"
    assert expand({"~": "b", "avty": [7, {"t": 7}]})["availability"] == [{"topic": 7}]


@pytest.mark.parametrize(
    ("component", "config", "topic", "said"),
    [
        ("light", {**S, "schema": "json", "sup_clrm": ["rgb"], "effect": True}, "s", '{"state":"?","color":{"q":1},"color_temp":"x"}'),
        ("light", {**S, "schema": "json", "sup_clrm": ["color_temp", "rgbw"]}, "s", '{"color_temp":0,"color":7}'),
        ("light", {"stat_t": "s", "schema": "json"}, "s", "[]"),
        ("light", {"cmd_t": "c", "schema": "json"}, "c", "x"),
        ("light", {**S, "rgb_stat_t": "r"}, "r", "1,2"),
        ("light", {**S, "stat_val_tpl": "{{ value_json.a }}"}, "s", '{"a":"?"}'),
        ("light", {"stat_t": "s", "schema": "template", "stat_tpl": "{{ value }}"}, "s", "?"),
        ("light", {**S, "schema": "template", "cmd_on_tpl": "on", "r_tpl": "x", "g_tpl": "x", "b_tpl": "x"}, "s", "x"),
        ("cover", {"stat_t": "s"}, "s", "halfway"),
        ("cover", {"pos_t": "s", "set_pos_t": "c"}, "s", "x"),
        ("climate", {"temp_stat_t": "s"}, "s", "x"),
        ("climate", {"mode_stat_t": "s"}, "s", "x"),
        ("climate", {"curr_temp_t": "s"}, "s", "nan"),
        ("climate", {"temp_stat_t": "s"}, "s", "1e999"),
        ("fan", {**S, "pct_cmd_t": "p", "pct_stat_t": "ps"}, "ps", "x"),
        ("humidifier", S, "s", "x"),
        ("vacuum", {"stat_t": "s"}, "s", '"x"'),
        ("vacuum", {**S, "set_fan_spd_t": "f"}, "s", "docked!"),
        ("lawn_mower", {"act_stat_t": "s", "strt_mw_cmd_t": "c"}, "s", "x"),
        ("alarm_control_panel", {"stat_t": "s"}, "s", "x"),
        ("water_heater", {"temp_stat_t": "s"}, "s", "x"),
        ("sensor", {"stat_t": "s", "dev_cla": "enum"}, "s", ""),
        ("sensor", {"stat_t": "s", "unit_of_meas": "V"}, "s", "x"),
        ("sensor", {"stat_t": "s", "val_tpl": "{{ value_json.x }}"}, "s", '{"x":{"y":1}}'),
        ("sensor", {"stat_t": "s", "dev_cla": "temperature", "unit_of_meas": "V"}, "s", "x"),
        ("sensor", {"stat_t": "s", "dev_cla": "temperature", "unit_of_meas": "°F"}, "s", "x"),
        ("sensor", {"stat_t": "s", "dev_cla": "energy", "unit_of_meas": "Wh"}, "s", "x"),
        ("event", {"evt_typ": ["a"]}, "s", "x"),
        ("device_tracker", {"stat_t": "s", "json_attr_t": "a"}, "a", "{}"),
        ("update", {"l_ver_t": "l"}, "l", "1"),
        ("update", {"stat_t": "s", "val_tpl": "{{ value_json.v }}"}, "s", "{}"),
        ("binary_sensor", {"stat_t": "s", "pl_on": "a", "pl_off": "b", "val_tpl": "{{ value_json.x }}"}, "s", '{"x":true}'),
        ("binary_sensor", {"stat_t": "s", "dev_cla": "door"}, "s", "?"),
        ("number", {"cmd_t": "c", "ent_cat": "config", "dev_cla": "temperature", "unit_of_meas": "°C", "exp_aft": -1}, "c", "x"),
        ("button", {}, "x", "x"),
        ("scene", {}, "x", "x"),
        ("select", {"stat_t": "s", "avty": [7, {"topic": 7}]}, "s", "x"),
        ("switch", {"stat_t": "s", "cmd_t": "c", "cmd_tpl": "{{ value }}"}, "s", "?"),
    ],
)  # fmt: skip
def test_what_says_nothing_changes_nothing(component: str, config: dict[str, Any], topic: str, said: str) -> None:
    made = one(component, config)
    made.say(Message(topic, said.encode()))
    assert made.letters == [] or all(letter.startswith("bad_value") for letter in made.letters)
    assert made.odd == []


def test_lamps_by_a_template_and_covers_that_cannot() -> None:
    config = {
        **S,
        "schema": "template",
        "cmd_on_tpl": "{{ state }},{{ color_temp }}",
        "cmd_off_tpl": "bye",
        "clr_temp_tpl": "{{ value }}",
    }
    made = one("light", config)
    key = only(made)
    made.ask(key, {"on_off": False})
    made.ask(key, {"color_temperature": 4000})
    assert [each.payload for each in made.take_told()] == [b"bye", b"on,250"]
    made = one("cover", {**S, "pl_stop": None})
    assert dict(made.models[only(made)].actions) == {}
    made = one("lawn_mower", {"strt_mw_cmd_t": "s", "dock_cmd_t": "d"})
    made.ask(only(made), {"start_stop": True})
    made.ask(only(made), {"start_stop": False})
    assert [each.payload for each in made.take_told()] == [b"start_mowing", b"dock"]
    made = one("sensor", {"stat_t": "s", "avty_t": "a", "avty_tpl": "{{ value | int }}"})
    made.say(message("a", "x"))
    assert [each.code for each in made.odd] == ["bad_value"]
    made = one("sensor", {"stat_t": "s", "val_tpl": "{{ value | int }}"})
    made.say(message("s", "x"))
    assert [each.code for each in made.odd] == ["bad_value"]


def test_a_device_without_names_and_with_numbers() -> None:
    made = bench(message("homeassistant/switch/a/config", {**S, "dev": {"ids": 7, "cns": "x"}}))
    assert only(made) == "7"
    made = bench(message("homeassistant/switch/a/config", {**S, "dev": {"cns": [["mac"], ["mac", "aa"]]}}))
    assert only(made) == "mac:aa"
    made = bench(message("homeassistant/switch/a/config", {**S, "dev": 7}))
    assert only(made) == "homeassistant/switch/a/config"


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "DEVICES", 2)
    made = bench(*(message(f"homeassistant/switch/s{n}/config", {**S, "uniq_id": f"s{n}"}) for n in range(4)))
    assert len(made.things) == 2 and [each.code for each in made.odd] == ["too_many", "too_many"]
    monkeypatch.setattr(pieces, "PIECES", 1)
    same = {"dev": {"ids": ["d"]}}
    made = bench(*(message(f"homeassistant/switch/s{n}/config", {**S, "uniq_id": f"s{n}", **same}) for n in range(3)))
    assert [each.code for each in made.odd] == ["too_many", "too_many"]


def switches(*numbers: int, prefix: str = "homeassistant", **more: Any) -> list[Message]:
    return [message(f"{prefix}/switch/s{n}/config", {**S, "uniq_id": f"s{n}", **more}) for n in numbers]


def test_a_flood_of_announcements_ends_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PIECES_IN_ALL", 3)
    made = bench(*switches(*range(5)))
    assert len(made.things) == 3 and [each.code for each in made.odd] == ["too_many", "too_many"]
    # what was there is said again, and what goes makes room
    made.say(*switches(1), message("homeassistant/switch/s0/config", ""), *switches(4), *switches(3))
    made.tick(5)
    assert sorted(made.things) == ["s1", "s2", "s4"] and len(made.odd) == 3
    discovery: Any = made.translator
    assert len(discovery._said) == len(discovery._sizes) == 3  # of what came to nothing nothing is kept


def test_announcements_are_counted_by_their_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovering, "MOST_BYTES", 400)
    made = bench(*switches(0, 1), *switches(2, note="x" * 400))
    assert sorted(made.things) == ["s0", "s1"] and [each.code for each in made.odd] == ["too_many"]
    made.say(*switches(0, 1), message("homeassistant/switch/s0/config", ""), *switches(3, note="x" * 100))
    made.tick(5)
    assert sorted(made.things) == ["s1", "s3"]


def test_prefixes_are_not_kept_without_end() -> None:
    made = bench(*(each for n in range(50) for each in switches(n, prefix=f"p{n}")))
    told = made.translator.subscribed([f"p{n}/#" for n in range(50)])
    assert len(made.things) == 50 and 0 < len(told) < 50


@pytest.mark.parametrize(
    "components", [{"a": 5, "b": None, "c": []}, {"a": {"p": []}}, {"a": {"p": {}}}, [1], "x", None]
)
@pytest.mark.parametrize("device", [{"ids": ["q"]}, {"ids": {}}, 5, None, {"ids": [[1]], "name": {}, "cns": 5}])
def test_a_device_whose_components_are_none(components: Any, device: Any) -> None:
    assert bench(message("homeassistant/device/x/config", {"dev": device, "cmps": components})).things == {}


def test_a_model_that_is_not_sound() -> None:
    made = bench(message("homeassistant/number/n/config", {"cmd_t": "c", "min": 9, "max": 1}))
    assert made.things == {} and [each.code for each in made.odd] == ["bad_model"]


def test_a_device_that_is_away_without_saying_so_and_what_it_cannot_do() -> None:
    made = one("sensor", {"stat_t": "s"})
    translator = made.translator
    with pytest.raises(CallerError):
        translator.wanted("x", "set", {"id": "c", "state": {"x.value": 1}}, 0)
    with pytest.raises(CallerError):
        translator.wanted("x", "call/x.fly", {"id": "c"}, 0)
    assert translator.answered(None, None, 0) == [] and translator.heard("nothing", b"", 0) is None
    assert Discovery().drop("none", "x", 0) == []
    with pytest.raises(NotImplementedError):
        pieces.Gatherer().announces("x")
    with pytest.raises(NotImplementedError):
        pieces.Gatherer().announce("x", b"", 0)
    assert pieces.member_key("--") == "member" and pieces.json_of(b"{") is pieces.ABSENT


def test_what_is_withdrawn_while_it_is_new() -> None:
    made = Bench()
    made.connect(HOMEASSISTANT.bridge())
    topic = "homeassistant/switch/x/config"
    made.say(message(topic, {**S, "uniq_id": "x"}), message("s", "ON"), Message(topic, b""))
    made.tick(5)
    assert made.things == {}
    # what is said before it is announced is heard when it is
    made.say(message(topic, {**S, "uniq_id": "x", "obj_id": "x"}), message("s", "ON"), Message("s", b"x" * 100_000))
    made.tick(5)
    assert made.value("x", "x.on_off") is True
    made.say(message(topic, {**S, "uniq_id": "y"}))
    made.tick(5)
    assert list(made.things) == ["y"]


def test_two_devices_on_one_topic() -> None:
    made = bench(
        message("homeassistant/switch/a/config", {**S, "uniq_id": "a", "obj_id": "a"}),
        message("homeassistant/switch/b/config", {**S, "uniq_id": "b", "obj_id": "b"}),
    )
    made.say(message("s", "ON"))
    assert made.value("a", "a.on_off") is True and made.value("b", "b.on_off") is True
    made.say(Message("homeassistant/switch/a/config", b""), message("s", "OFF"))
    assert made.value("b", "b.on_off") is False
    two = {
        "dev": {"ids": ["d"]},
        "cmps": {"a": {"p": "switch", **S, "obj_id": "a"}, "b": {"p": "switch", **S, "obj_id": "b"}},
    }
    made = bench(message("homeassistant/device/d/config", two))
    assert made.translator.heard("s", b"ON", 0) == [("d", {"a.on_off": True, "b.on_off": True}, None)]


def test_corners_of_firmwares() -> None:
    made = Bench()
    made.connect(TASMOTA.bridge())
    made.say(
        message(
            "tasmota/discovery/AABBCC000001/config",
            {**PLUG, "rl": [2], "lt_st": 1, "tp": 7, "state": 7, "fn": 7, "btn": 7, "swc": 7},
        )
    )
    made.say(message("tasmota/discovery/AABBCC000001/sensors", {"sn": {"A": {"Temperature": 1, "Power": 3}, "B": 7}}))
    made.tick(5)
    [_key] = made.things
    made.say(
        message("tele/tasmota_AABBCC/STATE", "x"),
        message("tele/tasmota_AABBCC/SENSOR", "x"),
        message("stat/tasmota_AABBCC/RESULT", {"Wifi": 7, "Dimmer": "x"}),
    )
    made.say(
        message("tele/tasmota_AABBCC/SENSOR", {"A": 7}),
        message("stat/tasmota_AABBCC/RESULT", {"Color": "huh", "POWER": 7}),
    )
    assert made.letters == []
    made = Bench()
    made.connect(TASMOTA.bridge())
    made.say(message("tasmota/discovery/AABBCC000002/config", {**PLUG, "rl": 7, "lt_st": 3}))
    made.tick(5)
    made.say(
        message("tasmota/discovery/AABBCC000003/config", {**PLUG, "t": "c", "rl": [2], "lt_st": 3}),
        message("tele/c/LWT", "Online"),
    )
    made.tick(5)
    made.say(message("stat/c/RESULT", {"Color": "1,x,3", "CT": None}))
    made = Bench()
    made.connect(ZIGBEE2MQTT.bridge())
    made.say(message("z/bridge/devices", [7, *devices(("0x1", "lamp", BULB))]))
    made.tick(5)
    made.say(message("z/lamp", "[]"), message("z/lamp/color", '{"x":0.64,"y":0.33}'))
    made.ask("zigbee2mqtt:0x1", {"light.color_xy": "#ff0000", "light.state": True})
    assert set(json.loads(made.take_told()[0].payload)) == {"color", "state"}


def test_corners_of_shellies() -> None:
    second = Gen2()
    said = second.heard("shellyx-1/events/rpc", b'{"src":"shellyx-1"}', 0) or []
    assert len(said) == 2
    status = {
        "switch:0": 7,
        "rgb:0": {"rgb": 7, "output": True},
        "smoke:0": {},
        "em:0": {"total_act_power": 1},
        "cover:0": {"pos_control": False},
    }
    for id, result in ((1, {"id": "shellyx-1"}), (2, status)):
        second.heard("unisono/shelly/shellyx-1/rpc", json.dumps({"id": id, "result": result}).encode(), 0)
    [announced] = [each for each in second.due(10_000) if isinstance(each, Announced)]
    assert "cover.position" not in announced.model.properties
    for payload in (b"x", b'{"params":{"switch:0":7}}', b'{"params":{"rgb:0":{"rgb":[1,"x",2]}}}', b'{"params":7}'):
        second.heard("shellyx-1/events/rpc", payload, 0)
    second.heard("shellyx-1/status/rgb:0", b"x", 0)
    assert second.heard("unisono/shelly/shellyx-1/rpc", b"x", 0) == []
    assert second.announce("x/y", b"", 0) == []
    for number in range(300):
        second.wanted("shelly:shellyx-1", "set", {"id": f"c{number}", "state": {"rgb.on_off": True}}, 0)
    first = Gen1()
    assert first.heard("shellies/shelly1-000001/light/0/status", b"7", 0) == []
    odd = first.heard("shellies/announce", b"7", 0) or []
    assert isinstance(odd[0], Odd)
    first.heard("shellies/shellybulb-000001/color/0/status", b'{"ison":true,"brightness":3,"temp":1,"mode":"color"}', 0)
    first.heard("shellies/shellybulb-000001/light/0/power", b"3", 0)
    assert len([each for each in first.due(10_000) if isinstance(each, Announced)]) == 1


def test_what_was_left() -> None:
    from unisono.dialect.homeassistant.entity import number, on_off
    from unisono.dialect.homeassistant.sensing import unit_turn
    from unisono.dialect.said import Say
    from unisono.dialect.shelly.components import _contact
    from unisono.dialect.thingsboard import THINGSBOARD

    assert number(True) == 1 and on_off("True", "False")(True) is True and on_off("a", "b")(False) is False
    turn = unit_turn("co2", "")
    assert turn is not None and turn("5") == 5.0 and unit_turn("voc", "ppb") is not None
    opened: list[object] = [True, False, []]
    assert [_contact(each) for each in opened] == ["open", "closed", None]
    made = one("fan", {**S, "pct_cmd_t": "p"})
    made.ask(only(made), {"fan_speed": 0})
    assert made.take_told() == [("p", b"0")]
    made = one("fan", S)
    assert list(made.models[only(made)].properties) == ["x.on_off"]
    made = one("light", {**S, "schema": "json", "sup_clrm": ["xy"]})
    made.ask(only(made), {"color": "#ff0000"})
    assert json.loads(made.take_told()[0].payload)["color"] == {"x": 0.64, "y": 0.33}
    made = one("number", {"cmd_t": "c", "cmd_tpl": "{{ value }}", "min": 0, "max": 9.5})
    made.ask(only(made), {"x.value": 4.5})
    assert made.take_told() == [("c", b"4.5")]
    made = one("device_tracker", {"stat_t": "s"})
    made.say(message("s", "not_home"))
    assert made.value("x", "x.presence") is False
    translator = ZIGBEE2MQTT.bridge()
    assert translator.answered(None, None, 0) == [] and translator.subscribed(["#"]) == []
    listed = devices(("0x1", "lamp", BULB))
    translator.heard("z/bridge/devices", json.dumps(listed).encode(), 0)
    assert translator.heard("z/bridge/devices", json.dumps(listed).encode(), 0) == [Promised("zigbee2mqtt:0x1")]
    line = THINGSBOARD.line(THINGSBOARD.called({}, "x", "s" * 30))
    assert line.mine("/provision/request") and not line.mine("v2/x")
    first = Gen1()
    first.heard("shellies/shellybulb-000001/light/0/status", b'{"ison":true}', 0)
    made = one("climate", {"temp_cmd_t": "t", "temp_stat_t": "s"})
    made.ask(only(made), {"target_temperature": 21.0})
    assert made.take_told() == [("t", b"21")]
    made = one("light", {**S, "schema": "json", "sup_clrm": ["rgb"]})
    made.ask(only(made), {"color": "#010203"})
    assert json.loads(made.take_told()[0].payload)["color"] == {"r": 1, "g": 2, "b": 3}
    # too soon to be announced, and withdrawn in part meanwhile
    fresh = HOMEASSISTANT.bridge()
    for part in ("a", "b"):
        config = {**S, "uniq_id": part, "dev": {"ids": ["d"]}}
        fresh.heard(f"homeassistant/switch/{part}/config", json.dumps(config).encode(), 0)
    assert fresh.due(1) == []
    fresh.heard("homeassistant/switch/a/config", b"", 2)
    assert fresh.subscribed([]) == [] and len(fresh.due(10_000)) == 2
    gateway = THINGSBOARD.line(THINGSBOARD.called({}, "x", "s" * 30))
    gateway.know([Part("g", "token", builtin_model("light")), Part("a", "g/A", builtin_model("light"))])
    gateway.subscribed(["v1/gateway/rpc"])
    [told] = gateway.wanted("a", "set", {"id": "c", "state": {"on_off": True}}, 0)
    assert isinstance(told, Say) and json.loads(told.payload)["data"]["method"] == "setAttributes"
    gateway._adopted.add("A")  # type: ignore[attr-defined]  # as when its word comes before the hub's
    gateway._waiting["A"] = []  # type: ignore[attr-defined]
    assert gateway.know([Part("g", "token", builtin_model("light")), Part("a", "g/A", builtin_model("light"))]) == []
    alink = ALINK.line(Caller("alink", "pk&dn"))
    alink.know([Part("t", "pk&dn", builtin_model("light"))])
    [asks] = alink.heard("/shadow/update/pk/dn", b'{"method":"get"}', 0) or []
    [replied] = alink.answered(asks.token, {"state": {}, "desired": {}}, 0)  # type: ignore[union-attr]
    assert isinstance(replied, Say) and json.loads(replied.payload)["payload"]["state"] == {}


class Raising(pieces.Gatherer):
    """A dialect whose announcements cannot be taken."""

    def announces(self, topic: str) -> bool:
        return topic == "a"

    def announce(self, topic: str, payload: bytes, now_ms: int) -> list[Any]:
        raise CallerError("no", code="bad_value")


def test_an_announcement_that_cannot_be_taken() -> None:
    assert Raising().heard("a", b"", 0) == [Odd("", "bad_value", "no")]
