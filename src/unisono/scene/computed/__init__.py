"""Computed things: groups, templates, counters, timers, thresholds, integrals, meters, trackers and input values.

They stand in `scene` because they are made of its parts - windows, gates, expressions, schedules, places - and are
evaluated in the same fold: pure, no clocks. Knows nothing of where definitions are kept or how values are shown.
"""

from __future__ import annotations

from unisono.scene.computed.document import Definition, Group, dump_computed, load_computed, uses
from unisono.scene.computed.engine import Computer
from unisono.scene.computed.model import definition_of, model_id, model_of
from unisono.scene.computed.soundness import settle

__all__ = [
    "Computer",
    "Definition",
    "Group",
    "definition_of",
    "dump_computed",
    "load_computed",
    "model_id",
    "model_of",
    "settle",
    "uses",
]
