# ruff: noqa: E501  a line is a case
"""Home Assistant discovery: what is announced in every form that bridges use, and every kind of entity."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from unisono.dialect import Announced, Promised, Say, There
from unisono.dialect.homeassistant import HOMEASSISTANT
from unisono.dialect.homeassistant.bridge import BIRTH, Discovery
from unisono.testing.dialect import Bench, Message, PlaceConformance

LIGHT: dict[str, Any] = {
    "~": "home/lamp",
    "name": "Lamp",
    "uniq_id": "lamp-1",
    "cmd_t": "~/set",
    "stat_t": "~/state",
    "schema": "json",
    "brightness": True,
    "avty_t": "~/status",
    "dev": {"ids": ["lamp-1"], "name": "Desk lamp", "mf": "Acme", "mdl": "L1"},
}
TOPIC = "homeassistant/light/lamp-1/config"


def message(topic: str, body: Any) -> Message:
    return Message(topic, body.encode() if isinstance(body, str) else json.dumps(body).encode())


class TestHomeAssistant(PlaceConformance):
    DIALECT = HOMEASSISTANT
    KEY = "lamp-1.on_off"

    def announce(self) -> Sequence[Message]:
        return [message(TOPIC, LIGHT), message("home/lamp/status", "online")]

    def withdraw(self) -> Sequence[Message]:
        return [Message(TOPIC, b"")]

    def away(self) -> Sequence[Message]:
        return [message("home/lamp/status", "offline")]

    def report(self, values: Mapping[str, Any]) -> Sequence[Message]:
        return [message("home/lamp/state", {"state": "ON" if values[self.KEY] else "OFF", "brightness": 255})]


def bench(*messages: Message, retained: Mapping[str, str] | None = None) -> Bench:
    """A place in which these were said, a moment ago."""
    made = Bench()
    made.retained = {topic: text.encode() for topic, text in (retained or {}).items()}
    made.connect(HOMEASSISTANT.bridge())
    made.say(*messages)
    made.tick(5)
    return made


def one(component: str, config: Mapping[str, Any], id: str = "x") -> Bench:
    """A place with one entity ``x``."""
    return bench(message(f"homeassistant/{component}/{id}/config", {"object_id": id, "unique_id": id, **config}))


def only(made: Bench) -> str:
    assert made.odd == []
    [key] = made.things
    return key


S: dict[str, Any] = {"stat_t": "s", "cmd_t": "c"}

#: component, config; what is said on which topic and what it means; what is wanted and what is said down.
ENTITIES: list[tuple[str, dict[str, Any], dict[str, str], dict[str, Any], dict[str, Any], dict[str, str]]] = [
    ("switch", S, {"s": "ON"}, {"on_off": True}, {"on_off": False}, {"c": "OFF"}),
    (
        "switch", {**S, "pl_on": "1", "pl_off": "0", "stat_on": "yes", "stat_off": "no"},
        {"s": "no"}, {"on_off": False}, {"on_off": True}, {"c": "1"},
    ),
    ("switch", {**S, "val_tpl": "{{ value_json.POWER }}"}, {"s": '{"POWER":"ON"}'}, {"on_off": True}, {}, {}),
    (
        "light",
        {**S, "bri_cmd_t": "bc", "bri_stat_t": "bs", "clr_temp_cmd_t": "tc", "clr_temp_stat_t": "ts", "rgb_cmd_t": "rc",
         "rgb_stat_t": "rs", "fx_cmd_t": "fc", "fx_stat_t": "fs", "fx_list": ["rain", "sun"]},
        {"s": "ON", "bs": "128", "ts": "250", "rs": "255,0,16", "fs": "rain"},
        {"on_off": True, "brightness": 50.2, "color_temperature": 4000, "color": "#ff0010", "mode": "rain"},
        {"brightness": 100, "color_temperature": 2700, "color": "#00ff00", "mode": "sun"},
        {"bc": "255", "tc": "370", "rc": "0,255,0", "fc": "sun", "c": "ON"},
    ),
    (
        "light", {**S, "hs_cmd_t": "hc", "hs_stat_t": "hs", "clr_temp_cmd_t": "tc", "clr_temp_stat_t": "ts",
                  "clr_temp_k": True},
        {"hs": "0,100", "ts": "3000"}, {"color": "#ff0000", "color_temperature": 3000},
        {"color": "blue", "color_temperature": 4000}, {"hc": "240,100", "tc": "4000", "c": "ON"},
    ),
    ("light", {**S, "xy_cmd_t": "xc", "xy_stat_t": "xs"}, {"xs": "0.64,0.33"}, {"color": "#ff0000"},
     {"color": "#ff0000"}, {"xc": "0.64,0.33", "c": "ON"}),
    (
        "light", {**S, "rgb_cmd_t": "rc", "rgb_cmd_tpl": "{{ '#%02x' | replace('%02x', '') }}{{ red }}-{{ green }}-{{ blue }}",
                  "hs_cmd_t": "n"},
        {}, {}, {"color": "#0102ff"}, {"rc": "#1-2-255", "c": "ON"},
    ),
    (
        "light", {**S, "schema": "json", "sup_clrm": ["color_temp", "xy"], "bri_scl": 100, "effect": True},
        {"s": '{"state":"ON","brightness":40,"color_temp":250,"color":{"x":0.64,"y":0.33},"effect":"rain"}'},
        {"on_off": True, "brightness": 40, "color_temperature": 4000, "color": "#ff0000", "mode": "rain"},
        {"on_off": True, "brightness": 50, "color_temperature": 4000, "mode": "sun"},
        {"c": '{"state":"ON","brightness":50,"color_temp":250,"effect":"sun"}'},
    ),
    ("light", {**S, "schema": "json", "sup_clrm": ["hs"]}, {"s": '{"color":{"h":120,"s":100}}'}, {"color": "#00ff00"},
     {"color": "#ff0000"}, {"c": '{"state":"ON","color":{"h":0.0,"s":100.0}}'}),
    ("light", {**S, "schema": "json", "sup_clrm": ["rgb"], "clr_temp_k": True}, {"s": '{"color":{"r":1,"g":2,"b":3}}'},
     {"color": "#010203"}, {"on_off": False}, {"c": '{"state":"OFF"}'}),
    (
        "light",
        {**S, "schema": "template", "cmd_on_tpl": "on,{{ brightness | default('') }},{{ red|default('') }}",
         "cmd_off_tpl": "off", "stat_tpl": "{{ value.split(',')[0] }}", "bri_tpl": "{{ value.split(',')[1] }}",
         "r_tpl": "{{ value.split(',')[2] }}", "g_tpl": "{{ value.split(',')[3] }}", "b_tpl": "{{ value.split(',')[4] }}",
         "clr_temp_tpl": "{{ value.split(',')[5] }}"},
        {"s": "on,51,1,2,3,200"}, {"on_off": True, "brightness": 20, "color": "#010203", "color_temperature": 5000},
        {"brightness": 100, "color": "#0a0b0c"}, {"c": "on,255,10"},
    ),
    ("cover", {**S, "pos_t": "p", "set_pos_t": "sp"}, {"p": "30"}, {"position": 30}, {"position": 70}, {"sp": "70"}),
    ("cover", {**S, "pos_t": "p", "set_pos_t": "sp", "pos_open": 0, "pos_clsd": 100}, {"p": "30"}, {"position": 70},
     {"position": 70}, {"sp": "30"}),
    ("cover", S, {"s": "open"}, {"position": 100}, {"position": 0}, {"c": "CLOSE"}),
    ("cover", {**S, "tilt_cmd_t": "tc", "tilt_status_t": "ts"}, {"ts": "40"}, {"tilt": 40}, {"tilt": 50}, {"tc": "50"}),
    ("valve", S, {"s": "open"}, {"on_off": True}, {"on_off": False}, {"c": "CLOSE"}),
    ("valve", {**S, "pos": True}, {"s": "25"}, {"position": 25}, {"position": 30}, {"c": "30"}),
    ("lock", S, {"s": "LOCKED"}, {"locked": True}, {"locked": False}, {"c": "UNLOCK"}),
    (
        "climate",
        {"mode_cmd_t": "mc", "mode_stat_t": "ms", "temp_cmd_t": "tc", "temp_stat_t": "ts", "curr_temp_t": "ct",
         "curr_hum_t": "ch", "fan_mode_cmd_t": "fc", "fan_mode_stat_t": "fs", "swing_mode_cmd_t": "sc",
         "swing_mode_stat_t": "ss", "pr_mode_cmd_t": "pc", "pr_mode_stat_t": "ps", "modes": ["off", "heat", "heat_cool"]},
        {"ms": "heat_cool", "ts": "21.5", "ct": "20", "ch": "44", "fs": "high", "ss": "on", "ps": "eco"},
        {"hvac_mode": "auto", "target_temperature": 21.5, "temperature": 20, "humidity": 44, "fan_speed": "high",
         "swing": True, "mode": "eco"},
        {"hvac_mode": "heat", "target_temperature": 22, "fan_speed": "low", "swing": False, "mode": "away"},
        {"mc": "heat", "tc": "22", "fc": "low", "sc": "off", "pc": "away"},
    ),
    ("climate", {"temp_cmd_t": "tc", "temp_stat_t": "ts", "temp_unit": "F"}, {"ts": "68"}, {"target_temperature": 20},
     {"target_temperature": 25}, {"tc": "77"}),
    (
        "fan", {**S, "pct_cmd_t": "pc", "pct_stat_t": "ps", "spd_rng_max": 4, "osc_cmd_t": "oc", "osc_stat_t": "os"},
        {"s": "ON", "ps": "2", "os": "oscillate_off"}, {"on_off": True, "fan_speed": 50, "swing": False},
        {"fan_speed": 75, "swing": True}, {"pc": "3", "oc": "oscillate_on"},
    ),
    (
        "humidifier", {**S, "hum_cmd_t": "hc", "hum_stat_t": "hs", "curr_hum_t": "ch", "mode_cmd_t": "mc", "mode_stat_t": "ms"},
        {"s": "OFF", "hs": "55", "ch": "40", "ms": "night"},
        {"on_off": False, "target_humidity": 55, "humidity": 40, "mode": "night"},
        {"target_humidity": 60, "mode": "day"}, {"hc": "60", "mc": "day"},
    ),
    ("alarm_control_panel", S, {"s": "armed_away"}, {"armed": "away"}, {"armed": "night"}, {"c": "ARM_NIGHT"}),
    ("number", {**S, "min": 0, "max": 10, "unit_of_meas": "s"}, {"s": "4"}, {"value": 4}, {"value": 5}, {"c": "5"}),
    ("select", {**S, "ops": ["a", "b"]}, {"s": "b"}, {"value": "b"}, {"value": "a"}, {"c": "a"}),
    ("text", {**S, "max": 5}, {"s": "hey"}, {"value": "hey"}, {"value": "you"}, {"c": "you"}),
    ("siren", S, {"s": "ON"}, {"on_off": True}, {"on_off": False}, {"c": '{"state":"OFF"}'}),
    ("vacuum", {**S, "set_fan_spd_t": "f"}, {"s": '{"state":"cleaning","fan_speed":"max"}'},
     {"start_stop": True, "mode": "max"}, {"start_stop": False, "mode": "min"}, {"c": "stop", "f": "min"}),
    (
        "lawn_mower", {"act_stat_t": "s", "strt_mw_cmd_t": "sc", "pause_cmd_t": "pc", "dock_cmd_t": "dc"},
        {"s": "mowing"}, {"start_stop": True}, {"start_stop": False}, {"pc": "pause"},
    ),
    ("water_heater", {"mode_cmd_t": "mc", "mode_stat_t": "ms", "temp_cmd_t": "tc", "temp_stat_t": "ts"},
     {"ms": "eco", "ts": "50"}, {"mode": "eco", "target_temperature": 50}, {"mode": "gas"}, {"mc": "gas"}),
    ("sensor", {"stat_t": "s", "dev_cla": "temperature", "unit_of_meas": "°F"}, {"s": "68"}, {"temperature": 20}, {}, {}),
    ("sensor", {"stat_t": "s", "dev_cla": "temperature", "unit_of_meas": "°C"}, {"s": "20.5"}, {"temperature": 20.5}, {}, {}),
    ("sensor", {"stat_t": "s", "dev_cla": "pressure", "unit_of_meas": "hPa"}, {"s": "1013"}, {"pressure": 101300}, {}, {}),
    ("sensor", {"stat_t": "s", "dev_cla": "energy", "unit_of_meas": "Wh"}, {"s": "1500"}, {"energy": 1.5}, {}, {}),
    ("sensor", {"stat_t": "s", "dev_cla": "temperature", "unit_of_meas": "furlong"}, {"s": "1"}, {"value": 1}, {}, {}),
    ("sensor", {"stat_t": "s", "unit_of_meas": "rpm"}, {"s": "77"}, {"value": 77}, {}, {}),
    ("sensor", {"stat_t": "s"}, {"s": "sunny"}, {"value": "sunny"}, {}, {}),
    ("sensor", {"stat_t": "s"}, {"s": "4.5"}, {"value": 4.5}, {}, {}),
    ("sensor", {"stat_t": "s", "dev_cla": "enum", "ops": ["a"]}, {"s": "a"}, {"value": "a"}, {}, {}),
    ("sensor", {"stat_t": "s", "val_tpl": "{{ value_json.t | float * 2 | round(1) }}", "stat_cla": "measurement"},
     {"s": '{"t":"1.5"}'}, {"value": 3}, {}, {}),
    ("binary_sensor", {"stat_t": "s", "dev_cla": "door"}, {"s": "ON"}, {"contact": "open"}, {}, {}),
    ("binary_sensor", {"stat_t": "s", "dev_cla": "lock"}, {"s": "ON"}, {"locked": False}, {}, {}),
    ("binary_sensor", {"stat_t": "s", "dev_cla": "motion", "pl_on": True, "pl_off": False, "val_tpl": "{{ value_json.o }}"},
     {"s": '{"o":true}'}, {"motion": True}, {}, {}),
    ("binary_sensor", {"stat_t": "s", "dev_cla": "plug"}, {"s": "OFF"}, {"value": False}, {}, {}),
    ("device_tracker", {"stat_t": "s", "json_attr_t": "a"}, {"s": "home", "a": '{"latitude":1.5,"longitude":2}'},
     {"presence": True, "location": {"lat": 1.5, "lon": 2}}, {}, {}),
    ("update", {"stat_t": "s", "l_ver_t": "l"}, {"s": '{"installed_version":"1","latest_version":"2"}', "l": "3"},
     {"installed_version": "1", "latest_version": "3"}, {}, {}),
    ("update", {"stat_t": "s"}, {"s": "1.0"}, {"installed_version": "1.0"}, {}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("component", "config", "said", "means", "wanted", "told"), ENTITIES)
def test_every_kind_of_entity(
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
        assert made.state(id) == "sent"


def test_actions() -> None:
    for component, config, action, told in (
        ("button", {"cmd_t": "c"}, "press", ("c", b"PRESS")),
        ("scene", {"cmd_t": "c", "pl_on": "go"}, "activate", ("c", b"go")),
        ("cover", S, "stop", ("c", b"STOP")),
        ("vacuum", S, "dock", ("c", b"return_to_base")),
        ("lawn_mower", {"dock_cmd_t": "c"}, "dock", ("c", b"dock")),
        ("climate", {"mode_stat_t": "s", "pow_cmd_t": "c"}, "turn_off", ("c", b"OFF")),
        ("climate", {"mode_stat_t": "s", "pow_cmd_t": "c"}, "turn_on", ("c", b"ON")),
    ):
        made = one(component, config)
        id = made.ask(only(made), call=f"x.{action}")
        assert made.take_told() == [told]
        ended_unanswered(made, id)


def test_an_entity_that_never_tells_its_state() -> None:
    """A transmitter of infrared: what it was told is known, and no more."""
    for component, config, wanted in (
        ("switch", {"cmd_t": "c"}, True),
        ("light", {"cmd_t": "c", "schema": "json"}, True),
        ("lock", {"cmd_t": "c", "opt": True}, True),
    ):
        made = one(component, config)
        key = only(made)
        (name,) = [name for name in made.models[key].properties if name.endswith((".on_off", ".locked"))]
        id = made.ask(key, {name: wanted})
        assert made.take_told()
        ended_unanswered(made, id)
        assert made.value(key, name) is None


def ended_unanswered(made: Bench, id: str) -> None:
    command = made.command(id)
    assert (command.state, command.open, command.unanswered) == ("acknowledged", False, True)
    assert command.why == "it was told, and has no way to say that it did it"
    for _second in range(60):
        made.tick(1.0)
    assert made.state(id) == "acknowledged"


def test_an_event() -> None:
    made = one("event", {"stat_t": "s", "evt_typ": ["press", "hold"]})
    made.say(message("s", {"event_type": "press"}), message("s", {"event_type": "other"}), message("s", "nonsense"))
    assert [text for _series, _at, _seq, text in made.fold.outcome.texts] == ["{}"]


def test_what_cannot_be_said_is_refused() -> None:
    made = one("cover", S)
    id = made.ask(only(made), {"x.position": 50})
    assert made.state(id) == "rejected" and "opens and closes" in (made.command(id).why or "")
    made = one("light", {**S, "rgb_cmd_t": "r"})
    id = made.ask(only(made), {"x.color": "no colour"})
    assert made.state(id) == "rejected"
    made = one("climate", {"mode_cmd_t": "m", "modes": ["off"]})
    id = made.ask(only(made), {"x.hvac_mode": "heat"})
    assert made.state(id) == "rejected"
    made = one("fan", {**S, "pct_cmd_t": "p"})
    id = made.ask(only(made), {"x.fan_speed": "auto"})
    assert made.state(id) == "rejected"
    made = one("light", {**S, "schema": "json", "fx_list": ["rain"]})
    id = made.ask(only(made), {"x.mode": "sun"})
    assert made.state(id) == "rejected"


def test_a_device_with_its_components_in_one_message() -> None:
    config = {
        "dev": {"ids": "dev1", "name": "Station", "sa": "Garden"},
        "o": {"name": "bla2mqtt"},
        "~": "st",
        "avty": [{"t": "~/up", "pl_avail": "1", "pl_not_avail": "0"}],
        "cmps": {
            "t": {"p": "sensor", "dev_cla": "temperature", "unit_of_meas": "°C", "stat_t": "~/state", "uniq_id": "t1",
                  "val_tpl": "{{ value_json.t }}", "name": "T"},
            "h": {"p": "sensor", "dev_cla": "humidity", "unit_of_meas": "%", "stat_t": "~/state", "uniq_id": "h1",
                  "val_tpl": "{{ value_json.h }}"},
            "gone": {"p": "sensor"},
            "other": {"p": "camera", "topic": "x"},
        },
        "qos": 2,
    }  # fmt: skip
    topic = "homeassistant/device/dev1/config"
    made = bench(message(topic, config))
    assert only(made) == "dev1" and not made.online("dev1")
    made.say(message("st/up", "1"), message("st/state", {"t": 3.5, "h": 61}))
    assert made.online("dev1")
    assert (made.value("dev1", "t1.temperature"), made.value("dev1", "h1.humidity")) == (3.5, 61)
    config["cmps"]["h"] = {"p": "sensor"}  # type: ignore[index]
    made.say(message(topic, config))
    made.tick(5)
    assert list(made.models["dev1"].properties) == ["t1.temperature"]
    made.say(Message(topic, b""))
    assert made.things == {}


def test_entities_of_one_device_are_one_thing() -> None:
    device = {"cns": [["mac", "aa:bb"]], "name": "Plug"}
    made = bench(
        message("homeassistant/switch/plug/relay/config", {"uniq_id": "relay", **S, "dev": device}),
        message("homeassistant/sensor/plug/power/config",
                {"uniq_id": "power", "stat_t": "p", "dev_cla": "power", "unit_of_meas": "W", "dev": device}),
    )  # fmt: skip
    assert only(made) == "mac:aa:bb"
    assert sorted(made.models["mac:aa:bb"].properties) == ["power.power", "relay.on_off"]
    assert made.models["mac:aa:bb"].kind == "switch"
    made.say(Message("homeassistant/sensor/plug/power/config", b""))
    made.tick(5)
    assert list(made.models["mac:aa:bb"].properties) == ["relay.on_off"]
    made.say(Message("homeassistant/switch/plug/relay/config", b""))
    assert made.things == {}


@pytest.mark.parametrize(
    ("mode", "words", "online"),
    [
        ("all", ["online", None], False), ("all", ["online", "online"], True), ("all", ["online", "offline"], False),
        ("any", ["online", None], True), ("any", ["offline", "offline"], False), ("any", ["offline", "online"], True),
        ("latest", ["online", "offline"], False), ("latest", ["offline", "online"], True), ("latest", [None, None], False),
    ],
)  # fmt: skip
def test_availability(mode: str, words: list[str | None], online: bool) -> None:
    made = one("switch", {**S, "avty": [{"t": "a"}, {"t": "b"}], "avty_mode": mode})
    made.say(*(message(topic, word) for topic, word in zip("ab", words, strict=True) if word is not None))
    made.say(message("a", "neither"))
    assert made.online(only(made)) is online


def test_who_listens_to_what_a_thing_is_told_speaks_for_it() -> None:
    """After a restart of the hub it may have nothing to say for days."""
    made = Discovery()
    topic, config = "homeassistant/switch/fan/config", {"uniq_id": "fan", "cmd_t": "fan/set", "stat_t": "fan/state"}
    made.heard(topic, json.dumps(config).encode(), 0)
    assert made.subscribed(["fan/set"]) == [Promised("fan")]
    made.due(60_000)
    assert made.subscribed(["fan/set", "lamp/set"]) == [There("fan", True)]
    assert made.subscribed(["#", "fan/#", "fan/state"]) == []  # a program that looks on
    made.heard(topic, json.dumps({**config, "avty_t": "fan/status"}).encode(), 60_000)
    made.due(120_000)
    made.heard("fan/status", b"offline", 120_000)
    assert made.subscribed(["fan/set"]) == []
    made.heard(topic, b"", 120_000)
    assert made.subscribed(["fan/set"]) == []


def test_availability_by_a_template_and_what_the_place_keeps() -> None:
    config = {"uniq_id": "x", "obj_id": "x", **S, "avty_t": "a", "avty_tpl": "{{ value_json.state }}", "pl_avail": "up"}
    made = bench(message("homeassistant/switch/x/config", config), retained={"a": '{"state":"up"}', "s": "ON"})
    assert made.online("x") and made.value("x", "x.on_off") is True


def test_a_sensor_that_is_silent_too_long_is_away() -> None:
    made = one("sensor", {"stat_t": "s", "exp_aft": 60, "unit_of_meas": "V", "dev_cla": "voltage"})
    made.say(message("s", "3"))
    assert made.online("x")
    made.tick(59)
    assert made.online("x")
    made.tick(2)
    assert not made.online("x")
    made.say(message("s", "3.1"))
    assert made.online("x")


def test_the_birth_message() -> None:
    [said] = Discovery().subscribed(["homeassistant/#"])
    assert said == Say(BIRTH, b"online")
    assert Discovery().subscribed(["zigbee2mqtt/#"]) == []


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("homeassistant/switch/x/config", "[1]"),
        ("homeassistant/nonsense/x/config", {"a": 1}),
        ("homeassistant/device/x/config", {"cmps": 7}),
        ("homeassistant/switch/x/config", {**S, "avty_t": "a", "avty_mode": "sometimes"}),
        ("homeassistant/sensor/x/config", {"stat_t": "s", "val_tpl": "{{ broken"}),
    ],
)
def test_what_is_no_announcement(topic: str, body: Any) -> None:
    made = bench(message(topic, body))
    assert made.things == {} and len(made.odd) == 1


def test_what_has_nothing_to_tell() -> None:
    made = bench(message("homeassistant/camera/x/config", {"topic": "a"}), message("homeassistant/image/x/config", {}))
    assert made.things == {} and made.odd == []


def test_what_messages_say_of_one_device_is_taken_together() -> None:
    """The first of its messages says all of it, the others only who it is (OpenDTU, many others)."""
    whole = {"ids": ["114"], "name": "Inverter", "mf": "OpenDTU", "mdl": "HM-600", "sa": "Roof"}
    config: dict[str, Any] = {"name": "Limit", "stat_t": "b", "uniq_id": "2", "dev": {"ids": ["114"], "sw": ""}}
    first = message("homeassistant/sensor/a/config", {"name": "Yield", "stat_t": "a", "uniq_id": "1", "dev": whole})
    later = message("homeassistant/sensor/b/config", config)
    made = Bench()
    made.connect(HOMEASSISTANT.bridge())
    said = [each for one in (first, later) for each in made.translator.heard(one.topic, one.payload, 0) or []]
    said += made.translator.due(10_000)
    [told] = [each for each in said if isinstance(each, Announced)]
    assert (told.name, told.area, told.model.vendor, told.model.product) == ("Inverter", "Roof", "OpenDTU", "HM-600")
    # with its last message it is forgotten
    for each in (first, later):
        made.translator.heard(each.topic, b"", 20_000)
    said = made.translator.heard(later.topic, later.payload, 30_000) or []
    [told] = [each for each in said + made.translator.due(40_000) if isinstance(each, Announced)]
    assert (told.name, told.model.vendor) == ("Limit", None)


def test_the_name_of_a_device_that_has_none() -> None:
    """It is that of one of its parts; of a thing that is only one entity, that of the entity, also anew."""
    made = Bench()
    made.connect(HOMEASSISTANT.bridge())

    def named(*said: tuple[str, str]) -> str:
        for id, name in said:
            config = {"name": name, "stat_t": id, "uniq_id": id, "dev": {"ids": ["7"]}}
            found = message(f"homeassistant/sensor/{id}/config", config)
            made.translator.heard(found.topic, found.payload, 0)
        return [each.name for each in made.translator.due(10_000) if isinstance(each, Announced)][-1]

    assert named(("a", "One")) == "One"
    assert named(("a", "Renamed")) == "Renamed"
    assert named(("b", "Two"), ("c", "Three"), ("b", "Four")) == "Two"


@pytest.mark.parametrize(
    "named",
    [
        {"obj_id": "porch_warmth"},
        {"def_ent_id": "sensor.porch_warmth"},
        {"obj_id": "porch_warmth", "def_ent_id": "sensor.x"},
    ],
)
def test_firmware_that_names_its_entities_anew_has_the_same_properties(named: dict[str, str]) -> None:
    made = bench(
        message(
            "homeassistant/sensor/x/config",
            {"stat_t": "s", "uniq_id": "a1-warmth", "dev_cla": "temperature", "unit_of_meas": "°C", **named},
        )
    )
    assert list(made.models[only(made)].properties) == ["porch_warmth.temperature"]


def test_an_entity_whose_default_id_is_none_is_called_as_before() -> None:
    made = bench(
        message(
            "homeassistant/sensor/x/config",
            {"stat_t": "s", "uniq_id": "warmth", "def_ent_id": 7, "dev_cla": "temperature", "unit_of_meas": "°C"},
        )
    )
    assert list(made.models[only(made)].properties) == ["warmth.temperature"]
