"""A box's own database for tests, made without Alembic (it takes 1 s)."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, insert

from tests.support.databases import open_in
from verticals.store import box_tables
from verticals.store.schemas import unbound_texts


def make_box_db(folder: Path) -> Engine:
    """box.db in `folder` with its tables and the first head of the audit."""
    engine = open_in(folder, "box")
    with engine.begin() as connection:
        box_tables.box.create_all(connection)
        connection.execute(insert(box_tables.audit_head).values(id=1, sequence=0, hash="0" * 64, signature=""))
        if connection.dialect.name == "postgresql":
            unbound_texts(connection)
    return engine
