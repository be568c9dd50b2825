# ruff: noqa: E501  a line is a message
"""More of Zigbee2MQTT, Shelly and Tasmota: groups and updates, components beside the usual ones, what bridges hear."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.dialect.test_firmwares import BULB, CONTACT, ENERGY, INFO, PLUG, PLUS, bench, devices, message, notify, reply
from unisono.dialect.homeassistant import HOMEASSISTANT
from unisono.dialect.shelly import SHELLY
from unisono.dialect.tasmota import TASMOTA
from unisono.dialect.zigbee2mqtt import ZIGBEE2MQTT
from unisono.testing.dialect import Bench, Message, body

# --- groups and updates of Zigbee2MQTT --------------------------------------------------------------------------------


def groups(*members: str, name: str = "ceiling", number: int = 1) -> Message:
    listed = [{"ieee_address": each, "endpoint": 11} for each in members]
    body = [{"id": number, "friendly_name": name, "members": listed, "scenes": []}]
    return message("zigbee2mqtt/bridge/groups", body)


GROUP = "zigbee2mqtt:zigbee2mqtt:group:1"


def test_a_group_is_told_what_all_its_members_can() -> None:
    listed = devices(("0x1", "left", BULB), ("0x2", "right", BULB), ("0x3", "door", CONTACT))
    made = bench(ZIGBEE2MQTT, groups("0x1", "0x2"), message("zigbee2mqtt/bridge/devices", listed))
    model = made.models[GROUP]
    assert model.kind == "light" and all(each.writable for each in model.properties.values())
    assert {each.trait for each in model.properties.values()} >= {"on_off", "brightness"}
    made.say(message("zigbee2mqtt/ceiling", {"state": "OFF", "brightness": 254}))
    id = made.ask(GROUP, {"light.state": True})
    assert [each.topic for each in made.take_told()] == ["zigbee2mqtt/ceiling/set"]
    made.say(message("zigbee2mqtt/ceiling", {"state": "ON", "brightness": 254}))
    assert made.state(id) == "confirmed"
    made.say(groups("0x1", "0x2", name="hall"))
    made.tick(5)
    made.ask(GROUP, {"light.state": False})
    assert [each.topic for each in made.take_told()] == ["zigbee2mqtt/hall/set"], "it was renamed"
    made.say(message("zigbee2mqtt/bridge/groups", []))
    made.tick(5)
    assert GROUP not in made.things


def test_groups_of_nothing_in_common_or_nobody() -> None:
    listed = devices(("0x1", "left", BULB), ("0x3", "door", CONTACT))
    made = bench(ZIGBEE2MQTT, message("zigbee2mqtt/bridge/devices", listed), groups("0x1", "0x3"))
    strange = [{"id": "1"}, 7, {"id": 2, "friendly_name": "", "members": []}, {"id": 3, "friendly_name": "x"}]
    made.say(groups(), groups("0x9"), message("zigbee2mqtt/bridge/groups", strange))
    made.tick(5)
    assert sorted(made.things) == ["zigbee2mqtt:0x1", "zigbee2mqtt:0x3"] and made.odd == []
    assert ZIGBEE2MQTT.announces("zigbee2mqtt/bridge/groups")


def test_the_state_of_a_firmware_update() -> None:
    made = bench(
        ZIGBEE2MQTT, message("zigbee2mqtt/bridge/devices", devices(("0x1", "lamp", {**BULB, "supports_ota": True})))
    )
    key = "zigbee2mqtt:0x1"
    told = {"state": "available", "installed_version": 1, "latest_version": 2}
    made.say(message("zigbee2mqtt/lamp", {"state": "ON", "update": told}))
    assert made.value(key, "update.state") == "available" and made.value(key, "update.latest_version") == 2
    made.say(message("zigbee2mqtt/lamp", {"update": {"state": "updating", "progress": 12.5}}))
    assert made.value(key, "update.progress") == 12.5 and made.value(key, "update.installed_version") == 1
    made.say(message("zigbee2mqtt/bridge/event", {"type": "device_joined", "data": {"friendly_name": "lamp"}}))
    assert made.letters == [] and made.odd == []


# --- more of Shelly's second generation -------------------------------------------------------------------------------


def shelly(status: Mapping[str, Any]) -> tuple[Bench, str]:
    made = Bench()
    made.connect(SHELLY.bridge())
    made.say(message(f"{PLUS}/online", "true"), reply(1, result=INFO), reply(2, result=status))
    made.tick(5)
    made.take_told()
    return made, next(iter(made.things))


def test_a_cover_is_called_and_its_meter_is_read() -> None:
    cover = {"current_pos": 30, "apower": 40.0, "aenergy": {"total": 1500}, "temperature": {"tC": 41.5, "tF": 106.7}}
    made, key = shelly({"cover:0": cover})
    assert [made.value(key, f"cover.{each}") for each in ("position", "energy", "device_temperature")] == [
        30,
        1.5,
        41.5,
    ]
    assert list(made.models[key].actions) == ["cover.open", "cover.close", "cover.stop"]
    id = made.ask(key, call="cover.stop")
    [told] = made.take_told()
    assert (body(told)["method"], body(told)["params"]) == ("Cover.Stop", {"id": 0})
    made.say(reply(body(told)["id"], result=None))
    assert made.state(id) == "confirmed"


def test_each_phase_of_a_meter() -> None:
    phases = {f"{phase}_{what}": number for phase in "abc" for what, number in (("act_power", 10), ("voltage", 230))}
    made, key = shelly(
        {"em:0": {"total_act_power": 30, **phases}, "emdata:0": {"total_act": 5000, "a_total_act_energy": 2000}}
    )
    told = {each: made.value(key, each) for each in made.models[key].properties}
    assert told == {
        **{f"em.{what}_{phase}": number for phase in "abc" for what, number in (("power", 10), ("voltage", 230))},
        "em.power": 30,
        "emdata.energy": 5,
        "emdata.energy_a": 2,
    }


def test_values_that_people_made_and_what_comes_through_a_bluetooth_gateway() -> None:
    status = {
        "boolean:200": {"value": False},
        "number:201": {"value": 3.5},
        "enum:202": {"value": None},
        "text:203": {"value": "hi"},
        "bthomedevice:200": {"battery": 90, "rssi": -60},
        "bthomesensor:200": {"value": 21.5},
        "blutrv:200": {"target_C": 20.0, "current_C": 19.5, "battery": 80},
        "script:1": {"running": True},
        "ble": {},
    }
    made, key = shelly(status)
    known = ("boolean_200", "number_201", "text_203", "bthomesensor_200")
    assert [made.value(key, f"{each}.value") for each in known] == [False, 3.5, "hi", 21.5]
    assert made.value(key, "bthomedevice_200.battery") == 90 and made.value(key, "blutrv_200.temperature") == 19.5
    made.ask(key, {"number_201.value": 4.5, "blutrv_200.target_temperature": 22.0})
    told = {body(each)["method"]: body(each)["params"] for each in made.take_told()}
    assert told == {
        "Number.Set": {"id": 201, "value": 4.5},
        "BluTrv.Call": {"id": 200, "method": "TRV.SetTarget", "params": {"id": 0, "target_C": 22.0}},
    }
    made.say(notify({"events": [{"component": "script:1", "event": "made_up", "data": {}}]}, "NotifyEvent"))
    made.say(notify({"number:201": {"value": 5}, "script:1": {"running": False}}))
    assert made.value(key, "number_201.value") == 5 and made.odd == [] and made.letters == []


# --- more of Tasmota --------------------------------------------------------------------------------------------------


def test_a_fan_of_tasmota() -> None:
    fan = {**PLUG, "t": "fan", "rl": [1, 0, 0, 0], "if": 1, "swc": [], "btn": []}
    made = bench(TASMOTA, message("tasmota/discovery/AABBCC000003/config", fan), message("tele/fan/LWT", "Online"))
    [key] = made.things
    for number, speed in ((0, 0), (2, "medium")):
        made.say(message("stat/fan/RESULT", {"FanSpeed": number}))
        assert made.value(key, "fan_speed") == speed
    made.say(message("stat/fan/RESULT", {"FanSpeed": 9}), message("stat/fan/RESULT", {"FanSpeed": "x"}))
    assert made.value(key, "fan_speed") == "medium" and made.letters == []
    for wanted, said in (("high", b"3"), (0, b"0"), (50, b"2"), (100, b"3")):
        made.take_told()
        made.ask(key, {"fan_speed": wanted})
        assert made.take_told() == [("cmnd/fan/FanSpeed", said)]
    assert made.state(made.ask(key, {"fan_speed": "auto"})) == "rejected"


def test_each_phase_and_each_counter_of_tasmota() -> None:
    shown = {"sn": {"Time": "x", "ENERGY": {"Total": 3.2, "Power": [10, 20, 30]}, "COUNTER": {"C1": 4, "C2": 5}}}
    made = bench(
        TASMOTA,
        message("tasmota/discovery/AABBCC112233/config", PLUG),
        message("tasmota/discovery/AABBCC112233/sensors", shown),
    )
    [key] = made.things
    made.say(message("tele/tasmota_AABBCC/SENSOR", shown["sn"]))
    told = {each: made.value(key, each) for each in made.models[key].properties if each.startswith("sensors.")}
    assert told == {
        "sensors.energy_energy": 3.2,
        **{f"sensors.energy_power_{phase}": phase * 10 for phase in (1, 2, 3)},
        "sensors.counter_count_1": 4,
        "sensors.counter_count_2": 5,
    }
    made.say(message("tele/tasmota_AABBCC/SENSOR", {"ENERGY": {"Power": 11}}))
    assert [made.value(key, f"sensors.energy_power_{phase}") for phase in (1, 2)] == [11, 20]


def test_shutters_of_tasmota_are_called() -> None:
    blinds = {**PLUG, "t": "b", "rl": [3, 3, 3, 3], "fn": ["A"], "swc": [], "btn": []}
    made = bench(TASMOTA, message("tasmota/discovery/AABBCC000002/config", blinds), message("tele/b/LWT", "Online"))
    [key] = made.things
    made.ask(key, call="stop_2")
    assert made.take_told() == [("cmnd/b/ShutterStop2", b"")]


@pytest.mark.parametrize(
    "heard",
    [
        {"RfReceived": {"Sync": 10000, "Low": 300, "High": 900, "Data": "2DCB0C", "RfKey": "None"}},
        {"IrReceived": {"Protocol": "NEC", "Bits": 32, "Data": "0x00FF00FF"}},
        {"ZbReceived": {"0x1234": {"Device": "0x1234", "Temperature": 21.5, "LinkQuality": 70}}},
        {"BLE": {"mac": "A4C138000000", "Temperature": 1}},
        {"RfRaw": {"Data": "AAB0"}},
    ],
)
def test_what_a_bridge_hears_of_others_changes_nothing(heard: dict[str, Any]) -> None:
    made = bench(
        TASMOTA,
        message("tasmota/discovery/AABBCC112233/config", PLUG),
        message("tasmota/discovery/AABBCC112233/sensors", ENERGY),
    )
    [key] = made.things
    before = {each: made.value(key, each) for each in made.models[key].properties}
    made.say(message("tele/tasmota_AABBCC/RESULT", heard), message("tele/tasmota_AABBCC/SENSOR", heard))
    made.say(message("stat/tasmota_AABBCC/RESULT", heard))
    assert {each: made.value(key, each) for each in made.models[key].properties} == before
    assert made.letters == [] and made.odd == [] and list(made.things) == [key]


@pytest.mark.parametrize(
    ("status", "values"),
    [
        ({"input:0": {"id": 0, "state": True}}, {"input.state": True}),
        ({"input:2": {"id": 2, "percent": 40, "xpercent": None}}, {"input.level": 40}),
        ({"input:100": {"counts": {"total": 34, "xtotal": 3.4}}}, {"input.count": 34}),
        ({"input:0": None}, {"input.state": None}),
        ({"emdata:0": {"total_act": 10.5, "total_act_ret": 1500}}, {"emdata.energy": 0.0105, "emdata.energy_returned": 1.5}),
        ({"pm1:0": {"apower": 3, "ret_aenergy": {"total": 500}}}, {"pm1.power": 3, "pm1.energy_returned": 0.5}),
        ({"cover:0": {"current_pos": 5, "slat_pos": 50}}, {"cover.position": 5, "cover.tilt": 50}),
        ({"cover:0": {"current_pos": 5}}, {"cover.position": 5, "cover.tilt": None}),
        ({"rgbcct:0": {"output": True, "mode": "cct", "rgb": [1, 2, 3], "brightness": 50, "ct": 3000}},
         {"rgbcct.on_off": True, "rgbcct.color": "#010203", "rgbcct.color_temperature": 3000}),
        ({"thermostat:0": {"enable": True, "target_C": 21.5, "current_C": 20.2}},
         {"thermostat.on_off": True, "thermostat.target_temperature": 21.5, "thermostat.temperature": 20.2}),
    ],
    ids=lambda each: next(iter(each)),
)  # fmt: skip
def test_what_components_tell(status: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    made, key = shelly(status)
    assert {each: made.value(key, each) for each in values} == values
    assert made.letters == [] and made.odd == []


@pytest.mark.parametrize(
    ("status", "wanted", "method", "params"),
    [
        ({"cover:0": {"current_pos": 5, "slat_pos": 50}}, {"tilt": 20}, "Cover.GoToPosition", {"id": 0, "slat_pos": 20}),
        ({"cover:0": {"current_pos": 5, "slat_pos": 50}}, {"tilt": 20, "position": 70}, "Cover.GoToPosition",
         {"id": 0, "pos": 70, "slat_pos": 20}),
        ({"rgbcct:0": {"output": True}}, {"color": "#0102ff"}, "RGBCCT.Set", {"id": 0, "rgb": [1, 2, 255], "mode": "rgb"}),
        ({"rgbcct:0": {"output": True}}, {"color_temperature": 3000}, "RGBCCT.Set", {"id": 0, "ct": 3000, "mode": "cct"}),
        ({"rgbcct:0": {"output": True}}, {"brightness": 30}, "RGBCCT.Set", {"id": 0, "brightness": 30}),
        ({"thermostat:0": {"enable": True}}, {"target_temperature": 22}, "Thermostat.SetConfig",
         {"id": 0, "config": {"id": 0, "target_C": 22}}),
        ({"thermostat:0": {"enable": True}}, {"on_off": False}, "Thermostat.SetConfig",
         {"id": 0, "config": {"id": 0, "enable": False}}),
    ],
)  # fmt: skip
def test_what_components_are_told(
    status: Mapping[str, Any], wanted: Mapping[str, Any], method: str, params: Mapping[str, Any]
) -> None:
    made, key = shelly(status)
    made.ask(key, wanted)
    [told] = made.take_told()
    assert (body(told)["method"], body(told)["params"]) == (method, params)
    kinds = {"cover:0": "cover", "rgbcct:0": "light", "thermostat:0": "climate"}
    assert made.models[key].kind == kinds[next(iter(status))]


def test_an_analog_input_that_changes() -> None:
    made, key = shelly({"input:2": {"id": 2, "percent": 40}})
    made.say(notify({"input:2": {"id": 2, "percent": 55}}))
    assert made.value(key, "input.level") == 55 and not made.models[key].events


# --- OpenBeken --------------------------------------------------------------------------------------------------------


def test_a_lamp_of_openbeken() -> None:
    """Its colour goes out by a format and comes in by pieces of a text; brightness and warmth have topics of their own."""
    lamp = {
        "dev": {"ids": ["OpenBK7231N_01"], "name": "obk", "mf": "Beken Corporation", "mdl": "BK7231N"},
        "uniq_id": "OpenBK7231N_01_light", "obj_id": "light", "~": "obk", "avty_t": "~/connected",
        "stat_t": "~/led_enableAll/get", "cmd_t": "cmnd/obk/led_enableAll", "pl_on": "1", "pl_off": "0",
        "rgb_cmd_tpl": "{{'#%02x%02x%02x0000'|format(red,green,blue)}}", "rgb_cmd_t": "cmnd/obk/led_basecolor_rgb",
        "rgb_stat_t": "~/led_basecolor_rgb/get",
        "rgb_val_tpl": "{{ value[0:2]|int(base=16) }},{{ value[2:4]|int(base=16) }},{{ value[4:6]|int(base=16) }}",
        "bri_stat_t": "~/led_dimmer/get", "bri_cmd_t": "cmnd/obk/led_dimmer", "bri_scl": "100",
        "clr_temp_stat_t": "~/led_temperature/get", "clr_temp_cmd_t": "cmnd/obk/led_temperature",
    }  # fmt: skip
    made = bench(HOMEASSISTANT, message("homeassistant/light/OpenBK7231N_01_light_0/config", lamp))
    [key] = made.things
    for topic, text in (("connected", "online"), ("led_enableAll/get", "1"), ("led_basecolor_rgb/get", "FF8000"),
                        ("led_dimmer/get", "55"), ("led_temperature/get", "250")):  # fmt: skip
        made.say(message(f"obk/{topic}", text))
    told = {each.partition(".")[2]: made.value(key, each) for each in made.models[key].properties}
    assert told == {"on_off": True, "brightness": 55, "color_temperature": 4000, "color": "#ff8000"}
    made.ask(key, {"color": "#00ff00"})
    assert made.take_told()[0] == ("cmnd/obk/led_basecolor_rgb", b"#00ff000000")
    assert made.odd == [] and made.letters == []
