"""What a wish is for one thing: the trait that it takes, and the value in that trait's own unit.

Knows that 打开 is on for a lamp, 100 % for a curtain and unlocked for a lock, and which level a thing has. Knows no words.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from unisono.assist.languages.zh.verbs import MOVES
from unisono.assist.languages.zh.wish import BEGINS, ENDS, LEVELS, SET_FOR, UNIT_TRAITS, WHITES, Wish
from unisono.assist.plan import Op, Step
from unisono.assist.quantity import DEGREE, STEP, Quantity
from unisono.thing import traits as all_traits
from unisono.thing.units import convert, find_unit

if TYPE_CHECKING:
    from unisono.assist.world import Thing, World

__all__ = ["NotPossibleError", "steps_of", "value_in"]

#: The level of a thing that has one, by what people turn up and down.
ANY_LEVEL = (
    "brightness", "position", "volume", "fan_speed", "target_temperature", "target_humidity", "rate", "setpoint",
    "seat_heating", "speed",
)  # fmt: skip
#: 风扇的转速: what people call a level by another's name.
ALSO_CALLED = {
    "window_position": ("position",),
    "rate": ("fan_speed", "speed"),
    "speed": ("rate", "fan_speed"),
    "flow": ("fan_speed",),
}
#: 空调二十四: what heats or cools is set to degrees.
HEATED = frozenset({"target_temperature"})
WARMTH = ("target_temperature",)
PERCENTAGES = ("brightness", "position", "volume", "fan_speed", "target_humidity")
STEPPED = ("fan_speed", "seat_heating", "seat_ventilation", "brightness", "target_temperature", "volume")
SEATED = frozenset({"seat_heating", "seat_ventilation"})
_STEPS_OF = {"low": 1, "medium": 2, "high": 3}
OPENINGS = ("position", "window_position", "sunroof_position")
#: By how much a level moves where nobody says: enough to notice, not to regret.
MOVE = {
    "target_temperature": 1.0, "color_temperature": 500.0, "seat_heating": 1.0, "seat_ventilation": 1.0, "target_humidity": 5.0,
    "rate": 10.0, "speed": 1.0, "setpoint": 1.0, "volume": 10.0, "charge_current": 2.0,
}  # fmt: skip
PERCENT_MOVE = 20
#: Levels of which "a bit" is half the usual.
_FINE = frozenset({"brightness", "position", "window_position", "fan_speed", "volume"})
SWITCHES = frozenset({"on_off", "start_stop", "mute", "charging", "recording", "defrost", "swing"})
TEXTS = frozenset({"recipe", "order", "channel", "source", "mode"})
#: The actions that take back a fault.
RESETS = ("reset_fault", "reset")
#: A range that ends so far out says nothing of how much a thing can bear.
NO_BOUND = 100_000
#: What is neither more nor less.
NO_LEVELS = (
    SWITCHES | TEXTS | {"playback", "locked", "trunk", "horn", "door", "dock", "armed", "hvac_mode", "andon", "color"}
)
#: Nouns that a command may hold without being about them.
_INCIDENTAL = frozenset(
    {"mode", "state", "level", "occupancy", "presence", "count", "current", "fault", "gas", "smoke", "leak"}
)


class NotPossibleError(Exception):
    """A thing cannot do what is wanted; the message is the plan's ``why``."""


class Change(NamedTuple):
    """One change of a thing."""

    trait: str
    value: Any
    op: Op = "set"
    unit: str | None = None


def steps_of(wish: Wish, things: Sequence[str], world: World) -> list[Step]:
    """One step per thing. Raises NotPossibleError where one of them cannot do it."""
    steps = []
    for thing in things:
        about = world.things[thing]
        changes = [_change(one, about, world.state(thing)) for one in _each_value(_drawn(wish, about), about)]
        steps += [
            Step(things=(thing,), trait=made.trait, op=made.op, value=made.value, unit=made.unit) for made in changes
        ]
    return steps


#: 遮阳棚收起来 is shut then; a blind that is drawn up is open.
_SPREAD = frozenset("棚篷伞蓬帆")


_HANGING = frozenset({"cover", "garage_door"})


