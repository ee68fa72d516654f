"""The first tables of an app: events, states, series, evidence, commands, inbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    numbering = op.create_table(
        "numbering",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_numbering"),
    )
    op.bulk_insert(numbering, [{"name": "event", "last": 0}])
    op.create_table(
        "events",
        sa.Column("sequence", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("at_utc_s", sa.Float, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("station", sa.String(64), nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_events"),
    )
    for column in ("station", "kind", "subject"):
        op.create_index(f"ix_events_{column}_sequence", "events", [column, "sequence"])
    op.create_index("ix_events_at_utc_s", "events", ["at_utc_s"])
    op.create_table(
        "states",
        sa.Column("station", sa.String(64), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("station", name="pk_states"),
    )
    op.create_table(
        "series",
        sa.Column("channel", sa.String(128), nullable=False),
        sa.Column("minute", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("readings", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("channel", "minute", name="pk_series"),
    )
    op.create_index("ix_series_minute", "series", ["minute"])
    _evidence()
    _asked()


def _evidence() -> None:
    op.create_table(
        "evidence",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("media_type", sa.String(64), nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("stored_at_utc_s", sa.Float, nullable=False),
        sa.Column("holds", sa.Integer, nullable=False),
        sa.Column("evicted_at_utc_s", sa.Float, nullable=True),
        sa.PrimaryKeyConstraint("sha256", name="pk_evidence"),
    )
    op.create_index("ix_evidence_evicted_at_utc_s_stored_at_utc_s", "evidence", ["evicted_at_utc_s", "stored_at_utc_s"])


def _asked() -> None:
    op.create_table(
        "commands",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("station", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("args", sa.Text, nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("asked_at_utc_s", sa.Float, nullable=False),
        sa.Column("asked_at_mono_s", sa.Float, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("accepted", sa.Boolean, nullable=True),
        sa.Column("reason", sa.Text, nullable=True),
        sa.Column("reply", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_commands"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_commands_accepted", "commands", ["accepted", "id"])
    op.create_table(
        "inbox",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("at_utc_s", sa.Float, nullable=False),
        sa.Column("done_sequence", sa.Integer, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint("source", "key", name="uq_inbox_source_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_inbox_done_sequence", "inbox", ["done_sequence", "id"])


def downgrade() -> None:
    for table in ("inbox", "commands", "evidence", "series", "states", "events", "numbering"):
        op.drop_table(table)
