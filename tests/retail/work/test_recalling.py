"""What the desk is given at the start, read from a file and from a server alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import event

from retail.ledger.document import Count, Document, Line, Voided
from retail.vertical import MANIFEST
from retail.work.expected import on_hand_at
from retail.work.recalling import night_of, recall
from tests.support.databases import on_server, places_in
from tests.support.store_desks import DAY_S, HOUR_S, NINE, OATS, TEA, StoreDesk
from verticals.store.database import open_database, reading
from verticals.store.upgrade import prepare_app_db


@pytest.fixture(params=["sqlite", "postgresql"])
def store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[StoreDesk]:
    """Of a store in a file, and of one on a server."""
    with ExitStack() as stack:
        if request.param == "postgresql":
            stack.enter_context(on_server(request.getfixturevalue("cluster"), tmp_path))
        places = places_in(tmp_path)
        places.make("retail")
        engine = open_database(prepare_app_db(places, MANIFEST))
        yield StoreDesk(engine)
        engine.dispose()


def test_all_of_it_is_told_in_portions_and_its_end_is_said(store: StoreDesk) -> None:
    store.catalogue()
    store.sold_for_weeks(TEA, a_day=6, days=7)
    store.move("customer", "floor", 2, TEA, "return", at=NINE - DAY_S, price_cents=900)
    store.move("floor", "shrink", 3, TEA, "adjustment")
    store.count(0)
    store.advance(130)
    sheet = store.must("count-plan", fixture="A1")["sheet"]
    store.must("count-start", sheet=sheet)
    store.must("count-lines", sheet=sheet, lines=[{"key": "k", "gtin": TEA, "quantity": 0, "mode": "set"}])
    store.lose_what_is_told = True
    store.must("count-finish", sheet=sheet)
    with reading(store.engine) as connection:
        told = list(recall(connection))
    sold = [row for one in told for row in one.get("sold", [])]
    assert len(sold) == 7
    assert sum(row[2] for row in sold) == 42_000 - 2000
    assert sum(row[3] for row in sold) == 42 * 450 - 900
    assert [row["variance"] for one in told for row in one.get("found", [])] == [1000]
    assert [row["thousandths"] for one in told for row in one.get("lost", [])] == [3000]
    assert {row["gtin"] for one in told for row in one.get("beliefs", [])} == {TEA}
    assert [one["kind"] for one in told if one.get("whole")] == ["work"]
    assert told[-1] == {"kind": "expected", "sheet": sheet, "items": [{"number": 1, "thousandths": 0}]}
    store.lose_what_is_told = False
    store.restart()
    assert store.station.work.counts.sheets[sheet].state == "posted"


def test_what_was_expected_at_a_moment_is_the_ledgers_definition(store: StoreDesk) -> None:
    store.catalogue()
    store.stock(10, at=NINE - 5 * HOUR_S)
    store.sell(2, at=NINE - 4 * HOUR_S)
    store.book(Document("audit", "a", "count", NINE - 3 * HOUR_S, counts=[Count(1, TEA, "floor", 5000)]))
    store.sell(1, at=NINE - 2 * HOUR_S)
    store.book(Document("till-3", "s9", "sale", NINE - HOUR_S, [Line(1, 2000, "floor", "customer", TEA)]))
    store.book(Document("till-3", "v9", "void", NINE - HOUR_S / 2, voids=Voided("till-3", "s9")))

    def at(hours_ago: float) -> int:
        with reading(store.engine) as connection:
            return on_hand_at(connection, TEA, "floor", round((NINE - hours_ago * HOUR_S) * 1000))

    assert [at(hours) for hours in (6, 5, 4.5, 4, 3, 2.5, 2, 1, 0)] == [
        0, 10_000, 10_000, 8000, 5000, 5000, 4000, 2000, 4000,
    ]  # fmt: skip
    with reading(store.engine) as connection:
        assert on_hand_at(connection, OATS, "floor", 2**50) == 0


def test_a_day_goes_from_the_middle_of_the_quietest_hours() -> None:
    assert night_of([[hour, 100] for hour in range(6, 22)]) in (0, 1, 2, 3)
    assert night_of([[hour % 24, 100] for hour in range(20, 36)]) in (14, 15, 16, 17)  # a store far from Greenwich
    assert night_of([]) == 0


def test_weeks_are_read_by_an_index_whatever_lies_before_them(desk: StoreDesk) -> None:
    asked: list[str] = []
    event.listen(desk.engine, "before_cursor_execute", lambda *said: asked.append(_with_values(said[2], said[3])))
    with reading(desk.engine) as connection:
        list(recall(connection))
    plans = []
    with reading(desk.engine) as connection:
        for query in [one for one in asked if "ledger_lines" in one and one.startswith("SELECT")]:
            plans += [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")]
    steps = [one for one in plans if "ledger_lines" in one]
    assert len(steps) == 3  # hours, sales, what was written off
    assert all(one.startswith("SEARCH ledger_lines USING PRIMARY KEY (document>") for one in steps), steps


def _with_values(query: str, values: tuple[object, ...]) -> str:
    for value in values:
        query = query.replace("?", repr(value), 1)
    return query
