"""The registry's tables, as SQLAlchemy Core sees them.

Knows columns, keys and indices; the migrations lay them out, and a test holds that both agree. Knows no queries.
"""

from __future__ import annotations

import sqlalchemy as sa

__all__ = [
    "access_audit",
    "address",
    "audience",
    "audience_member",
    "bridge",
    "certificate",
    "channel",
    "checkpoint",
    "checkpoint_twin",
    "claim",
    "command_audit",
    "configuration",
    "credential",
    "dashboard",
    "delivery",
    "firmware",
    "foreign_name",
    "foreign_person",
    "foreign_product",
    "grant",
    "invitation",
    "listener",
    "meta",
    "metadata",
    "model",
    "newcomer",
    "notification",
    "outbox",
    "outlet",
    "outlet_state",
    "passkey",
    "person",
    "place",
    "policy",
    "recovery_code",
    "scene",
    "scene_version",
    "second_factor",
    "setup",
    "thing",
    "token",
    "topic_rule",
]

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

# Ids sort by their bytes on both engines, so that a page after an id holds the same rows whatever the server's locale.
_id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

place = sa.Table(
    "place",
    metadata,
    sa.Column("id", _id, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("names", sa.JSON, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("parent", _id, sa.ForeignKey("place.id"), index=True),
    sa.Column("root", _id, nullable=False, index=True),
    sa.Column("partition", sa.Text, nullable=False),
    # An IANA name, empty: as its parent. The default is for the rows that were there before the column.
    sa.Column("zone", sa.Text, nullable=False, server_default=""),
    sa.Column("latitude", sa.Double),
    sa.Column("longitude", sa.Double),
)

model = sa.Table(
    "model",
    metadata,
    sa.Column("id", _id, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("vendor", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
)

thing = sa.Table(
    "thing",
    metadata,
    sa.Column("id", _id, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    # Models are not referenced by a key: built-in ones come with the program and have no row.
    sa.Column("model", _id, nullable=False),
    sa.Column("model_version", sa.Integer, nullable=False),
    sa.Column("place", _id, sa.ForeignKey("place.id"), nullable=False),
    sa.Column("root", _id, sa.ForeignKey("place.id"), nullable=False),
    sa.Column("parent", _id, sa.ForeignKey("thing.id", deferrable=True, initially="DEFERRED"), index=True),
    sa.Column("sleep_s", sa.Double, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("simulated", sa.Boolean, nullable=False),
    # Further names by language. The default is for the rows that were there before the column.
    sa.Column("names", sa.JSON, nullable=False, server_default="{}"),
    # id and names, folded (see `fold`): LIKE knows only ASCII case on SQLite and the server's locale on PostgreSQL.
    sa.Column("folded", sa.Text, nullable=False),
    sa.Index(None, "place", "id"),
    sa.Index(None, "root", "id"),
    sa.Index(None, "model", "id"),
)

# A scene as it is in force; what it says is in its versions. ``at``, ``by``: who saved this version; ``switched``: who
# let it be triggered, or not, since.
scene = sa.Table(
    "scene",
    metadata,
    sa.Column("id", _id, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("place", _id, sa.ForeignKey("place.id"), nullable=False),
    sa.Column("root", _id, sa.ForeignKey("place.id"), nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("by", sa.JSON, nullable=False),
    sa.Column("switched_at", sa.BigInteger),
    sa.Column("switched_by", sa.JSON(none_as_null=True)),
    sa.Column("folded", sa.Text, nullable=False),
    sa.Index(None, "place", "id"),
)

scene_version = sa.Table(
    "scene_version",
    metadata,
    sa.Column("scene", _id, sa.ForeignKey("scene.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("by", sa.JSON, nullable=False),
)

# No key to thing: the row of a removed thing stays, without its hash, so that versions never start again.
credential = sa.Table(
    "credential",
    metadata,
    sa.Column("thing", _id, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("revoked", sa.BigInteger),
    sa.Column("expires", sa.BigInteger),
    sa.Column("sealed", sa.LargeBinary),
)

# No key to thing: a certificate of a removed thing stays, revoked, and opens nothing again.
certificate = sa.Table(
    "certificate",
    metadata,
    sa.Column("fingerprint", _id, primary_key=True),
    sa.Column("thing", _id, nullable=False, index=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("not_after", sa.BigInteger),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("revoked", sa.BigInteger),
)

claim = sa.Table(
    "claim",
    metadata,
    sa.Column("id", _id, primary_key=True),
    sa.Column("code_hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("place", _id, sa.ForeignKey("place.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("thing", _id),
    sa.Column("model", sa.Text),
    sa.Column("name", sa.Text),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("used_at", sa.BigInteger),
    sa.Column("used_by", _id),
    sa.Column("used_from", sa.Text),
    sa.Column("revoked", sa.BigInteger),
)

topic_rule = sa.Table(
    "topic_rule",
    metadata,
    sa.Column("thing", _id, sa.ForeignKey("thing.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("allow", sa.Boolean, nullable=False),
    sa.Column("access", sa.Text, nullable=False),
    sa.Column("filter", sa.Text, nullable=False),
)

person = sa.Table(
    "person",
    metadata,
    sa.Column("id", _id, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
)

# "grant" alone is a reserved word of SQL.
grant = sa.Table(
    "place_grant",
    metadata,
    sa.Column("person", _id, sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("place", _id, sa.ForeignKey("place.id", ondelete="CASCADE"), primary_key=True, index=True),
    sa.Column("role", sa.Text, nullable=False),
    # the last moment of a guest; NULL: until taken back
    sa.Column("expires", sa.BigInteger),
)

token = sa.Table(
    "token",
    metadata,
    sa.Column("id", _id, primary_key=True),
    sa.Column("person", _id, sa.ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("expires", sa.BigInteger),
    sa.Column("scopes", sa.JSON(none_as_null=True)),
    sa.Column("created", sa.BigInteger, nullable=False),
    # A session is the token of a person who signed in; the rest says where from. The default is for older rows.
    sa.Column("session", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("agent", sa.Text, nullable=False, server_default=""),
    sa.Column("address", sa.Text, nullable=False, server_default=""),
    sa.Column("seen", sa.BigInteger),
)

invitation = sa.Table(
    "invitation",
    metadata,
    sa.Column("id", _id, primary_key=True),
    sa.Column("code_hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    # role and end by place; a place that went since is passed over
    sa.Column("grants", sa.JSON, nullable=False),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False),
    sa.Column("used_at", sa.BigInteger),
    sa.Column("used_by", _id),
    sa.Column("revoked", sa.BigInteger),
)

second_factor = sa.Table(
    "second_factor",
    metadata,
    sa.Column("person", _id, sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("confirmed", sa.BigInteger),
    sa.Column("last_step", sa.BigInteger, nullable=False),
)

recovery_code = sa.Table(
    "recovery_code",
    metadata,
    sa.Column("person", _id, sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("hash", sa.LargeBinary, primary_key=True),
)

passkey = sa.Table(
    "passkey",
    metadata,
    sa.Column("id", _id, primary_key=True),
    sa.Column("person", _id, sa.ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    # the host name that the browser bound it to
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("public_key", sa.LargeBinary, nullable=False),
    sa.Column("sign_count", sa.BigInteger, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("used", sa.BigInteger),
)

# Who a person is at an issuer of OpenID Connect.
foreign_person = sa.Table(
    "foreign_person",
    metadata,
    sa.Column("issuer", _id, primary_key=True),
    sa.Column("subject", _id, primary_key=True),
    sa.Column("person", _id, sa.ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("created", sa.BigInteger, nullable=False),
)

# No keys to people: who came in and who let them stays to be read when they are gone.
access_audit = sa.Table(
    "access_audit",
    metadata,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("by", _id, nullable=False),
    sa.Column("about", _id, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Index(None, "about", "number"),
    sa.Index(None, "by", "number"),
    sqlite_autoincrement=True,
)

setup = sa.Table(
    "setup",
    metadata,
    sa.Column("code_hash", sa.LargeBinary, primary_key=True),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger),
    sa.Column("used_at", sa.BigInteger),
)

# Every version is kept; a document that is NULL says that there is none from then on.
policy = sa.Table(
    "policy",
    metadata,
    sa.Column("root", _id, sa.ForeignKey("place.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("document", sa.Text),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
)

# No keys to things and places: what was done stays to be read when they are gone.
command_audit = sa.Table(
    "command_audit",
    metadata,
    # Counts the rows, so that the oldest are found without counting.
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("id", _id, nullable=False, unique=True),
    sa.Column("partition", sa.Text, nullable=False),
    sa.Column("thing", _id, nullable=False),
    sa.Column("root", _id, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    sa.Column("ended", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("scene", sa.Text),
    sa.Index(None, "thing", "at"),
    sa.Index(None, "who", "at"),
    sqlite_autoincrement=True,
)

outlet = sa.Table(
    "outlet",
    metadata,
    sa.Column("id", _id, primary_key=True),
    sa.Column("place", _id, sa.ForeignKey("place.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("sealed", sa.LargeBinary),
    sa.Column("created", sa.BigInteger, nullable=False),
)

outlet_state = sa.Table(
    "outlet_state",
    metadata,
    sa.Column("outlet", _id, primary_key=True),
    sa.Column("partition", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("log", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("again", sa.BigInteger, nullable=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("sent", sa.BigInteger, nullable=False),
    sa.Column("skipped", sa.BigInteger, nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("at", sa.BigInteger, nullable=False),
)

# No key to people: the hub's own token makes them too. One that is shared goes with its place.
dashboard = sa.Table(
    "dashboard",
    metadata,
    sa.Column("id", _id, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("owner", _id, nullable=False, index=True),
    sa.Column("place", _id, sa.ForeignKey("place.id", ondelete="CASCADE"), index=True),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
)

outbox = sa.Table(
    "outbox",
    metadata,
    # SQLite counts in INTEGER only; AUTOINCREMENT keeps it from handing out an id twice, which the log would take
    # for a repetition.
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("partition", sa.Text, nullable=False),
    sa.Column("entry", sa.LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", _id, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

# A definition in all its versions; the highest one is in force.
alarm_definition = sa.Table(
    "alarm_definition",
    metadata,
    sa.Column("id", _id, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("place", _id, sa.ForeignKey("place.id"), nullable=False, index=True),
    sa.Column("root", _id, sa.ForeignKey("place.id"), nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("by", sa.JSON, nullable=False),
)

# No keys to places and things: what happened stays when they go. In the order of time, without a row id beside: it is
# written in that order, read by stretches of it, and the key costs no second tree.
alarm_history = sa.Table(
    "alarm_history",
    metadata,
    sa.Column("at", sa.BigInteger, primary_key=True),
    sa.Column("partition", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True),
    sa.Column("definition", sa.Text, nullable=False),
    sa.Column("thing", _id, nullable=False),
    sa.Column("place", _id, nullable=False),
    sa.Column("root", _id, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Index(None, "thing", "at"),
    sqlite_with_rowid=False,
)

checkpoint = sa.Table(
    "checkpoint",
    metadata,
    sa.Column("partition", sa.Text, primary_key=True),
    sa.Column("log_id", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("state", sa.LargeBinary, nullable=False),
)

checkpoint_twin = sa.Table(
    "checkpoint_twin",
    metadata,
    sa.Column("partition", sa.Text, primary_key=True),
    sa.Column("thing", _id, primary_key=True),
    sa.Column("twin", sa.LargeBinary, nullable=False),
)

channel = sa.Table(
    "channel",
    metadata,
    sa.Column("id", _id, primary_key=True),
    sa.Column("person", _id, sa.ForeignKey("person.id", ondelete="CASCADE"), nullable=False),
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
    sa.UniqueConstraint("person", "address"),
)

listener = sa.Table(
    "listener",
    metadata,
    sa.Column("person", _id, sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("spans", sa.JSON, nullable=False),
    sa.Column("passes", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
)

# "group" is a reserved word of SQL.
audience = sa.Table(
    "audience",
    metadata,
    sa.Column("id", _id, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
)

audience_member = sa.Table(
    "audience_member",
    metadata,
    sa.Column("audience", _id, sa.ForeignKey("audience.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("person", _id, sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True),
)

notification = sa.Table(
    "notification",
    metadata,
    sa.Column("id", _id, primary_key=True),
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
    sa.Column("since", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("over", sa.BigInteger, nullable=False, server_default="0"),
    sa.Index(None, "accepted", "id"),
)

# No keys to channel and person: what became of a message is still to be seen when they are gone.
delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("notification", _id, sa.ForeignKey("notification.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("channel", _id, primary_key=True),
    sa.Column("person", _id, nullable=False, index=True),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("priority", sa.Text, nullable=False),
    sa.Column("group", sa.Text),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("due", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("changed", sa.BigInteger, nullable=False),
    sa.Column("alone", sa.Boolean, nullable=False),
)

# Not of a channel: removing one and adding it again is no way around a service's limit.
address = sa.Table(
    "address",
    metadata,
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("pace", sa.JSON, nullable=False),
)

# What a thing is called in a language that devices speak.
foreign_name = sa.Table(
    "foreign_name",
    metadata,
    sa.Column("dialect", _id, primary_key=True),
    sa.Column("name", _id, primary_key=True),
    sa.Column("thing", _id, sa.ForeignKey("thing.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("called", sa.Text, nullable=False, server_default=""),
)

foreign_product = sa.Table(
    "foreign_product",
    metadata,
    sa.Column("dialect", _id, primary_key=True),
    sa.Column("product", _id, primary_key=True),
    sa.Column("place", _id, sa.ForeignKey("place.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("model", _id, nullable=False),
    sa.Column("sealed", sa.LargeBinary),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
)

# A thing through which others announce themselves, where these do not come in by themselves.
bridge = sa.Table(
    "bridge",
    metadata,
    sa.Column("thing", _id, sa.ForeignKey("thing.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("waits", sa.Boolean, nullable=False),
)

# What announced itself there and waits.
newcomer = sa.Table(
    "newcomer",
    metadata,
    sa.Column("dialect", _id, primary_key=True),
    sa.Column("name", _id, primary_key=True),
    sa.Column("id", _id, nullable=False, unique=True),
    sa.Column("bridge", _id, sa.ForeignKey("thing.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("root", _id, sa.ForeignKey("place.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("called", sa.Text, nullable=False),
    sa.Column("area", sa.Text, nullable=False),
    sa.Column("parent", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("seen", sa.BigInteger, nullable=False),
    sa.Column("ignored", sa.Boolean, nullable=False),
)

# What a thing may fetch to be set otherwise, as its maker's firmware reads it; the latest that was put there.
configuration = sa.Table(
    "configuration",
    metadata,
    sa.Column("thing", _id, sa.ForeignKey("thing.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)

# What a thing may fetch to have another firmware; the latest that was put there.
firmware = sa.Table(
    "firmware",
    metadata,
    sa.Column("thing", _id, sa.ForeignKey("thing.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
