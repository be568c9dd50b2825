"""What one signs in with beside a password: an authenticator app, recovery codes, passkeys.

Knows rows and shapes. Each is the person's own: nobody else adds one; who administers the hub may take the app away
from somebody who lost it.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Router, delete, get, post
from litestar.params import FromPath, JSONBody

from unisono.access import (
    Action,
    check_totp,
    hash_secret,
    new_recovery_codes,
    new_totp_secret,
    open_sealed,
    read_code,
    seal,
    totp_uri,
)
from unisono.api.auth import now_us
from unisono.api.context import ApiContext
from unisono.api.inject import Asker, Context
from unisono.api.people.auditing import tell_audit
from unisono.api.people.passkeys import check_attestation, origin_of
from unisono.api.people.picture import picture
from unisono.api.people.rights import address_of, require_over, require_self, the_person
from unisono.api.people.shapes import (
    Ceremony,
    Code,
    CodeOrPassword,
    Factors,
    Passkey,
    PasskeyNew,
    Recovery,
    TotpNew,
)
from unisono.api.shapes import Page
from unisono.api.times import iso_or_none
from unisono.errors import CallerError
from unisono.store.registry import PasskeyRow, PersonRow, SecondFactorRow

__all__ = ["router"]


@get("/{user_id:str}/factors")
async def factors(context: Context, identity: Asker, user_id: FromPath[str]) -> Factors:
    """What a person signs in with."""
    if user_id != identity.id:
        context.auth.require(identity, Action.ADMINISTER, ())
    return await _factors(context, await the_person(context, user_id))


async def _factors(context: ApiContext, row: PersonRow) -> Factors:
    second = await context.registry.get_second_factor(row.id)
    return Factors(
        row.password_hash is not None,
        second is not None and second.confirmed is not None,
        await context.registry.count_recovery_codes(row.id),
        len(await context.registry.list_passkeys(row.id)),
    )


@post("/{user_id:str}/totp")
async def begin_totp(context: Context, identity: Asker, user_id: FromPath[str]) -> TotpNew:
    """A secret for an authenticator app. It counts once a code of it was shown: ``totp/confirm``."""
    row = await require_self(context, identity, user_id)
    secret = new_totp_secret()
    sealed = seal(secret, f"totp:{row.id}", context.pepper)
    await context.registry.begin_second_factor(SecondFactorRow(row.id, sealed, now_us()))
    uri = totp_uri(secret, row.id, "Unisono")
    return TotpNew(secret, uri, picture(uri))


@post("/{user_id:str}/totp/confirm", status_code=200)
async def confirm_totp(
    request: Request[Any, Any, Any], context: Context, identity: Asker, user_id: FromPath[str], data: JSONBody[Code]
) -> Recovery:
    """From now on signing in with the password asks for a code too. The recovery codes are shown only here."""
    row = await require_self(context, identity, user_id)
    second = await context.registry.get_second_factor(row.id)
    if second is None or second.confirmed is not None:
        raise CallerError("No app waits to be confirmed", code="not_found", mend="Begin with POST .../totp")
    secret = open_sealed(second.sealed, f"totp:{row.id}", context.pepper)
    step = None if secret is None else check_totp(secret, data.code, now_us() / 1e6, 0)
    if step is None:
        raise CallerError(
            "That is not the code that the app shows now",
            code="second_factor",
            field="code",
            expected="six digits; the phone's clock has to be right",
        )
    codes = new_recovery_codes()
    await context.registry.confirm_second_factor(row.id, step, now_us(), _hashed(context, codes))
    await tell_audit(context, "totp_on", identity.id, row.id, address_of(request))
    return Recovery(codes)


def _hashed(context: ApiContext, codes: list[str]) -> list[bytes]:
    return [hash_secret(read_code(code), context.pepper) for code in codes]


@post("/{user_id:str}/totp/off", status_code=200)
async def remove_totp(
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    user_id: FromPath[str],
    data: JSONBody[CodeOrPassword],
) -> Factors:
    """Signing in asks for no code any more. One's own: with a code or the password; somebody else's, who lost it:
    for who administers the hub."""
    if user_id == identity.id:
        await _really(context, await require_self(context, identity, user_id), data)
    else:
        await require_over(context, identity, user_id)
    if not await context.registry.remove_second_factor(user_id):
        raise CallerError(f"{user_id[:80]} has no authenticator app", code="not_found")
    await tell_audit(context, "totp_off", identity.id, user_id, address_of(request))
    return await _factors(context, await the_person(context, user_id))


@post("/{user_id:str}/recovery", status_code=200)
async def new_recovery(
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    user_id: FromPath[str],
    data: JSONBody[CodeOrPassword],
) -> Recovery:
    """Other recovery codes in place of those that are left; shown only here."""
    row = await require_self(context, identity, user_id)
    second = await context.registry.get_second_factor(row.id)
    if second is None or second.confirmed is None:
        raise CallerError(f"{row.id} has no authenticator app", code="not_found")
    await _really(context, row, data)
    codes = new_recovery_codes()
    await context.registry.put_recovery_codes(row.id, _hashed(context, codes))
    await tell_audit(context, "recovery_made", identity.id, row.id, address_of(request))
    return Recovery(codes)


async def _really(context: ApiContext, row: PersonRow, shown: CodeOrPassword) -> None:
    """That it is really them, and not who found their phone unlocked. Raises CallerError."""
    if shown.password is not None:
        await context.auth.check_password_of(row, shown.password)
    else:
        await context.auth.check_second(row.id, shown.code)


@get("/{user_id:str}/passkeys")
async def list_passkeys(context: Context, identity: Asker, user_id: FromPath[str]) -> Page[Passkey]:
    """A person's passkeys."""
    if user_id != identity.id:
        context.auth.require(identity, Action.ADMINISTER, ())
    return Page([_show(row) for row in await context.registry.list_passkeys(user_id)])


