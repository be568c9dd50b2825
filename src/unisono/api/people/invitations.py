"""Invitations over HTTP: a link for one person, taken once.

Knows rows and shapes. The code, its link and its picture are in the answer that makes it, and nowhere else; the code
stands behind the # of the link, which a browser keeps to itself.
"""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Router, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from unisono.access import Action, hash_secret, new_setup_code, read_code
from unisono.api import shapes
from unisono.api.auth import Identity, now_us, read_role
from unisono.api.context import ApiContext
from unisono.api.ids import check_id, new_ulid
from unisono.api.inject import Asker, Context
from unisono.api.people.auditing import tell_audit
from unisono.api.people.picture import picture
from unisono.api.people.rights import address_of, agent_of, read_grants, require_role, require_self, tell_changed
from unisono.api.people.shapes import (
    Accepted,
    Code,
    Invitation,
    InvitationMade,
    InvitationNew,
    InvitationShown,
    Invited,
    Join,
)
from unisono.api.times import SECOND, iso, iso_or_none
from unisono.errors import CallerError
from unisono.store.registry import InvitationRow, PersonRow

__all__ = ["router"]

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000

# how long invitations that ended are kept for the record
KEPT_US = 90 * 86_400 * SECOND

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)]


@post("/invitations")
async def invite(
    request: Request[Any, Any, Any], context: Context, identity: Asker, data: JSONBody[InvitationNew]
) -> InvitationMade:
    """A one-time link for a person to come. The code, its link and the QR picture (SVG) of it are shown only here."""
    role = read_role(data.role, "role")
    await _may(context, identity, role, list(data.grants))
    if not role and not data.grants:
        raise CallerError(
            "An invitation to nothing", code="bad_value", field="grants", expected="a role at a place: {PLACE: ROLE}"
        )
    grants = await read_grants(context, "", data.grants, data.ends)
    at = now_us()
    code = new_setup_code()
    row = InvitationRow(
        id=new_ulid(at).lower(),
        code_hash=hash_secret(read_code(code), context.pepper),
        name=data.name,
        role=role,
        grants={each.place: (each.role, each.expires) for each in grants},
        made_by=identity.id,
        created=at,
        expires=at + int(data.valid_s * SECOND),
    )
    await context.registry.remove_old_invitations(at - KEPT_US)
    await context.registry.put_invitation(row, now=at)
    await tell_audit(
        context,
        "invited",
        identity.id,
        data.name,
        address_of(request),
        invitation=row.id,
        role=role,
        grants=data.grants,
        ends=_ends(row),
    )
    url = f"{str(request.base_url).rstrip('/')}/#/join/{code}"
    return InvitationMade(
        row.id, code, url, picture(url), row.name, row.role, dict(data.grants), _ends(row), iso(row.expires)
    )


async def _may(context: ApiContext, identity: Identity, role: str, places: list[str]) -> None:
    """Whether ``identity`` may invite to ``role`` on the hub and to ``places``. Raises CallerError."""
    if role:
        context.auth.require(identity, Action.ADMINISTER, ())
        require_role(context, identity, role)
    elif not places and not await _administers(context, identity):
        context.auth.require(identity, Action.ADMINISTER, ())
    for place in places:
        path = await context.path_of(place)
        if not path or not context.auth.allows(identity, Action.READ, path):
            raise CallerError(f"There is no place {place[:80]!r}", code="not_found", field="grants")
        context.auth.require(identity, Action.ADMINISTER, path)


async def _administers(context: ApiContext, identity: Identity) -> bool:
    """Whether ``identity`` administers the hub, or any place."""
    if context.auth.allows(identity, Action.ADMINISTER, ()):
        return True
    for place in identity.facts.grants:
        if context.auth.allows(identity, Action.ADMINISTER, await context.path_of(place)):
            return True
    return False


@get("/invitations")
async def list_invitations(
    context: Context, identity: Asker, after: FromQuery[str | None] = None, limit: Limit = DEFAULT_LIMIT
) -> shapes.Page[Invitation]:
    """Invitations with what became of them, in the order in which they were made; without their codes.

    Who administers some places sees those that are about them alone, and their own.
    """
    if not await _administers(context, identity):
        context.auth.require(identity, Action.ADMINISTER, ())
    at = now_us()
    items: list[Invitation] = []
    while True:
        rows = await context.registry.list_invitations(after=after, limit=MAX_LIMIT)
        for number, row in enumerate(rows):
            after = row.id
            if await _sees(context, identity, row):
                items.append(_show(row, at))
            if len(items) == limit:
                more = number + 1 < len(rows) or len(rows) == MAX_LIMIT
                return shapes.Page(items, row.id if more else None)
        if len(rows) < MAX_LIMIT:
            return shapes.Page(items)


async def _sees(context: ApiContext, identity: Identity, row: InvitationRow) -> bool:
    if context.auth.allows(identity, Action.ADMINISTER, ()):
        return True
    if row.role or not row.grants:
        return False
    paths = [await context.path_of(place) for place in row.grants]
    return all(path and context.auth.allows(identity, Action.ADMINISTER, path) for path in paths)


