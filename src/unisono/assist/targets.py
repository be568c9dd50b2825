"""The targets: of all that a clause names, the things that its act is about.

Knows how groups combine - a room limits a kind, a joined place borrows the kind of its neighbour, the rest is what was
not said - and what is meant when nothing is said: here, or the only one there is. Never picks one of several.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from unisono.assist.abilities import ACTS, DEFAULT_KINDS, LEVEL_OF_ACT, LEVELS, OF_A_LINE, PRIMARY
from unisono.assist.dialogue import Memory
from unisono.assist.frames import LEVELLED, Frame
from unisono.assist.gazetteer import KEPT_ON, ROVING, Group, Where, things_of_kind, warms_seat
from unisono.assist.world import World

__all__ = ["Aim", "aim", "can"]

#: Kinds of which a room's are meant together by their name in the singular: "the light", of a room with four.
ROOMFUL = frozenset({"light", "cover"})
#: Kinds of place that work: to switch them is no matter of lights.
WORKS = frozenset({"plant", "area", "line", "cell"})

#: Kinds that go up and down.
MOVING = frozenset({"cover", "garage_door", "window"})
#: What is done to water by its valve.
VALVED = frozenset({"on", "off", "open", "close"})

#: What is measured, and what sets it.
SET_BY = {"temperature": "target_temperature", "humidity": "target_humidity", "cabin_temperature": "target_temperature"}

#: Acts whose objects are not things of the home: a carpet, a coffee, a song.
TRACKS = frozenset({"play", "next", "previous"})
MEDIA = frozenset({"play", "next", "previous", "pause", "resume"})
HELPED = frozenset({"clean", "brew", "mow", "water"}) | MEDIA


class Aim(NamedTuple):
    """The things; or ``why`` there are none, with what was ``said``, and ``choices``: ids to offer."""

    things: tuple[str, ...] = ()
    why: str | None = None
    said: str = ""
    choices: tuple[str, ...] = ()
    named: bool = False


def aim(
    frame: Frame,
    world: World,
    where: Where,
    memory: Memory,
    spoken_before: Sequence[str] = (),
    context: Sequence[str] = (),
    spared: Collection[str] = (),
) -> Aim:
    """What the frame's act is about. ``context``: places that other clauses of the sentence named; ``spared``: things
    that they take out."""
    if frame.act in TRACKS:
        silent = [g for g in frame.groups if g.things and not any(can(frame, thing, world) for thing in g.things)]
        if silent:
            return Aim(why="not_possible", said=silent[0].said)
    objects: list[Group] = []
    places: list[str] = []
    placed = False
    traits_only = False
    owners = tuple(spoken_before) or memory.things
    frame.groups = tuple(_part(g, frame, owners, world) for g in frame.groups if not _for_somebody(g, world))
    if frame.act == "clean":
        soiled = next((group for group in frame.groups if _no_floor(group, frame, world)), None)
        if soiled is not None:
            return Aim(why="not_possible", said=soiled.said)
    if frame.complaint and frame.act not in HELPED:
        lost = next(
            (g for g in frame.groups if g.role == "in" and not (g.things or g.places or g.kinds or g.pronoun)), None
        )
        if lost is not None and not lost.named:
            return Aim(why="no_such_place", said=lost.said)  # "more light by the counter"
    if frame.act in HELPED or frame.complaint:
        frame.groups = tuple(_helping(group, frame, world) for group in frame.groups)
    located = _located(frame, world)
    if isinstance(located, Aim):
        return located
    groups = [_borrowed(group, located, i, frame, world) for i, group in enumerate(located)]
    for group in groups:
        if group.pronoun is not None or group.things or group.kinds or group.why is not None:
            objects.append(group)
        elif group.places:
            places.extend(group.places)
            placed = True
        elif group.traits:
            traits_only = True
    found: list[str] = []
    named = False
    objects = _apposed(objects)
    rooms = {world.things[thing].place for thing in memory.things}
    called = any((group.named and not group.kinds) or group.pronoun for group in objects)
    if "there" in frame.senses and not placed and len(rooms) == 1 and not called and not context:
        places, placed = list(rooms), True  # "how warm is it in the attic" - "turn the heating on there"
    beside = next(
        (group for group in groups if group.beside and not (group.things or group.places or group.kinds)), None
    )
    if beside is not None and objects and not any(group.named or group.pronoun for group in objects):
        objects = _so_placed(objects, beside, world)
        if not objects:
            return Aim(why="no_such_place", said=beside.said)
    if context and not placed and objects and not any(group.places or group.named for group in objects):
        places.extend(context)
    for group in objects:
        if group.why is not None and not (frame.act in HELPED or frame.coffee):
            here = group.why == "which_thing"
            if group.role == "in" and not group.kinds and not here and (found or len(objects) > 1):
                return Aim(why="no_such_place", said=group.said)
            return Aim(why=group.why, said=group.said, choices=group.near)
        if group.strange and group.role != "for":
            return Aim(why="no_such_thing", said=group.said, choices=group.near)
        one = _one(group, frame, world, where, memory, tuple(places), [*spoken_before, *found])
        if not places:
            one = _widened(one, group, frame, world, where, spared)
        if one.why is not None:
            return one
        named = named or group.named or one.named
        found.extend(one.things)
    if objects and found:
        frame.left = tuple(
            _so_called(group, found, world) if _unclear(group, found, world, memory) else group for group in frame.left
        )
        lost = next((group for group in frame.left if _unclear(group, found, world, memory)), None)
        if lost is not None:  # of "all but the other one" nobody knows what is left
            return Aim(why=lost.why or "which_thing", said=lost.said, choices=lost.near)
        return Aim(things=_without(found, frame, world, memory), named=named)
    if objects and not frame.coffee and frame.act not in HELPED:
        return Aim(why="no_such_thing", said=objects[0].said, choices=objects[0].near)
    able = frame.act not in ("lock", "unlock") or any(can(frame, thing, world) for thing in spoken_before)
    if spoken_before and able and frame.predicates and not placed and not frame.complaint:
        return Aim(things=tuple(spoken_before), named=True)
    moving = bool(memory.things) and all(world.things[thing].kind in MOVING for thing in memory.things)
    if frame.act in ("up", "down") and moving and not (placed or objects or frame.strange or frame.level):
        return Aim(things=memory.things, named=True)  # "close the blinds" - "halfway up again"
    kinds = _default_kinds(frame)
    if placed and frame.act == "lock":
        kinds = ("lock",)  # "lock up the shed"
    if (
        placed
        and not kinds
        and (frame.unit == "%" or frame.value is None)
        and frame.act in ("value", "set", "up", "down")
    ):
        kinds = ("light",) if frame.value is not None or frame.level else ()
    pool: Iterable[str] = world.things
    works = {place for place in places if place in world.places and world.places[place].kind in WORKS}
    if works and frame.act in ("on", "off") and kinds == ("light",) and "lighting" not in frame.senses:
        return Aim(why="what_to_do")  # "shut down the mill" is not its lights
    if placed:
        pool = _in(world.things, places, world)
    pipes = things_of_kind(("valve",), world.things, world)
    if frame.act in VALVED and set(frame.traits) == {"leak"} and not placed and len(pipes) == 1:
        return Aim(things=pipes)  # "turn the water off"
    if (traits_only or frame.traits) and frame.act != "clean":
        by_trait = _by_trait(frame, pool, world)
        if by_trait:
            return _narrow(by_trait, frame, world, where, memory, placed=placed)
    # nothing of this home was named: then nothing strange may be said either
    sums = any(sense.startswith("agg:") for sense in frame.senses)  # "dim sum"
    matter = (frame.elsewhere or sums) and frame.act != "play"
    if matter or (frame.strange and frame.act not in HELPED):
        return Aim(why="which_thing", said=" ".join(frame.strange))
    if kinds and (placed or frame.act not in ("on", "off") or "lighting" in frame.senses):
        roving = any(kind in ROVING for kind in kinds)
        of_kind = things_of_kind(kinds, world.things if roving else pool, world)
        of_kind = tuple(thing for thing in of_kind if can(frame, thing, world))
        if frame.value is not None and frame.act in ("warmer", "cooler"):  # no fan is set to degrees
            of_kind = tuple(thing for thing in of_kind if "target_temperature" in world.things[thing].takes)
        if placed and not of_kind and frame.senses & {"here"}:
            # who is in a room is warmed by what stands for all of the home
            of_kind = tuple(
                thing
                for thing in things_of_kind(kinds, world.things, world)
                if can(frame, thing, world) and any(world.things[thing].place in world.path(place) for place in places)
            )
        if of_kind:
            return _narrow(of_kind, frame, world, where, memory, placed=placed and not roving)
        if placed:
            return Aim(why="not_possible", said=" ".join(kinds))
        if frame.coffee or frame.act in ("clean", "brew"):
            return Aim(why="no_such_thing", said=" ".join(kinds))
    if placed:
        return Aim(why="what_to_do")
    if "shuts_up" in frame.senses and frame.act == "lock" and not frame.groups:
        every = world.at_home(world.things, where.here)
        return Aim(
            things=tuple(t for t in every if "locked" in world.things[t].takes and world.things[t].kind != "car")
        )
    if memory.things and (frame.predicates or frame.same or frame.again):
        return Aim(things=memory.things)
    return Aim(why="which_thing")


def _part(group: Group, frame: Frame, owners: Sequence[str], world: World) -> Group:
    """ "Lock the van and close its windows": they are the van's. Of nothing that was named, nobody knows whose."""
    if not group.its:
        return group
    if "climate" in group.kinds and owners and all(warms_seat(world, thing) for thing in owners):
        frame.traits = (*frame.traits, "seat_heating")
        return Group(pronoun="it", said=group.said, at=group.at)
    said = {*group.traits, *(SET_BY[trait] for trait in group.traits if trait in SET_BY)}
    if any(_bears(world, thing, said) for thing in owners):
        return Group(pronoun="it", said=group.said, at=group.at)
    return Group(why="which_thing", said=group.said, at=group.at)


