"""Frames: what a clause wants to happen, by the senses of its words - which act, what value, and of what.

Knows the compact grammar that all languages share: verbs and particles, levels and degrees, numbers that are a goal or
a difference, complaints. Knows no thing's abilities; that is the resolver's.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec

from unisono.assist.gazetteer import Group, Where, find_group, things_of_kind, warms_seat
from unisono.assist.heeded import doing, off_it, two_ways, unheeded
from unisono.assist.language import Language
from unisono.assist.nouns import Noun, nominal, nouns, unknown
from unisono.assist.scope import ACTIONS, GOING_ON, LIGHT
from unisono.assist.settings import setting_in
from unisono.assist.text import Clause, Piece, Time
from unisono.assist.verbs import (
    ENDED,
    PARTICLES,
    RUNNING,
    agree,
    chosen_of,
    ended_by,
    fills,
    given,
    goes_to,
    has_object,
    head_of,
    is_a_noun,
    is_caused,
    is_filled,
    is_mode_at,
    is_on_dim,
    is_refilled,
    is_subject,
    leaves_it,
    lets_in,
    particle_of,
)
from unisono.assist.world import World

__all__ = ["LEVELLED", "STEPPED", "VALUELESS", "Frame", "hours_in", "opposite", "read_frame"]

LEVELS = {"low": "low", "medium": "medium", "high": "high", "auto": "auto", "double": "double"}

#: Of what a share is, after it: "ten percent open".
OPENNESS = frozenset({"open", "close"})

#: Senses of a verb that is light beside a particle ("shut off") and strong without one ("shut the hatch").
DOUBLE = frozenset({"close", "open", "up", "down"})

#: Acts that go up, and those that go down: a degree or number after them is a difference unless "to" stands before it.
STEPPED = frozenset({"up", "down", "brighter", "dimmer", "warmer", "cooler", "louder", "quieter", "faster", "slower"})


#: Particles that say the other way than a verb of more or less before them.
AGAINST = {"down": ("on", "up"), "up": ("off", "down")}


#: Traits of which there is more or less.
LEVELLED = frozenset({"volume", "brightness", "fan_speed", "target_temperature", "temperature", "rate", "speed"})

#: How something may be kept; what is to be left open is not opened.
KEPT = frozenset({"on", "off", "close", "lock", "mute"})


#: Where what was out comes to an end.
INWARDS = frozenset({"in", "back in"})

#: Acts that take no value: a bare number after "at" beside one of them is an hour.
VALUELESS = frozenset({"on", "off", "open", "close", "lock", "unlock", "start", "stop", "brew", "clean", "mow"})
HOURS = 24
#: So few degrees are put on what there is; nobody heats a room to five.
MOST_ADDED = 5


class Frame(msgspec.Struct, kw_only=True):
    """One clause as read. ``act``: a sense of `ACTIONS`, ``value`` (a value without a verb) or None.

    ``value`` in ``unit``; ``by``: it is a difference; ``share``: a part of what there is ("by a third"). ``level``:
    max, min, low...; ``stays``: the act that "keep" is said of; ``degree``: bit, much. ``complaint``: what it is too
    much of. ``groups``: what of; ``left``: what not. ``passing``: somebody does it ("takes on"), and to nothing here.
    """

    clause: Clause
    act: str | None = None
    stays: str | None = None
    forms: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    value: Any = None
    unit: str | None = None
    by: bool = False
    share: bool = False
    level: str | None = None
    color: str | None = None
    mode: str | None = None
    degree: str | None = None
    complaint: str | None = None
    change: bool = False
    want: bool = False
    same: bool = False
    again: bool = False
    also: bool = False
    meant: bool = False
    stated: bool = False
    coffee: bool = False
    numbers: tuple[Piece, ...] = ()
    groups: tuple[Group, ...] = ()
    left: tuple[Group, ...] = ()
    scenes: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()
    unheeded: tuple[str, ...] = ()
    senses: frozenset[str] = frozenset()
    elsewhere: int = 0
    passing: bool = False
    text: str | None = None
    fuzzy: bool = False
    times: tuple[Time, ...] = ()

    @property
    def predicates(self) -> bool:
        """Does it say what is to happen?"""
        return bool(
            (self.act and self.act != "set")
            or self.value is not None
            or self.level
            or self.color
            or self.mode
            or self.change
            or self.complaint
            or self.coffee
            or self.text
        )


def read_frame(clause: Clause, world: World, where: Where, spoken: Language) -> Frame:
    """A clause as a frame."""
    pieces = clause.pieces
    frame = Frame(clause=clause, times=clause.times)
    frame.senses = frozenset(sense for piece in pieces if not piece.named for sense in piece.senses)
    if leaves_it(pieces):
        frame.senses -= {"away"}
    taken, unused = _act(frame, pieces)
    _said(frame, pieces, taken)
    if frame.act is not None and _predicative(pieces, frame.act):
        frame.forms = tuple(form for form in frame.forms if form != "base")
    back = _put_back(frame, pieces)
    setting = setting_in(pieces)
    if setting is not None:
        frame.text, frame.traits, frame.color, frame.complaint = setting.name, (setting.trait,), None, None
        taken |= setting.at
    _values(frame, pieces, taken)
    found = nouns(pieces, frozenset(taken))
    _fill(frame, found)
    frame.unheeded = unheeded(frame.act, pieces, taken - unused, found, condition=clause.trigger is not None)
    _groups(frame, found, world, where, spoken)
    frame.groups = (*frame.groups, *back)
    if leaves_it(pieces):
        people = [g for g in frame.groups if g.things and all(world.things[t].kind == "person" for t in g.things)]
        frame.groups = tuple(group for group in frame.groups if group not in people or len(people) == len(frame.groups))
    _moved(frame, pieces, world)
    frame.unheeded = (*frame.unheeded, *two_ways(frame.act, pieces), *doing(frame.act, pieces))
    if frame.act != "down":
        frame.unheeded = (
            *frame.unheeded,
            *(pieces[at].text for at in range(len(pieces)) if off_it(pieces, at, head_of(pieces))),
        )
    if frame.complaint and frame.stated and frame.act in ("up", "down") and not frame.forms:
        frame.act = None  # "it is cold up in the attic"
    plain = frame.act not in (None, "set", "keep") and "base" in frame.forms
    if plain or frame.color or frame.value is not None or frame.level in ("double", "halve"):
        frame.complaint = None
    bends = "third" in frame.forms and "base" not in frame.forms
    frame.passing = bends and not any(group.things or group.pronoun for group in frame.groups)
    frame.fuzzy = any(piece.fuzzy for piece in pieces)
    frame.elsewhere = sum("elsewhere" in piece.senses and not piece.named for piece in pieces)
    frame.scenes = tuple(scene for piece in pieces for scene in piece.scenes)
    return frame


def _predicative(pieces: Sequence[Piece], act: str) -> bool:
    """ "The hatch is open": it tells how it is; nobody is to open it."""
    said = [piece for piece in pieces if piece.named or not set(piece.senses) & {"idle", "already", "also"}]
    return any(
        "is" in before.senses and act in piece.senses and not before.named and not piece.named
        for before, piece in pairwise(said)
    )


def _put_back(frame: Frame, pieces: Sequence[Piece]) -> tuple[Group, ...]:
    """ "turn it back on" is an act upon it, "turn it back" undoes the last."""
    for piece, after in pairwise(pieces):
        side = next((PARTICLES[sense] for sense in after.senses if sense in PARTICLES), None)
        if "undo" in piece.senses and side is not None and not piece.named and not after.named:
            frame.act, frame.forms, frame.senses = side, ("base",), frame.senses - {"undo"}
            return (Group(pronoun="it", said=piece.text),)
    return ()


def _moved(frame: Frame, pieces: Sequence[Piece], world: World) -> None:
    """What some verbs and particles mean of what they are said of: an awning that is out is open, and a cover that is
    pulled over something is shut; the back of a car is its boot."""
    things = [thing for group in frame.groups if group.role == "" for thing in group.things]
    last = next((piece for piece in reversed(pieces) if not set(piece.senses) & {"please", "filler"}), None)
    covers = bool(things) and all(world.things[thing].kind == "cover" for thing in things)
    if covers and frame.act in ("off", "start") and {"p_out", "draws"} & frame.senses:
        frame.act = "open"
    inwards = last is not None and not last.named and last.text in INWARDS
    if covers and inwards and frame.act in (None, "set", "keep") and not frame.predicates:
        frame.act, frame.traits = "close", ()
    if covers and frame.act == "set" and "draws" in frame.senses and "above" in frame.senses:
        frame.act = "close"
    rear = any("p_apart" in a.senses and "in" in b.senses and not a.named for a, b in pairwise(pieces))
    cars = {thing for group in frame.groups for thing in group.things if world.things[thing].kind == "car"}
    if rear and cars and frame.act in ("open", "close", "lock", "unlock"):
        frame.traits = ("trunk",)
        frame.groups = tuple(g for g in frame.groups if set(g.things) & cars)


# ---- verbs ----


def _act(frame: Frame, pieces: Sequence[Piece]) -> tuple[set[int], set[int]]:
    """Find the act; what it takes up of the pieces is returned, and which verbs among them it has no use for."""
    strong: list[tuple[int, str]] = []
    light: list[int] = []
    fallback: tuple[int, str] | None = None
    weak: list[tuple[int, str]] = []
    head = head_of(pieces)
    for at, piece in enumerate(pieces):
        if piece.named and not (at == head and piece.senses and at + 1 < len(pieces)):
            continue
        acts = [sense for sense in piece.senses if sense in ACTIONS]
        if not acts or is_mode_at(pieces, at):
            continue
        if at and is_a_noun(pieces, at):
            continue  # "at the end of the shift"
        if "left" in piece.senses and 0 < at == len(pieces) - 1 and nominal(pieces[at - 1]):
            continue  # "the tyre front left"
        if nominal(piece) and at and "det" in pieces[at - 1].senses and "do" not in acts:
            continue
        if nominal(piece) and at and not {"base", "past", "ing"} & set(piece.forms):
            continue
        strongs = [sense for sense in acts if sense not in LIGHT]
        if not strongs:
            light.append(at)
        elif "ing" in piece.forms and at and {"want", "please"} <= set(pieces[at - 1].senses):
            strong.append((at, chosen_of(strongs, piece)))  # "would you mind opening the gate"
        elif nominal(piece) and "base" in piece.forms and at and is_subject(pieces[at - 1]):
            strong.append((at, chosen_of(strongs, piece)))  # "did I lock the gate"
        elif nominal(piece) and is_caused(pieces, at, light):
            strong.append((at, chosen_of(strongs, piece)))  # "let the camera record"
        elif nominal(piece):
            weak.append((at, chosen_of(strongs, piece)))
        elif "do" in acts or "set" in acts:
            light.append(at)
            double = next((act for act in strongs if act in DOUBLE), None)
            if double is not None:
                fallback = fallback or (at, double)
        else:
            strong.append((at, chosen_of(strongs, piece)))
    particle = particle_of(pieces, bool(strong), bool(light), head)
    stepped = next(((at, act) for at, act in strong if act in STEPPED), None)
    if stepped is not None and strong[0] != stepped and is_filled(pieces, strong[0], stepped[0]):
        strong.remove(stepped)
        stepped = particle = None
    numbered = any(piece.kind == "number" for piece in pieces)
    if stepped is not None and stepped[1] == "down" and particle is not None and particle[1] == "off" and not numbered:
        strong = [each for each in strong if each != stepped]  # "knock the lights off", but "knock 5 degrees off"
        light = sorted((*light, stepped[0]))
        stepped = None
    against = stepped is not None and particle is not None and particle[1] in AGAINST.get(stepped[1], ())
    if against and stepped is not None and stepped[0] == head and len(pieces[head].tokens) == 1:
        strong = [each for each in strong if each != stepped]  # "knock it up a bit", "crank it down"
        light, stepped = sorted((*light, stepped[0])), None
    chosen: tuple[int, str] | None = None
    if stepped is not None and (
        particle is None or particle[1] in ("on", "up", "down") or stepped[1] in ("up", "down")
    ):
        chosen = stepped
    elif strong:
        chosen = strong[0]
        # "start", "begin", "get going" beside a more telling verb: that one
        if chosen[1] in ("start", "play") and len(strong) > 1 and strong[1][1] not in ("start", "play"):
            chosen = strong[1]
    elif particle is not None:
        chosen = particle
    taken: set[int] = set()
    if chosen is None and not any(piece.kind == "number" for piece in pieces):
        chosen = fallback
    body = next((at for at, _ in weak if at == head), None)
    if chosen is not None and body is not None and fills(pieces, body, chosen):
        chosen = next((at, act) for at, act in weak if at == body)
    if chosen is None and weak:
        at, act = next(((at, act) for at, act in weak if at == head), weak[0])
        bends = "base" in pieces[at].forms and "plural" not in pieces[at].forms
        if (at == head and bends and has_object(pieces, at) and (light == [] or light[0] >= at)) or (
            "ing" in pieces[at].forms and light and light[0] < at
        ):
            chosen = (at, act)
    if chosen is not None and chosen[1] == "toggle" and particle is not None:
        taken.add(chosen[0])
        chosen = particle
    if chosen is not None:
        taken.add(chosen[0])
        frame.act, frame.forms = chosen[1], pieces[chosen[0]].forms
        if chosen == particle and light and light[0] < chosen[0]:
            frame.forms = pieces[light[0]].forms  # the verb's: "turning it off" orders nothing
        if particle is not None:
            taken.add(particle[0])
    wanted = chosen[1] if chosen is not None else None
    unused = {at for at, other in strong if not agree(wanted, other, pieces[at])} - taken
    taken.update(at for at, _ in strong)
    if frame.act == "dimmer" and chosen is not None and is_on_dim(pieces, chosen[0]):
        frame.act, frame.level = "on", "low"
    if (
        frame.act == "stop"
        and chosen is not None
        and chosen[0] + 1 < len(pieces)
        and "ing" in pieces[chosen[0] + 1].forms
    ):
        taken.add(chosen[0] + 1)
        unused -= {chosen[0] + 1}  # "stop vacuuming"
    if frame.act in ("up", "down"):
        # "down to ten percent open" says of what the number is
        unused -= {at for at, act in strong if act in OPENNESS and at and pieces[at - 1].kind == "number"}
    if frame.act == "stop":
        ended = ended_by(pieces)
        frame.traits = (*frame.traits, *(trait for trait in ended.values() if trait is not None))
        unused -= ended.keys()
    if light and "know" in frame.senses:
        frame.act = "notify"
    if frame.act == "down" and head in light and "halts" in pieces[head].senses:
        frame.act = "off"
    if frame.act == "up" and head in light and "halts" in pieces[head].senses and "close" in pieces[head].senses:
        frame.act = "close"
    inside = lets_in(pieces, head)
    if inside is not None:
        frame.act, frame.forms = "unlock", ("base",)
        taken.update(range(head, inside + 1))
    deed = given(pieces, head)
    if deed is not None:
        frame.act, frame.forms = deed[1], ("base",)
        taken.add(deed[0])
        unused -= {deed[0]}
    if is_refilled(pieces, head):
        frame.act, frame.forms = "charge", ("base",)
        taken.add(head)
        unused -= {head}
    if frame.act == "cancel":
        frame.act, frame.traits = _called_off(frame, pieces)
    if frame.act == "up" and head in light and "rouses" in pieces[head].senses:
        frame.act = "on"
    led = head > 0 and not pieces[head - 1].named and {"in", "det"} & set(pieces[head - 1].senses)
    if (particle is not None or goes_to(pieces)) and unknown(pieces[head]) and head + 1 < len(pieces) and not led:
        # "nudge the fan up", "ease it back to ten": a verb that nobody knows, told by its particle or its goal
        after = pieces[head + 1]
        if particle is not None and "p_out" in pieces[particle[0]].senses:
            taken.add(head)
            unused.add(head)  # "sort the lights out" puts none out
        elif "det" in after.senses or after.named:
            taken.add(head)
    if frame.act == "close" and "draws" in pieces[chosen[0] if chosen is not None else head].senses:
        apart = [at for at, piece in enumerate(pieces) if {"p_apart", "open"} & set(piece.senses) and not piece.named]
        if apart and apart[-1] > head:
            frame.act = "open"  # "draw the curtains back"
            taken.update(apart)
            unused -= set(apart)
    if frame.act == "up" and particle is not None:
        unused -= {at for at, _ in strong if "moves" in pieces[at].senses}
    for at in light:
        taken.add(at)
        if frame.act is None:
            frame.act, frame.forms = "set", pieces[at].forms
            if set(pieces[at].senses) == {"keep"} or pieces[at].senses[0] == "keep":
                frame.act = "keep"
        if "keep" in pieces[at].senses and not _lasting(frame, chosen):
            if at == head and "upheld" in pieces[at].senses and frame.act in KEPT:
                frame.stays = frame.act
            frame.act = "set" if any(piece.kind == "number" for piece in pieces) else "keep"
    frame.change = (
        any(pieces[at].senses[0] == "change" or "change" in pieces[at].senses for at in light) and frame.act == "set"
    )
    return taken, unused


def _called_off(frame: Frame, pieces: Sequence[Piece]) -> tuple[str, tuple[str, ...]]:
    """ "Cancel the charging" ends what goes on; "cancel the reminder" takes back what was asked for."""
    going = [piece for piece in pieces if "ing" in piece.forms and set(piece.senses) & GOING_ON and not piece.named]
    ended = tuple(trait for piece in going for act, trait in ENDED.items() if act in piece.senses)
    return ("stop", (*frame.traits, *ended)) if going else ("cancel", frame.traits)


def _lasting(frame: Frame, chosen: tuple[int, str] | None) -> bool:
    """ "leave the fan on until ten": it is to be on, and to end then. What is left shut is not opened at ten."""
    ends = any(time.role in ("until", "for") for time in frame.times)
    return ends and chosen is not None and chosen[1] in RUNNING


# ---- what is said beside ----


def _said(frame: Frame, pieces: Sequence[Piece], taken: set[int]) -> None:
    for at, piece in enumerate(pieces):
        if piece.named:
            continue
        senses = piece.senses
        for sense in senses:
            family, _, name = sense.partition(":")
            if sense in ("bit", "much"):
                frame.degree = sense
            elif sense in ("max", "min") and not (at in taken and (frame.level or "refills" in senses)):
                frame.level = sense
            elif family == "level" and not (
                at in taken and PARTICLES.keys() & set(senses) and not _after_to(pieces, at)
            ):
                frame.level = frame.level or name
            elif family == "color":
                frame.color = name
            elif family == "mode" and at not in taken and (is_mode_at(pieces, at) or not _else(piece)):
                frame.mode = name
            elif family == "complaint":
                frame.complaint = frame.complaint if frame.complaint and name == "nicer" else name
            elif family == "trait" and name not in frame.traits:
                frame.traits = (*frame.traits, name)
        frame.want = frame.want or "want" in senses
        frame.same = frame.same or "same" in senses
        frame.again = frame.again or "again" in senses
        frame.also = frame.also or "also" in senses
        frame.meant = frame.meant or "meant" in senses
        frame.coffee = frame.coffee or "coffee" in senses
        being = bool({"is", "was"} & set(senses)) or ("i" in senses and len(piece.tokens) > 1)  # "i 'm"
        gone = "away" in senses and len(piece.tokens) > 1  # "everyone's gone"
        frame.stated = frame.stated or gone or (being and not _possessive(pieces, at))
    for at, piece in enumerate(pieces[:-1]):
        # "bright the lights": an adjective before its noun, in an order, is meant as a verb
        verb = {"complaint:bright": "brighter", "complaint:dark": "dimmer"}.get(piece.senses[0] if piece.senses else "")
        adjective = verb is not None and len(piece.tokens) == 1  # not "can't see the label"
        if adjective and "det" in pieces[at + 1].senses and frame.act is None and not frame.stated:
            frame.act, frame.complaint = verb, None
    if frame.act == "cancel" and "clears" in frame.senses and "defrost" in frame.traits:
        frame.act = "defrost"  # "clear the van's windscreen"
    numbered = any(piece.kind == "number" for piece in pieces)
    if frame.act == "off" and "cuts" in frame.senses and set(frame.traits) & LEVELLED and not numbered:
        frame.act = "down"  # "cut the volume" makes it less
    if {"less", "more"} & frame.senses:
        _compare(frame, pieces)


def _possessive(pieces: Sequence[Piece], at: int) -> bool:
    """ "The filler's rate", not "the filler's running"."""
    if pieces[at].text != "'s" or not 0 < at < len(pieces) - 1:
        return False
    after = pieces[at + 1]
    owned = nominal(after) and not unknown(after) and not {"ing", "past"} & set(after.forms)
    return nominal(pieces[at - 1]) and owned


def _else(piece: Piece) -> bool:
    """Is a mode's word another word first of all: a fan, the heat, dry air?"""
    return any(sense.startswith(("kind:", "complaint:")) for sense in piece.senses)


