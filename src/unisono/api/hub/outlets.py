"""Outlets over HTTP: add, list, look at, change, remove; how far each has come.

Knows rows, rights and definitions. Who carries the items out hears of changes over the bus.
"""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
from litestar import Router, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from unisono.access import Action, seal
from unisono.api.auth import Identity, now_us
from unisono.api.context import ApiContext
from unisono.api.ids import check_id
from unisono.api.inject import Asker, Context
from unisono.api.relay import encode_entry
from unisono.api.shapes import Page
from unisono.api.things.models import merge
from unisono.api.times import iso_or_none
from unisono.errors import CallerError, HostError
from unisono.store.registry import OutboxRow, OutletRow, OutletState, PlaceRow
from unisono.thing.explain import explained
from unisono.twin import record, talk
from unisono.twin.outlet import LOGGED, MAX_HEADERS, Outlet, load_outlet

__all__ = ["lag", "router"]

#: A signature's key or a password; longer ones are files.
MAX_SECRET = 4096


class OutletShown(msgspec.Struct):
    """An outlet and how far it has come in what it reads: ``log`` (what devices say) and ``results``. Secrets are never
    shown: ``secret`` says whether it has one, ``headers`` names those that are sealed."""

    id: str
    place: str
    to: dict[str, Any]
    things: list[str]
    kind: str | None
    traits: list[str]
    what: list[str]
    batch: int
    secret: bool
    headers: list[str]
    created: str | None
    positions: list[dict[str, Any]]


class Sealed(msgspec.Struct):
    """What is kept sealed."""

    secret: str = ""
    headers: dict[str, str] = {}


@get("/")
async def list_outlets(context: Context, identity: Asker) -> Page[OutletShown]:
    """Outlets of the places that you configure."""
    rows = [row for row in await context.registry.list_outlets() if await _may(context, identity, row.place)]
    return Page([await _shown(context, row) for row in rows])


@get("/{outlet_id:str}")
async def get_outlet(context: Context, identity: Asker, outlet_id: FromPath[str]) -> OutletShown:
    """One outlet, its position, what it sent, what it had to skip, and what went wrong last."""
    return await _shown(context, await _row(context, identity, outlet_id))


@post("/")
async def add_outlet(context: Context, identity: Asker, data: JSONBody[dict[str, Any]]) -> OutletShown:
    """Add an outlet; it begins with what comes from now on. ``secret``: a webhook's signing key or the receiver's
    password; ``headers``: of a webhook; both are kept sealed."""
    outlet, sealed = _read(data)
    check_id(outlet.id)
    await _check(context, identity, outlet)
    row = _row_of(context, outlet, sealed, now_us())
    place = await context.place(outlet.place)
    await context.registry.put_outlet(row, new=True, entries=[_entry(place, row)])
    await context.in_force([place.partition])
    if LOGGED & set(outlet.what):
        await context.registry.put_outlet_state(await _begin(context, row, place.partition))
    context.bus.publish(talk.OUTLETS_CHANGED, b"")
    return await _shown(context, row)


@patch("/{outlet_id:str}")
async def change_outlet(
    context: Context, identity: Asker, outlet_id: FromPath[str], data: JSONBody[dict[str, Any]]
) -> OutletShown:
    """Change what is given (RFC 7396); the position stays. So it is with what is sealed: a ``secret`` or one of the
    ``headers`` that is null goes, what is not given stays."""
    old = await _row(context, identity, outlet_id)
    if data.get("id", old.id) != old.id:
        raise CallerError("An outlet keeps its id", code="bad_value", field="id", expected=old.id)
    change = dict(data)
    given: dict[str, Any] = {name: change.pop(name) for name in ("secret", "headers") if name in change}
    kept = merge(msgspec.to_builtins(_opened(context, old)), given)
    outlet, sealed = _read({**merge(msgspec.json.decode(old.document), change), **kept})
    await _check(context, identity, outlet)
    row = _row_of(context, outlet, sealed, old.created)
    place, before = await context.place(outlet.place), await context.place(old.place)
    entries = [_entry(place, row)]
    if before.partition != place.partition:
        entries.append(OutboxRow(before.partition, encode_entry(record.OutletRemoved(row.id))))
    await context.registry.put_outlet(row, new=False, entries=entries)
    await context.in_force({place.partition, before.partition})
    begun = {(each.partition, each.source) for each in await context.registry.outlet_states(row.id)}
    if LOGGED & set(outlet.what) and (place.partition, "log") not in begun:
        await context.registry.put_outlet_state(await _begin(context, row, place.partition))
    context.bus.publish(talk.OUTLETS_CHANGED, b"")
    return await _shown(context, row)


@delete("/{outlet_id:str}", status_code=204)
async def remove_outlet(context: Context, identity: Asker, outlet_id: FromPath[str]) -> None:
    """Remove an outlet; what waits does not leave any more."""
    row = await _row(context, identity, outlet_id)
    place = await context.place(row.place)
    gone = OutboxRow(place.partition, encode_entry(record.OutletRemoved(row.id)))
    await context.registry.remove_outlet(row.id, [gone])
    await context.in_force([place.partition])
    context.bus.publish(talk.OUTLETS_CHANGED, b"")


