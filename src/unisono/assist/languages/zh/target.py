"""Which things of this place the words of a Chinese clause mean.

Knows names, kinds, places by containment, 全部, 其他, 除了, 屋里, 那个. Ties and absences are told, never resolved by luck.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise, product
from typing import TYPE_CHECKING

import msgspec

from unisono.assist.languages.zh.cut import Piece, names_of
from unisono.assist.languages.zh.forms import called, measures
from unisono.assist.languages.zh.verbs import VERBS_SET
from unisono.assist.languages.zh.whole import is_vast, within_root

if TYPE_CHECKING:
    from unisono.assist.world import Speaker, Thing, World

__all__ = [
    "Target",
    "another",
    "called_in_part",
    "find_target",
    "is_left_out",
    "its_car",
    "outdoors",
    "partly",
    "rooms_called_after",
    "rooms_in",
    "takers",
    "tellers",
]

#: Kinds of which several in one room are one to those who live in it: 关灯 means all of them.
TOGETHER = frozenset({"light", "cover", "window", "siren"})
ONE_OF = frozenset({"一盏", "一台", "一扇", "一张", "一辆"})
#: What is rather heard from a loudspeaker.
MUSIC = frozenset({"音乐", "歌", "歌曲", "曲子"})
#: Places under the open sky: 屋里 leaves them out.
OUTSIDE = frozenset({"outdoor"})
#: Kinds one of which people may mean by the word of another.
AKIN = {
    "lock": {"lock", "door"}, "door": {"door", "lock", "garage_door"}, "media": {"media", "speaker", "tv"}, "speaker": {"speaker", "media"},
    "machine": {"machine", "press", "packager", "conveyor", "compressor", "robot"}, "light": {"light"},
    "climate": {"climate"}, "window": {"window"},
    "kettle": {"kettle", "water_heater"}, "plug": {"plug", "switch"}, "switch": {"switch", "plug"},
    "floor_heating": {"floor_heating", "climate"},
}  # fmt: skip


class Target(msgspec.Struct, kw_only=True):
    """``things``: who is meant. ``why``: why nobody is (no_such_thing, no_such_place, ambiguous, which_thing).

    ``said``: whether the clause names anything at all; ``every``: all of a set are meant; ``offer``: between whom;
    ``vast``: more than anybody says in passing.
    """

    things: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    said: bool = False
    every: bool = False
    named: bool = False
    it: bool = False
    vast: bool = False
    why: str | None = None
    offer: tuple[str, ...] = ()


def find_target(
    pieces: Sequence[Piece], world: World, speaker: Speaker, traits: Sequence[str] = (), *, every: bool = False
) -> Target:
    """Who is meant. ``traits``: what they must have (any of it), where the clause says so; ``every``: all of a set."""
    several = _several(pieces)
    if several is not None:
        all_of_them = every or any(piece.senses & {"all", "both"} and piece.text != "都" for piece in pieces)
        # 灯和空调都关了: 都 takes the two together, and means no more of either
        parts = [[piece for piece in part if piece.text != "都"] for part in several]
        left, right = (find_target(part, world, speaker, traits, every=all_of_them) for part in parts)
        return _both(left, right)
    named: list[list[str]] = []
    places: list[str] = []
    kinds: list[str] = []
    sorts: list[str] = []
    count = None
    inside = outside = False
    found = {sense for piece in pieces for sense in piece.senses}
    for i, piece in enumerate(pieces):
        if (
            piece.things
            and not (piece.places and _followed_by_kind(pieces, i))
            and not _is_only_a_kind(piece, pieces, world)
            and not _is_the_cars(pieces, i, world)
        ):
            named.append(list(piece.things))
            continue
        if piece.places and (not piece.things or _followed_by_kind(pieces, i)):
            places += [place for place in piece.places if place not in places]
        elif not piece.named or piece.things:
            here = sorted(sense.partition(":")[2] for sense in piece.senses if sense.startswith(("kind:", "sort:")))
            if here and not any(sense.startswith("kind:") for sense in piece.senses):
                sorts.append(piece.text)
            if here and not (piece.senses & {"devices"}):
                kinds += [kind for kind in here if kind not in kinds]
            if piece.quantity is not None and piece.quantity.form == "number" and _counts(pieces, i):
                count = int(piece.quantity.value)
    every = every or bool(found & {"all", "rest", "both", "everything"})
    devices = bool(found & {"everything", "devices"})
    found -= {"outdoor", "indoor"} - {sense for piece in pieces if not piece.places for sense in piece.senses}
    inside = "indoor" in found and "outdoor" not in found and not (set(places) - {world.root})  # 院子里头 is outside
    outside = "outdoor" in found and "indoor" not in found
    pool = _pool(places, world, speaker, here="here" in found)
    cars = [thing.id for thing in world.things.values() if thing.kind == "car"]
    if len(cars) == 1 and any(p.text in _IN_THE_CAR or _is_the_cars(pieces, i, world) for i, p in enumerate(pieces)):
        named = [cars]  # 车上的暖气 is the car's
    if named:
        if _is_of_another_kind(pieces, world):
            return Target(said=True, why="no_such_thing")  # 加湿器的插头
        if outside and not any(_outdoor(world, thing) for bearers in named for thing in bearers):
            return Target(said=True, why="which_thing")  # 外面的主灯, which is in the living room
        return _named(named, places, kinds, world, every=every)
    target = Target(places=tuple(places), kinds=tuple(kinds), every=every, said=bool(kinds or places), it="it" in found)
    whole = "all" in found and bool(places) and not kinds and not traits  # 会客室全关
    if whole or (devices and (every or not kinds)):
        target.said = True
        scope = pool if pool is not None else within_root(world.things, pieces, world, speaker)
        target.things = tuple(thing for thing in scope if world.things[thing].takes & {"on_off", "start_stop"})
        roots = {place for place in places if world.places[place].inside is None}
        target.vast = is_vast(target.things, world, everything=not places or bool(roots))
        target.every = every
        if not every and len(target.things) > 1:
            target.why, target.offer = "ambiguous", target.things
        elif not target.things:
            target.why = "no_such_thing"
        return target
    if kinds and traits and not any(_is_so(world.things[thing], kinds, sorts) for thing in world.things):
        told = {sense.removeprefix("trait:") for piece in pieces for sense in piece.senses if _names_both(piece)}
        if told & set(traits) and takers(world.things, world, tuple(told)):
            kinds = []  # 天窗, where only a car has one
    if not kinds:
        return _unnamed(target, pool, world, speaker, traits)
    wanted = {akin for kind in kinds for akin in AKIN.get(kind, {kind})} | set(kinds)
    all_of = [thing.id for thing in world.things.values() if _is(thing, wanted)]
    sensing = [t for t in _sensing(kinds, world) if "contact" in traits and t not in all_of]
    all_of += sensing
    if traits:
        all_of = [
            thing
            for thing in all_of
            if world.things[thing].tells & set(traits) or world.things[thing].takes & set(traits)
        ] or all_of
    all_of = _called_so(all_of, pieces, world)
    if any(piece.text in MUSIC for piece in pieces):  # a television plays it where nothing else does
        all_of = [thing for thing in all_of if world.things[thing].kind != "tv"] or all_of
    if sorts:
        all_of = [
            thing for thing in all_of if any(word in name for word in sorts for name in world.things[thing].names)
        ] or [
            thing.id for thing in world.things.values() if any(name.endswith(tuple(sorts)) for name in thing.names)
        ]  # 卷帘, of a shop's gate
    if inside or outside:
        all_of = [thing for thing in all_of if _outdoor(world, thing) is outside]
    chosen = all_of if pool is None else [thing for thing in all_of if thing in set(pool)]
    exact = [thing for thing in chosen if _is(world.things[thing], set(kinds)) or thing in sensing]
    if exact and "machine" not in kinds:
        chosen = exact
    elif kinds == ["floor_heating"]:  # 主卧地暖, where there is but an air conditioner
        chosen = [t for t in chosen if any(c in name for name in world.things[t].names for c in "暖热炉炕")]
    if not chosen:
        target.why = "no_such_thing"
        target.offer = tuple(all_of[:3])
        return target
    if pool is None:
        chosen = within_root(chosen, pieces, world, speaker)
    if any(piece.text in ONE_OF or (piece.text == "一个" and _says_kind([after])) for piece, after in pairwise(pieces)):
        count = 1  # 关掉一盏灯: of several nobody knows which
    if pool is None and not every and not (inside or outside) and speaker.place is not None:
        near = [thing for thing in chosen if speaker.place in world.path(world.things[thing].place)]
        if near and count is None:
            chosen = near
    if count is not None and count != len(chosen):
        target.why, target.offer = "ambiguous", tuple(chosen)
        return target
    target.every = every or count is not None
    together = all(world.things[thing].kind.split(".")[0] in TOGETHER or thing in sensing for thing in chosen)
    if len(chosen) > 1 and not target.every and not together:
        target.why, target.offer = "ambiguous", tuple(chosen)
        return target
    target.things = tuple(chosen)
    return target


#: 沙发灯的开关, 电视的音乐: what may be said of anything.
_IN_PASSING = MUSIC | {"开关"}
#: How names of sensors end that tell of such things.
_FRAMES = {"window": ("窗", "窗户", "窗磁"), "door": ("门", "门磁")}
_IN_A_CAR = frozenset({"kind:climate", "kind:window", "kind:seat", "kind:door", "kind:lock"})
_IN_THE_CAR = frozenset({"车厢", "车里", "车内", "车上", "车里面"})
_ANDS = frozenset({"和", "跟", "与", "及", "以及", "还有", "、", "同"})


def _several(pieces: Sequence[Piece]) -> tuple[list[Piece], list[Piece]] | None:
    """圆球灯和书房的灯, 空调和地窖的灯: each is found by itself. None where it is one, or all are names."""
    at = next((i for i, piece in enumerate(pieces) if piece.text in _ANDS), None)
    glued = None if at is not None else _glued(pieces)
    if at is None and glued is None:
        return None
    cut_at = at if at is not None else glued or 0
    before, after = list(pieces[:cut_at]), list(pieces[cut_at + (at is not None) :])
    told = [any(piece.things for piece in part) or _says_kind(part) for part in (before, after)]
    if not all(told) or all(any(piece.things for piece in part) for part in (before, after)):
        return None
    where = [piece for piece in before if piece.places and not piece.things]
    if where and not any(piece.places or piece.things for piece in after):
        after = [*where, *after]  # 书房的灯和空调: both are there
    return before, after


def _glued(pieces: Sequence[Piece]) -> int | None:
    """沙发灯空调都关了: where the second of two begins that 都 takes together; 电视灯 alone is one, and not here."""
    if not any(piece.text == "都" for piece in pieces):
        return None
    for i, (piece, after) in enumerate(pairwise(pieces)):
        if piece.things and not piece.places and not after.named and _says_kind([after]):
            return i + 1
    return None


def is_left_out(pieces: Sequence[Piece], things: Sequence[str], world: World) -> bool:
    """关掉电视灯, 沙发灯关空调: a kind of thing is spoken of that none of those who were found is of."""
    own = {world.things[thing].kind.partition(".")[0] for thing in things}
    if "car" in own:
        return False
    for piece in pieces:
        kinds = {sense.partition(":")[2] for sense in piece.senses if sense.startswith(("kind:", "sort:"))}
        akin = {akin for kind in kinds for akin in AKIN.get(kind, {kind})} | kinds
        part = any(sense.startswith("trait:") for sense in piece.senses) or piece.senses & VERBS_SET
        called = any(name.endswith(piece.text) for thing in things for name in world.things[thing].names)
        if kinds and not (piece.named or part or called) and not akin & own and piece.text not in _IN_PASSING:
            return True
    return False


def _is_of_another_kind(pieces: Sequence[Piece], world: World) -> bool:
    """加湿器的插头, 空调的灯: what is meant belongs to the one that is named, and is none of its parts."""
    for owner, of, part in zip(pieces, pieces[1:], pieces[2:], strict=False):
        if (
            not owner.things
            or owner.places
            or of.text != "的"
            or part.named
            or any(s.startswith("trait:") for s in part.senses)
        ):
            continue
        kinds = {sense.partition(":")[2] for sense in part.senses if sense.startswith(("kind:", "sort:"))}
        akin = {akin for kind in kinds for akin in AKIN.get(kind, {kind})} | kinds
        own = {world.things[thing].kind for thing in owner.things}
        if kinds and "car" not in own and not any(_is(world.things[thing], akin) for thing in owner.things):
            return True
    return False


def _sensing(kinds: Sequence[str], world: World) -> list[str]:
    """Sensors that tell of a window or a door, and are called so: 次卧窗户."""
    ends = tuple(end for kind in kinds for end in _FRAMES.get(kind, ()))
    return [
        thing.id
        for thing in world.things.values()
        if ends and thing.kind == "sensor.contact" and any(name.endswith(ends) for name in thing.names)
    ]


def _called_so(things: list[str], pieces: Sequence[Piece], world: World) -> list[str]:
    """Of covers those that are curtains, where 窗帘 is said and some are called so."""
    parts = [part for piece in pieces if not piece.places for part in called(piece.text)]
    so = [thing for thing in things if any(part in name for part in parts for name in world.things[thing].names)]
    return so or things


def _names_both(piece: Piece) -> bool:
    """A word for a sort of thing and for a part of another; the plain word for a kind is no part of anything."""
    families = {sense.partition(":")[0] for sense in piece.senses}
    return {"sort", "trait"} <= families and "kind" not in families


def _says_kind(pieces: Sequence[Piece]) -> bool:
    return any(sense.startswith(("kind:", "sort:")) for piece in pieces for sense in piece.senses)


def _is_the_cars(pieces: Sequence[Piece], i: int, world: World) -> bool:
    """车子空调: the car's, though 空调 is also somebody's name."""
    if not any(sense in _IN_A_CAR for sense in pieces[i].senses):
        return False
    before = next((piece for piece in reversed(pieces[:i]) if piece.text not in ("的", "里", "上", "内")), None)
    if before is None:
        return False
    return "kind:car" in before.senses or (
        bool(before.things) and all(world.things[thing].kind == "car" for thing in before.things)
    )


def its_car(pieces: Sequence[Piece], target: Target, last: Sequence[str], world: World) -> str | None:
    """The car that was just spoken of, where what follows is a part that cars have too, and nobody's name or place."""
    cars = [thing for thing in last if world.things[thing].kind == "car"]
    parts = any(piece.senses & _IN_A_CAR for piece in pieces if not piece.named)
    return cars[0] if len(cars) == 1 and parts and not (target.named or target.places or target.every) else None


