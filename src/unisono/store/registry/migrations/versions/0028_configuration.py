"""Configuration that devices may fetch."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """A new table."""
    op.create_table(
        "configuration",
        sa.Column("thing", _id, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("thing", name="pk_configuration"),
        sa.ForeignKeyConstraint(["thing"], ["thing.id"], name="fk_configuration_thing", ondelete="CASCADE"),
    )


def downgrade() -> None:
    """Not offered: a backup is the way back, since what later versions hold cannot be told in this one's terms."""
    raise NotImplementedError("restore a backup instead")