def _drawn(wish: Wish, thing: Thing) -> Wish:
    """收起来, 放下来, 展开: up or down, of what hangs; shut or open, of what is spread."""
    if wish.lifts and wish.verb in ("up", "down") and thing.kind in _HANGING and not wish.bit:
        wish = msgspec.structs.replace(wish, verb="raise" if wish.verb == "up" else "lower", sign=0)  # 升卷帘
    if wish.verb == "play" and thing.kind in _HANGING:
        wish = msgspec.structs.replace(wish, verb="lower")  # 放幕布
    if wish.verb not in ("retract", "extend", "raise", "lower"):
        return wish
    if thing.kind == "cover" and any(name[-1] in _SPREAD for name in thing.names):
        verb = "close" if wish.verb in ("retract", "raise") else "open"
    else:
        verb = {"retract": "raise", "extend": "open"}.get(wish.verb, wish.verb)
    return msgspec.structs.replace(wish, verb=verb, verbs=wish.verbs | {verb})


def _each_value(wish: Wish, thing: Thing) -> list[Wish]:
    """制冷二十六度, 暖光亮度四十: a mode, a colour or a step beside an amount is a wish of its own."""
    beside = [name for name in ("mode", "color", "level") if getattr(wish, name) is not None]
    if wish.mode is not None and "hvac_mode" not in thing.takes and "fan_speed" not in thing.takes:
        beside.remove("mode")
    if not beside or (wish.amount is None and len(beside) == 1) or "andon" in thing.takes:
        return [wish]
    whole = msgspec.structs.replace(wish, mode=None, color=None, level=None)
    own = [msgspec.structs.replace(whole, amount=None, traits=(), **{name: getattr(wish, name)}) for name in beside]
    return [*own, whole] if wish.amount is not None else own


#: What a car calls by a trait, and a house has as a thing.
_PANES = frozenset({"window_position", "sunroof_position"})


def _change(wish: Wish, thing: Thing, state: Mapping[str, Any]) -> Change:
    if thing.kind == "car" and wish.verb == "warmer" and wish.preheats and wish.amount is None:
        return Change("on_off", True)  # 把五菱热一下
    special = _painted(wish, thing) or _acted(wish, thing)
    if special is not None:
        return special
    trait = _trait(wish, thing)
    if trait is None:
        if wish.amount is not None:
            raise NotPossibleError("what_value")
        if wish.verb in (*BEGINS, *ENDS, "play", "raise", "lower", "toggle"):
            return _begun(wish, thing, state)
        raise NotPossibleError("what_value" if wish.vague or wish.empty else "not_possible")
    if trait not in thing.takes and trait in _PANES and "position" in thing.takes:
        trait = "position"  # 天窗, of a house
    if trait not in thing.takes:
        raise NotPossibleError("not_possible")
    if wish.text is not None and trait in TEXTS:
        return Change(trait, _written(wish.text, state.get(trait)))
    if wish.halved and trait in OPENINGS:
        return Change(trait, 50, unit="%")  # 降一半: half of the way
    if wish.halved:
        half = state.get(trait)
        if not isinstance(half, int | float) or isinstance(half, bool):
            raise NotPossibleError("what_value")
        return Change(trait, _tidy(half / 2), unit=_unit(trait))
    if wish.amount is not None and trait in TEXTS and not wish.by and wish.amount.unit is None:
        return Change(trait, str(_tidy(wish.amount.value)))  # 频道五
    if wish.amount is not None:
        return _share(wish, wish.amount, trait, state) or _amount(wish, wish.amount, trait, thing, state)
    if trait in SEATED and wish.level in _STEPS_OF:
        return Change(trait, _STEPS_OF[wish.level])  # 座椅加热开中档
    if wish.extreme is not None:
        return Change(trait, _extreme(wish.extreme, trait, thing), unit=_unit(trait))
    if wish.verb in MOVES:
        return Change(trait, _move(wish, trait), "add", _unit(trait))
    return _switched(wish, trait, state)


#: What a lamp that knows no colours makes of their names.
_AS_WHITES = {"yellow": "warm_white", "white": "cold_white"}