def _after_to(pieces: Sequence[Piece], at: int) -> bool:
    """ "auf hoch" is a level, "hoch" alone is up."""
    return at > 0 and "to" in pieces[at - 1].senses


def _compare(frame: Frame, pieces: Sequence[Piece]) -> None:
    """ "less bright", "more light", "a touch more": an act or its opposite."""
    more = "more" in frame.senses and "less" not in frame.senses
    about = {
        "bright": "brighter",
        "dark": "dimmer",
        "loud": "louder",
        "quiet": "quieter",
        "hot": "warmer",
        "cold": "cooler",
    }
    if frame.complaint in about and frame.act in (None, "set", "brighter", "keep"):
        act = about[frame.complaint]
        frame.act, frame.complaint = act if more else opposite(act), None
    elif frame.act in (None, "set", "keep"):
        frame.act = "up" if more else "down"
    elif frame.act == "brighter" and not more:
        frame.act = "dimmer"
    if not any(set(piece.senses) & {"bit", "much"} for piece in pieces):
        frame.degree = frame.degree or None


def opposite(act: str) -> str:
    """Of an act of more or less."""
    pairs = [("brighter", "dimmer"), ("louder", "quieter"), ("warmer", "cooler"), ("faster", "slower"), ("up", "down")]
    return {**dict(pairs), **{b: a for a, b in pairs}}[act]


