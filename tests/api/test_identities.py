"""Who may do what over HTTP with secrets, certificates, claims, rules and tables; and what the directory says."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from tests.api.conftest import Hub
from tests.api.test_things import add, add_home
from unisono.access import open_sealed
from unisono.api.identity import directory
from unisono.api.identity.claiming import WRONG_IN_ALL
from unisono.api.identity.directory import DATED_BACK_US, MAX_SLOW
from unisono.api.things.table import read_csv
from unisono.errors import CallerError
from unisono.store.registry import SignInFacts
from unisono.twin import talk

HOUR_US = 3_600_000_000
PRINT = "ab" * 32

ROLES = ["administrator", "owner", "operator", "member", "guest", "viewer"]

# method, path, body, the roles that may
ROUTES: list[tuple[str, str, Any, set[str]]] = [
    ("POST", "/api/v1/things/lamp/secret", None, {"administrator", "owner"}),
    ("POST", "/api/v1/things/lamp/revoke", None, {"administrator", "owner"}),
    ("GET", "/api/v1/things/lamp/certificates", None, {"administrator", "owner"}),
    ("POST", "/api/v1/things/lamp/certificates", {"fingerprint": PRINT}, {"administrator", "owner"}),
    ("DELETE", f"/api/v1/things/lamp/certificates/{PRINT}", None, {"administrator", "owner"}),
    ("GET", "/api/v1/things/lamp/access", None, {"administrator", "owner"}),
    ("PUT", "/api/v1/things/lamp/access", {"rules": []}, {"administrator", "owner"}),
    ("POST", "/api/v1/claims", {"place": "home"}, {"administrator", "owner"}),
    ("GET", "/api/v1/claims?place=home", None, {"administrator", "owner"}),
    ("POST", "/api/v1/things/lamp/commands", {"set": {"on_off": True}}, {*ROLES} - {"viewer"}),
]


async def token(hub: Hub, role: str, place: str | None = "home", **fields: Any) -> str:
    """A token of a new user with that role, at a place or on the whole hub."""
    user = f"{role}{len((await hub.http.get('/api/v1/users')).json()['items'])}"
    body = {"id": user, "grants": {place: role}} if place else {"id": user, "role": role}
    assert (await hub.http.post("/api/v1/users", json=body)).status_code == 201
    made = await hub.http.post(f"/api/v1/users/{user}/tokens", json={"name": "test", **fields})
    return str(made.json()["token"])


@pytest.mark.parametrize("role", ROLES)
async def test_roles_and_routes(hub: Hub, role: str) -> None:
    await add_home(hub)
    await add(hub, id="lamp", model="light")
    async with hub.client(await token(hub, role, "home" if role != "administrator" else None)) as client:
        for method, path, body, allowed in ROUTES:
            answer = await client.request(method, path, json=body)
            refused = answer.status_code == 403
            assert refused is (role not in allowed), (method, path, answer.status_code, answer.text)
            if refused:
                assert answer.json()["code"] == "not_allowed"
            else:
                assert answer.status_code < 300, (method, path, answer.text)


async def test_a_stranger_to_the_place_sees_nothing_there(hub: Hub) -> None:
    await add_home(hub)
    await add(hub, id="lamp", model="light")
    await hub.http.post("/api/v1/places", json={"id": "plant", "name": "Plant"})
    made = (await hub.http.post("/api/v1/claims", json={"place": "home"})).json()
    async with hub.client(await token(hub, "owner", "plant")) as client:
        for method, path, body, _allowed in ROUTES:
            answer = await client.request(method, path, json=body)
            assert answer.status_code in (403, 404), (method, path, answer.text)
        assert (await client.get("/api/v1/claims")).json()["items"] == []
        assert (await client.delete(f"/api/v1/claims/{made['id']}")).status_code == 404
        table = [{"id": "x", "model": "light", "place": "home"}]
        answer = await client.post("/api/v1/things/bulk", json=table)
        assert answer.json()["rows"][0]["error"]["code"] in ("not_allowed", "not_found")


async def test_without_a_token_nothing_opens(hub: Hub) -> None:
    async with hub.client(None) as client:
        for method, path, body, _allowed in [*ROUTES, ("POST", "/api/v1/things/bulk", [], set())]:
            assert (await client.request(method, path, json=body)).status_code == 401, path
        assert (await client.get("/claim")).status_code == 200


# the directory


async def sign_in(hub: Hub, *shown: talk.Credentials, slowly: bool = False) -> list[talk.SignIn]:
    return (await hub.context.directory.sign_in(talk.SignInAsk(list(shown)), slowly=slowly)).items


def certificate(fingerprint: str = PRINT, **fields: Any) -> talk.Certificate:
    at = time.time_ns() // 1000
    return talk.Certificate(fingerprint, not_before=at, not_after=at + HOUR_US, **fields)


class Readings:
    """What the directory reads of the registry, counted; ``then`` is done once, between reading and telling."""

    def __init__(self, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[list[str]] = []
        self.then: Callable[[], Awaitable[Any]] | None = None
        self._read = hub.context.registry.sign_in_facts
        monkeypatch.setattr(hub.context.registry, "sign_in_facts", self._sign_in_facts)

    async def _sign_in_facts(self, ids: Sequence[str]) -> list[SignInFacts]:
        self.asked.append(list(ids))
        read = await self._read(ids)
        if self.then is not None:
            then, self.then = self.then, None
            await then()
        return read


async def test_a_crowd_is_read_ahead_of(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    await add_home(hub)
    ids = [f"lamp{n:02}" for n in range(30)]
    secrets = {id: (await add(hub, id=id, model="light"))["secret"] for id in ids}
    shown = [talk.Credentials(id, secrets[id]) for id in reversed(ids)]
    hub.context.directory.forget(ids)
    monkeypatch.setattr(directory, "CROWD", 3)
    monkeypatch.setattr(directory, "AHEAD", 12)
    readings = Readings(hub, monkeypatch)
    for start in range(0, 30, 3):
        assert all(each.ok for each in await sign_in(hub, *shown[start : start + 3]))
    assert len(readings.asked) < 6  # not ten: most were known when they came
    assert sorted({id for asked in readings.asked for id in asked if id in secrets}) == ids
    assert not (await sign_in(hub, talk.Credentials("lamp07", secrets["lamp08"])))[0].ok
    count = len(readings.asked)
    for n in range(5):  # strangers in crowds do not make it read the fleet again and again
        await sign_in(hub, *(talk.Credentials(f"nobody{n}{m}", "x") for m in range(4)))
    assert all(len(asked) <= 4 for asked in readings.asked[count + 1 :])


async def test_what_changes_while_it_is_read_does_not_stand(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    await add_home(hub)
    secret = (await add(hub, id="lamp", model="light"))["secret"]
    hub.context.directory.forget(["lamp"])
    readings = Readings(hub, monkeypatch)
    readings.then = lambda: hub.http.post("/api/v1/things/lamp/revoke")
    assert not (await sign_in(hub, talk.Credentials("lamp", secret)))[0].ok
    assert not (await sign_in(hub, talk.Credentials("lamp", secret)))[0].ok
    assert len(readings.asked) >= 2


async def test_a_certificate_signs_in_the_thing_it_is_registered_for(hub: Hub) -> None:
    await add_home(hub)
    secret = (await add(hub, id="lamp", model="light"))["secret"]
    shown = [
        talk.Credentials("", "", certificate=certificate()),
        talk.Credentials("lamp", "", certificate=certificate()),
        talk.Credentials("lock", "", certificate=certificate()),
        talk.Credentials("lamp", secret, certificate=certificate("cd" * 32)),
    ]
    before = await sign_in(hub, *shown)
    assert [each.ok for each in before] == [False, False, False, True]
    assert before[1].code == "bad_credentials"
    await hub.http.post("/api/v1/things/lamp/certificates", json={"fingerprint": PRINT.upper()})
    known = await sign_in(hub, *shown)
    assert [(each.ok, each.id) for each in known] == [(True, "lamp"), (True, "lamp"), (False, "lamp"), (True, "lamp")]
    assert known[2].code == "not_allowed"
    expired = certificate()
    expired.not_after = 1
    assert not (await sign_in(hub, talk.Credentials("", "", certificate=expired)))[0].ok
    recheck = talk.Credentials("lamp", "", stamp=known[0].stamp)
    assert (await sign_in(hub, recheck))[0].ok
    await hub.http.delete(f"/api/v1/things/lamp/certificates/{PRINT}")
    assert [each.ok for each in await sign_in(hub, recheck, *shown)] == [False, False, False, False, True]


async def test_a_certificate_of_our_authority_counts_by_its_subject(hub: Hub) -> None:
    await add_home(hub)
    await add(hub, id="lamp", model="light")
    ours = certificate(subject="lamp", ours=True)
    strange = certificate("cd" * 32, subject="lamp")
    before = certificate("ef" * 32, subject="lamp", ours=True)
    before.not_before -= DATED_BACK_US + HOUR_US  # of another thing that had this id
    shown = [talk.Credentials("", "", certificate=each) for each in (ours, strange, before)]
    answers = await sign_in(hub, *shown)
    assert [each.ok for each in answers] == [True, False, False]
    recheck = talk.Credentials("lamp", "", stamp=answers[0].stamp)
    assert (await sign_in(hub, recheck))[0].ok
    await hub.http.post("/api/v1/things/lamp/revoke")
    assert not (await sign_in(hub, recheck))[0].ok
    assert not (await sign_in(hub, shown[0]))[0].ok
    later = certificate("12" * 32, subject="lamp", ours=True)
    assert (await sign_in(hub, talk.Credentials("", "", certificate=later)))[0].ok


async def test_a_password_that_a_device_chose_waits_its_turn_and_is_remembered(hub: Hub) -> None:
    await add_home(hub)
    await add(hub, id="old", model="light", secret="factory-1")
    right, wrong = talk.Credentials("old", "factory-1"), talk.Credentials("old", "factory-2")
    assert [each.code for each in await sign_in(hub, right, wrong, talk.Credentials("old", ""))] == [
        "later",
        "later",
        "bad_credentials",
    ]
    assert [each.ok for each in await sign_in(hub, right, wrong, slowly=True)] == [True, False]
    assert (await sign_in(hub, right))[0].ok
    hub.context.directory._slow = MAX_SLOW
    assert (await sign_in(hub, wrong, slowly=True))[0].code == "too_many"
    hub.context.directory._slow = 0
    for _ in range(3):
        last = (await sign_in(hub, wrong, slowly=True))[0]
    assert last.code == "too_many"  # guessing at one device is slowed down
    assert (await sign_in(hub, right))[0].ok  # and keeps nobody out who was right before
    await hub.http.post("/api/v1/things/old/secret")
    assert [each.code for each in await sign_in(hub, right)] == ["bad_credentials"]


async def test_a_secret_is_kept_encrypted_only_where_that_is_asked_for(hub: Hub) -> None:
    await add_home(hub)
    await add(hub, id="lamp", model="light")
    registry, pepper = hub.context.registry, hub.context.pepper
    plain = (await hub.http.post("/api/v1/things/lamp/secret?sealed=true")).json()["secret"]
    row = await registry.get_credential("lamp")
    assert row is not None
    assert row.sealed is not None
    assert plain.encode() not in row.sealed + row.hash
    assert open_sealed(row.sealed, "lamp", pepper) == plain
    await hub.http.post("/api/v1/things/lamp/secret?grace_s=60")
    for kind in ("secret", "previous"):
        row = await registry.get_credential("lamp", kind)
        assert row is not None
        assert row.sealed is None


async def test_a_token_that_names_no_place_of_the_hub(hub: Hub) -> None:
    await add_home(hub)
    for user, text in (("x@nowhere", "no place"), ("x@home", "opens nothing")):
        opened = await token(hub, "viewer", "home", scopes=["control"])
        answer = (await sign_in(hub, talk.Credentials(user, opened)))[0]
        assert (answer.ok, answer.code) == (False, "not_allowed")
        assert text in answer.detail
    bare = await hub.http.post("/api/v1/users", json={"id": "nobody"})
    assert bare.status_code == 201
    made = (await hub.http.post("/api/v1/users/nobody/tokens", json={})).json()["token"]
    assert "no place" in (await sign_in(hub, talk.Credentials("x", made)))[0].detail
    for scope in ("publish:things/x", "subscribe:", "fly"):
        refused = await hub.http.post("/api/v1/users/nobody/tokens", json={"scopes": [scope]})
        assert (refused.status_code, refused.json()["code"]) == (422, "bad_value")


async def test_a_role_below_the_root_narrows_what_a_program_controls(hub: Hub) -> None:
    await add_home(hub)
    await hub.http.post("/api/v1/places", json={"id": "server_room", "name": "Server room", "parent": "home"})
    await add(hub, id="lamp", model="light")
    await add(hub, id="rack", model="switch", place="server_room")
    grants = {"home": "operator", "server_room": "viewer"}
    await hub.http.post("/api/v1/users", json={"id": "red", "grants": grants})
    made = (await hub.http.post("/api/v1/users/red/tokens", json={})).json()["token"]
    answer = (await sign_in(hub, talk.Credentials("token", made)))[0]
    assert answer.rights.reads is None
    assert answer.rights.controls == frozenset({"lamp"})
    ask = msgspec.msgpack.encode(talk.ProgramAsk(answer.stamp, "rack", set={"on_off": True}))
    with pytest.raises(CallerError) as refused:
        await hub.context.bus.request(talk.PROGRAM_ASKS, ask, 5)
    assert refused.value.code == "not_allowed"
    await hub.http.post("/api/v1/places", json={"id": "plant", "name": "Plant"})
    await add(hub, id="press", model="press", place="plant")
    await hub.http.patch("/api/v1/users/red", json={"grants": {**grants, "plant": "owner"}})
    ask = msgspec.msgpack.encode(talk.ProgramAsk(answer.stamp, "press", call="start"))
    with pytest.raises(CallerError, match="another root place"):
        await hub.context.bus.request(talk.PROGRAM_ASKS, ask, 5)


# claims


async def test_wrong_codes_are_bounded_in_all(hub: Hub) -> None:
    await add_home(hub)
    code = (await hub.http.post("/api/v1/claims", json={"place": "home", "model": "light"})).json()["code"]
    for number in range(WRONG_IN_ALL):
        asked = talk.ClaimAsk(f"0000-{number:04d}", f"192.0.2.{number}")
        with pytest.raises(CallerError) as refused:
            await hub.context.claiming.redeem(asked)
        assert refused.value.code == "bad_credentials"
    with pytest.raises(CallerError) as refused:
        await hub.context.claiming.redeem(talk.ClaimAsk(code, "198.51.100.1"))
    assert refused.value.code == "too_many"
    assert hub.context.claiming.wrong == WRONG_IN_ALL


async def test_what_the_claim_says_counts_before_what_the_device_says(hub: Hub) -> None:
    await add_home(hub)
    body = {"place": "home", "model": "light", "name": "Hall", "id": "hall"}
    made = (await hub.http.post("/api/v1/claims", json=body)).json()
    answer = await hub.context.claiming.redeem(talk.ClaimAsk(made["code"], "a", "other", "lock", "Other"))
    assert (answer.id, answer.model, answer.place) == ("hall", "light", "home")
    assert (await hub.http.get("/api/v1/things/hall")).json()["name"] == "Hall"
    assert (await hub.http.post("/api/v1/claims", json=body)).json()["code"] == "exists"
    assert (await hub.http.post("/api/v1/claims", json={"place": "nowhere"})).status_code == 404
    assert (await hub.http.post("/api/v1/claims", json={"place": "home", "model": "no.such"})).status_code == 404
    assert (await hub.http.post("/api/v1/claims", json={"place": "home", "valid_s": 1})).status_code == 422
    bare = (await hub.http.post("/api/v1/claims", json={"place": "home"})).json()
    with pytest.raises(CallerError) as refused:
        await hub.context.claiming.redeem(talk.ClaimAsk(bare["code"], "a"))
    assert (refused.value.code, refused.value.field) == ("bad_value", "model")


# tables


TABLES = [
    b"id,name,model,place\nlamp,Lamp,light,home\n",
    b"\xef\xbb\xbfid;name;model;place\r\nlamp;Lamp;light;home\r\n",
    b"sep=;\r\nid;name;model;place\r\nlamp;Lamp;light;home\r\n",
    b"ID\tName\tModel\tPlace\tparent\nlamp\tLamp\tlight\thome\n\n",
    "id\tname\tmodel\tplace\nlamp\tLamp\tlight\thome".encode("utf-16"),
    b'"id","name","model","place",\n"lamp"," Lamp ","light","home",\n,,,,\n',
]


@pytest.mark.parametrize("table", TABLES)
def test_tables_as_spreadsheets_write_them(table: bytes) -> None:
    [line] = read_csv(table)
    assert line.fields == {"id": "lamp", "name": "Lamp", "model": "light", "place": "home"}
    assert line.number == (3 if table.startswith(b"sep") else 2)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (b"", "empty"),
        ("id,name\nx,Küche".encode("latin-1"), "no UTF-8"),
        (b"id,nome\n", "'nome'"),
        (b'id\n"x\n', "line 2"),
    ],
)
def test_what_is_no_table(table: bytes, told: str) -> None:
    with pytest.raises(CallerError, match=told):
        read_csv(table)


def test_a_line_that_is_too_long_is_in_error_alone() -> None:
    good, bad, padded = read_csv(b"id,name\nx,one\ny,two,three\nz,four,,\n")
    assert (good.error, padded.error) == (None, None)
    assert padded.fields == {"id": "z", "name": "four"}
    assert (bad.number, bad.fields["id"]) == (3, "y")
    assert bad.error is not None
    assert (bad.error.detail, bad.error.expected) == ("The line has 3 cells", "at most 2, as the first line")


def test_a_cell_of_several_lines_counts_where_it_begins() -> None:
    lines = read_csv(b'id,name\nx,"one\ntwo"\ny,three\n')
    assert [(line.number, line.fields["id"]) for line in lines] == [(2, "x"), (4, "y")]


async def send(hub: Hub, table: str, **query: Any) -> dict[str, Any]:
    headers = {"Content-Type": "text/csv; charset=utf-8"}
    answer = await hub.http.post("/api/v1/things/bulk", content=table.encode(), headers=headers, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


TABLE = """id,name,model,place,parent,names.zh,sleep_s
bulb,Bulb,light,home,bridge,灯|大灯,
bridge,Bridge,gateway,home,,,
No,Bad,light,home,,,
x1,Bad,no.such,home,,,
x2,Bad,light,nowhere,,,
x3,Bad,light,home,nobody,,
x4,Bad,light,home,x3,,
bulb,Twice,light,home,,,
there,There,light,home,,,
,Nameless,light,home,,,
x5,Bad,light,home,,,soon
"""


async def test_each_line_stands_for_itself_and_the_dry_run_says_the_same(hub: Hub) -> None:
    await add_home(hub)
    await add(hub, id="there", model="lock")
    dry = await send(hub, TABLE, dry_run="true")
    assert (await hub.http.get("/api/v1/things/bulb")).status_code == 404
    real = await send(hub, TABLE)
    shown = [
        (row["row"], row["result"], row.get("error", {}).get("field"), row.get("error", {}).get("code"))
        for row in real["rows"]
    ]
    assert shown == [
        (2, "created", None, None),
        (3, "created", None, None),
        (4, "error", "id", "bad_id"),
        (5, "error", "model", "not_found"),
        (6, "error", "place", "not_found"),
        (7, "error", "parent", "not_found"),
        (8, "error", "parent", "not_found"),
        (9, "error", "id", "exists"),
        (10, "exists", None, None),
        (11, "created", None, None),
        (12, "error", "sleep_s", "bad_value"),
    ]
    assert [{**row, "secret": None} for row in dry["rows"]] == [{**row, "secret": None} for row in real["rows"]]
    assert (dry["dry_run"], dry["created"], real["errors"]) == (True, 3, 7)
    assert real["rows"][8]["differs"] == ["model"]
    assert real["rows"][9]["id"] == "nameless"
    bulb = (await hub.http.get("/api/v1/things/bulb")).json()
    assert (bulb["parent"], bulb["names"]) == ("bridge", {"zh": ["灯", "大灯"]})
    [signed] = await sign_in(hub, talk.Credentials("bulb", real["rows"][0]["secret"]))
    assert signed.ok
    again = await send(hub, TABLE)
    assert [row["result"] for row in again["rows"][:2]] == ["exists", "exists"]


async def test_defaults_and_wrong_kinds_of_tables(hub: Hub) -> None:
    await add_home(hub)
    found = await send(hub, "name\nA\nB\n", place="home", model="light")
    assert [row["id"] for row in found["rows"]] == ["a", "b"]
    for content, kind in ((b"x", "text/plain"), (b"{}", "application/json"), (b"id\n", "text/csv")):
        answer = await hub.http.post("/api/v1/things/bulk", content=content, headers={"Content-Type": kind})
        assert answer.status_code in (400, 422, 429), answer.text
    described = (await hub.http.get("/api/openapi.json")).json()["paths"]["/api/v1/things/bulk"]["post"]
    assert set(described["requestBody"]["content"]) == {"text/csv", "application/json"}


async def test_a_chain_of_parents_that_is_too_long_costs_only_its_end(hub: Hub) -> None:
    await add_home(hub)
    chain: list[dict[str, Any]] = [{"id": f"c{n}", "model": "light", "place": "home"} for n in range(11)]
    for parent, part in pairwise(chain):
        part["parent"] = parent["id"]
    rows = (await hub.http.post("/api/v1/things/bulk", json=chain)).json()["rows"]
    results = [row["result"] for row in rows]
    assert results[0] == results[7] == "created"
    assert results[-1] == "error"
    assert [row["error"]["field"] for row in rows if row["result"] == "error"] == ["parent"] * results.count("error")