def _is_only_a_kind(piece: Piece, pieces: Sequence[Piece], world: World) -> bool:
    """主卧的窗帘, 两个窗帘, where one thing elsewhere is just called 窗帘: the word for its kind is meant."""
    if not any(sense.startswith("kind:") for sense in piece.senses):
        return False
    places = {place for other in pieces for place in other.places if other is not piece}
    if places:
        return not any(places & set(world.path(world.things[thing].place)) for thing in piece.things)
    counted = any(
        p.quantity is not None and p.quantity.form == "number" and _counts(pieces, i) for i, p in enumerate(pieces)
    )
    every = {sense for other in pieces for sense in other.senses} & {"all", "both", "rest"}
    listed = sum(bool(other.things) for other in pieces) > 1  # 冲床和传送带都停了
    return bool(counted or every) and len(pieces) > 1 and not listed


def _both(target: Target, other: Target) -> Target:
    if target.why is None and other.why is None:
        target.things = tuple(dict.fromkeys((*target.things, *other.things)))
    target.why, target.offer = target.why or other.why, target.offer or other.offer
    target.places = (*target.places, *other.places)
    return target


def _named(named: list[list[str]], places: list[str], kinds: list[str], world: World, *, every: bool) -> Target:
    things: list[str] = []
    target = Target(said=True, every=every, places=tuple(places), named=True, kinds=tuple(kinds))
    for bearers in named:
        near = [thing for thing in bearers if any(place in world.path(world.things[thing].place) for place in places)]
        if places and not near and not any(_around(world, thing, places) for thing in bearers):
            target.why, target.offer = "no_such_thing", tuple(bearers)  # 书房的圆球灯, which stands elsewhere
            return target
        chosen = near or bearers
        if len(chosen) > 1 and not every:
            target.why, target.offer = "ambiguous", tuple(chosen)
            return target
        things += [thing for thing in chosen if thing not in things]
    target.things = tuple(things)
    return target


