"""Recordings: what a device says and what comes of it, step by step, compared whole.

A file ``tests/dialect/recordings/DIALECT/*.yaml`` is a list of recordings: ``name``, and ``steps``, each one of

- ``up``: a topic, with ``say`` (JSON) or ``bytes`` (text), and ``means``: everything the translator says;
- ``want``: ``set`` or ``call/ACTION`` with the owner's payload, and ``says``: the messages to the device;
- ``hub``: the hub's answer to the last question, and ``means``;
- ``know``: things that the line speaks for from now on; ``means``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import yaml

from unisono.dialect import Asks, Caller, Said, Say, Translator

__all__ = ["plain", "play", "recordings"]

FOLDER = Path(__file__).parent / "recordings"
NOW_MS = 1_700_000_000_000


def recordings(dialect: str) -> list[dict[str, Any]]:
    """All recordings of a dialect."""
    found: list[dict[str, Any]] = []
    for path in sorted((FOLDER / dialect).glob("*.yaml")):
        found += yaml.safe_load(path.read_text("utf-8"))
    return found


def plain(said: Iterable[Said]) -> list[Any]:
    """What was said as plain data: one mapping each, its kind as the key."""
    return [_plain(each) for each in said]


def _plain(said: Said) -> dict[str, Any]:
    kind = type(said).__name__.lower()
    if isinstance(said, Say):
        return {"say": [said.topic, _text(said.payload)]}
    if isinstance(said, Asks):
        facts = {
            key: [_caller(each) if isinstance(each, Caller) else each for each in value]
            if isinstance(value, list)
            else value
            for key, value in said.facts.items()
        }
        return {"asks": {said.kind: facts}}
    values = {key: value for key, value in said._asdict().items() if value not in (None, "", ())}
    values.pop("model", None)
    return {kind: values}


def _caller(caller: Caller) -> str:
    return f"{caller.way} {caller.name}"


def _text(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode()


def play(
    translator: Translator, recording: dict[str, Any], know: Callable[[list[str]], list[Said]] | None = None
) -> None:
    """Play a recording and compare each step whole."""
    token: Any = None
    for number, step in enumerate(recording["steps"]):
        where = f"{recording['name']}, step {number + 1}"
        if "want" in step:
            said: list[Said] = list(translator.wanted(step["thing"], step["want"], step["with"], NOW_MS))
        elif "hub" in step:
            said = translator.answered(token, step["hub"], NOW_MS)
        elif "know" in step:
            assert know is not None
            said = know(step["know"])
        else:
            payload = step["bytes"].encode() if "bytes" in step else json.dumps(step.get("say")).encode()
            heard = translator.heard(step["up"], payload, NOW_MS)
            assert heard is not None, where
            said = heard
        token = next((each.token for each in said if isinstance(each, Asks)), token)
        assert plain(said) == step.get("means", []), where
