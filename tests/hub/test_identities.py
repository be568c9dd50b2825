"""Who gets in and who is put out, on whole hubs: secrets, claims and programs, with clients as people have them."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import psutil
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.gateway.client import Client, connect_packet
from tests.hub.hub import Hub
from tests.parts import until
from unisono.wire.mqtt import Connect, ReasonCode, Version

# how soon a device that was shut out is gone once the API has answered, wherever it is connected
AT_ONCE_S = 1.0

# ten thousand lines: four seconds on two idle cores, which tests seldom have to themselves
TABLE_S = 30.0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    hub = Hub(tmp_path_factory.mktemp("hub") / "data")
    asyncio.run(hub.start())
    asyncio.run(hub.furnish("panel", "lock1", "lamp1", place="home"))
    yield hub
    asyncio.run(hub.close())


async def add(hub: Hub, id: str, model: str = "light", place: str = "home") -> str:
    made = await hub.ask("POST", "/api/v1/things", {"id": id, "model": model, "place": place})
    return str(made["secret"])


async def ask(hub: Hub, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """The status and the JSON of an answer, whatever it is, without a token."""
    answer = await asyncio.to_thread(hub.http.request, method, path, json=body)
    return answer.status_code, answer.json() if answer.content else None


async def gone(clients: list[Client]) -> None:
    """Everybody is put out, from when the answer says that it is done."""
    since = time.monotonic()
    await until(lambda: all(client.closed.is_set() for client in clients), "everybody is gone")
    assert time.monotonic() - since < AT_ONCE_S


async def test_several_gateways_shut_out_at_once_and_let_in_by_claim(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "data", "--gateways", "3")
    try:
        await hub.start()
        await hub.furnish("bystander")
        bystander = await hub.device("bystander", await secret_of(hub, "bystander"))
        for way in ("revoke", "rotate", "remove"):
            thing = f"out_{way}"
            secret = await add(hub, thing)
            clients = [await hub.device(thing, secret, client_id=f"{thing}-{n}", version=Version.V5) for n in range(12)]
            if way == "remove":
                await hub.ask("DELETE", f"/api/v1/things/{thing}")
            else:
                await hub.ask("POST", f"/api/v1/things/{thing}/{'secret' if way == 'rotate' else 'revoke'}")
            await gone(clients)
            assert {client.goodbye and client.goodbye.reason for client in clients} == {ReasonCode.NOT_AUTHORIZED}
            again = hub.client(thing, secret, version=Version.V5)
            assert (await again.open()).reason == ReasonCode.BAD_USER_NAME_OR_PASSWORD
        assert not bystander.closed.is_set()
        for number in range(6):  # wherever it comes in
            code = (await new_claim(hub, model="light", id=f"claimed{number}"))["code"]
            device = await hub.device("claim", code, client_id=f"new-{number}", version=Version.V5)
            assert await device.subscribe("claim/response") == [1]
            assert await device.say("claim/request", b"") == 0
            await until(lambda device=device: device.messages, "its identity")  # type: ignore[misc]
            identity = json.loads(device.payloads[0])
            await hub.device(identity["id"], identity["secret"])
    finally:
        await hub.close()


async def test_with_a_time_of_grace_both_secrets_count(shared: Hub) -> None:
    old = await add(shared, "graceful")
    connected = await shared.device("graceful", old)
    made = await shared.ask("POST", "/api/v1/things/graceful/secret?grace_s=86400")
    assert made["grace_until"] is not None
    await shared.device("graceful", made["secret"], client_id="new")
    await shared.device("graceful", old, client_id="old")
    assert not connected.closed.is_set()
    newest = await shared.ask("POST", "/api/v1/things/graceful/secret")
    await until(connected.closed.is_set, "the old secret is worth nothing")
    await shared.device("graceful", newest["secret"])


async def test_a_revoked_thing_comes_in_again_with_a_new_secret(shared: Hub) -> None:
    await add(shared, "back")
    await shared.ask("POST", "/api/v1/things/back/revoke")
    made = await shared.ask("POST", "/api/v1/things/back/secret")
    await shared.device("back", made["secret"])


# claims


async def new_claim(hub: Hub, **fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = await hub.ask("POST", "/api/v1/claims", {"place": "home", **fields})
    return made


async def test_a_claim_over_http_gives_an_identity_that_works(shared: Hub) -> None:
    made = await new_claim(shared, model="sensor.temperature", name="Cellar")
    assert made["url"].endswith(f"/claim#code={made['code']}")
    assert made["qr"].startswith("<svg")
    typed = made["code"].lower().replace("-", " ")
    status, identity = await ask(shared, "POST", "/api/v1/device/claim", {"code": typed})
    assert status == 200, identity
    assert identity["id"] == "cellar"
    assert identity["mqtt"]["port"] == shared.mqtt_port
    assert identity["mqtt"]["host"] == "127.0.0.1"
    device = await shared.device(identity["id"], identity["secret"])
    await device.say("things/me/state", b'{"temperature": 11.5}')
    await shared.eventually(lambda: shared.value("cellar"), "the cellar's temperature")
    [row] = [each for each in (await shared.get("/api/v1/claims"))["items"] if each["id"] == made["id"]]
    assert (row["state"], row["thing"], row["used_from"], row["by"]) == ("used", "cellar", "127.0.0.1", "local")
    assert "code" not in row
    status, problem = await ask(shared, "POST", "/api/v1/device/claim", {"code": typed})
    assert (status, problem["code"]) == (401, "bad_credentials")


async def test_a_claim_over_mqtt_gives_an_identity_that_works(shared: Hub) -> None:
    made = await new_claim(shared)
    device = await shared.device("claim", made["code"], client_id="new-device", version=Version.V5)
    assert (await device.subscribe("#"))[0] == 1  # granted, and still brings nothing but the answer
    assert (await device.subscribe("garden/#"))[0] == ReasonCode.NOT_AUTHORIZED
    assert await device.say("garden/x", b"1") == ReasonCode.NOT_AUTHORIZED
    assert await device.say("things/lamp1/state", b"{}") == ReasonCode.NOT_AUTHORIZED
    other = await shared.device("lamp1", await secret_of(shared, "lamp1"))
    await other.say("claim/response", b'{"ok": true, "secret": "forged"}')
    assert await device.say("claim/request", b'{"id": "shelf", "model": "no.such"}') != 0
    assert await device.say("claim/request", b'{"id": "shelf", "model": "light"}') == 0
    await until(lambda: len(device.messages) == 2, "both answers")
    refusal, identity = (json.loads(payload) for payload in device.payloads)
    assert (refusal["ok"], refusal["code"]) == (False, "not_found")
    assert (identity["ok"], identity["id"], identity["place"]) == (True, "shelf", "home")
    assert (identity["mqtt"]["host"], identity["mqtt"]["port"]) == ("127.0.0.1", shared.mqtt_port)
    await shared.device("shelf", identity["secret"])


async def secret_of(hub: Hub, thing: str) -> str:
    return str((await hub.ask("POST", f"/api/v1/things/{thing}/secret"))["secret"])


async def test_a_device_that_does_not_listen_for_the_answer_keeps_its_code(shared: Hub) -> None:
    made = await new_claim(shared, model="light", id="deaf")
    device = await shared.device("claim", made["code"], version=Version.V5)
    assert await device.say("claim/request", b"{}") == ReasonCode.UNSPECIFIED_ERROR + 3  # 0x83
    assert (await shared.ask("GET", "/api/v1/things/deaf", ok=False))["code"] == "not_found"


async def test_a_code_is_spent_once_however_many_try(hub: Hub) -> None:
    await hub.start()  # of its own: who is late here has guessed wrong, and would have to wait in the tests that follow
    await hub.furnish("lamp")
    made = await new_claim(hub, model="light")
    tries = [ask(hub, "POST", "/api/v1/device/claim", {"code": made["code"], "id": f"twice{n}"}) for n in range(8)]
    answers = await asyncio.gather(*tries)
    assert sorted(status for status, _ in answers)[:2] == [200, 401]
    found = (await hub.get("/api/v1/things?q=twice"))["items"]
    assert len(found) == 1


async def test_what_is_wrong_with_the_device_costs_no_code(shared: Hub) -> None:
    made = await new_claim(shared, model="light")
    for wrong in ({"id": "lamp1"}, {"id": "No Id"}, {"surprise": 1}):
        status, _problem = await ask(shared, "POST", "/api/v1/device/claim", {"code": made["code"], **wrong})
        assert status in (400, 409, 422)
    status, _ = await ask(shared, "POST", "/api/v1/device/claim", {"code": made["code"], "id": "right"})
    assert status == 200


async def test_a_revoked_code_is_worth_nothing_and_its_device_is_put_out(shared: Hub) -> None:
    made = await new_claim(shared, model="light")
    device = await shared.device("claim", made["code"])
    await shared.ask("DELETE", f"/api/v1/claims/{made['id']}")
    await until(device.closed.is_set, "the device with the code is put out")
    status, _ = await ask(shared, "POST", "/api/v1/device/claim", {"code": made["code"]})
    assert status == 401


async def test_guessing_is_slowed_down_and_then_stopped(hub: Hub) -> None:
    await hub.start()
    await hub.furnish("lamp")
    made = await new_claim(hub, model="light")
    statuses = [(await ask(hub, "POST", "/api/v1/device/claim", {"code": f"0000-{n:04d}"}))[0] for n in range(6)]
    assert statuses[:3] == [401, 401, 401]
    assert set(statuses[3:]) == {429}
    # from that address not even the right one counts now
    assert (await ask(hub, "POST", "/api/v1/device/claim", {"code": made["code"]}))[0] == 429
    refused = hub.client("claim", made["code"], version=Version.V5)
    assert (await refused.open()).reason == ReasonCode.SERVER_BUSY
    for _ in range(30):
        await hub.client("claim", "ZZZZ-ZZZZ").open()


# programs


async def program(hub: Hub, *scopes: str, role: str = "operator", place: str = "home") -> tuple[str, str, str]:
    """A user with a role at a place; returns its id, a token of it and the token's id."""
    number = len((await hub.get("/api/v1/users"))["items"])
    user = f"program{number}"
    await hub.ask("POST", "/api/v1/users", {"id": user, "grants": {place: role}})
    body = {"name": "Node-RED", **({"scopes": list(scopes)} if scopes else {})}
    made = await hub.ask("POST", f"/api/v1/users/{user}/tokens", body)
    return user, made["token"], made["id"]


