"""Who may change whom: what the routes around people ask before they do anything.

Knows `unisono.access` and rows. Nobody makes anybody more than they are themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Request

from unisono import access
from unisono.access import Action, Role
from unisono.api.auth import Identity, now_us, read_role
from unisono.api.context import ApiContext
from unisono.api.times import read_time
from unisono.errors import CallerError
from unisono.store.registry import GrantRow, PersonRow

__all__ = [
    "address_of",
    "agent_of",
    "check_scopes",
    "read_end",
    "read_grants",
    "require_over",
    "require_role",
    "require_self",
    "tell_changed",
    "the_person",
]


def address_of(request: Request[Any, Any, Any]) -> str:
    """Where a request came from."""
    return request.client.host if request.client else ""


def agent_of(request: Request[Any, Any, Any]) -> str:
    """The program that asks, by its own word."""
    return str(request.headers.get("user-agent", ""))


def tell_changed(context: ApiContext, tokens: list[str] | None = None) -> None:
    """Tokens, or (None) anybody's rights changed: believe nobody from memory, and let gateways look again."""
    context.auth.forget()
    context.directory.announce([], tokens=tokens)


async def the_person(context: ApiContext, person_id: str) -> PersonRow:
    """The row. Raises CallerError ``not_found``."""
    row = await context.registry.get_person(person_id)
    if row is None:
        raise CallerError(f"There is no user {person_id[:80]!r}", code="not_found", mend="Run: unisono user list")
    return row


def require_role(context: ApiContext, identity: Identity, role: str) -> None:
    """Only an administrator makes administrators: an owner of the hub does not run it. Raises CallerError."""
    if role == Role.ADMINISTRATOR:
        context.auth.require(identity, Action.OPERATE_HUB, ())


async def require_over(context: ApiContext, identity: Identity, person_id: str) -> PersonRow:
    """The row of somebody else whom ``identity`` may change. Raises CallerError ``not_allowed``, ``not_found``."""
    context.auth.require(identity, Action.ADMINISTER, ())
    row = await the_person(context, person_id)
    require_role(context, identity, row.role)
    return row


async def require_self(context: ApiContext, identity: Identity, person_id: str) -> PersonRow:
    """The row of who asks, about themselves: no one else may, and no token that is narrowed, whatever it is for.

    What one signs in with is changed by who signed in.
    """
    if person_id != identity.id or identity.facts.scopes is not None:
        raise CallerError(
            f"Only {person_id[:80]} may do that, signed in", code="not_allowed", expected="one's own account"
        )
    return await the_person(context, person_id)


async def read_grants(
    context: ApiContext, person_id: str, roles: Mapping[str, str], ends: Mapping[str, str], *, field: str = "grants"
) -> list[GrantRow]:
    """Roles by place with their ends, as rows. Raises CallerError ``bad_value``, ``not_found``."""
    for place in ends:
        if place not in roles:
            raise CallerError(f"No role is given at {place[:80]!r}", code="bad_value", field=f"ends.{place[:80]}")
    rows: list[GrantRow] = []
    for place, role in roles.items():
        if not role:
            raise CallerError("No role is no role", code="bad_value", field=f"{field}.{place[:80]}")
        read_role(role, f"{field}.{place[:80]}")
        await context.place(place, name=field)
        rows.append(GrantRow(person_id, place, role, read_end(ends.get(place), f"ends.{place}")))
    return rows


def read_end(text: str | None, field: str) -> int | None:
    """The last moment of a role. Raises CallerError ``bad_value`` for one that is over."""
    if text is None:
        return None
    now = now_us()
    end = read_time(text, now, field=field, default_us=0)
    if end <= now:
        raise CallerError("That is over", code="bad_value", field=field, expected="a time to come")
    return end


async def check_scopes(context: ApiContext, identity: Identity, wanted: list[str] | None) -> None:
    """A token makes none with more rights than its own. Raises CallerError ``not_allowed``."""
    own = identity.facts.scopes
    if own is None:
        return
    scopes, topics = access.read_scopes(wanted or ())
    for scope in scopes:
        path = () if scope.place is None else await context.path_of(scope.place)
        if not any(each.action is scope.action and (each.place is None or each.place in path) for each in own):
            raise CallerError(
                f"Your token is not for {access.write_scope(scope)}",
                code="not_allowed",
                field="scopes",
                expected="what the token itself is for",
            )
    if wanted is None or any(rule not in identity.topics for rule in topics):
        raise CallerError(
            "Your token is narrower than that", code="not_allowed", field="scopes", expected="what it is for itself"
        )
