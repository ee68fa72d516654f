"""The first tables of a box: accounts, sessions, audit, outbox, jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _people()
    _sessions()
    _audit()
    _outbox()
    _jobs()


def downgrade() -> None:
    for table in ("due", "jobs", "outbox_lost", "outbox", "audit_head", "audit", "sessions", "lockouts", "grants"):
        op.drop_table(table)
    op.drop_table("accounts")


def _people() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("badge_sha256", sa.String(64), nullable=True),
        sa.Column("pin_salt", sa.LargeBinary, nullable=True),
        sa.Column("pin_hash", sa.LargeBinary, nullable=True),
        sa.Column("pin_cost", sa.String(40), nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("removed", sa.Boolean, nullable=False),
        sa.Column("created_utc_s", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("name", name="uq_accounts_name"),
        sa.UniqueConstraint("badge_sha256", name="uq_accounts_badge_sha256"),
    )
    op.create_table(
        "grants",
        sa.Column("account", sa.Integer, nullable=False),
        sa.Column("app", sa.String(40), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("account", "app", name="pk_grants"),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name="fk_grants_account", ondelete="CASCADE"),
    )


def _sessions() -> None:
    op.create_table(
        "lockouts",
        sa.Column("scope", sa.String(120), nullable=False),
        sa.Column("wrong", sa.Integer, nullable=False),
        sa.Column("lock_s", sa.Float, nullable=False),
        sa.Column("until_mono_s", sa.Float, nullable=False),
        sa.Column("until_utc_s", sa.Float, nullable=False),
        sa.Column("boot", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("scope", name="pk_lockouts"),
    )
    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("account", sa.Integer, nullable=False),
        sa.Column("terminal", sa.String(80), nullable=False),
        sa.Column("opened_utc_s", sa.Float, nullable=False),
        sa.Column("used_mono_s", sa.Float, nullable=False),
        sa.Column("idle_limit_s", sa.Float, nullable=False),
        sa.Column("boot", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_sessions"),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name="fk_sessions_account", ondelete="CASCADE"),
    )
    op.create_index("ix_sessions_account", "sessions", ["account"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("sequence", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("at_utc_ms", sa.BigInteger, nullable=False),
        sa.Column("at_local", sa.String(40), nullable=False),
        sa.Column("app", sa.String(40), nullable=False),
        sa.Column("act", sa.String(80), nullable=False),
        sa.Column("who", sa.String(80), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit"),
    )
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.bulk_insert(head, [{"id": 1, "sequence": 0, "hash": "0" * 64, "signature": ""}])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("stream", sa.String(80), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(80), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("created_utc_s", sa.Float, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("retry_utc_s", sa.Float, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("sent_utc_s", sa.Float, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("stream", "key", name="uq_outbox_stream_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_stream_sent_utc_s_id", "outbox", ["stream", "sent_utc_s", "id"])
    op.create_table(
        "outbox_lost",
        sa.Column("stream", sa.String(80), nullable=False),
        sa.Column("lost", sa.Integer, nullable=False),
        sa.Column("last_utc_s", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("stream", name="pk_outbox_lost"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("app", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(80), nullable=False),
        sa.Column("inputs", sa.Text, nullable=False),
        sa.Column("input_sha256", sa.String(64), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("progress", sa.Float, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("result", sa.Text, nullable=True),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("who", sa.String(80), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("cancel_asked", sa.Boolean, nullable=False),
        sa.Column("asked_utc_s", sa.Float, nullable=False),
        sa.Column("started_utc_s", sa.Float, nullable=True),
        sa.Column("ended_utc_s", sa.Float, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_jobs_state_id", "jobs", ["state", "id"])
    op.create_index("ix_jobs_app_kind_id", "jobs", ["app", "kind", "id"])
    op.create_table(
        "due",
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("last_utc_s", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_due"),
    )
