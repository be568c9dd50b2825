"""Telling people over HTTP: channels without their secrets, quiet hours, groups, and who may see and send what."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from tests.api.conftest import Hub
from tests.notify.receiver import Receiver, say
from tests.notify.test_push import Browser
from unisono.notify import built_in_services
from unisono.notify.notifier import Notifier

SECRET = "s3cret-t0ken-of-wei"
PASSWORD = "long enough for anybody"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
async def notifier(hub: Hub, receiver: Receiver) -> AsyncIterator[Notifier]:
    context = hub.context
    reroute = dict.fromkeys(("push.example", "oapi.dingtalk.com"), receiver.url)
    made = Notifier(context.registry, context.bus, ["0"], context.pepper, built_in_services(), reroute=reroute)
    await made.start()
    context.notifies = True
    await put(hub.http, "/api/v1/notifications/allowed", {"hosts": ["127.0.0.1"]})
    yield made
    await made.stop()


async def put(http: httpx.AsyncClient, path: str, body: Any, status: int = 200) -> Any:
    answer = await http.put(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def post(http: httpx.AsyncClient, path: str, body: Any, status: int = 201) -> Any:
    answer = await http.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def get(http: httpx.AsyncClient, path: str, status: int = 200) -> Any:
    answer = await http.get(path)
    assert answer.status_code == status, answer.text
    return answer.json()


async def person(hub: Hub, id: str, role: str, **more: Any) -> httpx.AsyncClient:
    """A person, signed in."""
    await post(hub.http, "/api/v1/users", {"id": id, "role": role, "password": PASSWORD, **more})
    token = (await post(hub.http, "/api/v1/login", {"user": id, "password": PASSWORD}, 200))["token"]
    return hub.client(token)


async def ended(http: httpx.AsyncClient, id: str) -> Any:
    """The notification once its deliveries have ended."""
    deadline = time.monotonic() + 20
    while True:
        found = await get(http, f"/api/v1/notifications/{id}")
        if all(each["state"] not in ("waiting", "held", "sending") for each in found["deliveries"]):
            return found
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.05)


async def test_a_channel_from_adding_to_removing(hub: Hub, receiver: Receiver, notifier: Notifier) -> None:
    url = f"json://wei:{SECRET}@127.0.0.1:{receiver.port}/hook"
    async with await person(hub, "wei", "member") as wei:
        made = await post(wei, "/api/v1/me/channels", {"url": url, "name": "Hook", "priorities": ["critical", "low"]})
        assert (made["service"], made["name"], made["priorities"]) == ("json", "Hook", ["low", "critical"])
        path = f"/api/v1/me/channels/{made['id']}"
        said = await post(wei, f"{path}/test", {}, 200)
        assert said == {"id": made["id"], "answer": "HTTP 200 {}"}
        basic = base64.b64encode(f"wei:{SECRET}".encode()).decode()
        assert receiver.came[0].headers["Authorization"] == f"Basic {basic}"
        changed = (await wei.patch(path, json={"name": "Door"})).json()
        assert changed == {**made, "name": "Door"}
        assert (await get(wei, "/api/v1/me/channels"))["items"] == [changed]
        assert (await get(hub.http, "/api/v1/users/wei/channels"))["items"] == [changed]
        assert SECRET not in str(changed)
        for file in hub.data.glob("registry.db*"):
            assert SECRET.encode() not in file.read_bytes()
        assert (await wei.delete(path)).status_code == 204
        assert (await get(wei, path[: path.rindex("/")]))["items"] == []
        assert (await wei.delete(path)).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"url": "nosuch://x"}, 422, "url"),
        ({"url": "x"}, 422, None),
        ({"url": "json://127.0.0.1", "priorities": []}, 422, "priorities"),
        ({"url": "json://127.0.0.1", "priorities": ["urgent"]}, 422, None),
        ({"url": "json://127.0.0.1", "surprise": 1}, 422, None),
    ],
)
async def test_what_is_no_channel_changes_nothing(
    hub: Hub, notifier: Notifier, body: Any, status: int, field: str | None
) -> None:
    answer = await hub.http.post("/api/v1/me/channels", json=body)
    problem = answer.json()
    assert answer.status_code in (status, 400)
    if field is not None:
        assert problem["field"] == field
    assert (await get(hub.http, "/api/v1/me/channels"))["items"] == []


async def test_a_service_that_refuses_a_test_is_told_in_its_words(
    hub: Hub, receiver: Receiver, notifier: Notifier
) -> None:
    receiver.always = say(200, b'{"errcode":310000,"errmsg":"sign not match"}')
    made = await post(hub.http, "/api/v1/me/channels", {"url": "dingtalk://abcdefgh12345"})
    problem = await post(hub.http, f"/api/v1/me/channels/{made['id']}/test", {}, 502)
    assert problem["code"] == "not_delivered"
    assert problem["detail"] == "HTTP 200 errcode 310000: sign not match"


async def test_what_is_another_s_needs_the_right_to_it(hub: Hub, receiver: Receiver, notifier: Notifier) -> None:
    url = f"json://127.0.0.1:{receiver.port}/x"
    async with await person(hub, "wei", "member") as wei, await person(hub, "anna", "guest") as anna:
        made = await post(wei, "/api/v1/me/channels", {"url": url})
        for method, path in (
            ("GET", "/api/v1/users/wei/channels"),
            ("GET", "/api/v1/users/wei/quiet"),
            ("DELETE", f"/api/v1/users/wei/channels/{made['id']}"),
            ("POST", f"/api/v1/users/wei/channels/{made['id']}/test"),
            ("GET", "/api/v1/notifications?person=wei"),
            ("GET", "/api/v1/notifications/allowed"),
        ):
            answer = await anna.request(method, path)
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), path
        # by its id under one's own name
        assert (await anna.delete(f"/api/v1/me/channels/{made['id']}")).status_code == 404
        assert (await anna.put("/api/v1/groups/x", json={"people": []})).status_code == 403
        assert (await anna.post("/api/v1/notifications", json={"text": "x"})).status_code == 403
        narrow = (await post(hub.http, "/api/v1/users/wei/tokens", {"name": "t", "scopes": ["read"]}))["token"]
        async with hub.client(narrow) as program:
            assert (await program.post("/api/v1/me/channels", json={"url": url})).status_code == 403
            assert len((await get(program, "/api/v1/me/channels"))["items"]) == 1


async def test_quiet_hours(hub: Hub, notifier: Notifier) -> None:
    assert (await get(hub.http, "/api/v1/me/quiet"))["hours"] == []
    wanted = {
        "zone": "Asia/Shanghai",
        "hours": [{"from": "22:00", "to": "07:00", "days": []}, {"from": "00:00", "to": "09:30", "days": ["sat"]}],
        "passes": "high",
        "language": "zh",
    }
    assert await put(hub.http, "/api/v1/me/quiet", wanted) == wanted
    assert await get(hub.http, "/api/v1/users/local/quiet") == wanted
    for change in (
        {"zone": "Mars/Olympus"},
        {"hours": [{"from": "24:00", "to": "07:00"}]},
        {"hours": [{"from": "7:00", "to": "07:00"}]},
        {"passes": "urgent"},
        {"language": "<b>"},
    ):
        answer = await hub.http.put("/api/v1/me/quiet", json={**wanted, **change})
        assert answer.status_code in (400, 422), change
    assert await get(hub.http, "/api/v1/me/quiet") == wanted


async def test_groups(hub: Hub, notifier: Notifier) -> None:
    async with await person(hub, "wei", "member") as wei:
        made = await put(hub.http, "/api/v1/groups/family", {"people": ["wei", "local", "wei"], "name": "Family"})
        assert made == {"id": "family", "name": "Family", "people": ["local", "wei"]}
        assert (await get(wei, "/api/v1/groups"))["items"] == [made]
        assert (await put(hub.http, "/api/v1/groups/family", {"people": ["ghost"]}, 404))["field"] == "people"
        assert (await put(hub.http, "/api/v1/groups/wei", {"people": []}, 409))["code"] == "exists"
        assert (await put(hub.http, "/api/v1/groups/no%20id", {"people": []}, 422))["code"] == "bad_id"
        await hub.http.delete("/api/v1/users/wei")
        assert (await get(hub.http, "/api/v1/groups"))["items"] == [{**made, "people": ["local"]}]
        assert (await hub.http.delete("/api/v1/groups/family")).status_code == 204
        assert (await hub.http.delete("/api/v1/groups/family")).status_code == 404


async def test_one_sent_by_hand_and_who_sees_it(hub: Hub, receiver: Receiver, notifier: Notifier) -> None:
    url = f"json://127.0.0.1:{receiver.port}/"
    async with await person(hub, "wei", "member") as wei, await person(hub, "anna", "member") as anna:
        await post(wei, "/api/v1/me/channels", {"url": f"{url}wei"})
        await post(anna, "/api/v1/me/channels", {"url": f"{url}anna"})
        body = {"text": "supper", "title": "Come", "to": ["anna", "wei", "ghost"], "id": "supper-1"}
        made = await post(wei, "/api/v1/notifications", body)
        again = await post(wei, "/api/v1/notifications", body)
        assert (made["id"], again["id"]) == ("wei.supper-1", "wei.supper-1")
        assert made["by"] == {"kind": "person", "id": "wei"}
        assert made["missed"] == {"ghost": "there is no person or group of that name"}
        found = await ended(wei, made["id"])
        assert [(each["person"], each["state"]) for each in found["deliveries"]] == [("anna", "sent"), ("wei", "sent")]
        assert {each.path for each in receiver.came} == {"/wei", "/anna"}
        assert len(receiver.came) == 2
        # anna sees what went to her
        seen = await get(anna, f"/api/v1/notifications/{made['id']}")
        assert [each["person"] for each in seen["deliveries"]] == ["anna"]
        secret = await post(hub.http, "/api/v1/notifications", {"text": "x", "to": ["wei"]})
        await get(anna, f"/api/v1/notifications/{secret['id']}", 404)
        assert [each["id"] for each in (await get(anna, "/api/v1/notifications"))["items"]] == [made["id"]]
        assert [each["id"] for each in (await get(hub.http, "/api/v1/notifications"))["items"]] == [
            secret["id"],
            made["id"],
        ]


async def test_the_list_by_pages_people_and_states(hub: Hub, receiver: Receiver, notifier: Notifier) -> None:
    await post(hub.http, "/api/v1/me/channels", {"url": f"json://127.0.0.1:{receiver.port}/x", "priorities": ["high"]})
    ids = [
        (await post(hub.http, "/api/v1/notifications", {"text": f"{n}", "priority": "high" if n % 2 else "low"}))["id"]
        for n in range(5)
    ]
    for id in ids:
        await ended(hub.http, id)
    first = await get(hub.http, "/api/v1/notifications?limit=3")
    rest = await get(hub.http, f"/api/v1/notifications?limit=3&after={first['next']}")
    assert [each["id"] for each in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next"] is None
    sent = await get(hub.http, "/api/v1/notifications?state=sent&person=local")
    assert [each["text"] for each in sent["items"]] == ["3", "1"]
    assert (await get(hub.http, "/api/v1/notifications?state=failed"))["items"] == []
    await get(hub.http, "/api/v1/notifications?after=nothing", 404)
    assert (await hub.http.get("/api/v1/notifications?state=lost")).status_code in (400, 422)


async def test_everybody_of_a_place(hub: Hub, receiver: Receiver, notifier: Notifier) -> None:
    for place in ("home", "office"):
        await post(hub.http, "/api/v1/places", {"id": place, "name": place, "kind": "home"})
    url = f"json://127.0.0.1:{receiver.port}/"
    async with (
        await person(hub, "wei", "", grants={"home": "member"}) as wei,
        await person(hub, "anna", "", grants={"office": "member"}) as anna,
    ):
        await post(wei, "/api/v1/me/channels", {"url": f"{url}wei"})
        await post(anna, "/api/v1/me/channels", {"url": f"{url}anna"})
        made = await post(wei, "/api/v1/notifications", {"text": "x", "place": "home"})
        assert [each["person"] for each in made["deliveries"]] == ["wei"]
        assert (await wei.post("/api/v1/notifications", json={"text": "x", "place": "office"})).status_code == 403
        assert (await wei.post("/api/v1/notifications", json={"text": "x"})).status_code == 403
        assert (await wei.post("/api/v1/notifications", json={"text": "x", "place": "mars"})).status_code == 404


async def test_a_browser_subscribes(hub: Hub, receiver: Receiver, notifier: Notifier) -> None:
    receiver.always = say(201)
    key = (await get(hub.http, "/api/v1/push/key"))["key"]
    assert len(key) == 87
    browser = Browser()
    endpoint, p256dh, auth = browser.members
    body = {"endpoint": endpoint, "expirationTime": None, "keys": {"p256dh": p256dh, "auth": auth}, "name": "Firefox"}
    made = await post(hub.http, "/api/v1/me/push", body)
    assert (made["service"], made["name"], made["address"]) == ("webpush", "Firefox", "push.example ...cret")
    # a browser that subscribes again is one channel
    made = await post(hub.http, "/api/v1/me/push", body)
    assert [each["id"] for each in (await get(hub.http, "/api/v1/me/channels"))["items"]] == [made["id"]]
    await post(hub.http, f"/api/v1/me/channels/{made['id']}/test", {}, 200)
    assert browser.read(receiver.came[0])["title"] == "Unisono"  # type: ignore[index]
    problem = await post(hub.http, "/api/v1/me/push", {**body, "endpoint": "http://x"}, 422)
    assert problem["field"] == "endpoint"


async def test_where_messages_may_go(hub: Hub, notifier: Notifier) -> None:
    path = "/api/v1/notifications/allowed"
    assert await put(hub.http, path, {"hosts": ["ntfy.lan", "10.0.0.0/8", "ntfy.lan"]}) == {
        "hosts": ["ntfy.lan", "10.0.0.0/8"]
    }
    assert (await put(hub.http, path, {"hosts": ["http://x"]}, 422))["field"] == "hosts"
    assert await get(hub.http, path) == {"hosts": ["ntfy.lan", "10.0.0.0/8"]}


async def test_status_and_metrics(hub: Hub, receiver: Receiver, notifier: Notifier) -> None:
    await post(hub.http, "/api/v1/me/channels", {"url": f"json://127.0.0.1:{receiver.port}/x"})
    await ended(hub.http, (await post(hub.http, "/api/v1/notifications", {"text": "x"}))["id"])
    assert (await get(hub.http, "/api/v1/status"))["notifications"]["waiting"] == 0
    text = (await hub.http.get("/metrics")).text
    assert 'unisono_notifications_total{service="json",state="sent"} 1.0' in text
    assert 'unisono_notify_attempts_total{outcome="sent",service="json"} 1.0' in text
    await notifier.stop()
    assert (await get(hub.http, "/api/v1/status"))["trouble"] == ["the notifier does not answer"]


async def test_without_a_notifier_it_is_said(hub: Hub) -> None:
    problem = await post(hub.http, "/api/v1/notifications", {"text": "x"}, 503)
    assert "The notifier did not answer" in problem["detail"]


async def test_the_service_worker_and_its_page(hub: Hub) -> None:
    async with hub.client(None) as anybody:
        worker = await anybody.get("/push.js")
        assert worker.headers["content-type"].startswith("text/javascript")
        assert "showNotification" in worker.text
        page = await anybody.get("/push")
        assert "worker-src 'self'" in page.headers["content-security-policy"]
        assert (await anybody.get("/api/v1/push/key")).status_code == 401
