"""Conditions: what a clause after "if" or "when" says must be so.

Knows comparisons, states of switches and doors, people coming and going. A clause that it cannot read is None, and
nothing is automated on half of a condition.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from unisono.assist.abilities import SHOWN, TRAVELLERS
from unisono.assist.dialogue import Memory
from unisono.assist.frames import Frame
from unisono.assist.gazetteer import Group, Where, own_door
from unisono.assist.plan import Condition
from unisono.assist.questions import ALIKE, AROUND, ASKED, CONSUMED, WEAK, metered, value_of
from unisono.assist.text import Piece
from unisono.assist.times import duration
from unisono.assist.world import World
from unisono.errors import CallerError
from unisono.thing import convert, traits

__all__ = ["condition_of"]

UNITS = {
    "deg": ("temperature", "cabin_temperature", "target_temperature"),
    "Cel": ("temperature", "cabin_temperature"),
    "[degF]": ("temperature", "cabin_temperature"),
    "%": ("humidity", "level", "battery", "brightness", "position", "fan_speed", "volume", "oee"),
    "W": ("power",),
    "kW": ("power",),
    "kWh": ("energy",),
    "bar": ("pressure", "tyre_pressure"),
    "kPa": ("tyre_pressure", "pressure"),
    "Pa": ("pressure",),
    "ppm": ("co2",),
    "lx": ("illuminance",),
    "dB": ("noise",),
    "mm/s": ("vibration",),
    "km": ("range",),
    "km/h": ("speed",),
    "A": ("current",),
    "V": ("voltage",),
    "ug/m3": ("pm25",),
    "1/min": ("rate", "speed"),
}
#: Acts of more or less, which no state is.
FELT_AS = frozenset({"brighter", "dimmer", "warmer", "cooler", "louder", "quieter", "faster", "slower"})
#: Both of them are told of tanks.
BOTH = frozenset({"level", "temperature"})
#: And both of these of machines.
COUNTS = frozenset({"rate", "count"})
OPENED = ("guard", "door", "trunk", "contact", "window_position")
RUNS = ("running", "start_stop", "on_off")
ALARMS = ("leak", "smoke", "gas", "motion", "occupancy", "emergency_stop")
#: Kinds that are heard when something else happens.
SOUNDING = frozenset({"siren", "alarm"})


def condition_of(
    frame: Frame, world: World, where: Where, memory: Memory, person: str | None, about: tuple[str, ...] = ()
) -> Condition | None:
    """The condition. ``about``: the things of the order, for "it"."""
    if frame.unheeded or (frame.act in FELT_AS and frame.value is None):
        return None  # "when it gets cooler": than what
    if any("charge" in piece.senses and "past" in piece.forms and not piece.named for piece in frame.clause.pieces):
        return None  # "when it is charged" is not while it charges, and how full that is, nobody said
    if any(_guessed(piece) for piece in frame.clause.pieces):
        return None  # "if it's raining" is no slip of "raising": what must be so is not guessed
    things: list[str] = []
    places: list[str] = []
    own: list[set[str]] = []
    for group in frame.groups:
        if (group.why is not None or group.strange) and not (group.traits and _left_of(group, frame)):
            return None
        if group.pronoun in ("it", "them"):
            continue
        told = _tellers(group, [place for each in frame.groups for place in each.places], world)
        if group.things:
            if not told:
                return None
            own.append(set(told))
        if told != group.things:
            frame.traits = tuple(dict.fromkeys((*frame.traits, *group.traits)))
        things.extend(told)
        places.extend(group.places)
    if "i" in frame.senses and person is not None and frame.senses & {"at_home", "away"}:
        things = [person]
    if not things and "that_one" in frame.senses:
        if len(memory.things) != 1 or world.things[memory.things[0]].kind != "person":
            return None  # "when he gets home": who?
        things = list(memory.things)
    if about and not places and "there" in frame.senses and not any(group.named for group in frame.groups):
        places = list(dict.fromkeys(world.things[thing].place for thing in about))  # "the sensor down there"
    if not things and frame.senses & {"away", "at_home"} and (not places or world.root in places):
        things = [thing for thing in world.things if world.things[thing].kind == "person"]
        places = []
    if places and things:
        kept = [t for t in things if set(world.path(world.things[t].place)) & set(places)]
        things = kept or things
    elsewhere = "there" in frame.senses or any(place != world.root for place in places)
    if elsewhere and any(world.things[thing].kind == "person" for thing in things):
        return None  # who leaves the barn may be at home
    for_s = duration(frame.times)
    if "freezes" in frame.senses and frame.value is None:
        cold = frame.senses | {"below"}
        frame = msgspec.structs.replace(frame, value=0.0, unit="Cel", senses=cold, complaint=None, act=None)
    if frame.value is not None:
        return _compared(frame, things, places, world, for_s, about)
    wanted: list[tuple[tuple[str, ...], Any]] = []
    returned = "home_word" in frame.senses or world.root in places or "is_back" in frame.senses
    if returned and things and all(world.things[thing].kind in TRAVELLERS for thing in things):
        wanted.append(ASKED["at_home"])
    if any({"p_off", "detected"} <= set(piece.senses) for piece in frame.clause.pieces):  # it "goes off"
        sound = bool(things) and all(world.things[thing].kind in SOUNDING for thing in things)
        wanted.append(((*ALARMS, "on_off") if sound else ALARMS, True))
    for trait in frame.traits:
        if trait in ALARMS:
            wanted.append(((trait,), True))
    for sense, (names, value) in ASKED.items():
        made = sense == "brew" and frame.act != "brew"  # "it gets"
        if (sense in frame.senses or frame.act == sense) and value is not None and not made:
            wanted.append((names, value))
    if "running" in frame.traits:
        wanted.insert(0, (RUNS, True))
    if "done" in frame.senses and any(
        "done" in world.things[thing].choices.get("state", ()) for thing in things or about
    ):
        wanted.insert(0, (("state",), "done"))  # who stops is not done yet
    if "broken" in frame.senses:
        wanted.append((("fault",), None))
    if "vacant" in frame.senses and "occupancy" in frame.traits:
        frame.senses = frame.senses ^ {"not"}  # a hall that is empty is not occupied
    none = any("no" in group.sets and set(group.traits) & set(ALARMS) for group in frame.groups)  # "no motion is seen"
    negated = ("not" in frame.senses or none) is not (frame.clause.trigger == "unless")
    said = [trait for trait in frame.traits if trait in OPENED]
    if said and frame.senses & {"open", "close"}:
        wanted.insert(0, (tuple(said), "open" if "open" in frame.senses else "closed"))
    pool = things or [t for t in world.things if places and set(world.path(world.things[t].place)) & set(places)]
    if not pool and not places:
        if any(g.pronoun for g in frame.groups) or (about and wanted and not frame.groups and frame.stated):
            pool = list(about or memory.things)  # "if they're on"
        elif about and frame.traits and any(t in world.things[thing].tells for thing in about for t in frame.traits):
            pool = list(about)
        elif wanted and wanted[0][0][0] in ALARMS:
            pool = list(world.things)
    if {"open", "close"} & {*frame.senses, frame.act}:
        contacts = [kin for thing in pool for kin in world.kin(thing) if "contact" in world.things[kin].tells]
        if contacts and all(world.things[thing].kind == "lock" for thing in pool):
            pool, own = contacts, []  # a door that opens is not one that is unlocked, where something tells both
    for names, value in wanted:
        for trait in names:
            tell = tuple(t for t in pool if trait in world.things[t].tells)
            if tell and all(each & set(tell) for each in own):
                is_ = value_of(trait, value, negated=negated)
                if negated and is_ == value_of(trait, value, negated=False):
                    return None  # not playing is pausing or stopped: no one value
                return Condition(things=tell, trait=trait, equals=is_, for_s=for_s)
    del where
    return None


def _left_of(group: Group, frame: Frame) -> bool:
    """ "Less than ten kilometres of range left": is all that is strange of a group that it is left?"""
    left = {piece.text for piece in frame.clause.pieces if "left" in piece.senses}
    return bool(group.strange) and set(group.strange) <= left


def _tellers(group: Group, places: Sequence[str], world: World) -> Sequence[str]:
    """Its things; of what happens at things that do not tell it, who does there: "the washing machine leaks", "the gas
    alarm trips"."""
    felt = next((trait for trait in group.traits if trait in ALARMS), None)
    if felt is None or not group.things or any(felt in world.things[thing].tells for thing in group.things):
        return own_door(group, world)
    rooms = {world.things[thing].place for thing in group.things if world.things[thing].kind not in SOUNDING}
    rooms = set(places) or rooms
    tellers = [thing for thing in world.things if felt in world.things[thing].tells]
    return [thing for thing in tellers if not rooms or rooms & set(world.path(world.things[thing].place))]


