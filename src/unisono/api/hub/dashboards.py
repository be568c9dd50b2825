"""Dashboards over HTTP: what a person puts on one, for themselves or shared at a place.

Knows shapes and rights. One without a place is its owner's alone; one that is shared is seen by whoever may see the
place, and changed by its owner or whoever configures the place. What its cards show is read by the reader's own rights.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Router, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET, Meta, UnsetType

from unisono.access import Action
from unisono.api.auth import Identity, now_us
from unisono.api.context import ApiContext
from unisono.api.ids import check_id, free_id
from unisono.api.inject import Asker, Context
from unisono.api.shapes import Id, Name, Page
from unisono.api.times import iso
from unisono.errors import CallerError
from unisono.store.registry import DashboardRow

__all__ = ["router"]

#: The grid is as many columns wide; on a phone cards stand below each other.
COLUMNS = 12
MAX_ROW = 1_000
MAX_HEIGHT = 24
MAX_CARDS = 100
MAX_THINGS = 50
MAX_TEXT = 4_000

Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Short = Annotated[str, Meta(max_length=200)]


class Card(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """Something on a dashboard. ``x``, ``y``, ``w``, ``h``: where on the grid of twelve columns.

    ``kind``: ``things`` (their cards), ``chart`` (``properties`` of ``things`` over ``span``), ``compare`` (the same by
    ``bucket``), ``value`` (one large), ``energy`` and ``line`` (production and downtime) over ``span``, ``scenes``
    (buttons that run them), ``place`` (all of one), ``alarms``, ``text``, ``clock``.
    """

    kind: Literal["things", "chart", "compare", "value", "energy", "line", "scenes", "place", "alarms", "text", "clock"]
    x: Annotated[int, Meta(ge=0, lt=COLUMNS)]
    y: Annotated[int, Meta(ge=0, le=MAX_ROW)]
    w: Annotated[int, Meta(ge=1, le=COLUMNS)]
    h: Annotated[int, Meta(ge=1, le=MAX_HEIGHT)]
    title: Short = ""
    things: Annotated[list[Id], Meta(max_length=MAX_THINGS)] = []
    properties: Annotated[list[Short], Meta(max_length=MAX_THINGS)] = []
    scenes: Annotated[list[Id], Meta(max_length=MAX_THINGS)] = []
    place: Id | None = None
    span: Literal["hour", "day", "week", "month", "year"] | None = None
    bucket: Literal["hour", "day", "week", "month"] | None = None
    text: Text = ""


Cards = Annotated[list[Card], Meta(max_length=MAX_CARDS)]


class Dashboard(msgspec.Struct):
    """A dashboard. ``place``: where it is shared, null: only its owner sees it. ``mine``: whether you may change it."""

    id: str
    name: str
    owner: str
    place: str | None
    cards: list[Card]
    version: int
    saved_at: str
    saved_by: str
    mine: bool


class NewDashboard(msgspec.Struct, forbid_unknown_fields=True):
    """``id``: left out, one is made of the name."""

    name: Name
    id: Id | None = None
    place: Id | None = None
    cards: Cards = []


class DashboardChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is given is changed; ``place`` null ends the sharing."""

    name: Name | UnsetType = UNSET
    place: Id | UnsetType | None = UNSET
    cards: Cards | UnsetType = UNSET


_cards = msgspec.json.Decoder(list[Card])


@get("/")
async def list_dashboards(
    context: Context,
    identity: Asker,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100,
) -> Page[Dashboard]:
    """Your own dashboards, and those that are shared at places that you may see."""
    rows = [row for row in await context.registry.find_dashboards(identity.id) if after is None or row.id > after]
    seen = [row for row in rows if await _sees(context, identity, row)]
    items = [await _shown(context, identity, row) for row in seen[:limit]]
    return Page(items, seen[limit - 1].id if len(seen) > limit else None)


@get("/{dashboard_id:str}")
async def get_dashboard(context: Context, identity: Asker, dashboard_id: FromPath[str]) -> Dashboard:
    """One dashboard with its cards."""
    return await _shown(context, identity, await _find(context, identity, dashboard_id))


