"""Firmware of things that announce themselves: Zigbee2MQTT, Shelly and Tasmota, from their documentation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.dialect.test_firmwares import BULB, ID, INFO, PLUG, PLUS, STATUS, bench, devices, message, notify, reply
from unisono.dialect.shelly import SHELLY
from unisono.dialect.tasmota import TASMOTA
from unisono.dialect.zigbee2mqtt import ZIGBEE2MQTT
from unisono.testing.dialect import Bench, body

# --- Zigbee2MQTT ------------------------------------------------------------------------------------------------------

LAMP = "zigbee2mqtt:0x1"


def bridge() -> Bench:
    listed = devices(("0x1", "kitchen/lamp", {**BULB, "supports_ota": True}), ("0x2", "other", BULB))
    made = bench(ZIGBEE2MQTT, message("zigbee2mqtt/bridge/devices", listed))
    assert not made.models["zigbee2mqtt:0x2"].actions
    return made


def answer(made: Bench, word: str, **given: Any) -> None:
    made.say(message(f"zigbee2mqtt/bridge/response/device/ota_update/{word}", given))


def test_zigbee2mqtt_looks_for_an_update_and_installs_it() -> None:
    made = bridge()
    check = made.ask(LAMP, call="update.check")
    [told] = made.take_told()
    assert told.topic == "zigbee2mqtt/bridge/request/device/ota_update/check"
    assert body(told) == {"id": "kitchen/lamp", "transaction": check}
    # the page of the bridge asks too
    answer(made, "check", data={"id": "kitchen/lamp", "update_available": False}, status="ok", transaction="x-1")
    assert made.state(check) == "sent"
    answer(made, "check", data={"id": "kitchen/lamp", "update_available": True}, status="ok", transaction=check)
    assert made.state(check) == "confirmed" and made.command(check).output == {"update_available": True}
    install = made.ask(LAMP, call="update.install")
    [told] = made.take_told()
    assert told.topic == "zigbee2mqtt/bridge/request/device/ota_update/update"
    made.tick(1_800)
    assert made.state(install) == "sent"
    answer(made, "update", data={"id": "kitchen/lamp", "from": {}, "to": {}}, status="ok", transaction=install)
    assert made.state(install) == "confirmed" and made.letters == [] and made.odd == []


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"error": "Update of 'kitchen/lamp' failed (Timeout)"}, "Update of 'kitchen/lamp' failed (Timeout)"),
        ({}, "it gave no reason"),
    ],
)
def test_zigbee2mqtt_says_why_there_is_no_update(given: Any, why: str) -> None:
    made = bridge()
    install = made.ask(LAMP, call="update.install")
    answer(made, "update", data={}, status="error", transaction=install, **given)
    assert made.state(install) == "rejected" and why in str(made.command(install).why)


def test_answers_of_zigbee2mqtt_that_nobody_waits_for() -> None:
    made = bridge()
    made.say(message("zigbee2mqtt/bridge/response/device/ota_update/check", "x"))
    answer(made, "check", transaction=7)
    first = made.ask(LAMP, call="update.check")
    for _ in range(256):
        made.ask(LAMP, call="update.check")
    answer(made, "check", status="ok", data=7, transaction=first)
    last = made.ask(LAMP, call="update.check")
    answer(made, "check", status="ok", data=7, transaction=last)
    assert made.state(first) != "confirmed" and made.state(last) == "confirmed" and made.odd == []
    gone = made.ask(LAMP, call="update.install")
    made.say(message("zigbee2mqtt/bridge/devices", devices()))
    answer(made, "update", status="ok", data={}, transaction=gone)
    assert LAMP not in made.things


# --- Shelly -----------------------------------------------------------------------------------------------------------


def test_a_shelly_of_the_second_generation_has_another_firmware() -> None:
    made = Bench()
    made.connect(SHELLY.bridge())
    status = {**STATUS, "sys": {"available_updates": {"stable": {"version": "1.4.4"}, "beta": {"version": "1.5.0"}}}}
    made.say(message(f"{PLUS}/online", "true"), reply(1, result={**INFO, "ver": "1.0.0"}), reply(2, result=status))
    made.tick(5)
    [key] = made.things
    versions = ("update.installed_version", "update.latest_version")
    assert [made.value(key, each) for each in versions] == ["1.0.0", "1.4.4"]
    made.take_told()
    check, install = made.ask(key, call="update.check"), made.ask(key, call="update.install")
    asked = [body(each) for each in made.take_told()]
    assert [(each["method"], each["params"]) for each in asked] == [
        ("Shelly.CheckForUpdate", {}),
        ("Shelly.Update", {"stage": "stable"}),
    ]
    made.say(reply(asked[0]["id"], result={"stable": {"version": "1.4.4", "build_id": "2024"}}))
    made.say(reply(asked[1]["id"], error={"code": -103, "message": "already in progress"}))
    assert made.state(check) == "confirmed"
    assert made.state(install) == "rejected" and "already in progress" in str(made.command(install).why)
    made.say(notify({"sys": {"available_updates": {}}}), notify({"sys": {"unixtime": 1}}))
    assert [made.value(key, each) for each in versions] == ["1.0.0", "1.0.0"]
    assert made.letters == [] and made.odd == []


def announced(**given: Any) -> Any:
    return message("shellies/announce", {"id": ID, "model": "SHSW-PM", "mac": "E868E7AABBCC", **given})


def test_a_shelly_of_the_first_generation_says_which_firmware_it_has() -> None:
    made = bench(
        SHELLY,
        announced(new_fw=True, fw_ver="1.13"),
        message(f"shellies/{ID}/relay/0", "off"),
        message(f"shellies/{ID}/online", "true"),
    )
    [key] = made.things
    assert made.value(key, "update.installed_version") == "1.13" and made.value(key, "update.available") is True
    made.take_told()
    install = made.ask(key, call="update.install")
    assert made.take_told() == [(f"shellies/{ID}/command", b"update_fw")]
    made.say(announced(new_fw=True, fw_ver="1.13"))
    assert made.state(install) == "sent"
    made.say(message(f"shellies/{ID}/announce", {"id": ID, "new_fw": False, "fw_ver": "1.14"}))
    made.say(announced(fw_ver="1.14"))
    assert made.state(install) == "confirmed"
    assert made.value(key, "update.installed_version") == "1.14" and made.value(key, "update.available") is False
    made.say(message(f"shellies/{ID}/announce", "x"), message(f"shellies/{ID}/announce", {"id": ID}))
    made.ask(key, {"on_off": True})
    assert made.take_told() == [(f"shellies/{ID}/relay/0/command", b"on")]
    assert made.letters == [] and made.odd == []


def test_what_says_no_firmware_has_none() -> None:
    made = bench(SHELLY, announced(), announced(id="other", fw_ver="1"), message(f"shellies/{ID}/relay/0", "off"))
    [key] = made.things
    assert "update.installed_version" not in made.models[key].properties


# --- Tasmota ----------------------------------------------------------------------------------------------------------

DONE = "stat/tasmota_AABBCC/UPGRADE"


def plug() -> tuple[Bench, str]:
    made = bench(
        TASMOTA,
        message("tasmota/discovery/AABBCC000001/config", {**PLUG, "t": "tasmota_AABBCC"}),
        message("tele/tasmota_AABBCC/LWT", "Online"),
    )
    return made, next(iter(made.things))


@pytest.mark.parametrize(
    ("url", "said", "state"),
    [
        (None, "Successful. Restarting", "confirmed"),
        ("http://hub.lan/tasmota.bin.gz", "Successful. Restarting", "confirmed"),
        (None, "Failed Too little room", "rejected"),
    ],
)
def test_tasmota_is_upgraded(url: str | None, said: str, state: str) -> None:
    made, key = plug()
    id = made.ask(key, {"url": url} if url else {}, call="upgrade")
    first = [("cmnd/tasmota_AABBCC/OtaUrl", str(url).encode())] if url else []
    assert made.take_told() == [*first, ("cmnd/tasmota_AABBCC/Upgrade", b"1")]
    made.say(message("stat/tasmota_AABBCC/RESULT", {"Upgrade": "Version 14.2.0 from http://x"}))
    assert made.state(id) == "sent"
    made.say(message(DONE, said), message(DONE, said))
    assert made.state(id) == state
    if state == "rejected":
        assert "Too little room" in str(made.command(id).why)
    assert made.letters == [] and made.odd == []


def test_an_upgrade_of_a_tasmota_that_is_no_more() -> None:
    made, key = plug()
    made.ask(key, call="upgrade")
    made.say(message("tasmota/discovery/AABBCC000001/config", ""), message(DONE, "Successful. Restarting"))
    assert key not in made.things and json.dumps(made.letters) == "[]"
