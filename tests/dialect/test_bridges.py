"""Bridges and firmwares that announce things, as paho scripts against a running hub, set up by the guide's settings."""

from __future__ import annotations

from typing import Any

from tests.dialect.player import Player, settings
from tests.dialect.test_firmwares import BULB, EFFECT, ENERGY, ID, INFO, PLUG, PLUS, STATUS, devices
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


async def until_away(shared: Hub, thing: str) -> None:
    async def away() -> bool:
        return not (await shared.thing(thing))["online"]

    await shared.eventually(away, "its will says that it is gone")


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

        async def sent() -> bool:
            return bool((await shared.get(f"/api/v1/commands/{command['id']}"))["state"] == "sent")

        await shared.eventually(sent, "it is sent, and no more")
        player.lost()
        await until_away(shared, "desk_lamp")
    finally:
        player.close()
    again = await Player(given["Username"], given["Password"], shared.mqtt_port).open()
    try:
        again.say("homeassistant/light/esp-1/lamp/config", "", retain=True)

        async def gone() -> bool:
            return bool((await shared.ask("GET", "/api/v1/things/desk_lamp", ok=False)).get("code") == "not_found")

        await shared.eventually(gone, "it went as it announced")
    finally:
        again.close()


async def test_a_beacon_is_heard_through_any_receiver(shared: Hub) -> None:
    """OpenMQTTGateway announces topics that are filters: what was kept of one counts, and what comes on another."""
    given = await bridge(shared, "receivers", "homeassistant")
    player = await Player(given["Username"], given["Password"], shared.mqtt_port).open()
    try:
        player.say("hall/OMG/BTtoMQTT/A4C1", {"tempc": 21}, retain=True)
        config = {
            "stat_t": "+/+/BTtoMQTT/A4C1", "uniq_id": "A4C1-tempc", "obj_id": "tempc", "dev_cla": "temperature",
            "unit_of_meas": "°C", "val_tpl": "{{ value_json.tempc | is_defined }}",
            "dev": {"ids": ["A4C1"], "name": "Beacon"},
        }  # fmt: skip
        player.say("homeassistant/sensor/A4C1/tempc/config", config, retain=True)
        await thing_named(shared, "Beacon")

        async def told(wanted: float) -> bool:
            return bool(await shared.value("beacon", "tempc.temperature") == wanted)

        await shared.eventually(lambda: told(21), "what was kept")
        player.say("garage/OMG/BTtoMQTT/A4C1", {"tempc": 8})
        await shared.eventually(lambda: told(8), "what another receiver heard")
    finally:
        player.close()


async def test_an_event_that_was_kept_is_no_event(shared: Hub) -> None:
    """A broker keeps the last message of a button that asks for it: whoever comes later did not see it pressed."""
    given = await bridge(shared, "bells", "homeassistant")
    player = await Player(given["Username"], given["Password"], shared.mqtt_port).open()
    try:
        device = {"ids": ["esp-2"], "name": "Bell box"}
        player.say("bell/press", {"event_type": "press"}, retain=True)
        player.say("bell/battery", "55", retain=True)
        config: dict[str, Any] = {
            "stat_t": "bell/battery",
            "dev_cla": "battery",
            "uniq_id": "esp-2-b",
            "obj_id": "battery",
        }
        player.say("homeassistant/sensor/esp-2/battery/config", {**config, "dev": device}, retain=True)
        config = {"stat_t": "bell/press", "event_types": ["press"], "uniq_id": "esp-2-p", "obj_id": "bell"}
        player.say("homeassistant/event/esp-2/bell/config", {**config, "dev": device}, retain=True)
        await thing_named(shared, "Bell box")
        await shared.eventually(lambda: shared.value("bell_box", "battery.battery"), "its battery, which was kept")

        async def pressed() -> int:
            found = await shared.get("/api/v1/things/bell_box/history?property=event/bell.press")
            return len(found["points"])

        player.say("bell/press", {"event_type": "press"}, retain=True)
        await shared.eventually(pressed, "it was pressed")
        player.say("bell/battery", "54")

        async def later() -> bool:
            return bool(await shared.value("bell_box", "battery.battery") == 54)

        await shared.eventually(later, "what came after it")
        assert await pressed() == 1
    finally:
        player.close()


