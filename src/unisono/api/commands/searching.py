"""The audit of commands, searched: what owners still hold and what the registry keeps, as one list, newest first.

Knows rows, the owners' answers and rights. Knows no route.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from unisono.access import Action
from unisono.api.auth import Identity, now_us
from unisono.api.times import iso, iso_or_none, read_time
from unisono.errors import CallerError
from unisono.twin import talk

if TYPE_CHECKING:
    from unisono.api.context import ApiContext

__all__ = ["Search", "csv_lines", "read_search", "search"]

STATES = frozenset(
    {
        "queued",
        "sent",
        "acknowledged",
        "confirmed",
        "mismatch",
        "timeout",
        "rejected",
        "expired",
        "superseded",
        "failed",
        "refused",
    }
)
COLUMNS = (
    "at", "ended", "thing", "set", "call", "input", "state", "kind", "by", "because", "why", "code", "id", "scene",
)  # fmt: skip


class Search(msgspec.Struct, frozen=True):
    """``things`` None: all that may be seen; ``who``: an id, a kind, or a scene that was run by hand; times are wall
    microseconds."""

    things: list[str] | None = None
    who: str | None = None
    states: list[str] = []
    start: int | None = None
    end: int | None = None


def read_search(*, thing: str | None, by: str | None, state: str | None, start: str | None, end: str | None) -> Search:
    """The query parameters, read. Raises CallerError ``bad_value``."""
    states: list[str] = []
    for word in (state or "").split(",") if state else ():
        if word != "open" and word not in STATES:
            raise CallerError(
                f"{word[:40]!r} is no state",
                code="bad_value",
                field="state",
                expected=f"open, {', '.join(sorted(STATES))}",
            )
        states.append(word)
    now = now_us()
    return Search(
        [thing] if thing is not None else None,
        by,
        states,
        None if start is None else read_time(start, now, field="from", default_us=0),
        None if end is None else read_time(end, now, field="to", default_us=now),
    )


async def search(
    context: ApiContext, identity: Identity, wanted: Search, limit: int, after: str | None
) -> tuple[list[talk.CommandView], str | None]:
    """A page, and the cursor of the next one. Raises CallerError ``not_found`` for a thing that may not be seen."""
    before = _cursor(after)
    for thing in wanted.things or ():
        # what became of a thing that is gone is still to be read by who may see its place
        if await context.registry.get_thing(thing) is not None:
            await context.thing(thing, identity, Action.READ)
    visible = context.auth.visible_places(identity)
    rows = await context.registry.find_audit(
        things=wanted.things,
        who=wanted.who,
        states=wanted.states,
        start=wanted.start,
        end=wanted.end,
        within=None if visible is None else sorted(visible),
        before=before,
        limit=limit + 1,
    )
    found = {row.id: msgspec.msgpack.decode(row.body, type=talk.CommandView) for row in rows}
    ask = talk.CommandsFind(wanted.things, wanted.who, wanted.states, wanted.start, wanted.end, before, limit + 1)
    held = await asyncio.gather(*(context.owners.find(partition, ask) for partition in context.partitions))
    fresh = [view for views in held for view in views]
    may_see = await _seen(context, identity, {view.thing for view in fresh} if visible is not None else set())
    found.update((_id(view), view) for view in fresh if visible is None or view.thing in may_see)
    views = sorted(((view.at, id, view) for id, view in found.items()), key=lambda each: each[:2], reverse=True)
    more = f"{views[limit - 1][0]}.{views[limit - 1][1]}" if len(views) > limit else None
    return [view for _at, _id, view in views[:limit]], more


def _id(view: talk.CommandView) -> str:
    return talk.audit_id(view.id, view.state, view.ended)


async def _seen(context: ApiContext, identity: Identity, things: set[str]) -> set[str]:
    rows = await context.registry.get_things(sorted(things))
    return {row.id for row in rows if context.auth.allows(identity, Action.READ, await context.path_of(row.place))}


def _cursor(after: str | None) -> tuple[int, str] | None:
    if after is None:
        return None
    at, _dot, id = after.partition(".")
    if not at.isdigit() or not id:
        raise CallerError("That is no cursor", code="bad_value", field="after", expected="next of the last page")
    return int(at), id


def csv_lines(views: Sequence[talk.CommandView] | None) -> str:
    """Commands as lines of CSV (RFC 4180); None gives the head."""
    text = io.StringIO()
    writer = csv.writer(text)
    if views is None:
        writer.writerow(COLUMNS)
    for view in views or ():
        by = view.by
        row = (
            iso(view.at),
            iso_or_none(view.ended),
            view.thing,
            _json(view.set),
            view.call,
            _json(view.input),
            view.state,
            by.get("kind"),
            by.get("id"),
            view.because,
            view.why,
            view.code,
            view.id,
            by.get("scene"),
        )
        writer.writerow([_plain(cell) for cell in row])
    return text.getvalue()


def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _plain(cell: str | None) -> str | None:
    """A cell that a spreadsheet does not take for a formula."""
    return f"'{cell}" if cell and cell[0] in "=+-@\t\r" else cell
