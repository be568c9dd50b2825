"""Certificates, claim codes, rules about topics; secrets with a time of grace and secrets kept encrypted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """New columns and tables; what is there has no grace, no certificates and no rules."""
    op.add_column("credential", sa.Column("expires", sa.BigInteger))
    op.add_column("credential", sa.Column("sealed", sa.LargeBinary))
    op.create_table(
        "certificate",
        sa.Column("fingerprint", _id, nullable=False),
        sa.Column("thing", _id, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("not_after", sa.BigInteger),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("revoked", sa.BigInteger),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_certificate"),
    )
    op.create_index("ix_certificate_thing", "certificate", ["thing"])
    op.create_table(
        "claim",
        sa.Column("id", _id, nullable=False),
        sa.Column("code_hash", sa.LargeBinary, nullable=False),
        sa.Column("place", _id, nullable=False),
        sa.Column("thing", _id),
        sa.Column("model", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("used_at", sa.BigInteger),
        sa.Column("used_by", _id),
        sa.Column("used_from", sa.Text),
        sa.Column("revoked", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_claim"),
        sa.UniqueConstraint("code_hash", name="uq_claim_code_hash"),
        sa.ForeignKeyConstraint(["place"], ["place.id"], name="fk_claim_place", ondelete="CASCADE"),
    )
    op.create_index("ix_claim_place", "claim", ["place"])
    op.create_table(
        "topic_rule",
        sa.Column("thing", _id, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("allow", sa.Boolean, nullable=False),
        sa.Column("access", sa.Text, nullable=False),
        sa.Column("filter", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("thing", "number", name="pk_topic_rule"),
        sa.ForeignKeyConstraint(["thing"], ["thing.id"], name="fk_topic_rule_thing", ondelete="CASCADE"),
    )


def downgrade() -> None:
    """Not offered: a backup is the way back, since what later versions hold cannot be told in this one's terms."""
    raise NotImplementedError("restore a backup instead")