def _for_somebody(group: Group, world: World) -> bool:
    """ "Open the boot for Bo": whom it is for is not what it is done to."""
    return group.role == "for" and bool(group.things) and all(world.things[t].kind == "person" for t in group.things)


def _no_floor(group: Group, frame: Frame, world: World) -> bool:
    """Is something of the home to be cleaned that is no room: the van, the windows?"""
    if group.role != "" or group.pronoun is not None or not (group.things or group.kinds):
        return False
    return not any(world.things[thing].kind in DEFAULT_KINDS["clean"] for thing in group.things)


def _located(frame: Frame, world: World) -> tuple[Group, ...] | Aim:
    """The groups less those things that only say where another is, or what for: "the globe beside the telly"."""
    main = [group for group in frame.groups if group.role == "" and (group.things or group.kinds or group.pronoun)]
    aside = [group for group in frame.groups if group.role in ("in", "for") and group.things]
    near = next((group for group in frame.groups if group.beside and group.places and not group.things), None)
    over = near is not None and "above" in frame.senses and bool(main)
    if near is not None and over and all(set(g.things) <= set(_in(g.things, near.places, world)) for g in main):
        # "pull the cover over the pool": what stands there is over it
        return tuple(group for group in frame.groups if group is not near)
    if near is not None and frame.act not in HELPED:
        return Aim(why="no_such_place", said=near.said)  # "the room next to the kitchen" is not the kitchen
    if not main or not aside:
        return frame.groups
    said = {trait for group in main for trait in group.traits}
    if not all(group.named or group.pronoun for group in main):
        owners = [group for group in aside if any(_bears(world, thing, said) for thing in group.things)]
        if owners:  # "the windows of the van" are the van's
            return tuple(group for group in frame.groups if group not in main)
        held = [group for group in aside if set(group.things) <= {thing for each in main for thing in each.things}]
        if held:  # "the heat on the nursery heater"
            return tuple(group for group in frame.groups if group not in main)
        if any(group.role == "in" for group in aside):
            return _beside(frame, main, aside, world)
    return tuple(group for group in frame.groups if group not in aside)


