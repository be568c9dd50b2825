"""When what a notification tells of began and was over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two columns."""
    op.add_column("notification", sa.Column("since", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("notification", sa.Column("over", sa.BigInteger, nullable=False, server_default="0"))


def downgrade() -> None:
    """Not offered: a backup is the way back, since what later versions hold cannot be told in this one's terms."""
    raise NotImplementedError("restore a backup instead")
