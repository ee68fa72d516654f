"""The first table of manufacturing: one row a part."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "parts",
        sa.Column("sequence", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("station", sa.String(60), nullable=False),
        sa.Column("part_id", sa.String(60), nullable=False),
        sa.Column("at_utc_s", sa.Float, nullable=False),
        sa.Column("shift", sa.String(80), nullable=False),
        sa.Column("verdict", sa.String(10), nullable=False),
        sa.Column("code", sa.Integer, nullable=False),
        sa.Column("score", sa.Float),
        sa.Column("threshold", sa.Float),
        sa.Column("model", sa.String(120)),
        sa.Column("model_sha256", sa.String(64)),
        sa.Column("image_sha256", sa.String(64)),
        sa.Column("heat_sha256", sa.String(64)),
        sa.Column("simulated", sa.Boolean, nullable=False),
        sa.Column("delivery", sa.String(10)),
        sa.Column("gate_rejected", sa.Boolean),
        sa.Column("label", sa.String(20)),
        sa.Column("label_who", sa.String(60)),
        sa.Column("defect", sa.String(80)),
        sa.PrimaryKeyConstraint("sequence", name="pk_parts"),
    )
    op.create_index("ix_parts_station_part", "parts", ["station", "part_id"])
    op.create_index("ix_parts_station_shift", "parts", ["station", "shift"])


def downgrade() -> None:
    op.drop_table("parts")
