"""Signing in through another service, against a real one in this process: there and back, and what is refused."""

from __future__ import annotations

import asyncio
import secrets
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.api.conftest import Hub
from tests.api.issuer import CLIENT, SECRET, Provider, provider
from tests.api.test_accounts import person, refused
from unisono.access import Outside, authority
from unisono.api.auth import Throttle
from unisono.api.people import oidc


@pytest.fixture
def there() -> Iterator[Provider]:
    with provider() as found:
        yield found


@pytest.fixture
def hub(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """This machine may be called, and who is refused often need not wait in these tests."""
    hub.context.outside = Outside(hosts=("127.0.0.1",))
    monkeypatch.setattr(Throttle, "FREE", 100)
    return hub


async def set_up(hub: Hub, there: Provider, **more: Any) -> httpx.Response:
    body = {"issuer": there.url, "client_id": CLIENT, "client_secret": SECRET, "name": "Work", **more}
    return await hub.http.put("/api/v1/oidc", json=body)


async def vouched(there: Provider, http: httpx.AsyncClient, path: str = "/login/oidc/start") -> dict[str, str]:
    """Begin, go there, and come back with what the page sends on."""
    begun = await http.post(f"/api/v1{path}")
    assert begun.status_code == 200, begun.text
    code, state = there.authorize(begun.json()["url"])
    assert state == begun.json()["state"]
    return {"code": code, "state": state, "key": begun.json()["key"]}


async def sign_in(there: Provider, http: httpx.AsyncClient) -> httpx.Response:
    return await http.post("/api/v1/login/oidc", json=await vouched(there, http))


async def link(hub: Hub, there: Provider, id: str) -> None:
    async with await person(hub, id) as http:
        answer = await http.post(f"/api/v1/users/{id}/oidc", json=await vouched(there, http, f"/users/{id}/oidc/start"))
        assert answer.status_code == 200, answer.text
        assert answer.json()["subject"] == there.user["sub"]


async def test_an_account_is_linked_and_signs_in(hub: Hub, there: Provider) -> None:
    assert (await hub.http.get("/api/v1/login")).json()["oidc"] is None
    answer = await set_up(hub, there)
    assert answer.status_code == 200, answer.text
    assert answer.json()["redirect"] == f"{hub.url}/"
    assert answer.json()["secret"] is True
    assert (await hub.http.get("/api/v1/login")).json()["oidc"] == "Work"
    await link(hub, there, "ana")
    async with hub.client(None) as http:
        signed = await sign_in(there, http)
        assert signed.status_code == 200, signed.text
        assert signed.json()["user"] == "ana"
    async with hub.client(signed.json()["token"]) as ana:
        assert (await ana.get("/api/v1/me")).json()["id"] == "ana"
        listed = (await ana.get("/api/v1/users/ana/oidc")).json()["items"]
        assert [(each["issuer"], each["subject"]) for each in listed] == [(there.url, "u-1")]
    acts = [(each["act"], each["detail"].get("how")) for each in (await hub.http.get("/api/v1/audit")).json()["items"]]
    assert ("signed_in", "oidc") in acts
    assert {"oidc_changed", "oidc_linked"} <= {act for act, _how in acts}


async def test_the_secret_is_kept_sealed_and_for_its_client_only(hub: Hub, there: Provider) -> None:
    await set_up(hub, there, admit=True)
    assert SECRET not in str(await hub.context.registry.get_meta("oidc"))
    assert SECRET not in (await hub.http.get("/api/v1/oidc")).text
    body = {"issuer": there.url, "client_id": CLIENT, "admit": True}
    assert (await hub.http.put("/api/v1/oidc", json=body)).json()["secret"] is True, "not given: the old one stays"
    assert (await hub.http.get("/api/v1/login")).json()["oidc"] == there.url, "without a name, the address"
    async with hub.client(None) as http:
        assert (await sign_in(there, http)).status_code == 200
    other = await hub.http.put("/api/v1/oidc", json={**body, "client_id": "other"})
    assert other.json()["secret"] is False, "never shown to another"
    await set_up(hub, there)
    assert (await hub.http.put("/api/v1/oidc", json={**body, "client_secret": ""})).json()["secret"] is False


async def test_a_secret_in_the_form_where_the_issuer_wants_it_so(hub: Hub, there: Provider) -> None:
    there.methods = ["client_secret_post"]
    await set_up(hub, there, admit=True)
    async with hub.client(None) as http:
        assert (await sign_in(there, http)).status_code == 200


async def test_nobody_unknown_comes_in_unless_they_are_admitted_and_then_without_rights(
    hub: Hub, there: Provider
) -> None:
    """What the issuer calls them makes them nobody who is here already."""
    await hub.http.post("/api/v1/users", json={"id": "ana_b", "password": "correct horse", "role": "administrator"})
    await set_up(hub, there)
    async with hub.client(None) as http:
        assert await refused(sign_in(there, http)) == (401, "bad_credentials")
        await set_up(hub, there, admit=True)
        signed = (await sign_in(there, http)).json()
        again = (await sign_in(there, http)).json()
    assert signed["user"] == again["user"] == "ana_b_2"
    new = (await hub.http.get("/api/v1/users/ana_b_2")).json()
    assert (new["name"], new["role"], new["grants"], new["program"]) == ("Ana B", "", {}, False)
    async with hub.client(signed["token"]) as http:
        assert (await http.get("/api/v1/things")).json()["items"] == []
        assert await refused(http.get("/api/v1/users")) == (403, "not_allowed")
    await hub.http.patch("/api/v1/users/ana_b_2", json={"disabled": True})
    async with hub.client(None) as http:
        assert await refused(sign_in(there, http)) == (401, "bad_credentials")
    there.user = {"sub": "漢"}
    async with hub.client(None) as http:
        assert len((await sign_in(there, http)).json()["user"]) == 26, "no name that could be an id: drawn by lot"


OTHERS_KEY = rsa.generate_private_key(65537, 2048)
WRONG: dict[str, dict[str, Any]] = {
    "signed by another": {"signer": OTHERS_KEY},
    "a key that the issuer has not": {"header": {"kid": "k9"}},
    "no key named, and several there": {"header": {}},
    "no signature": {"algorithm": "none"},
    "signed with the client's secret": {"algorithm": "HS256", "signer": SECRET * 3},
    "for another client": {"claims": {"aud": "other"}},
    "for several, made for another": {"claims": {"aud": [CLIENT, "other"], "azp": "other"}},
    "for several, not said for whom": {"claims": {"aud": [CLIENT, "other"]}},
    "from another issuer": {"claims": {"iss": "https://id.example.org"}},
    "run out": {"claims": {"exp": int(time.time()) - 3600, "iat": int(time.time()) - 7200}},
    "without an end": {"claims": {"exp": None}},
    "with another nonce": {"claims": {"nonce": "other"}},
    "without a nonce": {"claims": {"nonce": None}},
    "about nobody": {"claims": {"sub": None}},
    "about nobody either": {"claims": {"sub": ""}},
}


async def test_a_token_that_is_not_right_lets_nobody_in(hub: Hub, there: Provider) -> None:
    await set_up(hub, there, admit=True)
    usual = {name: getattr(there, name) for name in ("signer", "header", "algorithm", "claims")}
    async with hub.client(None) as http:
        for what, wrong in WRONG.items():
            for name, value in {**usual, **wrong}.items():
                setattr(there, name, value)
            assert await refused(sign_in(there, http)) == (401, "bad_credentials"), what
        for name, value in usual.items():
            setattr(there, name, value)
        assert (await sign_in(there, http)).status_code == 200, "the same without a fault"
    people = [each["id"] for each in (await hub.http.get("/api/v1/users")).json()["items"]]
    assert people == ["ana_b", "local"]
    failed = (await hub.http.get("/api/v1/audit?act=sign_in_failed")).json()["items"]
    assert len(failed) == len(WRONG)


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("PS256", OTHERS_KEY),
        ("RS512", OTHERS_KEY),
        ("ES256", ec.generate_private_key(ec.SECP256R1())),
        ("ES384", ec.generate_private_key(ec.SECP384R1())),
        ("EdDSA", ed25519.Ed25519PrivateKey.generate()),
    ],
)
async def test_other_signatures_by_key_pairs_count_too(hub: Hub, there: Provider, algorithm: str, key: Any) -> None:
    there.key, there.algorithm = key, algorithm
    await set_up(hub, there, admit=True)
    async with hub.client(None) as http:
        signed = await sign_in(there, http)
        assert signed.status_code == 200, signed.text


