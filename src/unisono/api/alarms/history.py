"""What happened to alarms, page by page or as CSV, and the figures that come of it.

Knows query parameters, the registry's lines and what owners have not yet kept there.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, TypeAlias

import msgspec
from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from unisono.access import Action
from unisono.api.alarms import shapes
from unisono.api.context import ApiContext, now_us
from unisono.api.inject import Asker, Context
from unisono.api.shapes import Page
from unisono.api.things.things import visible_in
from unisono.api.times import SECOND, iso, iso_or_none, read_time
from unisono.errors import CallerError
from unisono.scene.alarm.document import SEVERITIES
from unisono.scene.alarm.facts import Transition
from unisono.scene.alarm.figures import Counted, figures
from unisono.scene.alarm.flood import WINDOW_MINUTES
from unisono.store.registry import AlarmLineRow

__all__ = ["HANDLERS"]

DEFAULT_LIMIT, MAX_LIMIT = 100, 10_000
DAY_US = 86_400 * SECOND
#: Figures are of a day, a week or a month; in a year of ten thousand alarms a day they take some seconds.
DEFAULT_SPAN_US = 7 * DAY_US
STEP_US = WINDOW_MINUTES * 60 * SECOND
MOST_FREQUENT = 10
#: A gateway's clock may be a little ahead of ours.
AHEAD_US = 60 * SECOND

Text = Annotated[str | None, QueryParameter(max_length=200)]
From = Annotated[str | None, QueryParameter(name="from", max_length=64)]
To = Annotated[str | None, QueryParameter(name="to", max_length=64)]
Cursor = tuple[int, str, int]


class Search(msgspec.Struct):
    """Which lines: every field that is given must hold."""

    start: int
    end: int
    places: list[str] | None
    thing: str | None
    definition: str | None
    severity: str | None
    acts: list[str] | None
    q: str | None


async def _read(
    *,
    context: Context,
    identity: Asker,
    start: From = None,
    end: To = None,
    place: FromQuery[str | None] = None,
    thing: FromQuery[str | None] = None,
    alarm: Text = None,
    severity: Text = None,
    act: Text = None,
    q: Text = None,
) -> Search:
    """The query parameters that the list and the file have in common, read. Raises CallerError ``bad_value``,
    ``not_found``."""
    now = now_us()
    until = read_time(end, now, field="to", default_us=now + AHEAD_US)
    since = read_time(start, now, field="from", default_us=0)
    if severity is not None and severity not in SEVERITIES:
        expected = ", ".join(SEVERITIES)
        raise CallerError(f"{severity[:80]!r} is none", code="bad_value", field="severity", expected=expected)
    definition, _dot, of = (alarm or "").partition(".")
    if of and thing is not None and of != thing:
        raise CallerError("It is of another thing", code="bad_value", field="thing", expected=of)
    named = thing or of or None
    if named is not None and await context.registry.get_thing(named) is not None:
        # what happened to a thing that is gone is still to be read by who may see its place
        await context.thing(named, identity, Action.READ)
    places = await visible_in(context, identity, place)
    acts = None if act is None else [each.strip() for each in act.split(",")]
    return Search(since, until, places, named, definition or None, severity, acts, q)


async def _page(
    context: ApiContext, wanted: Search, after: Cursor | None, limit: int
) -> tuple[list[shapes.AlarmLine], Cursor | None]:
    """The newest lines behind ``after``, and where to go on."""
    # what owners have not kept is asked first: kept in between, it is in the registry
    recent = await asyncio.gather(*(context.owners.alarm_recent(partition) for partition in context.partitions))
    found: dict[Cursor, AlarmLineRow | Transition] = {}
    for partition, lines in zip(context.partitions, recent, strict=True):
        for line in lines:
            key = (line.at, partition, line.number)
            if (after is None or key < after) and await _fits(context, line, wanted):
                found[key] = line
    rows = await context.registry.find_alarm_history(
        start=wanted.start,
        end=wanted.end,
        places=wanted.places,
        things=None if wanted.thing is None else [wanted.thing],
        definition=wanted.definition,
        severity=wanted.severity,
        acts=wanted.acts,
        q=wanted.q,
        after=after,
        limit=limit + 1,
    )
    found.update(((row.at, row.partition, row.number), row) for row in rows)
    keys = sorted(found, reverse=True)
    return [_line(found[key]) for key in keys[:limit]], keys[limit - 1] if len(keys) > limit else None


def _line(line: AlarmLineRow | Transition) -> shapes.AlarmLine:
    return shapes.line_of_row(line) if isinstance(line, AlarmLineRow) else shapes.line_of_transition(line)


async def _fits(context: ApiContext, line: Transition, wanted: Search) -> bool:
    """As the registry's query has it."""
    if not wanted.start <= line.at < wanted.end:
        return False
    if wanted.places is not None and not {*wanted.places} & {*await context.path_of(line.place)}:
        return False
    if wanted.thing not in (None, line.thing) or wanted.definition not in (None, line.definition):
        return False
    if wanted.severity not in (None, line.severity) or (wanted.acts is not None and line.act not in wanted.acts):
        return False
    shown = shapes.line_of_transition(line)
    words = f"{shown.text} {shown.comment} {shown.by}".casefold()
    return wanted.q is None or wanted.q.casefold() in words


#: What is searched for, as `_read` reads it.
Wanted: TypeAlias = NamedDependency[Search]
SEARCH = {"wanted": Provide(_read)}


