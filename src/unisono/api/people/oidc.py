"""Signing in through another service (OpenID Connect): its settings, the way there and back, and who is who.

Knows rows and shapes; what an issuer says and how it is checked is `issuer`'s. The browser comes back with a code that
is worth nothing without what the hub keeps (RFC 7636) and what the page that began keeps: no token is in an address.
"""

from __future__ import annotations

import secrets
import time
from typing import Any

import msgspec
from litestar import Request, Router, delete, get, post, put
from litestar.params import FromPath, JSONBody

from unisono import access
from unisono.access import Action
from unisono.api import shapes
from unisono.api.auth import now_us
from unisono.api.context import ApiContext
from unisono.api.ids import RESERVED, new_ulid, slug
from unisono.api.inject import Asker, Context
from unisono.api.people.auditing import tell_audit
from unisono.api.people.issuer import Issuer, Proof, Vouched, authorize_url, check_issuer, new_proof
from unisono.api.people.passkeys import origin_of
from unisono.api.people.rights import address_of, require_over, require_self, tell_changed, the_person
from unisono.api.people.shapes import Linked, Oidc, OidcAnswer, OidcSettings, OidcStarted
from unisono.api.people.signing import begin_session
from unisono.api.times import iso
from unisono.errors import CallerError
from unisono.store.registry import PersonRow, Registry

__all__ = ["Vouching", "router"]

META = "oidc"
# a person types a password there, and looks for their phone
OPEN_S = 600.0
# strangers may begin: at the bound the oldest is forgotten
MAX_OPEN = 1_000
TOKEN_BYTES = 32
# ids that are tried for somebody new before one is drawn by lot
TRIED_IDS = 20


class Kept(msgspec.Struct, frozen=True):
    """The settings as they are kept; ``sealed``: the secret, see `unisono.access.sealing`."""

    issuer: str
    client_id: str
    name: str
    admit: bool
    sealed: bytes = b""


class _Open(msgspec.Struct, frozen=True):
    kept: Kept
    proof: Proof
    redirect: str
    key: str
    person: str
    until: float


class Vouching:
    """The issuer that is set, and the sign-ins that were begun. Each is ended once."""

    def __init__(self, registry: Registry, pepper: bytes, outside: access.Outside) -> None:
        self._registry = registry
        self._pepper = pepper
        self._open: dict[str, _Open] = {}
        self.issuer = Issuer(outside)

    async def kept(self) -> Kept | None:
        """The settings, or None."""
        text = await self._registry.get_meta(META)
        return msgspec.json.decode(text, type=Kept) if text else None

    async def require(self) -> Kept:
        """The settings. Raises CallerError ``not_found``."""
        found = await self.kept()
        if found is None:
            raise CallerError(
                "Nobody signs in here through another service", code="not_found", mend="Run: unisono oidc set ISSUER"
            )
        return found

    async def keep(self, data: OidcSettings) -> Kept:
        """Other settings. A secret that is not given stays, for the same client of the same issuer only."""
        old = await self.kept()
        sealed = b""
        if data.client_secret:
            sealed = access.seal(data.client_secret, _bound(data.issuer, data.client_id), self._pepper)
        elif data.client_secret is None and old is not None:
            same = (old.issuer, old.client_id) == (data.issuer, data.client_id)
            sealed = old.sealed if same else b""
        kept = Kept(data.issuer, data.client_id, data.name, data.admit, sealed)
        await self._registry.put_meta(META, msgspec.json.encode(kept).decode())
        self._open.clear()
        return kept

    async def drop(self) -> None:
        """Nobody signs in so any more; who is whom stays known."""
        await self._registry.put_meta(META, "")
        self._open.clear()

    async def begin(self, origin: str, person: str) -> OidcStarted:
        """Somebody goes to be vouched for; ``person`` is who they are here, "" when that is to be found out."""
        kept = await self.require()
        found = await self.issuer.endpoints(kept.issuer)
        state, key = secrets.token_urlsafe(TOKEN_BYTES), secrets.token_urlsafe(TOKEN_BYTES)
        begun = _Open(kept, new_proof(), redirect_of(origin), key, person, time.monotonic() + OPEN_S)
        while len(self._open) >= MAX_OPEN:
            del self._open[next(iter(self._open))]
        self._open[state] = begun
        url = authorize_url(found, kept.client_id, begun.redirect, state, begun.proof)
        return OidcStarted(url, state, key)

    async def end(self, data: OidcAnswer, person: str) -> tuple[Kept, Vouched]:
        """Who came back. Raises CallerError ``bad_credentials``; it is over with that, whatever becomes of it."""
        begun = self._open.pop(data.state, None)
        fits = begun is not None and begun.person == person and begun.until >= time.monotonic()
        if begun is None or not fits or not secrets.compare_digest(begun.key.encode(), data.key.encode()):
            raise CallerError(
                "This took too long, was answered already, or began elsewhere", code="bad_credentials", mend="Try again"
            )
        kept = begun.kept
        secret = access.open_sealed(kept.sealed, _bound(kept.issuer, kept.client_id), self._pepper) or ""
        client = (kept.client_id, secret)
        return kept, await self.issuer.vouched(kept.issuer, client, data.code, begun.redirect, begun.proof)


