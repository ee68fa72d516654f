"""The tables of an app's own database, `<app>/events.db`. Times are UTC seconds since the epoch.

Changing one needs a revision in `verticals/store/migrations/app`; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
metadata = MetaData(naming_convention=NAMING)

#: The last number given, by name. One row, `event`: numbers never come twice, whatever is deleted later.
numbering = Table(
    "numbering",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("last", Integer, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at_utc_s", Float, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("station", String(64), nullable=False),
    Column("who", String(64), nullable=False),
    Column("data", Text, nullable=False),
    Index("ix_events_station_sequence", "station", "sequence"),
    Index("ix_events_kind_sequence", "kind", "sequence"),
    Index("ix_events_subject_sequence", "subject", "sequence"),
    Index("ix_events_at_utc_s", "at_utc_s"),
)

#: `sequence`: the last event that the saved state already holds.
states = Table(
    "states",
    metadata,
    Column("station", String(64), primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("data", Text, nullable=False),
)

#: One channel and minute a row; `readings` is a run of 10-byte records, see `series.py`. The minute comes first, so
#: that the rows of one minute lie together: written once a minute, they fill few pages instead of one each.
series = Table(
    "series",
    metadata,
    Column("minute", Integer, primary_key=True, autoincrement=False),
    Column("channel", String(128), primary_key=True),
    Column("readings", LargeBinary, nullable=False),
)

#: The newest points of all channels, a row for each time they were written; each minute they move into `series`.
series_tail = Table(
    "series_tail",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("points", LargeBinary, nullable=False),
)

#: `holds` open cases keep a file past the budget; `evicted_at_utc_s` says when the file went.
evidence = Table(
    "evidence",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("media_type", String(64), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("stored_at_utc_s", Float, nullable=False),
    Column("holds", Integer, nullable=False),
    Column("evicted_at_utc_s", Float, nullable=True),
    Index("ix_evidence_evicted_at_utc_s_stored_at_utc_s", "evicted_at_utc_s", "stored_at_utc_s"),
)

#: `withdrawn`: the asker gave up before the line took it; it must not be carried out any more.
commands = Table(
    "commands",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("station", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("args", Text, nullable=False),
    Column("who", String(64), nullable=False),
    Column("role", String(64), nullable=False),
    Column("asked_at_utc_s", Float, nullable=False),
    Column("asked_at_mono_s", Float, nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    Column("accepted", Boolean, nullable=True),
    Column("reason", Text, nullable=True),
    Column("reply", Text, nullable=True),
    Index("ix_commands_accepted", "accepted", "id"),
    sqlite_autoincrement=True,
)

#: `done_sequence`: the last event recorded when the line had worked it; null while it waits.
inbox = Table(
    "inbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("key", String(200), nullable=False),
    Column("payload", Text, nullable=False),
    Column("at_utc_s", Float, nullable=False),
    Column("done_sequence", Integer, nullable=True),
    UniqueConstraint("source", "key"),
    Index("ix_inbox_done_sequence", "done_sequence", "id"),
    sqlite_autoincrement=True,
)
