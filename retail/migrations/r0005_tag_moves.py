"""What tags of each product did last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "tag_moves",
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("movement", sa.String(10), nullable=False),
        sa.Column("before", sa.String(40), nullable=False),
        sa.Column("zone", sa.String(40), nullable=False),
        sa.Column("reader", sa.String(60), nullable=False),
        sa.Column("tags", sa.Integer, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("gtin", "movement", "before", "zone", name="pk_tag_moves"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("tag_moves")