def _painted(wish: Wish, thing: Thing) -> Change | None:
    """Colours, modes, alarm states."""
    if wish.color is not None:
        if "andon" in thing.takes:
            return Change("andon", wish.color)
        if wish.color in WHITES and "color_temperature" in thing.takes:
            return Change("color_temperature", WHITES[wish.color], unit="K")
        if wish.color in _AS_WHITES and not thing.takes & {"color"} and "color_temperature" in thing.takes:
            return Change("color_temperature", WHITES[_AS_WHITES[wish.color]], unit="K")  # 换成黄光
        if "color" not in thing.takes:
            raise NotPossibleError("not_possible")
        return Change("color", "white" if wish.color in WHITES else wish.color)
    # 停下冲床 is no word about the signal lamp that it bears
    lamp_only = "andon" in wish.traits or not thing.takes & {"on_off", "start_stop"}
    if "andon" in thing.takes and wish.verb in ENDS and lamp_only:
        return Change("andon", "off")
    if "armed" in thing.takes and (wish.arm or wish.verb in ("arm", "disarm", *BEGINS, *ENDS)):
        return Change("armed", False if wish.verb in ("disarm", *ENDS) else wish.arm or "away")
    if wish.mode is not None and "hvac_mode" in thing.takes and wish.amount is None:
        return Change("hvac_mode", wish.mode)
    if wish.mode == "auto" and "fan_speed" in thing.takes:
        return Change("fan_speed", "auto")
    if wish.level is not None and wish.amount is None and "fan_speed" in thing.takes:
        return Change("fan_speed", wish.level)
    return None


_PLAIN = {
    "lock": Change("locked", True), "unlock": Change("locked", False), "mute": Change("mute", True), "unmute": Change("mute", False),
    "next": Change("playback", "next"), "previous": Change("playback", "previous"), "dock": Change("dock", None, "call"),
    "swing": Change("swing", True),
}  # fmt: skip
_SPOKEN = {"record": "recording", "charge": "charging", "defrost": "defrost"}


_SOUNDS = frozenset({"siren", "doorbell"})


def _acted(wish: Wish, thing: Thing) -> Change | None:
    """Verbs that say their trait themselves."""
    verb, takes = wish.verb or "", thing.takes
    ends = bool(wish.verbs & ENDS) and not wish.verbs & {"on", "start", "resume"}
    if verb == "reset":
        return Change(_reset(wish, thing), None, "call")
    plain = _PLAIN.get(verb)
    if plain is not None and plain.trait in takes:
        return Change("swing", False) if verb == "swing" and ends else plain
    if verb == "mute" and "volume" in takes:
        return Change("volume", 0, unit="%")
    if plain is not None:
        raise NotPossibleError("not_possible")
    if verb == "charge" and "dock" in takes and not ends:
        return _PLAIN["dock"]
    if verb in _SPOKEN and wish.amount is None:
        if _SPOKEN[verb] not in takes:
            raise NotPossibleError("not_possible")
        return Change(_SPOKEN[verb], not ends)
    if (verb == "honk" or "horn" in wish.traits) and "horn" in takes:
        return Change("horn", None, "call")
    if verb == "honk" and thing.kind in _SOUNDS and "on_off" in takes:
        return Change("on_off", True)  # 蜂鸣器响一下
    running = "start_stop" if "start_stop" in takes else "on_off"
    if verb in ("clean", "brew") and running in takes:
        return Change(running, not ends)
    if verb in ("pause", "resume", "play", "stop") and "playback" in takes:
        return Change("playback", verb if verb in ("pause", "stop") else "play")
    if verb in ("pause", "resume") and running in takes:
        return Change(running, verb == "resume")
    if verb == "resume":
        raise NotPossibleError("not_possible")  # 关窗后恢复: a window that is open was not at work
    return None


def _reset(wish: Wish, thing: Thing) -> str:
    """Its action for that; what was pulled by hand, an emergency stop, is let go by hand."""
    action = None if "emergency_stop" in wish.traits else _first(RESETS, thing.takes)
    if action is None:
        raise NotPossibleError("not_possible")
    return action


