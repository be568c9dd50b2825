"""The scenes that a policy, in force or about to be, stands against.

Knows the scenes and who may see them. What a policy refuses for certain is `unisono.scene.checking.permission`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from unisono.access import Action
from unisono.api.auth import Identity
from unisono.api.scenes.books import Book
from unisono.api.scenes.facts import Surroundings
from unisono.api.scenes.parts import parts
from unisono.errors import CallerError
from unisono.scene.checking.permission import refused
from unisono.scene.document import Call, Scene, Set
from unisono.twin.policy import Policy
from unisono.twin.safety import Enforced

if TYPE_CHECKING:
    from unisono.api.context import ApiContext

__all__ = ["SceneRefused", "refused_by"]

#: Steps that are told at once: whoever has more looks at the rule, not at the scenes.
MAX_TOLD = 100
#: Scenes that are looked at before others get their turn.
AT_ONCE = 50


class SceneRefused(msgspec.Struct):
    """A step of a scene that a policy refuses whenever the scene sets itself off."""

    scene: str
    path: str
    reason: str
    expected: str | None


async def refused_by(context: ApiContext, identity: Identity, root: str, policy: Policy) -> list[SceneRefused]:
    """Of the scenes of a root place that the identity may see, the steps that come to nothing with this policy."""
    if not policy.rules and not policy.interlocks:
        return []
    async with context.scenes.books.writing(root) as book:
        scenes = [made.scene for id in book.scenes if (made := book.scenes.get(id)) is not None]
    enforced = Enforced(0, msgspec.json.encode(policy))
    around = Surroundings(context.scenes, identity, root, Book())
    found: list[SceneRefused] = []
    for number, scene in enumerate(sorted(scenes, key=lambda each: each.id)):
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
        if not context.auth.allows(identity, Action.READ, await context.path_of(scene.place)):
            continue
        for each in await _refused(around, scene, enforced):
            if len(found) == MAX_TOLD:
                return found
            found.append(each)
    return found


async def _refused(around: Surroundings, scene: Scene, enforced: Enforced) -> list[SceneRefused]:
    if not any(isinstance(part, Set | Call) for part in parts(scene)):
        return []
    try:
        await around.look_at(scene)
    except CallerError:  # it reaches for more than it could be saved with now
        return []
    findings = refused(scene, around.world, enforced)
    return [SceneRefused(scene.id, each.path, each.reason, each.expected) for each in findings]
