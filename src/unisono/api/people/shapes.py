"""The JSON shapes around people: sessions, roles at places, invitations, factors, and the audit of access.

Knows fields and their bounds. Knows no route and no storage.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from unisono.api.shapes import Ends, Id, Name, Password

__all__ = [
    "Accepted",
    "AccessEntry",
    "Ceremony",
    "Code",
    "CodeOrPassword",
    "Factors",
    "Invitation",
    "InvitationMade",
    "InvitationNew",
    "InvitationShown",
    "Invited",
    "Join",
    "Linked",
    "Member",
    "MemberChange",
    "Oidc",
    "OidcAnswer",
    "OidcSettings",
    "OidcStarted",
    "Passkey",
    "PasskeyNew",
    "PasskeyShown",
    "Recovery",
    "Session",
    "TotpNew",
    "Ways",
]

# what a place can make of somebody; an administrator is one of the whole hub
PlaceRole = Literal["owner", "member", "guest", "operator", "viewer"]
# of a second factor: six digits, or a recovery code; of an invitation: sixteen letters and dashes
Typed = Annotated[str, Meta(min_length=1, max_length=64)]
# what a browser made of a passkey: some kilobytes with the attestation of a company's keys
Credential = Annotated[dict[str, Any], Meta(max_length=20)]


class Ways(msgspec.Struct):
    """How one may sign in here. ``oidc``: the name of the issuer that vouches for people, or null. ``setup``: nobody
    has used the setup link yet."""

    password: bool
    passkey: bool
    oidc: str | None
    setup: bool


class Session(msgspec.Struct):
    """A place where a person is signed in. ``agent``: the program that did it; ``seen``, ``address``: last used, to
    some minutes, and from where; ``current``: the one that asks."""

    id: str
    user: str
    agent: str
    address: str
    created: str | None
    seen: str | None
    expires: str | None
    current: bool


class Member(msgspec.Struct):
    """Who may do something at a place. ``at``: the place where the role was given, null on the whole hub; ``ends``: its
    last moment, null for none; ``counts``: it is the one that decides here."""

    id: str
    name: str
    role: str
    at: str | None
    ends: str | None
    program: bool
    disabled: bool
    counts: bool


class MemberChange(msgspec.Struct, forbid_unknown_fields=True):
    """A role at a place and below it, until ``ends``."""

    role: PlaceRole
    ends: Ends | None = None


class InvitationNew(msgspec.Struct, forbid_unknown_fields=True):
    """Who takes it gets ``grants`` (role by place, with ``ends`` by place), or ``role`` on the whole hub.

    ``name``: for whom it is. ``valid_s``: how long it waits to be taken.
    """

    grants: Annotated[dict[str, PlaceRole], Meta(max_length=100)] = {}
    ends: Annotated[dict[str, Ends], Meta(max_length=100)] = {}
    role: Annotated[str, Meta(max_length=40)] = ""
    name: Annotated[str, Meta(max_length=200)] = ""
    valid_s: Annotated[float, Meta(ge=60, le=90 * 86_400)] = 7 * 86_400.0


class Invitation(msgspec.Struct):
    """``state``: open, taken, revoked or expired."""

    id: str
    state: str
    name: str
    role: str
    grants: dict[str, str]
    ends: dict[str, str]
    made_by: str
    created: str
    expires: str
    taken_at: str | None
    taken_by: str | None


class InvitationMade(msgspec.Struct):
    """``code``, ``url`` and ``qr`` (an SVG picture of the link) are shown here and never again."""

    id: str
    code: str
    url: str
    qr: str
    name: str
    role: str
    grants: dict[str, str]
    ends: dict[str, str]
    expires: str


class Invited(msgspec.Struct):
    """One place of an invitation; ``names`` as `Place` has them."""

    place: str
    name: str
    role: str
    ends: str | None
    names: dict[str, list[str]] = {}


class InvitationShown(msgspec.Struct):
    """What an invitation gives, for who holds its code. ``by``: whose it is, ``by_name`` as people call them."""

    name: str
    by: str
    role: str
    places: list[Invited]
    expires: str
    by_name: str = ""


class Code(msgspec.Struct, forbid_unknown_fields=True):
    code: Typed


class CodeOrPassword(msgspec.Struct, forbid_unknown_fields=True):
    """That it is really oneself: a code of the app, or the password."""

    code: Typed | None = None
    password: Annotated[str, Meta(max_length=1024)] | None = None


class Join(msgspec.Struct, forbid_unknown_fields=True):
    """The one-time code of an invitation, and who they will be."""

    code: Typed
    user: Id
    password: Password
    name: Name | None = None


class Accepted(msgspec.Struct):
    """What an invitation gave to somebody who has an account."""

    user: str
    role: str
    grants: dict[str, str]


class Factors(msgspec.Struct):
    """What a person signs in with. ``recovery``: how many recovery codes are left."""

    password: bool
    totp: bool
    recovery: int
    passkeys: int


class TotpNew(msgspec.Struct):
    """A secret for an authenticator app; it counts once a code of it was shown. ``qr``: an SVG picture of ``uri``."""

    secret: str
    uri: str
    qr: str


class Recovery(msgspec.Struct):
    """Codes for one use each, in place of the app's; shown here and never again."""

    codes: list[str]