def _trait(wish: Wish, thing: Thing) -> str | None:
    """The trait that the wish is about, of this thing; None where only switching is meant."""
    takes = thing.takes
    switching = wish.amount is None and wish.verb in (*BEGINS, *ENDS) and takes & {"on_off", "start_stop"}
    for name in wish.traits:
        wanted = SET_FOR.get(name, name)
        if switching and name == "fan_speed" and thing.kind == "fan":
            continue  # 风开起来
        if (wish.verb in MOVES or wish.by) and wanted in NO_LEVELS:
            continue  # 音乐大点声
        if wanted in takes or name in takes:
            return wanted if wanted in takes else name
        if (other := _first(ALSO_CALLED.get(name, ()), takes)) is not None:
            return other
    told = [
        n
        for n in wish.traits
        if (n not in _INCIDENTAL or wish.amount is not None)
        and not (n == "emergency_stop" and "stop" in wish.verbs)  # 急停冲床
        and not (wish.verb in MOVES and n in NO_LEVELS)
        and not (n in ("locked", "door") and "position" in takes)
    ]
    if told and not (switching and set(told) <= {"power", "energy", "temperature", "fan_speed"}):
        return told[0]
    if wish.verb in LEVELS and (wish.amount is None or wish.amount.unit in (None, "%")):
        return _first(LEVELS[wish.verb], takes) or LEVELS[wish.verb][0]
    if wish.amount is not None:
        return _measured(wish, wish.amount.unit, thing)
    if wish.verb in ("up", "down") and wish.higher and takes & HEATED:
        return _first(WARMTH, takes)  # 空调调高一点; 开大一点 is its wind
    if wish.verb in ("up", "down") or wish.halved or wish.extreme is not None:
        return _first(ANY_LEVEL, takes)
    return None


def _measured(wish: Wish, unit: str | None, thing: Thing) -> str | None:
    """The trait that an amount in a unit is of."""
    takes = thing.takes
    if unit is None and "charge" in wish.verbs and "charge_limit" in takes:
        return "charge_limit"
    if unit is None:
        return _first(WARMTH if takes & HEATED else ANY_LEVEL, takes)
    if unit == "%":
        if "charge" in wish.verbs:
            return "charge_limit"
        return _first(PERCENTAGES, takes) or PERCENTAGES[0]
    if unit == STEP:
        return _first(STEPPED, takes) or STEPPED[0]
    if unit in UNIT_TRAITS:
        return _first(UNIT_TRAITS[unit], takes) or UNIT_TRAITS[unit][0]
    return next((name for name in sorted(takes) if _is_in(name, unit)), "setpoint")


def _first(wanted: Sequence[str], takes: frozenset[str]) -> str | None:
    return next((trait for trait in wanted if trait in takes), None)


def _is_in(trait: str, unit: str) -> bool:
    about = all_traits().get(trait)
    if about is None or about.role != "actuator":
        return False
    mine, theirs = find_unit(about.unit or ""), find_unit(unit)
    return mine is not None and theirs is not None and mine.dimension == theirs.dimension


def _unit(trait: str) -> str | None:
    about = all_traits().get(trait)
    return about.unit if about is not None else None


#: 五公斤 of pressure is five kilograms-force on a square centimetre.
_KGF_CM2_PA = 98_066.5


def value_in(amount: Quantity, trait: str, *, by: bool = False) -> float:
    """An amount in a trait's own unit. Raises NotPossibleError where it measures something else."""
    unit, own = amount.unit, _unit(trait)
    if unit in (DEGREE, STEP, None) or own is None:
        return _tidy(amount.value)
    if unit == "[degF]" and by:
        return _tidy(round(amount.value * 5 / 9, 2))
    if unit == "kg" and own == "Pa":
        return _tidy(round(amount.value * _KGF_CM2_PA, 1))
    mine, theirs = find_unit(own), find_unit(unit or "")
    if mine is None or theirs is None or mine.dimension != theirs.dimension:
        raise NotPossibleError("no_such_value")
    return _tidy(round(convert(amount.value, unit or "", own), 4))


#: What is made more or less by a share of what it is.
_IN_SHARES = frozenset({"rate", "speed", "setpoint", "charge_current"})


_SOCKET = re.compile(r"([a-z]+)( ?)([0-9]+)", re.IGNORECASE)


