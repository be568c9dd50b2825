"""Sessions, roles that end, invitations, second factors, passkeys, and the audit of access."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """New columns and tables. Who is signed in already has a session without a place where it began."""
    op.add_column("place_grant", sa.Column("expires", sa.BigInteger))
    op.add_column("token", sa.Column("session", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("token", sa.Column("agent", sa.Text, nullable=False, server_default=""))
    op.add_column("token", sa.Column("address", sa.Text, nullable=False, server_default=""))
    op.add_column("token", sa.Column("seen", sa.BigInteger))
    op.execute(sa.text("UPDATE token SET session = :yes WHERE name = 'signed in'").bindparams(yes=True))
    op.create_table(
        "invitation",
        sa.Column("id", _id, nullable=False),
        sa.Column("code_hash", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("grants", sa.JSON, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Column("used_at", sa.BigInteger),
        sa.Column("used_by", _id),
        sa.Column("revoked", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_invitation"),
        sa.UniqueConstraint("code_hash", name="uq_invitation_code_hash"),
    )
    op.create_table(
        "second_factor",
        sa.Column("person", _id, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("confirmed", sa.BigInteger),
        sa.Column("last_step", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_second_factor"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_second_factor_person", ondelete="CASCADE"),
    )
    op.create_table(
        "recovery_code",
        sa.Column("person", _id, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("person", "hash", name="pk_recovery_code"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_recovery_code_person", ondelete="CASCADE"),
    )
    op.create_table(
        "passkey",
        sa.Column("id", _id, nullable=False),
        sa.Column("person", _id, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sign_count", sa.BigInteger, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("used", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_passkey"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_passkey_person", ondelete="CASCADE"),
    )
    op.create_index("ix_passkey_person", "passkey", ["person"])
    op.create_table(
        "foreign_person",
        sa.Column("issuer", _id, nullable=False),
        sa.Column("subject", _id, nullable=False),
        sa.Column("person", _id, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_foreign_person"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_foreign_person_person", ondelete="CASCADE"),
    )
    op.create_index("ix_foreign_person_person", "foreign_person", ["person"])
    op.create_table(
        "access_audit",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("by", _id, nullable=False),
        sa.Column("about", _id, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_access_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_access_audit_about_number", "access_audit", ["about", "number"])
    op.create_index("ix_access_audit_by_number", "access_audit", ["by", "number"])


def downgrade() -> None:
    """Not offered: a backup is the way back, since what later versions hold cannot be told in this one's terms."""
    raise NotImplementedError("restore a backup instead")
