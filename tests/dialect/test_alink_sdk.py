"""Alibaba's own SDK, unmodified, against a running hub: "Must show" of the dialects."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.dialect.sdk import Device, tsl
from tests.hub.hub import Hub

# the SDK was written for the paho before this one
pytestmark = pytest.mark.filterwarnings("ignore:Callback API version 1 is deprecated:DeprecationWarning")

PK = "a1B2c3D4e5F"
SECRET = "0123456789abcdef0123456789abcdef"

INT = {"key": "times", "schema": {"kind": "int"}}
FLOAT = {"key": "celsius", "schema": {"kind": "float"}}
MODEL: dict[str, Any] = {
    "id": "acme.lamp",
    "version": 1,
    "services": [
        {
            "properties": [
                {"key": "on", "ref": "tsl:PowerSwitch", "trait": "on_off", "schema": {"kind": "bool"},
                 "access": ["read", "write", "notify"]},
                {"key": "level", "ref": "tsl:Brightness", "trait": "brightness", "unit": "%",
                 "schema": {"kind": "int", "min": 0, "max": 100}, "access": ["read", "write", "notify"]},
            ],
            "actions": [
                {"key": "blink", "ref": "tsl:Blink", "call": "sync", "inputs": [INT]},
                {"key": "dance", "ref": "tsl:Dance", "call": "async"},
            ],
            "events": [{"key": "hot", "ref": "tsl:Overheat", "args": [FLOAT]}],
        }
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def furnished() -> dict[str, bool]:
    return {}


async def furnish(hub: Hub, furnished: dict[str, bool]) -> None:
    if not furnished:
        furnished["done"] = True
        await hub.ask("POST", "/api/v1/places", {"id": "home", "name": "Home", "kind": "home"})
        await hub.ask("POST", "/api/v1/models", MODEL)


async def lamp(hub: Hub, id: str, device: str) -> None:
    given = {"product_key": PK, "device_name": device}
    body = {"id": id, "model": "acme.lamp", "place": "home", "how": "alink", "given": given, "secret": SECRET}
    added = await hub.ask("POST", "/api/v1/things", body)
    settings = {each["name"]: each["value"] for each in added["guide"]["settings"]}
    assert settings["ProductKey"] == PK and settings["DeviceName"] == device and settings["DeviceSecret"] == SECRET
    assert settings["Port"] == str(hub.mqtt_port)


async def ended(hub: Hub, id: str, body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await hub.ask("POST", f"/api/v1/things/{id}/commands?wait=15", body)
    return found


async def test_a_lamp_says_what_it_is_and_is_told(shared: Hub, furnished: dict[str, bool], tmp_path: Path) -> None:
    await furnish(shared, furnished)
    await lamp(shared, "lamp", "lamp1")
    file = tsl(tmp_path, ["PowerSwitch", "Brightness"], ["Overheat"], ["Blink", "Dance"])
    device = await Device(PK, "lamp1", SECRET, shared.mqtt_port, file).connect()

    async def online() -> bool:
        return bool((await shared.thing("lamp"))["online"])

    try:
        await shared.eventually(online, "it is there, a moment after it was let in")
        _rc, request = device.kit.thing_post_property({"PowerSwitch": 0, "Brightness": 30})
        posted = await device.called("on_thing_prop_post")
        assert posted[:4] == (request, 200, {}, "success")
        await shared.eventually(lambda: shared.value("lamp", "level"), "the level")
        assert await shared.value("lamp", "on") is False
        # an event, and a value of its own time
        device.kit.thing_trigger_event(("Overheat", {"celsius": 91.5}))
        assert (await device.called("on_thing_event_post"))[:3] == ("Overheat", "2", 200)
        device.kit.thing_post_property({"Brightness": {"value": 31, "time": 1_700_000_000_000}})
        await device.called("on_thing_prop_post")
        assert await shared.value("lamp", "level") == 30
        # confirmed only when the lamp has said so
        command = await shared.ask("POST", "/api/v1/things/lamp/commands", {"set": {"on": True, "level": 80}})
        params, _user = await device.called("on_thing_prop_changed")
        assert params == {"PowerSwitch": 1, "Brightness": 80}
        await shared.eventually(
            lambda: is_in(shared, command["id"], "acknowledged"), "the SDK has said that it took it"
        )
        device.kit.thing_post_property({"PowerSwitch": 1, "Brightness": 80})
        await shared.eventually(lambda: is_in(shared, command["id"], "confirmed"), "confirmed")
        assert not await shared.letters("lamp")
    finally:
        await device.close()


async def is_in(hub: Hub, command: str, state: str) -> bool:
    return bool((await hub.get(f"/api/v1/commands/{command}"))["state"] == state)


async def test_services(shared: Hub, furnished: dict[str, bool], tmp_path: Path) -> None:
    await furnish(shared, furnished)
    await lamp(shared, "blinker", "blinker1")
    file = tsl(tmp_path, ["PowerSwitch"], [], ["Blink", "Dance"])
    device = await Device(PK, "blinker1", SECRET, shared.mqtt_port, file).connect()
    try:
        command = await shared.ask("POST", "/api/v1/things/blinker/commands", {"call": "blink", "input": {"times": 3}})
        identifier, request, params, _user = await device.called("on_thing_call_service")
        assert (identifier, params) == ("Blink", {"times": 3})
        device.kit.thing_answer_service(identifier, request, 200, {"done": 1})
        await shared.eventually(lambda: is_in(shared, command["id"], "confirmed"), "confirmed")
        assert (await shared.get(f"/api/v1/commands/{command['id']}"))["output"] == {"done": 1}
        command = await shared.ask("POST", "/api/v1/things/blinker/commands", {"call": "dance"})
        identifier, request, params, _user = await device.called("on_thing_call_service")
        assert (identifier, params) == ("Dance", {})
        device.kit.thing_answer_service(identifier, request, 5001)
        await shared.eventually(lambda: is_in(shared, command["id"], "rejected"), "rejected")
        assert (await shared.get(f"/api/v1/commands/{command['id']}"))["why"] == "code 5001"
    finally:
        await device.close()


async def test_what_else_the_sdk_asks(shared: Hub, furnished: dict[str, bool], tmp_path: Path) -> None:
    await furnish(shared, furnished)
    await lamp(shared, "asker", "asker1")
    device = await Device(PK, "asker1", SECRET, shared.mqtt_port, tsl(tmp_path, ["PowerSwitch"])).connect()
    try:
        device.kit.thing_update_tags({"colour": "red"})
        assert (await device.called("on_thing_device_info_update"))[1:4] == (200, {}, "success")
        device.kit.thing_remove_tags(["colour"])
        assert (await device.called("on_thing_device_info_delete"))[1:4] == (200, {}, "success")
        device.kit.thing_update_shadow({"Brightness": 12}, 7)
        assert (await device.called("on_thing_shadow_get"))[0]["payload"] == {"status": "success", "version": 7}
        await shared.eventually(lambda: shared.value("asker", "level"), "the level")
        device.kit.thing_get_shadow()
        shadow = (await device.called("on_thing_shadow_get"))[0]
        assert shadow["payload"]["state"]["reported"] == {"Brightness": 12} and shadow["version"] == 7
        assert device.kit.local_get_latest_shadow().get_state()["reported"] == {"Brightness": 12}
        # time, over a topic that it subscribes to itself
        device.kit.subscribe_topic(f"/ext/ntp/{PK}/asker1/response")
        await device.called("on_subscribe_topic")
        device.kit.publish_topic(f"/ext/ntp/{PK}/asker1/request", json.dumps({"deviceSendTime": "1571724098000"}))
        topic, payload, _qos, _user = await device.called("on_topic_message")
        told = json.loads(payload)
        assert topic == f"/ext/ntp/{PK}/asker1/response" and told["deviceSendTime"] == "1571724098000"
        assert int(told["serverSendTime"]) > 1_700_000_000_000
    finally:
        await device.close()


async def test_firmware(shared: Hub, furnished: dict[str, bool], tmp_path: Path) -> None:
    """The SDK tells its version, is told of another, fetches it over HTTP and finds its signature right."""
    await furnish(shared, furnished)
    await lamp(shared, "updated", "updated1")
    device = await Device(PK, "updated1", SECRET, shared.mqtt_port, tsl(tmp_path, ["PowerSwitch"])).connect()
    body = bytes(range(256)) * 4_000
    firmware, bearer = "/api/v1/things/updated/firmware", {"Authorization": f"Bearer {shared.token}"}
    try:
        device.kit.ota_report_version(None, "1.0")
        # a second question on the same line is answered after the first: the hub knows the version then
        device.kit.thing_update_tags({"colour": "red"})
        await device.called("on_thing_device_info_update")
        put = shared.http.put(f"{firmware}?version=2.0", content=body, headers=bearer)
        assert put.status_code == 200, put.text
        kind, version, size, url, method, sign, module, _extra = await device.called("on_ota_message_arrived")
        assert (kind, version, size, method, module) == (1, "2.0", len(body), "SHA256", "default")
        assert sign == hashlib.sha256(body).hexdigest()
        file = tmp_path / "fetched.bin"
        got = await asyncio.to_thread(device.kit.download_ota_firmware, url, str(file), method, sign)
        assert got.value == 0 and file.read_bytes() == body
        device.kit.query_ota_firmware()
        assert (await device.called("on_ota_message_arrived"))[:2] == (2, "2.0")
        async with httpx.AsyncClient() as client:
            part = await client.get(url, headers={"Range": "bytes=1000-1009"})
            assert (part.status_code, part.content) == (206, body[1000:1010])
            assert part.headers["content-range"] == f"bytes 1000-1009/{len(body)}"
            rest = await client.get(url, headers={"Range": f"bytes={len(body) - 5}-"})
            assert (rest.status_code, rest.content) == (206, body[-5:])
            assert (await client.get(url, headers={"Range": "bytes=0-1,4-5"})).content == body
            behind = await client.get(url, headers={"Range": f"bytes={len(body)}-"})
            assert behind.status_code == 400 and behind.json()["field"] == "range"
            assert (await client.get(url[:-1] + "~")).status_code == 404
            shared.http.put(f"{firmware}?version=3.0", content=b"another", headers=bearer)
            assert (await client.get(url)).status_code == 404
        assert (await device.called("on_ota_message_arrived"))[1] == "3.0"
        assert not await shared.letters("updated")
    finally:
        await device.close()


async def test_remote_configuration(shared: Hub, furnished: dict[str, bool], tmp_path: Path) -> None:
    """A device asks for it, is told of another while it is there, and fetches both over HTTP."""
    await furnish(shared, furnished)
    await lamp(shared, "configured", "configured1")
    device = await Device(PK, "configured1", SECRET, shared.mqtt_port, tsl(tmp_path, ["PowerSwitch"])).connect()
    path, bearer = "/api/v1/things/configured/configuration", {"Authorization": f"Bearer {shared.token}"}
    topic = f"/sys/{PK}/configured1/thing/config/"

    async def told(name: str) -> dict[str, Any]:
        heard, payload, *_rest = await device.called("on_topic_message")
        assert heard == topic + name
        found: dict[str, Any] = json.loads(payload)
        return found

    def ask() -> None:
        device.kit.publish_topic(topic + "get", '{"id":"9","version":"1.0","params":{"configScope":"product"}}')

    try:
        ask()
        assert (await told("get_reply"))["code"] == 6710
        assert shared.http.get(path, headers=bearer).status_code == 404
        assert shared.http.delete(path, headers=bearer).status_code == 404
        assert shared.http.put(path, content=b"", headers=bearer).status_code == 400
        for body in (b'{"interval": 30}', b"\0binary"):
            put = shared.http.put(path, content=body, headers=bearer)
            assert put.status_code == 200 and put.json()["size"] == len(body), put.text
            pushed = (await told("push"))["params"]
            assert (pushed["sign"], pushed["configSize"]) == (hashlib.sha256(body).hexdigest(), len(body))
            assert shared.http.get(path, headers=bearer).json()["sha256"] == pushed["sign"]
            async with httpx.AsyncClient() as client:
                assert (await client.get(pushed["url"])).content == body
                assert (await client.get(pushed["url"][:-1] + "~")).status_code == 404
        ask()
        assert (await told("get_reply"))["data"] == pushed
        assert shared.http.delete(path, headers=bearer).status_code == 204
        ask()
        assert (await told("get_reply"))["code"] == 6710
        assert not await shared.letters("configured")
    finally:
        await device.close()


async def test_secret_of_a_product(shared: Hub, furnished: dict[str, bool], tmp_path: Path) -> None:
    await furnish(shared, furnished)
    body = {"product": "p1Open", "place": "home", "model": "acme.lamp", "secret": "productsecret16x", "open": True}
    await shared.ask("POST", "/api/v1/dialects/alink/products", body)
    made = Device("p1Open", "newcomer", "", shared.mqtt_port, auth_type="register", product_secret="productsecret16x")
    made.kit.connect_async()
    code, secret, _none = await made.called("on_device_dynamic_register")
    assert code == 0
    device = await Device("p1Open", "newcomer", secret, shared.mqtt_port, tsl(tmp_path, ["PowerSwitch"])).connect()
    device.kit.thing_post_property({"PowerSwitch": 1})
    await device.called("on_thing_prop_post")
    assert await shared.eventually(lambda: shared.value("newcomer", "on"), "it is on")
    await device.close()
    # whoever knows the product's secret does not get that of a device at work
    again = Device("p1Open", "newcomer", "", shared.mqtt_port, auth_type="register", product_secret="productsecret16x")
    wrong = Device("p1Open", "other", "", shared.mqtt_port, auth_type="register", product_secret="productsecret16y")
    wrong.kit.connect_async()
    assert (await wrong.called("on_device_dynamic_register"))[0] != 0
    assert again.calls == {}
    free = Device("p1Open", "free", "", shared.mqtt_port, auth_type="regnwl", product_secret="productsecret16x")
    free.kit.connect_async()
    code, client, user, token = await free.called("on_device_dynamic_register_nwl_reply")
    assert code == 0
    device = Device(
        "p1Open", "free", "", shared.mqtt_port, tsl(tmp_path, ["PowerSwitch"]),
        client_id=client, username=user, password=token,
    )  # fmt: skip
    await device.connect()
    device.kit.thing_post_property({"PowerSwitch": 0})
    await device.called("on_thing_prop_post")
    await device.close()


async def test_a_gateway_and_its_devices(shared: Hub, furnished: dict[str, bool], tmp_path: Path) -> None:
    await furnish(shared, furnished)
    await lamp(shared, "hubbox", "gw1")
    await lamp(shared, "child", "child1")
    file = tsl(tmp_path, ["PowerSwitch"])
    device = await Device(PK, "gw1", SECRET, shared.mqtt_port, file).connect()
    try:
        device.kit.gateway_login_subdev([[PK, "child1", SECRET]])
        assert (await device.called("on_gateway_login_subdev_reply"))[1] == 6401  # not in its topology yet
        device.kit.gateway_add_subdev_topo([[PK, "child1", SECRET]])
        reply = await device.called("on_gateway_add_subdev_topo_reply")
        assert reply[1:3] == (200, [{"productKey": PK, "deviceName": "child1"}])
        assert (await shared.thing("child"))["parent"] == "hubbox"

        async def there(wanted: bool) -> bool:
            return bool((await shared.thing("child"))["online"]) is wanted

        await shared.eventually(lambda: there(False), "it has not signed in, however long its gateway is there")
        device.kit.gateway_login_subdev([[PK, "child1", "wrong" + SECRET]])
        assert (await device.called("on_gateway_login_subdev_reply"))[1] == 6287
        device.kit.gateway_login_subdev([[PK, "child1", SECRET]])
        assert (await device.called("on_gateway_login_subdev_reply"))[1] == 200
        base = f"/sys/{PK}/child1/thing"
        body = {"id": "9", "version": "1.0", "params": {"Brightness": 44}, "method": "thing.event.property.post"}
        device.kit.publish_topic(f"{base}/event/property/post", json.dumps(body))
        topic, payload, _qos, _user = await device.called("on_topic_message")
        assert topic == f"{base}/event/property/post_reply" and json.loads(payload)["code"] == 200
        assert await shared.eventually(lambda: shared.value("child", "level"), "the level") == 44
        strange = json.dumps({**body, "params": {"Colour": 1, "Brightness": 43}})
        device.kit.publish_topic(f"{base}/event/property/post", strange)
        _topic, payload, _qos, _user = await device.called("on_topic_message")
        assert (json.loads(payload)["code"], json.loads(payload)["data"]) == (
            200, {"Colour": "tsl parse: params not exist"},
        )  # fmt: skip

        async def dimmed() -> bool:
            return bool(await shared.value("child", "level") == 43)

        await shared.eventually(dimmed, "what is known beside what is not")
        assert [each["code"] for each in await shared.letters("child")] == ["unknown_property"]
        command = await shared.ask("POST", "/api/v1/things/child/commands", {"set": {"level": 45}})
        topic, payload, _qos, _user = await device.called("on_topic_message")
        asked = json.loads(payload)
        assert topic == f"{base}/service/property/set" and asked["params"] == {"Brightness": 45}
        assert b" " not in payload
        answer = {"id": asked["id"], "code": 200, "data": {}}
        device.kit.publish_topic(f"{base}/service/property/set_reply", json.dumps(answer))
        await shared.eventually(lambda: is_in(shared, command["id"], "acknowledged"), "acknowledged")
        device.kit.publish_topic(
            f"{base}/event/property/post", json.dumps({**body, "params": {"Brightness": 45}, "sys": {"ack": 0}})
        )
        await shared.eventually(lambda: is_in(shared, command["id"], "confirmed"), "confirmed")
        await shared.eventually(lambda: there(True), "it is there")
        device.kit.gateway_logout_subdev([[PK, "child1"]])
        assert (await device.called("on_gateway_logout_subdev_reply"))[1] == 200
        await shared.eventually(lambda: there(False), "it has signed out")
        assert (await shared.thing("hubbox"))["online"]
        device.kit.gateway_delete_subdev_topo([[PK, "child1"]])
        assert (await device.called("on_gateway_delete_subdev_topo_reply"))[1] == 200
        assert (await shared.thing("child"))["parent"] is None
    finally:
        await device.close()


async def test_a_wrong_secret(shared: Hub, furnished: dict[str, bool]) -> None:
    await furnish(shared, furnished)
    await lamp(shared, "locked", "locked1")
    device = Device(PK, "locked1", "f" * 32, shared.mqtt_port)
    device.kit.connect_async()

    async def seen() -> Any:
        found = (await shared.get("/api/v1/attempts"))["items"]
        return [each for each in found if each["user"] == f"locked1&{PK}"]

    assert await shared.eventually(seen, "the attempt is told")
    assert not (await shared.thing("locked"))["online"]
    await device.close()
