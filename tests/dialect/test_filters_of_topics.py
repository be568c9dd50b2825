"""Announcements whose topics are filters: OpenMQTTGateway and Theengs hear one beacon through several receivers."""

from __future__ import annotations

from typing import Any

from tests.dialect.test_homeassistant import bench, message
from unisono.dialect import pieces
from unisono.dialect.homeassistant import HOMEASSISTANT
from unisono.testing.dialect import Bench

DEVICE = {"ids": ["A4C138AABBCC"], "name": "Beacon", "cns": [["mac", "A4C138AABBCC"]]}
TOPIC = "+/+/BTtoMQTT/A4C138AABBCC"


def sensor(name: str, topic: str) -> tuple[str, dict[str, Any]]:
    return f"homeassistant/sensor/A4C138AABBCC-{name}/config", {
        "stat_t": topic, "name": name, "uniq_id": f"A4C138AABBCC-{name}", "dev": DEVICE, "dev_cla": "temperature",
        "unit_of_meas": "°C", "val_tpl": f"{{{{ value_json.{name} | is_defined }}}}",
    }  # fmt: skip


def beacon(*sensors: tuple[str, dict[str, Any]]) -> Bench:
    return bench(*(message(topic, config) for topic, config in sensors))


def test_a_value_is_heard_through_any_receiver() -> None:
    made = beacon(sensor("tempc", TOPIC), sensor("deep", "home/OMG/#"))
    [key] = made.things
    address = next(each for each in made.models[key].properties if "tempc" in each)
    for receiver, value in (("home/OMG", 21.5), ("home/garage", 19.0)):
        made.say(message(f"{receiver}/BTtoMQTT/A4C138AABBCC", {"tempc": value}))
        assert made.value(key, address) == value
    made.say(message("home/OMG/BTtoMQTT/A4C138AABBCC/x", {"deep": 3, "tempc": 1}))
    deep = next(each for each in made.models[key].properties if "deep" in each)
    assert made.value(key, deep) == 3 and made.value(key, address) == 19.0
    assert made.translator.heard("elsewhere/BTtoMQTT/A4C138AABBCC", b"{}", 0) is None
    assert not made.translator.mine("elsewhere/BTtoMQTT/A4C138AABBCC")
    assert made.letters == [] and made.odd == []


def test_a_filter_goes_with_its_announcement() -> None:
    made = beacon(sensor("tempc", TOPIC), sensor("plain", "home/plain"))
    made.say(message(sensor("tempc", TOPIC)[0], ""))
    assert not made.translator.mine("home/OMG/BTtoMQTT/A4C138AABBCC") and made.translator.mine("home/plain")


def test_what_was_said_before_it_was_known_is_read() -> None:
    made = Bench()
    made.connect(HOMEASSISTANT.bridge())
    topic, config = sensor("tempc", TOPIC)
    made.say(message(topic, config), message("home/OMG/BTtoMQTT/A4C138AABBCC", {"tempc": 7}))
    made.tick(5)
    [key] = made.things
    assert 7 in [made.value(key, each) for each in made.models[key].properties]


def test_only_so_many_topics_are_remembered() -> None:
    made = beacon(sensor("tempc", TOPIC))
    for number in range(pieces.MATCHED + 2):
        assert not made.translator.mine(f"a/{number}")
    assert made.translator.mine("home/OMG/BTtoMQTT/A4C138AABBCC")
