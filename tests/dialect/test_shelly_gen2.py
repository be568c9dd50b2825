"""A Shelly since Gen2: asked until it answers, asked again when it may be another, and what people added to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.dialect.test_firmwares import INFO, PLUS, STATUS, message, notify, reply
from unisono.dialect.shelly import SHELLY
from unisono.dialect.shelly.gen2 import MOST_COMPONENTS, TIMES
from unisono.testing.dialect import Bench, Message, body

RPC = f"{PLUS}/rpc"


def connected() -> Bench:
    made = Bench()
    made.connect(SHELLY.bridge())
    return made


def asked(made: Bench) -> list[str]:
    return [body(each)["method"].removeprefix("Shelly.") for each in made.take_told() if each.topic == RPC]


def component(key: str, status: Mapping[str, Any] | None = None, **config: Any) -> dict[str, Any]:
    id = int(key.partition(":")[2])
    return {"key": key, "status": {"id": id, **(status or {})}, "config": {"id": id, **config}}


def page(offset: int, total: int, *components: Any) -> Message:
    return reply(3, result={"components": list(components), "cfg_rev": 16, "offset": offset, "total": total})


def known(*components: Any, status: Mapping[str, Any] = STATUS) -> tuple[Bench, str]:
    """A device that has answered everything."""
    made = connected()
    made.say(message(f"{PLUS}/online", "true"), reply(1, result=INFO), reply(2, result=status))
    made.say(page(0, len(components), *components))
    made.tick(5)
    assert made.odd == [] and made.letters == []
    made.take_told()
    return made, next(iter(made.things))


# asked until it answers


def test_who_publishes_before_it_subscribes_is_asked_when_it_does() -> None:
    made = connected()
    made.say(message(f"{PLUS}/online", "true"), notify({"switch:0": {"output": True}}))
    assert asked(made) == ["GetDeviceInfo", "GetStatus"]
    made.take(made.translator.subscribed(["other/rpc", f"{PLUS}/command"]), Message("", b""))
    made.tick(1)
    assert asked(made) == []
    made.take(made.translator.subscribed([f"{PLUS}/rpc"]), Message("", b""))
    made.tick(1)
    assert asked(made) == ["GetDeviceInfo", "GetStatus"]
    made.say(reply(1, result=INFO), reply(2, result=STATUS))
    made.tick(5)
    assert len(made.things) == 1


def test_who_does_not_answer_is_asked_less_and_less_and_then_only_when_it_is_heard() -> None:
    made = connected()
    made.say(notify({"wifi": {}}), notify({"wifi": {}}))
    assert asked(made) == ["GetDeviceInfo", "GetStatus"]
    times = []
    for second in range(1, 20_000):
        made.tick(1)
        times += [second] * (len(asked(made)) // 2)
    assert times == [5, 15, 35, 75] and len(times) == TIMES - 1
    made.say(notify({"wifi": {}}))
    assert asked(made) == ["GetDeviceInfo", "GetStatus"]
    made.say(notify({"wifi": {}}))
    assert asked(made) == []


def test_only_what_it_has_not_answered_is_asked_again() -> None:
    made = connected()
    made.say(message(f"{PLUS}/online", "true"), reply(1, result=INFO))
    made.take_told()
    made.tick(6)
    assert asked(made) == ["GetStatus"]
    made.say(reply(2, error={"code": 401, "message": "not yet"}))
    made.tick(11)
    assert asked(made) == ["GetStatus"]


def test_no_more_are_asked_than_there_is_room_for() -> None:
    made = connected()
    for number in range(2_100):
        made.translator.heard(f"x{number}/events/rpc", b'{"src":"shellyx-1"}', 0)
    made.say(message(f"{PLUS}/online", "true"))
    assert asked(made) == []


# asked again when it may be another


def test_a_device_of_another_profile_is_asked_when_it_connects_again() -> None:
    made, key = known()
    assert "switch.on_off" in made.models[key].properties
    made.say(message(f"{PLUS}/online", "false"), message(f"{PLUS}/online", "true"))
    assert asked(made) == ["GetDeviceInfo", "GetStatus"]
    cover = {**{k: v for k, v in STATUS.items() if k != "switch:0"}, "cover:0": {"id": 0, "current_pos": 40}}
    made.say(reply(1, result=INFO), reply(2, result=cover), page(0, 0))
    made.tick(5)
    assert made.models[key].kind == "cover" and "switch.on_off" not in made.models[key].properties
    assert made.value(key, "cover.position") == 40


@pytest.mark.parametrize("event", ["config_changed", "component_added", "component_removed"])
def test_a_device_that_was_changed_is_asked(event: str) -> None:
    made, key = known(component("boolean:200", {"value": True}))
    made.say(notify({"events": [{"component": "sys", "event": event}]}, "NotifyEvent"))
    assert asked(made) == ["GetDeviceInfo", "GetStatus"]
    made.say(reply(1, result=INFO), reply(2, result=STATUS))
    assert asked(made) == ["GetComponents"]
    assert made.value(key, "boolean_200.value") is True
    made.say(page(0, 1, component("number:201", {"value": 4}, min=0, max=9, meta={"ui": {"unit": "°C"}})))
    made.tick(5)
    assert "boolean_200.value" not in made.models[key].properties
    number = made.models[key].properties["number_201.value"]
    assert (number.unit, number.schema.min, number.schema.max) == ("Cel", 0, 9)


def test_what_is_answered_again_is_told_at_once_and_never_later() -> None:
    made, key = known()
    made.say(notify({"events": [{"component": "sys", "event": "config_changed"}, 7]}, "NotifyEvent"))
    switch: Any = STATUS["switch:0"]
    made.say(reply(1, result=INFO), reply(2, result={**STATUS, "switch:0": {**switch, "voltage": 231.5}}))
    assert made.value(key, "switch.voltage") == 231.5
    made.say(notify({"switch:0": {"voltage": 229.0}}))
    made.say(page(0, 1, component("switch:0", {}, name="Boiler relay")))
    made.tick(5)
    assert made.value(key, "switch.voltage") == 229.0
    assert next(each for each in made.models[key].services if each.key == "switch").titles == {"en": "Boiler relay"}


# what people added


def test_sensors_of_bluetooth_devices_are_what_their_objects_are() -> None:
    """A BLU gateway's status names none of them: they come in pages, in no order."""
    addr = "7c:c6:b6:00:00:01"
    sensors = {
        200: (1, 90), 201: (69, 21.5), 202: (46, 55), 203: (4, 1013.25), 204: (45, True), 205: (31, True),
        206: (63, 12.5), 207: (250, "x"), 208: (58, None), 209: (33, 1), 210: (5, "dark"),
    }  # fmt: skip
    listed = [
        component(f"bthomesensor:{n}", {"value": v}, addr=addr, obj_id=id, idx=0) for n, (id, v) in sensors.items()
    ]
    device = component("bthomedevice:200", {"rssi": -48, "battery": 90}, addr=addr, name="Balcony")
    made = connected()
    made.say(message(f"{PLUS}/online", "true"), reply(1, result=INFO), reply(2, result={"wifi": {"rssi": -57}}))
    made.take_told()
    made.say(page(0, 12, *listed[:6]))
    assert [body(each)["params"]["offset"] for each in made.take_told()] == [6]
    made.say(page(4, 12, *listed), page(6, 12, *listed[6:], device))
    made.tick(5)
    [key] = made.things
    told = {each: made.value(key, each) for each in made.models[key].properties if each.startswith("bthomesensor")}
    assert told == {
        "bthomesensor_200.battery": 90,
        "bthomesensor_201.temperature": 21.5,
        "bthomesensor_202.humidity": 55,
        "bthomesensor_203.pressure": 101325,
        "bthomesensor_204.contact": "open",
        "bthomesensor_205.locked": False,
        "bthomesensor_206.rotation": 12.5,
        "bthomesensor_207.value": "x",
        "bthomesensor_209.motion": True,
        "bthomesensor_210.illuminance": None,
    }
    assert {each.titles["en"] for each in made.models[key].services if each.key.startswith("bthome")} == {"Balcony"}
    made.say(notify({"bthomesensor:201": {"id": 201, "value": 22.0, "last_updated_ts": 1}}))
    made.say(
        notify(
            {
                "events": [
                    {"component": "bthomedevice:200", "event": "double_push", "idx": 0},
                    {"component": "bthomesensor:208", "event": "single_push"},
                ]
            },
            "NotifyEvent",
        )
    )
    assert made.value(key, "bthomesensor_201.temperature") == 22
    assert made.odd == [] and made.letters == []
    assert len(made.fold.outcome.texts) == 2