async def test_a_code_is_for_once_and_for_the_page_that_began(
    hub: Hub, there: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set_up(hub, there, admit=True)
    async with hub.client(None) as http:
        first = await vouched(there, http)
        assert (await http.post("/api/v1/login/oidc", json=first)).status_code == 200
        second = await vouched(there, http)
        third = await vouched(there, http)
        for what, body in (
            ("used again", first),
            ("a state used again with a new code", {**second, "state": first["state"]}),
            ("a state that nobody began", {**second, "state": "x"}),
            ("an address that was overheard, without the page's key", {**second, "key": "x"}),
            ("tried with a wrong key before", second),
            ("a code for another sign-in", {**third, "code": (await vouched(there, http))["code"]}),
        ):
            answer = await http.post("/api/v1/login/oidc", json=body)
            assert (answer.status_code, answer.json()["code"]) == (401, "bad_credentials"), what
        with monkeypatch.context() as patched:
            patched.setattr(oidc, "OPEN_S", -1.0)
            late = await vouched(there, http)
        assert (await http.post("/api/v1/login/oidc", json=late)).status_code == 401
        with monkeypatch.context() as patched:
            patched.setattr(oidc, "MAX_OPEN", 1)
            forgotten, newest = await vouched(there, http), await vouched(there, http)
        assert (await http.post("/api/v1/login/oidc", json=forgotten)).status_code == 401
        assert (await http.post("/api/v1/login/oidc", json=newest)).status_code == 200
    async with await person(hub, "ana") as ana, await person(hub, "wei") as wei:
        begun = await vouched(there, ana, "/users/ana/oidc/start")
        assert await refused(wei.post("/api/v1/users/wei/oidc", json=begun)) == (401, "bad_credentials")
        begun = await vouched(there, ana, "/users/ana/oidc/start")
        assert await refused(wei.post("/api/v1/login/oidc", json=begun)) == (401, "bad_credentials")
        begun = await vouched(there, ana, "/users/ana/oidc/start")
        assert await refused(wei.post("/api/v1/users/ana/oidc", json=begun)) == (403, "not_allowed")
        taken = ana.post("/api/v1/users/ana/oidc", json=begun)
        assert await refused(taken) == (409, "exists"), "it is the account that was admitted"


async def test_who_unlinks_signs_in_so_no_more(hub: Hub, there: Provider) -> None:
    await set_up(hub, there)
    await link(hub, there, "ana")
    async with hub.client(None) as http:
        signed = (await sign_in(there, http)).json()["token"]
    assert (await hub.http.delete("/api/v1/users/ana/oidc")).status_code == 204
    assert await refused(hub.http.delete("/api/v1/users/ana/oidc")) == (404, "not_found")
    async with hub.client(signed) as http:
        assert (await http.get("/api/v1/me")).status_code == 401, "what was signed in so is over"
    async with hub.client(None) as http:
        assert await refused(sign_in(there, http)) == (401, "bad_credentials")
        begun = await vouched(there, http)
        assert (await hub.http.delete("/api/v1/oidc")).status_code == 204
        assert await refused(http.post("/api/v1/login/oidc", json=begun)) == (401, "bad_credentials")
        assert await refused(http.post("/api/v1/login/oidc/start")) == (404, "not_found")
    assert (await hub.http.get("/api/v1/login")).json()["oidc"] is None
    assert await refused(hub.http.get("/api/v1/oidc")) == (404, "not_found")


async def test_only_named_hosts_are_called(hub: Hub, there: Provider) -> None:
    for outside, why in ((Outside(), "not on the list"), (Outside(hosts=("localhost",)), "inside")):
        hub.context.outside, hub.context._vouching = outside, None
        answer = await set_up(hub, there, issuer=there.url.replace("127.0.0.1", "localhost"))
        assert (answer.status_code, answer.json()["field"]) == (422, "issuer")
        assert why in answer.json()["detail"]
        assert "outside.toml" in answer.json()["mend"]
    assert there.asked == []


async def test_an_issuer_that_is_none_is_not_set(hub: Hub, there: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    for issuer in ("http://id.example.org", f"{there.url}?a=b", "https://", "https://[x", f"{there.url}/elsewhere"):
        answer = await set_up(hub, there, issuer=issuer)
        assert (answer.status_code, answer.json()["field"]) == (422, "issuer"), issuer
    there.said = "https://id.example.org"
    assert "calls itself" in (await set_up(hub, there)).json()["detail"]
    there.said = there.url
    monkeypatch.setattr(there, "configuration", lambda: {"issuer": there.url})
    assert "not whole" in (await set_up(hub, there)).json()["detail"]
    monkeypatch.setattr(there, "configuration", lambda: {"issuer": "x" * 300_000})
    assert "more than" in (await set_up(hub, there)).json()["detail"]
    assert (await hub.http.get("/api/v1/oidc")).status_code == 404


async def test_strangers_make_no_call_each(hub: Hub, there: Provider) -> None:
    await set_up(hub, there)
    async with hub.client(None) as http:
        for _ in range(5):
            assert (await http.post("/api/v1/login/oidc/start")).status_code == 200
        wrong = await http.post("/api/v1/login/oidc/start", headers={"Origin": "https://elsewhere.example"})
        assert wrong.status_code == 403
    assert there.asked == ["/.well-known/openid-configuration"]


async def test_the_name_is_what_the_certificate_must_hold(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call goes to the address that was checked, or the next of them, and TLS still asks for the name."""
    now = datetime.now(UTC)
    root = authority.make_authority("id", now, secrets.token_bytes)
    pair = authority.issue_server(root, ["id.test"], now, secrets.token_bytes)
    for name, content in (("root", root.certificate), ("cert", pair.certificate), ("key", pair.key)):
        (tmp_path / name).write_bytes(content)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    loop = asyncio.get_running_loop()
    usual = loop.getaddrinfo

    async def found(host: Any, port: Any, **more: Any) -> Any:
        if not str(host).endswith(".test"):
            return await usual(host, port, **more)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in ("127.9.9.9", "127.0.0.1")]

    monkeypatch.setattr(loop, "getaddrinfo", found)
    hub.context.outside = Outside(hosts=("*.test",), internal=("127.0.0.0/8",))
    with provider(tls, "id.test") as there:
        assert "could not be asked" in (await set_up(hub, there)).json()["detail"], "nobody trusts it yet"
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "root"))
        other = await set_up(hub, there, issuer=there.url.replace("id.test", "other.test"))
        assert "could not be asked" in other.json()["detail"], "it is another's certificate"
        assert there.asked == []
        assert (await set_up(hub, there, admit=True)).status_code == 200
        async with hub.client(None) as http:
            assert (await sign_in(there, http)).status_code == 200
