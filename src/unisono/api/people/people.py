"""Users over HTTP: people and programs, and what they are on the hub and at places.

Knows rows and shapes; what a role may do is `unisono.access`'s, who may change whom is `rights`'.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Router, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET

from unisono.access import Action, dangerous_kinds, rights_at
from unisono.api import shapes
from unisono.api.auth import Identity, now_us, read_role
from unisono.api.context import ApiContext
from unisono.api.ids import check_id
from unisono.api.inject import Asker, Context
from unisono.api.people.auditing import list_access, tell_audit
from unisono.api.people.rights import (
    address_of,
    read_grants,
    require_over,
    require_role,
    require_self,
    tell_changed,
    the_person,
)
from unisono.errors import CallerError
from unisono.store.registry import GrantRow, PersonRow

__all__ = ["router"]

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)]


@get("/me")
async def me(context: Context, identity: Asker) -> shapes.Me:
    """Who the token belongs to, and what it may."""
    shown = await _show(context, await the_person(context, identity.id))
    facts = identity.facts
    places = {*facts.grants, *(scope.place for scope in facts.scopes or () if scope.place is not None)}
    may = {place: rights_at(facts, await context.path_of(place)) for place in places}
    rights = {"": rights_at(facts, ()), **may}
    return shapes.Me(**msgspec.structs.asdict(shown), may=rights, dangerous=sorted(dangerous_kinds()))


async def _show(context: ApiContext, row: PersonRow) -> shapes.Person:
    return shapes.person(row, await context.registry.grants(row.id))


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
    return await _show(context, await the_person(context, user_id))


@post("/users")
async def add_user(
    request: Request[Any, Any, Any], context: Context, identity: Asker, data: JSONBody[shapes.PersonNew]
) -> shapes.Person:
    """Add a person; without password it is a program, which signs in with tokens only."""
    context.auth.require(identity, Action.ADMINISTER, ())
    role = read_role(data.role, "role")
    require_role(context, identity, role)
    grants = await read_grants(context, check_id(data.id), data.grants, data.ends)
    row = PersonRow(
        data.id,
        data.name or data.id,
        await context.auth.choose_password(data.password, data.id) if data.password is not None else None,
        role,
        created=now_us(),
    )
    await context.registry.put_person(row, new=True)
    await context.registry.put_grants(row.id, grants)
    await tell_audit(context, "user_added", identity.id, row.id, address_of(request), role=role, grants=data.grants)
    return await _show(context, row)


@patch("/users/{user_id:str}")
async def change_user(
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    user_id: FromPath[str],
    data: JSONBody[shapes.PersonChange],
) -> shapes.Person:
    """Change what is given. One may change one's own name, and one's password with the old one; ``grants`` replaces
    all grants. A new password ends every other session of its person."""
    old = await _whom(context, identity, user_id, data)
    row = msgspec.structs.replace(
        old,
        name=old.name if data.name is UNSET else data.name,
        role=old.role if data.role is UNSET else read_role(data.role, "role"),
        disabled=old.disabled if data.disabled is UNSET else data.disabled,
    )
    if row.role != old.role:
        require_role(context, identity, row.role)
    grants = await _grants(context, user_id, data)
    if data.password is not UNSET:
        hashed = await context.auth.choose_password(data.password, user_id)
        row = msgspec.structs.replace(row, password_hash=hashed)
    await context.registry.put_person(row)
    if grants is not None:
        await context.registry.put_grants(user_id, grants)
    address = address_of(request)
    if data.password is not UNSET:
        await context.registry.remove_sessions(user_id, but=identity.token)
        await tell_audit(context, "password_changed", identity.id, user_id, address)
    detail = {name: getattr(data, name) for name in ("role", "disabled", "grants", "ends", "name")}
    given = {name: value for name, value in detail.items() if value is not UNSET}
    if given:
        await tell_audit(context, "user_changed", identity.id, user_id, address, **given)
    tell_changed(context)
    return await _show(context, row)


async def _whom(context: ApiContext, identity: Identity, user_id: str, data: shapes.PersonChange) -> PersonRow:
    if user_id != identity.id:
        return await require_over(context, identity, user_id)
    if data.disabled is True:
        raise CallerError("You would lock yourself out", code="in_use", field="disabled")
    if not all(each is UNSET for each in (data.role, data.disabled, data.grants)):
        await require_over(context, identity, user_id)
    old = await require_self(context, identity, user_id)
    if data.password is not UNSET and old.password_hash is not None:
        if data.old_password is UNSET:
            raise CallerError(
                "That it is you is shown by the old password",
                code="bad_value",
                field="old_password",
                expected="the password that is in force",
            )
        await context.auth.check_password_of(old, data.old_password)
    return old


async def _grants(context: ApiContext, user_id: str, data: shapes.PersonChange) -> list[GrantRow] | None:
    ends = {} if data.ends is UNSET else data.ends
    if data.grants is not UNSET:
        return await read_grants(context, user_id, data.grants, ends)
    if ends:
        raise CallerError("They go with the roles", code="bad_value", field="ends", expected="grants beside")
    return None


@delete("/users/{user_id:str}", status_code=204)
async def remove_user(
    request: Request[Any, Any, Any], context: Context, identity: Asker, user_id: FromPath[str]
) -> None:
    """Remove a person with all tokens."""
    if user_id == identity.id:
        context.auth.require(identity, Action.ADMINISTER, ())
        raise CallerError("You would lock yourself out", code="in_use", mend="Let another administrator do it")
    await require_over(context, identity, user_id)
    await context.registry.remove_person(user_id)
    await tell_audit(context, "user_removed", identity.id, user_id, address_of(request))
    tell_changed(context)


router = Router(
    "/",
    route_handlers=[me, list_users, get_user, add_user, change_user, remove_user, list_access],
    tags=["people"],
)