def _read(data: dict[str, Any]) -> tuple[Outlet, Sealed]:
    document = dict(data)
    try:
        given = {name: document.pop(name) for name in ("secret", "headers") if name in document}
        sealed = msgspec.convert(given, Sealed)
    except msgspec.ValidationError as error:
        raise explained(str(error), Sealed, "bad_value", given) from None
    if len(sealed.secret) > MAX_SECRET or len(sealed.headers) > MAX_HEADERS:
        raise CallerError("too much", code="too_large", field="secret", expected=f"at most {MAX_SECRET} characters")
    for name, value in sealed.headers.items():
        if not name.replace("-", "").isalnum() or not name.isascii() or not value.isprintable():
            raise CallerError(f"{name!r} is no header", code="bad_value", field="headers", expected="names and texts")
    return load_outlet(document), sealed


def _row_of(context: ApiContext, outlet: Outlet, sealed: Sealed, created: int) -> OutletRow:
    closed = None
    if sealed.secret or sealed.headers:
        closed = seal(msgspec.json.encode(sealed).decode(), f"outlet:{outlet.id}", context.pepper)
    return OutletRow(outlet.id, outlet.place, msgspec.json.encode(outlet).decode(), closed, created)


def _opened(context: ApiContext, row: OutletRow) -> Sealed:
    from unisono.access import open_sealed

    text = open_sealed(row.sealed, f"outlet:{row.id}", context.pepper) if row.sealed else None
    return msgspec.json.decode(text or "{}", type=Sealed)


def _entry(place: PlaceRow, row: OutletRow) -> OutboxRow:
    return OutboxRow(place.partition, encode_entry(record.OutletPut(row.id, row.created, row.document.encode())))


async def _begin(context: ApiContext, row: OutletRow, partition: str) -> OutletState:
    """What comes from now on: behind the word that there is this outlet, which is in the log."""
    owner = await context.owners.status(partition)
    seq = context.relay.last.get(partition, owner.last_seq)
    return OutletState(row.id, partition, "log", log=owner.log_id, seq=seq, at=now_us())


def lag(state: OutletState, owner: talk.OwnerStatus) -> int:
    """How far an outlet is behind: messages of the log that it has not looked at, results that have not left."""
    there = owner.last_seq if state.source == "log" else owner.results.get(state.outlet, 0)
    return max(0, there - (state.seq if state.source == "log" else state.count))


async def _check(context: ApiContext, identity: Identity, outlet: Outlet) -> None:
    """Whoever lets things go out must configure the place, and only what lies in it goes."""
    place = await context.place(outlet.place)
    context.auth.require(identity, Action.CONFIGURE, await context.path_of(place.id))
    known = {row.id: row for row in await context.registry.get_things(outlet.things)}
    for number, thing in enumerate(outlet.things):
        row = known.get(thing)
        if row is None or place.id not in await context.path_of(row.place):
            detail = f"there is no thing {thing!r} in {place.id}"
            raise CallerError(detail, code="not_found", field=f"things.{number}")


async def _may(context: ApiContext, identity: Identity, place: str) -> bool:
    return context.auth.allows(identity, Action.CONFIGURE, await context.path_of(place))


async def _row(context: ApiContext, identity: Identity, id: str) -> OutletRow:
    for row in await context.registry.list_outlets():
        if row.id == id and await _may(context, identity, row.place):
            return row
    raise CallerError(f"There is no outlet {id[:80]!r}", code="not_found", mend="Run: unisono outlet list")


async def _shown(context: ApiContext, row: OutletRow) -> OutletShown:
    outlet = load_outlet(msgspec.json.decode(row.document))
    opened = _opened(context, row)
    positions = []
    for state in await context.registry.outlet_states(row.id):
        behind: int | None = None
        with contextlib.suppress(HostError):  # the owner does not answer, so nobody says how much there is
            behind = lag(state, await context.owners.status(state.partition))
        positions.append(
            {
                "partition": state.partition,
                "source": state.source,
                "position": state.seq,
                "lag": behind,
                "sent": state.sent,
                "skipped": state.skipped,
                "error": state.error,
                "at": iso_or_none(state.at),
            }
        )
    return OutletShown(
        outlet.id,
        outlet.place,
        msgspec.to_builtins(outlet.to),
        list(outlet.things),
        outlet.kind,
        list(outlet.traits),
        list(outlet.what),
        outlet.batch,
        bool(opened.secret),
        sorted(opened.headers),
        iso_or_none(row.created),
        positions,
    )


router = Router(
    "/outlets",
    route_handlers=[list_outlets, get_outlet, add_outlet, change_outlet, remove_outlet],
    tags=["outlets"],
)
