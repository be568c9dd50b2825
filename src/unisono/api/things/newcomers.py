"""Things that announced themselves through a bridge and wait: looked at, let in one by one or many at once, ignored.

Knows rows and rights. Knows no dialect: what a newcomer is stands in its model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Router, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from unisono.access import Action
from unisono.api.auth import Identity
from unisono.api.context import ApiContext
from unisono.api.dialects.asks import Accepted
from unisono.api.inject import Asker, Context
from unisono.api.shapes import Id, Name, Page
from unisono.api.times import iso
from unisono.errors import CallerError
from unisono.store.registry import NewcomerRow, ThingRow
from unisono.thing import load_model

__all__ = ["router"]

#: Let in with one request.
MOST = 500


class Newcomer(msgspec.Struct):
    """Something that waits. ``place``: where it would stand; ``can``: what it measures and does, as traits where it
    has them."""

    id: str
    name: str
    how: str
    bridge: str
    place: str
    area: str
    kind: str
    vendor: str
    model: str
    can: list[str]
    at: str
    seen: str
    ignored: bool


class Entry(msgspec.Struct, forbid_unknown_fields=True):
    """One to be let in; without ``name`` and ``place`` as it says itself."""

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    name: Name | None = None
    place: Id | None = None


class Entries(msgspec.Struct, forbid_unknown_fields=True):
    items: Annotated[list[Entry], Meta(min_length=1, max_length=MOST)]


class Ignored(msgspec.Struct, forbid_unknown_fields=True):
    """Those that are to be shown no more, or again."""

    ids: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(min_length=1, max_length=MOST)]
    ignored: bool = True


class Waits(msgspec.Struct, forbid_unknown_fields=True):
    """Whether what announces itself through a bridge waits."""

    waits: bool


class LetIn(msgspec.Struct):
    id: str
    name: str
    model: str
    place: str


@get("/")
async def list_newcomers(
    context: Context, identity: Asker, place: FromQuery[str | None] = None, ignored: FromQuery[bool] = False
) -> Page[Newcomer]:
    """What announced itself and waits, the first first. ``ignored``: those too."""
    rows = await context.registry.list_newcomers(ignored=ignored)
    shown = []
    for row in rows:
        stands = await context.speaking.place_of(row)
        path = await context.path_of(stands.id)
        if context.auth.allows(identity, Action.CONFIGURE, path) and (place is None or place in path):
            shown.append(_shown(row, stands.id))
    return Page(shown)


def _shown(row: NewcomerRow, place: str) -> Newcomer:
    model = load_model(row.model.encode())
    traits = [found.trait or found.key for found in model.properties.values()]
    can = dict.fromkeys([*traits, *(found.trait or found.key for found in model.actions.values())])
    called = model.titles.get("en") or model.id
    return Newcomer(
        row.id,
        row.called,
        row.dialect,
        row.bridge,
        place,
        row.area,
        model.kind or "",
        model.vendor or "",
        called,
        list(can),
        iso(row.at),
        iso(row.seen),
        row.ignored,
    )


@post("/accept")
async def accept(context: Context, identity: Asker, data: JSONBody[Entries]) -> Page[LetIn]:
    """Let them in, all or none: they are things from then on, with what they said while they waited."""
    wanted = {each.id: each for each in data.items}
    rows = await _rows(context, list(wanted))
    accepted = []
    for row in rows:
        entry = wanted[row.id]
        stands = await context.speaking.place_of(row) if entry.place is None else await context.place(entry.place)
        context.auth.require(identity, Action.CONFIGURE, await context.path_of(stands.id))
        if stands.root != row.root:
            detail = f"{stands.id!r} lies in another root place than its bridge ({row.root!r})"
            raise CallerError(detail, code="bad_value", field="place", expected=f"a place within {row.root!r}")
        accepted.append(Accepted(row, stands, entry.name or ""))
    made: Sequence[ThingRow] = await context.speaking.let_in(accepted)
    return Page([LetIn(row.id, row.name, row.model, row.place) for row in made])


@post("/ignore", status_code=204)
async def ignore(context: Context, identity: Asker, data: JSONBody[Ignored]) -> None:
    """Show them no more, or again. They wait on, and may be let in at any time."""
    for row in await _rows(context, data.ids):
        await _require(context, identity, row)
    await context.registry.ignore_newcomers(data.ids, data.ignored)


@put("/bridges/{thing_id:str}")
async def let_wait(context: Context, identity: Asker, thing_id: FromPath[str], data: JSONBody[Waits]) -> Waits:
    """Whether what announces itself through this thing waits from now on, or comes in by itself."""
    row, _partition = await context.thing(thing_id, identity, Action.CONFIGURE)
    await context.registry.let_newcomers_wait(row.id, data.waits)
    return data


@get("/bridges/{thing_id:str}")
async def waits(context: Context, identity: Asker, thing_id: FromPath[str]) -> Waits:
    """Whether what announces itself through this thing waits."""
    row, _partition = await context.thing(thing_id, identity, Action.CONFIGURE)
    return Waits(await context.registry.newcomers_wait(row.id))


async def _rows(context: ApiContext, ids: Sequence[str]) -> list[NewcomerRow]:
    rows = await context.registry.get_newcomers(ids)
    missing = set(ids) - {row.id for row in rows}
    if missing:
        detail = f"nothing waits under {min(missing)[:80]!r}"
        raise CallerError(detail, code="not_found", field="id", mend="Run: unisono thing waiting")
    return rows


async def _require(context: ApiContext, identity: Identity, row: NewcomerRow) -> None:
    stands = await context.speaking.place_of(row)
    context.auth.require(identity, Action.CONFIGURE, await context.path_of(stands.id))


router = Router("/newcomers", route_handlers=[list_newcomers, accept, ignore, let_wait, waits], tags=["things"])
