# ruff: noqa: E501  a line is a message
"""Tasmota's modules: what their announcements and telemetry look like, from its documentation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialect.test_firmwares import PLUG, bench, message
from unisono.dialect.tasmota import TASMOTA
from unisono.testing.dialect import Bench

BASE = "tasmota_AABBCC"


def module(config: dict[str, Any], sensors: dict[str, Any] | None = None) -> tuple[Bench, str]:
    said = [message("tasmota/discovery/AABBCC000001/config", {**PLUG, "t": BASE, **config})]
    if sensors is not None:
        said.append(message("tasmota/discovery/AABBCC000001/sensors", {"sn": sensors, "ver": 1}))
    made = bench(TASMOTA, *said, message(f"tele/{BASE}/LWT", "Online"))
    return made, next(iter(made.things))


METER = {
    "TotalStartTime": "2024-01-01T00:00:00", "Total": 3.185, "Yesterday": 0.5, "Today": 0.25, "Power": 40, "ApparentPower": 44,
    "ReactivePower": 10, "Factor": 0.9, "Voltage": 230, "Current": 0.19, "Frequency": 50,
}  # fmt: skip
AIR = {"CarbonDioxide": 617, "eCO2": 600, "Temperature": 24.2, "Humidity": 45.0, "DewPoint": 11.5}
SENSORS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"ENERGY": METER},
        {"energy": 3.185, "power": 40, "voltage": 230, "current": 0.19, "today": 0.25, "yesterday": 0.5, "factor": 0.9,
         "frequency": 50, "apparentpower": 44, "reactivepower": 10, "totalstarttime": None},
    ),
    ({"SCD40": AIR}, {"co2": 617, "eco2": 600, "temperature": 24.2, "humidity": 45, "dewpoint": 11.5}),
    ({"BME280": {"Pressure": 750.06, "SeaPressure": 760}, "PressureUnit": "mmHg"}, {"pressure": 99999.789904, "seapressure": 101325.014435}),
    ({"BME280": {"Pressure": 1013.25}, "PressureUnit": "hPa"}, {"pressure": 101325}),
    ({"BME280": {"Pressure": 1013.25}, "PressureUnit": 7}, {"pressure": 101325}),
    ({"DS18B20-1": {"Id": "0000062F1234", "Temperature": 68.0}, "DS18B20-2": {"Id": "1", "Temperature": 50.0}, "TempUnit": "F"},
     {"ds18b20-1_temperature": 20, "ds18b20-2_temperature": 10}),
    ({"MT175": {"Total_in": 1234.5, "Power": 312, "Phases": [1, 2], "Meter": "x"}}, {"total_in": 1234.5, "power": 312, "phases_2": 2, "meter": None}),
    ({"ANALOG": {"Temperature2": 71.6, "Illuminance3": 120, "A1": 9}, "TempUnit": "F"}, {"temperature_2": 22, "illuminance_3": 120, "a1": 9}),
    ({"SHT4X": {"Temperature": 68.0, "Humidity": 50, "DewPoint": 50.0}, "TempUnit": "F"}, {"temperature": 20, "humidity": 50, "dewpoint": 10}),
    ({"PMS5003": {"CF1": 1, "PM10": 7, "PM2.5": 5}}, {"pm25": 5, "pm10": 7, "cf1": 1}),
    ({"Shutter1": {"Position": 5}, "ANALOG": {"A0": 1024}, "Switch1": "ON"}, {"a0": 1024, "position": None}),
]  # fmt: skip


@pytest.mark.parametrize(("said", "values"), SENSORS, ids=lambda each: "+".join(each)[:40])
def test_sensors(said: dict[str, Any], values: dict[str, Any]) -> None:
    made, key = module({}, said)
    made.say(message(f"tele/{BASE}/SENSOR", {"Time": "2024-01-01T00:00:00", **said}))
    assert {name: made.value(key, f"sensors.{name}") for name in values} == values
    made.say(message(f"stat/{BASE}/STATUS10", {"StatusSNS": said}))
    assert made.letters == [] and made.odd == []
    properties = made.models[key].properties
    if "ENERGY" in said:
        assert properties["sensors.today"].unit == "kWh" and properties["sensors.power"].trait == "power"
        assert properties["sensors.today"].trait is None


def test_only_so_many_members_of_a_sensor() -> None:
    made, key = module({}, {"SML": {f"v{number}": number for number in range(200)}})
    assert sum(each.startswith("sensors.v") for each in made.models[key].properties) == 50


def test_the_lamp_of_a_fan_is_a_relay() -> None:
    made, key = module({"rl": [2, 0, 0, 0], "if": 1, "lt_st": 0})
    assert {"on_off", "fan_speed"} <= made.models[key].properties.keys()
    assert "brightness" not in made.models[key].properties


@pytest.mark.parametrize("told", [7, True, "x", None])
def test_a_speed_that_is_none(told: Any) -> None:
    made, key = module({"rl": [2, 0, 0, 0], "if": 1, "lt_st": 0})
    made.say(message(f"stat/{BASE}/RESULT", {"FanSpeed": told}))
    assert made.value(key, "fan_speed") is None
    made.say(message(f"stat/{BASE}/RESULT", {"FanSpeed": 2}))
    assert made.value(key, "fan_speed") == "medium"


def test_channels_that_are_lamps_of_their_own() -> None:
    made, key = module({"rl": [2, 2, 0], "lt_st": 2, "so": {"68": 1}})
    made.say(message(f"tele/{BASE}/STATE", {"POWER1": "ON", "Dimmer1": 40, "POWER2": "OFF", "Dimmer2": 70}))
    assert [made.value(key, f"brightness_{each}") for each in (1, 2)] == [40, 70]
    made.ask(key, {"brightness_2": 15})
    assert made.take_told() == [(f"cmnd/{BASE}/Dimmer2", b"15")]
    assert "color_temperature" not in made.models[key].properties


@pytest.mark.parametrize(
    ("options", "topic"), [({}, "RESULT"), ({"4": 1}, "DIMMER"), ({"4": 1}, "RESULT"), (7, "RESULT")]
)
def test_where_results_are_said(options: Any, topic: str) -> None:
    made, key = module({"rl": [2], "lt_st": 1, "so": options})
    made.say(message(f"stat/{BASE}/RESULT", {"Dimmer": 5}))
    id = made.ask(key, {"brightness": 60})
    made.say(message(f"stat/{BASE}/{topic}", {"POWER": "ON", "Dimmer": 60}))
    assert made.state(id) == "confirmed"


def test_switches_and_buttons() -> None:
    made, key = module({"swc": [0, -1, 15], "btn": [1, 0]})
    made.say(message(f"tele/{BASE}/SENSOR", {"Switch1": "ON", "Switch3": "OFF"}))
    assert [made.value(key, f"switch_{each}") for each in (1, 3)] == [True, False]
    assert "switch_2" not in made.models[key].properties
    made.say(message(f"stat/{BASE}/RESULT", {"Switch3": {"Action": "ON"}}))
    assert made.value(key, "switch_3") is True
    made.say(message(f"stat/{BASE}/RESULT", {"Button1": {"Action": "DOUBLE"}}))
    assert [text for *_rest, text in made.fold.outcome.texts] == [
        '{"which":"Switch3","action":"ON"}',
        '{"which":"Button1","action":"DOUBLE"}',
    ]
    assert made.letters == [] and made.odd == []


def test_a_shutter_tells_its_position_with_the_sensors() -> None:
    made, key = module({"rl": [3, 3]}, {"Shutter1": {"Position": 0, "Direction": 0}})
    made.say(message(f"tele/{BASE}/SENSOR", {"Shutter1": {"Position": 35, "Direction": 0, "Target": 35}}))
    assert made.value(key, "position") == 35
    made.say(message(f"tele/{BASE}/SENSOR", {"Shutter1": 7}))
    assert made.value(key, "position") == 35


def test_how_warm_a_chip_is_is_no_room_s_temperature() -> None:
    made, key = module({}, {"ESP32": {"Temperature": 48.9}, "DS18B20": {"Temperature": 18.4}})
    roles = {each: made.models[key].properties[f"sensors.{each}_temperature"].role for each in ("esp32", "ds18b20")}
    assert roles == {"esp32": "diagnostic", "ds18b20": "sensor"}


def test_slats_of_a_shutter() -> None:
    shutters = {"rl": [3, 3, 3, 3, 3, 3], "sht": [[-90, 90, 10], [0, 0, 0], "x"]}
    made, key = module(shutters, {"Shutter1": {"Position": 0, "Tilt": 0}})
    assert [each for each in made.models[key].properties if each.startswith("tilt")] == ["tilt_1"]
    made.say(message(f"stat/{BASE}/RESULT", {"Shutter1": {"Position": 30, "Direction": 1, "Target": 50, "Tilt": 45}}))
    assert (made.value(key, "position_1"), made.value(key, "tilt_1")) == (30, 75)
    made.say(
        message(f"stat/{BASE}/RESULT", {"Shutter1": {"Position": 31}}), message(f"stat/{BASE}/RESULT", {"Shutter1": 7})
    )
    assert (made.value(key, "position_1"), made.value(key, "tilt_1")) == (31, 75)
    made.ask(key, {"tilt_1": 25})
    assert made.take_told() == [(f"cmnd/{BASE}/ShutterTilt1", b"-45")]
    assert "tilt" in module({**shutters, "rl": [3, 3]})[0].models[key].properties
