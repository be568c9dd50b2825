"""Safety documents of root places, version by version; the audit of commands."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """New tables."""
    op.create_table(
        "policy",
        sa.Column("root", _id, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("document", sa.Text),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("root", "version", name="pk_policy"),
        sa.ForeignKeyConstraint(["root"], ["place.id"], name="fk_policy_root", ondelete="CASCADE"),
    )
    op.create_table(
        "command_audit",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", _id, nullable=False),
        sa.Column("partition", sa.Text, nullable=False),
        sa.Column("thing", _id, nullable=False),
        sa.Column("root", _id, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_command_audit"),
        sa.UniqueConstraint("id", name="uq_command_audit_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_command_audit_at", "command_audit", ["at"])
    op.create_index("ix_command_audit_thing_at", "command_audit", ["thing", "at"])
    op.create_index("ix_command_audit_who_at", "command_audit", ["who", "at"])


def downgrade() -> None:
    """Not offered: a backup is the way back, since what later versions hold cannot be told in this one's terms."""
    raise NotImplementedError("restore a backup instead")
