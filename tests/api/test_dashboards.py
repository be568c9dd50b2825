"""Dashboards over HTTP: one's own, shared ones, who may see and change which, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Hub
from tests.api.test_scenes import person
from tests.api.test_things import add_home
from unisono.errors import CallerError
from unisono.store.registry import DashboardRow
from unisono.store.registry.dashboards import MAX_DASHBOARDS

PATH = "/api/v1/dashboards"
CLOCK = {"kind": "clock", "x": 0, "y": 0, "w": 3, "h": 2}
CHART = {
    "kind": "chart", "x": 3, "y": 0, "w": 9, "h": 4, "title": "Warmth", "things": ["probe1"],
    "properties": ["temperature"], "span": "week",
}  # fmt: skip


def body(**more: Any) -> dict[str, Any]:
    return {"name": "Wall", "cards": [CLOCK, CHART], **more}


async def test_one_of_ones_own_is_nobody_elses(hub: Hub) -> None:
    await add_home(hub)
    wei, ann = await person(hub, "wei", {"home": "member"}), await person(hub, "ann", {"home": "owner"})
    async with wei, ann:
        made = await wei.post(PATH, json=body())
        assert made.status_code == 201, made.text
        assert made.json() == {
            "id": "wall", "name": "Wall", "owner": "wei", "place": None, "cards": [CLOCK, CHART], "version": 1,
            "saved_at": made.json()["saved_at"], "saved_by": "wei", "mine": True,
        }  # fmt: skip
        assert (await wei.get(f"{PATH}/wall")).json() == made.json()
        assert (await ann.get(PATH)).json()["items"] == []
        for answer in (
            await ann.get(f"{PATH}/wall"),
            await ann.patch(f"{PATH}/wall", json={"name": "Mine"}),
            await ann.delete(f"{PATH}/wall"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert (await wei.delete(f"{PATH}/wall")).status_code == 204
        assert (await wei.get(PATH)).json() == {"items": [], "next": None}


async def test_one_that_is_shared_is_seen_where_it_is_shared_and_changed_by_who_may(hub: Hub) -> None:
    await add_home(hub)
    roles = {"wei": "member", "ann": "owner", "eve": "viewer"}
    wei, ann, eve = [await person(hub, id, {"home": role}) for id, role in roles.items()]
    out = await person(hub, "out", {})
    async with wei, ann, eve, out:
        assert (await wei.post(PATH, json=body(place="home"))).status_code == 201
        assert (await eve.get(f"{PATH}/wall")).json()["mine"] is False
        assert (await out.get(f"{PATH}/wall")).status_code == 404
        assert (await out.get(PATH)).json()["items"] == []
        refused = await eve.patch(f"{PATH}/wall", json={"name": "Eve's"})
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
        assert (await eve.delete(f"{PATH}/wall")).status_code == 403
        assert (await eve.post(PATH, json=body(id="other", place="home"))).status_code == 403
        changed = await ann.patch(f"{PATH}/wall?version=1", json={"cards": [CLOCK]})
        assert (changed.json()["version"], changed.json()["saved_by"], changed.json()["owner"]) == (2, "ann", "wei")
        late = await wei.patch(f"{PATH}/wall?version=1", json={"name": "Late"})
        assert (late.status_code, late.json()["field"]) == (409, "version")
        alone = await wei.patch(f"{PATH}/wall", json={"place": None, "name": "Mine again"})
        assert (alone.json()["place"], alone.json()["name"], alone.json()["cards"]) == (None, "Mine again", [CLOCK])
        assert (await ann.get(f"{PATH}/wall")).status_code == 404
        again = await wei.patch(f"{PATH}/wall", json={"place": "home"})
        assert again.json()["place"] == "home"


async def test_pages_and_ids(hub: Hub) -> None:
    await add_home(hub)
    for _number in range(3):
        assert (await hub.http.post(PATH, json=body())).status_code == 201
    first = (await hub.http.get(f"{PATH}?limit=2")).json()
    assert ([each["id"] for each in first["items"]], first["next"]) == (["wall", "wall_2"], "wall_2")
    rest = (await hub.http.get(f"{PATH}?limit=2&after=wall_2")).json()
    assert ([each["id"] for each in rest["items"]], rest["next"]) == (["wall_3"], None)
    taken = await hub.http.post(PATH, json=body(id="wall"))
    assert (taken.status_code, taken.json()["code"]) == (409, "exists")


WRONG = [
    (body(cards=[{**CLOCK, "x": 10}]), "cards[0].w"),
    (body(cards=[{**CLOCK, "x": 12}]), "cards[0].x"),
    (body(cards=[{**CLOCK, "kind": "window"}]), "cards[0].kind"),
    (body(cards=[CLOCK, {**CLOCK, "colour": "red"}]), "cards[1].colour"),
    (body(place="nowhere"), "place"),
    (body(id="me"), "id"),
    (body(name=""), "name"),
]


async def test_what_cannot_be_is_refused_at_its_field(hub: Hub) -> None:
    for sent, field in WRONG:
        answer = await hub.http.post(PATH, json=sent)
        assert answer.status_code in (400, 404, 422)
        assert answer.json()["field"] == field, answer.text
    assert (await hub.http.get(PATH)).json()["items"] == []


async def test_changes_are_checked_too(hub: Hub) -> None:
    await add_home(hub)
    await hub.http.post(PATH, json=body())
    wide = await hub.http.patch(f"{PATH}/wall", json={"cards": [{**CLOCK, "x": 11}]})
    assert wide.json()["field"] == "cards[0].w"
    nowhere = await hub.http.patch(f"{PATH}/wall", json={"place": "nowhere"})
    assert nowhere.json()["field"] == "place"
    assert (await hub.http.get(f"{PATH}/wall")).json()["version"] == 1


async def test_the_registry_keeps_its_word(hub: Hub) -> None:
    registry = hub.context.registry
    with pytest.raises(CallerError, match="no place"):
        await registry.add_dashboard(DashboardRow("a", "A", "wei", "nowhere", "[]"))
    for act in (registry.change_dashboard(DashboardRow("a", "A", "wei", None, "[]")), registry.remove_dashboard("a")):
        with pytest.raises(CallerError, match="no dashboard"):
            await act
    for number in range(MAX_DASHBOARDS):
        await registry.add_dashboard(DashboardRow(f"d{number}", "A", "wei", None, "[]"))
    with pytest.raises(CallerError) as caught:
        await registry.add_dashboard(DashboardRow("more", "A", "wei", None, "[]"))
    assert caught.value.code == "too_many"


async def test_one_that_is_shared_goes_with_its_place(hub: Hub) -> None:
    await add_home(hub)
    await hub.http.post("/api/v1/places", json={"id": "shed", "name": "Shed"})
    await hub.http.post(PATH, json=body(place="shed"))
    assert (await hub.http.delete("/api/v1/places/shed")).status_code == 204
    assert (await hub.http.get(f"{PATH}/wall")).status_code == 404
