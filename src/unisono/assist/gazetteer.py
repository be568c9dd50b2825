"""The gazetteer: which things of this home a noun phrase means - or that it means none, or several equally.

Knows containment (a room's lamps, a floor's rooms, a car's parts), sets (all, both, the rest, except), partial names
and kinds. Ties and absences are told to whoever asks, never resolved by luck.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec
from rapidfuzz import fuzz, process

from unisono.assist.language import Language
from unisono.assist.letters import words_of
from unisono.assist.nouns import Noun, kinds_in, traits_in, unknown
from unisono.assist.text import Piece
from unisono.assist.world import World

__all__ = [
    "ALIKE_KINDS",
    "Group",
    "Where",
    "find_group",
    "nearest",
    "own_door",
    "place_of",
    "rooms_of",
    "things_of_kind",
    "warms_seat",
]

#: Kinds that one everyday word covers: "the heating" may be any of these.
ALIKE_KINDS: dict[str, tuple[str, ...]] = {
    "machine": ("machine", "press", "packager", "conveyor", "robot"),
    "media": ("media", "speaker"),
    "speaker": ("speaker", "media"),
    "climate": ("climate", "floor_heating", "stove"),
    "cover": ("cover",),
    "door": ("door", "lock", "garage_door"),
    "lock": ("lock",),
    "sensor": ("sensor",),
    "battery_storage": ("battery_storage", "battery"),
    "water_heater": ("water_heater", "kettle_heater"),
    "plug": ("plug",),
    "oven": ("oven", "stove"),
}

#: Kinds that go about: the room that is said is where they are to work, not where they stand.
ROVING = frozenset({"vacuum", "mower", "person", "phone", "robot", "agv"})

#: What "everything off" leaves alone: it protects, keeps food or connects.
KEPT_ON = frozenset(
    {
        "gateway",
        "fridge",
        "camera",
        "alarm",
        "siren",
        "lock",
        "phone",
        "car",
        "person",
        "sensor",
        "doorbell",
        "meter",
        "battery_storage",
        "inverter",
        "door",
        "window",
        "cover",
        "garage_door",
        "computer",
    }
)

#: Words of names that say that a climate cools.
COOLING = frozenset({"ac", "air", "aircon", "conditioner", "conditioning", "cooler", "空"})

#: Kinds that every room has: their words hardly ever mean one thing of another kind.
COMMON = frozenset({"light", "fan", "plug", "switch", "lock", "cover"})

#: A name as near as this (of 100) is worth offering.
OFFERED = 50


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """What a noun phrase means. ``why``: no_such_thing, no_such_place or ambiguous, with ``said``: the words, and
    ``near``: things of that name elsewhere. ``kinds``, ``traits``, ``places``: what was said, whatever was found.

    ``named``: by a name, not by a kind; ``whole``: said of all of them. ``strange``: words that fit nothing here.
    ``its``: of what was named before. ``beside``: it only says what is next to it; ``single``: "the lamp" is one, where
    "the light" may be all of a room.
    """

    things: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    named: bool = False
    whole: bool = False
    plural: bool = False
    definite: bool = False
    why: str | None = None
    said: str = ""
    near: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()
    pronoun: str | None = None
    role: str = ""
    joined: bool = False
    at: int = 0
    indefinite: bool = False
    single: bool = False
    beside: bool = False
    its: bool = False
    sets: frozenset[str] = frozenset()


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Where the speaker is, whose rooms are theirs, and what was spoken of before."""

    here: str | None = None
    own: tuple[str, ...] = ()
    before: tuple[str, ...] = ()


def things_of_kind(kinds: Iterable[str], things: Iterable[str], world: World) -> tuple[str, ...]:
    """Those of the kinds; ``sensor`` covers every ``sensor.<trait>``."""
    wanted = {alike for kind in kinds for alike in ALIKE_KINDS.get(kind, (kind,))}
    found = tuple(thing for thing in things if world.things[thing].kind.split(".")[0] in wanted)
    if "air_conditioner" in wanted and "climate" not in wanted:
        found += tuple(thing for thing in things if _cools(thing, world))
    return found


