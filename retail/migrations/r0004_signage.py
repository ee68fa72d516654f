"""What the screens in the store showed, by time slot."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "signage_slots",
        sa.Column("slot_ms", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("content", sa.String(40), nullable=False),
        sa.Column("rule", sa.String(20), nullable=False),
        sa.Column("bucket", sa.String(30), nullable=False),
        sa.Column("held_out", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("slot_ms", name="pk_signage_slots"),
    )


def downgrade() -> None:
    op.drop_table("signage_slots")