@delete("/invitations/{invitation_id:str}", status_code=204)
async def revoke_invitation(
    request: Request[Any, Any, Any], context: Context, identity: Asker, invitation_id: FromPath[str]
) -> None:
    """Take an invitation back that nobody took."""
    if not await _administers(context, identity):
        context.auth.require(identity, Action.ADMINISTER, ())
    row = await context.registry.get_invitation(invitation_id)
    if row is None or not await _sees(context, identity, row):
        raise CallerError(f"There is no invitation {invitation_id[:80]!r}", code="not_found")
    await context.registry.revoke_invitation(invitation_id, at=now_us())
    await tell_audit(
        context, "invitation_revoked", identity.id, row.name, address_of(request), invitation=invitation_id
    )


@post("/invitations/look", status_code=200, open_door=True, security=[])
async def look(request: Request[Any, Any, Any], context: Context, data: JSONBody[Code]) -> InvitationShown:
    """What an invitation gives, for who holds its code; it stays open."""
    row = await _open_one(request, context, data.code)
    places = []
    for place, (role, expires) in row.grants.items():
        found = await context.registry.get_place(place)
        if found is not None:
            places.append(Invited(place, found.name, role, iso_or_none(expires), found.names))
    inviter = await context.registry.get_person(row.made_by)
    by_name = inviter.name if inviter is not None else row.made_by
    return InvitationShown(row.name, row.made_by, row.role, places, iso(row.expires), by_name)


async def _open_one(request: Request[Any, Any, Any], context: ApiContext, code: str) -> InvitationRow:
    address = address_of(request)
    context.auth.check_address(address)
    row = await context.registry.find_invitation(hash_secret(read_code(code), context.pepper))
    if row is None or _state(row, now_us()) != "open" or not await _still_may(context, row):
        context.auth.address_failed(address)
        raise CallerError(
            "This invitation is unknown, was taken, was revoked or has run out",
            code="bad_credentials",
            mend="Ask who invited you for a new one",
        )
    return row


async def _still_may(context: ApiContext, row: InvitationRow) -> bool:
    """Whether who made an invitation could still make it: what they lost, they give nobody."""
    try:
        inviter = await context.auth.by_person(row.made_by)
        await _may(context, inviter, row.role, list(row.grants))
    except CallerError:
        return False
    return True


@post("/join", status_code=200, open_door=True, security=[])
async def join(request: Request[Any, Any, Any], context: Context, data: JSONBody[Join]) -> shapes.SignedIn:
    """Take an invitation with a new account, and be signed in."""
    check_id(data.user, field="user")
    row = await _open_one(request, context, data.code)
    hashed = await context.auth.choose_password(data.password, data.user)
    at = now_us()
    person = PersonRow(data.user, data.name or data.user, hashed, row.role, created=at)
    token, session = context.auth.new_session(person.id, address_of(request), agent_of(request))
    await context.registry.take_invitation(row.code_hash, person, [session], new=True, now=at)
    await _joined(request, context, person.id, row)
    return shapes.SignedIn(token, person.id, iso_or_none(session.expires))


@post("/invitations/accept", status_code=200)
async def accept(request: Request[Any, Any, Any], context: Context, identity: Asker, data: JSONBody[Code]) -> Accepted:
    """Take an invitation with the account that is signed in."""
    person = await require_self(context, identity, identity.id)
    row = await _open_one(request, context, data.code)
    await context.registry.take_invitation(row.code_hash, person, new=False, now=now_us())
    await _joined(request, context, person.id, row)
    tell_changed(context)
    return Accepted(person.id, row.role, {place: role for place, (role, _end) in row.grants.items()})


async def _joined(request: Request[Any, Any, Any], context: ApiContext, person: str, row: InvitationRow) -> None:
    grants = {place: role for place, (role, _end) in row.grants.items()}
    address = address_of(request)
    await tell_audit(context, "joined", row.made_by, person, address, invitation=row.id, role=row.role, grants=grants)


def _state(row: InvitationRow, at: int) -> str:
    if row.used_at is not None:
        return "taken"
    if row.revoked is not None:
        return "revoked"
    return "open" if row.expires >= at else "expired"


def _ends(row: InvitationRow) -> dict[str, str]:
    return {place: iso(end) for place, (_role, end) in row.grants.items() if end is not None}


def _show(row: InvitationRow, at: int) -> Invitation:
    return Invitation(
        row.id,
        _state(row, at),
        row.name,
        row.role,
        {place: role for place, (role, _end) in row.grants.items()},
        _ends(row),
        row.made_by,
        iso(row.created),
        iso(row.expires),
        iso_or_none(row.used_at),
        row.used_by,
    )


router = Router(
    "/",
    route_handlers=[invite, list_invitations, revoke_invitation, look, accept, join],
    tags=["people"],
)