def _written(text: str, now: Any) -> str:
    """hdmi3 as HDMI 3, where the thing says HDMI 1 now."""
    said, own = _SOCKET.fullmatch(text), _SOCKET.fullmatch(now) if isinstance(now, str) else None
    if said is None or own is None or said[1].lower() != own[1].lower():
        return text
    return own[1] + own[2] + said[3]


def _share(wish: Wish, amount: Quantity, trait: str, state: Mapping[str, Any]) -> Change | None:
    """转速降一成: by a tenth of what it is now; None where it is not by a share."""
    if not wish.by or amount.unit != "%" or trait not in _IN_SHARES:
        return None
    now = state.get(trait)
    if not isinstance(now, int | float):
        raise NotPossibleError("what_value")
    return Change(trait, _tidy(round(wish.sign * now * amount.value / 100, 4)), "add", _unit(trait))


def _shuts(wish: Wish) -> bool:
    """窗帘关三分之二, and not 关到三分之二."""
    return wish.verb in ("off", "close", "lower") and "set" not in wish.verbs


def _amount(wish: Wish, amount: Quantity, trait: str, thing: Thing, state: Mapping[str, Any]) -> Change:
    if trait in SWITCHES or trait in ("trunk", "locked", "playback"):
        raise NotPossibleError("no_such_value")
    if amount.unit == STEP and trait == "fan_speed" and not wish.by:
        level = {1: "low", 2: "medium", 3: "high"}.get(int(amount.value))
        if level is None:
            raise NotPossibleError("no_such_value")
        return Change(trait, level)
    if amount.unit == STEP and not wish.by and trait not in SEATED:
        raise NotPossibleError("no_such_value")
    if wish.by and amount.form == "fraction" and trait in OPENINGS:
        opens = (wish.sign > 0) is (trait != "window_position")  # a pane that goes down opens
        return Change(trait, _tidy(amount.value if opens else 100 - amount.value), unit="%")  # 升一半
    if (
        trait in OPENINGS
        and amount.unit == "%"
        and not wish.by
        and amount.end
        and _shuts(wish)
        and (wish.verb != "lower" or trait != "window_position")
    ):
        return Change(trait, _tidy(100 - amount.value), unit="%")  # 窗帘关三分之二
    if _unit(trait) is None and amount.unit not in (DEGREE, STEP, "%", None):
        return _as_told(wish, amount, trait, thing, state)
    value = value_in(amount, trait, by=wish.by)
    if wish.by:
        if amount.unit == STEP:
            value *= _tidy(MOVE.get(trait, PERCENT_MOVE))
        return Change(trait, _tidy(wish.sign * value), "add", _unit(trait))
    low, high = thing.ranges.get(trait, (None, None))
    if (low is not None and value < float(low)) or (high is not None and value > float(high)):
        raise NotPossibleError("no_such_value")
    return Change(trait, value, unit=_unit(trait))


#: A setpoint that is farther from what is read is in another unit than that.
_FAR = 10


def _as_told(wish: Wish, amount: Quantity, trait: str, thing: Thing, state: Mapping[str, Any]) -> Change:
    """空压机压力设到六公斤: what has no unit of its own is in that in which it is near to what the thing reads."""
    now = state.get(trait)
    for told in sorted(thing.tells - {trait}):
        with contextlib.suppress(NotPossibleError):
            value, read = value_in(amount, told, by=wish.by), state.get(told)
            if (
                _unit(told) is None
                or not isinstance(now, int | float)
                or not isinstance(read, int | float)
                or not value
            ):
                continue
            for said, unit, alike in (
                (value, _unit(told), read),
                (amount.value, amount.unit, read * amount.value / value),
            ):
                if alike / _FAR < now < alike * _FAR:
                    return Change(
                        trait, _tidy(wish.sign * said if wish.by else said), "add" if wish.by else "set", unit
                    )
    raise NotPossibleError("what_value")


def _tidy(value: float) -> float:
    return int(value) if float(value).is_integer() else value