def test_what_people_made_has_its_choices_and_is_pressed() -> None:
    made, key = known(
        component("enum:200", {"value": "eco"}, options=["eco", "boost", 7], name="Mode"),
        component("enum:201", {"value": None}, options=7),
        component("text:202", {"value": "hi"}),
        component("button:203"),
        component("presencezone:204", {"value": True, "num_objects": 2}),
        {"key": "number:205", "status": 7},
        {"key": 7},
        7,
    )
    properties = made.models[key].properties
    assert [each.value for each in properties["enum_200.value"].schema.choices] == ["eco", "boost"]
    assert made.value(key, "presencezone_204.presence") is True and "number_205.value" not in properties
    made.ask(key, {"enum_200.value": "boost"})
    made.ask(key, call="button_203.press")
    assert [(body(each)["method"], body(each)["params"]) for each in made.take_told()] == [
        ("Enum.Set", {"id": 200, "value": "boost"}),
        ("Button.Trigger", {"id": 203, "event": "single_push"}),
    ]
    made.say(notify({"events": [{"component": "button:203", "event": "long_push"}]}, "NotifyEvent"))
    assert len(made.fold.outcome.texts) == 1 and made.letters == []


def test_pages_end() -> None:
    made = connected()
    made.say(message(f"{PLUS}/online", "true"), reply(1, result=INFO), reply(2, result=STATUS))
    made.take_told()
    for number in range(1_000):
        made.say(page(number, 10_000, component(f"boolean:{number}", {"value": True})))
        if not made.take_told():
            break
    assert number == MOST_COMPONENTS - 1
    made.say(reply(3, result={"components": 7}), reply(3, result={"components": [], "total": "x"}))
    made.tick(5)
    [key] = made.things
    assert made.odd == [] and made.value(key, "boolean_7.value") is True


