"""What a Chinese question asks, and what a Chinese condition waits for.

Knows how states are said (开着, 锁了, 有人, 漏水, 洗好了), which trait of a thing tells each, how levels are compared
(超过, 不到, 以下), and the periods of the past.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec

from unisono.assist.languages.zh.change import NotPossibleError, value_in
from unisono.assist.languages.zh.cut import Piece
from unisono.assist.languages.zh.sentence import Sentence, has, senses, unknown
from unisono.assist.languages.zh.target import Target, find_target, outdoors, partly, tellers
from unisono.assist.moment import Moment
from unisono.assist.plan import Condition, Plan, Query
from unisono.assist.quantity import Quantity
from unisono.assist.questions import usual
from unisono.assist.times import Period
from unisono.thing import traits as all_traits
from unisono.thing.units import find_unit

if TYPE_CHECKING:
    from unisono.assist.world import Speaker, World

__all__ = ["STATES", "answer", "condition", "period"]

#: How a state is told, by the first trait that the thing has: (trait, value).
STATES: dict[str, tuple[tuple[str, Any], ...]] = {
    "open": (("contact", "open"), ("door", "open"), ("position", 100), ("window_position", 100), ("sunroof_position", 100), ("trunk", "open"), ("guard", "open"), ("locked", False)),
    "closed": (("contact", "closed"), ("door", "closed"), ("position", 0), ("window_position", 0), ("sunroof_position", 0), ("trunk", "closed"), ("guard", "closed"), ("locked", True)),
    "on": (("on_off", True), ("start_stop", True), ("running", True), ("playback", "play"), ("armed", "away")),
    "off": (("on_off", False), ("start_stop", False), ("running", False), ("playback", "pause"), ("armed", False)),
    "locked": (("locked", True),),
    "unlocked": (("locked", False),),
    "running": (("start_stop", True), ("running", True), ("on_off", True), ("state", "running")),
    "stopped": (("start_stop", False), ("running", False), ("on_off", False), ("state", "stopped")),
    "occupied": (("occupancy", True), ("presence", True), ("motion", True), ("location", "home")),
    "vacant": (("occupancy", False), ("presence", False), ("motion", False), ("location", "not home")),
    "motion": (("motion", True), ("occupancy", True), ("presence", True)),
    "leak": (("leak", True),),
    "smoke": (("smoke", True),),
    "gas": (("gas", True),),
    "done": (("state", "done"), ("start_stop", False), ("running", False)),
    "home": (("location", "home"), ("presence", True)),
    "away": (("location", "not home"), ("presence", False)),
    "charging": (("charging", True),),
    "charged": (("battery", 100),),
    "fault": (("fault", "fault"), ("state", "fault"), ("leak", True), ("smoke", True), ("gas", True)),
    "ok": (("fault", "none"),),
    "playing": (("playback", "play"),),
    "recording": (("recording", True),),
}  # fmt: skip
#: Which states are meant by a word of several, in the order to try.
_ORDER = (
    "unlocked", "locked", "leak", "smoke", "gas", "charged", "charging", "done", "home", "away", "occupied", "vacant", "motion", "recording", "playing", "open", "closed",
    "on", "off", "running", "stopped", "fault", "ok",
)  # fmt: skip
ASKED_UNITS = {
    "度电": ("energy",), "格电": ("battery",), "件": ("count", "good_count"), "千瓦": ("power",), "瓦": ("power",), "公里": ("odometer", "range"), "度": ("temperature",), "伏": ("voltage",), "安": ("current", "charge_current"),
    "分贝": ("noise",), "转": ("rate",), "秒": ("cycle_time",), "档": ("fan_speed", "seat_heating"), "挡": ("fan_speed", "seat_heating"), "电": ("energy", "battery"), "油": ("level",), "水": ("level",),
}  # fmt: skip
#: 多亮, 多响: how much of it.
_HOW = {
    "多亮": ("brightness", "illuminance"), "多响": ("volume", "noise"), "多大声": ("volume", "noise"), "多湿": ("humidity",), "多潮": ("humidity",),
    "多热": ("temperature",), "多烫": ("temperature",), "多冷": ("temperature",), "多凉": ("temperature",), "多重": ("weight",), "多吵": ("noise",), "多少件": ("count", "good_count"), "几件": ("count", "good_count"), "多少废": ("scrap_count",),
}  # fmt: skip
_FEELS = {
    "complaint:cold": ("temperature",),
    "complaint:hot": ("temperature",),
    "complaint:humid": ("humidity",),
    "complaint:dry": ("humidity",),
    "complaint:loud": ("noise",),
    "complaint:dark": ("illuminance",),
    "complaint:bright": ("brightness", "illuminance"),
}
#: Traits that a comparison in a unit, or in a percentage, may be about.
#: Characters nobody knows in a question about a thing that is named.
_UNKNOWN_MOST = 2
#: 二氧化碳高吗
_HOW_MUCH = "高低大小多少快慢够"
#: What people call an empty battery, in percent.
LOW_BATTERY = 20
_OF_ROOMS = frozenset({"climate", "sensor", "floor_heating", "air_purifier", "humidifier", "dehumidifier", "fan"})
_PERCENTAGES = ("battery", "level", "humidity", "brightness", "oee", "position", "volume")
_ALIKE = {
    "temperature": ("temperature", "cabin_temperature"),
    "target_temperature": ("target_temperature",),
    "location": ("location", "presence"),
    "presence": ("location", "presence"),
    "motion": ("motion", "occupancy", "count"),
    "door": ("door", "contact"),
    "contact": ("contact", "door"),
    "energy": ("energy", "power"),
    "battery": ("battery", "level"),
    "locked": ("locked",),
    "rate": ("rate", "speed"),
    "speed": ("speed", "rate"),
    "pressure": ("pressure", "tyre_pressure"),
    "good_count": ("good_count", "count"),
    "level": ("level", "battery"),
}


def states_in(pieces: Sequence[Piece]) -> list[str]:
    """The states that the words say, the surest first."""
    found = senses(piece for piece in pieces if not piece.things)
    return [state for state in _ORDER if f"state:{state}" in found]


def traits_asked(pieces: Sequence[Piece], text: str) -> tuple[str, ...]:
    """The traits that a question or comparison is about, by its nouns, units and feelings."""
    found: list[str] = []
    for piece in sorted(pieces, key=lambda p: -len(p.text)):
        if piece.things and not piece.senses:
            continue
        for sense in sorted(piece.senses):
            if sense.startswith("trait:"):
                name = sense.removeprefix("trait:")
                found += [name, *_ALIKE.get(name, ())]
            if not has(piece, "state:"):
                found += _FEELS.get(sense, ())
    if any("where" in piece.senses for piece in pieces):
        return ("location", "presence")
    if any(word in text for word in ("充到多少", "充了多少", "充到几")):
        return ("battery",)
    for ask, told in _HOW.items():
        if ask in text:
            return told
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
            unit = max((unit for unit in ASKED_UNITS if rest.startswith(unit)), key=len, default="")
            found += ASKED_UNITS.get(unit, ())
    if (
        any(word in text for word in ("几度", "多少度", "多热", "多冷", "冷不冷", "热不热", "烧到几"))
        and "度电" not in text
        and "energy" not in found
    ):
        wanted = ["target_temperature"] if "设" in text else []
        found = [*wanted, "temperature", "cabin_temperature", *found]
    return tuple(dict.fromkeys(found))


def period(moments: Sequence[Moment], now: dt.datetime) -> str | dict[str, str] | None:
    """Over which time a question asks, as the plan writes it; None for now."""
    today = dt.datetime.combine(now.date(), dt.time())
    day = dt.timedelta(days=1)
    for moment in moments:
        if moment.over == "day before yesterday":
            return {"from": (today - 2 * day).isoformat(), "to": (today - day).isoformat()}
        if moment.over == "past" and moment.weekday is not None:
            start = today + day * (moment.weekday - today.weekday() - 7)
            return {"from": start.isoformat(), "to": (start + day).isoformat()}
        if moment.over in ("last", "ago") and moment.seconds:
            start = now.replace(microsecond=0) - dt.timedelta(seconds=moment.seconds)
            return {"from": start.isoformat(), "to": now.replace(microsecond=0).isoformat()}
        if moment.over is not None and moment.over != "past":
            return moment.over
    for moment in moments:
        if moment.day == 0 and moment.role == "at":
            return "today"
        if moment.weekday is not None and moment.week == 0:
            start = today + day * (moment.weekday - today.weekday())
            return {"from": start.isoformat(), "to": (start + day).isoformat()} if start < now else None
    return None


_CURRENT = {"yesterday": "today", "last week": "this week", "last month": "this month"}
_COMPARING = "比较相跟和哪周天月个更省费还是几久得"


def _compared_periods(sentence: Sentence) -> tuple[Period, Period] | None:
    """The two periods that a question compares: 这周比上周, 今天和昨天哪天, 比上个月; None where it does not."""
    spans = [
        (piece.start, found)
        for piece in sentence.pieces
        if piece.moment is not None and (found := period([piece.moment], sentence.now))
    ]
    text = sentence.masked
    if len(spans) == 1 and spans[0][0] and text[spans[0][0] - 1] == "比" and isinstance(spans[0][1], str):
        now = _CURRENT.get(spans[0][1])
        return None if now is None else (now, spans[0][1])
    if len(spans) != 2 or spans[0][1] == spans[1][1] or not re.search(r"比|哪|还是", text):
        return None
    return spans[0][1], spans[1][1]


def answer(sentence: Sentence) -> Plan | None:
    """The plan that answers; None where nothing of this place is asked."""
    text, pieces, _, world, memory, speaker, now = sentence
    again = _as_before(sentence)
    if again is not None:
        return again
    found = senses(pieces)
    over = period([piece.moment for piece in pieces if piece.moment is not None], now)
    periods = _compared_periods(sentence)
    over = over if periods is None else periods[0]
    traits, states = traits_asked(pieces, text), states_in(pieces)
    amount = next((piece.quantity for piece in pieces if piece.quantity is not None), None)
    if not traits and amount is not None and found & {"above", "below"}:
        traits = tuple(_unit_traits(amount.unit))  # 书房超过二十八度了吗
    most = _UNKNOWN_MOST if any(piece.things or piece.places for piece in pieces) else 0
    little = _HOW_MUCH if periods is None else _HOW_MUCH + _COMPARING
    strange = unknown(pieces) - sum(not piece.known and piece.text in little for piece in pieces)
    if strange > most and not _partly_named(pieces, world, traits, states):
        return None
    if found & {"clock", "calendar"} and not any(piece.named for piece in pieces):
        return Plan(outcome="answer", query=Query(ask="state", trait="time" if "clock" in found else "date"))
    if "help" in found:
        return Plan(outcome="answer", query=Query(ask="help", things=find_target(pieces, world, speaker).things))
    target = _asked(pieces, world, speaker, traits, states, memory.things)
    if target.why in ("no_such_thing", "no_such_place") or not target.things:
        if target.said and (traits or states):
            return Plan(outcome="refuse", why=target.why or "which_thing")
        return None
    things, trait, value = _told(target, traits, states, world, text)
    if trait is None:
        return (
            Plan(outcome="refuse", why="not_possible")
            if (traits or states) and (target.named or target.places)
            else None
        )
    agg: Any = "last" if found & {"when_did", "last_time"} else _aggregate(found, text, trait, over)
    if periods is not None and trait is not None:
        agg = "duration" if "久" in text else usual(trait, value) if agg in (None, "last") else agg
        return Plan(
            outcome="answer",
            query=Query(
                ask="history", things=tuple(things), trait=trait, over=over, agg=agg, equals=value, against=periods[1]
            ),
        )
    if over is None and agg in ("duration", "count", "sum", "mean"):
        over = "today"
    if "why" in found or ("who" in found and value is not None and trait not in ("location", "presence")):
        ask: Any = "cause"
        agg = None
    else:
        ask = "history" if over is not None or found & {"when_did", "last_time"} else "state"
    return Plan(
        outcome="answer", query=Query(ask=ask, things=tuple(things), trait=trait, over=over, agg=agg, equals=value)
    )


def _as_before(sentence: Sentence) -> Plan | None:
    """那婴儿房的呢: what was asked, of another."""
    last = sentence.memory.plan.query if sentence.memory.plan is not None else None
    if last is None or last.trait is None or not sentence.masked.rstrip("?？").endswith("呢"):
        return None
    over = period([piece.moment for piece in sentence.pieces if piece.moment is not None], sentence.now)
    if over is not None and not any(piece.named for piece in sentence.pieces):  # 上周呢
        agg = last.agg or _aggregate(set(), "", last.trait, over)
        return Plan(outcome="answer", query=msgspec.structs.replace(last, ask="history", over=over, agg=agg))
    target = find_target(sentence.pieces, sentence.world, sentence.speaker)
    kinds = {sentence.world.things[thing].kind for thing in last.things}
    there = [thing for place in target.places for thing in sentence.world.within(place)]
    pool = [thing for thing in target.things or there if last.trait in sentence.world.things[thing].tells]
    things = [thing for thing in pool if sentence.world.things[thing].kind in kinds] or pool
    if not things or unknown(sentence.pieces):
        return None
    return Plan(outcome="answer", query=msgspec.structs.replace(last, things=tuple(dict.fromkeys(things))))


def _partly_named(pieces: Sequence[Piece], world: World, traits: Sequence[str], states: Sequence[str]) -> bool:
    """水槽有没有漏水: what is unknown is the beginning of a name."""
    telling = [*traits, *(trait for state in states for trait, _ in STATES[state])]
    return bool(partly(_leading(pieces), world, telling))


def _asked(
    pieces: Sequence[Piece],
    world: World,
    speaker: Speaker,
    traits: Sequence[str],
    states: Sequence[str],
    last: Sequence[str],
) -> Target:
    """The things that a question is about: all of a kind where which of them is asked."""
    telling = [*traits, *(trait for state in states for trait, _ in STATES[state])]
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
    if any(used in _text(pieces) for used in ("用了", "耗了", "用掉", "花了")):
        for piece in pieces:
            if near := partly(piece.text, world, ("energy", "flow", "count")):
                return Target(things=tuple(near), said=True, named=True)
    for piece in pieces:
        if not piece.known or (not piece.named and piece.start == 0):
            parts = _leading(pieces)
            if near := partly(parts, world, telling):
                return Target(things=tuple(near), said=True, named=True)
            break
    told = [thing for thing in last if world.things[thing].tells & set(telling)]
    if not target.things and not target.said and told and (target.it or not target.places):
        target.things, target.said = tuple(told), True
    if not target.things and telling and not target.said:
        near = [t for t in world.within(speaker.place) if world.things[t].tells & set(traits)] if speaker.place else []
        under_the_sky = outdoors(pieces, world)
        if under_the_sky is None:
            target.things = tuple(near or world.things)
        else:  # 外头几度 is not what the room's sensor tells
            target.things, target.said = tuple(under_the_sky), True
            target.named = bool([t for t in under_the_sky if world.things[t].tells & set(telling)])
    return target


def _leading(pieces: Sequence[Piece]) -> str:
    """The words before the first that is a state, a question or a little word."""
    text = ""
    for piece in pieces:
        if (
            piece.senses
            and any(
                s.startswith(("state:", "trait:"))
                or s in ("question", "whether", "particle", "how_much", "what", "here", "there")
                for s in piece.senses
            )
        ) or piece.mark:
            break
        text += piece.text
    return text


def _told(
    target: Target, traits: Sequence[str], states: Sequence[str], world: World, text: str
) -> tuple[list[str], str | None, Any]:
    """Which of them tell it, by which trait, and the value that is asked about."""
    if traits:
        having, trait = tellers(target.things, world, traits)
        if trait == "energy" and "电" in text and len(having) > 1:
            having = [thing for thing in having if any("电" in name for name in world.things[thing].names)] or having
        if trait in ("temperature", "humidity") and not target.named and not target.kinds:
            having = _of_rooms(having, world) or _of_rooms(world.things, world) or having
        if trait is not None:
            value = None
            for state in states:
                value = next((v for t, v in STATES[state] if t == trait), value)
            return having, trait, value
    told = [
        ([thing for thing in target.things if trait in world.things[thing].tells], trait, value)
        for state in states
        for trait, value in STATES[state]
    ]
    told = [each for each in told if each[0]]
    if told:  # 哪些设备开着: by what most of them tell
        return told[0] if target.named or target.kinds else max(told, key=lambda each: len(each[0]))
    if set(traits) <= {"state"} and not states and target.named and len(target.things) == 1:
        thing = world.things[target.things[0]]
        if _counts_something(text) and not thing.kind.startswith(("sensor", "meter")):
            return [], None, None
        return (
            [thing.id],
            next((trait for trait in (*_TELLING, *sorted(thing.tells)) if trait in thing.tells), None),
            None,
        )
    return [], None, None


def _counts_something(text: str) -> bool:
    """车票多少钱: how much of something, and nobody knows of what."""
    return any(ask in text for ask in ("多少", "几个", "几块", "多大", "多高", "多长"))


#: What a thing says of itself where nobody asks for more: 车床怎么样.
_TELLING = ("state", "contact", "position", "locked", "on_off", "start_stop", "temperature", "location", "level")


def _of_rooms(things: Iterable[str], world: World) -> list[str]:
    """Those that tell the air of a room: no kettle, no oven."""
    return [
        t
        for t in things
        if world.things[t].kind.partition(".")[0] in _OF_ROOMS and "temperature" in world.things[t].tells
    ]


def _aggregate(found: set[str], text: str, trait: str, over: Any) -> Any:
    if "how_long" in found:
        return "duration"
    if "how_often" in found or "几回" in text or "几次" in text:
        return "count"
    for name in ("mean", "max", "min"):
        if f"agg:{name}" in found:
            return name
    if over is None:
        return None
    if trait in ("energy", "flow") or (
        "agg:sum" in found and trait in ("good_count", "scrap_count", "count", "odometer")
    ):
        return "sum"
    if trait in ("good_count", "scrap_count", "count", "odometer"):
        return "sum"
    return "mean" if trait in ("temperature", "humidity", "co2", "pm25", "power", "noise", "pressure") else "last"


# ---- conditions


def condition(pieces: Sequence[Piece], sentence: Sentence, last: Sequence[str]) -> Condition | None:
    """What a condition's words wait for; None where they say nothing that a thing tells."""
    amounts = [p for p in pieces if p.quantity is not None and p.quantity.form != "ordinal"]
    compared = [p for p in amounts if any(q.end == p.start and q.senses & {"above", "below"} for q in pieces)]
    amount = next((p.quantity for p in [*compared, *amounts]), None)
    for_s = next((p.moment.seconds for p in pieces if p.moment is not None and p.moment.role == "for"), None)
    states = states_in(pieces)
    if unknown(pieces) and not _partly_named(pieces, sentence.world, (), states):
        return None
    if "state:low" in senses(pieces):
        return _run_low(pieces, sentence, last)
    if amount is not None and (senses(pieces) & {"above", "below"} or not states):
        return _compared(pieces, amount, for_s, sentence, last)
    return _in_state(pieces, states, for_s, sentence, last) if states else None