def _extreme(extreme: str, trait: str, thing: Thing) -> Any:
    if trait == "fan_speed":
        return "high" if extreme == "max" else "low"
    low, high = thing.ranges.get(trait, (0, 100))
    bound = high if extreme == "max" else low
    if bound is not None and abs(float(bound)) > NO_BOUND:
        raise NotPossibleError("what_value")  # 转速开到最大: nobody knows how much that is
    if extreme == "max":
        return _tidy(100 if high is None else float(high))
    return 1 if trait == "brightness" else _tidy(0 if low is None else float(low))


def _move(wish: Wish, trait: str) -> float:
    size = MOVE.get(trait, PERCENT_MOVE)
    if wish.much:
        size *= 2
    elif wish.bit and trait in _FINE:
        size /= 2
    # warmer light has fewer kelvin
    return _tidy(
        -wish.sign * size if trait == "color_temperature" and wish.verb in ("warmer", "cooler") else wish.sign * size
    )


def _switched(wish: Wish, trait: str, state: Mapping[str, Any]) -> Change:
    """A trait by its name, and a verb: 打开除霜, 关车窗, 后备箱开一下."""
    if wish.verb not in (*BEGINS, *ENDS, "play", "raise", "lower", "charge", "record", "defrost"):
        raise NotPossibleError("what_value")
    ends = wish.verb in ENDS
    if wish.verb in ("raise", "lower"):
        ends = (wish.verb == "raise") is (trait == "window_position")
    if trait in SEATED:
        return Change(trait, 0 if ends else 2)
    if trait in OPENINGS and wish.bit:
        return _nudged(trait, state, ends=ends)
    if trait in OPENINGS or trait == "tilt":
        return Change(trait, 0 if ends else 100, unit="%")
    if trait == "volume":
        return Change("mute", ends)
    if trait == "trunk":
        return Change(trait, "closed" if ends else "open")
    if trait == "locked":
        return Change(trait, ends)
    if trait == "playback":
        return Change(trait, "pause" if ends else "play")
    if trait in SWITCHES:
        return Change(trait, not ends)
    raise NotPossibleError("what_value")


def _nudged(trait: str, state: Mapping[str, Any], *, ends: bool) -> Change:
    """窗帘开一点: by a bit, not all the way."""
    if not ends and state.get(trait) == 0:
        return Change(trait, PERCENT_MOVE, unit="%")
    return Change(trait, -PERCENT_MOVE if ends else PERCENT_MOVE, "add", "%")


def _begun(wish: Wish, thing: Thing, state: Mapping[str, Any]) -> Change:
    """打开, 关闭, 启动, 停: whichever of its traits that is."""
    takes, ends = thing.takes, wish.verb in ENDS
    opening = _first(OPENINGS, takes)
    if wish.verb in ("raise", "lower"):
        if opening is None:
            raise NotPossibleError("not_possible")
        opens = (wish.verb == "raise") is (opening != "window_position")
        return _nudged(opening, state, ends=not opens) if wish.bit else Change(opening, 100 if opens else 0, unit="%")
    order = ("start_stop", "on_off") if wish.verb in ("start", "stop", "pause", "resume") else ("on_off", "start_stop")
    running = _first(order, takes)
    if wish.verb in ("stop", "pause") and running is None and (opening is not None or "stop" in takes):
        if "stop" not in takes:
            raise NotPossibleError("not_possible")
        return Change("stop", None, "call")
    if wish.verb == "toggle":
        if running is None or thing.kind == "car":
            raise NotPossibleError("not_possible")
        return Change(running, None, "toggle")
    closing = (
        opening is not None and thing.kind.split(".", maxsplit=1)[0] not in ("car", "valve") and wish.verb != "start"
    )
    if closing or (opening is not None and running is None):
        moved = opening or "position"
        return _nudged(moved, state, ends=ends) if wish.bit else Change(moved, 0 if ends else 100, unit="%")
    if running is not None:
        if thing.kind == "car" and "climate" not in wish.kinds and not wish.preheats:
            raise NotPossibleError("what_to_do")  # a car is not switched on by its name alone
        return Change(running, not ends)
    if "locked" in takes:
        return Change("locked", ends)
    if "playback" in takes:
        return Change("playback", "pause" if ends else "play")
    if "recording" in takes:
        return Change("recording", not ends)
    raise NotPossibleError("not_possible")
