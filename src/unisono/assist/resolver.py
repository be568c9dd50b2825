"""The resolver: an act and a thing become a step that the thing can take - in its trait's unit, within its range.

Knows abilities, states, ranges and risks. A step that cannot be is told with its reason; nothing is rounded in secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from unisono.assist.abilities import ACTS, LEVEL_OF_ACT, LEVELS, PRIMARY, STEP, SWITCHES, UNIT_TRAITS
from unisono.assist.frames import Frame
from unisono.assist.plan import Step
from unisono.assist.world import CALLED, Thing, World
from unisono.errors import CallerError
from unisono.thing import convert, traits

__all__ = ["Change", "Problem", "change_of", "steps_of"]

#: Warmth in Celsius that nobody wants of a room by mistake: a bare number outside the range is tried as Fahrenheit.
COMFORT = (5.0, 30.0)

#: What a colour is called by who has fewer of them: a stack light's amber is its yellow.
SHADES = {
    "amber": "yellow",
    "gold": "yellow",
    "violet": "purple",
    "magenta": "purple",
    "indigo": "purple",
    "turquoise": "cyan",
    "teal": "cyan",
    "lime": "green",
}
#: Traits that a word names so loosely ("power", "left", "home") that it alone does not say what to change.
LOOSE = frozenset({"on_off", "start_stop", "mode", "timer", "locked", "playback"})

#: Kinds of which people say open and close for on and off.
OPENED = frozenset({"light", "plug", "switch", "fan", "tv", "media", "speaker", "valve", "climate"})
OPENINGS = frozenset({"position", "window_position", "sunroof_position"})
PERCENTS = frozenset(
    {
        "brightness",
        "volume",
        "position",
        "window_position",
        "sunroof_position",
        "fan_speed",
        "charge_limit",
        "tilt",
        "target_humidity",
    }
)
PACES = frozenset({"rate", "speed"})
SEATS = frozenset({"seat_heating", "seat_ventilation"})
#: Kinds that are sent out to work.
OUTGOING = frozenset({"vacuum", "mower", "agv", "robot"})
#: Kinds that go off when they sound.
SET_OFF = frozenset({"siren"})
#: A range that ends so far out says nothing of how much a thing can bear.
NO_BOUND = 100_000
#: How loud "a whisper" is, in percent.
WHISPER = 10
#: How far open "a crack" is, in percent.
CRACK = 10
HALF = 50
#: Levels that are so many times what there is.
TIMES = {"double": 2, "halve": 0.5}
#: Kinds that warm or cool by being on.
TEMPERING = frozenset(
    {"coffee_machine", "fan", "climate", "floor_heating", "kettle", "oven", "stove", "plug", "switch"}
)
#: More degrees than this are not wanted at once of a room or of water.
LARGEST_STEP = 15
#: Kinds that are for heat, and what nobody wants them below, in Celsius.
BAKING = frozenset({"oven", "stove"})
LEAST_BAKED = 25
#: What a kitchen's oven reaches, in Celsius: a bare "three fifty" is Fahrenheit, or a kiln's.
MOST_BAKED = 260
#: Traits whose values are words of their own.
TEXTS = ("recipe", "order", "source", "channel", "mode")
COLOR_TEMPERATURES = {"warm_white": 2700, "cool_white": 5500}
SEAT = {"low": 1, "medium": 2, "high": 3, "max": 3, "min": 1}


class Change(NamedTuple):
    """What one thing is to do."""

    trait: str
    op: Any
    value: Any = None
    unit: str | None = None
    text: str | None = None

    @property
    def way(self) -> Any:
        """What it becomes, or whether it becomes more."""
        return self.value > 0 if self.op == "add" else self.value


class Problem(NamedTuple):
    """Why there is no change: not_possible, no_such_value, what_value, what_to_do."""

    why: str
    about: str = ""


def steps_of(changes: Sequence[tuple[str, Change]]) -> tuple[Step, ...]:
    """Things with the same change share a step."""
    found: dict[str, tuple[Change, list[str]]] = {}
    for thing, change in changes:
        found.setdefault(repr(change), (change, []))[1].append(thing)
    return tuple(
        Step(things=tuple(dict.fromkeys(things)), trait=c.trait, op=c.op, value=c.value, unit=c.unit, text=c.text)
        for c, things in found.values()
    )


def change_of(frame: Frame, thing: Thing, world: World) -> list[Change] | Problem:
    """What the frame changes of a thing."""
    said = tuple(trait for trait in frame.traits if trait in thing.takes)
    if "start_stop" in thing.takes:
        said = tuple(trait for trait in said if trait != "running")  # "get it going"
    vented = "kind:fan" in frame.senses and thing.kind != "fan" and "fan_speed" in thing.takes and not said
    if vented and (frame.value is not None or frame.level or frame.act in LEVEL_OF_ACT):
        said = ("fan_speed",)  # "the aircon fan to eighty"
        frame = msgspec.structs.replace(frame, traits=(*frame.traits, "fan_speed"), mode=None)
    sent = frame.act == "off" and "to" not in frame.senses  # "set it to off" is off
    if sent and thing.kind in OUTGOING and frame.senses & {"p_out", "sends"}:
        frame = msgspec.structs.replace(frame, act="start")
    if sent and thing.kind in SET_OFF and "sets_off" in frame.senses:
        frame = msgspec.structs.replace(frame, act="on")
    if frame.act in OFF_ACTS and any(trait in CALLED for trait in said):
        return Problem("not_possible", frame.act)  # a horn is not turned off, and the car is not meant
    arms = frame.act == "on" or "sets_off" in frame.senses or any(sense.startswith("arm:") for sense in frame.senses)
    if thing.kind == "alarm" and "armed" in thing.takes and frame.act in ("set", "change", "on") and arms and not said:
        frame = msgspec.structs.replace(frame, act="arm")
    if thing.kind == "alarm" and "armed" in thing.takes and frame.act == "off" and not said:
        frame = msgspec.structs.replace(frame, act="disarm")
    if "target_temperature" in frame.traits and not said and "setpoint" in thing.takes:
        said = ("setpoint",)
    found: list[Change] = []
    if (
        "color" in frame.traits
        and frame.color is None
        and not frame.level
        and frame.act in ("set", "on", "change", "start", "up", None)
    ):
        return Problem("what_value", "color")
    if frame.text is not None:
        trait = next((trait for trait in TEXTS if trait in thing.takes and trait in frame.traits), None)
        said_so = str(world.state(thing.id).get(trait or "", ""))
        words = frame.text.replace(" ", "") if said_so and " " not in said_so and trait == "source" else frame.text
        words = words.upper() if said_so.isupper() else words  # as the thing writes it
        return [Change(trait, "set", words)] if trait is not None else Problem("not_possible", frame.text)
    if frame.color is not None and (frame.act in (None, "set", "value", "change", "up", "on", "brighter", "do")):
        trait = next((trait for trait in ("color", "andon") if trait in thing.takes), None)
        if trait is None and "recipe" in thing.takes and frame.act in ("set", "change") and "to" in frame.senses:
            called = [p.text for p in frame.clause.pieces if f"color:{frame.color}" in p.senses]
            return [Change("recipe", "set", called[-1])]  # "switch the cutter over to rose"
        if trait is None:
            return Problem("not_possible", "color")
        choices = thing.choices.get(trait)
        color = SHADES.get(frame.color, frame.color) if choices and frame.color not in choices else frame.color
        if choices and color not in choices and trait == "andon":
            return Problem("no_such_value", frame.color)
        found.append(Change(trait, "set", color))
    if frame.level in COLOR_TEMPERATURES and "color_temperature" in thing.takes:
        return [Change("color_temperature", "set", COLOR_TEMPERATURES[frame.level], "K")]
    if frame.mode is not None and "hvac_mode" in thing.takes and frame.act in ("set", "on", None, "change", "start"):
        found.append(Change("hvac_mode", "set", frame.mode))
    if frame.level == "auto" and "hvac_mode" in thing.takes and "fan_speed" not in frame.traits:
        return [Change("hvac_mode", "set", "auto")]
    level = _level(frame, thing, said, world)
    if isinstance(level, Problem):
        return level
    if level is not None:
        dark = thing.kind == "light" and world.state(thing.id).get("on_off") is False and "on_off" in thing.takes
        if dark and level.op == "add" and level.trait == "brightness" and isinstance(level.value, (int, float)):
            if level.value < 0 and frame.complaint:
                return Problem("not_possible", "dimmer")  # what is dark dazzles nobody
            if level.value > 0 and frame.complaint:
                return [Change("on_off", "set", True)]
            if level.value > 0:
                return [Change("on_off", "set", True), level]
        if frame.complaint and level.op == "add" and _stands_by(thing, level, world):
            return [Change("on_off", "set", True)]  # what is off warms nobody, whatever it is set to
        return [*found, level]
    if found:
        return found
    switched = _switch(frame, thing, said, world)
    if switched is not None and frame.act == "play" and frame.strange:
        return [Change(switched.trait, switched.op, switched.value, text=" ".join(frame.strange))]
    if switched is not None:
        return [switched]
    if frame.act in ("set", "change") or frame.act is None:
        return Problem("what_value", next(iter(said), "")) if said or frame.act == "set" else Problem("what_to_do")
    return Problem("not_possible", frame.act)


def _stands_by(thing: Thing, level: Change, world: World) -> bool:
    """Is it off, and would it warm or cool, as the change is meant to?"""
    state = world.state(thing.id)
    if level.trait != "target_temperature" or "on_off" not in thing.takes or state.get("on_off") is not False:
        return False
    return state.get("hvac_mode") in (("heat",) if level.way else ("cool",))


# ---- switches ----


def _switch(frame: Frame, thing: Thing, said: Sequence[str], world: World) -> Change | None:
    act = frame.act or ""
    if "unplugs" in frame.senses and "charging" in thing.takes and act == "off":
        return Change("charging", "set", value=False)
    if act == "toggle":
        turned = next((t for t in ("on_off", "start_stop") if t in thing.takes), None)
        return Change(turned, "toggle") if turned is not None else None
    for trait in said:
        change = _switch_trait(act, trait)
        if change is not None and (trait not in LOOSE or act not in ("on", "off", "start", "stop")):
            return change
    order = ACTS.get(act, ())
    if act == "start" and thing.kind in ("speaker", "media", "tv"):
        order = ACTS["play"] + order
    if act in ("on", "off") and thing.kind in SWITCHES:
        order = sorted(order, key=lambda pair: pair[0] not in SWITCHES[thing.kind][0])  # type: ignore[assignment]
    for trait, value in order:
        if (
            act == "on"
            and trait == "on_off"
            and thing.kind in ("speaker", "media")
            and world.state(thing.id).get("playback") in ("pause", "stop")
            and world.state(thing.id).get("on_off") is True
        ):
            continue
        if act in ("open", "close") and trait == "on_off" and thing.kind not in OPENED:
            continue
        if trait in thing.takes:
            if trait in CALLED:
                return Change(trait, "call")
            if act == "arm" and ("arm:home" in frame.senses or _at_home(frame)):
                return Change(trait, "set", "home")
            if act == "arm" and "arm:night" in frame.senses:
                return Change(trait, "set", "night")
            return Change(trait, "set", value, _unit(trait) if trait in OPENINGS else None)
    return None


def _at_home(frame: Frame) -> bool:
    """ "arm it at home" is said of the mode; of "the home alarm" it is a name."""
    last = next(
        (piece for piece in reversed(frame.clause.pieces) if not {"please", "filler"} & set(piece.senses)), None
    )
    return last is not None and bool({"home_word", "at_home"} & set(last.senses))


ON_ACTS = frozenset(
    {"on", "start", "open", "unlock", "play", "resume", "record", "charge", "defrost", "swing", "honk", "arm"}
)
OFF_ACTS = frozenset({"off", "stop", "close", "lock", "pause", "disarm"})


def _switch_trait(act: str, trait: str) -> Change | None:
    """An act said of a trait: "start charging", "open the boot", "seat heating on"."""
    about = traits().get(trait)
    if about is None or (act not in ON_ACTS and act not in OFF_ACTS):
        return None
    yes = act in ON_ACTS
    if trait in CALLED:
        return Change(trait, "call")
    kind = about.schema.kind if about.schema is not None else ""
    if trait == "trunk" and act in ("open", "close", "unlock", "lock"):
        return Change(trait, "set", "open" if act in ("open", "unlock") else "closed")
    if trait in OPENINGS and act in ("open", "close"):
        return Change(trait, "set", 100 if yes else 0, "%")
    if (
        kind == "bool"
        and trait != "locked"
        and act in ("on", "off", "start", "stop", "pause", "resume", "record", "charge", "defrost", "swing")
    ):
        return Change(trait, "set", yes)
    if trait in ("seat_heating", "seat_ventilation") and act in ("on", "off", "start", "stop"):
        return Change(trait, "set", 2 if yes else 0)
    return None


# ---- levels ----


def _level(frame: Frame, thing: Thing, said: Sequence[str], world: World) -> Change | Problem | None:
    """A change of a level: to a value, by a difference, to the most or least, or one step."""
    act = frame.act or ""
    stepped = act in LEVEL_OF_ACT
    level = frame.level if frame.level not in COLOR_TEMPERATURES else None
    if act in ("open", "close") and frame.value is None and frame.degree is not None:
        opening = next((t for t in (*said, "position", "window_position") if t in OPENINGS and t in thing.takes), None)
        if opening is None:
            return Problem("not_possible", act)  # a lock knows no "a bit"
        step = STEP[opening] * {"bit": 0.5, "much": 2}.get(frame.degree, 1)
        return Change(opening, "add", step if act == "open" else -step, _unit(opening))
    if frame.value is None and level is None and not stepped:
        return None
    if act in ("on", "off", "lock", "unlock", "dock", "brew", "clean") and frame.value is None:
        if act != "on" or level is None or frame.degree is not None:
            return None
        said_level = _trait_of(frame, thing, said)  # "turn it on low"
        return None if said_level is None else _to_level(thing, said_level, level, 1, world)
    if act in ("open", "close") and frame.value is None and level in ("max", None):
        return None
    trait = _trait_of(frame, thing, said)
    if trait is None:
        if frame.value is not None and frame.unit is not None and not stepped and act in ("on", "off", "start", "stop"):
            return None
        if (
            stepped
            and thing.kind == "light"
            and act in ("brighter", "dimmer", "up", "down")
            and "on_off" in thing.takes
        ):
            return Change("on_off", "set", act in ("brighter", "up"))
        if act in ("warmer", "cooler") and "on_off" in thing.takes and thing.kind in TEMPERING:
            heats = thing.kind != "fan"
            if not heats and act == "cooler" and "fan_speed" in thing.takes:
                return Change("fan_speed", "add", STEP["fan_speed"], "%")
            return Change("on_off", "set", (act == "warmer") is heats)
        return Problem("not_possible", act) if stepped or frame.value is not None else None
    direction = LEVEL_OF_ACT[act][1] if stepped else -1 if act == "close" and frame.by else 1
    if trait == "color_temperature" and act in ("warmer", "cooler"):
        direction = -direction
    if frame.value is not None:
        return _valued(frame, thing, trait, direction, world)
    wholly = trait in ("window_position", "sunroof_position") and act in ("up", "down") and level in ("max", "min")
    if wholly:
        return Change(trait, "set", 0 if act == "up" else 100, _unit(trait))  # "all the way up" is shut, of a car
    if level is not None and not (stepped and level in ("low", "high", "medium") and frame.degree):
        return _to_level(thing, trait, level, direction, world)
    if trait in ("window_position", "sunroof_position") and act in ("up", "down"):
        if frame.degree is None:
            return Change(trait, "set", 0 if act == "up" else 100, _unit(trait))  # a car's window that is up is shut
        direction = -direction
    if (
        trait == "position"
        and act in ("up", "down")
        and frame.degree is None
        and thing.kind in ("cover", "garage_door")
    ):
        return Change(trait, "set", 100 if act == "up" else 0, _unit(trait))
    if trait in SEATS and act == "warmer":
        return Change(trait, "set", 2)
    step = STEP.get(trait, 10) * {"bit": 0.5, "much": 2}.get(frame.degree or "", 1)
    if trait in ("seat_heating", "seat_ventilation"):
        step = 1
    if trait == "rate":
        now = world.state(thing.id).get("rate")
        step = max(1, round(float(now) * 0.1)) if isinstance(now, (int, float)) and now else step
    if thing.kind in ("oven", "stove") and trait == "target_temperature":
        step *= 5
    return Change(trait, "add", direction * step, _unit(trait))


def _trait_of(frame: Frame, thing: Thing, said: Sequence[str]) -> str | None:
    """Which level of the thing is meant: the one said, the one of the act, the one of the unit, the kind's own."""
    act = frame.act or ""
    numeric = [trait for trait in said if _numeric(trait)]
    if act == "charge":
        return (
            "charge_limit"
            if "charge_limit" in thing.takes and frame.unit in ("%", None)
            else "charge_current"
            if frame.unit == "A"
            else None
        )
    by_unit = UNIT_TRAITS.get(frame.unit or "", ()) if frame.value is not None and not frame.share else ()
    if by_unit:
        for trait in numeric:
            if trait in by_unit or (frame.unit == "%" and frame.by and trait in PACES):
                return trait
        alike = {
            "temperature": "target_temperature",
            "humidity": "target_humidity",
            "cabin_temperature": "target_temperature",
        }
        for trait in frame.traits:
            if trait in alike and alike[trait] in thing.takes and alike[trait] in by_unit:
                return alike[trait]
    elif numeric:
        return numeric[0]
    if act in ("faster", "slower") and "charge_current" in thing.takes and "charging" in frame.traits:
        return "charge_current"
    if "charging" in frame.traits and frame.unit in ("%", None) and "charge_limit" in thing.takes:
        return "charge_limit"
    alike = {
        "temperature": "target_temperature",
        "humidity": "target_humidity",
        "cabin_temperature": "target_temperature",
    }
    for trait in frame.traits:
        if trait in alike and alike[trait] in thing.takes and not by_unit:
            return alike[trait]
    wanted = LEVEL_OF_ACT[act][0] if act in LEVEL_OF_ACT else ()
    for trait in wanted:
        if trait in thing.takes and (not by_unit or trait in by_unit):
            return trait
        if trait in PACES and trait in thing.takes and frame.by and frame.unit == "%":
            return trait
    if wanted and act not in ("up", "down"):
        return None
    order: tuple[str, ...] = (*PRIMARY.get(thing.kind, LEVELS), *(() if thing.kind == "car" else LEVELS))
    if by_unit:
        found = [trait for trait in order if trait in by_unit and trait in thing.takes]
        if found:
            return found[0]
        loose = thing.kind != "car" or frame.unit != "%"
        return next((unit_trait for unit_trait in by_unit if unit_trait in thing.takes and loose), None)
    return next((trait for trait in order if trait in thing.takes), None)


