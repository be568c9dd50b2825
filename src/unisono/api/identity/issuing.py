"""Certificates that the hub's own authority makes for things: shown once with their key, revoked like any other.

Knows requests and rows. What a certificate is, `unisono.access.authority` knows.
"""

from __future__ import annotations

import msgspec
from litestar import post
from litestar.params import FromPath

from unisono.access import Action
from unisono.api.context import now_us
from unisono.api.inject import Asker, Context
from unisono.api.times import iso
from unisono.errors import CallerError
from unisono.store.registry import CertificateRow

__all__ = ["issue_certificate"]


class Issued(msgspec.Struct):
    """``certificate`` and ``key`` are PEM; the key is kept nowhere else. ``fingerprint``: SHA-256, lower-case hex."""

    id: str
    certificate: str
    key: str
    fingerprint: str
    not_after: str


@post("/things/{thing_id:str}/certificate", tags=["things"])
async def issue_certificate(context: Context, identity: Asker, thing_id: FromPath[str]) -> Issued:
    """Make a certificate that signs a thing in at the TLS doors without a password. Its key is shown only now."""
    thing, _partition = await context.thing(thing_id, identity, Action.ADMINISTER)
    if context.issue_certificate is None:
        raise CallerError("this hub has no authority of its own", code="not_found")
    certificate, key = context.issue_certificate(thing.id)
    from unisono.access.authority import read_certificate

    facts = read_certificate(certificate)
    not_after = int(facts.not_after.timestamp() * 1_000_000)
    row = CertificateRow(facts.fingerprint, thing.id, facts.subject, not_after, now_us())
    await context.registry.put_certificate(row)
    context.directory.announce([thing.id])
    return Issued(thing.id, certificate.decode(), key.decode(), facts.fingerprint, iso(not_after))
