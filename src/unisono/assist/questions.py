"""Questions: which state, history or cause is asked for.

Knows how the words of a question choose a trait of the things it names, a period and an aggregate. Answers nothing:
whoever has the states and the history does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from unisono.assist.abilities import OF_ROOMS, SHOWN
from unisono.assist.dialogue import Memory
from unisono.assist.frames import Frame
from unisono.assist.gazetteer import ROVING, Where, own_door
from unisono.assist.plan import Aggregate, Query
from unisono.assist.scope import ASKING
from unisono.assist.times import compared, period
from unisono.assist.world import World
from unisono.thing import traits
from unisono.thing.schema import NUMERIC

__all__ = ["CONSUMED", "asks", "metered", "query_of", "telling"]

#: Acts of which "who" asks for the cause.
# fmt: off
CAUSED = frozenset((
    "on", "off", "open", "close", "lock", "unlock", "start", "stop", "up", "down", "set", "change", "clean", "play",
    "pause", "mute", "unmute", "arm", "disarm", "charge", "record", "brighter", "dimmer", "warmer", "cooler", "louder",
    "quieter",
))
# fmt: on
#: What is used up, and how fast.
CONSUMED = ("energy", "power")
#: What a meter counts.
COUNTED = frozenset({"energy", "count", "good_count", "scrap_count", "odometer"})
AGGREGATES = ("min", "max", "mean", "sum", "count", "duration")

#: What an adjective or verb of a question asks about, the first that the thing tells.
ASKED: dict[str, tuple[tuple[str, ...], Any]] = {
    "open": (("contact", "guard", "position", "window_position", "door", "locked", "trunk", "on_off"), "open"),
    "close": (("contact", "guard", "position", "window_position", "door", "locked", "trunk", "on_off"), "closed"),
    "lock": (("locked",), True),
    "unlock": (("locked",), False),
    "on": (("on_off", "start_stop", "running", "playback", "recording"), True),
    "off": (("on_off", "start_stop", "running"), False),
    "start": (("start_stop", "running", "on_off"), True),
    "stop": (("start_stop", "running", "on_off"), False),
    "done": (("start_stop", "running", "on_off"), False),
    "play": (("playback",), "play"),
    "pause": (("playback",), "pause"),
    "charge": (("charging",), True),
    "plugged": (("charging",), True),
    "record": (("recording",), True),
    "mute": (("mute",), True),
    "arm": (("armed",), None),
    "at_home": (("location", "presence"), "home"),
    "away": (("location", "presence"), "not home"),
    "detected": (("motion", "occupancy", "leak", "smoke"), True),
    "broken": (("fault", "state"), None),
    "defrost": (("defrost",), True),
    "clean": (("start_stop", "state"), True),
    "how_far": (("range",), None),
    "where": (("location", "presence"), None),
    "warmer": (("temperature", "target_temperature"), None),
    "cooler": (("temperature", "target_temperature"), None),
    "brew": (("start_stop", "on_off"), True),
    "set": (("target_temperature", "brightness", "fan_speed", "volume", "position"), None),
    "down": (("position",), "closed"),
    "up": (("position",), "open"),
}
#: Of these what says how something is.
STATED = frozenset(
    {"open", "close", "lock", "unlock", "done", "charge", "plugged", "broken", "at_home", "away", "detected"}
)
#: Complaints that, asked, are about a reading.
FELT = {
    "cold": "temperature",
    "hot": "temperature",
    "humid": "humidity",
    "dry": "humidity",
    "loud": "volume",
    "stuffy": "co2",
    "bright": "illuminance",
    "dark": "illuminance",
}
#: Traits whose names are also everyday words: they count only if nothing better was said.
WEAK = frozenset(
    {
        "power",
        "state",
        "level",
        "location",
        "rate",
        "current",
        "contact",
        "on_off",
        "mode",
        "presence",
        "switch",
        "gas",
        "count",
        "running",
    }
)
ALIKE = {
    "temperature": ("temperature", "cabin_temperature"),
    "cabin_temperature": ("cabin_temperature", "temperature"),
    "battery": ("battery",),
    "humidity": ("humidity",),
    "energy": ("energy", "power"),
    "power": ("power", "energy"),
    "target_temperature": ("target_temperature",),
    "speed": ("speed", "rate", "fan_speed"),
    "rate": ("rate", "speed"),
    "charging": ("charging",),
    "level": ("level", "battery"),
    "window_position": ("window_position", "position"),
    "pressure": ("pressure", "tyre_pressure"),
    "motion": ("motion", "occupancy"),
    "fault": ("fault", "state"),
    "door": ("door", "contact"),
    "contact": ("contact", "door", "position"),
    "good_count": ("good_count", "count"),
    "location": ("location", "presence"),
    "presence": ("presence", "location"),
    "charge_limit": ("charge_limit",),
    "volume": ("volume", "noise"),
    "mode": ("mode", "hvac_mode"),
    "running": ("running", "start_stop", "on_off"),
}


#: What "above fifty" may be said of, where no trait is named.
MEASURED = ("temperature", "level", "battery", "humidity", "power", "rate", "brightness", "volume", "position")
#: What is asked of a room, where nothing is named.
AIR = frozenset({"temperature", "humidity"})
#: What is so all around a thing that does not tell it.
AROUND = AIR | {"co2", "pm25", "noise", "illuminance", "motion", "occupancy"}


def asks(frame: Frame) -> bool:
    """Is it a question?"""
    if "help" in frame.senses:
        return True
    aggregate = any(sense.startswith("agg:") for sense in frame.senses)
    past = bool(frame.traits) and any(
        (time.role == "over" and time.over != "ago") or (aggregate and time.days == 0) for time in frame.times
    )
    return frame.clause.mood == "question" or _asking(frame) or past


def _asking(frame: Frame) -> bool:
    """Does a word of a question stand in it? After a complaint it asks nothing: "I can't see what I'm reading"."""
    for piece in frame.clause.pieces:
        families = {sense.partition(":")[0] for sense in piece.senses}
        if "complaint" in families and "trait" not in families:
            return False
        if ASKING & set(piece.senses) and not piece.named:
            return True
    return False


def telling(frame: Frame) -> bool:
    """Does it say by itself what is asked, and not only of what?"""
    return bool(frame.traits or frame.complaint or frame.act in ASKED or (frame.senses & STATED) or _sided(frame))


def _sided(frame: Frame) -> bool:
    """ "on", "off", at its end."""
    return bool(frame.clause.pieces) and bool({"p_on", "p_off"} & set(frame.clause.pieces[-1].senses))


def query_of(frame: Frame, world: World, where: Where, memory: Memory, now: datetime) -> Query | None:
    """What is asked, or None where it is not about this home."""
    if "help" in frame.senses:
        things = tuple(thing for group in frame.groups for thing in group.things)
        return Query(ask="help", things=things)
    periods = compared(frame.times, now)
    over = period(frame.times, now) if periods is None else periods[0]
    agg = _aggregate(frame)
    strangers = [group for group in frame.groups if group.why is not None and group.role != "for"]
    described = frame.senses & {"how_far", "where", "who"} or frame.traits or frame.complaint
    if strangers and not described and not any(group.things or group.places for group in frame.groups):
        return None
    if "which" in frame.senses and agg in ("min", "max"):  # "which room is the warmest": of all of them
        frame.groups = tuple(g for g in frame.groups if g.things or g.definite or g.places != (where.here,))
    things, places, named = _things(frame, world, where, memory)
    if named and not things and not frame.traits:
        return None  # of the heater in the loft, where there is none, another heater tells nothing
    if (
        not things
        and world.root in places
        and frame.senses & {"he", "who", "any", "all", "which", "how_many"}
        and not frame.traits
    ):
        things, named = (
            tuple(
                thing
                for thing in world.things
                if "location" in world.things[thing].tells and world.things[thing].kind == "person"
            ),
            True,
        )
        home = Query(ask="state", things=things, trait="location", equals="home")
        return home if things else None
    done = frozenset[str]().union(*(p.senses for p in frame.clause.pieces if "past" in p.forms and not p.named))
    why = "why" in frame.senses or ("who" in frame.senses and bool(done & CAUSED))
    if "how_many" in frame.senses and set(frame.traits) & COUNTED and not _told(frame, things, world):
        things, named = (), False  # "how many bottles were rejected", beside a bottle conveyor
    trait, value, chosen = _trait(frame, things, world, where, places, named=named)
    if trait is None:
        return None
    if trait in CONSUMED and not named:
        chosen = metered(chosen, world)
    if trait in ("location", "presence") and "who" in frame.senses and not named:
        chosen = tuple(thing for thing in chosen if world.things[thing].kind == "person") or chosen  # a car is nobody
    value = value_of(trait, value, negated=False) if value is not None else None
    if why:
        return Query(ask="cause", things=chosen, trait=trait, equals=value)
    if "which" in frame.senses and agg in ("min", "max") and over is None:
        return Query(ask="state", things=chosen, trait=trait)
    if "when_did" in frame.senses:
        return Query(ask="history", things=chosen, trait=trait, over=over, agg="last", equals=value)
    if (
        trait == "power"
        and over is not None
        and agg in ("sum", None)
        and (agg is not None or periods is not None or "how_much" in frame.senses or "power" not in frame.traits)
    ):
        # what was used up is counted, where anything counts it
        counted = tuple(thing for thing in chosen if "energy" in world.things[thing].tells)
        trait, chosen = ("energy", counted) if counted else (trait, chosen)
        agg = "sum"
    if periods is None and isinstance(over, dict) and over["from"] == over["to"]:
        return Query(ask="history", things=chosen, trait=trait, over=over, agg="last", equals=value)  # how it was then
    if periods is not None:
        return Query(
            ask="history",
            things=chosen,
            trait=trait,
            over=over,
            agg=agg or usual(trait, value),
            equals=value,
            against=periods[1],
        )
    if agg is not None or over is not None:
        if agg is None:
            agg = "sum" if trait in ("energy",) else None
        return Query(ask="history", things=chosen, trait=trait, over=over, agg=agg, equals=value)
    return Query(ask="state", things=chosen, trait=trait, equals=value)


def usual(trait: str, value: Any) -> Aggregate:
    """What is compared of a trait where nothing was said: what it grew by, how long it was so, or its level."""
    if trait in COUNTED:
        return "sum"
    about = traits().get(trait)
    numeric = about is not None and about.schema is not None and about.schema.kind in NUMERIC
    return "mean" if numeric and value is None else "duration"


def value_of(trait: str, value: Any, *, negated: bool) -> Any:
    """What a word such as "open" is of this trait."""
    if trait in ("position", "window_position"):
        value = {"open": "open", "closed": "closed", True: "open", False: "closed"}[value]
        return {"open": "closed", "closed": "open"}[value] if negated else value
    if trait in ("contact", "door", "trunk", "guard"):
        value = value if value in ("open", "closed") else "open" if value else "closed"
        return {"open": "closed", "closed": "open"}[value] if negated else value
    if trait == "locked" and value in ("open", "closed"):
        value = value == "closed"
    if trait == "on_off" and value in ("open", "closed"):
        value = value == "open"
    if trait == "location":
        return ("not home" if value == "home" else "home") if negated else value
    if trait == "presence":
        return (value == "home") is not negated
    return value is not negated if isinstance(value, bool) else value


def metered(things: tuple[str, ...], world: World) -> tuple[str, ...]:
    """What the home uses is what its meter counts, not every lamp beside it once more."""
    return tuple(thing for thing in things if world.things[thing].kind == "meter") or things


def _aggregate(frame: Frame) -> Any:
    senses = frame.senses
    if senses & {"how_long"} or "agg:duration" in senses:
        return "duration"
    if senses & {"how_often"} or ("agg:count" in senses and "how_many" in senses):
        return "count"
    for name in AGGREGATES:
        if f"agg:{name}" in senses and name != "count":
            return name
    return None


def _told(frame: Frame, things: Sequence[str], world: World) -> bool:
    """Does any of the things tell what is counted?"""
    return any(trait in world.things[thing].tells for thing in things for trait in frame.traits)


def _remains(frame: Frame) -> bool:
    """ "How many kilometres has it left?" """
    return any({"left", "trait:level"} & set(piece.senses) and not piece.named for piece in frame.clause.pieces)


def _set_to(frame: Frame) -> bool:
    """ "what is it set to": of what was asked for, not of what is."""
    pieces = [piece for piece in frame.clause.pieces if not piece.named]
    for at, piece in enumerate(pieces):
        after = pieces[at + 1] if at + 1 < len(pieces) else None
        if "set" in piece.senses and {"base", "past"} <= set(piece.forms) and (after is None or "to" in after.senses):
            return True
    return False


def _put_at(frame: Frame) -> bool:
    """ "What temperature did I put the chiller at": of what somebody set."""
    last = frame.clause.pieces[-1]
    put = any("set" in piece.senses and "past" in piece.forms and not piece.named for piece in frame.clause.pieces)
    return put and "i" in frame.senses and {"o_clock", "to"} <= set(last.senses)


def _what_on(frame: Frame) -> bool:
    """ "What's the thermostat on?": at what, not whether."""
    ends = (frame.clause.pieces[:1], frame.clause.pieces[-1:])
    what = any("what" in piece.senses and "which" not in piece.senses for piece in ends[0])
    return what and any({"p_on", "in"} <= set(p.senses) for p in ends[1])


def _things(frame: Frame, world: World, where: Where, memory: Memory) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    things: list[str] = []
    places: list[str] = []
    named = False
    for group in frame.groups:
        if group.why is not None or (group.strange and not group.named):
            continue
        if group.pronoun in ("it", "them"):
            if memory.things and not any(other.things for other in frame.groups):
                things.extend(memory.things)
                named = True
            continue
        things.extend(own_door(group, world))
        named = named or bool(group.things)
        places.extend(group.places)
    if not things and not places and "its" in frame.senses and memory.things:
        things, named = list(memory.things), True
    heard = [t for t in memory.things if world.things[t].tells & set(frame.traits)] if "of_it" in frame.senses else []
    if heard and not things and not places:
        things, named = heard, True  # "how bright is it", after the lamp was turned on
    if not places and where.here in world.places and any(group.pronoun == "everything" for group in frame.groups):
        places.append(world.path(where.here)[-1])  # "is anything on": anywhere
    if places and things:
        kept = [t for t in things if set(world.path(world.things[t].place)) & set(places)]
        # what stands on a floor is of its rooms too; who goes about is nowhere
        kept = kept or [t for t in things if any(world.things[t].place in world.path(place) for place in places)]
        things = kept or [t for t in things if world.things[t].kind in ROVING]
    return tuple(dict.fromkeys(things)), tuple(dict.fromkeys(places)), named


def _bearing(names: Sequence[str], of: Sequence[str], world: World) -> dict[str, tuple[str, ...]]:
    """Who tells each trait; by their models where nobody has told any."""
    said = {trait: tuple(thing for thing in of if world.has_told(thing, trait)) for trait in names}
    if any(said.values()):
        return said
    return {trait: tuple(thing for thing in of if world.can_tell(thing, trait)) for trait in names}


def _trait(
    frame: Frame, things: Sequence[str], world: World, where: Where, places: Sequence[str], *, named: bool
) -> tuple[str | None, Any, tuple[str, ...]]:
    wanted: list[tuple[tuple[str, ...], Any]] = []
    used = {"power"} if frame.senses & {"agg:sum", "how_much"} else set()
    strong = [trait for trait in frame.traits if trait not in WEAK or trait in used]
    consumed = bool(used and strong and set(strong) <= set(CONSUMED))
    if not named:
        strong.sort(key=lambda trait: trait == "volume")  # "how loud is it in here": the noise, where that is measured
    weak = [trait for trait in frame.traits if trait in WEAK and trait not in used]
    if "how_many" in frame.senses and not strong:
        wanted.append((("good_count", "count"), None))
    if "how_far" in frame.senses or ("odometer" in strong and _remains(frame)):
        wanted.append(ASKED["how_far"])
    if "agg:sum" in frame.senses and not strong:
        wanted.append((CONSUMED, None))
    if _set_to(frame) or _put_at(frame):
        aims = [trait for trait in ("temperature", "humidity") if trait in strong or not strong]
        wanted += [((f"target_{trait}",), None) for trait in aims]
    filled = any("trait:charging" in piece.senses and "base" in piece.forms for piece in frame.clause.pieces)
    if filled and frame.senses & {"what", "how_much"}:
        wanted.append((("battery",), None))  # "what charge is in the van": not whether it is charged
    if frame.act in ("lock", "unlock"):
        wanted.append(ASKED[frame.act])  # "are all the doors locked": not whether they are shut
    wanted.extend((ALIKE.get(trait, (trait,)), None) for trait in strong)
    if _what_on(frame):
        wanted.append(ASKED["set"])
    for sense, about in ASKED.items():
        if sense != "set" and (sense in frame.senses or frame.act == sense):
            wanted.append(about)
    if frame.complaint in FELT:
        wanted.append(
            (
                (FELT[frame.complaint], "temperature") if FELT[frame.complaint] == "co2" else (FELT[frame.complaint],),
                None,
            )
        )
    wanted.extend((ALIKE.get(trait, (trait,)), None) for trait in weak)
    if not wanted and places and "he" in frame.senses:
        wanted.append((("occupancy", "motion"), True))
    if not wanted and frame.senses & {"p_on", "p_off"}:
        wanted.append(ASKED["on" if "p_on" in frame.senses else "off"])
    if not wanted and "everything" in frame.senses:
        wanted.append(ASKED["on"])  # "is anything still on in the hall"
    if "set" in frame.senses or frame.act == "set":  # "get", "have" and "take" are in any question
        wanted.append(ASKED["set"])
    if consumed:  # what something used up is not whether it is on
        wanted = [(names, value) for names, value in wanted if set(names) & set(CONSUMED)]
    pool: Sequence[str] = things
    if not things:
        there = [t for t in world.things if set(world.path(world.things[t].place)) & set(places)]
        pool = there if places else world.at_home(world.things, where.here)
        if strong and not places and not any(_bearing(ALIKE.get(strong[0], (strong[0],)), pool, world).values()):
            pool = list(world.things)  # "the effectiveness" of a plant, asked at home
    for names, value in wanted:
        # a cabin is no place's warmth, where no car was said
        cabin = not named and "cabin_temperature" in names[1:]
        told = [t for t in pool if world.things[t].kind != "car"] if cabin else pool
        bearing = _bearing(names, told, world)
        kin = [t for thing in things for t in world.kin(thing)] if named else []
        shut = value in ("open", "closed") and all(world.things[thing].kind == "lock" for thing in things)
        if kin and (not any(bearing.values()) or (shut and any("contact" in world.things[t].tells for t in kin))):
            bearing = _bearing(names, kin, world)
        if named and not any(bearing.values()):
            rooms = set(places) or {world.things[thing].place for thing in things} - {world.root}
            near = [t for t in world.things if world.things[t].place in rooms]
            bearing |= _bearing([name for name in names if name in AROUND], near, world)
        for trait in sorted(names, key=lambda trait: -len(bearing[trait])) if len(things) > 1 else names:
            tell = bearing[trait]
            if not tell:
                continue
            if trait in AIR and not named:
                tell = tuple(t for t in tell if world.things[t].kind.split(".")[0] in OF_ROOMS) or tell
            if things or places:
                return trait, value, tell
            here = tuple(t for t in tell if where.here and where.here in world.path(world.things[t].place))
            if len(here) >= 1:
                return trait, value, here
            return trait, value, tell
    if not named or consumed:
        return None, None, ()
    if frame.value is not None and frame.senses & {"above", "below"}:
        for trait in MEASURED:  # "is the boiler under fifty"
            tell = tuple(thing for thing in things if world.can_tell(thing, trait))
            if tell:
                return trait, None, tell
    for thing in things:
        bearer = world.things[thing]
        kind = bearer.kind.split(".")[0]
        order = SHOWN.get(kind, ())
        if bearer.kind.startswith("sensor."):
            order = (bearer.kind.split(".", 1)[1],)
        if frame.clause.pieces and "o_clock" in frame.clause.pieces[-1].senses:
            order = (*MEASURED, *order)  # "what is the roaster at"
        for trait in (*order, "on_off", "start_stop", *MEASURED, *sorted(bearer.tells)):
            if trait in bearer.tells:
                return trait, None, tuple(t for t in things if trait in world.things[t].tells)
    return None, None, ()