def _fill(frame: Frame, found: Sequence[Noun]) -> None:
    """Acts that are said without a verb: "a coffee, please", "no lights"."""
    if frame.coffee and "no" in frame.senses:
        frame.coffee = False
        return
    if frame.coffee and frame.act in (
        None,
        "set",
        "start",
        "on",
        "value",
        "keep",
        "change",
        "warmer",
        "cooler",
        "brew",
    ):
        if frame.act in ("cooler", "warmer", "brew", "change") and "base" not in frame.forms:
            frame.forms = ()
        frame.act, frame.value, frame.level, frame.numbers = "brew", None, None, ()
        frame.traits = tuple(trait for trait in frame.traits if trait != "running")  # "get the coffee going"
    missed = frame.meant or frame.complaint or any("kind:water_heater" in p.senses for p in frame.clause.pieces)
    if any("no" in noun.sets for noun in found) and "base" not in frame.forms and not missed:
        frame.act = {None: "off", "on": "off", "off": None}.get(frame.act, frame.act)  # "no lights on"


# ---- values ----


def _values(frame: Frame, pieces: Sequence[Piece], taken: set[int]) -> None:
    numbers = [
        at
        for at, piece in enumerate(pieces)
        if piece.kind == "number" and not piece.named and not any(sense.startswith("level:") for sense in piece.senses)
    ]  # "half as bright" is no fifty
    timed = frame.act in VALUELESS or frame.act in ("up", "down")
    hours = hours_in(pieces, by=frame.act in VALUELESS)
    # "to 40 percent at nine": one is the value, the other the hour; "start at three": a start takes no value
    if hours and (len(hours) < len(numbers) or timed or frame.coffee):
        frame.times += tuple(hours.values())
        taken.update(hours)
        numbers = [at for at in numbers if at not in hours]
    ordinal = [
        at for at in numbers if _ordinal(pieces, at) or _which_of(frame, pieces, at) or _sometime(frame, pieces, at)
    ]
    if ordinal:  # "the third lamp": which one that is nobody here can tell
        frame.strange = (*frame.strange, *(pieces[at].text for at in ordinal))
        taken.update(ordinal)
        numbers = [at for at in numbers if at not in ordinal]
    frame.numbers = tuple(pieces[at] for at in numbers)
    taken.update(numbers)
    if not numbers:
        return
    at = numbers[-1]
    token = pieces[at].tokens[0]
    frame.value, frame.unit = token.value, token.unit
    before = [piece for piece in pieces[max(0, at - 3) : at] if not piece.named]
    near = pieces[at - 1].senses if at else ()
    if (
        "by" in near
        or ("bit" in near)
        or (frame.act in STEPPED and "to" not in near and not any("to" in piece.senses for piece in before))
    ):
        frame.by = True
    after = pieces[at + 1].senses if at + 1 < len(pieces) else ()
    if "so_far" in after:
        frame.by = False  # "up a quarter of the way"
    onto = frame.act == "set" and "p_on" in after and at + 2 < len(pieces) and "added" in pieces[head_of(pieces)].senses
    if onto and token.unit == "deg" and token.value is not None and 0 < token.value <= MOST_ADDED:
        frame.act, frame.by = "up", True  # "put two degrees on the heating"
    if frame.act == "off" and "by" in near and not set(pieces[head_of(pieces)].senses) & ACTIONS:
        frame.act = "down"  # "ease it off by ten"
    if frame.act in ("down", "off") and ("p_off" in after or "in" in after) and pieces[at + 1].text in ("off", "from"):
        frame.act, frame.by = "down", True
    if "more" in after or ("less" in after):
        frame.by = True
        frame.act = "up" if "more" in after else "down"
    if "channel" in frame.traits and token.unit is None and float(token.value or 0).is_integer():
        frame.text, frame.value = f"{token.value:g}", None
    if "source" in frame.traits:
        words = [p.text for p in pieces if "trait:source" in p.senses]
        frame.text, frame.value = f"{words[-1]} {token.text}", None
    frame.share = token.relative and frame.by
    if frame.act is None:
        frame.act = "value"


