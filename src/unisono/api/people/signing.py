"""Signing in and out over HTTP, and the setup link that lets in the first.

Knows rows and shapes. The session's token is in the answer's body: no cookie is ever set, so no page of somebody else
can ask in a person's name, and nobody can be given a session before they sign in.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Router, delete, get, post
from litestar.params import JSONBody

from unisono.access import Role
from unisono.api import shapes
from unisono.api.auth import now_us
from unisono.api.context import ApiContext
from unisono.api.ids import check_id
from unisono.api.inject import Asker, Context
from unisono.api.people.auditing import tell_audit
from unisono.api.people.passkeys import check_assertion, origin_of
from unisono.api.people.rights import address_of, agent_of, tell_changed, the_person
from unisono.api.people.shapes import Ceremony, PasskeyShown, Ways
from unisono.api.times import iso_or_none
from unisono.errors import CallerError
from unisono.store.registry import PersonRow

__all__ = ["begin_session", "router"]


@get("/login", open_door=True, security=[])
async def ways(context: Context) -> Ways:
    """How one may sign in here."""
    kept = await context.vouching.kept()
    oidc = None if kept is None else kept.name or kept.issuer
    return Ways(password=True, passkey=True, oidc=oidc, setup=await context.registry.has_setup_code(now=now_us()))


@post("/login", status_code=200, open_door=True, security=[])
async def login(request: Request[Any, Any, Any], context: Context, data: JSONBody[shapes.Login]) -> shapes.SignedIn:
    """Sign in with a password; the token goes into ``Authorization: Bearer`` from then on."""
    address = address_of(request)
    try:
        token, row = await context.auth.login(data.user, data.password, address, data.code, agent_of(request))
    except CallerError as error:
        if error.code == "bad_credentials" or (error.code == "second_factor" and data.code):
            how = "password" if error.code == "bad_credentials" else "code"
            await tell_audit(context, "sign_in_failed", "", data.user, address, how=how)
        raise
    how = "password and code" if data.code else "password"
    await tell_audit(context, "signed_in", row.person, row.person, address, how=how, session=row.id)
    return shapes.SignedIn(token, row.person, iso_or_none(row.expires))


async def begin_session(
    request: Request[Any, Any, Any], context: ApiContext, person_id: str, how: str
) -> shapes.SignedIn:
    """Let in somebody who has shown by other means than a password who they are."""
    address = address_of(request)
    token, row = await context.auth.make_session(person_id, address, agent_of(request))
    await tell_audit(context, "signed_in", person_id, person_id, address, how=how, session=row.id)
    return shapes.SignedIn(token, person_id, iso_or_none(row.expires))


@post("/login/passkey/options", status_code=200, open_door=True, security=[])
async def passkey_options(request: Request[Any, Any, Any], context: Context) -> Ceremony:
    """What a browser needs to sign in with a passkey, good for some minutes and once."""
    return context.passkeys.begin_assertion(origin_of(request))


@post("/login/passkey", status_code=200, open_door=True, security=[])
async def login_with_passkey(
    request: Request[Any, Any, Any], context: Context, data: JSONBody[PasskeyShown]
) -> shapes.SignedIn:
    """Sign in with a passkey: it is two factors in one, so no code is asked for."""
    address = address_of(request)
    context.auth.check_address(address)
    try:
        person = await _holder(context, data)
    except CallerError as error:
        if error.code == "bad_credentials":
            context.auth.address_failed(address)
            await tell_audit(context, "sign_in_failed", "", "", address, how="passkey")
        raise
    return await begin_session(request, context, person.id, "passkey")


async def _holder(context: ApiContext, data: PasskeyShown) -> PersonRow:
    key = await check_assertion(context, data)
    person = await the_person(context, key.person)
    if person.disabled:
        raise CallerError(f"{person.id} is disabled", code="bad_credentials")
    return person


@post("/setup", status_code=200, open_door=True, security=[])
async def setup(request: Request[Any, Any, Any], context: Context, data: JSONBody[shapes.Setup]) -> shapes.SignedIn:
    """Make the first administrator with the one-time code of the setup link."""
    address = address_of(request)
    context.auth.check_address(address)
    check_id(data.user, field="user")
    hashed = await context.auth.choose_password(data.password, data.user)
    person = PersonRow(data.user, data.name or data.user, hashed, Role.ADMINISTRATOR.value, created=now_us())
    token, row = context.auth.new_session(person.id, address, agent_of(request))
    try:
        await context.registry.use_setup_code(context.auth.hash_setup_code(data.code), person, [row], now=now_us())
    except CallerError as error:
        if error.code == "bad_credentials":
            context.auth.address_failed(address)
        raise
    await tell_audit(context, "set_up", person.id, person.id, address)
    return shapes.SignedIn(token, person.id, iso_or_none(row.expires))


@delete("/login", status_code=204)
async def logout(request: Request[Any, Any, Any], context: Context, identity: Asker) -> None:
    """Sign out: the token that asks for it is revoked."""
    await context.registry.remove_token(identity.token)
    tell_changed(context, [identity.token])
    await tell_audit(context, "signed_out", identity.id, identity.id, address_of(request))


router = Router(
    "/",
    route_handlers=[ways, login, passkey_options, login_with_passkey, setup, logout],
    tags=["people"],
)
