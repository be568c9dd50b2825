"""Text to a checked plan. Pure; the speaker's rights are passed in.

    world = world_of_home(load_home(document))          # or of a hub's facts: World(places, things, states, scenes)
    memory = Memory()                                   # one per conversation
    plan = understand("dim the lamp", world, memory, Speaker(person="wei", place="living_room"), now=now)
    encode_plan(plan)                                   # as /api/v1/assist and `unisono understand` write it

The layers and the shapes between them: `unisono.assist.text`. A language is a folder of data:
`unisono.assist.language`.
"""

from __future__ import annotations

from unisono.assist.dialogue import Memory
from unisono.assist.language import guess_language, language_of, languages
from unisono.assist.plan import ACTING, Condition, Plan, Query, Speech, Step, When, encode_plan
from unisono.assist.understand import understand
from unisono.assist.world import Anyone, Place, Rights, Scene, Speaker, Thing, World, thing_of_model, world_of_home

__all__ = [
    "ACTING",
    "Anyone",
    "Condition",
    "Memory",
    "Place",
    "Plan",
    "Query",
    "Rights",
    "Scene",
    "Speaker",
    "Speech",
    "Step",
    "Thing",
    "When",
    "World",
    "encode_plan",
    "guess_language",
    "language_of",
    "languages",
    "thing_of_model",
    "understand",
    "world_of_home",
]
