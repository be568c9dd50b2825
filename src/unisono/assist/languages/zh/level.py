"""Levels in a Chinese wish: what a bare number beside a thing is of, and whether who is set to it is to be on as well.

Knows kinds and their first levels. Decides nothing of who is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from unisono.assist.languages.zh.cut import Piece
from unisono.assist.languages.zh.sentence import has, is_verb
from unisono.assist.plan import Step

if TYPE_CHECKING:
    from unisono.assist.world import World

__all__ = ["level_of", "switched_on"]

#: What a bare number beside a thing of such a kind sets.
_LEVELS = {
    "light": "brightness", "climate": "target_temperature", "cover": "position", "water_heater": "target_temperature",
    "oven": "target_temperature", "floor_heating": "target_temperature", "speaker": "volume", "media": "volume",
}  # fmt: skip
#: A smaller number beside a thing may be its own.
_LEAST_LEVEL = 5
_SMALL = frozenset({"particle", "also"})
_SWITCHED_ON = frozenset({"打开", "开启", "开机", "开起来", "打开来"})
#: Levels of what is on.
_WHILE_ON = frozenset({
    "brightness", "color", "color_temperature", "target_temperature", "hvac_mode", "fan_speed", "volume", "source", "channel",
    "target_humidity",
})  # fmt: skip


def level_of(pieces: Sequence[Piece], world: World, last: Sequence[str] = ()) -> str | None:
    """吊灯五十, 空调二十四: the one level that a number beside such a thing can be of; of ``last`` where none is named."""
    kinds = {world.things[thing].kind for piece in pieces for thing in piece.things}
    said = {sense.removeprefix("kind:") for p in pieces for sense in p.senses if sense.startswith("kind:")}
    kinds = kinds or said or {world.things[thing].kind for thing in last}  # 空调二十六
    if any(piece.quantity is not None and piece.quantity.value < _LEAST_LEVEL for piece in pieces):
        return None
    known = all(p.named or p.quantity is not None or p.senses <= _SMALL or has(p, "kind:") for p in pieces)
    return _LEVELS.get(next(iter(kinds))) if len(kinds) == 1 and known else None


def switched_on(pieces: Sequence[Piece], made: Sequence[Step], world: World) -> list[Step]:
    """空调打开二十五度, 电视打开切HDMI二, of what is off: switched on too, and not only set."""
    if not any(piece.text in _SWITCHED_ON and is_verb(piece) for piece in pieces):
        return []
    levels = [step for step in made if step.trait in _WHILE_ON]
    touched = dict.fromkeys(thing for step in levels for thing in step.things)
    off = [t for t in touched if "on_off" in world.things[t].takes and world.state(t).get("on_off") is False]
    return [Step(things=(thing,), trait="on_off", op="set", value=True) for thing in off]
