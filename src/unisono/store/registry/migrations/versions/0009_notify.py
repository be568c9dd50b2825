"""Notifications: people's channels and quiet hours, groups, the queue of deliveries, what became of addresses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None

_id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """New tables; nobody is told anything yet."""
    _people()
    op.create_table(
        "notification",
        sa.Column("id", _id, nullable=False),
        sa.Column("partition", sa.Text, nullable=False),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("to", sa.JSON, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("priority", sa.Text, nullable=False),
        sa.Column("group", sa.Text),
        sa.Column("by", sa.JSON, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("accepted", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Column("missed", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notification"),
    )
    op.create_index("ix_notification_accepted_id", "notification", ["accepted", "id"])
    op.create_table(
        "delivery",
        sa.Column("notification", _id, nullable=False),
        sa.Column("channel", _id, nullable=False),
        sa.Column("person", _id, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("priority", sa.Text, nullable=False),
        sa.Column("group", sa.Text),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("alone", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("notification", "channel", name="pk_delivery"),
        sa.ForeignKeyConstraint(
            ["notification"], ["notification.id"], name="fk_delivery_notification", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_delivery_person", "delivery", ["person"])
    op.create_index("ix_delivery_state", "delivery", ["state"])
    op.create_table(
        "address",
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("pace", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("address", name="pk_address"),
    )


def _people() -> None:
    op.create_table(
        "channel",
        sa.Column("id", _id, nullable=False),
        sa.Column("person", _id, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("shown", sa.Text, nullable=False),
        sa.Column("priorities", sa.JSON, nullable=False),
        sa.Column("requests", sa.Integer, nullable=False),
        sa.Column("title_max", sa.Integer, nullable=False),
        sa.Column("text_max", sa.Integer, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_channel"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_channel_person", ondelete="CASCADE"),
        sa.UniqueConstraint("person", "address", name="uq_channel_person_address"),
    )
    op.create_table(
        "listener",
        sa.Column("person", _id, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("spans", sa.JSON, nullable=False),
        sa.Column("passes", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_listener"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_listener_person", ondelete="CASCADE"),
    )
    op.create_table(
        "audience",
        sa.Column("id", _id, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audience"),
    )
    op.create_table(
        "audience_member",
        sa.Column("audience", _id, nullable=False),
        sa.Column("person", _id, nullable=False),
        sa.PrimaryKeyConstraint("audience", "person", name="pk_audience_member"),
        sa.ForeignKeyConstraint(["audience"], ["audience.id"], name="fk_audience_member_audience", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_audience_member_person", ondelete="CASCADE"),
    )
    op.create_index("ix_audience_member_person", "audience_member", ["person"])


def downgrade() -> None:
    """Not offered: a backup is the way back, since what later versions hold cannot be told in this one's terms."""
    raise NotImplementedError("restore a backup instead")