def _bears(world: World, thing: str, traits: set[str]) -> bool:
    return bool(traits & world.things[thing].takes)


def _beside(frame: Frame, main: Sequence[Group], aside: Sequence[Group], world: World) -> tuple[Group, ...] | Aim:
    """ "The light above the oven": the only one in the room of the oven, else it is asked which."""
    where = next(group for group in aside if group.role == "in")
    rooms = {world.things[thing].place for thing in where.things}
    pool = tuple(thing for group in main for thing in group.things)
    there = tuple(thing for thing in pool if world.things[thing].place in rooms and can(frame, thing, world))
    if not where.beside or len(there) != 1:
        return Aim(why="ambiguous" if there else "no_such_thing", said=main[0].said, choices=there)
    kept = [group for group in frame.groups if group not in aside and group not in main]
    return (msgspec.structs.replace(main[0], things=there, named=True), *kept)


def _helping(group: Group, frame: Frame, world: World) -> Group:
    """Of cleaning and complaining only the rooms and what does it count: not the carpet, nor "it" of "it is dark"."""
    able = tuple(thing for thing in group.things if can(frame, thing, world) and (group.named or group.kinds))
    if frame.act in ("pause", "resume") and group.kinds and not set(group.kinds) & {"speaker", "media", "tv"}:
        return group
    if frame.act in MEDIA and not group.named:
        able = tuple(thing for thing in able if group.places) if group.things and group.places else ()
        if frame.act == "play" and group.role == "" and group.places and not group.things:
            return Group(role=group.role, joined=group.joined, at=group.at)
    if frame.act in ("pause", "resume") and group.named:
        return group
    if frame.act in HELPED:
        kinds = DEFAULT_KINDS[frame.act]
        able = tuple(thing for thing in able if world.things[thing].kind in kinds)
    if able:
        return msgspec.structs.replace(group, things=able, why=None, strange=(), pronoun=None)
    return Group(places=group.places, role=group.role, joined=group.joined, at=group.at)


