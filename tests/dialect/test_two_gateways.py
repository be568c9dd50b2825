"""Two gateways: what announces itself at one is spoken for, and told, through a client of the other."""

from __future__ import annotations

from pathlib import Path

from tests.dialect.player import Player
from tests.dialect.test_bridges import bridge, confirmed, thing_named
from tests.hub.hub import Hub
from unisono.gateway.fleet.homes import home_of

GATEWAYS = ["g0", "g1"]


def client_at(user: str, gateway: str) -> str:
    """A client id whose session lives there."""
    return next(f"c{n}" for n in range(100) if home_of(f"{user}/c{n}", GATEWAYS) == gateway)


async def test_the_one_announces_and_the_other_speaks(tmp_path: Path) -> None:
    hub = await Hub(tmp_path / "data", "--gateways", "2").start()
    try:
        given = await bridge(hub, "esp", "homeassistant")
        user, password = given["Username"], given["Password"]
        first = await Player(user, password, hub.mqtt_port, client_id=client_at(user, "g0")).open()
        other = await Player(user, password, hub.mqtt_port, client_id=client_at(user, "g1")).open("fan/set")
        try:
            config = {"name": "Fan", "uniq_id": "fan-1", "obj_id": "fan", "cmd_t": "fan/set", "stat_t": "fan/state"}
            first.say("homeassistant/switch/fan-1/config", config, retain=True)
            fan = await thing_named(hub, "Fan")

            async def off() -> bool:
                other.say("fan/state", "OFF")
                return await hub.value(fan["id"], "fan.on_off") is False

            await hub.eventually(off, "a client of the other gateway is heard")
            other.answers["fan/set"] = [("fan/state", "ON")]
            assert (await confirmed(hub, fan["id"], {"on_off": True}))["state"] == "confirmed"
            first.close()
            other.answers["fan/set"] = [("fan/state", "OFF")]
            assert (await confirmed(hub, fan["id"], {"on_off": False}))["state"] == "confirmed"
        finally:
            first.close()
            other.close()
    finally:
        await hub.close()
