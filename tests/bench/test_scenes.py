"""The scenes that are measured: they can be saved, and as many as are said watch what changes."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import msgspec

from unisono.bench.frames import payload
from unisono.bench.hub import METER
from unisono.bench.scenes import BOUNDS, KEYS, ScenesOptions, _scene
from unisono.scene.document import load_scene


def test_scenes_can_be_saved_and_watch_what_they_should() -> None:
    options = ScenesOptions(scenes=500)
    watched: Counter[tuple[str, str]] = Counter()
    for number in range(options.scenes):
        scene = load_scene(_scene(number, options))
        assert scene.id == f"scene{number}"
        (trigger,) = scene.when
        assert trigger.change is not None
        watched[trigger.change.things[0], trigger.change.property] += 1
    meters = {key: count for key, count in watched.items() if key[0].startswith("meter")}
    assert sum(meters.values()) == options.watching
    assert set(meters) == {(f"meter{number}", key) for number in range(options.clients) for key in KEYS}
    assert max(count for key, count in watched.items() if key not in meters) == 1


def test_bounds_are_crossed_as_often_as_is_said() -> None:
    assert tuple(each["key"] for each in METER["services"][0]["properties"]) == KEYS
    values = [msgspec.json.decode(payload(number)) for number in range(20_000)]
    crossed = Counter(key for before, now in pairwise(values) for key in KEYS if before[key] <= BOUNDS[key] < now[key])
    assert set(crossed) == {"power"}
    assert 1_200 < len(values) / crossed["power"] < 1_400