def _which_of(frame: Frame, pieces: Sequence[Piece], at: int) -> bool:
    """ "Turn on light seven": a bare number right after a thing's word, and nothing is set to it."""
    thing = at and (pieces[at - 1].things or any(sense.startswith("kind:") for sense in pieces[at - 1].senses))
    return bool(thing) and frame.act in ("on", "off") and pieces[at].tokens[0].unit is None and at == len(pieces) - 1


def _sometime(frame: Frame, pieces: Sequence[Piece], at: int) -> bool:
    """ "Warm it up for eight", "on in twenty": an hour, minutes, perhaps, but no number of degrees."""
    if not at or pieces[at].tokens[0].unit is not None:
        return False
    within = pieces[at - 1].text == "in"
    return within or (frame.act in STEPPED | VALUELESS and "for" in pieces[at - 1].senses)


def _ordinal(pieces: Sequence[Piece], at: int) -> bool:
    """A fraction between an article and a noun counts them."""
    after = pieces[at + 1] if at + 1 < len(pieces) else None
    if pieces[at].tokens[0].relative and after is not None and "above" in after.senses:
        return True  # "at half past": of no hour
    if after is not None and pieces[at].tokens[0].unit is None and _several(after):
        return not at or not {"to", "by"} & set(pieces[at - 1].senses)  # "two lights on"
    led = at > 0 and "det" in pieces[at - 1].senses and not pieces[at - 1].named
    if led and pieces[at].tokens[0].unit is None and after is not None and nominal(after):
        return True  # "the three hall lamps"
    counts = pieces[at].tokens[0].relative and at > 0 and "det" in pieces[at - 1].senses
    if counts and after is None:
        return at > 1 and not {"to", "by"} & set(pieces[at - 2].senses)  # "the third", but not "by the half"
    return counts and after is not None and nominal(after) and "det" not in after.senses


