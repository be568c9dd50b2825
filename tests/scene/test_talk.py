"""Where owners and the API meet on the bus."""

from __future__ import annotations

from unisono.scene.talk import live_runs


def test_each_partition_has_a_subject_of_its_own() -> None:
    assert live_runs("0") != live_runs("1")
