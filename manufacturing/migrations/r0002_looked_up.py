"""What people look parts up by: the time, a person's word, and whether one has still to be given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_LABELLED = sa.text("label IS NOT NULL")
_WAITING = sa.text("label IS NULL AND code > 0 AND code < 100")


def upgrade() -> None:
    op.create_index("ix_parts_station_at_code", "parts", ["station", "at_utc_s", "code"])
    op.create_index(
        "ix_parts_labelled", "parts", ["station", "at_utc_s"], sqlite_where=_LABELLED, postgresql_where=_LABELLED
    )
    op.create_index(
        "ix_parts_waiting", "parts", ["station", "sequence"], sqlite_where=_WAITING, postgresql_where=_WAITING
    )


def downgrade() -> None:
    for name in ("ix_parts_waiting", "ix_parts_labelled", "ix_parts_station_at_code"):
        op.drop_index(name, "parts")