def _numeric(trait: str) -> bool:
    about = traits().get(trait)
    return about is not None and about.schema is not None and about.schema.kind in ("int", "float", "duration")


def _valued(frame: Frame, thing: Thing, trait: str, direction: int, world: World) -> Change | Problem:
    value = float(frame.value)
    unit = frame.unit
    own = _unit(trait)
    relative = frame.by
    state = world.state(thing.id).get(trait)
    if frame.share:
        if not isinstance(state, (int, float)) or isinstance(state, bool):
            return Problem("what_value", trait)
        if trait in OPENINGS and value == HALF and "by" not in frame.senses:
            return Change(trait, "set", HALF, own)  # "lower it halfway" is to the middle, from wherever
        if trait in OPENINGS:
            return Change(trait, "add", direction * value, own)
        return Change(trait, "add", round(direction * value * float(state) / 100, 1), own)
    if frame.level in TIMES:
        relative = False
    least, most = thing.ranges.get(trait, (None, None))
    if unit == "%" and trait in PACES:  # a part of what it is now
        if not isinstance(state, (int, float)):
            return Problem("what_value", trait)
        return Change(trait, "add", round(direction * value * float(state) / 100, 1), own)
    if unit == "[degF]" and own == "Cel":
        value = value * 5 / 9 if relative else (value - 32) * 5 / 9
        value = round(value, 2)
    elif unit == "deg" or (unit is None and own == "Cel"):
        if not relative and most is not None and value > float(most):
            celsius = round((value - 32) * 5 / 9, 1)
            if COMFORT[0] <= celsius <= COMFORT[1]:
                value = celsius
    elif unit is not None and unit != own and own is not None:
        try:
            value = convert(value, unit, own)
        except CallerError:
            return Problem("no_such_value", f"{frame.value:g} {unit}")
    value = int(value) if float(value).is_integer() else value
    if relative:
        if own == "Cel" and value > LARGEST_STEP and thing.kind not in BAKING:
            return Problem("no_such_value", f"{value:g}")  # forty degrees more is a slip of the tongue
        return Change(trait, "add", direction * value, own)
    if (least is not None and value < float(least)) or (most is not None and value > float(most)):
        return Problem("no_such_value", f"{value:g}")
    if thing.kind in BAKING and trait == "target_temperature" and value < LEAST_BAKED:
        return Problem("no_such_value", f"{value:g}")  # gas mark 6, no six degrees
    baked = isinstance(state, int | float) and state > MOST_BAKED
    if thing.kind in BAKING and trait == "target_temperature" and unit is None and value > MOST_BAKED and not baked:
        return Problem("what_value", trait)
    if trait in ("seat_heating", "seat_ventilation") and not 0 <= value <= 3:
        return Problem("no_such_value", f"{value:g}")
    if trait in PERCENTS and not 0 <= value <= 100:
        return Problem("no_such_value", f"{value:g}")
    if trait in OPENINGS and (_closed_so_far(frame) or _closed_by(frame)):
        value = 100 - value
    return Change(trait, "set", value, own)


