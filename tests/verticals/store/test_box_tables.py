from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from tests.support.box_db import make_box_db
from tests.support.clocks import FakeClock
from verticals.places import Places
from verticals.store.audit import Audit
from verticals.store.box_tables import box
from verticals.store.database import open_database
from verticals.store.upgrade import BOX_STREAM, move, prepare_box_db


def test_the_revisions_give_the_tables_and_an_audit_that_can_begin(tmp_path: Path) -> None:
    engine = open_database(prepare_box_db(Places(tmp_path)))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_name": lambda name, kind, parents: kind != "table" or name in box.tables}
        )
        assert compare_metadata(context, box) == []
    audit = Audit(engine, FakeClock())
    assert audit.append("touched", {}) == 1
    assert audit.verify().whole
    by_hand = inspect(make_box_db(tmp_path))
    by_revision = inspect(engine)
    for table in box.tables:
        assert by_revision.get_indexes(table) == by_hand.get_indexes(table)
        assert by_revision.get_foreign_keys(table) == by_hand.get_foreign_keys(table)
        assert by_revision.get_unique_constraints(table) == by_hand.get_unique_constraints(table)
        assert by_revision.get_pk_constraint(table) == by_hand.get_pk_constraint(table)


def test_the_first_revision_goes_down_again(tmp_path: Path) -> None:
    places = Places(tmp_path)
    prepare_box_db(places)
    move(places.box_db, {BOX_STREAM: "base"})
    engine = open_database(places.box_db)
    assert not set(inspect(engine).get_table_names()) & set(box.tables)
