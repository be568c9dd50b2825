"""Who may do what: tokens, passwords, the setup link, roles at places, over HTTP."""

from __future__ import annotations

import itertools
import stat
from typing import Any

import pytest

from tests.api.conftest import Hub
from tests.api.test_things import add, add_home
from unisono.api import auth as auth_room
from unisono.api import ensure_first_token, ensure_pepper, new_setup_code
from unisono.api.auth import Throttle
from unisono.errors import CallerError, HostError

PASSWORD = "correct horse"


async def code(hub: Hub, method: str, path: str, token: str | None, **options: Any) -> tuple[int, str]:
    async with hub.client(token) as http:
        answer = await http.request(method, path, **options)
        body = answer.json() if answer.content else {}
        return answer.status_code, body.get("code", "")


async def test_without_a_good_token_nothing_is_told(hub: Hub) -> None:
    headers = [None, "Bearer", "Bearer uni_x", "Basic abc", f"Bearer uni_{'A' * 40}"]
    paths = ["/api/v1/things", "/api/v1/status", "/api/v1/users", "/api/v1/backup"]
    async with hub.client(None) as http:
        for header, path in itertools.product(headers, paths):
            method = "POST" if path.endswith("backup") else "GET"
            answer = await http.request(method, path, headers={"Authorization": header} if header else {})
            assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
            assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_the_first_token_is_a_private_file_and_survives_a_restart(hub: Hub) -> None:
    path = hub.data / "token"
    assert path.read_text().strip() == hub.token
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    pepper = ensure_pepper(hub.data)
    assert await ensure_first_token(hub.context.registry, hub.data, pepper) == hub.token
    path.write_text("damaged")
    other = await ensure_first_token(hub.context.registry, hub.data, pepper)
    assert other != hub.token
    assert await code(hub, "GET", "/api/v1/me", other) == (200, "")
    (hub.data / "keys" / "pepper").write_bytes(b"short")
    with pytest.raises(HostError, match="damaged"):
        ensure_pepper(hub.data)


async def test_the_setup_link_makes_one_administrator_once(hub: Hub) -> None:
    setup_code = await new_setup_code(hub.context.registry, hub.context.pepper)
    assert setup_code is not None
    body = {"code": setup_code.lower().replace("-", " "), "user": "wei", "password": PASSWORD}
    assert await code(hub, "POST", "/api/v1/setup", None, json={**body, "code": "0000-0000-0000-0000"}) == (
        401,
        "bad_credentials",
    )
    for bad in ("short", "12345678", "wei-wei-1"):
        assert (await code(hub, "POST", "/api/v1/setup", None, json={**body, "password": bad}))[0] == 422
    assert (await hub.http.get("/api/v1/login")).json()["setup"] is True
    async with hub.client(None) as http:
        made = (await http.post("/api/v1/setup", json=body)).json()
    assert await code(hub, "GET", "/api/v1/users", made["token"]) == (200, "")
    assert (await code(hub, "POST", "/api/v1/setup", None, json={**body, "user": "eve"}))[1] == "bad_credentials"
    assert await new_setup_code(hub.context.registry, hub.context.pepper) is None
    assert (await hub.http.get("/api/v1/login")).json()["setup"] is False


async def test_a_person_signs_in_and_out(hub: Hub) -> None:
    body = {"id": "ann", "password": PASSWORD, "role": "member"}
    assert (await hub.http.post("/api/v1/users", json=body)).status_code == 201
    async with hub.client(None) as http:
        signed = (await http.post("/api/v1/login", json={"user": "ann", "password": PASSWORD})).json()
    assert signed["user"] == "ann"
    assert await code(hub, "GET", "/api/v1/me", signed["token"]) == (200, "")
    assert await code(hub, "GET", "/api/v1/users", signed["token"]) == (403, "not_allowed")
    async with hub.client(signed["token"]) as http:
        me = (await http.get("/api/v1/me")).json()
    assert me["may"] == {"": {"read": 1, "control": 1, "automate": 1}}
    assert {"press", "oven"} <= set(me["dangerous"]) and "lock" not in me["dangerous"]
    assert await code(hub, "DELETE", "/api/v1/login", signed["token"]) == (204, "")
    assert await code(hub, "GET", "/api/v1/me", signed["token"]) == (401, "not_signed_in")


async def test_wrong_passwords_make_the_next_try_wait(hub: Hub) -> None:
    await hub.http.post("/api/v1/users", json={"id": "ann", "password": PASSWORD, "role": "member"})
    for _ in range(Throttle.FREE):
        assert (await code(hub, "POST", "/api/v1/login", None, json={"user": "ann", "password": "x"}))[0] == 401
    assert (await code(hub, "POST", "/api/v1/login", None, json={"user": "ann", "password": PASSWORD}))[0] == 429
    assert (await code(hub, "POST", "/api/v1/login", None, json={"user": "bob", "password": PASSWORD}))[0] == 429


def test_the_wait_doubles_up_to_its_bound_and_is_forgotten() -> None:
    throttle = Throttle(longest_s=4.0)
    for number in range(3):
        throttle.check("a", float(number))
        throttle.failed("a", float(number))
    waits = []
    now = 10.0
    for _ in range(5):
        throttle.failed("a", now)
        wait = 0.0
        while True:
            try:
                throttle.check("a", now + wait)
                break
            except CallerError:
                wait += 0.5
        waits.append(wait)
        now += wait
    assert waits == [2.0, 4.0, 4.0, 4.0, 4.0]
    throttle.check("b", now)
    throttle.check("a", now + Throttle.FORGET_S + 1)
    throttle.succeeded("a")
    throttle.check("a", now)


