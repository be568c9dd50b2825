"""Names of things in the languages of devices, and products whose devices share a secret."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0011"
branch_labels = None
depends_on = None

_id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """New tables."""
    op.create_table(
        "foreign_name",
        sa.Column("dialect", _id, nullable=False),
        sa.Column("name", _id, nullable=False),
        sa.Column("thing", _id, nullable=False),
        sa.PrimaryKeyConstraint("dialect", "name", name="pk_foreign_name"),
        sa.ForeignKeyConstraint(["thing"], ["thing.id"], name="fk_foreign_name_thing", ondelete="CASCADE"),
    )
    op.create_index("ix_foreign_name_thing", "foreign_name", ["thing"])
    op.create_table(
        "foreign_product",
        sa.Column("dialect", _id, nullable=False),
        sa.Column("product", _id, nullable=False),
        sa.Column("place", _id, nullable=False),
        sa.Column("model", _id, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("dialect", "product", name="pk_foreign_product"),
        sa.ForeignKeyConstraint(["place"], ["place.id"], name="fk_foreign_product_place", ondelete="CASCADE"),
    )
    op.create_index("ix_foreign_product_place", "foreign_product", ["place"])


def downgrade() -> None:
    """Not offered: a backup is the way back, since what later versions hold cannot be told in this one's terms."""
    raise NotImplementedError("restore a backup instead")
