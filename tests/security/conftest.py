"""A real hub with a small home in it, and somebody of every role."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.hub.hub import Hub
from tests.security.routes import ALARM, MODEL, OUTLET, ROLES, SCENE

__all__ = ["Guarded"]

PASSWORD = "a good long one"


class Guarded:
    """The hub, a client for each role, and the ids of what was made for the tries."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.url = f"http://127.0.0.1:{hub.http_port}"
        self.known: dict[str, str] = {}
        self.clients: dict[str, httpx.Client] = {}

    def client(self, token: str | None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def root(self, method: str, path: str, body: Any = None) -> Any:
        """The machine's own token asks; what is there already is no fault."""
        answer = self.clients["local"].request(method, path, json=body)
        assert answer.is_success or answer.status_code == 409, (method, path, answer.text)
        return answer.json() if answer.content else None

    def furnish(self) -> None:
        self.clients["local"] = self.client(self.hub.token)
        for place in ({"id": "home", "name": "Home", "kind": "home"}, {"id": "next", "name": "Next", "kind": "home"}):
            self.root("POST", "/api/v1/places", place)
        self.root("POST", "/api/v1/places", {"id": "kitchen", "name": "Kitchen", "parent": "home"})
        for id in ("lamp", "hush"):
            self.root("POST", "/api/v1/things", {"id": id, "model": "light", "place": "home"})
        self.root("POST", "/api/v1/things", {"id": "plug", "model": "plug", "place": "home"})
        self.root("POST", "/api/v1/scenes", SCENE)
        self.root("POST", "/api/v1/alarms/definitions", ALARM)
        self.root("POST", "/api/v1/outlets", OUTLET)
        self.root("POST", "/api/v1/models", {**MODEL, "id": "acme.kept"})
        self.root("POST", "/api/v1/models", {**MODEL, "id": "acme.pump"})
        self.root("POST", "/api/v1/things", {"id": "valve", "model": "acme.pump", "place": "home"})
        self.root("POST", "/api/v1/users", {"id": "spare", "name": "Spare"})
        self.root("POST", "/api/v1/users", {"id": "root", "role": "administrator"})
        roles: dict[str, dict[str, Any]] = {
            "stranger": {},
            "neighbour": {"grants": {"next": "owner"}},
            "chief": {"role": "owner"},
            "administrator": {"role": "administrator"},
        }
        self.clients["nobody"] = self.client(None)
        for role in ROLES[1:]:
            body = {"id": f"me_{role}", **roles.get(role, {"grants": {"home": role}})}
            self.root("POST", "/api/v1/users", body)
            made = self.root("POST", f"/api/v1/users/me_{role}/tokens", {})
            self.clients[role] = self.client(made["token"])

    def renew(self, name: str) -> str:
        """The id of something that the try may use up."""
        match name:
            case "known_command":
                command = {"set": {"brightness": 1 + len(self.known) % 90}}
                return str(self.root("POST", "/api/v1/things/hush/commands", command)["id"])
            case "known_claim":
                return str(self.root("POST", "/api/v1/claims", {"place": "home"})["id"])
            case "known_token":
                return str(self.root("POST", "/api/v1/users/spare/tokens", {})["id"])
            case "known_invitation":
                return str(self.root("POST", "/api/v1/invitations", {"grants": {"home": "guest"}})["id"])
            case _:
                raise KeyError(name)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Shared by the tests of a module."""
    hub = Hub(tmp_path_factory.mktemp("security") / "data")
    asyncio.run(hub.start())
    found = Guarded(hub)
    try:
        found.furnish()
        yield found
    finally:
        for client in found.clients.values():
            client.close()
        asyncio.run(hub.close())
