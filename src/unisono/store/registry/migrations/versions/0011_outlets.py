"""Outlets: changes and events of places onward, and how far each has come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """New tables."""
    op.create_table(
        "outlet",
        sa.Column("id", _id, nullable=False),
        sa.Column("place", _id, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outlet"),
        sa.ForeignKeyConstraint(["place"], ["place.id"], name="fk_outlet_place", ondelete="CASCADE"),
    )
    op.create_index("ix_outlet_place", "outlet", ["place"])
    op.create_table(
        "outlet_state",
        sa.Column("outlet", _id, nullable=False),
        sa.Column("partition", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("sent", sa.BigInteger, nullable=False),
        sa.Column("skipped", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("outlet", "partition", name="pk_outlet_state"),
    )


def downgrade() -> None:
    """Not offered: a backup is the way back, since what later versions hold cannot be told in this one's terms."""
    raise NotImplementedError("restore a backup instead")
