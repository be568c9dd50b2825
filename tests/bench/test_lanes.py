"""A hub whose scenes are at work is killed twice: every effect at its receiver, once, at its time."""

from __future__ import annotations

import pytest

from unisono.bench.hub import Hub
from unisono.bench.lanes import measure_scenes


@pytest.mark.timeout(300)
def test_two_kills() -> None:
    hub = Hub()
    hub.settle("outside.toml", 'hosts = ["127.0.0.1"]\n')
    with hub:
        found = measure_scenes(hub, kills=2, lanes=3, load_s=1.5, say=lambda text: None)
    assert found["effects_right"], found
    assert found["timers_right_to_the_second"], found
    assert found["done"] and found["timed"] and found["due_call"] > 10, "something was measured"