#: What stands where it stands, and is of no other room.
_FIXED = frozenset({"lock", "door", "garage_door", "window", "cover", "light"})


def _around(world: World, thing: str, places: Sequence[str]) -> bool:
    """Whether a thing is of a place that has one of these in it: the whole home's alarm, in the kitchen."""
    if world.things[thing].kind in _FIXED:
        return False  # 书房的大门: the home's is none of the study's
    return any(world.things[thing].place in world.path(place) for place in places)


def _unnamed(target: Target, pool: list[str] | None, world: World, speaker: Speaker, traits: Sequence[str]) -> Target:
    """No thing and no kind: whoever has what is spoken of, in the places named or near the speaker."""
    if not traits:
        return target
    scope = pool if pool is not None else list(world.things)
    having = takers(scope, world, traits)
    having = having if pool is not None else within_root(having, (), world, speaker)
    if pool is None and speaker.place is not None:
        near = [thing for thing in having if speaker.place in world.path(world.things[thing].place)]
        having = near or having
    if target.places and not having:
        target.why = "no_such_thing"
    having = world.of_a_room(having, traits)
    if len(having) > 1 and not target.every:
        kinds = {world.things[thing].kind for thing in having}
        if not (len(kinds) == 1 and kinds <= TOGETHER):
            target.why, target.offer = "ambiguous", tuple(having)
            return target
    target.things = tuple(having)
    target.said = target.said or bool(having)
    return target


