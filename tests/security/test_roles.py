"""Every route as every role, and as nobody: who may, may; who may not is told so, and nothing is done."""

from __future__ import annotations

import httpx
import pytest

from tests.security.conftest import Guarded
from tests.security.routes import MAY, ROLES, ROUTES, Route

REFUSED = {401: "not_signed_in", 403: "not_allowed", 404: "not_found"}


def described(guarded: Guarded) -> set[str]:
    paths = guarded.clients["nobody"].get("/api/openapi.json").json()["paths"]
    return {f"{method.upper()} {path}" for path, operations in paths.items() for method in operations}


def test_every_route_says_whom_it_is_for(guarded: Guarded) -> None:
    there = described(guarded)
    assert sorted(there - set(ROUTES)) == [], "new routes: say in routes.py whom they are for"
    assert sorted(set(ROUTES) - there) == [], "these are gone"


def test_what_is_described_as_open_is_what_is_open(guarded: Guarded) -> None:
    paths = guarded.clients["nobody"].get("/api/openapi.json").json()["paths"]
    told = {
        f"{method.upper()} {path}"
        for path, operations in paths.items()
        for method, operation in operations.items()
        if operation.get("security") == []
    }
    assert told == {name for name, tries in ROUTES.items() if any(each.may == "open" for each in tries)}


TRIES = [
    pytest.param(name, route, id=f"{name.replace('/api/v1', '')}-{number}")
    for name, tries in ROUTES.items()
    for number, route in enumerate(tries)
]


@pytest.mark.parametrize(("name", "route"), TRIES)
def test_who_may_and_who_may_not(guarded: Guarded, name: str, route: Route) -> None:
    """From the weakest on, so that what a refused one could have done would be seen by the next."""
    wrong = []
    for role in sorted(ROLES, key=lambda each: (each in MAY[route.may], ROLES.index(each))):
        status, code = attempt(guarded, name, route, role)
        if role in MAY[route.may]:
            right = 200 <= status < 300 or status in route.also
        elif role == "nobody":
            right = (status, code) == (401, "not_signed_in")
        else:
            right = code == REFUSED.get(status) or status in route.unseen
        if not right:
            wrong.append(f"{role}: {status} {code}")
    assert wrong == []


def attempt(guarded: Guarded, name: str, route: Route, role: str) -> tuple[int, str]:
    """The answer's status and error code. Signing out is tried with a token that nobody else needs."""
    for method, path, body in route.make:
        guarded.root(method, path, body)
    method, _, path = name.partition(" ")
    for key, value in route.fill.items():
        filled = guarded.renew(value) if value.startswith("known_") else value
        path = path.replace(f"{{{key}}}", f"me_{role}" if filled == "me_self" else filled)
    path += f"?{route.query}" if route.query else ""
    if name == "DELETE /api/v1/login" and role != "nobody":
        with guarded.client(guarded.root("POST", f"/api/v1/users/me_{role}/tokens", {})["token"]) as http:
            return http.request(method, path).status_code, ""
    body = {} if route.body is None else {"json": route.body}
    before = newest(guarded, route) if route.slow else []
    while True:
        try:
            answer = guarded.clients[role].request(method, path, timeout=1.0 if route.slow else 30.0, **body)
        except httpx.ReadTimeout:
            if newest(guarded, route) != before:  # taken, and waits for the device; else nothing is decided yet
                return 202, ""
        else:
            break
    problem = answer.headers.get("content-type", "").startswith("application/problem+json")
    return answer.status_code, answer.json()["code"] if problem else ""


def newest(guarded: Guarded, route: Route) -> list[str]:
    """The last command for the thing of a route."""
    found = guarded.root("GET", f"/api/v1/things/{route.fill['thing_id']}/commands?limit=1", None)
    return [each["id"] for each in found["items"]]


def test_who_has_no_role_sees_nothing(guarded: Guarded) -> None:
    """Lists answer whoever is signed in, with what they may see."""
    for path in ("things", "places", "scenes", "alarms", "alarms/definitions", "commands", "outlets", "claims"):
        for role in ("stranger", "neighbour"):
            items = guarded.clients[role].get(f"/api/v1/{path}").json()["items"]
            assert [each for each in items if each.get("id") != "next"] == [], (path, role)
    text = guarded.clients["stranger"].get("/api/v1/status").text
    assert "lamp" not in text


def test_bulk_requests_are_decided_line_by_line(guarded: Guarded) -> None:
    for role in ("stranger", "neighbour", "viewer", "member"):
        http = guarded.clients[role]
        line = {"id": f"by_{role}", "model": "light", "place": "home"}
        told = http.post("/api/v1/things/bulk", json=[line])
        assert told.status_code == 200
        assert "not_allowed" in told.text or "not_found" in told.text, told.text
        command = http.post("/api/v1/commands", json={"things": ["lamp"], "set": {"on_off": True}})
        if role != "member":
            assert "queued" not in command.text, command.text
    there = {each["id"] for each in guarded.clients["administrator"].get("/api/v1/things").json()["items"]}
    assert not {each for each in there if each.startswith("by_")}
