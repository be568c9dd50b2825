"""Places over HTTP. Knows rows and rights; the tree's rules are the registry's."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Router, delete, get, patch, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET

from unisono.access import Action
from unisono.api import shapes
from unisono.api.auth import Identity
from unisono.api.context import ApiContext
from unisono.api.ids import check_id, free_id
from unisono.api.inject import Asker, Context
from unisono.api.place_words import PLACE_WORDS
from unisono.errors import CallerError, HostError
from unisono.scene.talk import ModeAsk
from unisono.store.registry import PlaceRow
from unisono.twin.places import read_zone

__all__ = ["router"]

DEFAULT_LIMIT, MAX_LIMIT = 500, 5000

# the kinds of the design; any other word is taken too, it only has no picture
ROOT_KIND, INNER_KIND = "home", "room"


@get("/")
async def list_places(
    context: Context,
    identity: Asker,
    parent: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
) -> shapes.Page[shapes.Place]:
    """Places in the order of their ids; with ``parent`` only those directly in it."""
    visible = context.auth.visible_places(identity)
    rows = await context.registry.list_places(
        after=after, limit=limit + 1, parent=parent, within=None if visible is None else sorted(visible)
    )
    more = len(rows) > limit
    return shapes.Page(await _shown(context, rows[:limit]), rows[limit - 1].id if more else None)


async def _shown(context: ApiContext, rows: Sequence[PlaceRow]) -> list[shapes.Place]:
    """The rows with their modes; an owner that does not answer leaves them out."""
    modes: dict[str, str] = {}
    for partition in sorted({row.partition for row in rows}):
        with contextlib.suppress(HostError):
            modes.update(await context.owners.modes(partition))
    return [shapes.place(row, modes.get(row.id)) for row in rows]


async def _place(context: ApiContext, identity: Identity, place_id: str, action: Action) -> PlaceRow:
    row = await context.registry.get_place(place_id)
    path = await context.path_of(place_id)
    if row is None or not context.auth.allows(identity, Action.READ, path):
        raise CallerError(f"There is no place {place_id[:80]!r}", code="not_found", mend="Run: unisono place list")
    context.auth.require(identity, action, path)
    return row


@get("/{place_id:str}")
async def get_place(context: Context, identity: Asker, place_id: FromPath[str]) -> shapes.Place:
    """One place."""
    return (await _shown(context, [await _place(context, identity, place_id, Action.READ)]))[0]


@post("/")
async def add_place(context: Context, identity: Asker, data: JSONBody[shapes.PlaceNew]) -> shapes.Place:
    """Add a place; without ``parent`` it is a root place: a home, a car, a plant."""
    return await _add(context, identity, data)


@post("/{place_id:str}")
async def add_place_as(
    context: Context, identity: Asker, place_id: FromPath[str], data: JSONBody[shapes.PlaceNew]
) -> shapes.Place:
    """Add a place under the id in the path."""
    if data.id not in (None, place_id):
        raise CallerError("The id differs from the one in the path", code="bad_value", field="id", expected=place_id)
    return await _add(context, identity, msgspec.structs.replace(data, id=place_id))


async def _add(context: ApiContext, identity: Identity, data: shapes.PlaceNew) -> shapes.Place:
    path: tuple[str, ...] = ()
    if data.parent is not None:
        path = await context.path_of(data.parent)
        if not path:
            raise CallerError(f"There is no place {data.parent[:80]!r}", code="not_found", field="parent")
    context.auth.require(identity, Action.CONFIGURE, path)
    kind = data.kind or (INNER_KIND if data.parent else ROOT_KIND)
    if data.id is not None:
        place_id = check_id(data.id)
    else:
        place_id = await _free(context, data.name, kind)
    row = PlaceRow(
        place_id,
        data.name,
        shapes.names(data.names),
        kind,
        data.parent,
        zone=_zone(data.zone),
        latitude=data.position.latitude if data.position else None,
        longitude=data.position.longitude if data.position else None,
    )
    return (await _shown(context, [await _put(context, row, new=True)]))[0]


def _zone(name: str) -> str:
    """An IANA name, or "" for that of the place around. Raises CallerError ``bad_value``."""
    return read_zone(name).key if name else ""


async def _put(context: ApiContext, row: PlaceRow, old: PlaceRow | None = None, *, new: bool = False) -> PlaceRow:
    """Save a place; answered once the owners know of it."""
    row = await context.registry.put_place(row, partitions=len(context.partitions), new=new, words=PLACE_WORDS)
    context.places_changed()
    await context.in_force({row.partition, old.partition if old is not None else row.partition})
    return row


async def _free(context: ApiContext, name: str, kind: str) -> str:
    taken: set[str] = set()
    while await context.registry.get_place(candidate := free_id(name, kind, taken)) is not None:
        taken.add(candidate)
    return candidate


@patch("/{place_id:str}")
async def change_place(
    context: Context, identity: Asker, place_id: FromPath[str], data: JSONBody[shapes.PlaceChange]
) -> shapes.Place:
    """Change what is given; the rest stays."""
    old = await _place(context, identity, place_id, Action.CONFIGURE)
    if data.parent is not UNSET:
        context.auth.require(identity, Action.CONFIGURE, await context.path_of(data.parent))
    row = msgspec.structs.replace(
        old,
        name=old.name if data.name is UNSET else data.name,
        names=old.names if data.names is UNSET else shapes.names(data.names),
        kind=old.kind if data.kind is UNSET else data.kind,
        parent=old.parent if data.parent is UNSET else data.parent,
        zone=old.zone if data.zone is UNSET else _zone(data.zone),
    )
    if data.position is not UNSET:
        row = msgspec.structs.replace(
            row,
            latitude=data.position.latitude if data.position else None,
            longitude=data.position.longitude if data.position else None,
        )
    return (await _shown(context, [await _put(context, row, old)]))[0]


@delete("/{place_id:str}", status_code=204)
async def remove_place(context: Context, identity: Asker, place_id: FromPath[str]) -> None:
    """Remove an empty place."""
    old = await _place(context, identity, place_id, Action.CONFIGURE)
    await context.registry.remove_place(place_id, PLACE_WORDS)
    context.places_changed()
    await context.in_force([old.partition])


@put("/{place_id:str}/mode")
async def set_mode(
    context: Context, identity: Asker, place_id: FromPath[str], data: JSONBody[shapes.Mode]
) -> shapes.Place:
    """Put a place into a mode; scenes that wait for it are triggered. Places inside have modes of their own."""
    row = await _place(context, identity, place_id, Action.CONTROL)
    mode = await context.owners.mode(row.partition, ModeAsk(row.id, identity.by(), data.mode))
    return shapes.place(row, mode)


router = Router(
    "/places",
    route_handlers=[list_places, get_place, add_place, add_place_as, change_place, remove_place, set_mode],
    tags=["places"],
)
