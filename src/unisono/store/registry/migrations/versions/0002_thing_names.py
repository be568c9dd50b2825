"""Things have names in several languages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Things that are there have no further names; what is searched (`folded`) holds their id and name already."""
    op.add_column("thing", sa.Column("names", sa.JSON, nullable=False, server_default="{}"))


def downgrade() -> None:
    """Not offered: a backup is the way back, since what later versions hold cannot be told in this one's terms."""
    raise NotImplementedError("restore a backup instead")