def _several(piece: Piece) -> bool:
    """Is it things of a kind, in the plural, and no name?"""
    plural = piece.tokens[-1].text != piece.tokens[-1].key
    return plural and not piece.named and any(sense.startswith("kind:") for sense in piece.senses)


def hours_in(pieces: Sequence[Piece], *, by: bool = False) -> dict[int, Time]:
    """The bare numbers after a word such as "at" that may be hours, by where they stand; ``by``: after "by" too."""
    found: dict[int, Time] = {}
    for at, (before, piece) in enumerate(pairwise(pieces), start=1):
        token = piece.tokens[0]
        if piece.kind != "number" or piece.named or token.unit is not None or token.value is None:
            continue
        if (
            ("o_clock" in before.senses or (by and "by" in before.senses))
            and float(token.value).is_integer()
            and 1 <= token.value <= HOURS
            and not (at + 1 < len(pieces) and pieces[at + 1].kind == "number")  # "at twenty-one five"
        ):
            found[at] = Time(role="at", clock=int(token.value) * 60, due="o_clock" not in before.senses)
    return found


# ---- of what ----


def _door_of(group: Group, world: World) -> Group:
    """ "Close the garage" means its door, where it has one such."""
    if group.role != "" or group.things or group.kinds or not group.places:
        return group
    doors = [t for t in things_of_kind(("garage_door",), world.things, world) if world.things[t].place in group.places]
    return Group(things=tuple(doors), named=True, said=group.said, joined=group.joined) if len(doors) == 1 else group