class Passkey(msgspec.Struct):
    """A key on a phone, in a browser or on a stick, for the console at ``host``."""

    id: str
    name: str
    host: str
    created: str | None
    used: str | None


class Ceremony(msgspec.Struct):
    """``options``: what ``navigator.credentials`` takes (WebAuthn's JSON forms); ``id``: to be sent with its answer."""

    id: str
    options: dict[str, Any]


class PasskeyNew(msgspec.Struct, forbid_unknown_fields=True):
    """A new passkey, as ``PublicKeyCredential.toJSON()`` of ``navigator.credentials.create`` says it."""

    id: Typed
    credential: Credential
    name: Annotated[str, Meta(max_length=200)] = ""


class PasskeyShown(msgspec.Struct, forbid_unknown_fields=True):
    """A passkey's signature, as ``PublicKeyCredential.toJSON()`` of ``navigator.credentials.get`` says it."""

    id: Typed
    credential: Credential


class AccessEntry(msgspec.Struct):
    """One line of the audit: ``by`` did ``act`` about ``about``, from ``address``."""

    number: int
    at: str
    act: str
    by: str
    about: str
    address: str
    detail: dict[str, Any]


class OidcSettings(msgspec.Struct, forbid_unknown_fields=True):
    """An issuer of OpenID Connect that vouches for people. ``client_secret``: absent, the one that is kept stays, ""
    for none. ``admit``: who comes for the first time gets an account without rights; else only who linked theirs
    comes in."""

    issuer: Annotated[str, Meta(max_length=400, pattern="^https?://")]
    client_id: Annotated[str, Meta(min_length=1, max_length=400)]
    client_secret: Annotated[str, Meta(max_length=1000)] | None = None
    name: Annotated[str, Meta(max_length=100)] = ""
    admit: bool = False


class Oidc(msgspec.Struct):
    """The issuer as it is set. ``secret``: whether one is kept; ``redirect``: the address that the issuer must know
    the hub by, as who asks reaches it."""

    issuer: str
    client_id: str
    name: str
    admit: bool
    secret: bool
    redirect: str


class OidcStarted(msgspec.Struct):
    """Where the browser goes, and what the page keeps to itself until it comes back: the ``state`` that must come back
    with it, and the ``key`` without which the code is worth nothing."""

    url: str
    state: str
    key: str


class OidcAnswer(msgspec.Struct, forbid_unknown_fields=True):
    """What the issuer gave the browser on its way back, and the ``key`` of the page that began."""

    code: Annotated[str, Meta(min_length=1, max_length=4000)]
    state: Annotated[str, Meta(min_length=1, max_length=200)]
    key: Annotated[str, Meta(min_length=1, max_length=200)]


class Linked(msgspec.Struct):
    """An account elsewhere that somebody signs in with."""

    issuer: str
    subject: str
    created: str
