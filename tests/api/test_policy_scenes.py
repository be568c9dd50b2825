"""Scenes that a policy stands against are told when it is put in force or checked, as a scene's own saving tells it."""

from __future__ import annotations

from typing import Any

from tests.api.conftest import Hub
from tests.api.test_scenes import add_things, person, send
from tests.api.test_things import add

UNLOCK = """\
id: {id}
name: Unlock
place: {place}
when:
  - change: {{things: [door], property: contact, is: open}}
then:
  - set: {{things: [lock], state: {{locked: {locked}}}}}
"""
PATH = "/api/v1/places/home/policy"
RULE = {"name": "twice", "then": "confirm", "what": {"kinds": ["lock"], "risk": "sensitive"}}


async def doors(hub: Hub) -> None:
    await add_things(hub)
    await add(hub, id="lock", model="lock", place="home")
    for id, place, locked in (
        ("evening", "home", "false"),
        ("leave", "home", "true"),
        ("arrive", "living_room", "false"),
    ):
        assert (await send(hub, UNLOCK.format(id=id, place=place, locked=locked))).status_code == 201


def told(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["scene"], each["path"]) for each in answer["warnings"]]


async def test_a_policy_names_the_scenes_whose_steps_it_always_refuses(hub: Hub) -> None:
    await doors(hub)
    for answer in (
        (await hub.http.post(f"{PATH}/check", json={"rules": [RULE]})).json(),
        (await hub.http.put(PATH, json={"rules": [RULE]})).json(),
    ):
        assert told(answer) == [("arrive", "then.0.set"), ("evening", "then.0.set")]
        assert "twice" in answer["warnings"][0]["reason"] and "lock" in answer["warnings"][0]["reason"]
        assert '"arrive" among the "scenes"' in answer["warnings"][0]["expected"]
    named = (await hub.http.put(PATH, json={"rules": [{**RULE, "scenes": ["evening", "arrive"]}]})).json()
    assert (named["version"], named["warnings"]) == (2, [])


async def test_an_interlock_names_the_scenes_that_it_holds_back(hub: Hub) -> None:
    await doors(hub)
    never = {"things": ["lock"], "set": {"locked": True}}
    guard = {"name": "open", "never": never, "while": [{"thing": "door", "property": "contact", "is": "open"}]}
    assert told((await hub.http.put(PATH, json={"interlocks": [guard]})).json()) == [("leave", "then.0.set")]


async def test_only_scenes_that_the_asker_may_see_are_named(hub: Hub) -> None:
    await doors(hub)
    async with await person(hub, "wei", {"home": "guest"}) as wei:
        assert len(told((await wei.post(f"{PATH}/check", json={"rules": [RULE]})).json())) == 2
    async with await person(hub, "plumber", {"living_room": "guest"}) as plumber:
        assert (await plumber.post(f"{PATH}/check", json={"rules": [RULE]})).json()["code"] == "not_found"


async def test_a_policy_without_rules_asks_nothing_of_scenes(hub: Hub) -> None:
    await doors(hub)
    assert (await hub.http.put(PATH, json={"confirm_within_s": 30})).json()["warnings"] == []
