"""The tail of the series counts without a counter of its own, which cost SQLite a page more at each write."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def _again(*, counter: bool) -> None:
    """The same rows; to SQLite alone it makes a difference, and it can only do it by a new table."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute("CREATE TABLE series_tail_before AS SELECT id, points FROM series_tail")
    op.drop_table("series_tail")
    op.create_table(
        "series_tail",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("points", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_series_tail"),
        sqlite_autoincrement=counter,
    )
    op.execute("INSERT INTO series_tail (id, points) SELECT id, points FROM series_tail_before")
    op.drop_table("series_tail_before")


def upgrade() -> None:
    _again(counter=False)


def downgrade() -> None:
    _again(counter=True)
