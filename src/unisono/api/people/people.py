"""People and programs over HTTP: signing in and out, the setup link, users and their tokens.

Knows rows and shapes; what a role may do is `unisono.access`'s.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Router, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET

from unisono.access import Action, Role
from unisono.api import shapes
from unisono.api.auth import now_us, read_role
from unisono.api.context import ApiContext
from unisono.api.ids import check_id
from unisono.api.inject import Asker, Context
from unisono.api.times import SECOND, iso_or_none
from unisono.errors import CallerError
from unisono.store.registry import GrantRow, PersonRow

__all__ = ["router"]

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)]


def _address(request: Request[Any, Any, Any]) -> str:
    return request.client.host if request.client else ""


@post("/login", status_code=200, open_door=True, security=[])
async def login(request: Request[Any, Any, Any], context: Context, data: JSONBody[shapes.Login]) -> shapes.SignedIn:
    """Sign in with a password; the token goes into ``Authorization: Bearer`` from then on."""
    token, row = await context.auth.login(data.user, data.password, _address(request))
    return shapes.SignedIn(token, row.person, iso_or_none(row.expires))


@post("/setup", status_code=200, open_door=True, security=[])
async def setup(request: Request[Any, Any, Any], context: Context, data: JSONBody[shapes.Setup]) -> shapes.SignedIn:
    """Make the first administrator with the one-time code of the setup link."""
    address = _address(request)
    context.auth.check_address(address)
    check_id(data.user, field="user")
    hashed = await context.auth.hash_password(data.password)
    person = PersonRow(data.user, data.name or data.user, hashed, Role.ADMINISTRATOR.value, created=now_us())
    token, row = context.auth.new_token(person.id, "signed in")
    try:
        await context.registry.use_setup_code(context.auth.hash_setup_code(data.code), person, [row], now=now_us())
    except CallerError as error:
        if error.code == "bad_credentials":
            context.auth.address_failed(address)
        raise
    return shapes.SignedIn(token, person.id, None)


@delete("/login", status_code=204)
async def logout(context: Context, identity: Asker) -> None:
    """Sign out: the token that asks for it is revoked."""
    await context.registry.remove_token(identity.token)
    _tell(context, identity.token)


@get("/me")
async def me(context: Context, identity: Asker) -> shapes.Person:
    """Who the token belongs to."""
    return await _show(context, await _person(context, identity.id))


def _tell(context: ApiContext, token: str | None = None) -> None:
    """A token, or (None) anybody's rights changed: believe nobody from memory, and let gateways look again."""
    context.auth.forget()
    context.directory.announce([], tokens=None if token is None else [token])


async def _person(context: ApiContext, person_id: str) -> PersonRow:
    row = await context.registry.get_person(person_id)
    if row is None:
        raise CallerError(f"There is no user {person_id[:80]!r}", code="not_found", mend="Run: unisono user list")
    return row


async def _show(context: ApiContext, row: PersonRow) -> shapes.Person:
    return shapes.person(row, {grant.place: grant.role for grant in await context.registry.grants(row.id)})


@get("/users")
async def list_users(
    context: Context, identity: Asker, after: FromQuery[str | None] = None, limit: Limit = DEFAULT_LIMIT
) -> shapes.Page[shapes.Person]:
    """People and programs."""
    context.auth.require(identity, Action.ADMINISTER, ())
    rows = await context.registry.list_people(after=after, limit=limit + 1)
    items = [await _show(context, row) for row in rows[:limit]]
    return shapes.Page(items, items[-1].id if len(rows) > limit else None)


@get("/users/{user_id:str}")
async def get_user(context: Context, identity: Asker, user_id: FromPath[str]) -> shapes.Person:
    """One person or program."""
    if user_id != identity.id:
        context.auth.require(identity, Action.ADMINISTER, ())
    return await _show(context, await _person(context, user_id))


@post("/users")
async def add_user(context: Context, identity: Asker, data: JSONBody[shapes.PersonNew]) -> shapes.Person:
    """Add a person; without password it is a program, which signs in with tokens only."""
    context.auth.require(identity, Action.ADMINISTER, ())
    row = PersonRow(
        check_id(data.id),
        data.name or data.id,
        await context.auth.hash_password(data.password) if data.password is not None else None,
        read_role(data.role, "role"),
        created=now_us(),
    )
    roles = {place: read_role(role, f"grants.{place}") for place, role in data.grants.items()}
    for place in roles:
        await context.place(place, name="grants")
    await context.registry.put_person(row, new=True)
    for place, role in roles.items():
        await context.registry.put_grant(GrantRow(row.id, place, role))
    return await _show(context, row)


