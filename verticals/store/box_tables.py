"""The tables of box/box.db: who may do what, what was changed by whom, what waits to be sent and to be done.

Changing one needs a revision in `verticals/store/migrations/box`; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from verticals.store.tables import NAMING

box = MetaData(naming_convention=NAMING)

#: A removed account keeps its number and name for the audit, and nothing that opens a door.
accounts = Table(
    "accounts",
    box,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("badge_sha256", String(64), unique=True),
    Column("pin_salt", LargeBinary),
    Column("pin_hash", LargeBinary),
    Column("pin_cost", String(40), nullable=False),  # "scrypt:n:r:p"
    Column("disabled", Boolean, nullable=False),
    Column("removed", Boolean, nullable=False),
    Column("created_utc_s", Float, nullable=False),
)

grants = Table(
    "grants",
    box,
    Column("account", Integer, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("app", String(40), primary_key=True),
    Column("role", String(40), nullable=False),
)

#: Wrong PINs in a row: `scope` is "account:<id>" or "terminal:<name>". The lock ends by the monotonic clock
#: of the boot it was set in, after a new boot by UTC, never later than `lock_s` from then.
lockouts = Table(
    "lockouts",
    box,
    Column("scope", String(120), primary_key=True),
    Column("wrong", Integer, nullable=False),
    Column("lock_s", Float, nullable=False),
    Column("until_mono_s", Float, nullable=False),
    Column("until_utc_s", Float, nullable=False),
    Column("boot", String(40), nullable=False),
)

#: Times are monotonic of one boot: no session outlives a restart of the box.
sessions = Table(
    "sessions",
    box,
    Column("token_sha256", String(64), primary_key=True),
    Column("account", Integer, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("terminal", String(80), nullable=False),
    Column("opened_utc_s", Float, nullable=False),
    Column("used_mono_s", Float, nullable=False),
    Column("idle_limit_s", Float, nullable=False),
    Column("boot", String(40), nullable=False),
    Index("ix_sessions_account", "account"),
)

#: `detail` is canonical JSON text and is hashed as it stands.
audit = Table(
    "audit",
    box,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at_utc_ms", BigInteger, nullable=False),
    Column("at_local", String(40), nullable=False),
    Column("app", String(40), nullable=False),
    Column("act", String(80), nullable=False),
    Column("who", String(80), nullable=False),
    Column("role", String(40), nullable=False),
    Column("detail", Text, nullable=False),
    Column("hash", String(64), nullable=False),
)

#: One row: the newest entry's number and hash. Every writer of the box database takes its turn on it.
audit_head = Table(
    "audit_head",
    box,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sequence", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("signature", Text, nullable=False),
)

#: `sent_utc_s` is null while it waits; sent rows stay a while so that a key is not taken twice.
outbox = Table(
    "outbox",
    box,
    Column("id", Integer, primary_key=True),
    Column("stream", String(80), nullable=False),
    Column("key", String(200), nullable=False),
    Column("kind", String(80), nullable=False),
    Column("payload", Text, nullable=False),
    Column("created_utc_s", Float, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("retry_utc_s", Float, nullable=False),
    Column("problem", Text, nullable=False),
    Column("sent_utc_s", Float),
    UniqueConstraint("stream", "key"),
    Index("ix_outbox_stream_sent_utc_s_id", "stream", "sent_utc_s", "id"),
    sqlite_autoincrement=True,
)

outbox_lost = Table(
    "outbox_lost",
    box,
    Column("stream", String(80), primary_key=True),
    Column("lost", Integer, nullable=False),
    Column("last_utc_s", Float, nullable=False),
)

jobs = Table(
    "jobs",
    box,
    Column("id", Integer, primary_key=True),
    Column("app", String(40), nullable=False),
    Column("kind", String(80), nullable=False),
    Column("inputs", Text, nullable=False),
    Column("input_sha256", String(64), nullable=False),
    Column("state", String(12), nullable=False),
    Column("progress", Float, nullable=False),
    Column("text", Text, nullable=False),
    Column("result", Text),
    Column("problem", Text, nullable=False),
    Column("who", String(80), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("cancel_asked", Boolean, nullable=False),
    Column("asked_utc_s", Float, nullable=False),
    Column("started_utc_s", Float),
    Column("ended_utc_s", Float),
    Index("ix_jobs_state_id", "state", "id"),
    Index("ix_jobs_app_kind_id", "app", "kind", "id"),
    sqlite_autoincrement=True,
)

#: When each recurring duty was last begun.
due = Table(
    "due",
    box,
    Column("name", String(80), primary_key=True),
    Column("last_utc_s", Float, nullable=False),
)
