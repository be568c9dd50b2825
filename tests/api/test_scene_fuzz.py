"""Every field of a scene with anything in it: refused with field, reason and what would be right, or saved whole."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import httpx
import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.conftest import Hub
from tests.api.test_things import add, add_home
from unisono.scene.document import Action, Condition, Scene, Trigger, load_scene
from unisono.twin import record

OPEN = {"things": ["door"], "property": "contact", "is": "open"}
DARK = {"things": ["probe"], "property": "illuminance", "below": 50, "for_s": 5}

#: A scene in which every kind of trigger, condition and step stands, with every field of each.
WHOLE: dict[str, Any] = {
    "id": "whole",
    "name": "Whole",
    "place": "home",
    "names": {"zh": ["全部"]},
    "description": "All there is.",
    "enabled": True,
    "mode": "queued",
    "max": 3,
    "when": [
        {"change": {**OPEN, "for_s": 2, "was": "closed"}},
        {"change": {**DARK, "above": 1}},
        {"change": {"things": ["probe"], "property": "illuminance", "by": 10.0}},
        {"change": {"place": "home", "kind": "sensor.contact", "property": "contact", "is_not": "closed"}},
        {"event": {"things": ["bell"], "event": "ring", "fields": {}}},
        {"travel": {"things": ["wei"], "arrives": "home", "within_m": 200, "for_s": 1}},
        {"travel": {"things": ["wei"], "leaves": "home"}},
        {"connection": {"things": ["door"], "is": "offline", "for_s": 60}},
        {"silence": {"things": ["probe"], "property": "illuminance", "for_s": 3600}},
        {"time": {"at": "07:30", "every": "weekday", "missed": "once"}},
        {"time": {"cron": "0 8 * * 1-5", "missed": "all"}},
        {"time": {"at": "sunset", "offset_s": -600}},
        {"time": {"every_s": 900}},
        {"window": {"things": ["probe"], "property": "illuminance", "over_s": 600, "agg": "mean", "below": 10}},
        {
            "window": {
                "things": ["probe"],
                "property": "illuminance",
                "over_s": 60,
                "agg": "max",
                "above": 9,
                "for_s": 1,
            }
        },
        {"mode": {"place": "home", "is": ["away", "night"], "for_s": 1}},
        {"scene": {"id": "other", "ended": "any"}},
    ],
    "if": [
        {"state": {**DARK, "of": "any"}},
        {"time": {"after": "06:00", "before": "23:00", "days": "mon,tue"}},
        {"sun": {"is": "down"}},
        {"whereabouts": {"things": ["wei"], "at": "home", "within_m": 100, "of": "none"}},
        {"connection": {"things": ["lamp"], "is": "online", "of": "all"}},
        {"any": [{"mode": {"place": "home", "is": "away"}}, {"not": {"sun": {"is": "up"}}}]},
        {"all": [{"window": {"things": ["probe"], "property": "illuminance", "over_s": 60, "agg": "min", "above": 1}}]},
        {"cel": {"expression": "lux > 3.0", "given": {"lux": {"thing": "probe", "property": "illuminance"}}}},
    ],
    "then": [
        {"title": "Remember", "snapshot": {"things": ["lamp"], "name": "before"}},
        {"set": {"things": ["lamp"], "state": {"on_off": {"toggle": True}, "brightness": {"add": 5}}, "wait": True}},
        {"set": {"place": "home", "kind": "light", "state": {"on_off": True}, "or_stop": True}},
        {"set": {"things": ["lamp"], "state": {"brightness": {"cel": {"expression": "20 + 3", "given": {}}}}}},
        {"call": {"things": ["radio"], "action": "say", "input": {"text": "hello"}, "wait": True, "or_stop": True}},
        {
            "notify": {
                "to": ["wei"],
                "text": "it is {probe.illuminance}",
                "title": "Dark",
                "priority": "high",
                "group": "dark",
            }
        },
        {"wait": {"for_s": 5}},
        {"wait": {"until": [{"state": {**OPEN, "of": "all"}}], "timeout_s": 60, "otherwise": "stop"}},
        {
            "choose": {
                "branches": [{"if": [{"sun": {"is": "up"}}], "then": [{"stop": {"why": "light"}}]}],
                "otherwise": [{"restore": {"name": "before"}}],
            }
        },
        {"repeat": {"times": 2, "then": [{"wait": {"for_s": 1}}]}},
        {"repeat": {"while": [{"state": OPEN}], "then": [{"wait": {"for_s": 1}}], "at_most": 5}},
        {"repeat": {"until": [{"state": OPEN}], "then": [{"wait": {"for_s": 1}}]}},
        {"scene": {"id": "other", "wait": True}},
        {"mode": {"place": "home", "to": "night"}},
        {
            "http": {
                "url": "https://example.org/hook",
                "method": "PUT",
                "headers": {"X-From": "unisono"},
                "body": {"a": 1},
                "timeout_s": 5,
            }
        },
    ],
}
OTHER = "id: other\nname: Other\nplace: home\nthen: [{wait: {for_s: 1}}]\n"

Path = tuple[Any, ...]


def paths(value: Any, path: Path = ()) -> list[Path]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        found += paths(each, (*path, key))
    return found


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10)
    | st.sampled_from(["lamp", "home", "07:00", "open", "x" * 5000, "25:00", "* * *", "{", "lux >", -1, 0, 1e300]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["is", "things", "set", "cel", "expression", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """The whole scene with one field replaced, left out, or beside a field that there is not; or under another name."""
    document = copy.deepcopy(WHOLE)
    path = draw(st.sampled_from(paths(WHOLE)))
    target: Any = document
    for key in path[:-1]:
        target = target[key]
    change = draw(st.sampled_from(["replace", "replace", "leave out", "add", "rename"]))
    if change == "rename":
        document["name"] = draw(st.text(min_size=1, max_size=20))
    elif change == "replace":
        target[path[-1]] = draw(ANYTHING)
    elif change == "leave out":
        del target[path[-1]]
    elif isinstance(target, dict):
        target[draw(st.text(min_size=1, max_size=8))] = draw(ANYTHING)
    else:
        target.insert(0, draw(ANYTHING))
    return document


def test_the_whole_scene_has_every_field() -> None:
    """Else a field would go untried."""
    seen: dict[type, set[str]] = {}

    def walk(value: Any, said: Any) -> None:
        if isinstance(value, msgspec.Struct):
            for field in msgspec.structs.fields(type(value)):
                if field.encode_name in said:
                    seen.setdefault(type(value), set()).add(field.encode_name)
                    walk(getattr(value, field.name), said[field.encode_name])
        elif isinstance(value, tuple):
            for each, part in zip(value, said, strict=True):
                walk(each, part)

    walk(load_scene(WHOLE), WHOLE)
    assert len(seen) > 30
    shared = {"things", "place", "kind", "is", "is_not", "above", "below", "for_s", "property"}  # tried in some of them
    for kind, names in seen.items():
        missing = {field.encode_name for field in msgspec.structs.fields(kind)} - names
        assert kind in (Scene, Trigger, Condition, Action) or missing <= shared, (kind, missing)


async def test_anything_anywhere(hub: Hub) -> None:
    await add_home(hub)
    body = {"id": "wei", "password": "a long enough one", "grants": {"home": "member"}}
    assert (await hub.http.post("/api/v1/users", json=body)).status_code == 201
    await hub.http.patch("/api/v1/places/home", json={"position": {"latitude": 52.5, "longitude": 13.4}})
    for id, model in (
        ("lamp", "light"),
        ("door", "sensor.contact"),
        ("probe", "sensor.illuminance"),
        ("bell", "doorbell"),
        ("radio", "speaker"),
        ("wei", "person"),
    ):
        await add(hub, id=id, model=model)
    answer = await hub.http.post("/api/v1/scenes", content=OTHER, headers={"Content-Type": "application/yaml"})
    assert answer.status_code == 201
    answer = await hub.http.post("/api/v1/scenes", json=WHOLE)
    assert answer.status_code == 201, answer.text
    await hub.http.delete("/api/v1/scenes/whole")
    client: httpx.Client
    tried = {"refused": 0, "saved": 0}

    @settings(max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(mutated())
    def attempt(document: dict[str, Any]) -> None:
        before = len(hub.owner.entries)
        answer = client.post("/api/v1/scenes", json=document)
        if answer.status_code == 201:
            tried["saved"] += 1
            saved = answer.json()
            put = hub.owner.entries[before]
            assert isinstance(put, record.ScenePut)
            load_scene(put.document)
            assert client.get(f"/api/v1/scenes/{saved['id']}").json()["document"] == saved["document"]
            assert client.delete(f"/api/v1/scenes/{saved['id']}").status_code == 204
            return
        tried["refused"] += 1
        problem = answer.json()
        assert answer.status_code in (404, 409, 413, 422), problem
        assert problem["field"], problem
        assert problem["detail"], problem
        assert problem.get("expected") or problem.get("mend"), problem
        assert hub.owner.entries[before:] == []
        listed = client.get("/api/v1/scenes").json()["items"]
        assert [each["id"] for each in listed] == ["other"]

    def run() -> None:
        nonlocal client
        with httpx.Client(base_url=hub.url, headers=hub.http.headers, timeout=60) as client:
            attempt()

    await asyncio.to_thread(run)
    assert await hub.context.registry.outbox_pending() == []
    assert tried["refused"] > 50, tried
    assert tried["saved"] > 10, tried
