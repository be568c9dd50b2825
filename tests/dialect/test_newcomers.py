"""What announces itself through a bridge waits where somebody wants to be asked; then it is a thing like any other."""

from __future__ import annotations

from typing import Any

from tests.dialect.player import Player, settings
from tests.dialect.test_firmwares import BULB, devices
from tests.hub.hub import Hub


async def bridge(hub: Hub, id: str, *, waits: bool = True, how: str = "zigbee2mqtt") -> dict[str, str]:
    known = await hub.get("/api/v1/places/home", ok=False)
    if "code" in known:
        await hub.ask("POST", "/api/v1/places", {"id": "home", "name": "Home", "kind": "home"})
        await hub.ask("POST", "/api/v1/places", {"id": "study", "name": "Study", "parent": "home"})
        await hub.ask("POST", "/api/v1/places", {"id": "barn", "name": "Barn", "kind": "home"})
    body = {"id": id, "place": "home", "how": how, "waits": waits}
    return settings(await hub.ask("POST", "/api/v1/things", body))


async def waiting(hub: Hub, query: str = "") -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in (await hub.get(f"/api/v1/newcomers{query}"))["items"]}


async def wait_for(hub: Hub, *names: str) -> dict[str, dict[str, Any]]:
    async def there() -> Any:
        found = await waiting(hub)
        return found if set(names) <= set(found) else None

    found: dict[str, dict[str, Any]] = await hub.eventually(there, f"{names} wait")
    return found


async def test_it_waits_and_comes_in_with_what_it_said_meanwhile(shared: Hub) -> None:
    given = await bridge(shared, "z1")
    player = await Player(given["User"], given["Password"], shared.mqtt_port).open("z1/#")
    try:
        player.say("z1/bridge/devices", devices(("0xb1", "hall", BULB), ("0xb2", "attic", BULB)), retain=True)
        found = await wait_for(shared, "hall", "attic")
        hall = found["hall"]
        assert (hall["how"], hall["bridge"], hall["place"], hall["kind"]) == ("zigbee2mqtt", "z1", "home", "light")
        assert {"on_off", "brightness"} <= set(hall["can"]) and hall["vendor"] == "IKEA"
        player.say("z1/hall", {"state": "ON", "brightness": 127})
        assert not (await shared.get("/api/v1/things?q=hall"))["items"]
        # again, after the bridge said it once more: still one, since the same time
        player.say("z1/bridge/devices", devices(("0xb1", "hall", BULB), ("0xb2", "attic", BULB)), retain=True)
        items = [{"id": hall["id"], "name": "Hall light", "place": "study"}]
        made = (await shared.ask("POST", "/api/v1/newcomers/accept", {"items": items}))["items"]
        assert [(each["name"], each["place"]) for each in made] == [("Hall light", "study")]
        thing = made[0]["id"]
        await shared.eventually(lambda: shared.value(thing, "light.brightness"), "what it said while it waited")
        assert (await shared.thing(thing))["online"]
        player.answers["z1/hall/set"] = [("z1/hall", {"state": "OFF"})]
        command = await shared.ask("POST", f"/api/v1/things/{thing}/commands?wait=10", {"set": {"on_off": False}})
        assert command["state"] == "confirmed"
        assert set(await waiting(shared)) == {"attic"}
        # what is withdrawn waits no more
        player.say("z1/bridge/devices", devices(("0xb1", "hall", BULB)), retain=True)

        async def gone() -> bool:
            return not await waiting(shared)

        await shared.eventually(gone, "what left the network waits no more")
    finally:
        player.close()


