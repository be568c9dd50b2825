"""What is said in Chinese of a plan that asks back or refuses: which thing is missing, and what it may have been.

Knows the reasons of a plan. What may be offered are names of this place, chosen by likeness; nothing is done with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from rapidfuzz import fuzz, process

from unisono.assist.languages.zh.letters import plain, sounds
from unisono.assist.plan import Plan, Speech

if TYPE_CHECKING:
    from unisono.assist.world import World

__all__ = ["lacks_reset", "spoken", "unable"]

#: Of more than these nobody remembers the first.
_MOST_OFFERED = 4
#: How like a name must be, of 100, to be offered; by characters or by sound.
_LIKE = 55


def spoken(plan: Plan, world: World, offer: Sequence[str]) -> Plan:
    """The plan with what is said of it, where more can be said than its reason alone. ``offer``: between which things."""
    if plan.outcome not in ("ask", "refuse") or plan.why is None or plan.speech is not None:
        return plan
    reason, _, what = plan.why.partition(":")
    text = None
    if reason == "ambiguous" and offer:
        names = _apart([(thing, _name(world, thing)) for thing in offer[:_MOST_OFFERED]], world)
        text = "你说的是哪一个：" + "、".join(names[:-1]) + ("，还是" if len(names) > 1 else "") + names[-1] + "？"
    elif reason == "no_such_thing" and what:
        near = _nearest(what, world)
        text = f"这里没有“{what}”。" + (f"你说的是“{near}”吗？" if near else "")
    elif reason in ("not_possible", "no_such_value", "not_permitted") and what in world.things:
        said = {
            "not_possible": "“{}”做不到这个。",
            "no_such_value": "“{}”没有这样的值。",
            "not_permitted": "你没有权限操作“{}”。",
        }
        text = said[reason].format(_name(world, what))
    return plan if text is None else msgspec.structs.replace(plan, speech=Speech("zh", text))


def unable(doing: str) -> Plan:
    """放行, 校准: what nobody here can do, said as a wish."""
    return Plan(outcome="ask", why="what_to_do", speech=Speech("zh", f"我不会“{doing}”，要我做什么？"))


def lacks_reset(plan: Plan, thing: str, world: World) -> Plan:
    """The refusal, with what is missing."""
    return msgspec.structs.replace(plan, speech=Speech("zh", f"“{_name(world, thing)}”没有复位功能。"))


def _name(world: World, thing: str) -> str:
    """What a thing is called in Chinese, else its title."""
    return _chinese(world.things[thing].names)


def _chinese(names: Sequence[str]) -> str:
    return next((name for name in names if any("\u3400" <= c <= "\u9fff" for c in name)), names[0])


def _apart(named: Sequence[tuple[str, str]], world: World) -> list[str]:
    """Two of one name are told apart by their places."""
    names = [name for _, name in named]
    places = {thing: world.places[world.things[thing].place].names for thing, _ in named}
    return [f"{_chinese(places[thing])}的{name}" if names.count(name) > 1 else name for thing, name in named]


def _nearest(said: str, world: World) -> str | None:
    """The name most like what was said; None where none is like it."""
    names = {
        name: plain(name) for each in (world.things, world.places) for about in each.values() for name in about.names
    }
    written = process.extractOne(said, names, scorer=fuzz.ratio, score_cutoff=_LIKE)
    if written is not None:
        return str(written[2])
    heard = next(iter(sounds(said)), "")
    by_sound = {name: next(iter(sounds(text)), "") for name, text in names.items()}
    found = process.extractOne(heard, by_sound, scorer=fuzz.ratio, score_cutoff=_LIKE + 20) if heard else None
    return None if found is None else str(found[2])
