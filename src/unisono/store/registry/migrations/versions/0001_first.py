"""The registry's first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Written out, not taken from `tables`: a migration says what was true then. `_id` sorts by bytes on both engines.
_id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create every table."""
    _definitions()
    _people()
    _working_state()


def _definitions() -> None:
    op.create_table(
        "place",
        sa.Column("id", _id, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("names", sa.JSON, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("parent", _id),
        sa.Column("root", _id, nullable=False),
        sa.Column("partition", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_place"),
        sa.ForeignKeyConstraint(["parent"], ["place.id"], name="fk_place_parent"),
    )
    op.create_index("ix_place_parent", "place", ["parent"])
    op.create_index("ix_place_root", "place", ["root"])
    op.create_table(
        "model",
        sa.Column("id", _id, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("vendor", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name="pk_model"),
    )
    op.create_table(
        "thing",
        sa.Column("id", _id, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("model", _id, nullable=False),
        sa.Column("model_version", sa.Integer, nullable=False),
        sa.Column("place", _id, nullable=False),
        sa.Column("root", _id, nullable=False),
        sa.Column("parent", _id),
        sa.Column("sleep_s", sa.Double, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("simulated", sa.Boolean, nullable=False),
        sa.Column("folded", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_thing"),
        sa.ForeignKeyConstraint(["place"], ["place.id"], name="fk_thing_place"),
        sa.ForeignKeyConstraint(["root"], ["place.id"], name="fk_thing_root"),
        sa.ForeignKeyConstraint(
            ["parent"], ["thing.id"], name="fk_thing_parent", deferrable=True, initially="DEFERRED"
        ),
    )
    op.create_index("ix_thing_place_id", "thing", ["place", "id"])
    op.create_index("ix_thing_root_id", "thing", ["root", "id"])
    op.create_index("ix_thing_model_id", "thing", ["model", "id"])
    op.create_index("ix_thing_parent", "thing", ["parent"])
    op.create_table(
        "credential",
        sa.Column("thing", _id, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("revoked", sa.BigInteger),
        sa.PrimaryKeyConstraint("thing", "kind", name="pk_credential"),
    )


def _people() -> None:
    op.create_table(
        "person",
        sa.Column("id", _id, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
    )
    op.create_table(
        "place_grant",
        sa.Column("person", _id, nullable=False),
        sa.Column("place", _id, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("person", "place", name="pk_place_grant"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_place_grant_person", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["place"], ["place.id"], name="fk_place_grant_place", ondelete="CASCADE"),
    )
    op.create_index("ix_place_grant_place", "place_grant", ["place"])
    op.create_table(
        "token",
        sa.Column("id", _id, nullable=False),
        sa.Column("person", _id, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("expires", sa.BigInteger),
        sa.Column("scopes", sa.JSON),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_token"),
        sa.UniqueConstraint("hash", name="uq_token_hash"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_token_person", ondelete="CASCADE"),
    )
    op.create_index("ix_token_person", "token", ["person"])
    op.create_table(
        "setup",
        sa.Column("code_hash", sa.LargeBinary, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger),
        sa.Column("used_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("code_hash", name="pk_setup"),
    )


def _working_state() -> None:
    op.create_table(
        "outbox",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("partition", sa.Text, nullable=False),
        sa.Column("entry", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "meta",
        sa.Column("key", _id, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )
    op.create_table(
        "checkpoint",
        sa.Column("partition", sa.Text, nullable=False),
        sa.Column("log_id", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("partition", name="pk_checkpoint"),
    )
    op.create_table(
        "checkpoint_twin",
        sa.Column("partition", sa.Text, nullable=False),
        sa.Column("thing", _id, nullable=False),
        sa.Column("twin", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("partition", "thing", name="pk_checkpoint_twin"),
    )


def downgrade() -> None:
    """Not offered: a backup is the way back, since what later versions hold cannot be told in this one's terms."""
    raise NotImplementedError("restore a backup instead")