def own_door(group: Group, world: World) -> tuple[str, ...]:
    """ "The fridge door" is the fridge's, where that tells of its door."""
    if group.named or "door" not in group.kinds or len(group.kinds) < 2:
        return group.things
    others = [thing for thing in group.things if world.things[thing].kind not in ALIKE_KINDS["door"]]
    return tuple(thing for thing in others if "door" in world.things[thing].tells) or group.things


def warms_seat(world: World, thing: str) -> bool:
    """Is its heat that of a seat, and no room's: "armchair heat on three"?"""
    takes = world.things[thing].takes
    return "seat_heating" in takes and "target_temperature" not in takes


def _cools(thing: str, world: World) -> bool:
    """Is a climate an air conditioner, and not just heating?"""
    about = world.things[thing]
    if about.kind != "climate":
        return False
    return bool({"hvac_mode", "fan_speed", "swing"} & about.tells or COOLING & world.words_of(thing))


def _only_cools(thing: str, world: World) -> bool:
    """Is it called an air conditioner, and not heating now? "The heating" does not mean it."""
    return bool(COOLING & world.words_of(thing)) and world.state(thing).get("hvac_mode") != "heat"


def place_of(noun: Noun, world: World, where: Where) -> tuple[tuple[str, ...], bool]:
    """The places that it speaks of, and whether it speaks of any: here, upstairs, the bathrooms, outside."""
    found: list[str] = []
    spoken = False
    for piece in noun.pieces:
        senses = piece.senses
        if piece.places and not ("indoor" in senses and world.root in piece.places):
            spoken = True
            found.extend(piece.places)
            if piece.tokens[-1].text != piece.tokens[-1].key or (noun.sets & {"all"} and piece is noun.pieces[-1]):
                found.extend(_like(piece, world))
        elif "here" in senses or ("place:room" in senses and not piece.things):
            spoken = True
            if where.here:
                found.append(where.here)
        elif "indoor" in senses or "outdoor" in senses:
            spoken = True
            wanted = "outdoor" in senses
            found.extend(
                place.id
                for place in world.places.values()
                if (place.kind == "outdoor") is wanted and place.inside and place.kind not in ("floor",)
            )
        elif "upstairs" in senses or "downstairs" in senses:
            spoken = True
            word = "upstairs" if "upstairs" in senses else "downstairs"
            found.extend(
                place.id for place in world.places.values() if any(word in name.lower() for name in place.names)
            )
        elif any(sense == f"place:{world.places[place].kind}" for sense in senses for place in [world.root] if place):
            spoken = True
            found.append(world.root)
    return tuple(dict.fromkeys(found)), spoken


def _like(piece: Piece, world: World) -> list[str]:
    """Places whose names end with this one's: of "the bathrooms" also the upstairs bathroom."""
    keys = tuple(token.key for token in piece.tokens)
    return [
        place
        for names, bearers in world.names.all()
        for place in bearers.places
        if names[-len(keys) :] == keys and len(names) > len(keys)
    ]


