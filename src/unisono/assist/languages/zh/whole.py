"""Of what is said of no place: whose home it is about where several are seen, and what is too much to be meant in passing.

Knows roots and kinds. Decides nothing of the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from unisono.access import Risk
from unisono.assist.abilities import OF_A_LINE
from unisono.assist.languages.zh.cut import Piece

if TYPE_CHECKING:
    from unisono.assist.plan import Step
    from unisono.assist.world import Speaker, World

__all__ = ["ONE", "is_risky", "is_vast", "kin_of", "within_root"]

#: Words for one that both see.
ONE = frozenset({"那个", "这个", "那盏", "这盏", "那台", "这台", "那扇", "这扇", "它"})
#: What a lock may be called after, and how.
_WITH_LOCKS = frozenset({"sensor.contact", "door"})
_LOCK_ENDS = ("锁", "门锁", "的锁", "的门锁", "智能锁")
_AT_HOME = frozenset({"家", "家里", "家中", "屋里", "全家", "家里头", "家里面", "我家", "屋里头"})


def within_root(things: Iterable[str], pieces: Sequence[Piece], world: World, speaker: Speaker) -> list[str]:
    """As `World.at_home`: of the home where 家里 is said, else of the speaker's."""
    homes = [place.id for place in world.places.values() if place.inside is None and place.kind == "home"]
    said = len(homes) == 1 and any(piece.text in _AT_HOME for piece in pieces)
    return list(world.at_home(things, homes[0] if said else speaker.place))


def is_vast(things: Sequence[str], world: World, *, everything: bool) -> bool:
    """Whether it is more than anybody says in passing: all that there is, with machines of a line among it."""
    lines = [thing for thing in things if world.things[thing].kind.partition(".")[0] in OF_A_LINE]
    return everything and len(things) > 1 and bool(lines)


def is_risky(steps: Iterable[Step], world: World) -> bool:
    """Whether any of the steps may do harm."""
    return any(world.risk(t, step.trait or "", step.value) is not Risk.NONE for step in steps for t in step.things)


def kin_of(thing: str, world: World) -> tuple[str, ...]:
    """The locks that are called after a door or its sensor: the 入户门锁 of an 入户门."""
    about = world.things[thing]
    if about.kind not in _WITH_LOCKS:
        return ()
    called = {f"{name}{end}" for name in about.names for end in _LOCK_ENDS}
    return tuple(t.id for t in world.things.values() if t.kind == "lock" and t.id != thing and called & set(t.names))
