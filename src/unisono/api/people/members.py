"""Who may do what at a place: roles there, given and taken by who administers the place.

Knows rows and shapes. An owner of a home needs no role on the hub for it.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Router, delete, get, put
from litestar.params import FromPath, JSONBody

from unisono.access import Action, Role
from unisono.api import shapes
from unisono.api.auth import Identity, now_us
from unisono.api.context import ApiContext
from unisono.api.inject import Asker, Context
from unisono.api.people.auditing import tell_audit
from unisono.api.people.rights import address_of, read_end, tell_changed, the_person
from unisono.api.people.shapes import Member, MemberChange
from unisono.api.times import iso_or_none
from unisono.errors import CallerError
from unisono.store.registry import GrantRow, PersonRow

__all__ = ["router"]


@get("/{place_id:str}/people")
async def list_members(context: Context, identity: Asker, place_id: FromPath[str]) -> shapes.Page[Member]:
    """Who may do something at a place: by a role there, at a place around it, or on the whole hub."""
    path = await _path(context, identity, place_id)
    found: dict[str, list[Member]] = {}
    at = now_us()
    for row in await context.registry.people_with_role():
        found.setdefault(row.id, []).append(_member(row, row.role, None, None))
    held = await context.registry.people_at(path)
    for row, grant in sorted(held, key=lambda each: path.index(each[1].place)):
        if grant.expires is None or grant.expires > at:
            found.setdefault(row.id, []).append(_member(row, grant.role, grant.place, grant.expires))
    for members in found.values():
        everywhere = next((each for each in members if each.at is None and each.role == Role.ADMINISTRATOR), None)
        (everywhere or members[-1]).counts = True
    return shapes.Page([each for id in sorted(found) for each in found[id]])


def _member(row: PersonRow, role: str, at: str | None, expires: int | None) -> Member:
    program = row.password_hash is None
    return Member(row.id, row.name, role, at, iso_or_none(expires), program, row.disabled, counts=False)


@put("/{place_id:str}/people/{user_id:str}")
async def put_member(
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    place_id: FromPath[str],
    user_id: FromPath[str],
    data: JSONBody[MemberChange],
) -> Member:
    """Give somebody a role at a place and below it, in place of the one they were given there."""
    await _path(context, identity, place_id)
    _not_oneself(context, identity, user_id)
    row = await the_person(context, user_id)
    expires = read_end(data.ends, "ends")
    await context.registry.put_grant(GrantRow(user_id, place_id, data.role, expires))
    tell_changed(context)
    ends = iso_or_none(expires)
    await tell_audit(
        context, "role_given", identity.id, user_id, address_of(request), place=place_id, role=data.role, ends=ends
    )
    member = _member(row, data.role, place_id, expires)
    member.counts = row.role != Role.ADMINISTRATOR
    return member


@delete("/{place_id:str}/people/{user_id:str}", status_code=204)
async def remove_member(
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    place_id: FromPath[str],
    user_id: FromPath[str],
) -> None:
    """Take back the role that somebody was given at exactly this place."""
    await _path(context, identity, place_id)
    _not_oneself(context, identity, user_id)
    await context.registry.remove_grant(user_id, place_id)
    tell_changed(context)
    await tell_audit(context, "role_taken", identity.id, user_id, address_of(request), place=place_id)


async def _path(context: ApiContext, identity: Identity, place_id: str) -> tuple[str, ...]:
    path = await context.path_of(place_id)
    if not path or not context.auth.allows(identity, Action.READ, path):
        raise CallerError(
            f"There is no place {place_id[:80]!r}", code="not_found", field="place", mend="Run: unisono place list"
        )
    context.auth.require(identity, Action.ADMINISTER, path)
    return path


def _not_oneself(context: ApiContext, identity: Identity, user_id: str) -> None:
    if user_id == identity.id and not context.auth.allows(identity, Action.ADMINISTER, ()):
        raise CallerError("You would lock yourself out", code="in_use", mend="Let another owner do it")


router = Router("/places", route_handlers=[list_members, put_member, remove_member], tags=["people"])
