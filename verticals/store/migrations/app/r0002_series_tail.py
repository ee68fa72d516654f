"""Series are written once a second into a tail and once a minute to their place: a hundredth of the pages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _series(name: str, *key: str) -> None:
    op.create_table(
        name,
        sa.Column("minute", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("channel", sa.String(128), nullable=False),
        sa.Column("readings", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint(*key, name="pk_series"),
    )


def _again(*key: str) -> None:
    """The same rows under another key, which SQLite and PostgreSQL both can only do by a new table."""
    op.execute("CREATE TABLE series_before AS SELECT minute, channel, readings FROM series")
    op.drop_table("series")
    _series("series", *key)
    op.execute("INSERT INTO series (minute, channel, readings) SELECT minute, channel, readings FROM series_before")
    op.drop_table("series_before")


def upgrade() -> None:
    op.drop_index("ix_series_minute", "series")
    _again("minute", "channel")
    op.create_table(
        "series_tail",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("points", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_series_tail"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("series_tail")
    _again("channel", "minute")
    op.create_index("ix_series_minute", "series", ["minute"])
