# ruff: noqa: E501  a line is a case
"""Home Assistant discovery: what real devices say and are told besides the commonest, kind by kind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.dialect.test_homeassistant import S, bench, message, one, only

#: component, config; what is said on which topic and what it means; what is wanted and what is said down.
CASES: list[tuple[str, dict[str, Any], dict[str, str], dict[str, Any], dict[str, Any], dict[str, str]]] = [
    # positions and slats are counted in the device's own numbers; a template is told both
    (
        "cover",
        {"pos_t": "p", "set_pos_t": "sp", "set_pos_tpl": "{{ position }}/{{ value }}/{{ position_open }}", "pos_open": 0, "pos_clsd": 255,
         "tilt_cmd_t": "tc", "tilt_status_t": "ts", "tilt_min": 0, "tilt_max": 180},
        {"p": "51", "ts": "45"}, {"position": 80, "tilt": 25}, {"position": 50, "tilt": 50}, {"sp": "50/128/0.0", "tc": "90"},
    ),
    (
        "cover", {"pos_t": "p", "set_pos_t": "sp", "tilt_cmd_t": "tc", "tilt_cmd_tpl": "{{ tilt_position }}:{{ value }}"},
        {"p": '{"position": 30, "tilt_position": 60}'}, {"position": 30, "tilt": 60}, {"tilt": 40}, {"tc": "40:40"},
    ),
    ("cover", {"pos_t": "p", "pos_open": 7, "pos_clsd": 7, "tilt_status_t": "ts"}, {"p": "{oops", "ts": "x"}, {"position": None, "tilt": None}, {}, {}),
    ("cover", {"pos_t": "p", "tilt_status_t": "ts"}, {"p": "33", "ts": "5"}, {"position": 33, "tilt": 5}, {}, {}),
    ("valve", {**S, "pos": "true", "pos_open": 255, "pl_stop": "STOP"}, {"s": '{"state":"opening","position":51}'}, {"position": 20}, {"position": 40}, {"c": "102"}),
    ("valve", S, {"s": '{"state":"open"}'}, {"on_off": True}, {"on_off": True}, {"c": "OPEN"}),
    ("lock", S, {"s": "JAMMED"}, {"locked": False}, {"locked": True}, {"c": "LOCK"}),
    ("lock", {**S, "stat_jam": "JAM", "pl_open": "UNLATCH"}, {"s": "JAM"}, {"jammed": True, "locked": False}, {"locked": True}, {"c": "LOCK"}),
    # climate
    (
        "climate",
        {"fan_mode_cmd_t": "fc", "fan_mode_stat_t": "fs", "fan_modes": ["AUTO", "QUIET", "Med", "HIGH"], "act_t": "a",
         "temp_hi_cmd_t": "hc", "temp_hi_stat_t": "hs", "temp_lo_cmd_t": "lc", "temp_lo_stat_t": "ls", "temp_unit": "F",
         "hum_cmd_t": "uc", "hum_stat_t": "us"},
        {"fs": "Med", "a": "heating", "hs": "77", "ls": "68", "us": "45"},
        {"fan_speed": "medium", "action": "heating", "target_temperature_high": 25, "target_temperature_low": 20, "target_humidity": 45},
        {"fan_speed": "high", "target_temperature_high": 26, "target_temperature_low": 19, "target_humidity": 50},
        {"fc": "HIGH", "hc": "78.8", "lc": "66.2", "uc": "50"},
    ),
    ("climate", {"fan_mode_cmd_t": "fc", "fan_modes": ["AUTO", "QUIET"], "fan_mode_stat_t": "fs"}, {"fs": "QUIET"}, {"fan_speed": "QUIET"}, {"fan_speed": "auto"}, {"fc": "AUTO"}),
    ("climate", {"fan_mode_stat_t": "fs"}, {"fs": "turbo"}, {"fan_speed": None}, {}, {}),
    (
        "climate",
        {"swing_mode_cmd_t": "sc", "swing_mode_stat_t": "ss", "swing_modes": ["stop", "vertical", "both"],
         "swing_h_mode_cmd_t": "hc", "swing_h_mode_stat_t": "hs"},
        {"ss": "both", "hs": "on"}, {"swing": True, "swing_mode": "both", "swing_horizontal": True},
        {"swing": True, "swing_horizontal": False}, {"sc": "vertical", "hc": "off"},
    ),
    ("climate", {"swing_mode_cmd_t": "sc", "swing_mode_stat_t": "ss", "swing_modes": ["up", "down"]}, {"ss": "up"}, {"swing_mode": "up"}, {"swing_mode": "down"}, {"sc": "down"}),
    ("climate", {"swing_mode_stat_t": "ss"}, {"ss": "?"}, {"swing": None}, {}, {}),
    ("climate", {"pr_mode_cmd_t": "pc", "pr_mode_stat_t": "ps", "pr_modes": ["eco", "away"]}, {"ps": "none"}, {"mode": "none"}, {"mode": "eco"}, {"pc": "eco"}),
    # fans: 0 is off, and whoever wants a little gets the first step
    ("fan", {**S, "pct_cmd_t": "pc", "pct_stat_t": "ps", "spd_rng_max": 3}, {"ps": "0"}, {"fan_speed": 0}, {"fan_speed": 10}, {"pc": "1"}),
    ("fan", {**S, "pct_cmd_t": "pc", "spd_rng_max": "3"}, {}, {}, {"fan_speed": "high"}, {"pc": "3"}),
    ("fan", {**S, "dir_cmd_t": "dc", "dir_stat_t": "ds", "pr_modes": ["breeze"], "pr_mode_cmd_t": "pc"}, {"ds": "reverse"}, {"direction": "reverse"}, {"direction": "forward", "mode": "breeze"}, {"dc": "forward", "pc": "breeze"}),
    ("fan", {"stat_t": "s", "pct_stat_t": "ps", "osc_stat_t": "os"}, {"s": "ON", "ps": "40", "os": "oscillate_on"}, {"on_off": True, "fan_speed": 40, "swing": True}, {}, {}),
    ("humidifier", {**S, "act_t": "a", "hum_stat_t": "h", "modes": ["auto", "sleep"], "mode_cmd_t": "mc"}, {"a": "drying", "h": "40"}, {"action": "drying", "target_humidity": 40}, {"mode": "sleep"}, {"mc": "sleep"}),
    # sirens say JSON where no template says how, alarms are told the action
    ("siren", {**S, "cmd_tpl": "{{ state }}!", "cmd_off_tpl": "-{{ value }}"}, {"s": '{"state":"ON","tone":"x"}'}, {"on_off": True}, {"on_off": False}, {"c": "-OFF"}),
    ("siren", {**S, "cmd_tpl": "{{ state }}!"}, {}, {}, {"on_off": False}, {"c": "OFF!"}),
    ("siren", {"stat_t": "s"}, {"s": "OFF"}, {"on_off": False}, {}, {}),
    ("alarm_control_panel", {**S, "cmd_tpl": '{"action":"{{ action }}","code":"{{ code }}"}'}, {"s": "triggered"}, {"triggered": True, "armed": None}, {"armed": False}, {"c": '{"action":"DISARM","code":""}'}),
    ("alarm_control_panel", {"stat_t": "s"}, {"s": "armed_home"}, {"triggered": False, "armed": "home"}, {}, {}),
    (
        "vacuum", {**S, "set_fan_spd_t": "f", "fanspd_lst": ["min", "max"], "sup_feat": ["start", "pause", "battery", "locate"]},
        {"s": '{"state":"error","battery_level":61,"fan_speed":"max"}'}, {"state": "fault", "battery": 61, "mode": "max", "start_stop": None},
        {"start_stop": False, "mode": "min"}, {"c": "pause", "f": "min"},
    ),
    ("vacuum", {"stat_t": "s"}, {"s": '{"state":"returning"}'}, {"state": "running", "start_stop": False}, {}, {}),
    ("lawn_mower", {"act_stat_t": "s"}, {"s": "error"}, {"state": "fault"}, {}, {}),
    # what sets something up is no switch, no mode and no set point of the thing itself
    ("switch", {**S, "ent_cat": "config"}, {"s": "ON"}, {"on_off": True}, {"on_off": False}, {"c": "OFF"}),
    ("select", {**S, "ent_cat": "config", "ops": ["a", ""]}, {"s": "a"}, {"value": "a"}, {"value": "a"}, {"c": "a"}),
    ("number", {**S, "ent_cat": "config", "min": "-5", "max": "5"}, {"s": "-4"}, {"value": -4}, {"value": -5}, {"c": "-5"}),
    # "None" is what a template makes of nothing, where it is none of the words
    ("select", {**S, "ops": ["a", "b"]}, {"s": "None"}, {"value": None}, {"value": "a"}, {"c": "a"}),
    ("select", {**S, "ops": ["a", "None"]}, {"s": "None"}, {"value": "None"}, {"value": "None"}, {"c": "None"}),
    ("sensor", {"stat_t": "s", "dev_cla": "enum", "ops": ["a", "b"]}, {"s": "None"}, {"value": None}, {}, {}),
    ("sensor", {"stat_t": "s"}, {"s": "None"}, {"value": None}, {}, {}),
    ("humidifier", {**S, "act_t": "a", "modes": ["auto"], "mode_stat_t": "m"}, {"a": "None", "m": "None"}, {"action": None, "mode": None}, {"on_off": True}, {"c": "ON"}),
    # a colour is heard on each of its topics, and told on the first
    ("light", {**S, "xy_cmd_t": "x", "rgbw_stat_t": "r", "rgbw_cmd_t": "rc"}, {"r": "255,0,0,0"}, {"color": "#ff0000"}, {"color": "#0000ff"}, {"x": "0.15,0.06", "c": "ON"}),
    ("text", {**S, "min": 2}, {"s": "hey"}, {"value": "hey"}, {"value": "you"}, {"c": "you"}),
    # lights: whites beside a colour, effects, and those that a brightness turns on
    (
        "light", {**S, "schema": "json", "sup_clrm": ["rgbw"], "brightness": "true", "fx_list": ["rain"]},
        {"s": '{"state":"ON","color":{"r":0,"g":0,"b":255,"w":0},"effect":"rain"}'}, {"color": "#0000ff", "mode": "rain"},
        {"color": "#ff0000", "brightness": 0.1}, {"c": '{"state":"ON","brightness":1,"color":{"r":255,"g":0,"b":0,"w":0}}'},
    ),
    (
        "light", {**S, "schema": "json", "sup_clrm": ["rgbww"]}, {"s": '{"color":{"r":0,"g":0,"b":0,"c":0,"w":255}}'}, {"color": "#ffffff"},
        {"color": "#0000ff"}, {"c": '{"state":"ON","color":{"r":0,"g":0,"b":255,"c":0,"w":0}}'},
    ),
    ("light", {**S, "rgbw_cmd_t": "wc", "rgbw_stat_t": "ws"}, {"ws": "255,0,0,0"}, {"color": "#ff0000"}, {"color": "#00ff00"}, {"wc": "0,255,0,0", "c": "ON"}),
    ("light", {**S, "rgbww_cmd_t": "wc", "rgbww_stat_t": "ws", "rgbww_cmd_tpl": "{{ blue }}{{ cold_white }}{{ warm_white }}"}, {"ws": "red"}, {"color": None}, {"color": "#0000ff"}, {"wc": "25500", "c": "ON"}),
    ("light", {**S, "on_cmd_type": "brightness", "bri_cmd_t": "bc", "bri_scl": "100"}, {}, {}, {"on_off": True}, {"bc": "100"}),
    ("light", {**S, "on_cmd_type": "brightness", "bri_cmd_t": "bc"}, {}, {}, {"on_off": False}, {"c": "OFF"}),
    ("light", {**S, "on_cmd_type": "brightness", "bri_stat_t": "bs"}, {"bs": "255"}, {"brightness": 100}, {"on_off": True}, {"c": "ON"}),
    ("light", {**S, "stat_val_tpl": "{{ value_json.s }}", "hs_stat_t": "hs"}, {"s": '{"s":"OFF"}', "hs": "(240, 100)"}, {"on_off": False, "color": "#0000ff"}, {}, {}),
    (
        "light", {**S, "schema": "template", "cmd_on_tpl": "{{ effect }}{{ hue }}/{{ sat }}", "cmd_off_tpl": "{{ state }}", "r_tpl": "{{ 1 }}", "g_tpl": "{{ 2 }}",
                  "b_tpl": "{{ 3 }}", "fx_list": ["rain"], "fx_tpl": "{{ value }}"},
        {"s": "rain"}, {"mode": "rain"}, {"color": "#ff0000", "mode": "rain"}, {"c": "rain0.0/100.0"},
    ),
    ("light", {**S, "schema": "template", "cmd_on_tpl": "x", "cmd_off_tpl": "{{ state }}", "fx_list": ["rain"]}, {}, {}, {"on_off": False}, {"c": "off"}),
    # home is home; any other zone is not
    ("device_tracker", {"stat_t": "s", "json_attr_t": "a", "json_attr_tpl": "{{ value_json.where | tojson }}"},
     {"s": "Office", "a": '{"where":{"latitude":"1.5","longitude":2}}'}, {"presence": False, "location": {"lat": 1.5, "lon": 2}}, {}, {}),
    ("device_tracker", {"stat_t": "s", "json_attr_t": "a"}, {"s": "None", "a": "7"}, {"presence": None, "location": None}, {}, {}),
    ("update", {"stat_t": "s"}, {"s": '{"installed_version":"1","update_percentage":40}'}, {"installed_version": "1", "update_percentage": 40}, {}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("component", "config", "said", "means", "wanted", "told"), CASES)
def test_what_real_devices_say(
    component: str,
    config: dict[str, Any],
    said: dict[str, str],
    means: dict[str, Any],
    wanted: dict[str, Any],
    told: dict[str, str],
) -> None:
    made = one(component, config)
    key = only(made)
    made.say(*(message(topic, text) for topic, text in said.items()))
    assert made.odd == [] and made.letters == []
    assert {name: made.value(key, f"x.{name}") for name in means} == means
    if wanted:
        id = made.ask(key, {f"x.{name}": value for name, value in wanted.items()})
        assert {each.topic: each.payload.decode() for each in made.take_told()} == told
        assert made.state(id) == "sent", made.command(id).why


@pytest.mark.parametrize(
    ("component", "config", "action", "given", "told"),
    [
        ("valve", {**S, "pl_stop": "HALT"}, "stop", {}, ("c", b"HALT")),
        ("lock", {**S, "pl_open": "UNLATCH"}, "open", {}, ("c", b"UNLATCH")),
        ("alarm_control_panel", S, "trigger", {}, ("c", b"TRIGGER")),
        ("vacuum", S, "clean_spot", {}, ("c", b"clean_spot")),
        ("vacuum", {**S, "sup_feat": ["locate"], "pl_loc": "beep"}, "locate", {}, ("c", b"beep")),
        ("update", {"cmd_t": "c", "pl_inst": "go"}, "install", {}, ("c", b"go")),
        ("notify", {"cmd_t": "c", "cmd_tpl": "<{{ value }}>"}, "send", {"message": "hi"}, ("c", b"<hi>")),
    ],
)
def test_what_they_are_asked_to_do(
    component: str, config: dict[str, Any], action: str, given: dict[str, Any], told: tuple[str, bytes]
) -> None:
    made = one(component, config)
    made.ask(only(made), given, call=f"x.{action}")
    assert made.take_told() == [told]


@pytest.mark.parametrize(
    ("component", "config", "said", "events"),
    [
        ("event", {"stat_t": "s", "evt_typ": ["a b", "a_b"]}, {"event_type": "a b", "n": 2}, ["x.a_b", '{"data":{"n":2}}']),
        ("device_automation", {"atype": "trigger", "t": "s", "type": "button_short_press", "stype": "button_1", "pl": "single"}, "single", ["x.button_short_press_button_1", "{}"]),
        ("device_automation", {"atype": "trigger", "t": "s", "pl": "single"}, "double", []),
        ("device_automation", {"t": "s", "val_tpl": "{{ value_json.a }}", "pl": "on"}, {"a": "on"}, ["x.trigger", "{}"]),
        ("tag", {"t": "s", "val_tpl": "{{ value_json.UID }}"}, {"UID": "E9F3"}, ["x.scanned", '{"tag":"E9F3"}']),
        ("tag", {"t": "s", "val_tpl": "{{ value_json.UID }}"}, {"other": 1}, []),
    ],
)  # fmt: skip
def test_what_happens_there(component: str, config: dict[str, Any], said: Any, events: list[str]) -> None:
    made = one(component, config)
    key = only(made)
    made.say(message("s", said))
    assert made.odd == [] and made.letters == []
    assert [text for _series, _at, _seq, text in made.fold.outcome.texts] == events[1:]
    assert not events or events[0] in made.models[key].events


def test_what_has_nothing_to_say() -> None:
    for component, config in (("device_automation", {"atype": "condition", "t": "s"}), ("tag", {}), ("notify", {})):
        model = one(component, config).models["x"]
        assert not model.events and not model.actions


def test_what_only_says_that_something_begins_is_over_after_a_while() -> None:
    made = one("binary_sensor", {"stat_t": "s", "dev_cla": "motion", "off_dly": 30})
    key = only(made)
    made.say(message("s", "ON"))
    made.tick(29)
    assert made.value(key, "x.motion") is True
    made.say(message("s", "ON"))
    made.tick(29)
    assert made.value(key, "x.motion") is True
    made.tick(2)
    assert made.value(key, "x.motion") is False
    made.say(message("s", "ON"), message("s", "OFF"), message("s", "ON"), message("s", "?"))
    assert made.value(key, "x.motion") is True
    # another announcement begins anew
    made.say(
        message(
            "homeassistant/binary_sensor/x/config", {"uniq_id": "x", "obj_id": "x", "stat_t": "s", "dev_cla": "motion"}
        )
    )
    made.tick(60)
    assert made.value(key, "x.motion") is True
    assert list(one("binary_sensor", {"off_dly": 30}).models["x"].properties) == ["x.value"]


@pytest.mark.parametrize(
    ("way", "wanted", "told"),
    [
        ({}, {"color": "#ff0000", "brightness": 100}, ["bc 255", "rc 255,0,0", "c ON"]),
        ({"on_cmd_type": "last"}, {"color": "#ff0000"}, ["rc 255,0,0", "c ON"]),
        ({"on_cmd_type": "first"}, {"color": "#ff0000"}, ["c ON", "rc 255,0,0"]),
        ({"on_cmd_type": "first"}, {"mode": "rain"}, ["c ON", "fc rain"]),
        ({"on_cmd_type": "first"}, {"on_off": True, "color_temperature": 4000}, ["c ON", "tc 250"]),
        ({"on_cmd_type": "brightness"}, {"color": "#ff0000"}, ["rc 255,0,0", "bc 51"]),
        ({"on_cmd_type": "brightness"}, {"color": "#ff0000", "brightness": 40}, ["bc 102", "rc 255,0,0"]),
        ({"on_cmd_type": "brightness"}, {"on_off": True}, ["bc 51"]),
        ({}, {"on_off": False}, ["c OFF"]),
        ({"on_cmd_type": "first"}, {"on_off": False, "brightness": 20}, ["bc 51", "c OFF"]),
        ({}, {"brightness": 0}, ["bc 0"]),
    ],
)
def test_how_a_lamp_is_turned_on(way: dict[str, str], wanted: dict[str, Any], told: list[str]) -> None:
    topics = {"bri_stat_t": "bs", "bri_cmd_t": "bc", "rgb_cmd_t": "rc", "clr_temp_cmd_t": "tc", "fx_cmd_t": "fc"}
    made = one("light", {**S, **topics, "fx_list": ["rain"], **way})
    key = only(made)
    made.say(message("bs", "51"), message("bs", "0"))  # the brightness that it had is what it gets again
    made.ask(key, {f"x.{name}": value for name, value in wanted.items()})
    assert [f"{each.topic} {each.payload.decode()}" for each in made.take_told()] == told


def test_a_colour_is_confirmed_by_what_a_lamp_can_say_of_it() -> None:
    made = one("light", {**S, "schema": "json", "sup_clrm": ["hs"]})
    key = only(made)
    id = made.ask(key, {"color": "dark-red"})
    assert made.state(id) == "rejected"
    for wanted, hue, saturation, state in (
        ("red", 0, 100, "confirmed"), ("#7f3f00", 30, 100, "confirmed"), ("#00ff00", 240, 100, "sent"),
    ):  # fmt: skip
        id = made.ask(key, {"color": wanted})
        made.say(message("s", {"state": "ON", "color": {"h": hue, "s": saturation}}))
        assert made.state(id) == state, wanted


@pytest.mark.parametrize(
    ("component", "config", "kind"),
    [
        ("cover", {**S, "dev_cla": "garage"}, "garage_door"),
        ("switch", {**S, "dev_cla": "outlet"}, "plug"),
        ("switch", {**S, "ent_cat": "config"}, None),
        ("humidifier", {**S, "dev_cla": "dehumidifier"}, "dehumidifier"),
    ],
)
def test_the_kind_of_thing(component: str, config: dict[str, Any], kind: str | None) -> None:
    assert one(component, config).models["x"].kind == kind


def test_a_plug_with_a_light_that_sets_something_up_has_one_switch() -> None:
    device = {"ids": ["p"], "name": "Plug"}
    made = bench(
        message("homeassistant/switch/relay/config", {**S, "uniq_id": "relay", "dev": device}),
        message(
            "homeassistant/switch/led/config",
            {"stat_t": "l", "cmd_t": "lc", "uniq_id": "led", "ent_cat": "config", "dev": device},
        ),
    )
    id = made.ask(only(made), {"on_off": False})
    assert made.take_told() == [("c", b"OFF")] and made.state(id) == "sent"
    assert {key: each.role for key, each in made.models["p"].properties.items()} == {
        "led.on_off": "config",
        "relay.on_off": "actuator",
    }


def test_words_for_no() -> None:
    made = one("light", {**S, "schema": "json", "brightness": "false", "clr_temp_k": "yes", "color_temp": 1})
    made.ask(only(made), {"color_temperature": 3000})
    assert json.loads(made.take_told()[0].payload) == {"state": "ON", "color_temp": 3000}
    assert sorted(made.models["x"].properties) == ["x.color_temperature", "x.on_off"]