def another(before: Sequence[str], world: World) -> Target:
    """另一个: of the same kind, in the same place if there is one; a tie is told."""
    kinds = {world.things[thing].kind for thing in before}
    places = {world.things[thing].place for thing in before}
    left = [thing.id for thing in world.things.values() if thing.kind in kinds and thing.id not in before]
    near = tuple(thing for thing in left if world.things[thing].place in places) or tuple(left)
    if len(near) == 1:
        return Target(things=near, said=True)
    return Target(said=True, why="ambiguous" if near else "no_such_thing", offer=near)


def takers(scope: Iterable[str], world: World, traits: Sequence[str]) -> list[str]:
    """Those that can be told the first of the traits that anybody can."""
    scope = list(scope)
    for trait in traits:
        found = [thing for thing in scope if trait in world.things[thing].takes]
        if found:
            return found
    return []


def tellers(scope: Iterable[str], world: World, traits: Sequence[str]) -> tuple[list[str], str | None]:
    """Those that tell the first of the traits that anybody tells, and which one it is; by their models where nobody
    has told any."""
    scope = list(scope)
    for tells, trait in product((world.has_told, world.can_tell), traits):
        found = [thing for thing in scope if tells(thing, trait)]
        if found:
            return found, trait
    return [], None


def called_in_part(pieces: Sequence[Piece], offered: Sequence[str], world: World) -> tuple[str, ...]:
    """左边那个, asked between 左床头灯 and 右床头灯: those whose names hold what is left beside the little words."""
    told = "".join(piece.text for piece in pieces if not piece.senses & {"particle", "it"})
    return tuple(thing for thing in offered if told and any(told in name for name in world.things[thing].names))


