"""Commands end to end against devices that misbehave, over real sockets; policies on the paths that people use."""

from __future__ import annotations

import asyncio
import csv
import io
import itertools
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.gateway.client import Client
from tests.hub.hub import Hub
from tests.hub.test_identities import enter
from tests.parts import until
from unisono.wire.mqtt import Properties, ReasonCode, Version

_numbers = itertools.count()

#: A model whose commands are over in a second: a test waits for every end.
QUICK: dict[str, Any] = {
    "id": "quick",
    "version": 1,
    "timeout_s": 1,
    "services": [
        {
            "properties": [
                {
                    "key": "level",
                    "access": ["read", "write", "notify"],
                    "schema": {"kind": "float", "min": 0, "max": 100, "precision": 0.5},
                    "settle_s": 0.3,
                }
            ],
            "actions": [{"key": "zero"}, {"key": "look", "idempotent": True}],
        }
    ],
}

#: The same with time: for devices that answer, on a machine that may not let them at once.
CALM: dict[str, Any] = {**QUICK, "id": "calm", "timeout_s": 60}

Behaviour = Callable[["Device", str, dict[str, Any]], Awaitable[None]]


class Device:
    """One thing on a real connection that does with what it is told as ``behaviour`` says."""

    def __init__(self, hub: Hub, thing: str, secret: str, behaviour: Behaviour) -> None:
        self.hub, self.thing, self.secret, self.behaviour = hub, thing, secret, behaviour
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.client: Client | None = None
        self._task: asyncio.Task[None] | None = None

    async def connect(self, *topics: str) -> Device:
        self.client = await self.hub.device(self.thing, self.secret)
        await self.client.subscribe(*(topics or ("things/me/set", "things/me/call/+")))
        self._task = asyncio.create_task(self._listen(self.client))
        return self

    async def _listen(self, client: Client) -> None:
        for count in itertools.count():
            await until(lambda count=count: len(client.messages) > count, "a message", 60)  # type: ignore[misc]
            topic, payload = client.messages[count][:2]
            body = json.loads(payload)
            self.heard.append((topic, body))
            await self.behaviour(self, topic, body)

    async def say(self, topic: str, **body: Any) -> None:
        assert self.client is not None
        await self.client.say(f"things/me/{topic}", json.dumps(body).encode())

    async def vanish(self) -> None:
        assert self.client is not None and self.client.transport is not None
        self.client.transport.abort()
        await self.client.closed.wait()

    async def leave(self) -> None:
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.vanish()


def id_of(body: dict[str, Any]) -> str:
    return str(body["id"])


async def obey(device: Device, topic: str, body: dict[str, Any]) -> None:
    if topic.endswith("/set"):
        await device.say("state", **body["state"])
    elif "/call/" in topic:
        await device.say(f"reply/{id_of(body)}", ok=True, output={"done": True})


async def refuse(device: Device, topic: str, body: dict[str, Any]) -> None:
    await device.say(f"reply/{id_of(body)}", ok=False, error="jammed")


async def only_promise(device: Device, topic: str, body: dict[str, Any]) -> None:
    await device.say(f"reply/{id_of(body)}", ok=True)


async def do_something_else(device: Device, topic: str, body: dict[str, Any]) -> None:
    await device.say(f"reply/{id_of(body)}", ok=True)
    await device.say("state", level=3)


async def say_nothing(device: Device, topic: str, body: dict[str, Any]) -> None:
    return


async def answer_late(device: Device, topic: str, body: dict[str, Any]) -> None:
    await asyncio.sleep(2)
    await device.say(f"reply/{id_of(body)}", ok=True)
    await device.say("state", **body.get("state", {"level": 1}))


async def answer_twice(device: Device, topic: str, body: dict[str, Any]) -> None:
    for _ in range(2):
        await device.say(f"reply/{id_of(body)}", ok=True, output=1)
        if topic.endswith("/set"):
            await device.say("state", **body["state"])
    await device.say(f"reply/{id_of(body)}", ok=False, error="no, after all")


async def fade(device: Device, topic: str, body: dict[str, Any]) -> None:
    await device.say(f"reply/{id_of(body)}", ok=True)
    for step in range(1, 9):
        await device.say("state", level=body["state"]["level"] * step / 8)
        await asyncio.sleep(0.15)


