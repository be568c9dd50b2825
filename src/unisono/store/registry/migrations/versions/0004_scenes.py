"""Scenes in versions; places have a time zone and a position."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """New columns and tables; the places that are there have their parent's zone and no position, as a new one has."""
    op.add_column("place", sa.Column("zone", sa.Text, nullable=False, server_default=""))
    op.add_column("place", sa.Column("latitude", sa.Double))
    op.add_column("place", sa.Column("longitude", sa.Double))
    op.create_table(
        "scene",
        sa.Column("id", _id, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("place", _id, nullable=False),
        sa.Column("root", _id, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.JSON, nullable=False),
        sa.Column("switched_at", sa.BigInteger),
        sa.Column("switched_by", sa.JSON(none_as_null=True)),
        sa.Column("folded", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_scene"),
        sa.ForeignKeyConstraint(["place"], ["place.id"], name="fk_scene_place"),
        sa.ForeignKeyConstraint(["root"], ["place.id"], name="fk_scene_root"),
    )
    op.create_index("ix_scene_place_id", "scene", ["place", "id"])
    op.create_table(
        "scene_version",
        sa.Column("scene", _id, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("scene", "version", name="pk_scene_version"),
        sa.ForeignKeyConstraint(["scene"], ["scene.id"], name="fk_scene_version_scene", ondelete="CASCADE"),
    )


def downgrade() -> None:
    """Not offered: a backup is the way back, since what later versions hold cannot be told in this one's terms."""
    raise NotImplementedError("restore a backup instead")