def _run_low(pieces: Sequence[Piece], sentence: Sentence, last: Sequence[str]) -> Condition | None:
    """没电了, 电量不足."""
    target = _asked(pieces, sentence.world, sentence.speaker, ("battery",), (), last)
    having, trait = tellers(target.things, sentence.world, ("battery",))
    if trait is None or (len(having) > 1 and not target.named):
        return None
    return Condition(things=tuple(having), trait=trait, below=LOW_BATTERY)


def _compared(
    pieces: Sequence[Piece], amount: Quantity, for_s: float | None, sentence: Sentence, last: Sequence[str]
) -> Condition | None:
    """超过六度, 跌破六巴, 剩不到两成."""
    world, found = sentence.world, senses(pieces)
    units = _unit_traits(amount.unit)
    if amount.unit in (None, "%") and "充" in _text(pieces):
        units = ["battery"]
    named = [trait for trait in traits_asked(pieces, _text(pieces)) if trait not in ("location", "count")]
    wanted = [*(named or units), *units]
    target = _asked(pieces, world, sentence.speaker, wanted, (), last)
    having, trait = tellers(target.things, world, wanted)
    if trait is None:
        return None
    if not target.named and not target.kinds and trait in ("temperature", "humidity"):
        having = _of_rooms(having, world)
    if len(having) > 1 and not target.named:
        having = _only(having, world)
    if not having:
        return None
    try:
        value = value_in(amount, trait)
    except NotPossibleError:
        return None
    if not found & {"above", "below"}:
        return Condition(things=tuple(having), trait=trait, equals=value, for_s=for_s)
    below = "below" in found and not ("above" in found and "以上" in _text(pieces))
    return Condition(
        things=tuple(having), trait=trait, below=value if below else None, above=None if below else value, for_s=for_s
    )  # fmt: skip