async def a_device(
    hub: Hub, behaviour: Behaviour, *topics: str, connected: bool = True, model: dict[str, Any] = QUICK
) -> Device:
    number = next(_numbers)
    if not (await hub.ask("GET", f"/api/v1/models?q={model['id']}"))["items"]:
        await hub.ask("POST", "/api/v1/models", model)
    thing, secret = f"q{number}", ""
    secret = (await hub.furnish(thing, model=model["id"], place=f"shed{number}"))[thing]
    device = Device(hub, thing, secret, behaviour)
    return await device.connect(*topics) if connected else device


async def wish(hub: Hub, device: Device, wait: float = 20, **body: Any) -> dict[str, Any]:
    body = body or {"set": {"level": 40}}
    found: dict[str, Any] = await hub.ask("POST", f"/api/v1/things/{device.thing}/commands?wait={wait}", body)
    return found


# devices that misbehave


@pytest.mark.parametrize(
    ("behaviour", "body", "state", "why"),
    [
        (obey, {"set": {"level": 40}}, "confirmed", None),
        (obey, {"call": "zero"}, "confirmed", None),
        (refuse, {"set": {"level": 40}}, "rejected", "jammed"),
        (refuse, {"call": "zero"}, "rejected", "jammed"),
        (only_promise, {"set": {"level": 40}}, "timeout", "nothing came back in time"),
        (do_something_else, {"set": {"level": 40}}, "mismatch", "the thing reported another value, and stayed there"),
        (say_nothing, {"set": {"level": 40}}, "timeout", "nothing came back in time"),
        (say_nothing, {"call": "zero"}, "timeout", "nothing came back in time"),
        (answer_late, {"set": {"level": 40}}, "timeout", "nothing came back in time"),
        (answer_twice, {"set": {"level": 40}}, "confirmed", None),
        (answer_twice, {"call": "zero"}, "confirmed", None),
        (fade, {"set": {"level": 40}}, "confirmed", None),
    ],
)
async def test_every_command_ends_as_it_should(
    shared: Hub, behaviour: Behaviour, body: dict[str, Any], state: str, why: str | None
) -> None:
    answers = behaviour in (obey, refuse, do_something_else, answer_twice)
    device = await a_device(shared, behaviour, model=CALM if answers else QUICK)
    try:
        ended = await wish(shared, device, **body)
        assert (ended["state"], ended["why"]) == (state, why)
        # what comes later changes no end
        await device.say("state", level=77)
        assert (await shared.get(f"/api/v1/commands/{ended['id']}"))["state"] == state
        assert (await shared.thing(device.thing))["open_commands"] == []
    finally:
        await device.leave()


async def test_what_is_harmless_is_told_once_more_and_what_is_not_once(shared: Hub) -> None:
    device = await a_device(shared, say_nothing)
    try:
        assert (await wish(shared, device))["state"] == "timeout"
        assert (await wish(shared, device, call="look"))["state"] == "timeout"
        assert (await wish(shared, device, call="zero"))["state"] == "timeout"
        told = [topic.rpartition("/")[2] for topic, _body in device.heard]
        assert told == ["set", "set", "look", "look", "zero"]
        ids = [id_of(body) for _topic, body in device.heard]
        assert ids[0] == ids[1] and ids[2] == ids[3]
    finally:
        await device.leave()


async def test_nobody_answers_for_another(shared: Hub) -> None:
    device, other = await a_device(shared, say_nothing), await a_device(shared, say_nothing)
    try:
        asking = asyncio.create_task(wish(shared, device))
        await until(lambda: device.heard, "it is told")
        await other.say(f"reply/{id_of(device.heard[0][1])}", ok=False, error="I am the other one")
        assert (await asking)["state"] == "timeout"
        letters = await shared.eventually(lambda: shared.letters(other.thing), "the answer on the other's page")
        assert letters[0]["code"] == "not_found"
    finally:
        await device.leave()
        await other.leave()