def partly(text: str, world: World, traits: Sequence[str]) -> list[str]:
    """Things with one of the traits whose name begins with the text (水槽 for 水槽漏水探头)."""
    if len(text) < 2:
        return []
    found: list[str] = []
    for name, bearers in names_of(world).by_text.items():
        if name.startswith(text) and name != text:
            found += [
                thing for thing in bearers.things if world.things[thing].tells & set(traits) and thing not in found
            ]
    return found


_A_ROOM = ("房", "房间", "的房间", "屋", "的屋", "卧室", "的卧室")


def rooms_called_after(person: str, world: World) -> tuple[str, ...]:
    """乐乐房, where somebody is called 乐乐."""
    called = {person + room for room in _A_ROOM}
    return tuple(place.id for place in world.places.values() if called & set(place.names))


def rooms_in(pieces: Sequence[Piece], world: World) -> set[str]:
    """The rooms that some words are about: named, or those of the things that are."""
    named = {place for piece in pieces for place in piece.places}
    named |= {world.things[thing].place for piece in pieces for thing in piece.things if not piece.places}
    return {place for place in named if world.places[place].inside is not None}


def _is(thing: Thing, kinds: set[str]) -> bool:
    return thing.kind in kinds or thing.kind.split(".")[0] in kinds


def _is_so(thing: Thing, kinds: Sequence[str], sorts: Sequence[str]) -> bool:
    """Of one of the kinds, and called by the word for its sort where only that was said: a window is no 天窗."""
    return _is(thing, set(kinds)) and (not sorts or any(word in name for word in sorts for name in thing.names))


def _outdoor(world: World, thing: str) -> bool:
    return any(world.places[place].kind in OUTSIDE for place in world.path(world.things[thing].place))


def outdoors(pieces: Sequence[Piece], world: World) -> list[str] | None:
    """What is under the open sky, where only that is spoken of; else None."""
    found = {sense for piece in pieces for sense in piece.senses}
    if "outdoor" not in found or "indoor" in found:
        return None
    return [thing for thing in world.things if _outdoor(world, thing)]


def _pool(places: list[str], world: World, speaker: Speaker, *, here: bool) -> list[str] | None:
    if places:
        return list(dict.fromkeys(thing for place in places for thing in world.within(place)))
    if here and speaker.place is not None:
        return list(world.within(speaker.place))
    return None


def _followed_by_kind(pieces: Sequence[Piece], i: int) -> bool:
    """冷藏间 的 灯: a name that is also a place's stands for the place."""
    for piece in pieces[i + 1 : i + 3]:
        if any(sense.startswith(("kind:", "sort:")) for sense in piece.senses):
            return True
        if piece.text.strip("的里面内中上"):
            return False
    return False


def _counts(pieces: Sequence[Piece], i: int) -> bool:
    """三盏灯, 两台炉子: a number before a measure word; 速度加五个 counts nobody."""
    if 0 < i == len(pieces) - 2 and pieces[i - 1].senses & {"up", "down"}:
        return False
    return i + 1 < len(pieces) and pieces[i + 1].text[:1] in measures()