def _so_placed(objects: Sequence[Group], beside: Group, world: World) -> list[Group]:
    """ "The light over the counter": the counter light, where there is one; else nobody knows which."""
    words = set(beside.said.split())
    kept = [tuple(thing for thing in group.things if words <= world.words_of(thing)) for group in objects]
    return [
        msgspec.structs.replace(group, things=things, named=True)
        for group, things in zip(objects, kept, strict=True)
        if things
    ]


def _apposed(objects: list[Group]) -> list[Group]:
    """Of "both machines, the mixer and the whisk" the names count: the kind only says what they are."""
    named = {thing for group in objects if group.named for thing in group.things}
    return [
        group
        for group in objects
        if group.named or group.pronoun or not group.things or len(named) < 2 or not named <= set(group.things)
    ]


def _borrowed(group: Group, groups: Sequence[Group], at: int, frame: Frame, world: World) -> Group:
    """ "kitchen and bedroom lights": a joined place takes the kind of the one after it."""
    if group.places and not group.things and not group.kinds and group.why is None and group.role == "":
        after = groups[at + 1] if at + 1 < len(groups) else None
        if frame.act == "lock" and (group.joined or (after is not None and after.joined and after.named)):
            # "lock the van and the shed"
            return Group(kinds=("lock",), places=group.places, whole=True, plural=True, said=group.said, things=("*",))
        if after is None or not after.joined:
            return group
        named = {world.things[thing].kind for thing in after.things if thing in world.things}
        # "kitchen and hall lights", where one is called hall light
        kinds = tuple(named) if len(named) == 1 and named <= ROOMFUL else after.kinds
        if kinds:
            return Group(kinds=kinds, places=group.places, whole=True, plural=True, said=group.said, things=("*",))
    return group