def _guessed(piece: Piece) -> bool:
    """A word spelled otherwise that is no name: names are near enough or none, a state has an opposite."""
    return piece.fuzzy and not piece.named and not any(sense.startswith("kind:") for sense in piece.senses)


def _compared(
    frame: Frame, things: list[str], places: list[str], world: World, for_s: float | None, about: tuple[str, ...]
) -> Condition | None:
    strong = [trait for trait in frame.traits if trait not in WEAK]
    candidates = [alike for trait in strong for alike in ALIKE.get(trait, (trait,))]
    if not strong:  # of "the pressure is two percent" no other trait is meant that has percents
        candidates.extend(UNITS.get(frame.unit or "", ()))
    candidates.extend(alike for trait in frame.traits if trait not in strong for alike in ALIKE.get(trait, (trait,)))
    if frame.complaint in ("cold", "hot") or frame.senses & {"warmer", "cooler"}:
        candidates.append("temperature")
    pool = things or [t for t in world.things if places and set(world.path(world.things[t].place)) & set(places)]
    if not pool and not places:
        said = any(g.pronoun for g in frame.groups) or (frame.stated and not frame.groups)  # "when it's under ten"
        told = not candidates or any(trait in world.things[t].tells for t in about for trait in candidates)
        it = any(g.its for g in frame.groups) or (said and bool(about) and told)
        pool = list(about) if it else list(world.things)  # "send it home when its battery is low"
    if not candidates and things and not frame.unit and all(world.things[thing].tells >= BOTH for thing in things):
        return None  # of a tank a bare number is how full it is, or how warm
    counts = (
        things and not frame.traits and not frame.unit and all(world.things[thing].tells >= COUNTS for thing in things)
    )
    if counts:
        return None  # of a machine how fast, or how many
    below = bool(frame.senses & {"below", "falls"}) or frame.complaint == "cold" or frame.act in ("down", "cooler")
    above = bool(frame.senses & {"above", "rises"}) or frame.complaint == "hot" or frame.act in ("up", "warmer")
    if not candidates:
        candidates = ["temperature", "level", "battery", "humidity", "power", "rate", "vibration", "pressure"]
        candidates.extend(("co2", "pm25", "illuminance", "noise", "flow", "weight"))
        shown = [t for thing in things for t in SHOWN.get(world.things[thing].kind, ()) if t in candidates]
        candidates = [*shown, *candidates] if below else candidates  # a tank runs low of what is in it
    if "below" in frame.senses:
        above = False
    elif "above" in frame.senses:
        below = False
    if ("not" in frame.senses) is not (frame.clause.trigger == "unless"):
        if not below and not above:
            return None
        below, above = not below, not above
    if not any(trait in world.things[thing].tells for thing in pool for trait in candidates):
        # "when it is louder than that at the press": who tells it there
        rooms = {world.things[t].place for group in frame.groups if group.role == "in" for t in group.things}
        rooms |= set(places)
        candidates = [trait for trait in candidates if trait in AROUND]
        pool = [thing for thing in world.things if world.things[thing].place in rooms]
    for trait in candidates:
        tell = tuple(t for t in pool if trait in world.things[t].tells)
        if not tell:
            continue
        if not things and (not places or world.root in places) and trait in CONSUMED:
            tell = metered(tell, world)
        if len(tell) > 1 and not things and not places:
            return None
        value = _converted(float(frame.value), frame.unit, trait)
        if value is None:
            continue
        if below:
            return Condition(things=tell, trait=trait, below=value, for_s=for_s)
        if above or "to" in frame.senses:
            return Condition(things=tell, trait=trait, above=value, for_s=for_s)
        return Condition(things=tell, trait=trait, equals=value, for_s=for_s)
    return None


def _converted(value: float, unit: str | None, trait: str) -> float | None:
    about = traits().get(trait)
    own = about.unit if about is not None else None
    if unit is None or own is None or unit == own or (unit == "deg" and own == "Cel"):
        return int(value) if value.is_integer() else value
    if unit == "%":
        return value if own == "%" else None
    try:
        return round(convert(value, unit, own), 3)
    except CallerError:
        return None
