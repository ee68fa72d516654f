from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from tests.support.box_db import make_box_db
from tests.support.clocks import FakeClock
from tests.support.databases import places_in
from verticals.store.audit import Audit
from verticals.store.box_tables import box
from verticals.store.database import open_database
from verticals.store.upgrade import BOX_STREAM, move, prepare_box_db


def unbound(found: Any) -> bool:
    """Whether it is only that a server's texts have no length: see `schemas.unbound_texts`."""
    return isinstance(found, list) and all(change[0] == "modify_type" for change in found)


def test_the_revisions_give_the_tables_and_an_audit_that_can_begin(tmp_path: Path, kind: str) -> None:
    engine = open_database(prepare_box_db(places_in(tmp_path)))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_name": lambda name, kind, parents: kind != "table" or name in box.tables}
        )
        assert [found for found in compare_metadata(context, box) if not unbound(found)] == []
    audit = Audit(engine, FakeClock())
    assert audit.append("touched", {}) == 1
    assert audit.verify().whole
    if kind != "sqlite":
        return
    by_hand = inspect(make_box_db(tmp_path))
    by_revision = inspect(engine)
    for table in box.tables:
        assert by_revision.get_indexes(table) == by_hand.get_indexes(table)
        assert by_revision.get_foreign_keys(table) == by_hand.get_foreign_keys(table)
        assert by_revision.get_unique_constraints(table) == by_hand.get_unique_constraints(table)
        assert by_revision.get_pk_constraint(table) == by_hand.get_pk_constraint(table)


def test_the_first_revision_goes_down_again(tmp_path: Path) -> None:
    places = places_in(tmp_path)
    prepare_box_db(places)
    move(places.box_store, {BOX_STREAM: "base"})
    engine = open_database(places.box_store)
    assert not set(inspect(engine).get_table_names()) & set(box.tables)
