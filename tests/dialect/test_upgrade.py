"""Things that an older hub took in: a hub that understands more of them says more of them, and nothing is lost."""

from __future__ import annotations

import json
import sqlite3

import pytest

from tests.dialect.player import Player
from tests.dialect.test_bridges import bridge, thing_named
from tests.dialect.test_firmwares import CONTACT, devices
from tests.hub.conftest import hub
from tests.hub.hub import Hub

__all__ = ["hub"]

STATE = {"ids": ["esp-1"], "name": "Porch"}


def age(hub: Hub, model: str) -> None:
    """As an older hub kept the model: without its kind and without traits."""
    base = sqlite3.connect(hub.data / "registry.db")
    with base:
        [(document,)] = base.execute("select document from model where id = ?", (model,)).fetchall()
        old = json.loads(document)
        assert old.pop("kind")
        for service in old["services"]:
            for property in service["properties"]:
                property.pop("trait", None)
        base.execute("update model set document = ?, kind = '' where id = ?", (json.dumps(old), model))
    base.close()


@pytest.mark.parametrize("whole", [True, False])
async def test_what_a_place_kept_is_understood_anew(hub: Hub, whole: bool) -> None:
    """Zigbee2MQTT does not repeat what the place has kept of it. What is kept in part takes nothing away."""
    await hub.start()
    given = await bridge(hub, "z2m", "zigbee2mqtt")
    player = await Player(given["User"], given["Password"], hub.mqtt_port).open("zigbee2mqtt/+/set")
    player.say("zigbee2mqtt/bridge/state", {"state": "online"}, retain=True)
    player.say("zigbee2mqtt/bridge/devices", devices(("0x1", "window", CONTACT)), retain=True)
    window = (await thing_named(hub, "window"))["id"]
    player.say("zigbee2mqtt/window", {"contact": True})
    await hub.eventually(lambda: hub.value(window, "contact"), "what it says")
    for kind, kept in (("door", True), ("motion", whole)):
        config = {"stat_t": f"porch/{kind}", "dev_cla": kind, "uniq_id": kind, "obj_id": kind, "dev": STATE}
        player.say(f"homeassistant/binary_sensor/porch/{kind}/config", config, retain=kept)
    porch = (await thing_named(hub, "Porch"))["id"]
    models = {each: (await hub.thing(each))["model"] for each in (window, porch)}
    before = {each: (await hub.get(f"/api/v1/models/{models[each]}")) for each in models}
    player.close()
    assert await hub.stop() == 0
    for each in models.values():
        age(hub, each)
    await hub.start()

    async def version(thing: str) -> int:
        return int((await hub.thing(thing))["model_version"])

    async def renewed() -> bool:
        return await version(window) == 2 and await version(porch) == (2 if whole else 1)

    await hub.eventually(renewed, "a version that says more")
    after = await hub.get(f"/api/v1/models/{models[window]}")
    assert (after["kind"], after["services"]) == (before[window]["kind"], before[window]["services"])
    player = await Player(given["User"], given["Password"], hub.mqtt_port).open("zigbee2mqtt/+/set")
    try:
        player.say("zigbee2mqtt/window", {"contact": False})

        async def opened() -> bool:
            return len(await hub.history(window, "contact")) == 2

        await hub.eventually(opened, "what it said before, and what it says now")
        assert await hub.letters(window) == []
        assert len((await hub.get(f"/api/v1/models/{models[porch]}"))["services"]) == 2
    finally:
        player.close()