async def enter(hub: Hub, token: str, user: str = "token", **fields: Any) -> Client:
    made = Client(hub.mqtt_port, connect_packet(user, token, version=Version.V5, **fields))
    hub.clients.append(made)
    connack = await made.open()
    assert connack.reason == 0, connack
    return made


async def test_a_program_hears_the_things_of_its_places_and_commands_them(shared: Hub) -> None:
    user, token, _ = await program(shared)
    secret = await add(shared, "commanded")
    lamp = await shared.device("commanded", secret)
    await lamp.subscribe("things/me/set", "things/me/call/+")
    node = await enter(shared, token, client_id="node-red")
    assert await node.subscribe("things/+/state", "garden/#") == [1, 1]
    await lamp.say("things/me/state", b'{"on_off": false}')
    await until(lambda: node.messages, "the program hears the lamp")
    assert node.messages[0][:2] == ("things/commanded/state", b'{"on_off": false}')
    assert await node.say("things/commanded/set", b'{"state": {"on_off": true}}') == 0
    await until(lambda: lamp.messages, "the lamp hears the command")
    topic, payload, _qos, _retain = lamp.messages[0]
    told = json.loads(payload)
    assert (topic, told["state"]) == ("things/me/set", {"on_off": True})
    command = await shared.get(f"/api/v1/commands/{told['id']}")
    assert (command["by"]["kind"], command["by"]["id"]) == ("program", user)
    await lamp.say("things/me/state", b'{"on_off": true}')

    async def confirmed() -> bool:
        return bool((await shared.get(f"/api/v1/commands/{told['id']}"))["state"] == "confirmed")

    await shared.eventually(confirmed, "the command is confirmed")


