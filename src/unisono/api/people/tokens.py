"""Where people are signed in, and the tokens of their programs.

Knows rows and shapes. A token is in the answer that makes it, and nowhere else.
"""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Router, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from unisono.access import Action
from unisono.api import shapes
from unisono.api.auth import Identity, now_us
from unisono.api.context import ApiContext
from unisono.api.inject import Asker, Context
from unisono.api.people.auditing import Act, tell_audit
from unisono.api.people.rights import address_of, check_scopes, require_over, tell_changed, the_person
from unisono.api.people.shapes import Session
from unisono.api.times import SECOND, iso_or_none
from unisono.errors import CallerError

__all__ = ["router"]

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)]


@get("/{user_id:str}/tokens")
async def list_tokens(
    context: Context,
    identity: Asker,
    user_id: FromPath[str],
    after: FromQuery[str | None] = None,
    limit: Limit = DEFAULT_LIMIT,
) -> shapes.Page[shapes.Token]:
    """A user's tokens, without the tokens themselves."""
    if user_id != identity.id:
        context.auth.require(identity, Action.ADMINISTER, ())
    rows = await context.registry.list_tokens(user_id, session=False, after=after, limit=limit + 1)
    page = rows[:limit]
    return shapes.Page([shapes.token(row) for row in page], page[-1].id if len(rows) > limit else None)


@post("/{user_id:str}/tokens")
async def make_token(
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    user_id: FromPath[str],
    data: JSONBody[shapes.TokenNew],
) -> shapes.TokenMade:
    """A token for a program. One may make one's own, never with more rights than the token that asks for it."""
    if user_id != identity.id:
        await require_over(context, identity, user_id)
    elif identity.facts.scopes is not None:
        context.auth.require(identity, Action.ADMINISTER, ())
    await check_scopes(context, identity, data.scopes)
    await the_person(context, user_id)
    expires = None if data.expires_s is None else now_us() + int(data.expires_s * SECOND)
    token, row = await context.auth.make_token(user_id, data.name, expires, data.scopes)
    await tell_audit(
        context,
        "token_made",
        identity.id,
        user_id,
        address_of(request),
        token=row.id,
        name=row.name,
        scopes=row.scopes,
        expires=iso_or_none(expires),
    )
    return shapes.TokenMade(row.id, token, user_id, row.name, iso_or_none(row.expires))


@delete("/{user_id:str}/tokens/{token_id:str}", status_code=204)
async def remove_token(
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    user_id: FromPath[str],
    token_id: FromPath[str],
) -> None:
    """Revoke a token."""
    await _remove(request, context, identity, user_id, token_id, session=False, act="token_revoked")


@get("/{user_id:str}/sessions")
async def list_sessions(
    context: Context,
    identity: Asker,
    user_id: FromPath[str],
    after: FromQuery[str | None] = None,
    limit: Limit = DEFAULT_LIMIT,
) -> shapes.Page[Session]:
    """Where a person is signed in."""
    if user_id != identity.id:
        context.auth.require(identity, Action.ADMINISTER, ())
    rows = await context.registry.list_tokens(user_id, session=True, after=after, limit=limit + 1)
    items = [
        Session(
            row.id,
            row.person,
            row.agent,
            row.address,
            iso_or_none(row.created),
            iso_or_none(row.seen),
            iso_or_none(row.expires),
            row.id == identity.token,
        )
        for row in rows[:limit]
    ]
    return shapes.Page(items, items[-1].id if len(rows) > limit else None)


@delete("/{user_id:str}/sessions/{session_id:str}", status_code=204)
async def end_session(
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    user_id: FromPath[str],
    session_id: FromPath[str],
) -> None:
    """Sign a person out at one place."""
    await _remove(request, context, identity, user_id, session_id, session=True, act="session_ended")


async def _remove(
    request: Request[Any, Any, Any],
    context: ApiContext,
    identity: Identity,
    user_id: str,
    token_id: str,
    *,
    session: bool,
    act: Act,
) -> None:
    if user_id != identity.id:
        await require_over(context, identity, user_id)
    found = await context.registry.get_token(token_id)
    if found is None or found[0].person != user_id or found[0].session is not session:
        what = "session" if session else "token"
        raise CallerError(f"{user_id[:80]} has no {what} {token_id[:80]!r}", code="not_found")
    await context.registry.remove_token(token_id)
    tell_changed(context, [token_id])
    await tell_audit(context, act, identity.id, user_id, address_of(request), token=token_id)


@delete("/{user_id:str}/sessions", status_code=204)
async def end_sessions(
    request: Request[Any, Any, Any], context: Context, identity: Asker, user_id: FromPath[str]
) -> None:
    """Sign a person out everywhere, except where it is asked."""
    if user_id != identity.id:
        await require_over(context, identity, user_id)
    ended = await context.registry.remove_sessions(user_id, but=identity.token)
    tell_changed(context, ended)
    await tell_audit(context, "session_ended", identity.id, user_id, address_of(request), sessions=len(ended))


router = Router(
    "/users",
    route_handlers=[list_tokens, make_token, remove_token, list_sessions, end_session, end_sessions],
    tags=["people"],
)