async def test_one_that_vanishes_in_the_middle_does_it_when_it_is_back(shared: Hub) -> None:
    async def go(device: Device, topic: str, body: dict[str, Any]) -> None:
        await device.vanish()

    device = await a_device(shared, go)
    asked = await wish(shared, device, wait=0)
    await until(lambda: device.heard, "it is told")

    async def gone() -> bool:
        return not (await shared.thing(device.thing))["online"]

    await shared.eventually(gone, "it is seen to be gone")
    device.behaviour = obey
    await device.connect("things/me/desired")
    try:
        await until(lambda: len(device.heard) > 1, "it is told what is wanted")
        wanted = device.heard[1][1]
        assert wanted in (
            {"state": {"level": 40}, "commands": {"level": asked["id"]}},
            {"state": {}, "commands": {}},  # it stayed away past the time-out
        )
        await device.say("state", **wanted["state"])
        ended = await shared.get(f"/api/v1/commands/{asked['id']}?wait=5")
        assert ended["state"] == ("confirmed" if wanted["state"] else "timeout")
    finally:
        await device.leave()


async def test_commands_through_a_storm_of_reconnections_all_end(shared: Hub) -> None:
    device = await a_device(shared, obey, connected=False)
    asked: list[str] = []
    for number in range(12):
        await device.connect()
        asked.append((await wish(shared, device, wait=0, set={"level": number}))["id"])
        await device.leave()
    await device.connect()
    try:
        last = await wish(shared, device, set={"level": 99})
        assert last["state"] == "confirmed"
        ends = [(await shared.get(f"/api/v1/commands/{id}?wait=5"))["state"] for id in asked]
        assert set(ends) <= {"confirmed", "superseded", "timeout"}, ends
        assert await shared.value(device.thing, "level") == 99
        assert (await shared.thing(device.thing))["open_commands"] == []
    finally:
        await device.leave()


async def test_a_session_hands_out_no_command_whose_time_is_over(shared: Hub) -> None:
    device = await a_device(shared, obey, connected=False)
    lasting = {"clean_start": False, "client_id": "one", "version": Version.V5}
    lasting["properties"] = Properties(session_expiry_interval=600)
    deaf = await shared.device(device.thing, device.secret, **lasting)
    await deaf.subscribe("things/me/set", "things/me/call/+")
    assert isinstance(deaf.transport, asyncio.Transport)
    deaf.transport.pause_reading()  # what comes is neither read nor acknowledged
    assert (await wish(shared, device))["state"] == "timeout"
    deaf.transport.abort()
    await deaf.closed.wait()
    back = await shared.device(device.thing, device.secret, **lasting)
    current = await wish(shared, device, call="zero", wait=0)
    await until(lambda: back.messages, "a command of today")
    assert [json.loads(payload)["id"] for payload in back.payloads] == [current["id"]]


# waiting, taking back, asking again


async def test_what_waits_is_seen_taken_back_and_not_told(shared: Hub) -> None:
    device = await a_device(shared, obey, connected=False)
    waiting = await wish(shared, device, wait=0, set={"level": 40}, ttl_s=600, why="to see")
    assert (waiting["state"], waiting["ttl_s"], waiting["because"]) == ("queued", 600, "to see")
    assert (await shared.thing(device.thing))["desired"]["level"]["value"] == 40
    listed = (await shared.get(f"/api/v1/commands?state=open&thing={device.thing}"))["items"]
    assert [each["id"] for each in listed] == [waiting["id"]]
    taken = await shared.ask("DELETE", f"/api/v1/commands/{waiting['id']}")
    assert taken["state"] == "failed" and taken["why"].endswith("cancelled it")
    again = await shared.ask("DELETE", f"/api/v1/commands/{waiting['id']}", ok=False)
    assert again["code"] == "too_late"
    await device.connect("things/me/desired", "things/me/set")
    try:
        await until(lambda: device.heard, "what is wanted")
        assert device.heard[0][1] == {"state": {}, "commands": {}}
    finally:
        await device.leave()


async def test_what_stays_away_expires_and_a_later_wish_supersedes(shared: Hub) -> None:
    device = await a_device(shared, obey, connected=False)
    first = await wish(shared, device, wait=0, set={"level": 1}, ttl_s=600)
    second = await wish(shared, device, wait=8, set={"level": 2}, ttl_s=0.5)
    assert (await shared.get(f"/api/v1/commands/{first['id']}"))["state"] == "superseded"
    assert (second["state"], second["why"]) == (
        "expired",
        "the thing stayed away past the command's time to live",
    )