async def test_a_program_gives_the_second_word_over_mqtt(shared: Hub) -> None:
    await shared.ask("POST", "/api/v1/places", {"id": "guarded", "name": "Guarded", "kind": "home"})
    user, token, _ = await program(shared, place="guarded")
    secret = await add(shared, "guarded_lamp", place="guarded")
    lamp = await shared.device("guarded_lamp", secret)
    await lamp.subscribe("things/me/set", "things/me/call/+")
    policy = {"rules": [{"name": "twice", "then": "confirm", "what": {"things": ["guarded_lamp"]}}]}
    await shared.ask("PUT", "/api/v1/places/guarded/policy", policy)
    node = await enter(shared, token, user=f"{user}@guarded")
    topic = "things/guarded_lamp/set"
    assert await node.say(topic, b'{"state": {"on_off": true}}') == ReasonCode.NOT_AUTHORIZED
    [code] = re.findall('"confirmation": "([A-Z2-7]+-[0-9a-f]+)"', repr(node.packets[-1]))
    wrong = {"state": {"on_off": False}, "confirmation": code}
    assert await node.say(topic, json.dumps(wrong).encode()) == ReasonCode.NOT_AUTHORIZED
    odd = {"state": {"on_off": True}, "confirmation": 7}
    assert await node.say(topic, json.dumps(odd).encode()) == ReasonCode.PAYLOAD_FORMAT_INVALID
    assert lamp.messages == []
    right = {"state": {"on_off": True}, "confirmation": code}
    assert await node.say(topic, json.dumps(right).encode()) == 0
    await until(lambda: lamp.messages, "the lamp hears the command")
    assert json.loads(lamp.messages[0][1])["state"] == {"on_off": True}


