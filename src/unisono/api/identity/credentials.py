"""How a thing gets in, over HTTP: its secret, its certificates, and the rules about its topics; and the way out.

Knows rows and shapes; every change is told to the gateways, which recheck who is connected at once.
"""

from __future__ import annotations

import hashlib
import ssl
from typing import Annotated

from litestar import Router, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from unisono.access import Action, hash_secret, new_secret, read_rule, seal
from unisono.api import shapes
from unisono.api.context import now_us
from unisono.api.inject import Asker, Context
from unisono.api.times import SECOND, iso, iso_or_none
from unisono.errors import CallerError
from unisono.store.registry import CertificateRow, CredentialRow, TopicRuleRow

__all__ = ["router"]

# how long an old secret may count beside the new one: a device that comes home once a month must learn of it
MAX_GRACE_S = 35 * 86_400

Grace = Annotated[float, QueryParameter(ge=0, le=MAX_GRACE_S)]


@post("/{thing_id:str}/secret", status_code=200)
async def rotate_secret(
    context: Context, identity: Asker, thing_id: FromPath[str], grace_s: Grace = 0.0, sealed: FromQuery[bool] = False
) -> shapes.Secret:
    """A new secret, shown only here. The old one counts for ``grace_s`` more seconds; without, not at all, and a device
    that is signed in with it is dropped. ``sealed``: keep it encrypted besides, for a scheme that signs with it.
    """
    row, _ = await context.thing(thing_id, identity, Action.ADMINISTER)
    secret = new_secret()
    at = now_us()
    until = at + int(grace_s * SECOND) if grace_s else None
    await context.registry.rotate_credential(
        CredentialRow(
            row.id,
            hash_secret(secret, context.pepper),
            created=at,
            sealed=seal(secret, row.id, context.pepper) if sealed else None,
        ),
        grace_until=until,
    )
    context.directory.announce([row.id])
    return shapes.Secret(row.id, secret, iso_or_none(until))


@post("/{thing_id:str}/revoke", status_code=204)
async def revoke_thing(context: Context, identity: Asker, thing_id: FromPath[str]) -> None:
    """Shut a thing out: its secrets and certificates are worth nothing, and it is disconnected. A new secret lets it
    in again.
    """
    row, _ = await context.thing(thing_id, identity, Action.ADMINISTER)
    await context.registry.revoke_everything(row.id, at=now_us())
    context.directory.announce([row.id])


@get("/{thing_id:str}/certificates")
async def list_certificates(
    context: Context, identity: Asker, thing_id: FromPath[str]
) -> shapes.Page[shapes.Certificate]:
    """The client certificates that sign a thing in, and those that no longer do."""
    row, _ = await context.thing(thing_id, identity, Action.ADMINISTER)
    return shapes.Page([_certificate(each) for each in await context.registry.list_certificates(row.id)])


@post("/{thing_id:str}/certificates")
async def add_certificate(
    context: Context, identity: Asker, thing_id: FromPath[str], data: JSONBody[shapes.CertificateNew]
) -> shapes.Certificate:
    """Let a client certificate sign a thing in, given as PEM text or as the SHA-256 fingerprint of its DER form."""
    thing, _ = await context.thing(thing_id, identity, Action.ADMINISTER)
    row = _certificate_row(thing.id, data)
    if data.pem is not None and context.trust_client is not None:
        context.trust_client(data.pem.strip().encode())
    await context.registry.put_certificate(row)
    context.directory.announce([thing.id])
    return _certificate(row)


@delete("/{thing_id:str}/certificates/{fingerprint:str}", status_code=204)
async def revoke_certificate(
    context: Context, identity: Asker, thing_id: FromPath[str], fingerprint: FromPath[str]
) -> None:
    """A certificate signs nobody in any more; who is signed in with it is disconnected."""
    row, _ = await context.thing(thing_id, identity, Action.ADMINISTER)
    await context.registry.revoke_certificate(row.id, read_fingerprint(fingerprint), at=now_us())
    context.directory.announce([row.id])


def _certificate_row(thing: str, data: shapes.CertificateNew) -> CertificateRow:
    if (data.pem is None) == (data.fingerprint is None):
        raise CallerError("Say which certificate", code="bad_request", expected="either pem or fingerprint")
    if data.fingerprint is not None:
        return CertificateRow(read_fingerprint(data.fingerprint), thing, created=now_us())
    assert data.pem is not None
    from cryptography import x509

    try:
        der = ssl.PEM_cert_to_DER_cert(data.pem.strip())
        read = x509.load_der_x509_certificate(der)
    except ValueError as error:
        raise CallerError(
            "That is no certificate in PEM form",
            code="bad_value",
            field="pem",
            expected="-----BEGIN CERTIFICATE----- ...; the device keeps its private key to itself",
        ) from error
    not_after = int(read.not_valid_after_utc.timestamp()) * SECOND
    if not_after < now_us():
        raise CallerError("The certificate has expired", code="bad_value", field="pem", expected="a valid one")
    subject = read.subject.rfc4514_string()
    return CertificateRow(hashlib.sha256(der).hexdigest(), thing, subject, not_after, now_us())


def read_fingerprint(text: str) -> str:
    """A SHA-256 fingerprint in lower-case hex, however it was written (``AB:CD:...``). Raises CallerError bad_value."""
    plain = text.replace(":", "").replace(" ", "").lower()
    if len(plain) != 64 or not set(plain) <= set("0123456789abcdef"):
        raise CallerError(
            f"{text[:80]!r} is no fingerprint",
            code="bad_value",
            field="fingerprint",
            expected="64 hex digits (SHA-256)",
        )
    return plain


def _certificate(row: CertificateRow) -> shapes.Certificate:
    return shapes.Certificate(
        row.fingerprint, row.subject, iso(row.created), iso_or_none(row.not_after), iso_or_none(row.revoked)
    )


@get("/{thing_id:str}/access")
async def get_access(context: Context, identity: Asker, thing_id: FromPath[str]) -> shapes.Access:
    """The rules about a thing's topics, in the order in which they are read."""
    row, _ = await context.thing(thing_id, identity, Action.ADMINISTER)
    return _access(row.id, await context.registry.topic_rules(row.id))


@put("/{thing_id:str}/access")
async def set_access(
    context: Context, identity: Asker, thing_id: FromPath[str], data: JSONBody[shapes.AccessNew]
) -> shapes.Access:
    """Replace the rules about a thing's topics. The first rule that meets a topic decides; where none does, a thing may
    use its own topics, its children's, and every ordinary one. In force at once, for whoever is connected too.
    """
    row, _ = await context.thing(thing_id, identity, Action.ADMINISTER)
    rules = [read_rule(f"{each.access}:{each.filter}", each.allow) for each in data.rules]
    rows = [TopicRuleRow(rule.allow, rule.access, rule.filter) for rule in rules]
    await context.registry.put_topic_rules(row.id, rows)
    context.directory.announce([row.id])
    return _access(row.id, rows)


def _access(thing: str, rows: list[TopicRuleRow]) -> shapes.Access:
    return shapes.Access(thing, [shapes.Rule(row.allow, row.access, row.filter) for row in rows])


router = Router(
    "/things",
    route_handlers=[
        rotate_secret,
        revoke_thing,
        list_certificates,
        add_certificate,
        revoke_certificate,
        get_access,
        set_access,
    ],
    tags=["things"],
)
