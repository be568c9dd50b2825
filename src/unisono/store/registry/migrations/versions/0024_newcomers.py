"""Things that announced themselves and wait to be let in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0018"
branch_labels = None
depends_on = None

_id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """New tables."""
    op.create_table(
        "bridge",
        sa.Column("thing", _id, nullable=False),
        sa.Column("waits", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("thing", name="pk_bridge"),
        sa.ForeignKeyConstraint(["thing"], ["thing.id"], name="fk_bridge_thing", ondelete="CASCADE"),
    )
    op.create_table(
        "newcomer",
        sa.Column("dialect", _id, nullable=False),
        sa.Column("name", _id, nullable=False),
        sa.Column("id", _id, nullable=False),
        sa.Column("bridge", _id, nullable=False),
        sa.Column("root", _id, nullable=False),
        sa.Column("called", sa.Text, nullable=False),
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("parent", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("seen", sa.BigInteger, nullable=False),
        sa.Column("ignored", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("dialect", "name", name="pk_newcomer"),
        sa.UniqueConstraint("id", name="uq_newcomer_id"),
        sa.ForeignKeyConstraint(["bridge"], ["thing.id"], name="fk_newcomer_bridge", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["root"], ["place.id"], name="fk_newcomer_root", ondelete="CASCADE"),
    )
    op.create_index("ix_newcomer_bridge", "newcomer", ["bridge"])
    op.create_index("ix_newcomer_root", "newcomer", ["root"])


def downgrade() -> None:
    """Not offered: a backup is the way back, since what later versions hold cannot be told in this one's terms."""
    raise NotImplementedError("restore a backup instead")