async def test_a_program_cannot_speak_as_a_thing_and_is_told_why(shared: Hub) -> None:
    _, token, _ = await program(shared)
    node = await enter(shared, token)
    for topic in ("things/lamp1/state", "things/lamp1/event/x", "things/lamp1/reply/x", "things/lamp1/desired"):
        assert await node.say(topic, b'{"temperature": 1}') == ReasonCode.NOT_AUTHORIZED
    assert await node.say("things/lamp1/set", b'{"temperature": 1}') == ReasonCode.PAYLOAD_FORMAT_INVALID
    assert await node.say("things/lamp1/set", b"[1]") == ReasonCode.PAYLOAD_FORMAT_INVALID
    assert await node.say("things/nobody/set", b'{"on_off": true}') == ReasonCode.TOPIC_NAME_INVALID
    assert await shared.value("lamp1") is None


async def test_only_things_report_over_http(shared: Hub) -> None:
    _, token, _ = await program(shared)
    code = (await new_claim(shared, model="light"))["code"]
    for credentials in (f"token:{token}", f"claim:{code}"):
        headers = {"Authorization": f"Bearer {credentials}"}
        for method, path in (("POST", "state"), ("POST", "event/x"), ("GET", "desired")):
            url = f"/api/v1/device/{path}"
            answer = await asyncio.to_thread(shared.http.request, method, url, json={}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize(
    ("role", "scopes", "hears", "commands", "publishes", "subscribes"),
    [
        ("owner", (), True, True, True, True),
        ("operator", (), True, True, True, True),
        ("member", (), True, True, True, True),
        ("guest", (), True, True, True, True),
        ("viewer", (), True, False, False, True),
        ("operator", ("read",), True, False, False, True),
        ("operator", ("control",), False, False, True, False),
        ("operator", ("read@home", "control@home"), True, True, True, True),
        ("operator", ("subscribe:garden/#",), False, False, False, True),
        ("operator", ("publish:garden/#",), False, False, True, False),
        ("operator", ("read", "publish:other/#"), True, False, False, False),
        ("viewer", ("read", "control", "publish:garden/#", "subscribe:garden/#"), True, False, False, True),
    ],
)
async def test_roles_and_scopes_decide_what_a_program_may(
    shared: Hub, role: str, scopes: tuple[str, ...], hears: bool, commands: bool, publishes: bool, subscribes: bool
) -> None:
    _, token, _ = await program(shared, *scopes, role=role)
    node = await enter(shared, token)
    no = ReasonCode.NOT_AUTHORIZED
    assert await node.subscribe("things/panel/state") == [1 if hears else no]
    assert await node.subscribe("garden/#") == [1 if subscribes else no]
    assert (await node.say("garden/gate", b"1") == no) is not publishes  # else taken, whether anybody hears it or not
    wanted = await node.say("things/panel/set", b'{"temperature": 20}')
    # a sensor cannot be set: whoever may command hears that, everybody else that they may not
    assert wanted == (ReasonCode.PAYLOAD_FORMAT_INVALID if commands else no)


async def test_a_token_for_a_room_reaches_that_room_and_follows_what_comes_there(shared: Hub) -> None:
    await shared.ask("POST", "/api/v1/places", {"id": "attic", "name": "Attic", "parent": "home"})
    upstairs = await add(shared, "attic_lamp", place="attic")
    _, token, _ = await program(shared, "read@attic", "control@attic", role="operator")
    node = await enter(shared, token)
    assert await node.subscribe("things/attic_lamp/state", "things/lamp1/state") == [1, ReasonCode.NOT_AUTHORIZED]
    assert await node.subscribe("things/#", "garden/#") == [1, ReasonCode.NOT_AUTHORIZED]
    below = await shared.device("lamp1", await secret_of(shared, "lamp1"))
    above = await shared.device("attic_lamp", upstairs)
    await below.say("things/me/state", b'{"temperature": 1}')
    await above.say("things/me/state", b'{"on_off": true}')
    await until(lambda: node.messages, "the room is heard")
    assert {topic for topic, *_ in node.messages} == {"things/attic_lamp/state"}
    assert await node.say("things/lamp1/set", b'{"temperature": 1}') == ReasonCode.NOT_AUTHORIZED
    late = await shared.device("late_lamp", await add(shared, "late_lamp", place="attic"))

    async def heard() -> bool:
        await late.say("things/me/state", b'{"on_off": true}')
        return any(topic == "things/late_lamp/state" for topic, *_ in node.messages)

    await shared.eventually(heard, "what came later is heard too")


async def test_a_program_is_gone_at_once_when_its_token_or_its_role_goes(shared: Hub) -> None:
    user, token, id = await program(shared)
    node = await enter(shared, token)
    await shared.ask("DELETE", f"/api/v1/users/{user}/tokens/{id}")
    await gone([node])
    user, token, _ = await program(shared)
    node = await enter(shared, token)
    await shared.ask("PATCH", f"/api/v1/users/{user}", {"disabled": True})
    await gone([node])
    again = shared.client("token", token, version=Version.V5)
    assert (await again.open()).reason == ReasonCode.BAD_USER_NAME_OR_PASSWORD


async def test_a_token_may_stand_in_the_user_name_and_is_shown_nowhere(shared: Hub) -> None:
    """Of many clients there is one field for it."""
    user, token, id = await program(shared)

    def only(name: str, password: bytes | None = None) -> Client:
        connect = Connect(client_id="one-field", version=Version.V5, username=name, password=password)
        shared.clients.append(Client(shared.mqtt_port, connect))
        return shared.clients[-1]

    for made in (only(token), only(token, b""), only(token, b"x"), only(f"{token}@home")):
        assert (await made.open()).reason == 0
    shown = await shared.get("/api/v1/clients?limit=500")
    assert any("one-field" in each["id"] for each in shown["items"]), shown
    assert token not in json.dumps(shown)
    await shared.ask("DELETE", f"/api/v1/users/{user}/tokens/{id}")
    await gone([made])
    assert (await only(token).open()).reason == ReasonCode.BAD_USER_NAME_OR_PASSWORD
    tried = await shared.get("/api/v1/attempts?limit=500")
    assert any(each["user"].startswith("token-") for each in tried["items"])
    assert token not in json.dumps(tried)


async def test_a_token_for_several_root_places_says_which_in_its_user_name(shared: Hub) -> None:
    await shared.ask("POST", "/api/v1/places", {"id": "plant", "name": "Plant", "kind": "plant"})
    try:
        refused = shared.client("token", shared.token, version=Version.V5)
        assert (await refused.open()).reason == ReasonCode.NOT_AUTHORIZED
        node = await enter(shared, shared.token, "token@home")
        assert await node.subscribe("things/lamp1/state") == [1]
    finally:
        await shared.ask("DELETE", "/api/v1/places/plant")


async def test_paho_and_mosquitto_sign_in_with_a_token(shared: Hub) -> None:
    _, token, _ = await program(shared)
    lamp = await shared.device("lamp1", await secret_of(shared, "lamp1"))
    await lamp.subscribe("greenhouse/#")
    sender = await asyncio.create_subprocess_exec(
        "mosquitto_pub", "-h", "127.0.0.1", "-p", str(shared.mqtt_port), "-u", "token", "-P", token, "-q", "1",
        "-t", "greenhouse/door", "-m", "open",
    )  # fmt: skip
    assert await sender.wait() == 0
    await until(lambda: lamp.messages, "the lamp hears mosquitto_pub")
    heard: list[tuple[str, bytes]] = []
    client = paho.Client(CallbackAPIVersion.VERSION2, "phone")
    client.username_pw_set("my phone", token)
    client.on_connect = lambda c, *_: c.subscribe("things/lamp1/state", 1)
    client.on_message = lambda _c, _u, message: heard.append((message.topic, bytes(message.payload)))
    subscribed: list[Any] = []
    client.on_subscribe = lambda *given: subscribed.append(given)
    client.connect("127.0.0.1", shared.mqtt_port)
    client.loop_start()
    try:
        await until(lambda: subscribed, "paho has subscribed")
        await lamp.say("things/me/state", b'{"temperature": 7}')
        await until(lambda: heard, "paho hears the lamp")
        assert heard == [("things/lamp1/state", b'{"temperature": 7}')]
    finally:
        client.disconnect()
        client.loop_stop()


# certificates


class Phone:
    """paho over TLS with a client certificate, and nothing else to show."""

    def __init__(self, hub: Hub, folder: Path, pem: str, key: str) -> None:
        file = folder / "device.pem"
        file.write_text(key + pem)
        self.connected: list[Any] = []
        self.left: list[Any] = []
        self.client = paho.Client(CallbackAPIVersion.VERSION2, "certified")
        self.client.tls_set(str(hub.data / "tls" / "ca.pem"), str(file), str(file))
        self.client.on_connect = lambda _c, _u, _f, reason, _p: self.connected.append(str(reason))
        self.client.on_disconnect = lambda *given: self.left.append(given)

    async def connect(self, hub: Hub) -> str:
        port = int((await hub.status())["ports"]["mqtts"])
        await asyncio.to_thread(self.client.connect, "127.0.0.1", port)
        self.client.loop_start()
        await until(lambda: self.connected, "CONNACK")
        return str(self.connected[-1])

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


async def test_a_certificate_of_the_hub_signs_a_thing_in_until_it_is_revoked(shared: Hub, tmp_path: Path) -> None:
    await add(shared, "certified", "sensor.temperature")
    path = "/api/v1/things/certified/certificates"
    made = await shared.ask("POST", "/api/v1/things/certified/certificate")
    phone = Phone(shared, tmp_path, made["certificate"], made["key"])
    try:
        assert await phone.connect(shared) == "Success"
        phone.client.publish("things/me/state", b'{"temperature": 5}', 1)
        await shared.eventually(lambda: shared.value("certified"), "what it reports")
        [kept] = (await shared.get(path))["items"]
        assert (kept["fingerprint"], kept["revoked"]) == (made["fingerprint"], None)
        assert "key" not in kept
        await shared.ask("DELETE", f"{path}/{made['fingerprint']}")
        since = time.monotonic()
        await until(lambda: phone.left, "it is put out")
        assert time.monotonic() - since < AT_ONCE_S
    finally:
        phone.stop()
    again = Phone(shared, tmp_path, made["certificate"], made["key"])
    try:
        assert await again.connect(shared) != "Success"
    finally:
        again.stop()


# rules


async def test_rules_about_topics_hold_for_who_is_connected_too(shared: Hub) -> None:
    display = await shared.device("panel", await secret_of(shared, "panel"), version=Version.V5)
    lock = await shared.device("lock1", await secret_of(shared, "lock1"))
    assert await display.subscribe("things/lock1/state", "garden/#") == [ReasonCode.NOT_AUTHORIZED, 1]
    assert await display.say("garden/x", b"1") == 0
    rules = [
        {"allow": True, "access": "subscribe", "filter": "things/lock1/state"},
        {"allow": True, "access": "publish", "filter": "garden/mine"},
        {"allow": False, "access": "publish", "filter": "garden/#"},
        {"allow": False, "access": "subscribe", "filter": "garden/secret/#"},
    ]
    await shared.ask("PUT", "/api/v1/things/panel/access", {"rules": rules})

    async def in_force() -> bool:
        return bool((await display.subscribe("things/lock1/state"))[0] == 1)

    await shared.eventually(in_force, "the rules are in force")
    display.messages.clear()
    assert await display.say("garden/mine", b"1") == 0
    assert await display.say("garden/other", b"1") == ReasonCode.NOT_AUTHORIZED
    assert await display.subscribe("garden/secret/x") == [ReasonCode.NOT_AUTHORIZED]
    await lock.say("garden/secret/x", b"hush")
    await lock.say("garden/open", b"loud")
    await lock.say("things/me/state", b'{"temperature": 3}')
    await until(lambda: len(display.messages) == 3, "what it may hear")
    assert [topic for topic, *_ in display.messages] == ["garden/mine", "garden/open", "things/lock1/state"]
    letters = await shared.letters("panel")
    assert any("denies to publish" in letter["detail"] for letter in letters)


# a table


async def test_a_table_of_ten_thousand_is_taken_in_seconds_and_may_be_sent_again(shared: Hub, tmp_path: Path) -> None:
    lines = [f"bulk{n};Sensor {n};sensor.temperature;home;温度计{n}|Fühler {n}" for n in range(10_000)]
    table = "\ufeffID;Name;Model;Place;names.zh\r\n" + "\r\n".join(lines)
    headers = {"Authorization": f"Bearer {shared.token}", "Content-Type": "text/csv"}

    def send() -> Any:
        answer = shared.http.post("/api/v1/things/bulk", content=table.encode(), headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    began = time.monotonic()
    first = await asyncio.to_thread(send)
    took = time.monotonic() - began
    assert (first["created"], first["exists"], first["errors"]) == (10_000, 0, 0)
    assert took < TABLE_S, took
    again = await asyncio.to_thread(send)
    assert (again["created"], again["exists"], again["errors"]) == (0, 10_000, 0)
    row = first["rows"][4711]
    device = await shared.device(row["id"], row["secret"])
    await device.say("things/me/state", b'{"temperature": 1}')
    assert (await shared.thing("bulk4711"))["names"] == {"zh": ["温度计4711", "Fühler 4711"]}


async def test_an_imported_fleet_keeps_the_passwords_it_has(shared: Hub) -> None:
    fleet = [{"id": f"fleet{n}", "model": "light", "place": "home", "secret": f"factory-{n}"} for n in range(20)]
    answer = await shared.ask("POST", "/api/v1/things/bulk", fleet)
    assert answer["created"] == 20
    clients = [shared.client(f"fleet{n}", f"factory-{n}", version=Version.V5) for n in range(20)]
    before = spent_s(shared)
    assert {connack.reason for connack in await asyncio.gather(*(client.open() for client in clients))} == {0}
    first_s = spent_s(shared) - before
    wrong = shared.client("fleet3", "factory-4", version=Version.V5)
    assert (await wrong.open()).reason == ReasonCode.BAD_USER_NAME_OR_PASSWORD
    before = spent_s(shared)
    for client in clients:
        await client.drop()
    assert {connack.reason for connack in await asyncio.gather(*(client.open() for client in clients))} == {0}
    again_s = spent_s(shared) - before
    assert again_s < first_s / 2, "from memory: no Argon2 again"


def spent_s(hub: Hub) -> float:
    """Processor time of all its processes so far, which others on the machine do not change."""
    assert hub.process is not None
    spent = [each.cpu_times() for each in (psutil.Process(hub.process.pid), *hub.children())]
    return sum(each.user + each.system for each in spent)