def redirect_of(origin: str) -> str:
    """Where an issuer sends the browser back to: the console, which takes the code out of its address at once."""
    return f"{origin}/"


def _bound(issuer: str, client_id: str) -> str:
    return f"oidc:{client_id}@{issuer}"


def _show(request: Request[Any, Any, Any], kept: Kept) -> Oidc:
    redirect = redirect_of(str(request.base_url).rstrip("/"))
    return Oidc(kept.issuer, kept.client_id, kept.name, kept.admit, bool(kept.sealed), redirect)


@get("/oidc")
async def get_oidc(request: Request[Any, Any, Any], context: Context, identity: Asker) -> Oidc:
    """The service through which people sign in."""
    context.auth.require(identity, Action.OPERATE_HUB, ())
    return _show(request, await context.vouching.require())


@put("/oidc")
async def put_oidc(
    request: Request[Any, Any, Any], context: Context, identity: Asker, data: JSONBody[OidcSettings]
) -> Oidc:
    """Let people sign in through an issuer of OpenID Connect; it is asked what it is before it counts."""
    context.auth.require(identity, Action.OPERATE_HUB, ())
    check_issuer(data.issuer)
    await context.vouching.issuer.endpoints(data.issuer, anew=True)
    kept = await context.vouching.keep(data)
    await tell_audit(
        context, "oidc_changed", identity.id, "", address_of(request), issuer=kept.issuer, admit=kept.admit
    )
    return _show(request, kept)


@delete("/oidc", status_code=204)
async def remove_oidc(request: Request[Any, Any, Any], context: Context, identity: Asker) -> None:
    """Let nobody sign in so any more. Sessions stay until they are ended."""
    context.auth.require(identity, Action.OPERATE_HUB, ())
    await context.vouching.require()
    await context.vouching.drop()
    await tell_audit(context, "oidc_changed", identity.id, "", address_of(request), issuer="")


@post("/login/oidc/start", status_code=200, open_door=True, security=[])
async def start(request: Request[Any, Any, Any], context: Context) -> OidcStarted:
    """Begin to sign in through the other service."""
    return await context.vouching.begin(origin_of(request), "")


@post("/login/oidc", status_code=200, open_door=True, security=[])
async def login_with_oidc(
    request: Request[Any, Any, Any], context: Context, data: JSONBody[OidcAnswer]
) -> shapes.SignedIn:
    """Sign in with the code that the other service gave. It has asked for whatever factors it wants."""
    address = address_of(request)
    context.auth.check_address(address)
    try:
        kept, vouched = await context.vouching.end(data, "")
        person = await _who(context, kept, vouched, address)
    except CallerError as error:
        if error.code == "bad_credentials":
            context.auth.address_failed(address)
            await tell_audit(context, "sign_in_failed", "", "", address, how="oidc", why=error.detail)
        raise
    return await begin_session(request, context, person.id, "oidc")


