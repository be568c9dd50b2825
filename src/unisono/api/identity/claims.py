"""Claim codes over HTTP: make one (text and QR), see what became of them, take one back.

Knows rows and shapes. The code and its picture are in the answer that makes it, and nowhere else.
"""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Router, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from unisono.access import Action, hash_secret, new_claim_code, read_code
from unisono.api import shapes
from unisono.api.context import ApiContext, now_us
from unisono.api.ids import check_id, new_ulid
from unisono.api.inject import Asker, Context
from unisono.api.times import SECOND, iso, iso_or_none
from unisono.errors import CallerError
from unisono.store.registry import ClaimRow

__all__ = ["router"]

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000

# how long claims that ended are kept for the record
KEPT_US = 90 * 86_400 * SECOND

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)]


@post("/")
async def make_claim(
    request: Request[Any, Any, Any], context: Context, identity: Asker, data: JSONBody[shapes.ClaimNew]
) -> shapes.ClaimMade:
    """A one-time code for a new device. The code, its link and the QR picture (SVG) of it are shown only here."""
    place = await context.place(data.place)
    context.auth.require(identity, Action.CONFIGURE, await context.path_of(place.id))
    if data.model is not None:
        await context.catalog.get(data.model, None)
    if data.id is not None and await context.registry.get_thing(check_id(data.id)) is not None:
        raise CallerError(f"There is already {data.id!r}", code="exists", field="id")
    at = now_us()
    code = new_claim_code()
    row = ClaimRow(
        id=new_ulid(at).lower(),
        code_hash=hash_secret(read_code(code), context.pepper),
        place=place.id,
        thing=data.id,
        model=data.model,
        name=data.name,
        created=at,
        expires=at + int(data.valid_s * SECOND),
        made_by=identity.id,
    )
    await context.registry.remove_old_claims(at - KEPT_US)
    await context.registry.put_claim(row, now=at)
    # behind the #: a browser keeps it to itself, so it stands in no server's log
    url = f"{str(request.base_url).rstrip('/')}/claim#code={code}"
    return shapes.ClaimMade(
        row.id, code, url, _picture(url), row.place, row.model, row.name, row.thing, iso(row.expires)
    )


def _picture(text: str) -> str:
    import segno

    return str(segno.make_qr(text, error="m").svg_inline(scale=4, border=4))


@get("/")
async def list_claims(
    context: Context,
    identity: Asker,
    place: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Limit = DEFAULT_LIMIT,
) -> shapes.Page[shapes.Claim]:
    """Claims with what became of them, in the order in which they were made; without their codes."""
    places = await _places(context, identity, place)
    rows = await context.registry.list_claims(places=places, after=after, limit=limit + 1)
    at = now_us()
    page = rows[:limit]
    return shapes.Page([_show(row, at) for row in page], page[-1].id if len(rows) > limit else None)


async def _places(context: ApiContext, identity: Asker, place: str | None) -> list[str] | None:
    if place is not None:
        path = await context.path_of(place)
        context.auth.require(identity, Action.CONFIGURE, path)
        return [place]
    if context.auth.allows(identity, Action.CONFIGURE, ()):
        return None
    return [
        each
        for each in sorted(context.auth.visible_places(identity) or ())
        if context.auth.allows(identity, Action.CONFIGURE, await context.path_of(each))
    ]


@delete("/{claim_id:str}", status_code=204)
async def revoke_claim(context: Context, identity: Asker, claim_id: FromPath[str]) -> None:
    """Take a code back that was not used."""
    row = await context.registry.get_claim(claim_id)
    path = await context.path_of(row.place) if row is not None else ()
    if row is None or not context.auth.allows(identity, Action.CONFIGURE, path):
        raise CallerError(f"There is no claim {claim_id[:80]!r}", code="not_found", mend="Run: unisono thing claims")
    await context.registry.revoke_claim(claim_id, at=now_us())
    context.directory.announce([], tokens=[claim_id])


def _show(row: ClaimRow, at: int) -> shapes.Claim:
    if row.used_at is not None:
        state = "used"
    elif row.revoked is not None:
        state = "revoked"
    else:
        state = "open" if row.expires >= at else "expired"
    return shapes.Claim(
        row.id,
        state,
        row.place,
        row.model,
        row.name,
        row.used_by or row.thing,
        row.made_by,
        iso(row.created),
        iso(row.expires),
        iso_or_none(row.used_at),
        row.used_from,
    )


router = Router("/claims", route_handlers=[make_claim, list_claims, revoke_claim], tags=["claims"])