def find_group(noun: Noun, world: World, where: Where, spoken: Language) -> Group:
    """What a noun phrase means, by itself."""
    del spoken
    kinds, traits = kinds_in(noun), traits_in(noun)
    base = Group(
        kinds=kinds,
        traits=traits,
        role=noun.role,
        joined=noun.joined,
        at=noun.at,
        said=noun.text,
        plural=noun.plural,
        whole=bool(noun.sets & {"all", "both", "everything"}),
        definite=noun.definite,
        sets=noun.sets,
        indefinite=noun.indefinite or (noun.marked and not noun.plural),
        single=not noun.plural and any("single" in piece.senses for piece in noun.pieces),
        beside=noun.beside,
        its=noun.its,
    )
    for piece in noun.pieces:
        if not piece.named and len(noun.pieces) == 1 and not kinds:
            if "it" in piece.senses:
                return msgspec.structs.replace(base, pronoun="it")
            if "them" in piece.senses:
                return msgspec.structs.replace(base, pronoun="them")
    if "everything" in noun.sets and not kinds:
        return msgspec.structs.replace(base, pronoun="everything", whole=True)
    if "both" in noun.sets and not noun.pieces:
        return msgspec.structs.replace(base, pronoun="both")
    if noun.sets & {"rest", "other"} and not noun.pieces:
        return msgspec.structs.replace(base, pronoun="rest" if "rest" in noun.sets else "other")
    places, placed = place_of(noun, world, where)
    named = [p for p in noun.pieces if p.things and not _generic(p, world) and not _only_where(p, kinds, world)]
    if named and all(warms_seat(world, thing) for thing in named[0].things):
        named = [p for p in named if p is named[0] or "kind:climate" not in p.senses]  # where "heat" is a name too
    if noun.owner and not any(piece.places for piece in noun.pieces):
        places = rooms_of(noun.owner, world)
        if not places:
            return msgspec.structs.replace(base, why="no_such_thing", strange=(noun.text,))
    elif not named and _whose(noun):
        if noun.theirs:
            return msgspec.structs.replace(base, places=places, why="which_thing", role=noun.role or "in")
        places = where.own or places
    strange = [piece for piece in noun.pieces if unknown(piece)]
    base = msgspec.structs.replace(base, places=places)
    if placed and not places:  # upstairs of one floor; here, of a speaker of whom nobody knows where they are
        here = any({"here", "place:room"} & set(piece.senses) for piece in noun.pieces)
        return msgspec.structs.replace(base, why="which_thing" if here else "no_such_place", role="in")
    if named:
        return _named(base, noun, named, strange, places, world)
    if kinds or strange:
        return _described(base, noun, strange, places, placed, world)
    if any(sense.startswith("place:") for piece in noun.pieces for sense in piece.senses) and not places:
        own = _partial([token.key for piece in noun.pieces for token in piece.tokens], (), (), world)
        if len(own) == 1:  # "the floor" of a home whose floor heating is all it knows by that word
            return msgspec.structs.replace(base, things=own, named=True)
    return base


def _only_where(piece: Piece, kinds: Sequence[str], world: World) -> bool:
    """ "The outdoor lights" where a thermometer is called outdoors: the word says where the lights are."""
    of_kind = set(things_of_kind(kinds, world.things, world))
    return bool(of_kind) and bool({"indoor", "outdoor"} & set(piece.senses)) and not of_kind & set(piece.things)


def _whose(noun: Noun) -> bool:
    """Is it only somebody's: "my room", "her lamp"? "My lamp" is the lamp."""
    rooms = any("place:room" in piece.senses and not piece.places for piece in noun.pieces)
    return (noun.mine and rooms) or (noun.theirs and not any(piece.places for piece in noun.pieces))


def rooms_of(people: Sequence[str], world: World) -> tuple[str, ...]:
    """The rooms that are called after somebody: "Gran's room"."""
    names = tuple(f"{name.casefold()}'s " for person in people for name in world.things[person].names)
    return tuple(
        place.id for place in world.places.values() if any(each.casefold().startswith(names) for each in place.names)
    )


def _generic(piece: Piece, world: World) -> bool:
    """Is the name of something only the everyday word for another kind? (A sensor called "Light" is not the lights.)"""
    kinds = [sense[5:] for sense in piece.senses if sense.startswith("kind:")]
    if not set(kinds) & COMMON or len(piece.tokens) > 1:
        return False  # the door that is called "roller shutter" is meant by that name
    of_kind = set(things_of_kind(kinds, world.things, world))
    doing = {trait for thing in of_kind for trait in world.things[thing].takes}
    alike = any(doing & world.things[thing].takes for thing in piece.things)  # a big door called "shutter" is a shutter
    return bool(of_kind) and not of_kind & set(piece.things) and not (alike and _singular(piece))


