"""Places and things are made once; what exists gets a fresh secret; refusals come through with the hub's words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sim.hub import Api
from unisono.errors import CallerError, HostError
from unisono.sim import provision
from unisono.sim.device import Label
from unisono.sim.kept import Keyring
from unisono.sim.options import SimOptions
from unisono.sim.provision import Provisioner, Wanted
from unisono.sim.world import Place

PLACES = [Place("home", "Home", "家", "home"), Place("hall", "Hall", "玄关", "room", "home")]
THINGS: list[Wanted] = [(Label(f"lamp-{n}", "hall", f"Lamp {n}", "灯" if n else ""), "light") for n in range(5)]


class Site:
    """A provisioner between a fake API and a temporary keyring."""

    def __init__(self, data: Path, token: str = Api.TOKEN) -> None:
        self.api = Api()
        self.data = data
        self.token = token

    def provisioner(self) -> tuple[Provisioner, Keyring]:
        ring = Keyring(self.data)
        options = SimOptions(http="http://hub", token=self.token, data=self.data)
        return Provisioner(options, ring, transport=httpx.MockTransport(self.api.handle)), ring


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


async def test_everything_is_made_with_both_names_and_marked_as_simulated(site: Site) -> None:
    provisioner, ring = site.provisioner()
    await provisioner.ensure(PLACES, THINGS)
    assert site.api.places["hall"] == {
        "id": "hall",
        "name": "Hall",
        "kind": "room",
        "names": {"zh": "玄关"},
        "parent": "home",
    }
    assert "parent" not in site.api.places["home"]
    assert "zone" not in site.api.places["home"]
    assert site.api.things["lamp-1"] == {
        "id": "lamp-1",
        "model": "light",
        "place": "hall",
        "name": "Lamp 1",
        "names": {"zh": "灯"},
        "simulated": True,
    }
    assert "names" not in site.api.things["lamp-0"]
    assert {thing: ring.get(thing) for thing in site.api.secrets} == site.api.secrets
    assert site.api.requests.count("POST /api/v1/things") == 1


async def test_a_restart_asks_for_nothing(site: Site) -> None:
    await site.provisioner()[0].ensure(PLACES, THINGS)
    site.api.requests.clear()
    await site.provisioner()[0].ensure(PLACES, THINGS)
    assert site.api.requests == []


async def test_what_exists_gets_a_fresh_secret_and_the_rest_is_made(site: Site) -> None:
    provisioner, _ = site.provisioner()
    await provisioner.ensure(PLACES, THINGS[1:3])
    old = dict(site.api.secrets)
    (site.data / "sim" / "secrets.json").unlink()
    provisioner, ring = site.provisioner()
    await provisioner.ensure(PLACES, THINGS)
    assert set(site.api.things) == {label.thing for label, _ in THINGS}
    assert {label.thing: ring.get(label.thing) for label, _ in THINGS} == site.api.secrets
    assert old["lamp-1"] != site.api.secrets["lamp-1"]


async def test_many_things_go_in_several_requests(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provision, "BULK", 2)
    await site.provisioner()[0].ensure(PLACES, THINGS)
    assert site.api.requests.count("POST /api/v1/things") == 3
    assert len(site.api.things) == 5


async def test_a_secret_is_renewed_also_for_a_thing_that_is_gone(site: Site) -> None:
    provisioner, ring = site.provisioner()
    await provisioner.ensure(PLACES, THINGS[:1])
    fresh = await provisioner.renew(PLACES, THINGS[0])
    assert fresh == site.api.secrets["lamp-0"] == ring.get("lamp-0")
    site.api.things.clear()
    site.api.places.clear()
    again = await provisioner.renew(PLACES, THINGS[0])
    await provisioner.close()
    assert again == site.api.secrets["lamp-0"] != fresh
    assert Keyring(site.data).get("lamp-0") == again


async def test_a_wrong_token_is_said(site: Site) -> None:
    site.token = "wrong"
    with pytest.raises(CallerError) as caught:
        await site.provisioner()[0].ensure(PLACES, THINGS)
    assert caught.value.code == "not_signed_in"


@pytest.mark.parametrize("places", [[], [Place("hall", "Hall", "玄关", "room", "nowhere")]])
async def test_a_missing_place_is_said(site: Site, places: list[Place]) -> None:
    with pytest.raises(CallerError) as caught:
        await site.provisioner()[0].ensure(places, THINGS)
    assert caught.value.code == "not_found"


async def test_a_hub_that_is_still_starting_is_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provision, "RETRY_S", 0.0)
    site.api.unreachable = 3
    await site.provisioner()[0].ensure(PLACES, THINGS)
    assert len(site.api.things) == 5


async def test_a_hub_that_does_not_answer_is_said(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provision, "PATIENCE_S", 0.0)
    site.api.unreachable = 1
    with pytest.raises(HostError) as caught:
        await site.provisioner()[0].ensure(PLACES, THINGS)
    assert caught.value.code == "hub_unreachable"


@pytest.mark.parametrize(
    ("response", "kind", "code"),
    [
        (httpx.Response(502, text="bad gateway"), HostError, "hub_unreachable"),
        (httpx.Response(418, text="teapot"), CallerError, "bad_request"),
        (httpx.Response(422, json={"code": "bad_model", "detail": "no"}), CallerError, "bad_model"),
    ],
)
async def test_other_answers(site: Site, response: httpx.Response, kind: type[Exception], code: str) -> None:
    options = SimOptions(http="http://hub", data=site.data)
    provisioner = Provisioner(options, Keyring(site.data), transport=httpx.MockTransport(lambda request: response))
    with pytest.raises(kind) as caught:
        await provisioner.ensure(PLACES, THINGS)
    assert getattr(caught.value, "code", None) == code


async def test_a_conflict_without_a_problem_document_counts_as_existing(site: Site) -> None:
    """A proxy in between may rewrite bodies; the status says enough."""

    def handle(request: httpx.Request) -> httpx.Response:
        answer = site.api.handle(request)
        return httpx.Response(409, text="conflict") if answer.status_code == 409 else answer

    options = SimOptions(http="http://hub", token=Api.TOKEN, data=site.data)
    for _ in range(2):
        provisioner = Provisioner(options, Keyring(site.data / str(_)), transport=httpx.MockTransport(handle))
        await provisioner.ensure(PLACES, THINGS)
    assert len(site.api.things) == 5


async def test_a_secret_that_is_not_given_is_said(site: Site) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/secret"):
            return httpx.Response(403, json={"code": "not_allowed", "detail": "not yours"})
        return httpx.Response(409, json={"code": "exists", "detail": "taken"})

    options = SimOptions(http="http://hub", data=site.data)
    provisioner = Provisioner(options, Keyring(site.data), transport=httpx.MockTransport(handle))
    with pytest.raises(CallerError) as caught:
        await provisioner.ensure(PLACES, THINGS[:1])
    assert caught.value.code == "not_allowed"


async def test_places_have_a_zone_and_a_position(site: Site) -> None:
    places = [PLACES[0]._replace(zone="Asia/Tokyo", position=(35.5, 139.5)), PLACES[1]]
    await site.provisioner()[0].ensure(places, THINGS)
    home = site.api.places["home"]
    assert (home["zone"], home["position"]) == ("Asia/Tokyo", {"latitude": 35.5, "longitude": 139.5})


POLICIES: dict[str, dict[str, Any]] = {"home": {"rules": []}}
DOCUMENTS = [("/api/v1/scenes", b"id: one"), ("/api/v1/alarms/definitions", b"id: two")]


async def test_scenes_and_alarms_come_with_the_first_things_and_not_again(site: Site) -> None:
    await site.provisioner()[0].ensure(PLACES, THINGS[:2], DOCUMENTS, POLICIES)
    assert site.api.documents == DOCUMENTS
    assert site.api.policies == POLICIES
    site.api.policies.clear()
    await site.provisioner()[0].ensure(PLACES, THINGS, DOCUMENTS, POLICIES)
    assert site.api.policies == {}
    assert len(site.api.documents) == 2, "somebody may have removed them meanwhile"


async def test_a_scene_that_is_refused_keeps_nobody_back(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.api.takes_documents = False
    provisioner, ring = site.provisioner()
    await provisioner.ensure(PLACES, THINGS, DOCUMENTS[:1])
    assert ring.get("lamp-0") is not None
    assert "No such thing" in caplog.text
