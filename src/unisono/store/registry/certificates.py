"""Client certificates of things, and the rules about topics that are kept for a thing.

Knows fingerprints and rows. Knows nothing of TLS, nor of what a filter matches.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from unisono.errors import CallerError
from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.rows import CertificateRow, TopicRuleRow
from unisono.store.registry.tables import certificate, thing, topic_rule

__all__ = ["Certificates"]

# Two devices' worth of renewals; a bound, since all of a thing's are read at every sign-in.
MAX_CERTIFICATES = 20


class Certificates:
    """The certificates and topic rules of a `Registry`."""

    _database: Database

    async def list_certificates(self, thing_id: str) -> list[CertificateRow]:
        """A thing's certificates, revoked ones too, oldest first."""
        query = sa.select(*shape.columns(certificate, CertificateRow)).where(certificate.c.thing == thing_id)
        async with self._database.read() as connection:
            ordered = query.order_by(certificate.c.created, certificate.c.fingerprint)
            return shape.rows(CertificateRow, await connection.execute(ordered))

    async def certificate_things(self, fingerprints: Sequence[str]) -> dict[str, str]:
        """The thing of each fingerprint that is registered, whether it still counts or not."""
        found: dict[str, str] = {}
        async with self._database.read() as connection:
            for part in shape.chunks(sorted(set(fingerprints))):
                query = sa.select(certificate.c.fingerprint, certificate.c.thing)
                found.update((await connection.execute(query.where(certificate.c.fingerprint.in_(part)))).all())
        return found

    async def put_certificate(self, row: CertificateRow) -> None:
        """Let a certificate sign a thing in.

        Raises CallerError not_found (no such thing), exists (it is another thing's, or was revoked), too_many.
        """
        async with self._database.write() as connection:
            if await connection.scalar(sa.select(thing.c.id).where(thing.c.id == row.thing)) is None:
                raise CallerError(f"there is no thing {row.thing!r}", code="not_found")
            known = (
                await connection.execute(
                    sa.select(certificate.c.thing, certificate.c.revoked).where(
                        certificate.c.fingerprint == row.fingerprint
                    )
                )
            ).first()
            if known is not None:
                if known.thing == row.thing and known.revoked is None:
                    return
                why = "was revoked" if known.revoked is not None else f"signs {known.thing!r} in"
                raise CallerError(f"that certificate {why}", code="exists", field="certificate", expected="a new one")
            count = await connection.scalar(
                sa.select(sa.func.count()).where(certificate.c.thing == row.thing, certificate.c.revoked.is_(None))
            )
            if (count or 0) >= MAX_CERTIFICATES:
                raise CallerError(
                    f"{row.thing!r} has {count} certificates",
                    code="too_many",
                    mend="Revoke those that are no longer used",
                )
            await connection.execute(sa.insert(certificate), shape.values(row))

    async def revoke_certificate(self, thing_id: str, fingerprint: str, *, at: int) -> None:
        """A certificate signs nobody in any more. Raises CallerError not_found."""
        async with self._database.write() as connection:
            changed = await connection.execute(
                sa.update(certificate)
                .where(certificate.c.thing == thing_id, certificate.c.fingerprint == fingerprint)
                .where(certificate.c.revoked.is_(None))
                .values(revoked=at)
            )
            if not changed.rowcount:
                raise CallerError(f"{thing_id!r} has no certificate {fingerprint[:80]!r}", code="not_found")

    async def topic_rules(self, thing_id: str) -> list[TopicRuleRow]:
        """A thing's rules about topics, in their order."""
        query = sa.select(*shape.columns(topic_rule, TopicRuleRow)).where(topic_rule.c.thing == thing_id)
        async with self._database.read() as connection:
            return shape.rows(TopicRuleRow, await connection.execute(query.order_by(topic_rule.c.number)))

    async def put_topic_rules(self, thing_id: str, rules: Sequence[TopicRuleRow]) -> None:
        """Replace a thing's rules. Raises CallerError not_found."""
        async with self._database.write() as connection:
            if await connection.scalar(sa.select(thing.c.id).where(thing.c.id == thing_id)) is None:
                raise CallerError(f"there is no thing {thing_id!r}", code="not_found")
            await connection.execute(sa.delete(topic_rule).where(topic_rule.c.thing == thing_id))
            records = [{"thing": thing_id, "number": at, **shape.values(rule)} for at, rule in enumerate(rules)]
            if records:
                await connection.execute(sa.insert(topic_rule), records)