def _singular(piece: Piece) -> bool:
    return piece.tokens[-1].text == piece.tokens[-1].key


def _named(
    base: Group, noun: Noun, named: Sequence[Piece], strange: Sequence[Piece], places: tuple[str, ...], world: World
) -> Group:
    things = tuple(dict.fromkeys(thing for piece in named for thing in piece.things))
    exact = {tuple(token.text for token in piece.tokens) for piece in named}
    same = tuple(t for t in things if any(tuple(words_of(name)) in exact for name in world.things[t].names))
    if same and len(same) < len(things):
        things = same
    if _part_of(noun, things, world):
        return msgspec.structs.replace(base, why="no_such_thing", strange=(noun.text,))
    several = _roomful(named[-1], things, world) or _plural(named[-1], places, world) if noun.plural else ()
    if several:
        return msgspec.structs.replace(base, things=several, whole=True)
    if places:
        kept = tuple(t for t in things if set(world.path(world.things[t].place)) & set(places))
        if kept:
            things = kept
        elif not all(world.things[t].kind in ROVING for t in things):
            others = _in_place(
                things_of_kind({world.things[t].kind for t in things}, world.things, world), places, world
            )
            if others and named[0].senses:
                return msgspec.structs.replace(base, things=others)
            why = "no_such_thing"
            return msgspec.structs.replace(base, why=why, near=things)
    if strange:
        words = {token.key for piece in strange for token in piece.tokens}
        kept = tuple(t for t in things if words & _words_of(t, world))
        if kept:
            things = kept
        else:
            # a kind that is also somebody's name ("lamp") with a word that nobody knows is no name any more
            return msgspec.structs.replace(base, things=things, named=True, strange=tuple(p.text for p in strange))
    return msgspec.structs.replace(base, things=things, named=True)


def _part_of(noun: Noun, things: tuple[str, ...], world: World) -> bool:
    """Is a part meant that the named thing does not tell of: "the van's lights"?"""
    head = noun.pieces[-1]
    kinds = {sense[5:] for sense in head.senses if sense.startswith("kind:")}
    if not kinds or head.named or len(noun.pieces) < 2 or not all(world.things[t].kind == "car" for t in things):
        return False
    traits = {sense[6:] for sense in head.senses if sense.startswith("trait:")}
    return "car" not in kinds and not any(traits & world.things[thing].tells for thing in things)


def _plural(piece: Piece, places: tuple[str, ...], world: World) -> tuple[str, ...]:
    """Of "heaters" all of them, though one is called heater: a plural of a kind's word that nobody has as a name."""
    kinds = tuple(sense[5:] for sense in piece.senses if sense.startswith("kind:"))
    said = tuple(token.text for token in piece.tokens)
    if not kinds or said[-1] == piece.tokens[-1].key:
        return ()
    if any(tuple(words_of(name)) == said for thing in piece.things for name in world.things[thing].names):
        return ()
    found = things_of_kind(kinds, world.things, world)
    return _in_place(found, places, world) if places else found


def _roomful(piece: Piece, things: tuple[str, ...], world: World) -> tuple[str, ...]:
    """Of "living room lights" all of them, though one is called living room light: a plural that nobody has as a name
    and whose beginning is a room."""
    said = tuple(token.text for token in piece.tokens)
    if len(said) < 2 or len(things) != 1:
        return ()
    about = world.things[things[0]]
    if any(tuple(words_of(name)) == said for name in about.names):
        return ()
    place = world.names.find([token.key for token in piece.tokens[:-1] if token.text != "'s"])
    if place is None or not place.places:
        return ()
    others = things_of_kind((about.kind,), world.things, world)
    direct = tuple(thing for thing in others if world.things[thing].place in place.places)
    return direct or _in_place(others, place.places, world)