async def test_the_press_of_a_button_ends_as_told(shared: Hub) -> None:
    """Nothing of a button ever answers: its command neither stays open nor times out, and is never called confirmed."""
    given = await bridge(shared, "presser", "homeassistant")
    player = await Player(given["Username"], given["Password"], shared.mqtt_port).open("bell/ring")
    try:
        config = {
            "cmd_t": "bell/ring",
            "uniq_id": "esp-9-r",
            "obj_id": "ring",
            "dev": {"ids": ["esp-9"], "name": "Gong"},
        }
        player.say("homeassistant/button/esp-9/ring/config", config, retain=True)
        await thing_named(shared, "Gong")

        async def there() -> bool:
            return bool((await shared.thing("gong"))["online"])

        await shared.eventually(there, "its bridge is there")
        command = await shared.ask("POST", "/api/v1/things/gong/commands?wait=10", {"call": "ring.press"})
        assert await player.told("bell/ring") == "PRESS"
        assert (command["state"], command["why"]) == (
            "acknowledged",
            "it was told, and has no way to say that it did it",
        )
        assert command["ended"] is not None
        assert (await shared.thing("gong"))["open_commands"] == []
        assert (await shared.get("/api/v1/commands?state=open&thing=gong"))["items"] == []
        [found] = (await shared.get("/api/v1/commands?state=acknowledged&thing=gong"))["items"]
        assert found["id"] == command["id"]
        done = await shared.ask("POST", "/api/v1/things/gong/actions/ring.press", {})
        assert done["state"] == "acknowledged"
    finally:
        player.close()


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


async def test_zigbee2mqtt(shared: Hub) -> None:
    given = await bridge(shared, "z2m", "zigbee2mqtt")
    player = await Player(given["User"], given["Password"], shared.mqtt_port).open("zigbee2mqtt/#")
    try:
        player.say("zigbee2mqtt/bridge/state", {"state": "online"}, retain=True)
        player.say("zigbee2mqtt/bridge/devices", devices(("0x01", "hall_lamp", BULB)), retain=True)
        player.say("zigbee2mqtt/hall_lamp", {"state": "OFF", "brightness": 254, "linkquality": 90})
        lamp = await thing_named(shared, "hall_lamp")
        await shared.eventually(lambda: shared.value(lamp["id"], "light.brightness"), "its brightness")
        player.answers["zigbee2mqtt/hall_lamp/set"] = [("zigbee2mqtt/hall_lamp", {"state": "ON", "brightness": 127})]
        command = await confirmed(shared, lamp["id"], {"on_off": True, "brightness": 50})
        assert command["state"] == "confirmed"
        assert await player.told("zigbee2mqtt/hall_lamp/set") == {"state": "ON", "brightness": 127}
        text = "z2m: Publish 'set' 'state' to 'hall_lamp' failed: 'no route'"
        player.answers["zigbee2mqtt/hall_lamp/set"] = [
            ("zigbee2mqtt/bridge/logging", {"level": "error", "message": text})
        ]
        command = await confirmed(shared, lamp["id"], {"on_off": False})
        assert (command["state"], command["why"]) == ("rejected", "no route")
        # the discovery messages of the same lamp make no second thing
        device = {"identifiers": ["zigbee2mqtt_0x01"], "name": "hall_lamp"}
        config = {"command_topic": "x", "state_topic": "y", "unique_id": "0x01_switch", "device": device}
        player.say("homeassistant/switch/0x01/switch/config", config)
        player.say("zigbee2mqtt/bridge/devices", devices(("0x01", "hall_lamp", BULB), ("0x02", "porch", BULB)))
        await thing_named(shared, "porch")
        assert len((await shared.get("/api/v1/things?q=hall_lamp"))["items"]) == 1
        player.say("zigbee2mqtt/bridge/devices", devices(("0x02", "porch", BULB)))

        async def gone() -> bool:
            return not (await shared.get("/api/v1/things?q=hall_lamp"))["items"]

        await shared.eventually(gone, "what left the network is gone")
    finally:
        player.close()


async def test_an_effect_of_zigbee2mqtt_is_taken_or_refused(shared: Hub) -> None:
    given = await bridge(shared, "z2m_effects", "zigbee2mqtt")
    player = await Player(given["User"], given["Password"], shared.mqtt_port).open("zigbee2mqtt/#")
    try:
        glowing = {**BULB, "model": "LED2", "exposes": [*BULB["exposes"], EFFECT]}
        player.say("zigbee2mqtt/bridge/state", {"state": "online"}, retain=True)
        player.say("zigbee2mqtt/bridge/devices", devices(("0x41", "glow", glowing)), retain=True)
        lamp = (await thing_named(shared, "glow"))["id"]
        begun = await shared.ask("POST", f"/api/v1/things/{lamp}/commands", {"set": {"effect": "blink"}})

        async def taken() -> bool:
            return str((await shared.get(f"/api/v1/commands/{begun['id']}"))["state"]) == "acknowledged"

        await shared.eventually(taken, "no refusal came")
        text = "z2m: Publish 'set' 'effect' to 'glow' failed: 'no route'"
        player.answers["zigbee2mqtt/glow/set"] = [("zigbee2mqtt/bridge/logging", {"level": "error", "message": text})]
        command = await confirmed(shared, lamp, {"effect": "breathe"})
        assert (command["state"], command["why"]) == ("rejected", "no route")
    finally:
        player.close()