@get("/history", dependencies=SEARCH)
async def list_history(
    context: Context,
    wanted: Wanted,
    after: Text = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
) -> Page[shapes.AlarmLine]:
    """What happened to alarms, newest first; of five years, a million lines at most.

    ``alarm``: a definition, or one of its alarms (``DEFINITION.THING``). ``act``: one or several, with commas (raised,
    cleared, acknowledged, shelved...). ``q``: a part of the text, the comment or who acted. Times as in history.
    """
    if wanted.places == []:
        return Page([])
    lines, more = await _page(context, wanted, _cursor(after), limit)
    return Page(lines, ".".join(map(str, more)) if more is not None else None)


@get("/history.csv", media_type="text/csv", dependencies=SEARCH)
async def export_history(context: Context, wanted: Wanted) -> Stream:
    """The same as CSV, all of it."""
    first, more = await _page(context, wanted, None, MAX_LIMIT) if wanted.places != [] else ([], None)

    async def lines() -> AsyncIterator[str]:
        page, cursor = first, more
        yield _csv([shapes.COLUMNS])
        while True:
            yield _csv([_cells(line) for line in page])
            if cursor is None:
                return
            page, cursor = await _page(context, wanted, cursor, MAX_LIMIT)

    headers = {"Content-Disposition": 'attachment; filename="alarms.csv"'}
    return Stream(lines(), media_type="text/csv", headers=headers)


def _cursor(after: str | None) -> Cursor | None:
    if after is None:
        return None
    at, _dot, rest = after.partition(".")
    partition, _dot, number = rest.partition(".")
    if not at.isdigit() or not number.isdigit():
        raise CallerError("That is no cursor", code="bad_value", field="after", expected="next of the last page")
    return int(at), partition, int(number)


def _csv(rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _cells(line: shapes.AlarmLine) -> list[str]:
    """A line's cells, none of which a spreadsheet takes for a formula."""
    cells = [getattr(line, name) for name in shapes.COLUMNS]
    texts = [each if isinstance(each, str) else msgspec.json.encode(each).decode() for each in cells]
    return [f"'{each}" if each[:1] in ("=", "+", "@", "\t", "\r") else each for each in texts]


@get("/figures")
async def get_figures(
    *,
    context: Context,
    identity: Asker,
    place: FromQuery[str | None] = None,
    start: From = None,
    end: To = None,
) -> Page[shapes.AlarmFigures]:
    """How good the alarms are, by EEMUA 191 and ISA-18.2: for each root place, of the last seven days unless said
    otherwise. A place that is no root is looked at by itself."""
    now = now_us()
    until = read_time(end, now, field="to", default_us=now)
    since = read_time(start, now, field="from", default_us=until - DEFAULT_SPAN_US)
    if until <= since:
        raise CallerError("The span ends before it begins", code="bad_value", field="to", expected="a time after from")
    places = await visible_in(context, identity, place)
    if place is not None:
        found = [place] if places else []
    elif places is None:
        found = await _roots(context)
    else:
        found = places
    return Page([await _figures(context, each, since, until) for each in found])


async def _roots(context: ApiContext) -> list[str]:
    found: list[str] = []
    after: str | None = None
    while rows := await context.registry.list_places(after=after, limit=MAX_LIMIT):
        found += [row.id for row in rows if row.parent is None]
        after = rows[-1].id
    return found


async def _figures(context: ApiContext, place: str, since: int, until: int) -> shapes.AlarmFigures:
    counts = await context.registry.count_alarm_history(start=since, end=until, step_us=STEP_US, places=[place])
    root = (await context.path_of(place))[0]
    now = await context.owners.alarm_figures(await context.partition_of(root))
    by_step: dict[int, int] = {}
    for step, _root, count in counts.by_step:
        by_step[step] = by_step.get(step, 0) + count
    total = sum(by_step.values())
    rate = next((each for each in now.rates if each.root == root), None)
    things = {thing for _definition, thing in (each.split(".", 1) for each in now.chattering)}
    rows = {row.id: row for row in await context.registry.get_things(sorted(things))}
    chattering = [
        each
        for each in now.chattering
        if (row := rows.get(each.partition(".")[2])) is not None and place in await context.path_of(row.place)
    ]
    stale = now.stale.get(root, {})
    counted = Counted(
        max(1, (until - since) // STEP_US),
        list(by_step.values()),
        [count for _definition, _thing, count in counts.by_alarm],
        counts.by_severity,
        len(chattering),
        sum(stale.values()),
    )
    frequent = [
        shapes.Frequent(f"{definition}.{thing}", count, round(100.0 * count / total, 2))
        for definition, thing, count in counts.by_alarm[:MOST_FREQUENT]
    ]
    return shapes.AlarmFigures(
        place=place,
        start=iso(since),
        end=iso(until),
        alarms=total,
        by_severity={each: counts.by_severity.get(each, 0) for each in SEVERITIES},
        figures=figures(counted),
        most_frequent=frequent,
        chattering=chattering,
        standing=now.standing.get(root, {}),
        stale=stale,
        held=now.held.get(root, {}),
        in_ten_minutes=rate.in_ten_minutes if rate is not None else 0,
        flood_since=iso_or_none(rate.since) if rate is not None else None,
    )


HANDLERS = [list_history, export_history, get_figures]
