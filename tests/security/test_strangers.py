"""What a page of somebody else, a guesser and a reader of logs find at the doors: nothing."""

from __future__ import annotations

import re
import time
from pathlib import Path

import httpx
import pytest

from tests.security.conftest import PASSWORD, Guarded
from unisono.api.door.console import is_built

WRITES = (
    ("POST", "/api/v1/places", {"name": "Evil", "kind": "home"}),
    ("POST", "/api/v1/users", {"id": "eve", "role": "administrator"}),
    ("DELETE", "/api/v1/things/lamp", None),
    ("POST", "/api/v1/things/lamp/commands", {"set": {"on_off": True}}),
)
FOREIGN = {"Origin": "https://evil.example", "Referer": "https://evil.example/", "Sec-Fetch-Site": "cross-site"}


def everything(guarded: Guarded) -> list[tuple[str, httpx.Response]]:
    """An answer of each kind: pages, signing in and out, the API, an error."""
    client = guarded.clients["nobody"]
    guarded.root("POST", "/api/v1/users", {"id": "cookie", "password": PASSWORD, "role": "viewer"})
    login = client.post("/api/v1/login", json={"user": "cookie", "password": PASSWORD})
    headers = {"Authorization": f"Bearer {login.json()['token']}"}
    found = [("login", login), ("me", client.get("/api/v1/me", headers=headers))]
    found.append(("logout", client.delete("/api/v1/login", headers=headers)))
    for path in ("/", "/setup", "/claim", "/push", "/api/docs", "/api/openapi.json", "/api/v1/things", "/nothing"):
        found.append((path, client.get(path)))
    return found


def test_no_answer_sets_a_cookie_or_opens_itself_to_other_pages(guarded: Guarded) -> None:
    """A page of somebody else can ask in nobody's name: the browser adds nothing by itself, and it reads nothing."""
    for name, answer in everything(guarded):
        assert "set-cookie" not in answer.headers, name
        assert not [each for each in answer.headers if each.startswith("access-control-")], name
        assert answer.headers.get("x-content-type-options") == "nosniff" or answer.status_code == 404, name


def test_what_a_browser_brings_by_itself_opens_nothing(guarded: Guarded) -> None:
    token = guarded.hub.token
    with httpx.Client(base_url=guarded.url) as http:
        for brought in (
            {"headers": {"Cookie": f"token={token}; session={token}; Authorization=Bearer {token}"}},
            {"auth": ("local", token)},
            {"params": {"token": token, "access_token": token, "authorization": f"Bearer {token}"}},
        ):
            for method, path, body in WRITES:
                headers = FOREIGN | brought.get("headers", {})  # type: ignore[operator]
                more = {key: value for key, value in brought.items() if key != "headers"}
                answer = http.request(method, path, json=body, headers=headers, **more)  # type: ignore[arg-type]
                assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in"), (brought, path)


def test_another_page_tries_no_passwords_and_codes_through_who_looks_at_it(guarded: Guarded) -> None:
    """A browser sends a form or a text elsewhere without asking first, and says whose page it is."""
    guarded.root("POST", "/api/v1/users", {"id": "former", "password": PASSWORD, "role": "viewer"})
    body = f'{{"user": "former", "password": "{PASSWORD}"}}'
    client = guarded.clients["nobody"]
    for kind in ("application/x-www-form-urlencoded", "text/plain", "application/json"):
        for origin in ("https://evil.example", "null", f"{guarded.url}.evil.example"):
            headers = {**FOREIGN, "Origin": origin, "Content-Type": kind}
            answer = client.post("/api/v1/login", content=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), (kind, answer.text)
    for ours in ({"Origin": guarded.url}, {"Origin": "https://hub.example", "X-Forwarded-Host": "hub.example"}, {}):
        assert client.post("/api/v1/login", content=body, headers=ours).status_code == 200, ours
    preflight = {**FOREIGN, "Access-Control-Request-Method": "POST"}
    asked = client.options("/api/v1/login", headers=preflight)
    assert not [each for each in asked.headers if each.startswith("access-control-")]


def test_nobody_is_given_a_session_before_they_sign_in(guarded: Guarded) -> None:
    """Session fixation: whatever is shown at the sign-in, the session is a new one, and what was shown stays."""
    guarded.root("POST", "/api/v1/users", {"id": "fixed", "password": PASSWORD, "role": "viewer"})
    planted = guarded.root("POST", "/api/v1/users/spare/tokens", {})["token"]
    login = {"user": "fixed", "password": PASSWORD}
    seen = set()
    with guarded.client(planted) as http:
        for _ in range(2):
            made = http.post("/api/v1/login", json=login, headers={"Cookie": f"session={planted}"}).json()["token"]
            seen.add(made)
        assert http.get("/api/v1/me").json()["id"] == "spare"
    assert len(seen - {planted}) == 2
    with guarded.client(seen.pop()) as http:
        assert http.get("/api/v1/me").json()["id"] == "fixed"
        assert http.delete("/api/v1/login").status_code == 204
        assert http.get("/api/v1/me").status_code == 401, "a session that was signed out is no session again"