async def test_an_announcement_of_which_no_sound_model_comes_is_told(shared: Hub) -> None:
    given = await bridge(shared, "odd_ones", "homeassistant")
    player = await Player(given["Username"], given["Password"], shared.mqtt_port).open("odd/#")
    try:
        player.say("homeassistant/text/odd/config", {"name": "Odd text", "cmd_t": "odd/set", "min": 9, "max": 2})

        async def told() -> bool:
            return "Odd text: " in shared.output

        await shared.eventually(told, "the log says what is wrong with it")
        assert not (await shared.get("/api/v1/things?q=Odd%20text"))["items"]
    finally:
        player.close()


async def test_a_name_given_in_zigbee2mqtt_is_its_name_here_until_a_person_gives_another(shared: Hub) -> None:
    given = await bridge(shared, "z2m_names", "zigbee2mqtt")
    player = await Player(given["User"], given["Password"], shared.mqtt_port).open("zigbee2mqtt/#")
    try:
        player.say("zigbee2mqtt/bridge/state", {"state": "online"}, retain=True)
        player.say("zigbee2mqtt/bridge/devices", devices(("0x31", "0x31", BULB)), retain=True)
        lamp = (await thing_named(shared, "0x31"))["id"]
        player.say("zigbee2mqtt/bridge/devices", devices(("0x31", "Attic lamp", BULB)), retain=True)
        assert (await thing_named(shared, "Attic lamp"))["id"] == lamp
        await shared.ask("PATCH", f"/api/v1/things/{lamp}", {"name": "Stars"})
        player.say("zigbee2mqtt/bridge/devices", devices(("0x31", "Loft lamp", BULB)), retain=True)
        player.say("zigbee2mqtt/Loft lamp", {"state": "OFF", "brightness": 127})
        await shared.eventually(lambda: shared.value(lamp, "light.brightness"), "what it says by its new name")
        assert (await shared.get(f"/api/v1/things/{lamp}"))["name"] == "Stars"
    finally:
        player.close()


async def test_tasmota(shared: Hub) -> None:
    given = await bridge(shared, "tas", "tasmota")
    player = Player(given["User"], given["Password"], shared.mqtt_port, will=("tele/tasmota_AABBCC/LWT", "Offline"))
    await player.open("cmnd/tasmota_AABBCC/#")
    try:
        player.say("tele/tasmota_AABBCC/LWT", "Online", retain=True)
        player.say("tasmota/discovery/AABBCC112233/config", PLUG, retain=True)
        player.say("tasmota/discovery/AABBCC112233/sensors", ENERGY, retain=True)
        player.say("tele/tasmota_AABBCC/STATE", {"POWER": "OFF"})
        plug = await thing_named(shared, "Plug")
        player.answers["cmnd/tasmota_AABBCC/POWER"] = [
            ("stat/tasmota_AABBCC/RESULT", {"POWER": "ON"}),
            ("stat/tasmota_AABBCC/POWER", "ON"),
        ]
        assert (await confirmed(shared, plug["id"], {"on_off": True}))["state"] == "confirmed"
        assert await player.told("cmnd/tasmota_AABBCC/POWER") == "ON"
        player.lost()
        await until_away(shared, plug["id"])
    finally:
        player.close()


async def test_what_two_bridges_announce_stands_where_each_does(shared: Hub) -> None:
    """Who told of a thing announces it, however many are connected when it has been quiet for a moment."""
    await bridge(shared, "hall_bridge", "tasmota")
    rooms = {"den": "den_bridge", "loft": "loft_bridge", "barn": "barn_bridge"}
    players: dict[str, Player] = {}
    try:
        for room, id in rooms.items():
            await shared.ask("POST", "/api/v1/places", {"id": room, "name": room, "parent": "home"})
            added = await shared.ask("POST", "/api/v1/things", {"id": id, "place": room, "how": "tasmota"})
            given = settings(added)
            players[room] = await Player(given["User"], given["Password"], shared.mqtt_port).open("cmnd/#")
        for number, (room, player) in enumerate(players.items()):
            mac = f"D0000000000{number}"
            config = {**PLUG, "dn": f"Plug of {room}", "t": mac, "mac": mac}
            player.say(f"tasmota/discovery/{mac}/config", config, retain=True)
            player.say(f"node_{room}/status", "online")
            player.say(f"node_{room}/switch/pump/state", "OFF")
        for room in rooms:
            for name in (f"Plug of {room}", f"node_{room}"):
                assert (await thing_named(shared, name))["place"] == room, name
    finally:
        for player in players.values():
            player.close()