def _described(
    base: Group, noun: Noun, strange: Sequence[Piece], places: tuple[str, ...], placed: bool, world: World
) -> Group:
    """By a kind, or by words that are parts of names."""
    words = [token.key for piece in strange for token in piece.tokens]
    if words:
        found = _partial(words, base.kinds, places, world)
        first = next(at for at, piece in enumerate(noun.pieces) if unknown(piece))
        felt = {
            token.key
            for piece in noun.pieces[:first]
            if any(sense.startswith("complaint:") for sense in piece.senses)
            for token in piece.tokens
        }
        found = tuple(thing for thing in found if felt <= world.words_of(thing))  # a hot tub is no twin tub
        if found:
            return msgspec.structs.replace(base, things=found, named=True)
        rooms = () if places else _partial_place(words, world)
        there = _in_place(things_of_kind(base.kinds, world.things, world), rooms, world)
        if len(rooms) == 1 and (there or not base.kinds):
            return msgspec.structs.replace(base, things=there, places=rooms)  # "in sewing": there is a sewing hall
        return msgspec.structs.replace(base, strange=tuple(piece.text for piece in strange), why="no_such_thing")
    if not base.whole and not base.plural and not set(base.kinds) & COMMON:
        own = [token.key for piece in noun.pieces if not piece.places and piece.text != "'s" for token in piece.tokens]
        alone = _partial(own, (), places, world)
        if len(alone) == 1:
            return msgspec.structs.replace(base, things=alone, named=True)
    every = things_of_kind(base.kinds, world.things, world)
    if "cover" in base.kinds:  # who has curtains and a blind means by "the blind" the blind
        own_words = {token.key for piece in noun.pieces for token in piece.tokens}
        every = tuple(thing for thing in every if own_words & _words_of(thing, world)) or every
    if "climate" in base.kinds and any("heats" in piece.senses for piece in noun.pieces):
        every = tuple(thing for thing in every if not _only_cools(thing, world))
    if places:
        every = _in_place(every, places, world)
    if not every:
        partial = _partial(
            [token.key for piece in noun.pieces if not piece.places for token in piece.tokens], (), places, world
        )
        if partial:
            return msgspec.structs.replace(base, things=partial, named=True)
        return msgspec.structs.replace(base, why="no_such_thing")
    return msgspec.structs.replace(base, things=every)


def _in_place(things: Iterable[str], places: Iterable[str], world: World) -> tuple[str, ...]:
    wanted = set(places)
    return tuple(thing for thing in things if set(world.path(world.things[thing].place)) & wanted)


def _words_of(thing: str, world: World) -> frozenset[str]:
    """All words of a thing's names, and of the place it stands in."""
    return world.words_of(thing)


def _partial(words: Sequence[str], kinds: Sequence[str], places: tuple[str, ...], world: World) -> tuple[str, ...]:
    """The things all of whose said words are words of their names; by kind where one was said."""
    wanted = set(words)
    found = []
    pool = things_of_kind(kinds, world.things, world) if kinds else world.things
    for thing in pool:
        if wanted <= _words_of(thing, world):
            found.append(thing)
    if places:
        found = list(_in_place(found, places, world))
    headed = [thing for thing in found if any(words_of(name)[-1:] == words[-1:] for name in world.things[thing].names)]
    return tuple(headed or found)  # "the booth" is the powder booth, and not the booth extractor


def _partial_place(words: Sequence[str], world: World) -> tuple[str, ...]:
    """The places all of whose said words are words of one of their names."""
    wanted = set(words)
    return tuple(
        dict.fromkeys(
            place
            for names, bearers in world.names.all()
            if wanted <= set(names)
            for place in bearers.places
            if place != world.root
        )
    )


def nearest(said: str, world: World, seen: Callable[[str], bool]) -> tuple[str, ...]:
    """The titles of the things (of those that are ``seen``) and places most like it: for an offer, never for an act."""
    titles = [thing.names[0] for thing in world.things.values() if seen(thing.id)]
    titles += [place.names[0] for place in world.places.values()]
    found = process.extract(said, titles, scorer=fuzz.ratio, processor=str.lower, score_cutoff=OFFERED, limit=2)
    return tuple(dict.fromkeys(str(name) for name, _, _ in found))
