"""Home Assistant discovery of other programs: whole sessions, and all that becomes of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.dialect.recordings import recordings
from unisono.dialect.homeassistant import HOMEASSISTANT
from unisono.testing.dialect import Bench, Message


@pytest.mark.parametrize("session", recordings("homeassistant"), ids=lambda each: each["name"])
def test_a_session_of_another_program(session: dict[str, Any]) -> None:
    made = Bench()
    made.connect(HOMEASSISTANT.bridge())
    messages = [
        Message(topic, body.encode() if isinstance(body, str) else json.dumps(body).encode())
        for topic, body in session["heard"]
    ]
    for _again in range(2):  # what was said before it was announced, it says again
        made.say(*messages)
        made.tick(5)
    assert made.odd == [] and made.letters == []
    assert {key: shown(made, key) for key in made.things} == session["things"]
    made.take_told()
    for each in session["told"]:
        key, want = next(iter(session["things"])), each["want"]
        made.ask(key, call=want["call"]) if "call" in want else made.ask(key, want)
        assert [[message.topic, message.payload.decode()] for message in made.take_told()] == each["says"]


def shown(made: Bench, key: str) -> dict[str, Any]:
    model = made.models[key]
    return {
        "kind": model.kind,
        "calls": sorted(model.actions),
        "events": sorted(model.events),
        "values": {each: [found.trait, made.value(key, each)] for each, found in model.properties.items()},
    }
