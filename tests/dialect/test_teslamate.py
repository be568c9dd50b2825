"""TeslaMate, from its documentation's examples."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from unisono.dialect import Hub
from unisono.dialect.teslamate import OTHERS, TESLAMATE, TRAITS
from unisono.errors import CallerError
from unisono.testing.dialect import SECRET, Bench, Message

CAR = "teslamate:1"
SAID = {
    "display_name": "Blue Thunder",
    "state": "asleep",
    "healthy": "true",
    "model": "3",
    "version": "2019.32.12.2",
    "geofence": "🏡 Home",
    "shift_state": "D",
    "power": "-9",
    "speed": "12",
    "heading": "340",
    "locked": "true",
    "doors_open": "false",
    "inside_temp": "20.8",
    "odometer": "1653",
    "rated_battery_range_km": "401.63",
    "battery_level": "88",
    "charger_voltage": "240",
    "location": '{"latitude":35.278131,"longitude":29.744801}',
    "spoiler_type": "None",
}


def said(base: str = "teslamate/cars/1", **words: str) -> list[Message]:
    return [Message(f"{base}/{word}", text.encode()) for word, text in words.items()]


def car(base: str = "teslamate/cars/1", **words: str) -> Bench:
    bench = Bench()
    bench.connect(TESLAMATE.bridge())
    bench.say(*said(base, **(words or SAID)))
    bench.tick(5.0)
    return bench


def test_a_car_with_all_that_is_said_of_it() -> None:
    bench = car()
    assert list(bench.things) == [CAR] and bench.odd == [] and bench.online(CAR)
    model = bench.models[CAR]
    assert (model.kind, model.vendor, model.product) == ("car", "Tesla", "Model 3")
    expected = {
        "state": "asleep",
        "healthy": True,
        "version": "2019.32.12.2",
        "geofence": "🏡 Home",
        "gear": "D",
        "power": -9000.0,
        "speed": 12.0,
        "heading": 340.0,
        "locked": True,
        "doors": "closed",
        "inside_temperature": 20.8,
        "odometer": 1653.0,
        "range": 401.63,
        "battery": 88.0,
        "charger_voltage": 240.0,
        "location": {"lat": 35.278131, "lon": 29.744801},
        "spoiler_type": "None",
    }
    assert {each.key for each in model.services[0].properties} == expected.keys()
    assert {key: bench.value(CAR, f"car.{key}") for key in expected} == expected
    assert not any("write" in each.access for each in model.services[0].properties)


def test_what_it_says_later_is_learned_and_what_it_no_longer_says_is_not_kept() -> None:
    bench = car()
    bench.say(*said(plugged_in="true", charger_power="48.9", display_name="Red"))
    bench.tick(5.0)
    assert bench.value(CAR, "car.plugged_in") is True and bench.value(CAR, "car.charger_power") == 48900.0
    bench.say(*said(charger_power="", shift_state="", speed="", battery_level="", location="", display_name=""))
    bench.say(*said(location='{"latitude":true}', battery_level="NaN", odometer="x"))
    assert bench.value(CAR, "car.location") == {"lat": 35.278131, "lon": 29.744801}
    assert bench.value(CAR, "car.charger_power") == 0.0 and bench.value(CAR, "car.gear") == "P"
    assert bench.value(CAR, "car.speed") == 0.0 and bench.value(CAR, "car.battery") == 88.0


def test_a_car_that_is_offline_is_away_until_it_is_not() -> None:
    bench = car()
    bench.say(*said(state="offline"))
    assert not bench.online(CAR)
    bench.say(*said(state=""))
    assert not bench.online(CAR)
    bench.say(*said(state="driving"))
    assert bench.online(CAR)


def test_two_cars_and_a_namespace() -> None:
    bench = car()
    bench.say(*said("teslamate/cars/2", battery_level="5"), *said("teslamate/Anna/cars/1", battery_level="6"))
    bench.tick(5.0)
    assert sorted(bench.things) == [CAR, "teslamate:2", "teslamate:anna-1"]


def test_every_topic_makes_a_sound_model() -> None:
    bench = car(**dict.fromkeys([*TRAITS, *OTHERS, "location"], ""))
    assert bench.odd == []
    assert len(bench.models[CAR].services[0].properties) == len(TRAITS) + len(OTHERS) + 1


#: Of "MQTT integration" in its documentation, without what other topics have superseded.
TOPICS = (Path(__file__).parent / "recordings" / "teslamate" / "topics.txt").read_text().split()


def test_every_topic_of_the_documentation_is_known() -> None:
    known = {*TRAITS, *OTHERS, "location", "display_name", "model"}
    assert set(TOPICS) == known


def test_charging_tyres_doors_and_a_route() -> None:
    route = '{"destination": "Home", "energy_at_arrival": 73, "location": {"latitude": 1, "longitude": 2}}'
    bench = car(
        charging_state="Charging", tpms_pressure_fl="2.9", driver_front_door_open="true", active_route=route,
        tpms_soft_warning_fl="false", charge_current_request="16",
    )  # fmt: skip
    assert {
        each: bench.value(CAR, f"car.{each}") for each in ("charging", "tyre_pressure_fl", "driver_front_door")
    } == {
        "charging": True,
        "tyre_pressure_fl": 290.0,
        "driver_front_door": "open",
    }
    assert bench.value(CAR, "car.active_route") == "Home" and bench.value(CAR, "car.charge_current") == 16
    bench.say(*said(charging_state="Disconnected", active_route='{"error": "No active route available"}'))
    assert bench.value(CAR, "car.charging") is False and bench.value(CAR, "car.active_route") == ""
    bench.say(*said(charging_state=""))
    assert bench.letters == []


def test_it_cannot_be_told_anything() -> None:
    bench = car()
    with pytest.raises(CallerError):
        bench.translator.wanted(CAR, "set", {"state": {"car.locked": False}}, 0)


def test_whatever_is_malformed_changes_nothing_and_raises_nothing() -> None:
    bench, chance = car(), random.Random(3)
    for word in [*TRAITS, *OTHERS, "location", "display_name", "model", "nothing"]:
        for payload in (b"", b"\xff\xfe", b"1e999", b"NaN", b"null", b"[]", b'{"latitude":true}', chance.randbytes(40)):
            bench.say(Message(f"teslamate/cars/1/{word}", payload))
    bench.say(*(Message(each, b"1") for each in ("teslamate/cars/x/speed", "teslamate/cars/1", "teslamate/cars/1/a/b")))
    bench.tick(5.0)
    bench.say(*said(**SAID))
    bench.tick(5.0)
    assert list(bench.things) == [CAR] and bench.value(CAR, "car.battery") == 88.0


def test_the_settings_are_exact() -> None:
    guide = TESLAMATE.guide(Hub("hub.example", 1883, 8883, 8080, "bridge", SECRET))
    assert "MQTT_HOST=hub.example" in guide.paste and f"MQTT_PASSWORD={SECRET}" in guide.paste
    assert TESLAMATE.announces("teslamate/cars/1/state") and not TESLAMATE.announces("things/lamp/state")
