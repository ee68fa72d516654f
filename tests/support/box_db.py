"""A box's own database for tests, made without Alembic (it takes 1 s)."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, insert

from verticals.store import box_tables
from verticals.store.database import open_database


def make_box_db(folder: Path) -> Engine:
    """box.db in `folder` with its tables and the first head of the audit."""
    engine = open_database(folder / "box.db")
    with engine.begin() as connection:
        box_tables.box.create_all(connection)
        connection.execute(insert(box_tables.audit_head).values(id=1, sequence=0, hash="0" * 64, signature=""))
    return engine
