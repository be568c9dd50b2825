"""What became of a plan, and what was found, as sentences to be heard.

Knows what was done or read, handed in with names and models, and a `Voice`. Knows no storage and no commands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from unisono.assist.answer.figure import Figure, fits
from unisono.assist.answer.span import Span
from unisono.assist.answer.voice import Voice
from unisono.assist.plan import Query
from unisono.thing import Property

__all__ = ["Cause", "Did", "Found", "Seen", "tell_causes", "tell_compared", "tell_done", "tell_figures", "tell_states"]

#: Of more things than this the number is told, not the names.
MOST_TOLD = 6

#: How the states of a command are told (the design's table); those that are not here end as ``not_done``.
TOLD_AS = {
    "queued": "waiting",
    "sent": "sent",
    "acknowledged": "sent",
    "unanswered": "unanswered",
    "timeout": "no_answer",
    "expired": "no_answer",
    "mismatch": "mismatch",
    "rejected": "refused",
}


class Did(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one command: ``state`` of its life, ``refused``, or ``unanswered``
    where it ended as acknowledged, since the thing cannot say more. ``about`` None: an action was called."""

    name: str
    about: Property | None = None
    value: Any = None
    state: str
    why: str = ""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a thing last said of a property; ``at`` 0: never."""

    name: str
    about: Property
    value: Any = None
    at: int = 0
    online: bool = True


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of a thing's history."""

    name: str
    about: Property
    figure: Figure


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Why something is as it is: ``kind`` of who asked for it (you, person, program, scene, assistant), ``itself``
    where nobody did, ``refused``; ``who``: what they are called."""

    kind: str
    name: str
    at: int
    who: str = ""
    why: str = ""


def tell_done(voice: Voice, done: Sequence[Did]) -> str:
    """Confirmed is told as it is, anything else as what it is: nobody hears a wanted value as a fact."""
    told: list[str] = []
    good: dict[tuple[str, str], list[Did]] = {}
    rest: list[Did] = []
    for each in done:
        if each.state != "confirmed":
            rest.append(each)
            continue
        trait = each.about.trait if each.about is not None else None
        level = _is_level(each.about, each.value) and trait not in SELF_SAID
        key = (
            voice.trait(each.about, "") if level else "",
            "" if each.about is None else voice.value(each.about, each.value),
        )
        good.setdefault(key, []).append(each)
    for (trait, value), several in good.items():
        names = voice.join(list(dict.fromkeys(each.name for each in several)))
        if not value:
            told.append(voice.say("called", name=names))
        elif trait:
            told.append(voice.say("level", several=len(several) > 1, name=names, trait=trait, value=value))
        elif len(several) > MOST_TOLD:
            told.append(voice.say("set_many", count=len(several), value=value))
        elif (done_so := voice.done_value(several[0].about, several[0].value)) is not None:
            told.append(voice.say("set_done", name=names, value=done_so))
        else:
            told.append(voice.say("set", several=len(several) > 1, name=names, value=value))
    if len(rest) > MOST_TOLD:
        told.append(voice.say("failed_many", count=len(rest), names=voice.join([each.name for each in rest])))
    else:
        told += [voice.say(TOLD_AS.get(each.state, "not_done"), name=each.name, why=each.why) for each in rest]
    return voice.together(told)


def _is_level(about: Property | None, value: Any) -> bool:
    """Whether a value needs to be said of what: 40 percent does, locked does not."""
    return about is not None and not isinstance(value, bool) and value not in ("open", "closed", "on", "off")


def tell_states(voice: Voice, query: Query, seen: Sequence[Seen]) -> str:
    """The answer to a question about now: yes or no where a value was asked for, which of many, else the value."""
    if not seen:
        return voice.say("nothing_there")
    if query.equals is not None and len(seen) > 1:
        return _which(voice, query, seen)
    told = [_one(voice, query, each) for each in seen[: MOST_TOLD * 2]]
    return voice.together(told)


def _which(voice: Voice, query: Query, seen: Sequence[Seen]) -> str:
    """Which windows are open?"""
    those = [each for each in seen if each.at and fits(each.value, query.equals)]
    silent = [each for each in seen if not each.at]
    told = []
    if those:
        value = voice.value(those[0].about, those[0].value)
        names = voice.join([each.name for each in those])
        told.append(voice.say("is", several=len(those) > 1, name=names, value=value))
    elif len(silent) < len(seen):
        told.append(voice.say("none_of"))
    if silent:
        told.append(voice.say("unknown", several=len(silent) > 1, name=voice.join([each.name for each in silent])))
    return voice.together(told)


def _one(voice: Voice, query: Query, each: Seen) -> str:
    if not each.at:
        return voice.say("unknown", name=each.name)
    value = voice.value(each.about, each.value)
    if not each.online:
        text = voice.say("away", name=each.name, when=voice.moment(each.at), value=value)
    elif _is_level(each.about, each.value) and each.about.trait not in SELF_SAID:
        text = voice.say("has", name=each.name, trait=voice.trait(each.about, each.about.key), value=value)
    else:
        text = voice.say("is", name=each.name, value=value)
    if query.equals is None or not each.online:
        return text
    return voice.say("yes" if fits(each.value, query.equals) else "no", text=text)


#: Levels that say of themselves what they are a level of: "the blind is 40 percent open".
SELF_SAID = frozenset({"position", "window_position", "sunroof_position", "state", "presence"})


def tell_figures(voice: Voice, query: Query, found: Sequence[Found], span: Span | None) -> str:
    """The answer to a question about what was."""
    if not found:
        return voice.say("nothing_there")
    period = voice.period(query.over, span.start, span.end) if span is not None else ""  # none: when last, of all time
    told = [_figure(voice, query, each, period, span) for each in found[: MOST_TOLD * 2]]
    sums = [each.figure for each in found if each.figure.agg == "sum" and each.figure.value is not None]
    if len(sums) > 1 and len({each.unit for each in sums}) == 1:
        amount = voice.amount(sum(each.value for each in sums), sums[0].unit)
        told.append(voice.say("h_total", amount=amount, period=period))
    return voice.together(told)


def tell_compared(
    voice: Voice, query: Query, found: Sequence[Found], then: Sequence[Found], span: Span | None, past: Span
) -> str:
    """What was, and by how much it differs from the period before; of several that add up, from their sum."""
    told = [tell_figures(voice, query, found, span)] if found else []
    period = voice.period(query.against, past.start, past.end)
    pairs = list(zip(found, then, strict=True))
    if len(pairs) > 1 and all(each.figure.agg == "sum" for each in found):
        pairs = [(_all(found), _all(then))]
    for now, before in pairs:
        if now.figure.value is None:
            continue
        if before.figure.value is None:
            told.append(voice.say("h_none", name=now.name, period=period))
            continue
        more = now.figure.value - before.figure.value
        # what is said as the same is the same as it is said
        size = _difference(voice, now.figure, abs(more))
        key = "same" if size == _difference(voice, now.figure, 0) else "more" if more > 0 else "less"
        told.append(voice.say(key, amount=size, period=period))
    return voice.together(told) if told else voice.say("nothing_there")


def _all(found: Sequence[Found]) -> Found:
    """Several figures that add up, as one."""
    known = [each.figure.value for each in found if each.figure.value is not None]
    figure = msgspec.structs.replace(found[0].figure, value=sum(known) if known else None)
    return Found(name=found[0].name, about=found[0].about, figure=figure)


def _difference(voice: Voice, figure: Figure, size: float) -> str:
    return voice.duration(size) if figure.agg == "duration" else voice.amount(size, figure.unit)


def _figure(voice: Voice, query: Query, each: Found, period: str, span: Span | None) -> str:
    figure, name, about = each.figure, each.name, each.about
    if span is not None and span.start == span.end:
        return _then(voice, query, each, voice.moment(span.start))
    wanted = None if query.equals is None else voice.value(about, query.equals)
    became = None if query.equals is None else voice.became(about, query.equals)
    if figure.value is None:
        if figure.agg != "last" or became is None:
            return voice.say("h_none", name=name, period=period)
        if figure.open:
            return voice.say("h_throughout", name=name, value=wanted, period=period)
        key = "h_never" if span is None else "h_not"
        return voice.say(key, name=name, value=became, **({} if span is None else {"period": period}))
    if figure.agg == "duration":
        key = "h_going" if wanted is None else "h_duration"
        return voice.say(key, name=name, value=wanted, amount=voice.duration(figure.value), period=period)
    if figure.agg == "count" and not figure.value:
        return voice.say("h_not_started" if became is None else "h_not", name=name, value=became, period=period)
    if figure.agg == "count":
        key = "h_started" if became is None else "h_count"
        return voice.say(key, name=name, value=became, amount=voice.times(figure.value), period=period)
    when = voice.moment(figure.at) if figure.at is not None else period
    if figure.agg == "last" and wanted is not None:
        if figure.open and (span is None or span.end >= voice.now_us):
            return voice.say("h_last_open", name=name, value=wanted, when=when)
        return voice.say("h_last", name=name, value=became, when=when)
    amount = voice.value(about, figure.value) if figure.agg == "last" else voice.amount(figure.value, figure.unit)
    key = "h_value" if figure.agg == "last" else f"h_{figure.agg}"
    return voice.say(key, name=name, trait=voice.trait(about, about.key), amount=amount, period=period, when=when)


def _then(voice: Voice, query: Query, each: Found, when: str) -> str:
    """How it was at a moment."""
    value, about = each.figure.value, each.about
    if value is None:
        return voice.say("h_none", name=each.name, period=when)
    said = voice.value(about, value)
    if query.equals is None and _is_level(about, value) and about.trait not in SELF_SAID:
        return voice.say("h_value", name=each.name, trait=voice.trait(about, about.key), amount=said, when=when)
    text = voice.say("h_was", name=each.name, value=said, when=when)
    return text if query.equals is None else voice.say("yes" if fits(value, query.equals) else "no", text=text)


def tell_causes(voice: Voice, causes: Iterable[Cause]) -> str:
    """The answer to a question why."""
    told = [
        voice.say(f"c_{each.kind}", name=each.name, who=each.who, when=voice.moment(each.at), why=each.why)
        for each in causes
    ]
    return voice.together(told) if told else voice.say("c_unknown")