@post("/", status_code=201)
async def add_dashboard(context: Context, identity: Asker, data: JSONBody[NewDashboard]) -> Dashboard:
    """Add a dashboard, for yourself; with ``place``: shared there, by whoever makes scenes or configures there."""
    _check(data.cards)
    await _require_place(context, identity, data.place)
    taken = {row.id for row in await context.registry.find_dashboards(identity.id)}
    id = check_id(data.id) if data.id is not None else free_id(data.name, "dashboard", taken)
    row = DashboardRow(id, data.name, identity.id, data.place, _written(data.cards), 1, now_us(), identity.id)
    return await _shown(context, identity, await context.registry.add_dashboard(row))


@patch("/{dashboard_id:str}")
async def change_dashboard(
    context: Context,
    identity: Asker,
    dashboard_id: FromPath[str],
    data: JSONBody[DashboardChange],
    version: Annotated[
        int | None, QueryParameter(ge=1, description="the version that was changed; another since: refused")
    ] = None,
) -> Dashboard:
    """Change what is given; it is the next version."""
    old = await _find(context, identity, dashboard_id)
    await _require_change(context, identity, old)
    row = msgspec.structs.replace(old, version=version or old.version, at=now_us(), by=identity.id)
    if data.name is not UNSET:
        row = msgspec.structs.replace(row, name=data.name)
    if data.place is not UNSET:
        await _require_place(context, identity, data.place)
        row = msgspec.structs.replace(row, place=data.place)
    if data.cards is not UNSET:
        _check(data.cards)
        row = msgspec.structs.replace(row, document=_written(data.cards))
    return await _shown(context, identity, await context.registry.change_dashboard(row))


@delete("/{dashboard_id:str}", status_code=204)
async def remove_dashboard(context: Context, identity: Asker, dashboard_id: FromPath[str]) -> None:
    """Remove a dashboard; what it showed stays."""
    row = await _find(context, identity, dashboard_id)
    await _require_change(context, identity, row)
    await context.registry.remove_dashboard(row.id)


def _check(cards: list[Card]) -> None:
    for number, card in enumerate(cards):
        if card.x + card.w > COLUMNS:
            raise CallerError(
                f"it is {card.w} columns wide from column {card.x} on",
                code="bad_value",
                field=f"cards[{number}].w",
                expected=f"at most {COLUMNS - card.x}",
            )


def _written(cards: list[Card]) -> str:
    return msgspec.json.encode(cards).decode()


async def _shown(context: ApiContext, identity: Identity, row: DashboardRow) -> Dashboard:
    cards: list[Any] = _cards.decode(row.document)
    mine = await _changes(context, identity, row)
    return Dashboard(row.id, row.name, row.owner, row.place, cards, row.version, iso(row.at), row.by, mine)


async def _find(context: ApiContext, identity: Identity, id: str) -> DashboardRow:
    row = await context.registry.get_dashboard(id)
    if row is None or not await _sees(context, identity, row):
        raise CallerError(
            f"There is no dashboard {id[:80]!r}", code="not_found", field="id", mend="Run: unisono dashboard list"
        )
    return row


async def _sees(context: ApiContext, identity: Identity, row: DashboardRow) -> bool:
    if row.owner == identity.id:
        return True
    return row.place is not None and context.auth.allows(identity, Action.READ, await context.path_of(row.place))


async def _changes(context: ApiContext, identity: Identity, row: DashboardRow) -> bool:
    if row.owner == identity.id:
        return True
    return row.place is not None and context.auth.allows(identity, Action.CONFIGURE, await context.path_of(row.place))


async def _require_change(context: ApiContext, identity: Identity, row: DashboardRow) -> None:
    if not await _changes(context, identity, row):
        assert row.place is not None  # else it would not have been found
        context.auth.require(identity, Action.CONFIGURE, await context.path_of(row.place))


async def _require_place(context: ApiContext, identity: Identity, place: str | None) -> None:
    """Whoever makes scenes somewhere may hang a dashboard there too."""
    if place is None:
        return
    path = await context.path_of(place)
    if not path or not context.auth.allows(identity, Action.READ, path):
        raise CallerError(
            f"There is no place {place[:80]!r}", code="not_found", field="place", mend="Run: unisono place list"
        )
    if not context.auth.allows(identity, Action.CONFIGURE, path):
        context.auth.require(identity, Action.AUTOMATE, path)


router = Router(
    "/dashboards",
    route_handlers=[list_dashboards, get_dashboard, add_dashboard, change_dashboard, remove_dashboard],
    tags=["dashboards"],
)