def _in_state(
    pieces: Sequence[Piece], states: Sequence[str], for_s: float | None, sentence: Sentence, last: Sequence[str]
) -> Condition | None:
    """漏水, 护罩打开, 到家, 洗好了."""
    world = sentence.world
    traits = traits_asked(pieces, _text(pieces))
    target = _asked(pieces, world, sentence.speaker, traits, states, last)
    alone = _speaks_of_itself(states)
    if (
        {"home", "away"} & set(states)
        and sentence.speaker.person in world.things
        and any(c in _text(pieces) for c in "我咱")
    ):
        target = Target(things=(sentence.speaker.person or "",), said=True, named=True)
    if not target.things or (not target.said and not alone):
        return None
    having, trait = tellers(target.things, world, traits)
    value = next((v for state in states for t, v in STATES[state] if t == trait), None)
    if trait is None or value is None:
        having, trait, value = _told(target, (), states, world, "")
    if trait is None or value is None or (len(having) > 1 and not (target.every or target.named or alone)):
        return None
    if _denied(pieces):
        if value not in _OPPOSITES and not isinstance(value, bool):
            return None
        value = not value if isinstance(value, bool) else _OPPOSITES[value]
    return Condition(things=tuple(having), trait=trait, equals=value, for_s=for_s)


_OPPOSITES: dict[Any, Any] = {
    "open": "closed",
    "closed": "open",
    0: 100,
    100: 0,
    "home": "not home",
    "not home": "home",
}


def _denied(pieces: Sequence[Piece]) -> bool:
    """没停: a state that is said not to be."""
    return any(
        piece.text in ("没", "没有", "未", "不", "不再", "还没") and has(after, "state:")
        for piece, after in pairwise(pieces)
    )


def _text(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def _speaks_of_itself(states: Sequence[str]) -> bool:
    """Smoke, gas, water: wherever it is."""
    return bool({"leak", "smoke", "gas"} & set(states))


def _only(having: Sequence[str], world: World) -> list[str]:
    """Of several in a place the one that is there to measure."""
    sensors = [thing for thing in having if world.things[thing].kind.startswith("sensor")]
    return sensors if len(sensors) == 1 else []


def _unit_traits(unit: str | None) -> list[str]:
    if unit == "degree":
        return ["temperature", "cabin_temperature"]
    if unit == "%":
        return list(_PERCENTAGES)
    if unit is None:
        return []
    theirs = find_unit(unit)
    return [
        name for name, trait in all_traits().items()
        if theirs is not None and (mine := find_unit(trait.unit or "")) is not None and mine.dimension == theirs.dimension and name not in ("target_temperature", "color_temperature")
    ]  # fmt: skip
