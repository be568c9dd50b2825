"""What a thing that announced itself calls itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new column; what is known already tells it at its next announcement."""
    op.add_column("foreign_name", sa.Column("called", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    """Not offered: a backup is the way back, since what later versions hold cannot be told in this one's terms."""
    raise NotImplementedError("restore a backup instead")
