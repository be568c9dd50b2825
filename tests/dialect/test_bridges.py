"""Bridges and firmwares that announce things, as paho scripts against a running hub, set up by the guide's settings."""

from __future__ import annotations

from typing import Any

from tests.dialect.paho import Player, settings
from tests.hub.hub import Hub


async def bridge(hub: Hub, id: str, how: str) -> dict[str, str]:
    """A bridge is added as a person does it; returns what is to be set on it."""
    if await hub.ask("GET", "/api/v1/places/home", ok=False) is None or "code" in (
        await hub.ask("GET", "/api/v1/places/home", ok=False)
    ):
        await hub.ask("POST", "/api/v1/places", {"id": "home", "name": "Home", "kind": "home"})
        await hub.ask("POST", "/api/v1/places", {"id": "study", "name": "Study", "parent": "home"})
    return settings(await hub.ask("POST", "/api/v1/things", {"id": id, "place": "home", "how": how}))


async def thing_named(hub: Hub, name: str) -> dict[str, Any]:
    async def found() -> Any:
        return [each for each in (await hub.get(f"/api/v1/things?q={name}"))["items"] if each["name"] == name]

    return (await hub.eventually(found, f"{name} appears"))[0]  # type: ignore[no-any-return]


async def confirmed(hub: Hub, id: str, wanted: dict[str, Any]) -> dict[str, Any]:
    command: dict[str, Any] = await hub.ask("POST", f"/api/v1/things/{id}/commands?wait=10", {"set": wanted})
    return command


async def test_home_assistant_discovery(shared: Hub) -> None:
    given = await bridge(shared, "esp", "homeassistant")
    assert given["Port"] == str(shared.mqtt_port)
    player = Player(given["Username"], given["Password"], shared.mqtt_port, will=("lamp/status", "offline"))
    await player.open("homeassistant/status", "lamp/set")
    try:
        assert await player.told("homeassistant/status") == "online"
        config = {
            "~": "lamp", "name": "Light", "uniq_id": "esp-lamp", "obj_id": "lamp",
            "cmd_t": "~/set", "stat_t": "~/state",
            "avty_t": "~/status", "schema": "json", "brightness": True,
            "dev": {"ids": ["esp-1"], "name": "Desk lamp", "mf": "Acme", "sa": "Study"},
        }  # fmt: skip
        player.say("lamp/status", "online", retain=True)
        player.say("lamp/state", {"state": "OFF", "brightness": 51}, retain=True)
        player.say("homeassistant/light/esp-1/lamp/config", config, retain=True)
        lamp = await thing_named(shared, "Desk lamp")
        assert (lamp["id"], lamp["place"]) == ("desk_lamp", "study")

        async def there() -> bool:
            now = await shared.thing("desk_lamp")
            return bool(now["online"] and now["state"].get("lamp.brightness", {}).get("value") == 20)

        await shared.eventually(there, "it is there, with what the place had kept of it")
        player.answers["lamp/set"] = [("lamp/state", {"state": "ON", "brightness": 128})]
        command = await confirmed(shared, "desk_lamp", {"on_off": True, "brightness": 50})
        assert command["state"] == "confirmed"
        assert await player.told("lamp/set") == {"state": "ON", "brightness": 128}
        player.answers.clear()
        command = await shared.ask("POST", "/api/v1/things/desk_lamp/commands", {"set": {"on_off": False}})
        assert await player.told("lamp/set") == {"state": "OFF"}
        assert (await shared.get(f"/api/v1/commands/{command['id']}"))["state"] == "sent"
        player.lost()

        async def away() -> bool:
            return not (await shared.thing("desk_lamp"))["online"]

        await shared.eventually(away, "its will says that it is gone")
    finally:
        player.close()
    again = await Player(given["Username"], given["Password"], shared.mqtt_port).open()
    try:
        again.say("homeassistant/light/esp-1/lamp/config", "", retain=True)

        async def gone() -> bool:
            return (await shared.ask("GET", "/api/v1/things/desk_lamp", ok=False)).get("code") == "not_found"

        await shared.eventually(gone, "it went as it announced")
    finally:
        again.close()


async def test_a_light_of_ours_is_no_bridge(shared: Hub) -> None:
    await bridge(shared, "any", "homeassistant")
    made = await shared.ask("POST", "/api/v1/things", {"id": "native", "model": "light", "place": "home"})
    player = await Player("native", made["secret"], shared.mqtt_port).open("homeassistant/status")
    try:
        player.say(
            "homeassistant/switch/spoof/config", {"uniq_id": "spoof", "name": "Spoof", "cmd_t": "c", "stat_t": "s"}
        )
        player.say("things/me/state", {"on_off": True})
        await shared.eventually(lambda: shared.value("native", "on_off"), "it is on")
        assert not (await shared.get("/api/v1/things?q=Spoof"))["items"]
        assert player.heard.empty()
    finally:
        player.close()
