"""Alarms: definitions in versions, and the history of what happened to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0004"
branch_labels = None
depends_on = None

_id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """New tables."""
    op.create_table(
        "alarm_definition",
        sa.Column("id", _id, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("place", _id, nullable=False),
        sa.Column("root", _id, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name="pk_alarm_definition"),
        sa.ForeignKeyConstraint(["place"], ["place.id"], name="fk_alarm_definition_place"),
        sa.ForeignKeyConstraint(["root"], ["place.id"], name="fk_alarm_definition_root"),
    )
    op.create_index("ix_alarm_definition_place", "alarm_definition", ["place"])
    op.create_table(
        "alarm_history",
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("partition", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("definition", sa.Text, nullable=False),
        sa.Column("thing", _id, nullable=False),
        sa.Column("place", _id, nullable=False),
        sa.Column("root", _id, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("at", "partition", "number", name="pk_alarm_history"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_alarm_history_thing_at", "alarm_history", ["thing", "at"])


def downgrade() -> None:
    """Not offered: a backup is the way back, since what later versions hold cannot be told in this one's terms."""
    raise NotImplementedError("restore a backup instead")
