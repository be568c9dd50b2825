"""People come, sign in and go: roles at places, invitations, sessions, second factors, passkeys, the audit."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pyotp
import pytest

from tests.api.conftest import Hub
from tests.api.passkey import Authenticator
from tests.api.test_things import add, add_home
from unisono.api import auth as auth_room
from unisono.api.auth import Throttle
from unisono.api.people import passkeys
from unisono.api.times import iso

PASSWORD = "correct horse"


async def person(hub: Hub, id: str, **fields: Any) -> httpx.AsyncClient:
    """Somebody new, signed in with their password."""
    answer = await hub.http.post("/api/v1/users", json={"id": id, "password": PASSWORD, **fields})
    assert answer.status_code == 201, answer.text
    return hub.client(await sign_in(hub, id))


async def sign_in(hub: Hub, id: str, **more: str) -> str:
    async with hub.client(None) as http:
        answer = await http.post("/api/v1/login", json={"user": id, "password": PASSWORD, **more})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])


async def refused(answer: Any) -> tuple[int, str]:
    found = await answer
    return found.status_code, found.json().get("code", "")


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    at = auth_room.now_us() + int(seconds * 1e6)
    monkeypatch.setattr(auth_room, "now_us", lambda: at)


# roles at places


async def test_an_owner_of_a_home_says_who_may_do_what_there(hub: Hub) -> None:
    await add_home(hub)
    await hub.http.post("/api/v1/places", json={"id": "plant", "name": "Plant", "kind": "plant"})
    await add(hub, id="lamp", model="light", place="living_room")
    async with await person(hub, "wei", grants={"home": "owner"}) as wei, await person(hub, "ana") as ana:
        assert await refused(wei.get("/api/v1/users")) == (403, "not_allowed")
        assert (await ana.get("/api/v1/things")).json()["items"] == []
        given = await wei.put("/api/v1/places/home/people/ana", json={"role": "guest"})
        assert given.json() == {
            "id": "ana",
            "name": "ana",
            "role": "guest",
            "at": "home",
            "ends": None,
            "program": False,
            "disabled": False,
            "counts": True,
        }
        assert [each["id"] for each in (await ana.get("/api/v1/things")).json()["items"]] == ["lamp"]
        await wei.put("/api/v1/places/living_room/people/ana", json={"role": "viewer"})
        members = (await wei.get("/api/v1/places/living_room/people")).json()["items"]
        told = [(each["id"], each["role"], each["at"], each["counts"]) for each in members]
        assert told == [
            ("ana", "guest", "home", False),
            ("ana", "viewer", "living_room", True),
            ("local", "administrator", None, True),
            ("wei", "owner", "home", True),
        ]
        asked = ana.post("/api/v1/things/lamp/commands", json={"set": {"on_off": True}})
        assert await refused(asked) == (403, "not_allowed"), "the nearest role counts"
        assert (await wei.delete("/api/v1/places/living_room/people/ana")).status_code == 204
        assert (await ana.post("/api/v1/things/lamp/commands", json={"set": {"on_off": True}})).status_code == 202
        assert (await wei.delete("/api/v1/places/home/people/ana")).status_code == 204
        assert (await ana.get("/api/v1/things")).json()["items"] == []
        assert await refused(wei.delete("/api/v1/places/home/people/ana")) == (404, "not_found")
        assert await refused(wei.put("/api/v1/places/plant/people/ana", json={"role": "guest"})) == (404, "not_found")
        assert await refused(wei.put("/api/v1/places/home/people/bob", json={"role": "guest"})) == (404, "not_found")
        made = wei.put("/api/v1/places/home/people/ana", json={"role": "administrator"})
        assert (await refused(made))[0] == 422, "that is one of the whole hub"
        assert await refused(wei.delete("/api/v1/places/home/people/wei")) == (409, "in_use")
        assert await refused(ana.get("/api/v1/places/home/people")) == (404, "not_found")


async def test_a_guest_goes_when_the_day_has_come(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    await add_home(hub)
    await add(hub, id="lamp", model="light", place="living_room")
    over = {"home": "2020-01-01T00:00:00Z"}
    for body, field in (
        ({"grants": {"home": "guest"}, "ends": over}, "ends.home"),
        ({"ends": over}, "ends.home"),
        ({"grants": {"home": ""}}, "grants.home"),
    ):
        assert (await hub.http.post("/api/v1/users", json={"id": "x", **body})).json()["field"] == field
    end = "2099-01-01T00:00:00.000Z"
    async with await person(hub, "ana", grants={"home": "guest"}, ends={"home": end}) as ana:
        assert (await ana.get("/api/v1/me")).json()["ends"] == {"home": end}
        assert len((await ana.get("/api/v1/things")).json()["items"]) == 1
        near = iso(auth_room.now_us() + 2_000_000)
        changed = await hub.http.put("/api/v1/places/home/people/ana", json={"role": "guest", "ends": near})
        assert changed.status_code == 200, changed.text
        assert len((await ana.get("/api/v1/things")).json()["items"]) == 1
        until = min(kept[1] for kept in hub.context.auth._kept.values())
        assert until <= time.monotonic() + 2, "believed no longer than the role lasts"
        hub.context.auth.forget()
        later(monkeypatch, 3)
        assert (await ana.get("/api/v1/things")).json()["items"] == []


async def test_nobody_makes_anybody_more_than_they_are(hub: Hub) -> None:
    """An owner of the hub administers people, but is no administrator, and makes none."""
    async with await person(hub, "wei", role="owner") as wei:
        for body in ({"id": "x", "role": "administrator"},):
            assert await refused(wei.post("/api/v1/users", json=body)) == (403, "not_allowed")
        assert (await wei.post("/api/v1/users", json={"id": "x", "role": "owner"})).status_code == 201
        assert await refused(wei.patch("/api/v1/users/x", json={"role": "administrator"})) == (403, "not_allowed")
        assert await refused(wei.patch("/api/v1/users/wei", json={"role": "administrator"})) == (403, "not_allowed")
        assert await refused(wei.patch("/api/v1/users/local", json={"password": PASSWORD})) == (403, "not_allowed")
        assert await refused(wei.patch("/api/v1/users/local", json={"disabled": True})) == (403, "not_allowed")
        assert await refused(wei.delete("/api/v1/users/local")) == (403, "not_allowed")
        assert await refused(wei.post("/api/v1/users/local/tokens", json={})) == (403, "not_allowed")
        assert await refused(wei.delete("/api/v1/users/local/sessions")) == (403, "not_allowed")
        assert await refused(wei.post("/api/v1/invitations", json={"role": "administrator"})) == (403, "not_allowed")


async def test_a_narrow_token_makes_no_wider_one(hub: Hub) -> None:
    await add_home(hub)
    scopes = ["administer", "read@home", "subscribe:zigbee2mqtt/#"]
    narrow = (await hub.http.post("/api/v1/users/local/tokens", json={"scopes": scopes})).json()["token"]
    async with hub.client(narrow) as http:
        for wanted in (None, ["control"], ["read"], ["read@home", "publish:a"], ["operate_hub"]):
            body = {} if wanted is None else {"scopes": wanted}
            assert await refused(http.post("/api/v1/users/local/tokens", json=body)) == (403, "not_allowed"), wanted
        for wanted in (["read@home"], ["read@living_room", "administer"], ["subscribe:zigbee2mqtt/#"]):
            await hub.http.post("/api/v1/users", json={"id": "p"})
            answer = await http.post("/api/v1/users/p/tokens", json={"scopes": wanted})
            assert answer.status_code == 201, answer.text
        for path in ("totp", "passkeys/options"):
            assert await refused(http.post(f"/api/v1/users/local/{path}")) == (403, "not_allowed")


# invitations


async def test_an_invitation_lets_one_person_in(hub: Hub) -> None:
    await add_home(hub)
    async with await person(hub, "wei", grants={"home": "owner"}) as wei, hub.client(None) as nobody:
        end = "2099-01-01T00:00:00.000Z"
        body = {"name": "Ana", "grants": {"home": "guest"}, "ends": {"home": end}}
        made = (await wei.post("/api/v1/invitations", json=body)).json()
        assert made["url"] == f"{hub.url}/#/join/{made['code']}"
        assert made["qr"].startswith("<svg")
        assert "code" not in (await wei.get("/api/v1/invitations")).json()["items"][0]
        shown = (await nobody.post("/api/v1/invitations/look", json={"code": made["code"]})).json()
        places = [{"place": "home", "name": "Home", "role": "guest", "ends": end, "names": {"zh": ["家"]}}]
        by = {"by": "wei", "by_name": "wei"}
        assert shown == {"name": "Ana", **by, "role": "", "places": places, "expires": made["expires"]}
        typed = made["code"].lower().replace("-", " ")
        joined = await nobody.post("/api/v1/join", json={"code": typed, "user": "ana", "password": PASSWORD})
        assert joined.status_code == 200, joined.text
        async with hub.client(joined.json()["token"]) as ana:
            me = (await ana.get("/api/v1/me")).json()
            assert (me["grants"], me["ends"], me["role"]) == ({"home": "guest"}, {"home": end}, "")
        again = nobody.post("/api/v1/join", json={"code": typed, "user": "eve", "password": PASSWORD})
        assert await refused(again) == (401, "bad_credentials")
        listed = (await wei.get("/api/v1/invitations")).json()["items"]
        assert [(each["state"], each["taken_by"]) for each in listed] == [("taken", "ana")]
        assert await refused(wei.delete(f"/api/v1/invitations/{made['id']}")) == (409, "in_use")


async def test_an_invitation_is_good_for_what_its_maker_may_give(hub: Hub) -> None:
    await add_home(hub)
    await hub.http.post("/api/v1/places", json={"id": "plant", "name": "Plant", "kind": "plant"})
    async with await person(hub, "wei", grants={"home": "owner"}) as wei, hub.client(None) as nobody:
        for grants, code in (({"plant": "guest"}, 404), ({"nowhere": "guest"}, 404), ({"home": "administrator"}, 422)):
            assert (await refused(wei.post("/api/v1/invitations", json={"grants": grants})))[0] == code
        assert (await refused(wei.post("/api/v1/invitations", json={"role": "viewer"})))[0] == 403
        assert (await refused(wei.post("/api/v1/invitations", json={})))[0] == 422
        other = (await hub.http.post("/api/v1/invitations", json={"grants": {"plant": "owner"}})).json()
        made = (await wei.post("/api/v1/invitations", json={"grants": {"home": "member"}})).json()
        assert [each["id"] for each in (await wei.get("/api/v1/invitations")).json()["items"]] == [made["id"]]
        assert await refused(wei.delete(f"/api/v1/invitations/{other['id']}")) == (404, "not_found")
        everything = (await hub.http.get("/api/v1/invitations?limit=1")).json()
        assert [each["id"] for each in everything["items"]] == [other["id"]]
        rest = (await hub.http.get(f"/api/v1/invitations?after={everything['next']}")).json()
        assert [each["id"] for each in rest["items"]] == [made["id"]]
        await hub.http.delete("/api/v1/places/home/people/wei")
        asked = nobody.post("/api/v1/invitations/look", json={"code": made["code"]})
        assert await refused(asked) == (401, "bad_credentials"), "who gave it may give nothing any more"
        assert (await hub.http.delete(f"/api/v1/invitations/{other['id']}")).status_code == 204
        asked = nobody.post("/api/v1/invitations/look", json={"code": other["code"]})
        assert await refused(asked) == (401, "bad_credentials")
        for _ in range(2):
            await nobody.post("/api/v1/invitations/look", json={"code": "x"})
        assert await refused(nobody.post("/api/v1/invitations/look", json={"code": "x"})) == (429, "too_many")


async def test_an_account_takes_an_invitation_too(hub: Hub) -> None:
    await add_home(hub)
    made = (await hub.http.post("/api/v1/invitations", json={"grants": {"home": "member"}})).json()
    async with await person(hub, "ana") as ana:
        taken = await ana.post("/api/v1/invitations/accept", json={"code": made["code"]})
        assert taken.json() == {"user": "ana", "role": "", "grants": {"home": "member"}}
        assert (await ana.get("/api/v1/me")).json()["grants"] == {"home": "member"}
        assert await refused(ana.get("/api/v1/invitations")) == (403, "not_allowed")


# sessions


async def test_sessions_are_seen_and_ended(hub: Hub) -> None:
    async with await person(hub, "ana", role="member") as here:
        there = await sign_in(hub, "ana")
        third = await sign_in(hub, "ana")
        made = (await here.post("/api/v1/users/ana/tokens", json={"name": "script"})).json()
        sessions = (await here.get("/api/v1/users/ana/sessions")).json()["items"]
        assert [each["current"] for each in sessions] == [True, False, False]
        assert sessions[0]["agent"].startswith("python-httpx")
        assert (sessions[0]["address"], sessions[0]["seen"] is not None) == ("127.0.0.1", True)
        tokens = (await here.get("/api/v1/users/ana/tokens")).json()["items"]
        assert [each["id"] for each in tokens] == [made["id"]], "a session is no token of a program"
        assert await refused(here.delete(f"/api/v1/users/ana/tokens/{sessions[1]['id']}")) == (404, "not_found")
        assert await refused(here.delete(f"/api/v1/users/ana/sessions/{made['id']}")) == (404, "not_found")
        assert (await here.delete(f"/api/v1/users/ana/sessions/{sessions[1]['id']}")).status_code == 204
        async with hub.client(there) as http:
            assert await refused(http.get("/api/v1/me")) == (401, "not_signed_in")
        assert (await here.delete("/api/v1/users/ana/sessions")).status_code == 204
        async with hub.client(third) as http:
            assert await refused(http.get("/api/v1/me")) == (401, "not_signed_in")
        async with hub.client(made["token"]) as http:
            assert (await http.get("/api/v1/me")).status_code == 200, "the script goes on"
        assert (await here.get("/api/v1/me")).status_code == 200


async def test_a_new_password_wants_the_old_one_and_ends_other_sessions(hub: Hub) -> None:
    async with await person(hub, "ana", role="member") as here:
        other = await sign_in(hub, "ana")
        body = {"password": "another long one"}
        assert (await here.patch("/api/v1/users/ana", json=body)).json()["field"] == "old_password"
        wrong = here.patch("/api/v1/users/ana", json={**body, "old_password": "no"})
        assert await refused(wrong) == (401, "bad_credentials")
        assert (await here.patch("/api/v1/users/ana", json={**body, "old_password": PASSWORD})).status_code == 200
        assert (await here.get("/api/v1/me")).status_code == 200
        async with hub.client(other) as http:
            assert await refused(http.get("/api/v1/me")) == (401, "not_signed_in")
        async with hub.client(None) as http:
            login = http.post("/api/v1/login", json={"user": "ana", "password": PASSWORD})
            assert await refused(login) == (401, "bad_credentials")
        assert (await hub.http.patch("/api/v1/users/ana", json={"password": PASSWORD})).status_code == 200
        assert await refused(here.get("/api/v1/me")) == (401, "not_signed_in"), "an administrator's word ends all"


# second factors


async def with_app(hub: Hub, http: httpx.AsyncClient, id: str) -> tuple[pyotp.TOTP, str, list[str]]:
    """The app, the code that confirmed it, and those for recovery."""
    made = (await http.post(f"/api/v1/users/{id}/totp")).json()
    assert made["uri"].startswith("otpauth://totp/Unisono:")
    app = pyotp.parse_uri(made["uri"])
    assert isinstance(app, pyotp.TOTP)
    wrong = http.post(f"/api/v1/users/{id}/totp/confirm", json={"code": "000000"})
    assert await refused(wrong) == (401, "second_factor")
    await sign_in(hub, id)  # it does not count yet
    code = app.now()
    confirmed = await http.post(f"/api/v1/users/{id}/totp/confirm", json={"code": code})
    assert confirmed.status_code == 200, confirmed.text
    return app, code, confirmed.json()["codes"]


async def test_an_app_is_asked_for_a_code_that_counts_once(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    async with await person(hub, "ana", role="member") as ana, hub.client(None) as http:
        app, used, codes = await with_app(hub, ana, "ana")
        login = {"user": "ana", "password": PASSWORD}
        asked = await http.post("/api/v1/login", json=login)
        assert (asked.status_code, asked.json()["code"], asked.json()["field"]) == (401, "second_factor", "code")
        wrong = await http.post("/api/v1/login", json={**login, "password": "wrong", "code": app.now()})
        assert wrong.json()["code"] == "bad_credentials", "the password is looked at first"
        again = http.post("/api/v1/login", json={**login, "code": used})
        assert await refused(again) == (401, "second_factor"), "the code that confirmed it was used"
        later(monkeypatch, 30)
        fresh = app.at(auth_room.now_us() / 1e6)
        await sign_in(hub, "ana", code=fresh)
        assert await refused(http.post("/api/v1/login", json={**login, "code": fresh})) == (401, "second_factor")
        await sign_in(hub, "ana", code=codes[0].lower())
        assert await refused(http.post("/api/v1/login", json={**login, "code": codes[0]})) == (401, "second_factor")
        told = (await ana.get("/api/v1/users/ana/factors")).json()
        assert told == {"password": True, "totp": True, "recovery": 9, "passkeys": 0}


async def test_codes_are_not_guessed(hub: Hub) -> None:
    async with await person(hub, "ana", role="member") as ana, hub.client(None) as http:
        _app, _code, codes = await with_app(hub, ana, "ana")
        login = {"user": "ana", "password": PASSWORD}
        for _ in range(Throttle.FREE):
            assert await refused(http.post("/api/v1/login", json={**login, "code": "123456"})) == (401, "second_factor")
        for _ in range(4):  # as if it had gone on; the wait is now longer than a password takes on a busy machine
            hub.context.auth._by_second.failed("ana", time.monotonic())
        blocked = await refused(http.post("/api/v1/login", json={**login, "code": codes[0]}))
        assert blocked == (429, "too_many"), "not even with the right one"


async def test_an_app_is_taken_away_by_its_person_or_an_administrator(hub: Hub) -> None:
    async with await person(hub, "ana", role="member") as ana, await person(hub, "bob", role="owner") as bob:
        _app, _code, codes = await with_app(hub, ana, "ana")
        assert await refused(ana.post("/api/v1/users/ana/totp")) == (409, "exists")
        assert await refused(ana.post("/api/v1/users/ana/totp/off", json={})) == (401, "second_factor")
        renewed = (await ana.post("/api/v1/users/ana/recovery", json={"password": PASSWORD})).json()["codes"]
        assert set(renewed).isdisjoint(codes)
        off = ana.post("/api/v1/users/ana/totp/off", json={"code": codes[0]})
        assert await refused(off) == (401, "second_factor"), "the older codes count no more"
        assert (await ana.post("/api/v1/users/ana/totp/off", json={"code": renewed[0]})).json()["totp"] is False
        assert await refused(ana.post("/api/v1/users/ana/recovery", json={})) == (404, "not_found")
        assert await refused(ana.post("/api/v1/users/ana/totp/off", json={})) == (404, "not_found")
        await with_app(hub, ana, "ana")
        assert await refused(bob.post("/api/v1/users/ana/totp")) == (403, "not_allowed"), "nobody adds one for her"
        assert (await bob.post("/api/v1/users/ana/totp/off", json={})).status_code == 200
        await sign_in(hub, "ana")
        assert await refused(ana.post("/api/v1/users/bob/totp/off", json={})) == (403, "not_allowed")


# passkeys


async def test_a_passkey_signs_in_by_itself(hub: Hub) -> None:
    key = Authenticator(hub.url, "127.0.0.1")
    async with await person(hub, "ana", role="member") as ana, hub.client(None) as http:
        begun = (await ana.post("/api/v1/users/ana/passkeys/options")).json()
        assert begun["options"]["rp"]["id"] == "127.0.0.1"
        body = {"id": begun["id"], "credential": key.create(begun["options"]), "name": "Phone"}
        made = await ana.post("/api/v1/users/ana/passkeys", json=body)
        assert made.status_code == 201, made.text
        assert await refused(ana.post("/api/v1/users/ana/passkeys", json=body)) == (401, "bad_credentials"), "once"

        asked = (await http.post("/api/v1/login/passkey/options")).json()
        body = {"id": asked["id"], "credential": key.get(asked["options"])}
        signed = await http.post("/api/v1/login/passkey", json=body)
        assert signed.json()["user"] == "ana", signed.text
        assert await refused(http.post("/api/v1/login/passkey", json=body)) == (401, "bad_credentials"), "once"
        listed = (await ana.get("/api/v1/users/ana/passkeys")).json()["items"]
        assert [(each["name"], each["host"], each["used"] is not None) for each in listed] == [
            ("Phone", "127.0.0.1", True)
        ]
        assert (await ana.delete(f"/api/v1/users/ana/passkeys/{listed[0]['id']}")).status_code == 204
        asked = (await http.post("/api/v1/login/passkey/options")).json()
        body = {"id": asked["id"], "credential": key.get(asked["options"])}
        assert await refused(http.post("/api/v1/login/passkey", json=body)) == (401, "bad_credentials")


@pytest.mark.parametrize("fault", ["origin", "host", "flags", "challenge", "key", "junk", "another", "late"])
async def test_a_passkey_that_is_not_right_is_refused(hub: Hub, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key = Authenticator(hub.url, "127.0.0.1")
    async with await person(hub, "ana", role="member") as ana, hub.client(None) as http:
        begun = (await ana.post("/api/v1/users/ana/passkeys/options")).json()
        body = {"id": begun["id"], "credential": key.create(begun["options"])}
        assert (await ana.post("/api/v1/users/ana/passkeys", json=body)).status_code == 201
        asked = (await http.post("/api/v1/login/passkey/options")).json()
        options = asked["options"]
        match fault:
            case "origin":
                key.origin = "https://evil.example"
            case "host":
                key.host = "evil.example"
            case "flags":
                key.flags = 0x01  # nobody unlocked it
            case "challenge":
                options = {**options, "challenge": begun["options"]["challenge"]}
            case "key":
                key.key = Authenticator(hub.url, "127.0.0.1").key
            case "late":
                monkeypatch.setattr(passkeys, "OPEN_S", -1.0)
                asked = (await http.post("/api/v1/login/passkey/options")).json()
                options = asked["options"]
            case _:
                pass
        credential = key.get(options)
        if fault == "junk":
            credential["response"] = {"clientDataJSON": "!!", "authenticatorData": 7}
        body = {"id": begun["id"] if fault == "another" else asked["id"], "credential": credential}
        assert await refused(http.post("/api/v1/login/passkey", json=body)) == (401, "bad_credentials")


async def test_a_passkey_is_for_the_hubs_own_pages(hub: Hub) -> None:
    async with await person(hub, "ana", role="member") as ana, hub.client(None) as http:
        for origin in ("https://evil.example", "null", "http://[bad"):
            answer = await http.post("/api/v1/login/passkey/options", headers={"Origin": origin})
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
            answer = await ana.post("/api/v1/users/ana/passkeys/options", headers={"Origin": origin})
            assert (answer.status_code, answer.json()["field"]) == (400, "Origin")


async def test_open_ceremonies_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passkeys, "MAX_OPEN", 3)
    open_ones = passkeys.Passkeys()
    for _ in range(10):
        open_ones.begin_assertion("http://localhost:1")
    assert len(open_ones._open) == 3


# the audit


async def test_the_audit_tells_who_came_and_who_let_them(hub: Hub) -> None:
    await add_home(hub)
    async with await person(hub, "ana", grants={"home": "owner"}) as ana, hub.client(None) as http:
        await http.post("/api/v1/login", json={"user": "ana", "password": "wrong"})
        await ana.post("/api/v1/users/ana/tokens", json={"name": "script", "scopes": ["read@home"]})
        await hub.http.put("/api/v1/places/home/people/ana", json={"role": "member"})
        lines = (await hub.http.get("/api/v1/audit?user=ana")).json()["items"]
        assert [(line["act"], line["by"], line["about"]) for line in lines] == [
            ("role_given", "local", "ana"),
            ("token_made", "ana", "ana"),
            ("sign_in_failed", "", "ana"),
            ("signed_in", "ana", "ana"),
            ("user_added", "local", "ana"),
        ]
        assert lines[0]["detail"] == {"place": "home", "role": "member", "ends": None}
        assert all(line["address"] == "127.0.0.1" for line in lines)
        assert (await ana.get("/api/v1/audit")).json()["items"] == lines, "one's own"
        assert await refused(ana.get("/api/v1/audit?user=local")) == (403, "not_allowed")
        page = (await ana.get("/api/v1/audit?limit=2&act=signed_in,token_made,role_given")).json()
        assert [line["act"] for line in page["items"]] == ["role_given", "token_made"]
        rest = (await ana.get(f"/api/v1/audit?after={page['next']}&act=signed_in")).json()
        assert [line["act"] for line in rest["items"]] == ["signed_in"]
        assert (await ana.get("/api/v1/audit?from=2099-01-01T00:00:00Z")).json()["items"] == []
        for query in ("act=sung", "after=x", f"after={'9' * 30}", "from=soon"):
            assert (await ana.get(f"/api/v1/audit?{query}")).json()["code"] == "bad_value", query