#: As ESPHome's MQTT component says it: a node with a relay, a sensor and a contact, all under its node's name.
ESPHOME_DEVICE = {
    "ids": "a1b2c3d4e5f6", "name": "Porch node", "sw": "esphome v2024.6.0", "mdl": "esp01_1m", "mf": "Espressif",
    "cns": [["mac", "a1b2c3d4e5f6"]],
}  # fmt: skip
ESPHOME = {
    "switch/porch/relay": {"name": "Relay", "cmd_t": "porch/switch/relay/command"},
    "sensor/porch/warmth": {
        "name": "Warmth",
        "dev_cla": "temperature",
        "unit_of_meas": "°C",
        "stat_cla": "measurement",
    },
    "binary_sensor/porch/gate": {"name": "Gate", "dev_cla": "door"},
}


async def test_an_esphome_node(shared: Hub) -> None:
    given = await bridge(shared, "espnode", "homeassistant")
    player = Player(given["Username"], given["Password"], shared.mqtt_port, will=("porch/status", "offline"))
    await player.open("porch/switch/relay/command")
    try:
        player.say("porch/status", "online", retain=True)
        for where, config in ESPHOME.items():
            kind, node, name = where.split("/")
            common = {"stat_t": f"{node}/{kind}/{name}/state", "avty_t": f"{node}/status", "dev": ESPHOME_DEVICE}
            unique = {"uniq_id": f"a1b2c3d4e5f6-{kind}-{name}", "obj_id": f"{node}_{name}"}
            player.say(f"homeassistant/{where}/config", {**config, **common, **unique}, retain=True)
        for where, state in (("switch/relay", "OFF"), ("sensor/warmth", "21.5"), ("binary_sensor/gate", "ON")):
            player.say(f"porch/{where}/state", state, retain=True)
        porch = await thing_named(shared, "Porch node")

        async def told() -> bool:
            state = (await shared.thing(porch["id"]))["state"]
            return {21.5, "open", False} <= {each["value"] for each in state.values() if "value" in each}

        await shared.eventually(told, "all three are known")
        player.answers["porch/switch/relay/command"] = [("porch/switch/relay/state", "ON")]
        assert (await confirmed(shared, porch["id"], {"on_off": True}))["state"] == "confirmed"
        assert await player.told("porch/switch/relay/command") == "ON"
        player.lost()
        await until_away(shared, porch["id"])
    finally:
        player.close()


async def test_an_esphome_node_that_does_not_announce_itself(shared: Hub) -> None:
    given = await bridge(shared, "espquiet", "homeassistant")
    player = Player(given["Username"], given["Password"], shared.mqtt_port, will=("cellar/status", "offline"))
    await player.open("cellar/switch/pump/command")
    try:
        player.say("cellar/status", "online", retain=True)
        for where, state in (("switch/pump", "OFF"), ("sensor/cellar_temperature", "12.5")):
            player.say(f"cellar/{where}/state", state, retain=True)
        cellar = await thing_named(shared, "cellar")

        async def told() -> bool:
            state = (await shared.thing(cellar["id"]))["state"]
            return {12.5, False} <= {each["value"] for each in state.values()}

        await shared.eventually(told, "both are known")
        player.answers["cellar/switch/pump/command"] = [("cellar/switch/pump/state", "ON")]
        assert (await confirmed(shared, cellar["id"], {"on_off": True}))["state"] == "confirmed"
        player.lost()
        await until_away(shared, cellar["id"])
    finally:
        player.close()


async def test_teslamate(shared: Hub) -> None:
    given = await bridge(shared, "tesla", "teslamate")
    player = await Player(given["MQTT_USERNAME"], given["MQTT_PASSWORD"], shared.mqtt_port).open()
    try:
        for word, text in (("display_name", "Blue Thunder"), ("state", "asleep"), ("battery_level", "88")):
            player.say(f"teslamate/cars/1/{word}", text, retain=True)
        car = await thing_named(shared, "Blue Thunder")

        async def charged() -> bool:
            return bool(await shared.value(car["id"], "car.battery") == 88)

        await shared.eventually(charged, "its battery")
        answer = await shared.ask("POST", f"/api/v1/things/{car['id']}/commands", {"set": {"battery": 1}}, ok=False)
        assert answer["code"] == "not_writable"
    finally:
        player.close()


