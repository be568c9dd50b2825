"""ESPHome nodes with ``discovery: false``: what their topics show, as its MQTT component says it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from unisono.dialect.homeassistant import HOMEASSISTANT
from unisono.dialect.homeassistant.esphome import ENTITIES, NODES, Nodes, Shown, config_of
from unisono.testing.dialect import Bench, Message

NODE = "esphome:porch"


def said(**states: Any) -> list[Message]:
    """States by ``component__object``."""
    found = []
    for name, state in states.items():
        payload = json.dumps(state) if isinstance(state, dict) else str(state)
        found.append(Message(f"porch/{name.replace('__', '/')}/state", payload.encode()))
    return found


STATUS = Message("porch/status", b"online")


def node(*messages: Message) -> Bench:
    bench = Bench()
    bench.connect(HOMEASSISTANT.bridge())
    bench.say(STATUS, *messages)
    for _ in range(8):
        bench.tick(1)
    return bench


def values(bench: Bench) -> dict[str, Any]:
    model = bench.models[NODE]
    return {address: bench.value(NODE, address) for address in model.properties}


def test_a_node_with_an_entity_of_each_kind() -> None:
    bench = node(
        *said(
            sensor__porch_temperature="21.5",
            sensor__porch_pressure="1013",
            sensor__uptime="42",
            sensor__not_yet="nan",
            text_sensor__version="2026.6.0",
            binary_sensor__hall_motion="ON",
            binary_sensor__button="OFF",
            switch__relay="OFF",
            lock__door="LOCKED",
            number__speed="12.5",
            select__mode="eco",
        )
    )
    assert bench.odd == [] and bench.online(NODE)
    assert values(bench) == {
        "button.value": False,
        "hall_motion.motion": True,
        "door.locked": True,
        "speed.value": 12.5,
        "mode.value": "eco",
        "not_yet.value": None,
        "porch_pressure.pressure": 101300,
        "porch_temperature.temperature": 21.5,
        "uptime.value": 42,
        "relay.on_off": False,
        "version.value": "2026.6.0",
    }


def test_a_switch_is_told_and_confirmed() -> None:
    bench = node(*said(switch__relay="OFF"))
    id = bench.ask(NODE, {"relay.on_off": True})
    assert bench.take_told() == [Message("porch/switch/relay/command", b"ON")]
    assert bench.state(id) == "sent"
    bench.say(*said(switch__relay="ON"))
    assert bench.state(id) == "confirmed"
    bench.say(Message("porch/status", b"offline"))
    assert not bench.online(NODE)


def test_a_light_has_what_its_state_shows() -> None:
    state = {"state": "ON", "brightness": 255, "color": {"r": 255, "g": 0, "b": 0}, "color_temp": 250}
    bench = node(*said(light__lamp=state, light__plain={"state": "OFF"}))
    model = bench.models[NODE]
    assert [each for each in model.properties if each.startswith("lamp.")] == [
        "lamp.on_off", "lamp.brightness", "lamp.color_temperature", "lamp.color",
    ]  # fmt: skip
    assert [each for each in model.properties if each.startswith("plain.")] == ["plain.on_off"]
    bench.take_told()
    bench.ask(NODE, {"lamp.brightness": 50})
    (told,) = bench.take_told()
    assert told.topic == "porch/light/lamp/command" and json.loads(told.payload)["brightness"] == 128


def test_covers_and_climates_have_topics_of_their_parts() -> None:
    bench = node(
        *said(cover__blind="open", cover__blind__position="40", cover__gate="closed", climate__room__mode="heat"),
        *said(climate__room__target_temperature="21", climate__room__current_temperature="19.5"),
    )
    bench.say(*said(cover__blind__position="40", climate__room__mode="heat", climate__room__target_temperature="21"))
    assert bench.value(NODE, "blind.position") == 40
    bench.ask(NODE, {"blind.position": 60})
    bench.ask(NODE, {"gate.position": 100})
    bench.ask(NODE, {"room.target_temperature": 22})
    assert [each for each in bench.take_told() if "status" not in each.topic] == [
        Message("porch/cover/blind/position/command", b"60"),
        Message("porch/cover/gate/command", b"OPEN"),
        Message("porch/climate/room/target_temperature/command", b"22"),
    ]


def test_what_comes_later_belongs_to_it_too() -> None:
    bench = node(*said(switch__relay="OFF"))
    bench.say(*said(sensor__humidity="55"))
    bench.tick(1)
    bench.tick(1)
    assert list(bench.things) == [NODE] and bench.value(NODE, "humidity.humidity") == 55


def test_who_announces_itself_is_not_guessed_at() -> None:
    config = {
        "name": "Relay", "uniq_id": "r", "stat_t": "porch/switch/relay/state", "cmd_t": "porch/switch/relay/command",
        "avty_t": "porch/status", "dev": {"ids": "a1b2", "name": "porch"},
    }  # fmt: skip
    announced = Message("homeassistant/switch/porch/relay/config", json.dumps(config).encode())
    bench = node(*said(switch__relay="OFF"), announced)
    assert list(bench.things) == ["a1b2"]
    bench = node(*said(switch__relay="OFF"))
    assert list(bench.things) == [NODE]
    bench.say(announced)
    bench.tick(5)
    assert list(bench.things) == ["a1b2"], "it announced itself late"


def test_what_is_no_node() -> None:
    bench = Bench()
    bench.connect(HOMEASSISTANT.bridge())
    bench.say(*said(switch__relay="OFF"), Message("porch/status", b"fine"), Message("porch/sensor/state", b"1"))
    bench.tick(20)
    bench.tick(20)
    assert bench.things == {} and bench.odd == []


def test_there_is_an_end_to_it() -> None:
    nodes = Nodes()
    for number in range(NODES + 5):
        nodes.take(f"n{number}/status", b"online", 0)
        nodes.known(f"m{number}")
    assert len(nodes.by_prefix) == NODES
    for number in range(ENTITIES + 5):
        nodes.take(f"n0/sensor/s{number}/state", b"1", 0)
    nodes.take("late/sensor/s/state", b"1", 0)
    nodes.take("late", b"1", 0)
    assert len(nodes.due(10_000)) == ENTITIES and nodes.due(20_000) == []


@pytest.mark.parametrize("state", [b"", b"[", b"\xff", b'{"color": 5}', b'{"color": {}}'])
def test_states_that_show_nothing(state: bytes) -> None:
    for component in ("light", "climate", "sensor", "fan", "cover", "select", "binary_sensor", "valve"):
        made, config = config_of("porch", Shown(component, "x", frozenset({""}), state))
        assert made and config["availability_topic"] == "porch/status"


# --- discovery besides ------------------------------------------------------------------------------------------


def test_discovery_under_another_prefix() -> None:
    bench = Bench()
    bench.connect(HOMEASSISTANT.bridge())
    config = {"name": "Fan", "uniq_id": "fan-1", "cmd_t": "fan/set", "stat_t": "fan/state"}
    other = [Message("ha/switch/fan-1/config", b"[]"), Message("ha/switch/x/config", b'{"volume": 3}')]
    bench.say(Message("ha/switch/fan-1/config", json.dumps(config).encode()), *other)
    bench.tick(5)
    assert list(bench.things) == ["fan-1"] and bench.odd == []
    assert HOMEASSISTANT.announces("ha/device/x/config") and not HOMEASSISTANT.announces("app/settings/x/config")
    said = bench.translator.subscribed(["ha/status", "porch/status"])
    assert [each.topic for each in said] == ["ha/status"]  # type: ignore[union-attr]


def test_moving_to_a_message_of_the_device() -> None:
    device = {"ids": ["d1"], "name": "Dev"}
    old = "homeassistant/switch/d1/relay/config"
    config = {"name": "Relay", "uniq_id": "d1-relay", "cmd_t": "d/set", "stat_t": "d/state"}
    bench = Bench()
    bench.connect(HOMEASSISTANT.bridge())
    bench.say(Message(old, json.dumps({**config, "dev": device}).encode()))
    bench.tick(5)
    before = dict(bench.things)
    bench.say(Message(old, b'{"migrate_discovery": true}'))
    whole = {"dev": device, "o": {"name": "x"}, "cmps": {"relay": {"p": "switch", **config}}}
    bench.say(Message("homeassistant/device/d1/config", json.dumps(whole).encode()), Message(old, b""))
    bench.tick(5)
    assert bench.things == before and bench.online("d1")
    bench.say(Message("d/state", b"ON"))
    assert bench.value("d1", "d1-relay.on_off") is True
    assert bench.letters == [] and bench.odd == []