def test_components_that_are_named_like_none() -> None:
    made, key = known(status={**STATUS, "switch:x": {"output": True}, "light:": {"output": True}, "Ü": 7})
    assert {each.partition(".")[0] for each in made.models[key].properties} == {"switch", "input", "update", "wifi"}


def test_a_sensor_that_has_not_measured_yet_is_one() -> None:
    made, key = known(status={**STATUS, "temperature:100": {"id": 100, "tC": None, "tF": None}})
    assert made.value(key, "temperature.temperature") is None
    made.say(notify({"temperature:100": {"id": 100, "tC": 48.5}}))
    assert made.value(key, "temperature.temperature") == 48.5


def test_a_thermostat_that_is_made_of_virtual_components() -> None:
    warm = {"min": 5, "max": 35, "meta": {"ui": {"unit": "°C"}}}
    made, key = known(
        component("number:200", {"value": 21.5}, role="target_temperature", access="crw", **warm),
        component("number:201", {"value": 22.1}, role="current_temperature", access="cr", **warm),
        component("number:202", {"value": 3}, role="current_temperature"),
        component("boolean:203", {"value": True}, role="enable", access="cr"),
    )
    properties = made.models[key].properties
    told = {each.partition(".")[0]: (p.trait, p.writable) for each, p in properties.items() if each.endswith(".value")}
    assert told == {
        "number_200": ("target_temperature", True),
        "number_201": ("temperature", False),
        "number_202": (None, True),
        "boolean_203": (None, False),
    }
    assert properties["number_200.value"].schema.max == 35


def test_a_lamp_with_a_meter() -> None:
    lamp = {"id": 0, "output": True, "brightness": 60, "ct": 2700, "apower": 5.5, "aenergy": {"total": 20.0}}
    made, key = known(status={**STATUS, "cct:0": lamp})
    assert (made.value(key, "cct.power"), made.value(key, "cct.energy")) == (5.5, 0.02)


def test_a_roller_of_the_first_generation() -> None:
    made, id = connected(), "shellyswitch25-AABBCD"
    for topic, text in (
        ("roller/0/pos", "-1"),
        ("roller/0/power", "0"),
        ("emeter/0/current", "0.5"),
        ("roller/0/pos", "x"),
    ):
        made.say(message(f"shellies/{id}/{topic}", text))
    made.tick(5)
    [key] = made.things
    assert made.value(key, "roller_0.position") is None and made.letters == []
    made.say(message(f"shellies/{id}/roller/0/pos", "30"), message(f"shellies/{id}/emeter/0/current", "0.7"))
    assert (made.value(key, "roller_0.position"), made.value(key, "meter_0.current")) == (30, 0.7)
    made.ask(key, call="roller_0.stop")
    assert made.take_told() == [(f"shellies/{id}/roller/0/command", b"stop")]
    assert list(made.models[key].actions) == ["roller_0.open", "roller_0.close", "roller_0.stop"]