async def test_the_same_key_is_the_same_command(shared: Hub) -> None:
    device = await a_device(shared, obey, model=CALM)
    path = f"/api/v1/things/{device.thing}/commands?wait=20"
    headers = {"Authorization": f"Bearer {shared.token}", "Idempotency-Key": f"k-{device.thing}"}
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{shared.http_port}", headers=headers, timeout=30
        ) as http:
            wanted = {"call": "zero"}
            answers = await asyncio.gather(*(http.post(path, json=wanted) for _ in range(5)))
            assert len({answer.json()["id"] for answer in answers}) == 1
            assert {answer.json()["state"] for answer in answers} == {"confirmed"}
            assert len(device.heard) == 1
            other = await http.post(path, json={"call": "look"})
            assert (other.status_code, other.json()["code"]) == (422, "key_reused")
            assert other.json()["field"] == "Idempotency-Key"
            named = await http.post(path, json={"call": "look", "key": f"k-{device.thing}"})
            assert (named.json()["code"], named.json()["field"]) == ("key_reused", "key")
    finally:
        await device.leave()


async def test_many_at_once_and_one_result_for_each(shared: Hub) -> None:
    good, bad = await a_device(shared, obey, model=CALM), await a_device(shared, refuse, model=CALM)
    body = {"things": [good.thing, bad.thing, "nobody"], "set": {"level": 5}, "key": f"many-{good.thing}"}
    try:
        answer = await shared.ask("POST", "/api/v1/commands?wait=20", body)
        assert answer["ok"] is False
        assert answer["counts"] == {"confirmed": 1, "rejected": 1, "refused": 1}
        by_thing = {item["thing"]: item for item in answer["items"]}
        assert by_thing["nobody"]["error"]["code"] == "not_found"
        again = await shared.ask("POST", "/api/v1/commands?wait=20", body)
        assert again["items"][0]["command"]["id"] == by_thing[good.thing]["command"]["id"]
        place = (await shared.thing(good.thing))["place"]
        only = await shared.ask("POST", "/api/v1/commands?wait=20", {"place": place, "set": {"level": 6}})
        assert (only["ok"], [item["thing"] for item in only["items"]]) == (True, [good.thing])
        none = await shared.ask("POST", "/api/v1/commands", {"place": place, "kind": "light", "set": {"on_off": True}})
        assert (none["ok"], none["items"]) == (False, [])
        assert (await shared.ask("POST", "/api/v1/commands", {"set": {"level": 1}}, ok=False))["code"] == "bad_request"
    finally:
        await good.leave()
        await bad.leave()


# policies


async def line(hub: Hub) -> tuple[Device, Device, str]:
    """A press and a door with a contact, in a plant of their own."""
    number = next(_numbers)
    plant, press, door = f"plant{number}", f"press{number}", f"door{number}"
    secrets = await hub.furnish(press, model="press", place=plant)
    made = await hub.ask("POST", "/api/v1/things", {"id": door, "model": "sensor.contact", "place": plant})
    devices = Device(hub, press, secrets[press], obey), Device(hub, door, made["secret"], obey)
    for device in devices:
        await device.connect()
    await devices[1].say("state", contact="closed")
    await hub.ask(
        "PUT",
        f"/api/v1/places/{plant}/policy",
        {
            "interlocks": [
                {
                    "name": "guard",
                    "never": {"things": [press], "set": {"start_stop": True}},
                    "while": [{"thing": door, "property": "contact", "is": "open"}],
                }
            ],
            "rules": [{"name": "twice", "then": "confirm", "what": {"traits": ["recipe"]}}],
            "limits": [{"name": "andon", "what": {"traits": ["andon"]}, "changes": 1, "in_s": 600}],
        },
    )
    return *devices, plant


START = {"set": {"start_stop": True}}