def _closed_by(frame: Frame) -> bool:
    """ "Close it a third of the way" leaves two thirds open; "close it to a third" may mean either."""
    pieces, shares = frame.clause.pieces, [piece for piece in frame.numbers if piece.tokens[0].relative]
    before = [piece for piece in pieces[: pieces.index(shares[0])] if not piece.named] if shares else []
    lowered = frame.act == "close" or (frame.act == "down" and "so_far" in frame.senses)
    return lowered and bool(shares) and not any("to" in piece.senses for piece in before)


def _closed_so_far(frame: Frame) -> bool:
    """ "30 percent closed", not "close it to 30 percent"."""
    pieces = frame.clause.pieces
    if frame.act not in ("close", "value", "set", "up", "down"):
        return False
    number = next((at for at, piece in enumerate(pieces) if piece in frame.numbers), len(pieces))
    return any("close" in piece.senses and not piece.named for piece in pieces[number + 1 :])


def _to_level(thing: Thing, trait: str, level: str, direction: int, world: World) -> Change | Problem:
    """max, min, low, medium, high, auto, double, halve."""
    own = _unit(trait)
    if trait in SEAT or trait in ("seat_heating", "seat_ventilation"):
        return Change(trait, "set", SEAT.get(level, 2))
    if trait == "fan_speed" and level in ("low", "medium", "high", "auto"):
        return Change(trait, "set", level)
    least, most = thing.ranges.get(trait, (None, None))
    if level in TIMES:
        state = world.state(thing.id).get(trait)
        if isinstance(state, (int, float)) and not isinstance(state, bool):
            return Change(trait, "set", min(float(state) * TIMES[level], float(most) if most is not None else 1e9), own)
        return Problem("what_value", trait)
    if level == "whisper":
        return Change(trait, "set", WHISPER, own) if trait == "volume" else Problem("no_such_value", level)
    if level == "crack":
        return Change(trait, "set", CRACK, own) if trait in OPENINGS else Problem("no_such_value", level)
    if trait in PERCENTS:
        share = {"max": 100, "min": 1 if trait == "brightness" else 0, "low": 20, "medium": 50, "high": 80}.get(level)
        if share is None:
            return Problem("no_such_value", level)
        if level == "max" and direction < 0:
            share = 1 if trait == "brightness" else 0
        return Change(trait, "set", share, own)
    bound = most if level == "max" and direction > 0 else least if level in ("max", "min") else None
    if bound is None or trait == "target_temperature" or abs(float(bound)) > NO_BOUND:
        return Problem("what_value", trait)
    return Change(trait, "set", float(bound), own)


def _unit(trait: str) -> str | None:
    about = traits().get(trait)
    return about.unit if about is not None else None
