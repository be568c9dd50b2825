"""Answers to questions: state from twins, figures from history, causes from the audit.

Knows the owners' answers and the audit. Computing is `unisono.assist.answer.figure`'s, wording `told`'s beside it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec

from unisono.api.assist.shapes import Answer
from unisono.api.auth import Identity, now_us
from unisono.api.commands import shapes as command_shapes
from unisono.api.commands.searching import Search, search
from unisono.api.things.gains import gains
from unisono.api.times import SECOND, iso, iso_or_none
from unisono.assist import Query
from unisono.assist.answer.figure import Agg, Figure, Sample, figure_of, fits
from unisono.assist.answer.span import Span, read_span
from unisono.assist.answer.told import Cause, Found, Seen, tell_causes, tell_compared, tell_figures, tell_states
from unisono.assist.answer.voice import Voice
from unisono.errors import CallerError
from unisono.thing import RISING, Property, find_property
from unisono.thing.schema import NUMERIC
from unisono.twin import talk

if TYPE_CHECKING:
    from unisono.api.assist.surroundings import Surroundings
    from unisono.api.context import ApiContext

__all__ = ["Answered", "answer"]

#: Values read for one answer: a second's reports of six days. A minute of reading; who asks for more is asked for less.
MAX_SAMPLES = 500_000
PAGE = 10_000
#: Into so many stretches a time is cut in which a total gained something: as wide as the energy page's.
POINTS = 3000
#: Things that one question may be about: each costs a look into history.
MAX_THINGS = 100
#: How far back "when did it last" is looked for, step by step: most things did it this week.
LOOK_BACK_DAYS = (1, 7, 60, 730)
DAY_US = 86_400 * SECOND
#: A command is the cause of what was reported so soon after it; a cover takes a minute.
CAUSE_US = 120 * SECOND
#: Commands of a thing that are looked through for a cause.
MAX_COMMANDS = 50


class Answered(msgspec.Struct):
    """``text`` is for the ear, ``found`` is exact."""

    text: str
    found: Answer = Answer()


class Asking:
    """One question of one person."""

    def __init__(self, context: ApiContext, identity: Identity, around: Surroundings, voice: Voice) -> None:
        self.context, self.identity, self.around, self.voice = context, identity, around, voice

    def about(self, query: Query) -> list[tuple[str, str, Property]]:
        """The things with the key of what is asked; those that have no such property are left out."""
        found = []
        for thing in query.things[:MAX_THINGS]:
            try:
                key, about = find_property(self.around.models[thing], query.trait or "on_off")
            except (CallerError, KeyError):
                continue
            found.append((thing, key, about))
        return found

    def name(self, thing: str) -> str:
        return self.around.name(thing, self.voice.lang)

    # now

    async def state(self, query: Query) -> Answered:
        about = self.about(query)
        twins = await self.context.assist.surroundings.twins(self.around, [thing for thing, _key, _about in about])
        seen, items = [], []
        for thing, key, described in about:
            twin = twins.get(thing)
            value, at = twin.state.get(key, (None, 0)) if twin is not None else (None, 0)
            online = twin is not None and twin.online
            seen.append(Seen(name=self.name(thing), about=described, value=value, at=at, online=online))
            item: dict[str, Any] = {"thing": thing, "property": key, "value": value, "unit": described.unit}
            item |= {"at": iso_or_none(at), "online": online}
            if query.equals is not None and at:
                item["fits"] = fits(value, query.equals)
            items.append(item)
        return Answered(tell_states(self.voice, query, seen), Answer(items))

    # history

    async def history(self, query: Query) -> Answered:
        about = self.about(query)
        span = read_span(query.over, self.voice.now)
        past = read_span(query.against, self.voice.now)
        found, then = list[Found](), list[Found]()
        items = []
        for thing, key, described in about:
            agg = query.agg or _usual(described)
            try:
                figure = await self._figure(query, agg, thing, key, described, span)
                before = await self._figure(query, agg, thing, key, described, past) if past is not None else None
            except TooMuchError:
                return Answered(self.voice.say("h_too_much"))
            found.append(Found(name=self.name(thing), about=described, figure=figure))
            item = {
                "thing": thing,
                "property": key,
                "agg": agg,
                "value": figure.value,
                "unit": "s" if agg == "duration" else None if agg == "count" else figure.unit,
                "at": iso_or_none(figure.at),
            }
            if before is not None and past is not None:
                then.append(Found(name=self.name(thing), about=described, figure=before))
                item["against"] = {"value": before.value, "start": iso(past.start), "end": iso(past.end)}
            items.append(item)
        text = (
            tell_figures(self.voice, query, found, span)
            if past is None
            else tell_compared(self.voice, query, found, then, span, past)
        )
        stretch = (iso(span.start), iso(span.end)) if span is not None else (None, None)
        return Answered(text, Answer(items, *stretch))

    async def _figure(self, query: Query, agg: Agg, thing: str, key: str, about: Property, span: Span | None) -> Figure:
        if span is None and agg == "last":
            return await self._last(query, thing, key, about)
        if span is None:
            span = read_span("today", self.voice.now)
            assert span is not None
        trait = about.trait or about.key
        if trait in RISING and span.start < span.end and _grown(agg, query):
            partition = self.around.partitions[self.around.rows[thing].root]
            ask = talk.HistoryAsk(thing, key, span.start, span.end, POINTS)
            _buckets, grown, known = await gains(self.context.owners, partition, ask)
            return Figure("sum", math.fsum(grown) if known else None, about.unit)
        samples = await self._samples(thing, key, span)
        before = await self._before(thing, key, span.start)
        return figure_of(samples, before, span, agg, trait=trait, unit=about.unit, equals=query.equals)

    async def _last(self, query: Query, thing: str, key: str, about: Property) -> Figure:
        """When it was last so: looked for ever further back."""
        end = now_us() + SECOND
        figure = Figure("last")
        for days in LOOK_BACK_DAYS:
            span = Span(end - days * DAY_US, end)
            samples = await self._samples(thing, key, span)
            before = await self._before(thing, key, span.start)
            figure = figure_of(samples, before, span, "last", unit=about.unit, equals=query.equals)
            if figure.at is not None or before is None:
                break
        return figure

    async def _samples(self, thing: str, key: str, span: Span) -> list[Sample]:
        partition = self.around.partitions[self.around.rows[thing].root]
        found: list[Sample] = []
        after: tuple[int, int] | None = None
        while True:
            ask = talk.HistoryAsk(thing, key, span.start, span.end, 0, PAGE, after)
            page = await self.context.owners.history(partition, ask)
            found += [Sample(at, value) for at, _seq, value in page.raw]
            after = page.more
            if after is None:
                return found
            if len(found) >= MAX_SAMPLES:
                raise TooMuchError

    async def _before(self, thing: str, key: str, start: int) -> Sample | None:
        partition = self.around.partitions[self.around.rows[thing].root]
        answer = await self.context.owners.history(partition, talk.HistoryAsk(thing, key, start, start, latest=True))
        return Sample(answer.raw[-1][0], answer.raw[-1][2]) if answer.raw else None

    # causes

    async def cause(self, query: Query) -> Answered:
        """Who or what made the things so: the command that its last change followed, or nobody's."""
        causes: list[Cause] = []
        items: list[dict[str, Any]] = []
        for thing, key, described in self.about(query):
            found, item = await self._cause(query, thing, key, described)
            if found is not None:
                causes.append(found)
            items.append({"thing": thing, "property": key, **item})
        return Answered(tell_causes(self.voice, causes), Answer(items))

    async def _cause(self, query: Query, thing: str, key: str, about: Property) -> tuple[Cause | None, dict[str, Any]]:
        name = self.name(thing)
        changed = await self._changed(query, thing, key)
        views, _more = await search(self.context, self.identity, Search(things=[thing]), MAX_COMMANDS, None)
        for view in views:
            if not _wants(view, key, about, query):
                continue
            late = (view.ended or view.at) + CAUSE_US
            if changed is not None and not view.at <= changed.at <= late:
                continue
            command = msgspec.to_builtins(command_shapes.command(view))
            return await self._told(view, name), {"at": iso(view.at), "command": command}
        if changed is None:
            return None, {}
        return Cause(kind="itself", name=name, at=changed.at), {"at": iso(changed.at), "value": changed.value}

    async def _changed(self, query: Query, thing: str, key: str) -> Sample | None:
        """When the value began that is asked about: the one it has, or the last that was as the question says."""
        end = now_us() + SECOND
        for days in LOOK_BACK_DAYS:
            span = Span(end - days * DAY_US, end)
            samples = await self._samples(thing, key, span)
            before = await self._before(thing, key, span.start)
            last, was = None, before.value if before is not None else None
            for sample in samples:
                if sample.value != was and (query.equals is None or fits(sample.value, query.equals)):
                    last = sample
                was = sample.value
            if last is not None or before is None:
                return last
        return None

    async def _told(self, view: talk.CommandView, name: str) -> Cause:
        kind, id = view.by.get("kind", ""), view.by.get("id", "")
        if view.state == "refused":
            return Cause(kind="refused", name=name, at=view.at, why=view.why or view.code or "")
        if kind in ("person", "assistant") and id == self.identity.id:
            return Cause(kind="you", name=name, at=view.at)
        who = id
        if kind == "scene":
            row = await self.context.registry.get_scene(id)
            who = row.name if row is not None else id
        elif kind in ("person", "assistant", "program"):
            person = await self.context.registry.get_person(id)
            who = (person.name or id) if person is not None else id
        return Cause(kind=kind if kind in KINDS else "program", name=name, at=view.at, who=who)


KINDS = frozenset({"person", "program", "scene", "assistant"})


class TooMuchError(Exception):
    """More is asked for than one answer may read."""


def _usual(about: Property) -> Agg:
    """What is meant where a question does not say it."""
    if (about.trait or about.key) in RISING:
        return "sum"
    return "mean" if about.schema.kind in NUMERIC else "duration"


def _grown(agg: Agg, query: Query) -> bool:
    """Of a rising total: how many kilowatt hours, not how often."""
    return agg == "sum" or (agg == "count" and query.equals is None)


def _wants(view: talk.CommandView, key: str, about: Property, query: Query) -> bool:
    """Whether a command is about the property, and wanted what the question is about."""
    if view.call is not None:
        return view.call == about.trait
    if not view.set or key not in view.set:
        return False
    return query.equals is None or fits(view.set[key], query.equals)


async def answer(context: ApiContext, identity: Identity, around: Surroundings, voice: Voice, query: Query) -> Answered:
    """Find the answer to a plan's query. Raises CallerError ``bad_value`` for a stretch of time that is none."""
    asking = Asking(context, identity, around, voice)
    if query.ask == "history":
        return await asking.history(query)
    if query.ask == "cause":
        return await asking.cause(query)
    return await asking.state(query)