async def test_an_interlock_holds_for_people_programs_groups_and_what_waited(shared: Hub) -> None:
    press, door, plant = await line(shared)
    path = f"/api/v1/things/{press.thing}/commands"
    try:
        assert (await shared.ask("POST", f"{path}?wait=8", START))["state"] == "confirmed"
        await door.say("state", contact="open")
        refused = await shared.ask("POST", path, START, ok=False)
        why = f'the interlock "guard" forbids it: {door.thing}.contact is "open"'
        assert (refused["code"], refused["detail"]) == ("interlocked", why)
        group = await shared.ask("POST", "/api/v1/commands", {"place": plant, **START})
        assert [item["error"]["code"] for item in group["items"]] == ["interlocked"]
        token = (await shared.ask("POST", "/api/v1/users/local/tokens", {"name": "bridge"}))["token"]
        program = await enter(shared, token, f"bridge@{plant}")
        said = await program.say(f"things/{press.thing}/set", b'{"state": {"start_stop": true}}')
        assert said not in (0, ReasonCode.NO_MATCHING_SUBSCRIBERS)
        await door.say("state", contact="closed")
        await press.leave()

        async def gone() -> bool:
            return not (await shared.thing(press.thing))["online"]

        await shared.eventually(gone, "the press is gone")
        waiting = await shared.ask("POST", path, START)
        assert waiting["state"] == "queued"
        await door.say("state", contact="open")
        heard = len(press.heard)
        await press.connect()
        ended = await shared.get(f"/api/v1/commands/{waiting['id']}?wait=10")
        assert (ended["state"], ended["code"], ended["why"]) == ("rejected", "interlocked", why)
        assert len(press.heard) == heard

        async def in_the_audit() -> bool:
            found = await shared.get(f"/api/v1/commands?thing={press.thing}&state=refused,rejected")
            kinds = sorted((each["state"], each["by"]["kind"], each["code"]) for each in found["items"])
            return kinds == [("refused", "program", "interlocked")] * 3 + [("rejected", "program", "interlocked")]

        await shared.eventually(in_the_audit, "every refusal is in the audit", 30)
    finally:
        await press.leave()
        await door.leave()


async def test_a_scene_starts_nothing_that_an_interlock_forbids(shared: Hub) -> None:
    press, door, plant = await line(shared)
    scene = {
        "id": f"go-{press.thing}",
        "name": "Go",
        "place": plant,
        "then": [{"set": {"things": [press.thing], "state": {"start_stop": True}}}],
    }
    try:
        await shared.ask("POST", "/api/v1/scenes", scene)
        await shared.ask("POST", f"/api/v1/scenes/{scene['id']}/run", {})
        await until(lambda: press.heard, "the press is started")
        await door.say("state", contact="open")
        await shared.ask("POST", f"/api/v1/scenes/{scene['id']}/run", {})

        async def in_the_audit() -> bool:
            found = (await shared.get(f"/api/v1/commands?thing={press.thing}&state=refused"))["items"]
            by = [(each["by"]["kind"], each["by"].get("scene"), each["code"]) for each in found]
            return by == [("program", scene["id"], "interlocked")]

        await shared.eventually(in_the_audit, "the refusal is in the audit", 30)
        assert len(press.heard) == 1
    finally:
        await press.leave()
        await door.leave()


async def test_a_second_word_and_a_limit(shared: Hub) -> None:
    press, door, _plant = await line(shared)
    path = f"/api/v1/things/{press.thing}/commands"
    try:
        wanted = {"set": {"recipe": "b"}}
        first = await shared.ask("POST", path, wanted, ok=False)
        assert (first["status"], first["code"], first["within_s"]) == (428, "confirmation_required", 60)
        code = first["confirmation"]
        wrong = await shared.ask("POST", path, {"set": {"recipe": "c"}, "confirmation": code}, ok=False)
        assert (wrong["code"], wrong["field"]) == ("confirmation_required", "confirmation")
        audit = (await shared.get(f"/api/v1/commands?thing={press.thing}"))["items"]
        assert [each["state"] for each in audit] == ["refused"], "at once, and not when the checkpoint is written"
        done = await shared.ask("POST", f"{path}?wait=8", {**wanted, "confirmation": code})
        assert done["state"] == "confirmed"
        assert (await shared.ask("POST", f"{path}?wait=8", {"set": {"andon": "red"}}))["state"] == "confirmed"
        often = await shared.ask("POST", path, {"set": {"andon": "green"}}, ok=False)
        assert (often["status"], often["code"]) == (429, "too_many")
    finally:
        await press.leave()
        await door.leave()