def _one(
    group: Group,
    frame: Frame,
    world: World,
    where: Where,
    memory: Memory,
    places: tuple[str, ...],
    before: Sequence[str],
) -> Aim:
    """The things of one group."""
    if group.pronoun is not None:
        return _pronoun(group, frame, world, where, memory, places, before)
    things = group.things
    if things == ("*",):
        things = _in(things_of_kind(group.kinds, world.things, world), group.places, world)
        return Aim(things=things) if things else Aim(why="no_such_thing", said=group.said)
    if group.named:
        if len(things) > 1 and not group.whole and not group.plural:
            able = tuple(thing for thing in things if can(frame, thing, world))
            kept = _in(able, places, world) if places else able
            here = _in(kept, [where.here], world) if where.here else ()
            kept = kept if len(kept) == 1 else here or kept
            if len(kept) == 1:
                return Aim(things=kept, named=True)
            if not kept:
                there = _in(things, places, world) if places else things
                return Aim(things=there[:1], named=True) if there else Aim(why="no_such_thing", said=group.said)
            return Aim(why="ambiguous", said=group.said, choices=tuple(kept))
        if places and not any(world.things[thing].kind in ROVING for thing in things):
            kept = _in(things, places, world)
            if not kept:
                kind = {world.things[thing].kind for thing in things}
                other = _in(things_of_kind(kind, world.things, world), places, world)
                if len(other) == 1 and group.kinds:
                    return Aim(things=other, named=True)
                return Aim(why="no_such_thing", said=group.said, choices=tuple(things))
            return Aim(things=kept, named=True)
        return Aim(things=things, named=True)
    if not places and not group.places:
        things = world.at_home(things, where.here)
    if places and not group.places:
        things = _in(things, places, world)
        if not things:
            return Aim(why="no_such_thing", said=group.said, choices=group.near)
    if group.sets & {"rest", "other"}:
        known = before or memory.things
        things = tuple(thing for thing in things if thing not in known)
        if "rest" in group.sets:
            return Aim(things=tuple(thing for thing in things if can(frame, thing, world)))
    able = tuple(thing for thing in things if can(frame, thing, world))
    if not able:
        return Aim(things=things[:1]) if len(things) == 1 else Aim(why="not_possible", said=group.said, choices=things)
    if "both" in group.sets and len(able) != 2:
        here = _in(able, [where.here], world) if where.here else ()
        return Aim(things=here) if len(here) == 2 else Aim(why="ambiguous", said=group.said, choices=able)
    if group.whole or (group.places or places):
        if (
            group.single
            and not group.whole
            and len(able) > 1
            and all(world.places[p].kind == "room" for p in (*group.places, *places))
        ):
            so_called = tuple(thing for thing in able if set(group.said.split()) & world.words_of(thing))
            return Aim(things=so_called) if len(so_called) == 1 else Aim(why="ambiguous", said=group.said, choices=able)
        roomful = group.whole or group.plural or (bool(set(group.kinds) & ROOMFUL) and not group.indefinite)
        if len(able) == 1 or roomful:
            return Aim(things=able)
        return Aim(why="ambiguous", said=group.said, choices=able)
    return _narrow(able, frame, world, where, memory, placed=False, group=group)


def _widened(one: Aim, group: Group, frame: Frame, world: World, where: Where, spared: Collection[str]) -> Aim:
    """ "The lights off, all but the hall lamp", said elsewhere: what is taken out must be among them, and so they are
    those of the whole home, not of the room."""
    out = {thing for left in frame.left for thing in left.things} | set(spared)
    several = group.plural and bool(group.kinds) and not (group.named or group.places)
    if not several or not out or out < set(one.things):
        return one
    able = tuple(thing for thing in world.at_home(group.things, where.here) if can(frame, thing, world))
    if not out <= set(able):
        return one
    return Aim(things=able)


