"""Suggestions: found in history, shown with their evidence, made a scene or forgotten for good - never unasked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from tests.api.conftest import Hub
from tests.api.test_assist import SECOND, SHANGHAI, home  # noqa: F401  a fixture
from unisono.store.registry import AuditRow
from unisono.twin import talk

PATH = "/api/v1/assist/suggestions"


def habit(hub: Hub) -> list[tuple[int, int, Any]]:
    """On at about 18:40 on weekdays, off at night."""
    midnight = datetime.now(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    points = []
    for back in range(28, 0, -1):
        day = midnight - timedelta(days=back)
        if day.weekday() < 5:
            on = day + timedelta(hours=18, minutes=38 + back % 5)
            points += [(round(on.timestamp()) * SECOND, back * 2, True)]
            points += [(round((on + timedelta(hours=1 + back % 3)).timestamp()) * SECOND, back * 2 + 1, False)]
    hub.owner.points = points
    return points


async def suggested(hub: Hub, **query: Any) -> list[dict[str, Any]]:
    answer = await hub.http.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return [each for each in found if each["scene"]["then"][0]["set"]["things"] == ["lamp"]]


async def test_a_habit_is_suggested_and_becomes_a_scene_when_it_is_accepted(home: Hub) -> None:  # noqa: F811
    assert await suggested(home) == []
    habit(home)
    (each,) = await suggested(home)
    assert each["text"].startswith("Every weekday at 18:4")
    assert each["text"].endswith(": Sofa lamp: on.")
    # the first report only says what it was: nobody is known to have done it
    assert (each["hits"] + each["misses"], each["misses"] <= 1, len(each["evidence"])) == (20, True, each["hits"])
    assert "每个工作日" in (await suggested(home, lang="zh"))[0]["text"]
    assert await home.context.registry.find_scenes() == []
    taken = await home.http.post(f"{PATH}/{each['id']}/accept", json={})
    assert (taken.status_code, taken.json()["scene"]) == (201, each["scene"]["id"])
    (row,) = await home.context.registry.find_scenes()
    assert row.by["kind"] == "assistant"
    assert await suggested(home) == []
    # nor beside its scene when the habit comes earlier now, over an hour that ids turn at
    home.owner.points = [(at - 45 * 60 * SECOND, seq, value) for at, seq, value in home.owner.points]
    assert await suggested(home) == []


async def test_what_is_refused_is_forgotten_for_good(home: Hub) -> None:  # noqa: F811
    habit(home)
    (each,) = await suggested(home)
    assert (await home.http.post(f"{PATH}/{each['id']}/refuse", json={})).status_code == 204
    assert await suggested(home) == []
    for verb in ("accept", "refuse"):
        assert (await home.http.post(f"{PATH}/{each['id']}/{verb}", json={})).status_code == 404


async def test_what_scenes_do_is_nobody_s_habit(home: Hub) -> None:  # noqa: F811
    rows = []
    for number, (at, _seq, value) in enumerate(habit(home)):
        asked = at - SECOND
        by = {"kind": "scene", "id": "s"}
        view = talk.CommandView(f"c{number}", "lamp", "confirmed", by, asked, at, {"on_off": value})
        body = msgspec.msgpack.encode(view)
        rows.append(AuditRow(view.id, "0", "lamp", "home", asked, at, "confirmed", "scene", "s", body))
    await keep_audit(home, rows)
    assert await suggested(home) == []


async def keep_audit(hub: Hub, rows: list[AuditRow]) -> None:
    import sqlalchemy as sa

    from unisono.store.registry import shape
    from unisono.store.registry.tables import command_audit

    async with hub.context.registry._database.write() as connection:
        await connection.execute(sa.insert(command_audit), [shape.values(row) for row in rows])


async def test_who_may_not_automate_is_suggested_nothing(home: Hub) -> None:  # noqa: F811
    habit(home)
    await home.http.post("/api/v1/users", json={"id": "anna", "name": "Anna", "grants": {"home": "guest"}})
    token = (await home.http.post("/api/v1/users/anna/tokens", json={"name": "t"})).json()["token"]
    async with home.client(token) as anna:
        assert (await anna.get(PATH)).json()["items"] == []
