"""Sentences said to a hub with many things: the whole request over HTTP, from the text to what would be done.

Knows ``POST /api/v1/assist`` from outside. The sentences are dry runs: what devices take to answer is no matter here.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

from unisono.bench import machine
from unisono.bench.hub import PLACE, Hub

__all__ = ["through_hub"]

#: Said before the clock runs: the words of a language are read at its first sentence.
FIRST = {"en": "is it warm", "zh": "几点了"}


def through_hub(home: dict[str, Any], sayings: dict[str, list[str]]) -> dict[str, dict[str, float]]:
    """Milliseconds of a sentence of each language, whole; and what the hub takes of memory before and after."""
    figures: dict[str, dict[str, float]] = {}
    with Hub() as hub:
        before = machine.memory(hub.pids).pss
        _furnish(hub, home)
        for lang, texts in sayings.items():
            _say(hub, FIRST[lang], lang)
            figures[lang] = _figures([_say(hub, text, lang) for text in texts])
            figures[f"{lang}, a list of one place beside it"] = _figures([_list(hub) for _ in texts])
        after = machine.memory(hub.pids).pss
        figures["memory"] = {"rest_mb": round(before / 1e6, 1), "after_mb": round(after / 1e6, 1)}
    return figures


def _figures(ms: list[float]) -> dict[str, float]:
    spent = sorted(ms)
    return {
        "least_ms": round(spent[0], 2),
        "p50_ms": round(statistics.median(spent), 2),
        "p95_ms": round(spent[int(len(spent) * 0.95)], 2),
    }


def _list(hub: Hub) -> float:
    """The cheapest request there is: what any takes on this machine now."""
    began = time.perf_counter()
    hub.ask("GET", "/api/v1/places?limit=1")
    return (time.perf_counter() - began) * 1000


def _furnish(hub: Hub, home: dict[str, Any]) -> None:
    for place in home["places"][1:]:
        names = {lang: [name] for lang, name in place["names"].items()}
        room = {"id": place["id"], "name": place["name"], "names": names, "kind": "room", "parent": PLACE}
        hub.ask("POST", "/api/v1/places", json=room)
    rows = [
        {
            "id": thing["id"],
            "name": thing["name"],
            "names": {lang: [name] for lang, name in thing["names"].items()},
            "model": thing["kind"],
            "place": thing["in"],
        }
        for thing in home["things"]
    ]
    hub.ask("POST", "/api/v1/things", json=rows)


def _say(hub: Hub, text: str, lang: str) -> float:
    began = time.perf_counter()
    hub.ask("POST", "/api/v1/assist", json={"text": text, "lang": lang, "place": PLACE, "dry_run": True})
    return (time.perf_counter() - began) * 1000
