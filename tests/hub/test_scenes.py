"""Scenes of a whole hub: saved over HTTP, run by the owner, there again after kill -9, damage and restore."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import httpx

from tests.gateway.client import Client
from tests.hub.hub import Hub
from tests.hub.test_damage import flip, registry, told
from tests.parts import until

FOLLOW = """\
# The lamp follows the door.
id: follow
name: Lamp follows door
place: home
when:
  - change: {things: [door], property: contact, is: open}
then:
  - set: {things: [lamp], state: {on_off: true}, wait: true}
"""
AWAY = """\
id: leaving
name: Leaving
place: home
when:
  - mode: {place: home, is: away}
if:
  - state: {things: [door], property: contact, is: closed}
then:
  - set: {things: [lamp], state: {on_off: false}}
"""


async def save(hub: Hub, text: str, method: str = "POST", path: str = "") -> httpx.Response:
    headers = {"Authorization": f"Bearer {hub.token}", "Content-Type": "application/yaml"}
    return await asyncio.to_thread(
        hub.http.request, method, f"/api/v1/scenes{path}", content=text.encode(), headers=headers
    )


async def furnished(hub: Hub) -> dict[str, str]:
    """A running hub with a lamp and a door; their secrets."""
    await hub.start()
    secrets = await hub.furnish("door", model="sensor.contact")
    made = await hub.ask("POST", "/api/v1/things", {"id": "lamp", "model": "light", "place": "home"})
    return {**secrets, "lamp": made["secret"]}


async def lamp_of(hub: Hub, secret: str) -> Client:
    lamp = await hub.device("lamp", secret)
    await lamp.subscribe("things/me/set")
    return lamp


async def opens(hub: Hub, secret: str) -> None:
    """The door shuts, if it was open, and opens."""
    door = await hub.device("door", secret)
    await door.say("things/me/state", b'{"contact": "closed"}')
    await door.say("things/me/state", b'{"contact": "open"}')
    await door.leave()


async def asked(lamp: Client, count: int) -> dict[str, Any]:
    """What the lamp was asked for at last, once it was asked so many times."""
    await until(lambda: len(lamp.messages) >= count, "the lamp is asked")
    found: dict[str, Any] = json.loads(lamp.messages[-1][1])
    return found


async def trace(hub: Hub, scene: str = "follow") -> dict[str, Any]:
    found: dict[str, Any] = await hub.get(f"/api/v1/scenes/{scene}/trace")
    return found


async def run_once(hub: Hub, secrets: dict[str, str]) -> None:
    """Open the door; the lamp is asked, obeys, and the trace says so."""
    before = {run["id"] for run in (await trace(hub))["runs"]}
    lamp = await lamp_of(hub, secrets["lamp"])
    count = len(lamp.messages)
    await opens(hub, secrets["door"])
    body = await asked(lamp, count + 1)
    assert body["state"] == {"on_off": True}
    await lamp.say("things/me/state", b'{"on_off": true}')

    async def done() -> Any:
        runs = (await trace(hub))["runs"]
        return [run for run in runs if run["state"] == "done" and run["id"] not in before]

    [run] = await hub.eventually(done, "the run is done")
    assert (run["cause"]["thing"], run["cause"]["value"]) == ("door", "open")
    assert [step["did"] for step in run["steps"]] == ["asked", "confirmed"]
    await lamp.say("things/me/state", b'{"on_off": false}')
    await lamp.leave()


async def test_a_scene_runs_from_the_moment_it_is_saved_and_after_a_power_cut(hub: Hub) -> None:
    secrets = await furnished(hub)
    saved = await save(hub, FOLLOW)
    assert saved.status_code == 201, saved.text
    await run_once(hub, secrets)
    before = (await trace(hub))["runs"]
    await hub.kill_all()
    await hub.start()
    shown = await hub.get("/api/v1/scenes/follow")
    assert (shown["text"], shown["version"], shown["enabled"]) == (FOLLOW, 1, True)
    assert (await trace(hub))["runs"] == before
    await run_once(hub, secrets)


async def test_what_is_refused_is_nowhere(hub: Hub) -> None:
    secrets = await furnished(hub)
    refused = await save(hub, FOLLOW.replace("[lamp]", "[lamb]"))
    assert (refused.status_code, refused.json()["field"]) == (422, "then.0.set.things.0")
    assert (await hub.get("/api/v1/scenes"))["items"] == []
    await save(hub, FOLLOW)
    refused = await save(hub, FOLLOW.replace("is: open", "is: ajar"), "PUT", "/follow")
    assert refused.json()["field"].startswith("when.0.change.is")
    assert (await hub.get("/api/v1/scenes/follow"))["version"] == 1
    await run_once(hub, secrets)
    await hub.ask("DELETE", "/api/v1/scenes/follow")
    assert (await hub.get("/api/v1/scenes/follow", ok=False))["code"] == "not_found"


async def test_switches_and_modes_are_as_they_were_after_a_power_cut(hub: Hub) -> None:
    await furnished(hub)
    await save(hub, FOLLOW)
    await save(hub, AWAY)
    await hub.ask("POST", "/api/v1/scenes/follow/disable")
    await hub.ask("PUT", "/api/v1/places/home/mode", {"mode": "away"})
    await hub.kill_all()
    await hub.start()

    async def refused() -> Any:
        return (await trace(hub, "leaving"))["refusals"]

    [refusal] = await hub.eventually(refused, "the mode was heard")
    assert (refusal["why"], refusal["path"]) == ("a condition said no", "if.0.state")
    assert (await hub.get("/api/v1/places/home"))["mode"] == "away"
    assert (await hub.get("/api/v1/scenes/follow"))["enabled"] is False


async def test_a_damaged_checkpoint_costs_traces_but_no_scene(hub: Hub) -> None:
    secrets = await furnished(hub)
    text = FOLLOW.replace("when:\n", "when:\n  - time: {every_s: 3600, missed: all}\n")
    await save(hub, text)
    await save(hub, AWAY)
    await hub.ask("POST", "/api/v1/scenes/leaving/disable")
    for damage in ("state", "twin"):
        await hub.stop()
        with registry(hub) as database:
            if damage == "state":
                [(state,)] = database.execute("SELECT state FROM checkpoint").fetchall()
                database.execute("UPDATE checkpoint SET state = ?", (flip(state, random.Random(1)),))
            else:
                for key, row in database.execute("SELECT thing, twin FROM checkpoint_twin").fetchall():
                    broken = flip(row, random.Random(2))
                    database.execute("UPDATE checkpoint_twin SET twin = ? WHERE thing = ?", (broken, key))
            database.commit()
        await hub.start()
        assert "damaged" in await told(hub)
        assert [run["cause"]["what"] for run in (await trace(hub))["runs"]] == [], "nothing of 1970 is caught up with"
        listed = (await hub.get("/api/v1/scenes"))["items"]
        assert [(each["id"], each["enabled"], each["now"] is not None) for each in listed] == [
            ("follow", True, True),
            ("leaving", False, True),
        ]
        assert (await hub.get("/api/v1/places/home"))["mode"] == "home"
    await run_once(hub, secrets)


async def test_the_demonstration_comes_with_its_scenes(hub: Hub) -> None:
    hub.flags = ("--demo",)
    await hub.start()

    async def there() -> bool:
        return len((await hub.get("/api/v1/scenes"))["items"]) >= 5

    await hub.eventually(there, "the scenes are there", 60)
    assert "a scene was left out" not in hub.output
    home = await hub.get("/api/v1/places/home")
    assert (home["zone"], home["mode"]) == ("Asia/Shanghai", "home")
    scenes = {each["id"]: each for each in (await hub.get("/api/v1/scenes"))["items"]}
    assert scenes["evening_light"]["now"]["next"] is not None, "the sun sets on it"

    async def connected() -> bool:
        return bool((await hub.thing("conveyor_1"))["online"])

    await hub.eventually(connected, "the line works", 60)
    ran = await hub.ask("POST", "/api/v1/scenes/press_guard/run")
    assert ran["run"]["steps"][0]["path"] == "then.0.set"
    await hub.ask("POST", "/api/v1/scenes/press_guard/stop")