async def _who(context: ApiContext, kept: Kept, vouched: Vouched, address: str) -> PersonRow:
    known = await context.registry.find_foreign_person(kept.issuer, vouched.subject)
    if known is None:
        if not kept.admit:
            raise CallerError(
                "That account belongs to nobody here",
                code="bad_credentials",
                mend="Sign in otherwise, then link it under My account; or ask an administrator",
            )
        return await _admit(context, kept, vouched, address)
    person = await the_person(context, known)
    if person.disabled:
        raise CallerError(f"{person.id} is disabled", code="bad_credentials")
    return person


async def _admit(context: ApiContext, kept: Kept, vouched: Vouched, address: str) -> PersonRow:
    """Somebody new, who may do nothing until somebody gives them a role.

    They are never taken for who is here already, whatever name or e-mail address the issuer tells. Nobody knows their
    password: it only says that they are a person, not a program.
    """
    at = now_us()
    unknown = await context.auth.hash_password(secrets.token_urlsafe(TOKEN_BYTES))
    id = await _free_id(context, slug(vouched.user), at)
    row = PersonRow(id, vouched.name or id, unknown, "", created=at)
    await context.registry.put_foreign_person(kept.issuer, vouched.subject, row.id, at, new=row)
    await tell_audit(context, "user_added", "", row.id, address, how="oidc", issuer=kept.issuer)
    return row


async def _free_id(context: ApiContext, wanted: str, at: int) -> str:
    if wanted:
        for id in (wanted, *(f"{wanted}_{number}" for number in range(2, TRIED_IDS))):
            if id not in RESERVED and await context.registry.get_person(id) is None:
                return id
    return new_ulid(at).lower()


@get("/users/{user_id:str}/oidc")
async def list_linked(context: Context, identity: Asker, user_id: FromPath[str]) -> shapes.Page[Linked]:
    """The accounts elsewhere that somebody signs in with."""
    if user_id != identity.id:
        context.auth.require(identity, Action.ADMINISTER, ())
    await the_person(context, user_id)
    rows = await context.registry.list_foreign_persons(user_id)
    return shapes.Page([Linked(issuer, subject, iso(created)) for issuer, subject, created in rows], None)


@post("/users/{user_id:str}/oidc/start", status_code=200)
async def start_linking(
    request: Request[Any, Any, Any], context: Context, identity: Asker, user_id: FromPath[str]
) -> OidcStarted:
    """Begin to link an account elsewhere to one's own."""
    await require_self(context, identity, user_id)
    return await context.vouching.begin(origin_of(request), user_id)


@post("/users/{user_id:str}/oidc", status_code=200)
async def link(
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    user_id: FromPath[str],
    data: JSONBody[OidcAnswer],
) -> Linked:
    """Link the account that the code is for: from now on one signs in with it."""
    await require_self(context, identity, user_id)
    kept, vouched = await context.vouching.end(data, user_id)
    at = now_us()
    await context.registry.put_foreign_person(kept.issuer, vouched.subject, user_id, at)
    await tell_audit(context, "oidc_linked", identity.id, user_id, address_of(request), issuer=kept.issuer)
    return Linked(kept.issuer, vouched.subject, iso(at))


@delete("/users/{user_id:str}/oidc", status_code=204)
async def unlink(request: Request[Any, Any, Any], context: Context, identity: Asker, user_id: FromPath[str]) -> None:
    """Forget the accounts elsewhere, one's own or somebody else's; their sessions end."""
    if user_id == identity.id:
        await require_self(context, identity, user_id)
    else:
        await require_over(context, identity, user_id)
    await context.registry.remove_foreign_persons(user_id)
    await context.registry.remove_sessions(user_id, but=identity.token)
    tell_changed(context)
    await tell_audit(context, "oidc_unlinked", identity.id, user_id, address_of(request))


router = Router(
    "/",
    route_handlers=[
        get_oidc, put_oidc, remove_oidc, start, login_with_oidc, list_linked, start_linking, link, unlink,
    ],
    tags=["people"],
)  # fmt: skip