async def test_all_or_none_and_what_is_refused(shared: Hub) -> None:
    given = await bridge(shared, "z2")
    player = await Player(given["User"], given["Password"], shared.mqtt_port).open("z2/#")
    try:
        named = [(f"0xc{number}", f"spot {number}", BULB) for number in range(3)]
        player.say("z2/bridge/devices", devices(*named))
        found = await wait_for(shared, "spot 0", "spot 1", "spot 2")
        ids = [each["id"] for each in found.values() if each["bridge"] == "z2"]
        accept = "/api/v1/newcomers/accept"
        answer = await shared.ask("POST", accept, {"items": [{"id": ids[0]}, {"id": "nobody"}]}, ok=False)
        assert (answer["code"], answer["field"]) == ("not_found", "id")
        answer = await shared.ask("POST", accept, {"items": [{"id": ids[0], "place": "barn"}]}, ok=False)
        assert (answer["code"], answer["field"]) == ("bad_value", "place")
        assert set(await waiting(shared)) >= {"spot 0", "spot 1", "spot 2"}
        await shared.ask("POST", "/api/v1/newcomers/ignore", {"ids": ids[:1]})
        assert ids[0] not in {each["id"] for each in (await waiting(shared)).values()}
        assert ids[0] in {each["id"] for each in (await waiting(shared, "?ignored=true")).values()}
        await shared.ask("POST", "/api/v1/newcomers/ignore", {"ids": ids[:1], "ignored": False})
        made = (await shared.ask("POST", accept, {"items": [{"id": id} for id in ids]}))["items"]
        assert sorted(each["name"] for each in made) == ["spot 0", "spot 1", "spot 2"]
        assert len({each["id"] for each in made}) == 3
    finally:
        player.close()


async def test_a_bridge_whose_things_come_in_by_themselves_and_one_that_changes_its_mind(shared: Hub) -> None:
    given = await bridge(shared, "z3", waits=False)
    assert (await shared.get("/api/v1/newcomers/bridges/z3"))["waits"] is False
    player = await Player(given["User"], given["Password"], shared.mqtt_port).open("z3/#")
    try:
        player.say("z3/bridge/devices", devices(("0xd1", "cellar", BULB)))

        async def there() -> bool:
            return bool((await shared.get("/api/v1/things?q=cellar"))["items"])

        await shared.eventually(there, "it comes in by itself")
        await shared.ask("PUT", "/api/v1/newcomers/bridges/z3", {"waits": True})
        player.say("z3/bridge/devices", devices(("0xd1", "cellar", BULB), ("0xd2", "garage", BULB)))
        await wait_for(shared, "garage")
        assert await there()
    finally:
        player.close()


async def test_a_device_has_nothing_that_could_wait(shared: Hub) -> None:
    await bridge(shared, "z4")
    body = {"id": "lamp9", "place": "home", "model": "light", "waits": True}
    answer = await shared.ask("POST", "/api/v1/things", body, ok=False)
    assert (answer["code"], answer["field"]) == ("bad_value", "waits")


async def test_what_waits_is_still_there_after_the_gateway_began_anew(shared: Hub) -> None:
    given = await bridge(shared, "z5", how="homeassistant")
    user, password = given["Username"], given["Password"]
    player = await Player(user, password, shared.mqtt_port).open("vent/set")
    config = {"name": "Vent", "uniq_id": "vent-1", "obj_id": "vent", "cmd_t": "vent/set", "stat_t": "vent/state"}
    player.say("homeassistant/switch/vent-1/config", config, retain=True)
    vent = (await wait_for(shared, "Vent"))["Vent"]
    shared.child("gateway.process").kill()
    player.close()

    async def back() -> Player | None:
        try:
            return await Player(user, password, shared.mqtt_port).open("vent/set")
        except OSError:
            return None  # nobody listens yet

    player = await shared.eventually(back, "a gateway is there again")
    try:
        [made] = (await shared.ask("POST", "/api/v1/newcomers/accept", {"items": [{"id": vent["id"]}]}))["items"]
        player.say("vent/state", "ON")

        async def on() -> Any:
            state = (await shared.thing(made["id"]))["state"]
            player.say("vent/state", "ON")
            return any(each["value"] is True for each in state.values())

        await shared.eventually(on, "it is on, without having announced itself again")
    finally:
        player.close()
