"""How many messages a second one core translates, per dialect: from a device's bytes to entries of the log.

``python scripts/bench_dialects.py [--json]``. What the gateway does besides - parsing MQTT, writing the log - is in
``unisono bench ingest``, which speaks the native dialect.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from unisono.dialect import Announced, Caller, Part, dialects
from unisono.dialect.sparkplug.payload import FLOAT, Metric, Payload, Raw, encode_payload
from unisono.gateway.speaking.entries import Origin, entry_of
from unisono.thing import builtin_model

SECONDS = 1.0
BATCH = 200

BULB = {
    "vendor": "IKEA",
    "model": "LED1624G9",
    "exposes": [
        {
            "type": "light",
            "features": [
                {
                    "type": "binary",
                    "name": "state",
                    "property": "state",
                    "access": 7,
                    "value_on": "ON",
                    "value_off": "OFF",
                },
                {"type": "numeric", "name": "brightness", "property": "brightness", "access": 7, "value_max": 254},
            ],
        }
    ],
}
LIGHT = {"uniq_id": "l", "cmd_t": "c", "stat_t": "s", "schema": "json", "brightness": True}
SENSOR = {"uniq_id": "t", "stat_t": "s", "val_tpl": "{{ value_json.t | round(1) }}", "unit_of_meas": "V"}
TASMOTA = {"t": "plug", "rl": [1], "md": "x"}


def main() -> None:
    """Measure all and print."""
    figures = {name: round(rate(*made())) for name, made in CASES.items()}
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps({"figures": figures}) + "\n")
        return
    for name, value in figures.items():
        sys.stdout.write(f"{name:28} {value / 1000:8.0f} k messages/s\n")


def rate(translator: Any, topic: str, payload: bytes, thing: str) -> float:
    """Messages a second."""
    origin = Origin("client", topic, 1, b"", False, payload)
    assert translator.heard(topic, payload, 1), topic
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        for _ in range(BATCH):
            for said in translator.heard(topic, payload, 1):
                entry_of(said, thing, origin)
        done += BATCH
    return done / (time.perf_counter() - began)


def line(name: str, caller: Caller, topic: str, body: Any) -> Callable[[], tuple[Any, str, bytes, str]]:
    def made() -> tuple[Any, str, bytes, str]:
        translator = dialects()[name].line(caller)  # type: ignore[attr-defined]
        translator.know([Part("t", caller.name, builtin_model("light"))])
        return translator, topic, json.dumps(body).encode(), "t"

    return made


def place(
    name: str, announced: list[tuple[str, Any]], topic: str, body: Any
) -> Callable[[], tuple[Any, str, bytes, str]]:
    def made() -> tuple[Any, str, bytes, str]:
        translator = dialects()[name].bridge()  # type: ignore[attr-defined]
        for where, what in announced:
            translator.heard(where, json.dumps(what).encode(), 0)
        assert any(isinstance(each, Announced) for each in translator.due(10_000))
        return translator, topic, json.dumps(body).encode(), "t"

    return made


def sparkplug() -> tuple[Any, str, bytes, str]:
    """Four values by their aliases. Unnumbered: the same message again and again would be out of order."""
    names = ("Temperature", "Pressure", "Flow", "Level")
    born = tuple(Metric(name, alias, 1, 9, value=Raw(FLOAT, 1.5)) for alias, name in enumerate(names))
    told = tuple(Metric("", alias, 1, value=Raw(FLOAT, 21.3)) for alias in range(4))
    translator = dialects()["sparkplug"].bridge()  # type: ignore[attr-defined]
    translator.heard("spBv1.0/p/NBIRTH/n", encode_payload(Payload((), 1)), 1)
    translator.heard("spBv1.0/p/DBIRTH/n/d", encode_payload(Payload(born, 1)), 1)
    return translator, "spBv1.0/p/DDATA/n/d", encode_payload(Payload(told, 1)), "t"


POST = {
    "id": "1",
    "version": "1.0",
    "params": {"PowerSwitch": 1, "Brightness": 40},
    "method": "thing.event.property.post",
}
DEVICES = [{"ieee_address": "0x1", "friendly_name": "lamp", "definition": BULB}]
CASES = {
    "alink": line("alink", Caller("alink", "pk&dn"), "/sys/pk/dn/thing/event/property/post", POST),
    "thingsboard": line(
        "thingsboard", Caller("thingsboard", "x"), "v1/devices/me/telemetry", {"on_off": True, "brightness": 40}
    ),
    "homeassistant": place(
        "homeassistant", [("homeassistant/light/l/config", LIGHT)], "s", {"state": "ON", "brightness": 128}
    ),
    "homeassistant, by a template": place(
        "homeassistant", [("homeassistant/sensor/t/config", SENSOR)], "s", {"t": 3.14159}
    ),
    "zigbee2mqtt": place(
        "zigbee2mqtt", [("z/bridge/devices", DEVICES)], "z/lamp", {"state": "ON", "brightness": 128, "linkquality": 9}
    ),
    "tasmota": place(
        "tasmota", [("tasmota/discovery/AABBCC112233/config", TASMOTA)], "tele/plug/STATE", {"POWER": "ON"}
    ),
    "shelly (Gen1)": place(
        "shelly", [("shellies/shelly1-000001/relay/0/power", 3)], "shellies/shelly1-000001/relay/0/power", 40.5
    ),
    "sparkplug, four values": sparkplug,
}

if __name__ == "__main__":
    main()
