"""What a booking asks of a file is found by keys, however much lies there: no statement goes through a whole table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from retail.vertical import MANIFEST
from tests.support.databases import places_in
from tests.support.ledgers import MORNING, OATS, TEA, count, receipt, record, sale, void
from verticals.store.database import open_database, reading
from verticals.store.upgrade import prepare_app_db

#: Tables that grow by what happens, not by what there is to buy.
GROWING = ("ledger_documents", "ledger_lines", "ledger_counts", "ledger_voids", "ledger_unknown")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    places = places_in(tmp_path)
    places.make("retail")
    engine = open_database(prepare_app_db(places, MANIFEST))
    yield engine
    engine.dispose()


def test_a_booking_goes_through_no_table_that_grows(engine: Engine) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        asked.append((statement, values[0] if many else values))

    event.listen(engine, "before_cursor_execute", note)
    first = sale("17", 2)
    record(engine, first, sale("18", 1, OATS), receipt("r", 9), together=True)
    record(engine, void("v1", first, MORNING + 60), void("v2", sale("19"), MORNING + 61))
    record(engine, void("v0", first, MORNING + 30))  # earlier: the reversal is written anew
    record(engine, count("c", 7, at=MORNING + 90), sale("19", 1, TEA, MORNING + 10), first)
    plans = dict[str, list[str]]()
    with reading(engine) as connection:
        for statement, values in asked:
            if statement.split(" ", 1)[0] in ("SELECT", "UPDATE", "DELETE"):
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                plans[statement] = [str(row[3]) for row in rows]
    scans = {
        statement: step
        for statement, steps in plans.items()
        for step in steps
        if step.startswith("SCAN") and any(table in step for table in GROWING)
    }
    assert len(plans) >= 12
    assert any(statement.startswith("DELETE FROM ledger_lines") for statement in plans)
    assert scans == {}