async def test_a_second_word_for_many_is_one(shared: Hub) -> None:
    press, door, plant = await line(shared)
    second = f"{press.thing}b"
    secret = (await shared.ask("POST", "/api/v1/things", {"id": second, "model": "press", "place": plant}))["secret"]
    other = Device(shared, second, secret, obey)
    await other.connect()
    wanted = {"place": plant, "kind": "press", "set": {"recipe": "b"}}
    try:
        asked = await shared.ask("POST", "/api/v1/commands", wanted)
        assert [item["error"]["code"] for item in asked["items"]] == ["confirmation_required"] * 2
        code = asked["items"][0]["error"]["confirmation"]
        alone = {"set": {"recipe": "b"}, "confirmation": code}
        assert (await shared.ask("POST", f"/api/v1/things/{second}/commands", alone, ok=False))["status"] == 428
        fewer = await shared.ask("POST", "/api/v1/commands", {"things": [second], **alone})
        assert fewer["counts"] == {"refused": 1}, "it goes with these things only"
        done = await shared.ask("POST", "/api/v1/commands?wait=20", {**wanted, "confirmation": code})
        assert (done["ok"], done["counts"]) == (True, {"confirmed": 2})
    finally:
        for device in (press, door, other):
            await device.leave()


async def test_a_policy_is_versioned_checked_and_goes(shared: Hub) -> None:
    press, door, plant = await line(shared)
    await press.leave()
    await door.leave()
    path = f"/api/v1/places/{plant}/policy"
    assert (await shared.get(path))["version"] == 1
    bad = {"interlocks": [{"name": "x", "never": {}, "while": [{"thing": "ghost", "property": "a", "is": 1}]}]}
    refused = await shared.ask("PUT", path, bad, ok=False)
    assert (refused["code"], refused["field"]) == ("bad_policy", "interlocks.0.while.0.thing")
    check = await shared.ask("POST", f"{path}/check", bad)
    assert (check["ok"], check["findings"][0]["path"]) == (False, "interlocks.0.while.0.thing")
    assert (await shared.ask("PUT", f"{path}?version=7", {}, ok=False))["code"] == "exists"
    put = await shared.ask("PUT", f"{path}?version=1", {"confirm_within_s": 30})
    assert (put["version"], put["by"]) == (2, "local")
    await shared.ask("DELETE", path)
    assert (await shared.get(path))["policy"] == {}
    assert "interlocks" in (await shared.get(f"{path}?version=1"))["policy"]
    assert (await shared.ask("DELETE", path, ok=False))["code"] == "not_found"
    inside = await shared.ask("GET", "/api/v1/places/nowhere/policy", ok=False)
    assert inside["code"] == "not_found"


async def test_the_audit_outlives_a_restart_and_is_exported(hub: Hub) -> None:
    await hub.start()
    device = await a_device(hub, obey, model=CALM)
    ended = await wish(hub, device, set={"level": 12}, why='=HYPERLINK("x")')
    waiting = await wish(hub, device, wait=0, call="zero")
    await hub.get(f"/api/v1/commands/{waiting['id']}?wait=20")
    await device.leave()
    await hub.kill_all()
    await hub.start()
    found = (await hub.get(f"/api/v1/commands?by=local&thing={device.thing}"))["items"]
    assert [each["id"] for each in found] == [waiting["id"], ended["id"]]
    page = await hub.get("/api/v1/commands?limit=1")
    assert [each["id"] for each in page["items"]] == [waiting["id"]]
    rest = await hub.get(f"/api/v1/commands?limit=1&after={page['next']}")
    assert [each["id"] for each in rest["items"]] == [ended["id"]]
    text = hub.http.get("/api/v1/commands.csv", headers={"Authorization": f"Bearer {hub.token}"}).text
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [(each["thing"], each["state"], each["by"]) for each in lines] == [(device.thing, "confirmed", "local")] * 2
    assert lines[1]["because"] == '\'=HYPERLINK("x")'
    assert (await hub.ask("GET", "/api/v1/commands?state=odd", ok=False))["field"] == "state"
