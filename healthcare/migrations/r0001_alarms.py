"""Every alarm with what became of it, and who lay where."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "alarms",
        sa.Column("id", sa.String(80), nullable=False),
        sa.Column("bed", sa.String(60), nullable=False),
        sa.Column("code", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("priority", sa.String(10), nullable=False),
        sa.Column("label", sa.String(80), nullable=False),
        sa.Column("text", sa.String(120), nullable=False),
        sa.Column("measure", sa.String(40), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("began_utc_s", sa.Float, nullable=False),
        sa.Column("ended_utc_s", sa.Float, nullable=True),
        sa.Column("acknowledged_utc_s", sa.Float, nullable=True),
        sa.Column("acknowledged_by", sa.String(60), nullable=False),
        sa.Column("owner", sa.String(60), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("waves", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_alarms"),
    )
    op.create_index("ix_alarms_began_utc_s", "alarms", ["began_utc_s"])
    op.create_index("ix_alarms_bed_began_utc_s", "alarms", ["bed", "began_utc_s"])
    op.create_table(
        "stays",
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("bed", sa.String(60), nullable=False),
        sa.Column("patient_id", sa.String(80), nullable=False),
        sa.Column("family", sa.String(80), nullable=False),
        sa.Column("given", sa.String(80), nullable=False),
        sa.Column("birth_date", sa.String(10), nullable=False),
        sa.Column("since_utc_s", sa.Float, nullable=False),
        sa.Column("until_utc_s", sa.Float, nullable=True),
        sa.Column("how", sa.String(20), nullable=False),
        sa.Column("who", sa.String(60), nullable=False),
        sa.Column("struck", sa.String(200), nullable=False),
        sa.Column("over", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_stays"),
    )
    op.create_index("ix_stays_bed_since_utc_s", "stays", ["bed", "since_utc_s"])


def downgrade() -> None:
    op.drop_table("stays")
    op.drop_table("alarms")