def _rooms_only(places: Iterable[str], world: World) -> bool:
    """Whether what was said is of places within a home or plant, and not of all of it."""
    return bool(places) and all(world.places[place].inside is not None for place in places)


def _upon_it(frame: Frame) -> bool:
    """Is "it" what the verb itself is done to?"""
    pieces = [piece for piece in frame.clause.pieces if not set(piece.senses) & {"please", "filler"}]
    return any(frame.act in verb.senses and "base" in verb.forms and "it" in it.senses for verb, it in pairwise(pieces))


def _so(known: tuple[str, ...], memory: Memory, world: World) -> tuple[str, ...]:
    """ "Which lights are on" - "turn them off": of those that were asked about the ones that are so."""
    query = memory.plan.query if memory.plan is not None else None
    if query is None or query.trait is None or query.equals is None or memory.asked is None:
        return known
    if not memory.asked.senses & {"which", "what", "any", "how_many", "whether_any"}:
        return known
    trait, equals = query.trait, query.equals
    so = tuple(thing for thing in known if world.state(thing).get(trait) == equals)
    return so or known


def _pronoun(
    group: Group,
    frame: Frame,
    world: World,
    where: Where,
    memory: Memory,
    places: tuple[str, ...],
    before: Sequence[str],
) -> Aim:
    known = tuple(before) or memory.things
    if group.pronoun == "both" and len(known) != 2:
        if len(memory.recent) != 2:
            return Aim(why="which_thing", said=group.said)
        known = memory.recent  # one after the other: "now both off"
    if group.pronoun == "them" and not before:
        known = _so(known, memory, world)
    asked = memory.plan is not None and memory.plan.query is not None and not before
    if group.pronoun == "it" and asked and len({world.things[thing].kind for thing in known}) > 1:
        return Aim(why="which_thing", said=group.said)  # "what's on" - "turn it off"
    if group.pronoun in ("it", "them", "both"):
        warmth = frame.unit in ("deg", "Cel", "[degF]") and (bool(places) or "here" in frame.senses)
        if not known and _default_kinds(frame) and (warmth or frame.act not in ("set", "value", "on", "off")):
            kinds = things_of_kind(_default_kinds(frame), world.things, world)
            if places:
                kinds = _in(kinds, places, world)
                return _narrow(kinds, frame, world, where, memory, placed=True)
            if where.here and any(world.things[thing].kind == "light" for thing in kinds):
                kinds = _in(kinds, [where.here], world)
            if len(kinds) > 1 and frame.act in ("brighter", "dimmer") and _upon_it(frame):
                return Aim(
                    why="which_thing", said=group.said, choices=kinds
                )  # "dim it": one is meant; "make it dimmer" is the room
            return _narrow(kinds, frame, world, where, memory, placed=False, group=group)
        if not known:
            return Aim(why="which_thing", said=group.said)
        return Aim(things=known)
    if group.pronoun == "everything" and group.indefinite and frame.act != "off":
        return Aim(why="which_thing", said=group.said)  # "open anything"
    if group.pronoun == "everything":
        placed = places or group.places
        pool = _in(world.things, placed, world) if placed else world.at_home(world.things, where.here)
        if frame.act in ("open", "unlock"):
            return Aim(why="which_thing", said=group.said)  # nobody opens all that opens by one word
        if frame.act in ("lock", "close"):
            trait = "locked" if frame.act == "lock" else "position"
            return Aim(
                things=tuple(t for t in pool if trait in world.things[t].takes and world.things[t].kind != "car")
            )
        meant = tuple(t for t in pool if world.things[t].kind.split(".")[0] not in KEPT_ON and can(frame, t, world))
        said = set(frame.traits) & LEVELLED
        if said:
            meant = tuple(t for t in meant if said & world.things[t].takes)  # the volume of what has one
        if frame.act == "stop":
            meant = tuple(t for t in meant if world.things[t].kind != "light" and _runs(t, world))
        if not _rooms_only(placed, world) and sum(world.things[t].kind.split(".")[0] in OF_A_LINE for t in meant) > 1:
            return Aim(why="which_thing", said=group.said)  # a plant is not stopped in passing
        return Aim(things=meant)
    alike = {world.things[thing].kind for thing in known}
    others = tuple(t for t in things_of_kind(alike, world.things, world) if t not in known)
    if places:
        others = _in(others, places, world)
    if group.pronoun == "other":
        rooms = {world.things[thing].place for thing in known}
        near = tuple(t for t in others if world.things[t].place in rooms) or others
        if len(near) != 1:
            return Aim(why="ambiguous", said=group.said, choices=near)
        return Aim(things=near)
    return Aim(things=tuple(t for t in others if can(frame, t, world)))


