"""EPCIS: captured events, what they are about, the captures, and what they would mean for the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "epcis_captures",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("taken", sa.Integer, nullable=False),
        sa.Column("known", sa.Integer, nullable=False),
        sa.Column("refused", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_epcis_captures"),
    )
    op.create_table(
        "epcis_events",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("declared_ms", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("recorded_ms", sa.BigInteger, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_epcis_events"),
        sa.UniqueConstraint("name", "declared_ms", name="uq_epcis_events_name_declared_ms"),
    )
    op.create_index("ix_epcis_events_at_ms", "epcis_events", ["at_ms", "id"])
    op.create_table(
        "epcis_proposals",
        sa.Column("ref", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("who", sa.String(60), nullable=False),
        sa.PrimaryKeyConstraint("ref", name="pk_epcis_proposals"),
    )
    op.create_index("ix_epcis_proposals_state_at_ms", "epcis_proposals", ["state", "at_ms"])
    op.create_table(
        "epcis_things",
        sa.Column("thing", sa.String(64), nullable=False),
        sa.Column("event", sa.Integer, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("thing", "event", name="pk_epcis_things"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for table in ("epcis_things", "epcis_proposals", "epcis_events", "epcis_captures"):
        op.drop_table(table)
