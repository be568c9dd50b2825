"""Dashboards, of a person or shared at a place."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """A new table; nothing that is there changes."""
    op.create_table(
        "dashboard",
        sa.Column("id", _id, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("owner", _id, nullable=False),
        sa.Column("place", _id),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dashboard"),
        sa.ForeignKeyConstraint(["place"], ["place.id"], name="fk_dashboard_place", ondelete="CASCADE"),
    )
    op.create_index("ix_dashboard_owner", "dashboard", ["owner"])
    op.create_index("ix_dashboard_place", "dashboard", ["place"])


def downgrade() -> None:
    """Not offered: a backup is the way back, since what later versions hold cannot be told in this one's terms."""
    raise NotImplementedError("restore a backup instead")