async def test_shelly_of_both_generations(shared: Hub) -> None:
    given = await bridge(shared, "shel", "shelly")
    user, password = given["User (Username)"], given["Password"]
    player = await Player(user, password, shared.mqtt_port).open(f"{PLUS}/rpc")
    try:
        player.say(f"{PLUS}/online", "true", retain=True)
        for id, result in ((1, INFO), (2, STATUS)):
            asked = await player.told(f"{PLUS}/rpc")
            assert asked["id"] == id
            player.say(asked["src"] + "/rpc", {"id": id, "src": PLUS, "dst": asked["src"], "result": result})
        boiler = await thing_named(shared, "Boiler")
        await shared.eventually(lambda: shared.value(boiler["id"], "switch.voltage"), "its voltage")
        body = {"src": PLUS, "method": "NotifyStatus", "params": {"switch:0": {"id": 0, "output": True}}}
        player.answers[f"{PLUS}/rpc"] = [(f"{PLUS}/events/rpc", body)]
        assert (await confirmed(shared, boiler["id"], {"on_off": True}))["state"] == "confirmed"
        player.answers.clear()
        while not player.heard.empty():
            player.heard.get()
        command = await shared.ask("POST", f"/api/v1/things/{boiler['id']}/commands", {"set": {"on_off": False}})
        asked = await player.told(f"{PLUS}/rpc")
        error = {"id": asked["id"], "src": PLUS, "error": {"code": -103, "message": "overtemp"}}
        player.say(asked["src"] + "/rpc", error)

        async def rejected() -> Any:
            found = await shared.get(f"/api/v1/commands/{command['id']}")
            return found["state"] == "rejected" and found

        assert (await shared.eventually(rejected, "it is rejected"))["why"] == "overtemp (code -103)"
    finally:
        player.close()
    first = await Player(user, password, shared.mqtt_port).open(f"shellies/{ID}/relay/0/command", "shellies/command")
    try:
        assert await first.told("shellies/command") == "announce"
        first.say("shellies/announce", {"id": ID, "model": "SHSW-PM", "mac": "E868E7AABBCC"})
        first.say(f"shellies/{ID}/online", "true", retain=True)
        first.say(f"shellies/{ID}/relay/0", "off")
        relay = await thing_named(shared, ID)
        first.answers[f"shellies/{ID}/relay/0/command"] = [(f"shellies/{ID}/relay/0", "on")]
        assert (await confirmed(shared, relay["id"], {"on_off": True}))["state"] == "confirmed"
        first.say("nobody/knows/it", "1")

        async def ordinary() -> Any:
            (client,) = [
                each for each in (await shared.get("/api/v1/clients?q=shel"))["items"] if each["thing"] == "shel"
            ]
            return client["ordinary_topics"]

        # what a dialect reads is no topic that nobody understands
        await shared.eventually(ordinary, "it has published what no dialect reads")
        assert await ordinary() == ["nobody/knows/it"]
    finally:
        first.close()


async def test_a_gateway_that_begins_anew_knows_what_was_announced(shared: Hub) -> None:
    given = await bridge(shared, "esp2", "homeassistant")
    user, password = given["Username"], given["Password"]
    player = await Player(user, password, shared.mqtt_port).open("fan/set")
    config = {"name": "Fan", "uniq_id": "fan-1", "obj_id": "fan", "cmd_t": "fan/set", "stat_t": "fan/state"}
    player.say("homeassistant/switch/fan-1/config", config, retain=True)
    fan = await thing_named(shared, "Fan")
    player.say("fan/state", "ON")
    await shared.eventually(lambda: shared.value(fan["id"], "fan.on_off"), "it is on")
    shared.child("gateway.process").kill()
    player.close()

    async def back() -> Player | None:
        try:
            return await Player(user, password, shared.mqtt_port).open("fan/set")
        except OSError:
            return None  # nobody listens yet

    player = await shared.eventually(back, "a gateway is there again")
    try:
        # it listens, and has said nothing since
        player.answers["fan/set"] = [("fan/state", "OFF")]
        assert (await confirmed(shared, fan["id"], {"on_off": False}))["state"] == "confirmed"
        player.answers["fan/set"] = [("fan/state", "ON")]
        player.say("fan/state", "OFF")

        async def off() -> bool:
            now = await shared.thing(fan["id"])
            return bool(now["online"] and now["state"]["fan.on_off"]["value"] is False)

        await shared.eventually(off, "it is off, and there, without having announced itself again")
        assert (await confirmed(shared, fan["id"], {"on_off": True}))["state"] == "confirmed"
    finally:
        player.close()