@patch("/users/{user_id:str}")
async def change_user(
    context: Context, identity: Asker, user_id: FromPath[str], data: JSONBody[shapes.PersonChange]
) -> shapes.Person:
    """Change what is given. One may change one's own name and password; ``grants`` replaces all grants."""
    own = user_id == identity.id and data.role is UNSET and data.disabled is UNSET and data.grants is UNSET
    if not own or identity.facts.scopes is not None:
        context.auth.require(identity, Action.ADMINISTER, ())
    old = await _person(context, user_id)
    if user_id == identity.id and data.disabled is True:
        raise CallerError("You would lock yourself out", code="in_use", field="disabled")
    row = msgspec.structs.replace(
        old,
        name=old.name if data.name is UNSET else data.name,
        password_hash=old.password_hash if data.password is UNSET else await context.auth.hash_password(data.password),
        role=old.role if data.role is UNSET else read_role(data.role, "role"),
        disabled=old.disabled if data.disabled is UNSET else data.disabled,
    )
    await context.registry.put_person(row)
    if data.grants is not UNSET:
        await _regrant(context, user_id, data.grants)
    _tell(context)
    return await _show(context, row)


async def _regrant(context: ApiContext, user_id: str, wanted: dict[str, str]) -> None:
    roles = {place: read_role(role, f"grants.{place}") for place, role in wanted.items()}
    for place in roles:
        await context.place(place, name="grants")
    for grant in await context.registry.grants(user_id):
        if grant.place not in roles:
            await context.registry.remove_grant(user_id, grant.place)
    for place, role in roles.items():
        await context.registry.put_grant(GrantRow(user_id, place, role))


@delete("/users/{user_id:str}", status_code=204)
async def remove_user(context: Context, identity: Asker, user_id: FromPath[str]) -> None:
    """Remove a person with all tokens."""
    context.auth.require(identity, Action.ADMINISTER, ())
    if user_id == identity.id:
        raise CallerError("You would lock yourself out", code="in_use", mend="Let another administrator do it")
    await context.registry.remove_person(user_id)
    _tell(context)


@get("/users/{user_id:str}/tokens")
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
    rows = await context.registry.list_tokens(user_id, after=after, limit=limit + 1)
    page = rows[:limit]
    return shapes.Page([shapes.token(row) for row in page], page[-1].id if len(rows) > limit else None)


@post("/users/{user_id:str}/tokens")
async def make_token(
    context: Context, identity: Asker, user_id: FromPath[str], data: JSONBody[shapes.TokenNew]
) -> shapes.TokenMade:
    """A token for a program. One may make one's own, never with more rights than the token that asks for it."""
    if user_id != identity.id or identity.facts.scopes is not None:
        context.auth.require(identity, Action.ADMINISTER, ())
    await _person(context, user_id)
    expires = None if data.expires_s is None else now_us() + int(data.expires_s * SECOND)
    token, row = await context.auth.make_token(user_id, data.name, expires, data.scopes)
    return shapes.TokenMade(row.id, token, user_id, row.name, iso_or_none(row.expires))


@delete("/users/{user_id:str}/tokens/{token_id:str}", status_code=204)
async def remove_token(context: Context, identity: Asker, user_id: FromPath[str], token_id: FromPath[str]) -> None:
    """Revoke a token."""
    if user_id != identity.id:
        context.auth.require(identity, Action.ADMINISTER, ())
    owned = await context.registry.list_tokens(user_id, limit=10_000)
    if token_id not in {row.id for row in owned}:
        raise CallerError(f"{user_id} has no token {token_id[:80]!r}", code="not_found")
    await context.registry.remove_token(token_id)
    _tell(context, token_id)


router = Router(
    "/",
    route_handlers=[
        login,
        setup,
        logout,
        me,
        list_users,
        get_user,
        add_user,
        change_user,
        remove_user,
        list_tokens,
        make_token,
        remove_token,
    ],
    tags=["people"],
)