def _runs(thing: str, world: World) -> bool:
    """May it run now? What is known to stand still is not stopped."""
    state = world.state(thing)
    return not any(state.get(trait) is False for trait in ("start_stop", "on_off"))


def _narrow(
    things: tuple[str, ...],
    frame: Frame,
    world: World,
    where: Where,
    memory: Memory,
    *,
    placed: bool,
    group: Group | None = None,
) -> Aim:
    """Of several that were not told apart: those here, or the only one, or those of one kind in the plural."""
    if group is None:
        things = tuple(world.of_a_room(things, frame.traits))
    roomful = all(world.things[thing].kind in ROOMFUL for thing in things) and not (
        group is not None and (group.indefinite or group.single)
    )
    plural = group is not None and group.plural
    alike = len({world.things[thing].kind for thing in things}) == 1
    if len(things) == 1 or (placed and (roomful or plural or (group is None and alike))):
        return Aim(things=things)
    pointed = (
        memory.things and frame.clause.link in ("", "and") and [thing for thing in memory.things if thing in things]
    )
    if pointed and group is None and not placed:
        return Aim(things=tuple(pointed))
    here = _in(things, [where.here], world) if where.here else ()
    over = [t for t in things if where.here and world.things[t].place in world.path(where.here)]
    if frame.act in ("warmer", "cooler") and not here and len(over) == 1:
        return Aim(things=tuple(over))  # who is warmed by what stands for all of the home
    sounding = tuple(thing for thing in things if world.state(thing).get("playback") == "play")
    if frame.act in ("pause", "next", "previous") and len(sounding) == 1 and not set(sounding) & set(here):
        return Aim(things=sounding)  # what does not play is not paused
    if len(here) == 1 or (here and (roomful or plural)):
        return Aim(things=here)
    chosen = here or things
    playing = tuple(
        t
        for t in chosen
        if world.state(t).get("playback") == "play"
        or (world.things[t].kind in ("tv", "speaker", "media") and world.state(t).get("on_off") is True)
    )
    if (
        frame.act in ("louder", "quieter", "mute", "pause", "next", "previous", "up", "down", "stop")
        and len(playing) == 1
    ):
        return Aim(things=playing)
    if frame.act == "play":
        by_kind = ([t for t in chosen if world.things[t].kind == kind] for kind in ("speaker", "media", "tv"))
        best = next((found for found in by_kind if found), [])
        if len(best) == 1:
            return Aim(things=tuple(best))
    if roomful and (plural or group is not None) and not here:
        rooms = {world.things[thing].place for thing in things}
        if len(rooms) == 1 or plural:
            return Aim(things=things)
    rooms_heat = tuple(thing for thing in chosen if world.things[thing].kind == "climate")
    heat = "climate" in group.kinds if group is not None else frame.act in ("warmer", "cooler")
    if heat and not plural and len(rooms_heat) == 1:
        return Aim(things=rooms_heat)  # "the heat" of a home with a warm floor too
    if plural and frame.act == "lock":
        return Aim(things=things)  # "lock the doors" is all of them, wherever one is
    if plural and len({world.things[thing].place for thing in chosen}) == 1:
        return Aim(things=chosen)
    return Aim(why="ambiguous", said=group.said if group is not None else "", choices=chosen)


