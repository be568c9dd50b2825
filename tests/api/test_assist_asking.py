"""Which things' reports a sentence asks for: those that it is about, before it is understood and before it is done."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Hub
from tests.api.test_assist import home, say
from unisono.api.assist.assistant import MAX_LOOKS, Assistant
from unisono.assist import Plan, Step, World, understand

__all__ = ["home"]  # the fixture


@pytest.fixture
def asked(home: Hub, monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """The things of every question to the owner, in their order."""
    seen: list[set[str]] = []
    owners = home.context.owners
    twins = owners.twins

    async def listening(partition: str, ids: Any) -> Any:
        seen.append(set(ids))
        return await twins(partition, ids)

    monkeypatch.setattr(owners, "twins", listening)
    return seen


async def test_a_sentence_asks_of_what_it_is_about(home: Hub, asked: list[set[str]]) -> None:
    home.context._assist = Assistant(home.context, understand)
    reply = await say(home, "turn the sofa lamp on")
    assert (reply["became"], set().union(*asked)) == ("done", {"lamp"})
    asked.clear()
    assert (await say(home, "who won the match yesterday"))["outcome"] == "ignore"
    assert asked == []


async def test_what_the_sentence_looks_at_is_there_when_it_is_read_again(home: Hub, asked: list[set[str]]) -> None:
    """Half of what it is: known only after it was asked. What was remembered before is remembered once."""
    home.context._assist = Assistant(home.context, understand)
    reply = await say(home, "把沙发灯亮度减半", "zh", dry_run=True)
    assert [each["set"] for each in reply["results"]] == [{"brightness": 25}]
    assert asked == [{"lamp"}]


async def test_who_looks_at_another_each_time_gets_all_of_them(home: Hub, asked: list[set[str]]) -> None:
    looks: list[int] = []

    def wandering(text: str, world: World, *_given: Any, **_more: Any) -> Plan:
        looks.append(len(looks))
        for thing in list(world.things)[: len(looks)]:
            world.state(thing)
        assert world.state("nobody") == {}
        return Plan(outcome="act", steps=(Step(things=("lamp",), trait="on_off", op="set", value=True),))

    home.context._assist = Assistant(home.context, wandering)
    assert (await say(home, "anything"))["became"] == "done"
    assert len(looks) == MAX_LOOKS + 1
    assert set().union(*asked) == {"lamp", "lamp2", "door", "meter"}


async def test_an_owner_that_does_not_answer_is_asked_once(home: Hub, asked: list[set[str]]) -> None:
    home.context._assist = Assistant(home.context, understand)
    home.owner.things.pop("lamp")
    reply = await say(home, "把沙发灯亮度减半", "zh", dry_run=True)
    assert (reply["outcome"], reply["why"]) == ("ask", "what_value")
    assert asked == [{"lamp"}]