def test_pages_allow_no_script_but_their_own(guarded: Guarded) -> None:
    client = guarded.clients["nobody"]
    for path in ("/", "/setup", "/claim", "/push", "/api/docs"):
        answer = client.get(path)
        rules = dict(each.strip().split(" ", 1) for each in answer.headers["content-security-policy"].split(";"))
        assert rules["default-src"] == "'none'", path
        assert rules["frame-ancestors"] == "'none'", path
        assert rules["base-uri"] == "'none'", path
        for loose in ("unsafe-inline", "unsafe-eval", "http:", "https:", "*"):
            assert loose not in rules["script-src"], path
            assert loose not in rules["style-src"], path
        assert answer.headers["referrer-policy"] == "no-referrer", path
        assert not re.search(r"<[^>]+\son[a-z]+=", answer.text), path
        assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", answer.text), path


def test_the_consoles_page_names_a_nonce_that_is_never_the_same(guarded: Guarded) -> None:
    """Styles that are made while it runs are let in by it; a page that was built has no other way to have some."""
    if not is_built():
        pytest.skip("the console is not built (make console)")
    seen = set()
    for _ in range(3):
        answer = guarded.clients["nobody"].get("/")
        (nonce,) = re.findall(
            r"style-src 'self' 'nonce-([A-Za-z0-9_-]{22})'", answer.headers["content-security-policy"]
        )
        assert f'nonce="{nonce}"' in answer.text
        assert "UNISONO-NONCE" not in answer.text
        seen.add(nonce)
    assert len(seen) == 3


def test_wrong_passwords_wait_ever_longer(guarded: Guarded) -> None:
    """Four tries at once: three are looked at, the fourth is told how long to wait; the wait grows with each."""
    client = guarded.clients["nobody"]
    login = {"user": "guessed", "password": "wrong"}
    waits = []
    for _ in range(8):
        answer = client.post("/api/v1/login", json=login)
        if answer.status_code == 429:
            waits.append(wait_of(answer))
            if len(waits) == 2:
                break
            time.sleep(waits[-1])  # the wait itself is under test
    assert waits == sorted(waits)
    assert waits[-1] > waits[0]


def test_no_secret_is_in_an_address_or_in_the_log(guarded: Guarded) -> None:
    """After a run with every kind of secret: none is in what the hub printed, in its log files, or in any link."""
    secrets: dict[str, str] = {"first token": guarded.hub.token, "password": "a very secret one"}
    guarded.root("POST", "/api/v1/users", {"id": "secretive", "password": secrets["password"]})
    secrets["session"] = sign_in(guarded, "secretive", secrets["password"])
    with guarded.client(secrets["session"]) as http:
        secrets["totp"] = http.post("/api/v1/users/secretive/totp").json()["secret"]
    secrets["token"] = guarded.root("POST", "/api/v1/users/spare/tokens", {})["token"]
    secrets["thing"] = guarded.root("POST", "/api/v1/things/lamp/secret", None)["secret"]
    made = guarded.root("POST", "/api/v1/invitations", {"grants": {"home": "guest"}})
    secrets["invitation"] = made["code"]
    assert made["url"].partition("#")[0] == f"{guarded.url}/", "what is behind the # is sent nowhere"
    claim = guarded.root("POST", "/api/v1/claims", {"place": "home"})
    secrets["claim"] = claim["code"]
    assert claim["code"] not in claim["url"].partition("#")[0]
    for wrong in ("/api/v1/nothing", "/api/v1/things/%00", "/api/v1/users/spare/tokens/x"):
        guarded.clients["nobody"].get(f"{wrong}?token={secrets['token']}")
    said = guarded.hub.output  # a file: what is kept of it holds no token, from its first line on
    assert re.search(r"^ *Token +in .*/token$", said, re.MULTILINE)
    texts = [said, *(_text(path) for path in guarded.hub.data.rglob("*.log"))]
    for name, secret in secrets.items():
        assert all(secret not in text for text in texts), name
    database = b"".join(path.read_bytes() for path in guarded.hub.data.glob("registry*"))
    for name in ("password", "session", "totp", "token", "thing", "invitation", "claim"):
        for form in (secrets[name], secrets[name].replace("-", "")):
            assert form.encode() not in database, f"{name} is kept in clear"


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace")


def sign_in(guarded: Guarded, user: str, password: str) -> str:
    """The token of a new session; who has to wait after somebody's wrong tries, waits: that is what is asked for."""
    while True:
        answer = guarded.clients["nobody"].post("/api/v1/login", json={"user": user, "password": password})
        if answer.status_code != 429:
            return str(answer.json()["token"])
        time.sleep(wait_of(answer))


def wait_of(answer: httpx.Response) -> int:
    """How long it says to wait."""
    found = re.search(r"\d+", answer.json()["mend"])
    assert found is not None, answer.text
    return int(found[0])