def _by_trait(frame: Frame, pool: Iterable[str], world: World) -> tuple[str, ...]:
    """The things that take a trait that was said: of "the volume" those with one."""
    for trait in frame.traits:
        wanted = SET_BY.get(trait, trait)
        found = [
            thing
            for thing in pool
            if wanted in world.things[thing].takes
            and (wanted != "target_temperature" or world.things[thing].kind in ("climate", "floor_heating", "stove"))
        ]
        if found:
            return tuple(found)
    return ()


def _default_kinds(frame: Frame) -> tuple[str, ...]:
    if frame.coffee and frame.act in (None, "brew", "set", "start", "on", "value", "do", "change", "warmer"):
        return DEFAULT_KINDS["coffee"]
    if frame.color is not None:
        return DEFAULT_KINDS["color"]
    if frame.value is not None and frame.unit in ("deg", "Cel", "[degF]"):
        return DEFAULT_KINDS["temperature"]
    if frame.level in ("warm_white", "cool_white"):
        return DEFAULT_KINDS["color"]
    if frame.act in ("cancel", "notify", "remind"):
        return ()
    if frame.act == "brew" and not frame.coffee:
        return ()
    if frame.act in DEFAULT_KINDS:
        return DEFAULT_KINDS[frame.act]
    if frame.act in ("up", "down") and frame.unit == "%":
        return ("light",)
    return ()


def can(frame: Frame, thing: str, world: World) -> bool:
    """Has the thing anything that the act could change?"""
    about = world.things[thing]
    if frame.color is not None:
        return bool({"color", "andon"} & about.takes)
    act = frame.act or ""
    if act in LEVEL_OF_ACT or frame.value is not None or frame.level:
        wanted = (*LEVEL_OF_ACT.get(act, ((), 1))[0], *PRIMARY.get(about.kind, LEVELS), *frame.traits)
        if any(trait in about.takes for trait in wanted):
            return True
    if any(trait in about.takes for trait in frame.traits):
        return True
    if frame.text is not None:
        return False
    order = ACTS.get(act)
    if order is None:
        return bool(about.takes)
    return any(trait in about.takes for trait, _ in order)


def _in(things: Iterable[str], places: Iterable[str | None], world: World) -> tuple[str, ...]:
    """Those in the places; of a room with a closet those in the room itself, where there are any."""
    wanted, pool = set(places), tuple(things)
    rooms = {place for place in wanted if place in world.places and world.places[place].kind == "room"}
    direct = {world.things[thing].place for thing in pool} & rooms
    found = []
    for thing in pool:
        path = world.path(world.things[thing].place)
        if path and path[0] not in wanted and set(path[1:]) & direct and not set(path) & (wanted - direct):
            continue
        if set(path) & wanted:
            found.append(thing)
    return tuple(found)


def _lost(group: Group, memory: Memory) -> bool:
    """Is it unknown what is excepted?"""
    return not (group.things or group.places or (group.pronoun in ("it", "them") and memory.things))


def _so_called(group: Group, things: Sequence[str], world: World) -> Group:
    """Of "every door but the back" the one that has the word in its name."""
    words = set(group.said.split()) - {"'s"}
    found = tuple(thing for thing in things if words and words <= world.words_of(thing))
    return msgspec.structs.replace(group, things=found, why=None) if len(found) == 1 else group


def _unclear(group: Group, things: Sequence[str], world: World, memory: Memory) -> bool:
    """Is it not known what is left out? So it is of somebody, of whom nothing is among the things."""
    if _lost(group, memory):
        return True
    people = bool(group.things) and all(world.things[thing].kind == "person" for thing in group.things)
    return people and not set(group.things) & set(things)


def _without(things: Sequence[str], frame: Frame, world: World, memory: Memory) -> tuple[str, ...]:
    """Less those that were excepted."""
    out: set[str] = set()
    for group in frame.left:
        if group.things:
            out.update(group.things)
        elif group.places:
            out.update(_in(things, group.places, world))
        else:
            out.update(memory.things)
    return tuple(thing for thing in dict.fromkeys(things) if thing not in out)
