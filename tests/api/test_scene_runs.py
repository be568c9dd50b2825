"""Running scenes over HTTP, what their runs did, and why they did not run; modes of places."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.api.conftest import Hub
from tests.api.test_live import frame, watching
from tests.api.test_scenes import EVENING, YAML, add_things, person, send
from tests.api.test_things import add
from unisono.api.context import now_us
from unisono.scene.cause import Cause
from unisono.scene.running.compiled import Refusal
from unisono.scene.running.run import Trace
from unisono.scene.running.standing import TriggerView
from unisono.scene.talk import RunAsk, RunsAsk, RunView, StopAsk

AT = 1_795_341_600_000_000
DAY_US = 86_400_000_000
DOOR = [(3, "open"), (2.5, "closed"), (2, "open"), (1, "open")]
OPENED = Cause(0, "change", "door", "contact", "open", AT)
ENDED = RunView(
    "evening-1",
    "evening",
    "done",
    OPENED,
    AT,
    AT + 2_000_000,
    steps=[Trace("then.0.set", "asked", {"lamp": {"wants": {"on_off": True}, "command": "evening-1.1"}}, AT)],
)
OPEN = RunView("evening-2", "evening", "running", Cause(-1, "hand", name="wei", at=AT), AT, step="then.1", waits="time")
DARK = Refusal("a condition said no", "if.0.sun", "up", Cause(1, "time", value=AT - 9_000_000, at=AT), AT, 3)


@pytest.fixture
async def scene(hub: Hub) -> None:
    await add_things(hub)
    assert (await send(hub)).status_code == 201


async def test_a_run_by_hand(hub: Hub, scene: None) -> None:
    hub.owner.runs = [OPEN]
    ran = (await hub.http.post("/api/v1/scenes/evening/run")).json()
    assert ran["run"]["id"] == "evening-2"
    assert ran["run"]["cause"] == {
        "trigger": None,
        "what": "hand",
        "thing": None,
        "name": "wei",
        "value": None,
        "at": "2026-11-22T10:00:00.000Z",
    }
    assert (ran["run"]["step"], ran["run"]["waits"], ran["run"]["ended"]) == ("then.1", "time", None)
    assert (ran["refusal"], ran["queued"]) == (None, False)
    hub.owner.refusals = [DARK]
    refused = (await hub.http.post("/api/v1/scenes/evening/run")).json()
    assert (refused["run"], refused["queued"]) == (None, False)
    assert (refused["refusal"]["why"], refused["refusal"]["seen"]) == ("a condition said no", "up")
    assert (await hub.http.post("/api/v1/scenes/evening/run?even_if=true")).json()["run"] is not None
    hub.owner.runs, hub.owner.refusals = [], []
    assert (await hub.http.post("/api/v1/scenes/evening/run")).json()["queued"] is True
    by = {"kind": "program", "id": "local", "role": "administrator", "from": "hub"}
    assert hub.owner.asked_runs[:3] == [RunAsk("evening", by), RunAsk("evening", by), RunAsk("evening", by, True)]


async def test_a_dry_run_says_what_would_be_and_does_nothing(hub: Hub, scene: None) -> None:
    before = len(hub.owner.entries)
    would = (await hub.http.post("/api/v1/scenes/evening/run?dry_run=true&even_if=true")).json()
    assert (would["runs"], would["state"], would["why"]) == (True, "done", None)
    assert would["steps"] == [
        {"after_s": 0.5, "scene": "evening", "path": "then.0.set", "did": "asked", "seen": {"lamp": {"on_off": True}}}
    ]
    assert (would["commands"][0]["thing"], would["commands"][0]["set"]) == ("lamp", {"on_off": True})
    assert (would["effects"][0]["kind"], would["modes"]) == ("notify", {"home": "night"})
    would = (await hub.http.post("/api/v1/scenes/evening/run?dry_run=true")).json()
    assert (would["runs"], would["path"], would["seen"], would["steps"]) == (False, "if.0.sun", "up", [])
    assert (hub.owner.asked_runs, len(hub.owner.entries)) == ([], before)


async def test_stopping(hub: Hub, scene: None) -> None:
    hub.owner.runs = [OPEN, ENDED]
    stopped = (await hub.http.post("/api/v1/scenes/evening/stop")).json()["items"]
    assert [each["id"] for each in stopped] == ["evening-2"]
    assert hub.owner.asked_runs == [StopAsk("evening", {"kind": "program", "id": "local"})]


async def test_the_trace_says_what_it_did_and_why_it_did_not(hub: Hub, scene: None) -> None:
    hub.owner.runs, hub.owner.refusals = [OPEN, ENDED], [DARK]
    found = (await hub.http.get("/api/v1/scenes/evening/trace")).json()
    assert [each["id"] for each in found["runs"]] == ["evening-2", "evening-1"]
    done = found["runs"][1]
    assert done["cause"]["trigger"] == "when.0.change"
    assert (done["state"], done["ended"], done["why"]) == ("done", "2026-11-22T10:00:02.000Z", None)
    assert done["steps"][0]["seen"]["lamp"]["wants"] == {"on_off": True}
    assert found["triggers"] == []
    hub.owner.triggers = [TriggerView("when.0.change", "door", False, "closed"), TriggerView("when.1.time", next=AT)]
    change, time = (await hub.http.get("/api/v1/scenes/evening/trace")).json()["triggers"]
    assert (change["path"], change["thing"], change["fits"], change["seen"]) == (
        "when.0.change",
        "door",
        False,
        "closed",
    )
    assert (time["thing"], time["fits"], time["next"]) == (None, None, "2026-11-22T10:00:00.000Z")
    refusal = found["refusals"][0]
    assert (refusal["why"], refusal["path"], refusal["count"]) == ("a condition said no", "if.0.sun", 3)
    assert refusal["cause"]["value"] == "2026-11-22T09:59:51.000Z", "the moment that was meant"
    one = (await hub.http.get("/api/v1/scenes/evening/trace?run=evening-1&limit=5")).json()
    assert ([each["id"] for each in one["runs"]], one["refusals"], one["triggers"]) == (["evening-1"], [], [])
    assert hub.owner.asked_runs[-1] == RunsAsk("evening", "evening-1", 5)
    assert (await hub.http.get("/api/v1/scenes/nothing/trace")).json()["code"] == "not_found"


async def test_a_scene_and_the_list_say_how_it_stands(hub: Hub, scene: None) -> None:
    later = msgspec.structs.replace(OPEN, started=AT + 10_000_000)
    hub.owner.runs, hub.owner.refusals = [later, ENDED], [DARK]
    listed = (await hub.http.get("/api/v1/scenes")).json()["items"][0]
    shown = (await hub.http.get("/api/v1/scenes/evening")).json()
    for found in (listed, shown):
        now = found["now"]
        assert (now["running"], now["queued"], now["next"]) == (1, 0, "2026-11-22T10:00:00.000Z")
        assert (now["last"]["id"], now["last"]["state"]) == ("evening-1", "done")
        assert now["began"] == "2026-11-22T10:00:10.000Z", "the open one counts"
        assert now["refusal"]["path"] == "if.0.sun"
    await hub.owner.stop()
    assert (await hub.http.get("/api/v1/scenes")).json()["items"][0]["now"] is None
    assert (await hub.http.get("/api/v1/places/home")).json()["mode"] is None
    assert (await hub.http.post("/api/v1/scenes/evening/run")).json()["code"] == "owner_unavailable"
    await hub.owner.start()


async def test_who_may_run_what(hub: Hub, scene: None) -> None:
    """Whoever may do by hand all that it does."""
    await add(hub, id="lock", model="lock", place="home")
    unlock = (
        EVENING.replace("id: evening", "id: unlock")
        .replace("[lamp]", "[lock]")
        .replace("on_off: true", "locked: false")
    )
    assert (await send(hub, unlock)).status_code == 201
    hub.owner.runs = [OPEN]
    async with (
        await person(hub, "guest", {"home": "guest"}) as guest,
        await person(hub, "viewer", {"home": "viewer"}) as viewer,
        await person(hub, "member", {"home": "member"}) as member,
    ):
        for who, id, allowed in (
            (guest, "evening", True),
            (guest, "unlock", False),
            (viewer, "evening", False),
            (member, "unlock", True),
        ):
            for verb in ("run", "stop"):
                answer = await who.post(f"/api/v1/scenes/{id}/{verb}")
                assert (answer.status_code == 200) is allowed, (id, verb, answer.text)
        assert (await viewer.get("/api/v1/scenes/evening/trace")).status_code == 200
        assert (await viewer.put("/api/v1/places/home/mode", json={"mode": "away"})).json()["code"] == "not_allowed"
        assert (await guest.put("/api/v1/places/home/mode", json={"mode": "away"})).json()["mode"] == "away"


async def test_modes_of_places(hub: Hub, scene: None) -> None:
    assert (await hub.http.get("/api/v1/places/home")).json()["mode"] == "home"
    put = (await hub.http.put("/api/v1/places/living_room/mode", json={"mode": "movie_night"})).json()
    assert (put["id"], put["mode"]) == ("living_room", "movie_night")
    listed = (await hub.http.get("/api/v1/places")).json()["items"]
    assert {each["id"]: each["mode"] for each in listed} == {"home": "home", "living_room": "movie_night"}
    for body, field in (({"mode": "Away!"}, "mode"), ({"mode": 3}, "mode"), ({}, "mode"), ({"mode": "a", "b": 1}, "b")):
        problem = (await hub.http.put("/api/v1/places/home/mode", json=body)).json()
        assert (problem["code"], problem["field"]) == ("bad_value", field), problem
    assert (await hub.http.put("/api/v1/places/attic/mode", json={"mode": "away"})).status_code == 404


async def test_yaml_by_another_name(hub: Hub, scene: None) -> None:
    text = EVENING.replace("id: evening", "id: again")
    answer = await hub.http.post("/api/v1/scenes", content=text, headers={"Content-Type": "text/yaml; charset=utf-8"})
    assert answer.status_code == 201, answer.text


async def test_runs_are_live_for_who_follows_the_place(hub: Hub, scene: None) -> None:
    await hub.http.post("/api/v1/places", json={"id": "plant", "name": "Plant"})
    async with (
        watching(hub, {"place": "living_room"}) as follower,
        watching(hub, {"place": "plant"}, {"thing": "lamp"}) as other,
    ):
        hub.owner.run(OPEN, RunView("nothing-1", "nothing", "done", OPENED, AT))
        hub.owner.run(ENDED)
        seen: dict[str, Any] = {}
        while len(seen) < 2:
            found = await frame(follower)
            assert found["scene"] == "evening"
            seen[found["run"]["id"]] = found["run"]
        assert (seen["evening-2"]["waits"], seen["evening-1"]["state"]) == ("time", "done")
        assert seen["evening-1"]["cause"]["thing"] == "door"
        hub.owner.bus.publish("live.runs.0", b"\xc1")
        await other.send('{"ping": 2}')
        assert await frame(other) == {"pong": 2}, "nothing of the scene came before it"


async def test_a_scene_that_moves_is_live_where_it_is(hub: Hub, scene: None) -> None:
    moved = EVENING.replace("place: living_room", "place: home")
    async with watching(hub, {"place": "living_room"}) as room, watching(hub, {"place": "home"}) as home:
        hub.owner.run(OPEN)
        assert (await frame(room))["scene"] == (await frame(home))["scene"] == "evening"
        assert (await send(hub, moved, "PUT", "/evening")).status_code == 200
        hub.owner.run(ENDED)
        assert (await frame(home))["run"]["id"] == "evening-1"
        await room.send('{"ping": 2}')
        assert await frame(room) == {"pong": 2}, "the scene is somewhere else now"


async def test_a_scene_against_the_past(hub: Hub) -> None:
    await add_things(hub)
    now = now_us()
    past = [(int(now - days * DAY_US), number + 2, each) for number, (days, each) in enumerate(DOOR)]
    hub.owner.points = [(now - 9 * DAY_US, 1, "closed"), *past]
    hub.owner.modes = {"home": "away", "nowhere": "home"}
    answer = await hub.http.post("/api/v1/scenes/backtest", content=EVENING, headers=YAML)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["count"], found["resolution_s"], found["series"], found["unseen"]) == (2, None, 2, [])
    assert [run["cause"]["thing"] for run in found["runs"]] == ["door", "door"]
    assert found["runs"][0]["steps"][0]["path"] == "then.0.set"
    assert (await hub.http.get("/api/v1/scenes")).json()["items"] == [], "nothing is saved"
    shorter = await hub.http.post("/api/v1/scenes/backtest?from=-60h&to=-1h", content=EVENING, headers=YAML)
    assert shorter.json()["count"] == 1
    assert (await send(hub)).status_code == 201
    outer = EVENING.replace("id: evening", "id: outer") + "  - scene: {id: evening}\n"
    assert (await send(hub, outer, path="/backtest")).json()["count"] == 2


async def test_a_past_that_cannot_be_tried_says_why(hub: Hub) -> None:
    await add_things(hub)
    for query, field in (("from=-400d", "from"), ("from=-1h&to=-2h", "from"), ("from=then", "from")):
        wrong = await send(hub, path=f"/backtest?{query}")
        assert (wrong.status_code, wrong.json()["field"]) == (422, field), wrong.text
    unknown = await send(hub, EVENING.replace("things: [lamp]", "things: [lump]"), path="/backtest")
    assert unknown.json()["field"] == "then.0.set.things.0"
    guest = await person(hub, "guest", {"home": "viewer"})
    async with guest:
        refused = await guest.post("/api/v1/scenes/backtest", content=EVENING, headers=YAML)
        assert refused.status_code == 403


async def test_of_a_past_with_very_many_values_the_last_of_each_while_counts(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_things(hub)
    monkeypatch.setattr("unisono.api.scenes.backtest.MAX_VALUES", 2)
    start = now_us() - DAY_US
    hub.owner.points = [(start + n, n + 1, "open") for n in range(200)]
    found = (await send(hub, path="/backtest")).json()
    assert found["resolution_s"] > 1
    assert {ask.points for ask in hub.owner.asked_history} >= {50}
    monkeypatch.setattr("unisono.api.scenes.backtest.MAX_SERIES", 1)
    many = (await send(hub, path="/backtest")).json()
    assert (many["code"], many["field"]) == ("too_many", "when")
