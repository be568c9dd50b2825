"""Which traits tell what Chinese words ask of a thing or wait for, and which things tell them.

Knows ``told.yaml``: how states are said (开着, 锁了, 有人, 漏水, 洗好了) and which trait of a thing tells each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from unisono.assist.abilities import OF_ROOMS
from unisono.assist.languages.zh.cut import Piece
from unisono.assist.languages.zh.sentence import has, senses
from unisono.assist.languages.zh.target import Target, find_target, outdoors, partly, tellers
from unisono.assist.languages.zh.whole import kin_of, within_root
from unisono.assist.languages.zh.wish import SET_FOR
from unisono.thing import traits as all_traits
from unisono.thing.files import yaml_loader
from unisono.thing.units import find_unit

if TYPE_CHECKING:
    from unisono.assist.world import Speaker, World

__all__ = [
    "asked",
    "in_state",
    "is_partly_named",
    "is_unit",
    "of_rooms",
    "states_in",
    "tests_of",
    "told",
    "traits_asked",
    "unit_traits",
]

_TOLD = Path(__file__).parent / "told.yaml"
#: 开着的窗帘 is open by however much.
_ALL_THE_WAY = 100


class _Table(msgspec.Struct):
    states: dict[str, list[tuple[str, Any]]]
    units: dict[str, list[str]]
    how: dict[str, list[str]]
    feels: dict[str, list[str]]
    alike: dict[str, list[str]]
    percentages: list[str]
    of_itself: list[str]


@lru_cache(maxsize=1)
def _table() -> _Table:
    import yaml

    return msgspec.convert(yaml.load(_TOLD.read_bytes(), Loader=yaml_loader()), _Table)


def tests_of(state: str) -> list[tuple[str, Any]]:
    """How a state is told, by the first trait that a thing has: (trait, value)."""
    return _table().states[state]


def states_in(pieces: Sequence[Piece]) -> list[str]:
    """The states that the words say, the surest first."""
    found = senses(piece for piece in pieces if not piece.things)
    return [state for state in _table().states if f"state:{state}" in found]


def in_state(things: Sequence[str], pieces: Sequence[Piece], world: World) -> list[str]:
    """Those of some things that are in the state which the words say: 亮着的灯, 没锁的门."""
    meant = [test for state in states_in(pieces) for test in tests_of(state)]
    found = []
    for thing in things:
        told = next(((trait, value) for trait, value in meant if trait in world.things[thing].tells), None)
        now = None if told is None else world.state(thing).get(told[0])
        if told is not None and (
            now == told[1] or (told[1] == _ALL_THE_WAY and isinstance(now, int | float) and now > 0)
        ):
            found.append(thing)
    return found


def traits_asked(pieces: Sequence[Piece], text: str) -> tuple[str, ...]:
    """The traits that a question or comparison is about, by its nouns, units and feelings."""
    found: list[str] = []
    for piece in sorted(pieces, key=lambda p: -len(p.text)):
        if piece.things and not piece.senses:
            continue
        for sense in sorted(piece.senses):
            if sense.startswith("trait:"):
                name = sense.removeprefix("trait:")
                found += [name, *_table().alike.get(name, ())]
            if sense.startswith("complaint:") and not has(piece, "state:"):
                found += _table().feels.get(sense.removeprefix("complaint:"), ())
    if "设" in text:
        found = [SET_FOR[trait] for trait in found if trait in SET_FOR] + found
    if any("where" in piece.senses for piece in pieces):
        return ("location", "presence")
    if any(word in text for word in ("充到多少", "充了多少", "充到几")):
        return ("battery",)
    for ask, told in _table().how.items():
        if ask in text and not (ask == "还有多少" and found):  # 气泵压力还有多少
            return tuple(told)
    if "多快" in text:
        return ("rate", "speed", "fan_speed")
    if "胎压" in text:
        return ("tyre_pressure",)
    if any(word in text for word in ("多远", "续航", "还能跑", "还能开多")):
        return ("range",)
    if any(word in text for word in ("用了多少", "耗了多少", "用掉多少")) and "电" not in text:
        found += ["energy", "flow", "count"]
    if "多少电" in text:
        used = any(word in text for word in "用耗费花发")
        return ("energy", "power") if used else ("battery", "energy", "level")
    for ask in ("多少", "几"):
        at = text.find(ask)
        if at >= 0:
            rest = text[at + len(ask) :].removeprefix("个")
            unit = max((unit for unit in _table().units if rest.startswith(unit)), key=len, default="")
            found += _table().units.get(unit, ())
    if (
        any(word in text for word in ("几度", "多少度", "多热", "多冷", "冷不冷", "热不热", "烧到几"))
        and "度电" not in text
        and "energy" not in found
    ):
        wanted = ["target_temperature"] if "设" in text else []
        found = [*wanted, "temperature", "cabin_temperature", *found, "energy"]  # 电表走了几度
    if not found and _MADE.search(text) is not None:
        found = ["good_count", "count"]  # 切片机今天切了多少
    if "energy" in found and "temperature" in found and "电" in _without_names(pieces, text):
        found = [trait for trait in found if "temperature" not in trait]  # 耗电多少度, and not 电热炕多少度
    return tuple(dict.fromkeys(found))


def _without_names(pieces: Sequence[Piece], text: str) -> str:
    for piece in pieces:
        if piece.things:
            text = text.replace(piece.text, "")
    return text


_MADE = re.compile(r"了(?:多少(?!次|钱|时)|几[个件片瓶袋箱块张根盒包])")


def is_partly_named(pieces: Sequence[Piece], world: World, traits: Sequence[str], states: Sequence[str]) -> bool:
    """水槽有没有漏水: what is unknown is the beginning of a name."""
    telling = [*traits, *(trait for state in states for trait, _ in tests_of(state))]
    return bool(_begun(pieces, world, telling))


def asked(
    pieces: Sequence[Piece],
    world: World,
    speaker: Speaker,
    traits: Sequence[str],
    states: Sequence[str],
    last: Sequence[str],
) -> Target:
    """The things that a question is about: all of a kind where which of them is asked."""
    telling = [*traits, *(trait for state in states for trait, _ in tests_of(state))]
    pieces = _without_own_doors(pieces, world)
    target = find_target(pieces, world, speaker, telling)
    if not (target.named or target.kinds or target.places or (target.said and "devices" in senses(pieces))):
        target = Target(it=target.it)  # nobody is named: see below
    if target.why == "ambiguous":
        target.things, target.why = target.offer, None
    if target.places and not target.kinds and not target.named:
        pool = [thing for place in target.places for thing in world.within(place)]
        target.things, target.why = tuple(dict.fromkeys(pool)), None
    if target.things and (target.named or target.kinds):
        return target
    said = "".join(piece.text for piece in pieces)
    if any(used in said for used in ("用了", "耗了", "用掉", "花了")):
        for piece in pieces:
            if near := partly(piece.text, world, ("energy", "flow", "count")):
                return Target(things=tuple(near), said=True, named=True)
    for piece in pieces:
        if not piece.known or (not piece.named and piece.start == 0):
            if near := _begun(pieces, world, telling):
                return Target(things=tuple(near), said=True, named=True)
            break
    if not target.things and not target.said and any(piece.text == "水温" for piece in pieces):
        having = [
            thing.id for thing in world.things.values() if thing.kind in _OF_WATER and "temperature" in thing.tells
        ]
        return Target(things=tuple([t for t in having if t in last] or having), said=True, named=True)
    told = [thing for thing in last if world.things[thing].tells & set(telling)]
    if traits and traits[0] in ("energy", "power") and not target.things and not told:
        # 昨天用了几度电, 总功率多少: of the home, and not what is near
        told = [thing.id for thing in world.things.values() if thing.kind == "meter" and traits[0] in thing.tells]
    if not target.things and not target.said and told and (target.it or not target.places):
        target.things, target.said = tuple(told), True
    if not target.things and telling and not target.said:
        near = [t for t in world.within(speaker.place) if world.things[t].tells & set(traits)] if speaker.place else []
        under_the_sky = outdoors(pieces, world)
        if under_the_sky is None:
            target.things = tuple(near or within_root(world.things, pieces, world, speaker))
        else:  # 外头几度 is not what the room's sensor tells
            target.things, target.said = tuple(under_the_sky), True
            target.named = bool([t for t in under_the_sky if world.things[t].tells & set(telling)])
    return target


def _without_own_doors(pieces: Sequence[Piece], world: World) -> Sequence[Piece]:
    """冰箱 for 冰箱门: who tells of its own door is asked, and not a door of the house."""
    kept: list[Piece] = []
    for piece in pieces:
        whose = kept[:-1] if kept and kept[-1].text == "的" else kept
        if not (piece.text == "门" and whose and _has_a_door(whose[-1], world)):
            kept.append(piece)
    return kept


def _has_a_door(piece: Piece, world: World) -> bool:
    called = (world.things[thing] for thing in piece.things) if piece.things else world.things.values()
    return any("door" in thing.tells and (piece.things or f"kind:{thing.kind}" in piece.senses) for thing in called)


#: Whose temperature is the water's.
_OF_WATER = frozenset({"kettle", "water_heater"})
#: Of how many words the beginning of a name may be.
_BEGINNING = 4


def _begun(pieces: Sequence[Piece], world: World, telling: Sequence[str]) -> list[str]:
    """水槽 for 水槽漏水探头, 原料 for 原料罐: whose names begin as the sentence does."""
    for count in range(_BEGINNING, 0, -1):
        words = pieces[:count]
        near = partly("".join(piece.text for piece in words), world, telling)
        if near and not all(piece.known for piece in words):
            return near
    return []


def told(
    target: Target, traits: Sequence[str], states: Sequence[str], world: World, text: str
) -> tuple[list[str], str | None, Any]:
    """Which of them tell it, by which trait, and the value that is asked about."""
    if traits:
        having, trait = tellers(target.things, world, traits)
        if trait == "energy" and "电" in text and len(having) > 1:
            having = [thing for thing in having if any("电" in name for name in world.things[thing].names)] or having
        if trait in ("power", "energy") and not target.named and not target.kinds:
            having = [thing for thing in having if world.things[thing].kind == "meter"] or having  # what the home uses
        if trait in ("temperature", "humidity") and not target.named and not target.kinds:
            having = (
                of_rooms(having, world, trait)
                or ([] if target.places else of_rooms(world.things, world, trait))
                or having
            )
        if trait is not None:
            value = None
            for state in states:
                value = next((v for t, v in tests_of(state) if t == trait), value)
            return having, trait, value
    telling = [
        ([thing for thing in target.things if trait in world.things[thing].tells], trait, value)
        for state in states
        for trait, value in tests_of(state)
    ]
    telling = [each for each in telling if each[0]]
    if (
        states and not telling and target.named and len(target.things) == 1
    ):  # 入户门锁好了吗: what is called after it tells
        kin = kin_of(target.things[0], world)
        found = [
            ([thing for thing in kin if trait in world.things[thing].tells], trait, value)
            for state in states
            for trait, value in tests_of(state)
        ]
        telling = [each for each in found if len(each[0]) == 1]
    if telling and telling[0][1] == "locked" and {"open", "closed"} & set(states) and target.named:
        sensed = _sensed(telling[0][0], world)  # 大门一开: what its sensor tells
        telling = [([*sensed], "contact", "open" if "open" in states else "closed")] if sensed else telling
    if telling:  # 哪些设备开着: by what most of them tell
        return telling[0] if target.named or target.kinds else max(telling, key=lambda each: len(each[0]))
    if set(traits) <= {"state"} and not states and target.named and len(target.things) == 1:
        thing = world.things[target.things[0]]
        if _counts_something(text) and not thing.kind.startswith(("sensor", "meter")):
            return [], None, None
        return (
            [thing.id],
            next((trait for trait in (*_table().of_itself, *sorted(thing.tells)) if trait in thing.tells), None),
            None,
        )
    return [], None, None


def _sensed(locks: Sequence[str], world: World) -> list[str]:
    """The sensor that is called after the door whose lock is meant."""
    names = tuple(name for lock in locks for name in world.things[lock].names)
    return [
        thing.id
        for thing in world.things.values()
        if len(locks) == 1 and "contact" in thing.tells and any(name.startswith(names) for name in thing.names)
    ]


#: How much, how many, how large; how long is no such question.
_HOW_MUCH = re.compile(r"多少(?!个?(?:小时|钟头)|分钟|天|时间)|几个(?!小时|钟头)|几块|多大|多高|多长(?!时间)")


def _counts_something(text: str) -> bool:
    """车票多少钱: how much of something, and nobody knows of what."""
    return _HOW_MUCH.search(text) is not None


def of_rooms(things: Iterable[str], world: World, trait: str) -> list[str]:
    """Those that tell the air of a room: no kettle, no oven."""
    return [t for t in things if world.things[t].kind.partition(".")[0] in OF_ROOMS and world.has_told(t, trait)]


def is_unit(text: str) -> bool:
    """Whether something is counted in these: 多少瓦."""
    return text in _table().units


def unit_traits(unit: str | None) -> list[str]:
    if unit == "degree":
        return ["temperature", "cabin_temperature"]
    if unit == "%":
        return list(_table().percentages)
    if unit is None:
        return []
    theirs = find_unit(unit)
    return [
        name for name, trait in all_traits().items()
        if theirs is not None and (mine := find_unit(trait.unit or "")) is not None and mine.dimension == theirs.dimension and name not in ("target_temperature", "color_temperature")
    ]  # fmt: skip
