"""Passkeys (WebAuthn level 2): the challenges that are open, and what a browser's answer must hold.

Knows the ceremonies by the library `webauthn`, which is loaded when somebody first uses one. Challenges are in memory:
after a restart the browser asks anew.
"""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from unisono.api.auth import now_us
from unisono.api.people.shapes import Ceremony, PasskeyNew, PasskeyShown
from unisono.errors import CallerError
from unisono.store.registry import PasskeyRow, PersonRow

if TYPE_CHECKING:
    from litestar import Request

    from unisono.api.context import ApiContext

__all__ = ["Passkeys", "check_assertion", "check_attestation", "origin_of"]

# WebAuthn section 13.4.3: at least 16 bytes
CHALLENGE_BYTES = 32
# a person looks for their phone; WebAuthn section 5.4 suggests five to ten minutes where a code is typed
OPEN_S = 300.0
# strangers may open ceremonies: at the bound the oldest is forgotten
MAX_OPEN = 1_000


class _Open(msgspec.Struct, frozen=True):
    challenge: bytes
    origin: str
    person: str
    until: float


class Passkeys:
    """The ceremonies that were begun. Each is ended once."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}

    def begin_assertion(self, origin: str) -> Ceremony:
        """Somebody wants to sign in, with whatever passkey their browser has for this hub."""
        import webauthn
        from webauthn.helpers.structs import UserVerificationRequirement

        id, challenge = self._begin(origin, "")
        options = webauthn.generate_authentication_options(
            rp_id=_host(origin), challenge=challenge, user_verification=UserVerificationRequirement.REQUIRED
        )
        return Ceremony(id, json.loads(webauthn.options_to_json(options)))

    def begin_attestation(self, origin: str, person: PersonRow, known: list[PasskeyRow]) -> Ceremony:
        """``person`` wants another passkey than those that are ``known``."""
        import webauthn
        from webauthn.helpers import base64url_to_bytes
        from webauthn.helpers.structs import (
            AuthenticatorSelectionCriteria,
            PublicKeyCredentialDescriptor,
            ResidentKeyRequirement,
            UserVerificationRequirement,
        )

        id, challenge = self._begin(origin, person.id)
        options = webauthn.generate_registration_options(
            rp_id=_host(origin),
            rp_name="Unisono",
            user_id=person.id.encode(),
            user_name=person.id,
            user_display_name=person.name,
            challenge=challenge,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(each.id)) for each in known],
        )
        return Ceremony(id, json.loads(webauthn.options_to_json(options)))

    def _begin(self, origin: str, person: str) -> tuple[str, bytes]:
        while len(self._open) >= MAX_OPEN:
            del self._open[next(iter(self._open))]
        id, challenge = secrets.token_urlsafe(16), secrets.token_bytes(CHALLENGE_BYTES)
        self._open[id] = _Open(challenge, origin, person, time.monotonic() + OPEN_S)
        return id, challenge

    def end(self, id: str, person: str) -> _Open:
        """The ceremony, which is over with that. Raises CallerError ``bad_credentials``."""
        found = self._open.pop(id, None)
        if found is None or found.person != person or found.until < time.monotonic():
            raise CallerError("This took too long, or was answered already", code="bad_credentials", mend="Try again")
        return found


def origin_of(request: Request[Any, Any, Any]) -> str:
    """The origin for which a passkey is: of the page that asks, which must be the hub's own.

    A browser says it in ``Origin``; what it signs says it once more. Raises CallerError ``bad_request``.
    """
    origin = str(request.headers.get("origin", "")) or str(request.base_url).rstrip("/")
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        host = ""
    if not host or host.lower() != str(request.headers.get("host", "")).lower():
        raise CallerError(
            "A passkey is for the hub's own pages", code="bad_request", field="Origin", expected="the hub's address"
        )
    return origin


def _host(origin: str) -> str:
    return urlsplit(origin).hostname or ""


def check_attestation(context: ApiContext, person: PersonRow, data: PasskeyNew) -> PasskeyRow:
    """The new passkey of ``person``. Raises CallerError ``bad_credentials``."""
    import webauthn
    from webauthn.helpers import bytes_to_base64url
    from webauthn.helpers.exceptions import WebAuthnException

    begun = context.passkeys.end(data.id, person.id)
    try:
        made = webauthn.verify_registration_response(
            credential=data.credential,
            expected_challenge=begun.challenge,
            expected_rp_id=_host(begun.origin),
            expected_origin=begun.origin,
            require_user_verification=True,
        )
    except _malformed(WebAuthnException) as error:
        raise _refused(error) from error
    return PasskeyRow(
        id=bytes_to_base64url(made.credential_id),
        person=person.id,
        name=data.name or "Passkey",
        host=_host(begun.origin),
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        created=now_us(),
    )


async def check_assertion(context: ApiContext, data: PasskeyShown) -> PasskeyRow:
    """The passkey that signed. Raises CallerError ``bad_credentials``."""
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    begun = context.passkeys.end(data.id, "")
    id = data.credential.get("id")
    key = await context.registry.get_passkey(id) if isinstance(id, str) else None
    if key is None:
        raise CallerError("This passkey is not known here", code="bad_credentials")
    try:
        shown = webauthn.verify_authentication_response(
            credential=data.credential,
            expected_challenge=begun.challenge,
            expected_rp_id=_host(begun.origin),
            expected_origin=begun.origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=key.sign_count,
            require_user_verification=True,
        )
    except _malformed(WebAuthnException) as error:
        raise _refused(error) from error
    await context.registry.use_passkey(key.id, shown.new_sign_count, now_us())
    return key


def _malformed(raised: type[Exception]) -> tuple[type[Exception], ...]:
    # the library decodes what a stranger sent before it looks at it: base64, CBOR and keys have faults of their own
    return (raised, ValueError, TypeError, KeyError, AttributeError, IndexError)


def _refused(error: Exception) -> CallerError:
    return CallerError(f"The passkey was not accepted: {str(error)[:200]}", code="bad_credentials", mend="Try again")
