"""What a Chinese question asks, of whom, and over which period of the past."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec

from unisono.assist.languages.zh.sentence import Sentence, is_verb, senses, unknown
from unisono.assist.languages.zh.target import find_target
from unisono.assist.languages.zh.told import asked, is_partly_named, is_unit, states_in, told, traits_asked, unit_traits
from unisono.assist.moment import DAY, NOON, Moment, resolve
from unisono.assist.plan import Plan, Query
from unisono.assist.questions import usual
from unisono.assist.times import Period
from unisono.thing import RISING

if TYPE_CHECKING:
    pass

__all__ = ["answer", "period"]

#: Characters nobody knows in a question about a thing that is named.
_UNKNOWN_MOST = 2
#: 谁又动了空调
_TOUCHED = re.compile(r"谁(?:又)?(?:动|碰|弄|搞|改|换|按)(?:了|过)")
#: 二氧化碳高吗
_HOW_MUCH = "高低大小多少快慢够强弱厉害"


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
        if moment.over == "ago" and moment.seconds:
            return _then(moment.seconds, now)
        if moment.over == "last" and moment.seconds:
            start = now.replace(microsecond=0) - dt.timedelta(seconds=moment.seconds)
            return {"from": start.isoformat(), "to": now.replace(microsecond=0).isoformat()}
        if moment.over is not None and moment.over != "past":
            return moment.over
        if moment.hour is not None and (at := _at_past(moment, now)) is not None:
            return {"from": at.isoformat(), "to": at.isoformat()}
    for moment in moments:
        if moment.day == 0 and moment.role == "at":
            return "today"
        if moment.weekday is not None and moment.week == 0:
            start = today + day * (moment.weekday - today.weekday())
            return {"from": start.isoformat(), "to": (start + day).isoformat()} if start < now else None
    return None


#: 三天前 is a day, 三小时前 a moment.
_A_DAY_S = 86_400


def _then(seconds: float, now: dt.datetime) -> dict[str, str]:
    at = now.replace(microsecond=0) - dt.timedelta(seconds=seconds)
    if seconds < _A_DAY_S:
        return {"from": at.isoformat(), "to": at.isoformat()}
    day = dt.datetime.combine(at.date(), dt.time())
    return {"from": day.isoformat(), "to": (day + dt.timedelta(days=1)).isoformat()}


def _at_past(moment: Moment, now: dt.datetime) -> dt.datetime | None:
    """早上八点客厅多少度: the last such time; None where a time to come is meant."""
    found = resolve(moment, now)
    named = moment.weekday is not None or moment.date is not None
    if found is None or moment.every is not None or moment.role != "at" or named or found <= now:
        return found if found is not None and found <= now else None
    if moment.day is not None and (moment.day or moment.half is not None):
        return None  # 今晚十点, asked at eight
    halved = moment.half is not None or moment.hour == 0 or (moment.hour or 0) >= NOON
    return found - (DAY if halved else DAY / 2)


def _is_to_come(moments: Sequence[Moment], now: dt.datetime) -> bool:
    """今晚十点, asked at eight; 明天早上: what will be then nobody has told yet."""
    for moment in moments:
        if moment.role != "at" or moment.every is not None or moment.over not in (None, "today"):
            continue
        found = resolve(moment, now) if moment.day is not None else None
        if (moment.day or 0) > 0 or (moment.week or 0) > 0 or (found is not None and found > now):
            return True
    return False


def _is_moment(over: Any) -> bool:
    return isinstance(over, dict) and over["from"] == over["to"]


def _since(over: dict[str, str], now: dt.datetime) -> dict[str, str]:
    """两小时前用了多少电: what adds up does so since then."""
    return {"from": over["from"], "to": now.replace(microsecond=0).isoformat()}


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
        traits = tuple(unit_traits(amount.unit))  # 书房超过二十八度了吗
    most = _UNKNOWN_MOST if any(piece.things or piece.places for piece in pieces) else 0
    little = _HOW_MUCH if periods is None else _HOW_MUCH + _COMPARING
    strange = unknown(pieces) - sum(not piece.known and piece.text in little for piece in pieces)
    strange -= sum(not p.known and "how_much" in before.senses and is_unit(p.text) for before, p in pairwise(pieces))
    if strange > most and not is_partly_named(pieces, world, traits, states):
        return None
    happened = bool(states) and "when_did" in found  # 今早几点锁的门
    if found & {"clock", "calendar"} and not any(piece.named for piece in pieces) and not happened:
        return Plan(outcome="answer", query=Query(ask="state", trait="time" if "clock" in found else "date"))
    if "help" in found:
        return Plan(outcome="answer", query=Query(ask="help", things=find_target(pieces, world, speaker).things))
    target = asked(pieces, world, speaker, traits, states, memory.things)
    if target.why in ("no_such_thing", "no_such_place") or not target.things:
        if target.said and (traits or states):
            return Plan(outcome="refuse", why=target.why or "which_thing")
        return None
    if (traits or states) and _is_to_come([piece.moment for piece in pieces if piece.moment is not None], now):
        return Plan(outcome="refuse", why="to_come")
    things, trait, value = told(target, traits, states, world, text)
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
    if isinstance(over, dict) and _is_moment(over) and agg != "last":
        over = _since(over, now)
    if over is None and agg in ("duration", "count", "sum", "mean"):
        over = "today"
    if "why" in found or (
        "who" in found
        and (value is not None or any(map(is_verb, pieces)) or _TOUCHED.search(text))
        and trait not in ("location", "presence")
    ):
        ask: Any = "cause"
        agg = None
    else:
        ask = "history" if over is not None or found & {"when_did", "last_time"} else "state"
    return Plan(
        outcome="answer", query=Query(ask=ask, things=tuple(things), trait=trait, over=over, agg=agg, equals=value)
    )


#: Parts of a car that was just asked about.
_PARTS = {
    "窗户": "window_position", "车窗": "window_position", "窗": "window_position", "天窗": "sunroof_position", "后备箱": "trunk",
    "胎压": "tyre_pressure", "续航": "range", "电量": "battery",
}  # fmt: skip


def _as_before(sentence: Sentence) -> Plan | None:
    """那婴儿房的呢: what was asked, of another."""
    last = sentence.memory.plan.query if sentence.memory.plan is not None else None
    if last is None or last.trait is None or not sentence.masked.rstrip("?？").endswith("呢"):
        return None
    over = period([piece.moment for piece in sentence.pieces if piece.moment is not None], sentence.now)
    if over is not None and not any(piece.named for piece in sentence.pieces):  # 上周呢
        agg = last.agg or _aggregate(set(), "", last.trait, over)
        return Plan(outcome="answer", query=msgspec.structs.replace(last, ask="history", over=over, agg=agg))
    cars = [thing for thing in last.things if sentence.world.things[thing].kind == "car"]
    part = next((_PARTS[p.text] for p in sentence.pieces if p.text in _PARTS and not p.named), None)
    if len(cars) == 1 and part in sentence.world.things[cars[0]].tells and last.over is None:
        return Plan(outcome="answer", query=msgspec.structs.replace(last, trait=part, equals=None))  # 窗户呢
    target = find_target(sentence.pieces, sentence.world, sentence.speaker)
    kinds = {sentence.world.things[thing].kind for thing in last.things}
    there = [thing for place in target.places for thing in sentence.world.within(place)]
    pool = [thing for thing in target.things or there if last.trait in sentence.world.things[thing].tells]
    things = [thing for thing in pool if sentence.world.things[thing].kind in kinds] or pool
    if not things or unknown(sentence.pieces):
        return None
    return Plan(outcome="answer", query=msgspec.structs.replace(last, things=tuple(dict.fromkeys(things))))


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
    if _is_moment(over) and not found & {"agg:sum"} and trait not in RISING:
        return "last"
    if trait in ("energy", "flow") or (
        "agg:sum" in found and trait in ("good_count", "scrap_count", "count", "odometer")
    ):
        return "sum"
    if trait in ("good_count", "scrap_count", "count", "odometer"):
        return "sum"
    return "mean" if trait in ("temperature", "humidity", "co2", "pm25", "power", "noise", "pressure") else "last"