def _here(noun: Noun) -> bool:
    """ "in here", and nothing else."""
    return len(noun.pieces) == 1 and "here" in noun.pieces[0].senses


def _groups(frame: Frame, found: Sequence[Noun], world: World, where: Where, spoken: Language) -> None:
    groups: list[Group] = []
    left: list[Group] = []
    strange: list[str] = []
    for noun in found:
        group = find_group(noun, world, where, spoken)
        if frame.color and "cover" in group.kinds and "color" in group.traits:
            kinds = tuple(kind for kind in group.kinds if kind != "cover")
            group = Group(kinds=kinds, role=group.role, things=things_of_kind(kinds, world.things, world))
            if not kinds:
                continue
        if noun.role == "except" and _here(noun):
            groups.append(msgspec.structs.replace(group, role="in"))  # "all but the lamp in here" is all that is here
            continue
        if noun.role == "except" and noun.inside and left and left[-1].things and group.places and not group.things:
            within = tuple(thing for place in group.places for thing in world.within(place))
            kept = tuple(thing for thing in left[-1].things if thing in within)
            left[-1] = msgspec.structs.replace(left[-1], things=kept)
            continue
        if noun.role == "except":
            left.append(group)
            continue
        if noun.role == "for" and group.kinds and not group.named and "everything" in frame.senses:
            frame.unheeded = (*frame.unheeded, noun.text)  # "everything with a bulb"
        if noun.role == "for" and not group.named and not (frame.same and group.things):
            continue
        if group.strange and set(group.traits) & {"recipe", "order", "source", "channel", "mode"}:
            frame.text = " ".join(piece.text for piece in noun.pieces if unknown(piece) or piece.kind == "number")
            groups.append(msgspec.structs.replace(group, strange=(), why=None))
            continue
        strange.extend(
            piece.text for piece in noun.pieces if unknown(piece) and not (group.named and not group.strange)
        )
        groups.append(group)
    if frame.senses & OPENNESS:
        groups = [_door_of(group, world) for group in groups]
    if any(group.named and group.things and all(warms_seat(world, t) for t in group.things) for group in groups):
        if any("climate" in group.kinds for group in groups):
            frame.traits = (*frame.traits, "seat_heating")
        groups = [group for group in groups if group.named or "climate" not in group.kinds]
    if "everywhere" in frame.senses:
        groups = [msgspec.structs.replace(group, whole=True) for group in groups]
    frame.groups, frame.left, frame.strange = tuple(groups), tuple(left), (*frame.strange, *strange)
