# ruff: noqa: E501  a line is a message
"""Zigbee2MQTT, Tasmota and Shelly: what they announce, say and take, written from their documentation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from unisono.dialect.said import Say
from unisono.dialect.seam import PlaceDialect
from unisono.dialect.shelly import SHELLY
from unisono.dialect.tasmota import TASMOTA
from unisono.dialect.zigbee2mqtt import ZIGBEE2MQTT
from unisono.testing.dialect import Bench, Message, PlaceConformance, body


def message(topic: str, say: Any) -> Message:
    return Message(topic, say.encode() if isinstance(say, str) else json.dumps(say).encode())


def bench(dialect: PlaceDialect, *messages: Message) -> Bench:
    made = Bench()
    made.connect(dialect.bridge())
    made.say(*messages)
    made.tick(5)
    return made


BULB = {
    "vendor": "IKEA",
    "model": "LED1624G9",
    "description": "TRADFRI bulb",
    "exposes": [
        {
            "type": "light",
            "features": [
                {"type": "binary", "name": "state", "property": "state", "access": 7, "value_on": "ON", "value_off": "OFF", "value_toggle": "TOGGLE"},
                {"type": "numeric", "name": "brightness", "property": "brightness", "access": 7, "value_min": 0, "value_max": 254},
                {"type": "numeric", "name": "color_temp", "property": "color_temp", "access": 7, "value_min": 250, "value_max": 454, "unit": "mired"},
                {"type": "composite", "name": "color_xy", "property": "color", "access": 7, "features": [
                    {"type": "numeric", "name": "x", "property": "x", "access": 7},
                    {"type": "numeric", "name": "y", "property": "y", "access": 7}]},
            ],
        },
        {"type": "numeric", "name": "linkquality", "property": "linkquality", "access": 1, "unit": "lqi"},
    ],
}  # fmt: skip
REMOTE = {
    "vendor": "IKEA", "model": "E1743", "exposes": [
        {"type": "enum", "name": "action", "property": "action", "access": 1, "values": ["on", "off"]},
        {"type": "numeric", "name": "battery", "property": "battery", "access": 1, "unit": "%", "value_min": 0, "value_max": 100}],
}  # fmt: skip
CONTACT = {
    "vendor": "Aqara", "model": "MCCGQ11LM", "exposes": [
        {"type": "binary", "name": "contact", "property": "contact", "access": 1, "value_on": False, "value_off": True}],
}  # fmt: skip


def devices(*named: tuple[str, str, Any]) -> list[dict[str, Any]]:
    coordinator = {"ieee_address": "0x0", "type": "Coordinator", "friendly_name": "Coordinator", "definition": None}
    return [
        coordinator,
        *(
            {"ieee_address": a, "friendly_name": n, "type": "Router", "definition": d, "interview_completed": True}
            for a, n, d in named
        ),
    ]


class TestZigbee2mqtt(PlaceConformance):
    DIALECT = ZIGBEE2MQTT
    KEY = "light.state"

    def announce(self) -> Sequence[Message]:
        return [
            message("zigbee2mqtt/bridge/state", {"state": "online"}),
            message("zigbee2mqtt/bridge/devices", devices(("0x1", "kitchen/lamp", BULB))),
            message("zigbee2mqtt/kitchen/lamp/availability", {"state": "online"}),
        ]

    def withdraw(self) -> Sequence[Message]:
        return [message("zigbee2mqtt/bridge/devices", devices())]

    def away(self) -> Sequence[Message]:
        return [message("zigbee2mqtt/kitchen/lamp/availability", "offline")]

    def report(self, values: Mapping[str, Any]) -> Sequence[Message]:
        return [message("zigbee2mqtt/kitchen/lamp", {"state": "ON" if values[self.KEY] else "OFF", "linkquality": 120})]

    def refuse(self, told: Sequence[Message]) -> Sequence[Message]:
        text = "z2m: Publish 'set' 'state' to 'kitchen/lamp' failed: 'Delivery failed (NO_NETWORK_ROUTE)'"
        return [message("zigbee2mqtt/bridge/logging", {"level": "error", "message": text, "namespace": "z2m"})]


def test_zigbee2mqtt_in_detail() -> None:
    made = bench(
        ZIGBEE2MQTT,
        message(
            "z2m/bridge/devices", devices(("0x1", "lamp", BULB), ("0x2", "remote", REMOTE), ("0x3", "door", CONTACT))
        ),
    )
    assert sorted(made.things) == ["zigbee2mqtt:0x1", "zigbee2mqtt:0x2", "zigbee2mqtt:0x3"]
    lamp = "zigbee2mqtt:0x1"
    made.say(
        message(
            "z2m/lamp",
            {
                "state": "ON",
                "brightness": 127,
                "color_temp": 250,
                "color": {"x": 0.64, "y": 0.33},
                "update": {"state": "idle"},
                "linkquality": None,
            },
        )
    )
    assert made.odd == [] and made.letters == []
    assert (made.value(lamp, "light.state"), made.value(lamp, "light.brightness")) == (True, 50)
    assert made.value(lamp, "light.color_temp") == 4000
    made.ask(lamp, {"on_off": True, "brightness": 100})
    [told] = made.take_told()
    assert told.topic == "z2m/lamp/set" and body(told) == {"state": "ON", "brightness": 254}
    made.say(
        message("z2m/remote", {"action": "on", "battery": 90}), message("z2m/remote", {"action": "", "battery": 90})
    )
    assert made.value("zigbee2mqtt:0x2", "action") == "on"
    assert [text for *_rest, text in made.fold.outcome.texts] == ['{"action":"on"}']
    made.say(message("z2m/door", {"contact": False}))
    assert made.value("zigbee2mqtt:0x3", "contact") == "open"
    # attributes on topics of their own
    made.say(message("z2m/lamp/state", "OFF"), message("z2m/lamp/brightness", "254"))
    assert (made.value(lamp, "light.state"), made.value(lamp, "light.brightness")) == (False, 100)
    # a device is renamed; others are gone or switched off
    listed = devices(("0x1", "new", BULB), ("0x3", "door", CONTACT))
    listed[2]["disabled"] = True
    made.say(message("z2m/bridge/devices", listed))
    made.tick(5)
    assert list(made.things) == [lamp]
    made.say(message("z2m/new", {"state": "ON"}))
    assert made.value(lamp, "light.state") is True
    assert made.translator.heard("z2m/lamp", b"{}", 0) is None


EFFECT = {"type": "enum", "name": "effect", "property": "effect", "access": 2, "values": ["blink", "breathe"]}


def effects() -> tuple[Bench, str]:
    glowing = {**BULB, "model": "LED2", "exposes": [*BULB["exposes"], EFFECT]}
    return bench(ZIGBEE2MQTT, message("z2m/bridge/devices", devices(("0x1", "lamp", glowing)))), "zigbee2mqtt:0x1"


def test_what_zigbee2mqtt_never_tells_is_taken_when_nothing_was_refused() -> None:
    made, lamp = effects()
    id = made.ask(lamp, {"effect": "blink"})
    assert [body(each) for each in made.take_told()] == [{"effect": "blink"}]
    made.tick(2)
    assert made.state(id) == "sent"
    made.tick(2)
    assert (made.state(id), made.command(id).open) == ("acknowledged", True)
    made.tick(10)
    assert (made.state(id), made.command(id).open, made.command(id).unanswered) == ("acknowledged", False, True)
    # with what is told beside it, it ends when that was told
    id = made.ask(lamp, {"effect": "blink", "on_off": True})
    made.tick(4)
    assert made.state(id) == "sent"
    made.say(message("z2m/lamp", {"state": "ON"}))
    assert (made.state(id), made.command(id).open, made.command(id).unanswered) == ("acknowledged", False, True)


@pytest.mark.parametrize("seconds", [1, 5])
def test_a_refusal_of_what_is_never_told_is_heard_early_and_late(seconds: int) -> None:
    made, lamp = effects()
    id = made.ask(lamp, {"effect": "blink"})
    made.tick(seconds)
    text = "z2m: Publish 'set' 'effect' to 'lamp' failed: 'no network route'"
    made.say(message("z2m/bridge/logging", {"level": "error", "message": text}))
    made.tick(10)
    assert (made.state(id), made.command(id).why) == ("rejected", "no network route")


def test_what_waits_for_its_refusal_goes_with_its_device() -> None:
    made, lamp = effects()
    made.ask(lamp, {"effect": "blink"})
    made.say(message("z2m/bridge/devices", devices()))
    made.tick(5)
    assert made.things == {} and made.odd == []


def test_a_log_line_that_is_nobodys() -> None:
    made = bench(ZIGBEE2MQTT, message("zigbee2mqtt/bridge/devices", devices(("0x1", "lamp", BULB))))
    for text in (
        "all is well",
        "Publish 'set' 'state' to 'other' failed: 'x'",
        "Publish 'set' 'state' to 'lamp' failed: 'x'",
    ):
        made.say(message("zigbee2mqtt/bridge/logging", {"level": "error", "message": text}))
    made.say(
        message("zigbee2mqtt/bridge/logging", {"level": "info", "message": "x"}),
        message("zigbee2mqtt/bridge/devices", "{}"),
    )
    made.say(
        message(
            "zigbee2mqtt/bridge/devices",
            [{"ieee_address": "0x9", "friendly_name": "odd", "definition": {"exposes": []}}],
        )
    )
    assert [each.code for each in made.odd] == ["bad_json", "bad_model"]


PLUG = {
    "ip": "192.168.1.9", "dn": "Tasmota", "fn": ["Plug", None], "hn": "tasmota-AABBCC", "mac": "AABBCC112233", "md": "Sonoff POW",
    "ofln": "Offline", "onln": "Online", "state": ["OFF", "ON", "TOGGLE", "HOLD"], "sw": "13.1.0", "t": "tasmota_AABBCC",
    "ft": "%prefix%/%topic%/", "tp": ["cmnd", "stat", "tele"], "rl": [1, 0, 0, 0], "swc": [-1, -1], "btn": [1, 0], "lt_st": 0, "ver": 1,
}  # fmt: skip
ENERGY = {
    "sn": {
        "Time": "2024-01-01T00:00:00",
        "ENERGY": {"Total": 1.5, "Today": 0.1, "Power": 20, "Voltage": 230, "Current": 0.1},
        "TempUnit": "C",
    },
    "ver": 1,
}


class TestTasmota(PlaceConformance):
    DIALECT = TASMOTA
    KEY = "on_off"

    def announce(self) -> Sequence[Message]:
        return [
            message("tasmota/discovery/AABBCC112233/config", PLUG),
            message("tasmota/discovery/AABBCC112233/sensors", ENERGY),
            message("tele/tasmota_AABBCC/LWT", "Online"),
        ]

    def withdraw(self) -> Sequence[Message]:
        return [message("tasmota/discovery/AABBCC112233/config", "")]

    def away(self) -> Sequence[Message]:
        return [message("tele/tasmota_AABBCC/LWT", "Offline")]

    def report(self, values: Mapping[str, Any]) -> Sequence[Message]:
        word = "ON" if values[self.KEY] else "OFF"
        return [message("stat/tasmota_AABBCC/RESULT", {"POWER": word}), message("stat/tasmota_AABBCC/POWER", word)]


def test_a_tasmota_plug() -> None:
    made = bench(
        TASMOTA,
        message("tasmota/discovery/AABBCC112233/config", PLUG),
        message("tasmota/discovery/AABBCC112233/sensors", ENERGY),
    )
    [key] = made.things
    made.say(message("tele/tasmota_AABBCC/LWT", "Online"))
    made.say(message("tele/tasmota_AABBCC/STATE", {"Time": "x", "POWER": "ON", "Wifi": {"RSSI": 80, "Signal": -60}}))
    made.say(
        message(
            "tele/tasmota_AABBCC/SENSOR", {"ENERGY": {"Total": 1.6, "Power": [21, 3], "Voltage": 229, "Current": 0.2}}
        )
    )
    assert made.letters == [] and made.odd == []
    assert (made.value(key, "on_off"), made.value(key, "signal")) == (True, -60)
    assert [made.value(key, f"sensors.{each}") for each in ("energy", "power", "voltage", "current")] == [
        1.6,
        21,
        229,
        0.2,
    ]
    made.say(message("stat/tasmota_AABBCC/RESULT", {"Button1": {"Action": "SINGLE"}}))
    assert len(made.fold.outcome.texts) == 1
    made.ask(key, {"on_off": False})
    assert made.take_told() == [("cmnd/tasmota_AABBCC/POWER", b"OFF")]
    # what it measures is another now
    made.say(
        message(
            "tasmota/discovery/AABBCC112233/sensors",
            {"sn": {"DS18B20": {"Temperature": 68.0}, "AM2301": {"Humidity": 40}, "TempUnit": "F"}},
        )
    )
    made.tick(5)
    made.say(
        message(
            "stat/tasmota_AABBCC/STATUS10",
            {"StatusSNS": {"DS18B20": {"Temperature": 68.0}, "AM2301": {"Humidity": None}}},
        )
    )
    assert made.value(key, "sensors.ds18b20_temperature") == 20
    made.say(message("tasmota/discovery/AABBCC112233/sensors", ""))
    made.tick(5)
    assert "sensors.ds18b20_temperature" not in made.models[key].properties


def test_tasmota_lights_and_shutters_and_several_relays() -> None:
    lamp = {
        **PLUG,
        "mac": "AABBCC000001",
        "t": "lamp",
        "rl": [2],
        "lt_st": 5,
        "ft": "home/%topic%/%prefix%/",
        "dn": "Lamp",
        "btn": [],
    }
    made = bench(TASMOTA, message("tasmota/discovery/AABBCC000001/config", lamp))
    [key] = made.things
    made.say(message("home/lamp/tele/LWT", "Online"))
    made.say(message("home/lamp/tele/STATE", {"POWER": "ON", "Dimmer": 40, "CT": 250, "Color": "FF000A0000"}))
    assert [made.value(key, each) for each in ("on_off", "brightness", "color_temperature", "color")] == [
        True,
        40,
        4000,
        "#ff000a",
    ]
    made.say(message("home/lamp/stat/RESULT", {"Color": "1,2,3,0,0"}))
    assert made.value(key, "color") == "#010203"
    made.ask(key, {"brightness": 55.4, "color_temperature": 2700, "color": "red"})
    assert made.take_told() == [
        ("home/lamp/cmnd/Dimmer", b"55"),
        ("home/lamp/cmnd/CT", b"370"),
        ("home/lamp/cmnd/Color2", b"#ff0000"),
    ]
    id = made.ask(key, {"color": "nothing"})
    assert made.state(id) == "rejected"
    blinds = {**PLUG, "t": "b", "rl": [3, 3, 1, 1], "fn": ["A", "B", "C", "D"], "swc": [0], "btn": []}
    made = bench(TASMOTA, message("tasmota/discovery/AABBCC000002/config", blinds))
    [key] = made.things
    made.say(
        message("stat/b/RESULT", {"Shutter1": {"Position": 30, "Direction": 0}, "POWER3": "ON"}),
        message("stat/b/SHUTTER1", "31"),
    )
    made.say(message("stat/b/POWER4", "OFF"), message("stat/b/POWER4", "HUH"))
    assert [made.value(key, each) for each in ("position", "on_off_3", "on_off_4")] == [31, True, False]
    made.say(message("tele/b/LWT", "Online"))
    made.ask(key, {"position": 70, "on_off_4": True})
    assert made.take_told() == [("cmnd/b/ShutterPosition1", b"70"), ("cmnd/b/POWER4", b"ON")]


@pytest.mark.parametrize(("part", "say"), [("config", "[]"), ("config", "{}"), ("sensors", "7")])
def test_what_tasmota_does_not_say(part: str, say: str) -> None:
    made = bench(
        TASMOTA,
        message(f"tasmota/discovery/AABBCC112233/{part}", say),
        message("tasmota/discovery/AABBCC112299/sensors", ENERGY),
    )
    assert made.things == {} and len(made.odd) == 1
    made.say(message("tasmota/discovery/AABBCC112233/config", ""))


PLUS = "shellyplus1pm-a8032ab12345"
INFO = {"id": PLUS, "name": "Boiler", "mac": "A8032AB12345", "model": "SNSW-001P16EU", "gen": 2, "app": "Plus1PM"}
STATUS = {
    "switch:0": {"id": 0, "output": False, "apower": 0.0, "voltage": 230.1, "current": 0.0, "aenergy": {"total": 1500.0}},
    "input:0": {"id": 0, "state": False}, "sys": {"mac": "x"}, "wifi": {"rssi": -55}, "mqtt": {"connected": True},
}  # fmt: skip


def notify(params: Any, method: str = "NotifyStatus") -> Message:
    return message(
        f"{PLUS}/events/rpc", {"src": PLUS, "dst": f"{PLUS}/events", "method": method, "params": {"ts": 1.0, **params}}
    )


def reply(id: int, **given: Any) -> Message:
    return message(f"unisono/shelly/{PLUS}/rpc", {"id": id, "src": PLUS, "dst": f"unisono/shelly/{PLUS}", **given})


class TestShellyGen2(PlaceConformance):
    DIALECT = SHELLY
    KEY = "switch.on_off"

    def announce(self) -> Sequence[Message]:
        return [message(f"{PLUS}/online", "true"), notify({"wifi": {}}), reply(1, result=INFO), reply(2, result=STATUS)]

    def away(self) -> Sequence[Message]:
        return [message(f"{PLUS}/online", "false")]

    def report(self, values: Mapping[str, Any]) -> Sequence[Message]:
        return [notify({"switch:0": {"id": 0, "output": values[self.KEY], "source": "button"}})]

    def acknowledge(self, told: Sequence[Message]) -> Sequence[Message]:
        return [reply(body(told[0])["id"], result={"was_on": False})] if told else []

    def refuse(self, told: Sequence[Message]) -> Sequence[Message]:
        return [reply(body(told[0])["id"], error={"code": -103, "message": "overtemp"})]

    def recover(self, made: Bench) -> None:
        made.say(*self.announce())
        made.tick(5)


def test_a_shelly_of_the_second_generation() -> None:
    made = Bench()
    made.connect(SHELLY.bridge())
    made.say(message(f"{PLUS}/online", "true"))
    asked = made.take_told()
    assert [each.topic for each in asked] == [f"{PLUS}/rpc"] * 2
    assert [body(each)["method"] for each in asked] == ["Shelly.GetDeviceInfo", "Shelly.GetStatus"]
    assert body(asked[0])["src"] == f"unisono/shelly/{PLUS}"
    made.say(reply(1, result=INFO), reply(2, result=STATUS))
    assert [body(each)["method"] for each in made.take_told()] == ["Shelly.GetComponents"]
    made.tick(5)
    [key] = made.things
    assert made.models[key].kind == "switch"
    assert [made.value(key, each) for each in ("switch.on_off", "switch.energy", "switch.voltage", "wifi.signal")] == [
        False,
        1.5,
        230.1,
        -55,
    ]
    made.say(notify({"switch:0": {"output": True, "apower": 40.5}, "input:0": {"state": True}}, "NotifyFullStatus"))
    made.say(
        notify(
            {
                "events": [
                    {"component": "input:0", "id": 0, "event": "single_push"},
                    {"component": "sys", "event": "sleep"},
                ]
            },
            "NotifyEvent",
        )
    )
    made.say(message(f"{PLUS}/status/switch:0", {"aenergy": {"total": 2000}}))
    assert [made.value(key, each) for each in ("switch.on_off", "switch.power", "switch.energy", "input.state")] == [
        True,
        40.5,
        2,
        True,
    ]
    assert len(made.fold.outcome.texts) == 1 and made.letters == [] and made.odd == []
    made.ask(key, {"on_off": False})
    [told] = made.take_told()
    assert body(told)["method"] == "Switch.Set" and body(told)["params"] == {"id": 0, "on": False}


def test_lamps_and_covers_of_the_second_generation() -> None:
    prefix = "house/shellyrgbw-1"
    status = {"rgbw:0": {"output": True, "brightness": 50, "rgb": [255, 0, 16]}, "cct:0": {"output": False, "brightness": 3, "ct": 3000},
              "cover:0": {"current_pos": 30, "pos_control": True}, "cover:1": {"pos_control": False}, "em1:0": {"act_power": 3}}  # fmt: skip
    made = Bench()
    made.connect(SHELLY.bridge())
    made.say(message(f"{prefix}/events/rpc", {"src": "shellyrgbw-1", "method": "NotifyStatus", "params": {}}))
    for id, result in ((1, {"id": "shellyrgbw-1", "model": "X"}), (2, status)):
        made.say(message(f"unisono/shelly/{prefix}/rpc", {"id": id, "result": result}))
    made.tick(5)
    [key] = made.things
    assert made.value(key, "rgbw.color") == "#ff0010" and made.value(key, "cover_0.position") == 30
    assert "cover_1.position" not in made.models[key].properties
    made.take_told()
    made.ask(
        key, {"rgbw.color": "#0102ff", "rgbw.brightness": 20.2, "cct.color_temperature": 4000, "cover_0.position": 70}
    )
    told = {body(each)["method"]: body(each)["params"] for each in made.take_told()}
    assert told == {
        "RGBW.Set": {"id": 0, "brightness": 20, "rgb": [1, 2, 255]},
        "CCT.Set": {"id": 0, "ct": 4000},
        "Cover.GoToPosition": {"id": 0, "pos": 70},
    }
    assert made.state(made.ask(key, {"rgbw.color": "x"})) == "rejected"


def test_what_is_no_shelly() -> None:
    made = Bench()
    made.connect(SHELLY.bridge())
    made.say(
        message("lamp/online", "true"),
        message("lamp/events/rpc", {"src": "lamp"}),
        message("unisono/shelly/other/rpc", {"id": 1}),
    )
    made.say(notify({}), notify({}), reply(1, result=INFO), reply(9, result={}), reply(2, result={"sys": {}}))
    made.tick(5)
    assert made.things == {} and [each.code for each in made.odd] == ["bad_model"]


ID = "shelly1pm-AABBCC"


class TestShellyGen1(PlaceConformance):
    DIALECT = SHELLY
    KEY = "relay_0.on_off"

    def announce(self) -> Sequence[Message]:
        announced = {
            "id": ID,
            "model": "SHSW-PM",
            "mac": "E868E7AABBCC",
            "ip": "1.2.3.4",
            "new_fw": False,
            "fw_ver": "1.14",
        }
        return [
            message("shellies/announce", announced),
            message(f"shellies/{ID}/relay/0", "off"),
            message(f"shellies/{ID}/online", "true"),
        ]

    def away(self) -> Sequence[Message]:
        return [message(f"shellies/{ID}/online", "false")]

    def report(self, values: Mapping[str, Any]) -> Sequence[Message]:
        return [message(f"shellies/{ID}/relay/0", "on" if values[self.KEY] else "off")]


def test_shellies_of_the_first_generation() -> None:
    made = bench(
        SHELLY,
        message(f"shellies/{ID}/relay/0", "on"),
        message(f"shellies/{ID}/relay/0/power", "40.25"),
        message(f"shellies/{ID}/relay/0/energy", "60000"),
        message(f"shellies/{ID}/input_event/0", {"event": "S", "event_cnt": 3}),
        message(f"shellies/{ID}/unheard/of", "x"),
    )
    [key] = made.things
    assert [made.value(key, f"relay_0.{each}") for each in ("on_off", "power", "energy")] == [True, 40.25, 1]
    assert made.value(key, "input_0.presses") == 3 and len(made.fold.outcome.texts) == 1
    made.say(message(f"shellies/{ID}/input_event/0", "x"), message(f"shellies/{ID}/relay/0/power", "much"))
    made.ask(key, {"relay_0.on_off": False})
    assert made.take_told() == [(f"shellies/{ID}/relay/0/command", b"off")]
    # what it had not said before
    made.say(message(f"shellies/{ID}/sensor/temperature", "21.5"))
    made.tick(5)
    assert made.value(key, "sensor.temperature") == 21.5 and made.letters == []


def test_lamps_rollers_and_sensors_of_the_first_generation() -> None:
    lamp = {"ison": True, "mode": "white", "brightness": 40, "temp": 3000}
    made = bench(SHELLY, message("shellies/shellybulbduo-000001/light/0/status", lamp))
    [key] = made.things
    assert [made.value(key, f"light_0.{each}") for each in ("on_off", "brightness", "color_temperature")] == [
        True,
        40,
        3000,
    ]
    made.ask(key, {"brightness": 50, "color_temperature": 4000})
    assert [(each.topic, body(each)) for each in made.take_told()] == [
        ("shellies/shellybulbduo-000001/light/0/set", {"turn": "on", "brightness": 50, "temp": 4000})
    ]
    color = {"ison": False, "mode": "color", "red": 1, "green": 2, "blue": 3, "gain": 10, "temp": 3000}
    made = bench(SHELLY, message("shellies/shellyrgbw2-000002/color/0/status", color))
    [key] = made.things
    assert [made.value(key, f"light_0.{each}") for each in ("on_off", "brightness", "color")] == [False, 10, "#010203"]
    made.ask(key, {"brightness": 50, "color": "#0a0b0c", "on_off": True})
    assert body(made.take_told()[0]) == {"turn": "on", "gain": 50, "red": 10, "green": 11, "blue": 12}
    assert made.state(made.ask(key, {"color": "x"})) == "rejected"
    made.say(message("shellies/shellyrgbw2-000002/color/0/status", "x"))
    made = bench(
        SHELLY,
        message("shellies/shellyswitch25-000003/roller/0/pos", "30"),
        message("shellies/shellydw2-000004/sensor/state", "close"),
    )
    assert sorted(made.things) == ["shelly:shellydw2-000004", "shelly:shellyswitch25-000003"]
    assert made.value("shelly:shellydw2-000004", "sensor.contact") == "closed"
    made.ask("shelly:shellyswitch25-000003", {"position": 80})
    assert made.take_told() == [("shellies/shellyswitch25-000003/roller/0/command/pos", b"80")]
    made.say(message("shellies/announce", "x"), message("shellies/other/relay/0", "on"), message("shellies/a/b", "1"))
    assert [each.code for each in made.odd] == ["bad_value"]
    assert made.translator.subscribed(["shellies/command"]) == [Say("shellies/command", b"announce")]
    assert made.translator.subscribed(["x"]) == [] and made.translator.answered(None, None, 0) == []
    assert made.translator.heard("x", b"", 0) is None and not made.translator.mine("x")