def test_the_throttle_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Throttle, "MAX_KEYS", 3)
    throttle = Throttle(1.0)
    for number in range(10):
        throttle.failed(str(number), 0.0)
    assert len(throttle._failures) == 3


async def test_roles_count_where_they_were_granted(hub: Hub) -> None:
    await add_home(hub)
    await hub.http.post("/api/v1/places", json={"id": "plant", "name": "Plant", "kind": "plant"})
    await add(hub, id="lamp", model="light", place="living_room")
    await add(hub, id="press", model="press", place="plant")
    body = {"id": "guest", "grants": {"living_room": "guest"}}
    assert (await hub.http.post("/api/v1/users", json=body)).json()["grants"] == {"living_room": "guest"}
    token = (await hub.http.post("/api/v1/users/guest/tokens", json={"name": "wall"})).json()["token"]
    async with hub.client(token) as http:
        assert [t["id"] for t in (await http.get("/api/v1/things")).json()["items"]] == ["lamp"]
        assert [t["id"] for t in (await http.get("/api/v1/things?place=home")).json()["items"]] == ["lamp"]
        assert [p["id"] for p in (await http.get("/api/v1/places")).json()["items"]] == ["living_room"]
        assert (await http.get("/api/v1/things?place=plant")).status_code == 404
        assert (await http.get("/api/v1/things/press")).status_code == 404
        answer = await http.post("/api/v1/things/lamp/commands", json={"set": {"on_off": True}})
        assert answer.status_code == 202
        assert answer.json()["by"] == {"kind": "program", "id": "guest"}
        assert (await http.post("/api/v1/things/lamp/secret")).status_code == 403
        assert (await http.delete("/api/v1/things/lamp")).status_code == 403
        assert (await http.post("/api/v1/places", json={"name": "X"})).status_code == 403
        assert (await http.get("/api/v1/users/local")).status_code == 403
        assert (await http.patch("/api/v1/users/guest", json={"role": "administrator"})).status_code == 403
        assert (await http.get("/api/v1/users/guest/tokens")).status_code == 200
    await hub.http.patch("/api/v1/users/guest", json={"grants": {}})
    assert (await code(hub, "GET", "/api/v1/things", token))[0] == 200
    async with hub.client(token) as http:
        assert (await http.get("/api/v1/things")).json()["items"] == []
    await hub.http.patch("/api/v1/users/guest", json={"disabled": True})
    assert await code(hub, "GET", "/api/v1/me", token) == (401, "not_signed_in")


async def test_a_token_may_be_narrower_than_its_person_and_ends(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    await add_home(hub)
    await add(hub, id="lamp", model="light", place="living_room")
    await add(hub, id="other", model="light")
    made = (await hub.http.post("/api/v1/users/local/tokens", json={"scopes": ["read@living_room"]})).json()
    async with hub.client(made["token"]) as http:
        assert [t["id"] for t in (await http.get("/api/v1/things")).json()["items"]] == ["lamp"]
        assert (await http.get("/api/v1/things/other")).status_code == 404
        assert (await http.post("/api/v1/things/lamp/commands", json={"set": {"on_off": True}})).status_code == 403
        assert (await http.post("/api/v1/users/local/tokens", json={})).status_code == 403, "no wider one either"
        assert (await http.patch("/api/v1/users/local", json={"password": PASSWORD})).status_code == 403
    problem = (await hub.http.post("/api/v1/users/local/tokens", json={"scopes": ["everything"]})).json()
    assert (problem["code"], problem["field"]) == ("bad_value", "scopes")
    short = (await hub.http.post("/api/v1/users/local/tokens", json={"expires_s": 3600})).json()
    assert await code(hub, "GET", "/api/v1/me", short["token"]) == (200, "")
    hub.context.auth.forget()
    later = auth_room.now_us() + 3601 * 1_000_000
    monkeypatch.setattr(auth_room, "now_us", lambda: later)
    assert await code(hub, "GET", "/api/v1/me", short["token"]) == (401, "not_signed_in")
    monkeypatch.undo()
    tokens = (await hub.http.get("/api/v1/users/local/tokens")).json()["items"]
    assert made["id"] in {token["id"] for token in tokens}
    assert "token" not in tokens[0]
    assert (await hub.http.delete(f"/api/v1/users/local/tokens/{made['id']}")).status_code == 204
    assert await code(hub, "GET", "/api/v1/me", made["token"]) == (401, "not_signed_in")
    assert (await hub.http.delete("/api/v1/users/local/tokens/nope")).status_code == 404


async def test_nobody_locks_themselves_out(hub: Hub) -> None:
    assert (await hub.http.delete("/api/v1/users/local")).json()["code"] == "in_use"
    assert (await hub.http.patch("/api/v1/users/local", json={"disabled": True})).json()["code"] == "in_use"
    assert (await hub.http.get("/api/v1/users/nobody")).json()["code"] == "not_found"
    assert (await hub.http.post("/api/v1/users", json={"id": "x", "role": "king"})).json()["field"] == "role"
    assert (await hub.http.post("/api/v1/users", json={"id": "x", "grants": {"nowhere": "guest"}})).status_code == 404
    await hub.http.post("/api/v1/users", json={"id": "x"})
    assert (await hub.http.post("/api/v1/users", json={"id": "x"})).json()["code"] == "exists"
    assert (await hub.http.delete("/api/v1/users/x")).status_code == 204