@post("/{user_id:str}/passkeys/options", status_code=200)
async def begin_passkey(
    request: Request[Any, Any, Any], context: Context, identity: Asker, user_id: FromPath[str]
) -> Ceremony:
    """What a browser needs to make a passkey, good for some minutes and once."""
    row = await require_self(context, identity, user_id)
    return context.passkeys.begin_attestation(origin_of(request), row, await context.registry.list_passkeys(row.id))


@post("/{user_id:str}/passkeys")
async def add_passkey(
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    user_id: FromPath[str],
    data: JSONBody[PasskeyNew],
) -> Passkey:
    """Keep the passkey that a browser made."""
    person = await require_self(context, identity, user_id)
    row = check_attestation(context, person, data)
    await context.registry.put_passkey(row)
    await tell_audit(context, "passkey_added", identity.id, person.id, address_of(request), name=row.name)
    return _show(row)


@delete("/{user_id:str}/passkeys/{passkey_id:str}", status_code=204)
async def remove_passkey(
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    user_id: FromPath[str],
    passkey_id: FromPath[str],
) -> None:
    """Forget a passkey: it opens nothing here any more."""
    if user_id == identity.id:
        await require_self(context, identity, user_id)
    else:
        await require_over(context, identity, user_id)
    await context.registry.remove_passkey(user_id, passkey_id)
    await tell_audit(context, "passkey_removed", identity.id, user_id, address_of(request))


def _show(row: PasskeyRow) -> Passkey:
    return Passkey(row.id, row.name, row.host, iso_or_none(row.created), iso_or_none(row.used))


router = Router(
    "/users",
    route_handlers=[
        factors,
        begin_totp,
        confirm_totp,
        remove_totp,
        new_recovery,
        list_passkeys,
        begin_passkey,
        add_passkey,
        remove_passkey,
    ],
    tags=["people"],
)
