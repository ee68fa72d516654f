"""The parts table over a real store: written with its events, and only by them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from manufacturing import quality_tables, review_tables, tables
from manufacturing.vertical import MANIFEST
from tests.support.databases import on_server, places_in
from verticals.contract import Event
from verticals.store.database import open_database, reading
from verticals.store.events import Entry, EventStore
from verticals.store.upgrade import prepare_app_db


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Of a store in a file, and of one on a server."""
    with ExitStack() as stack:
        if request.param == "postgresql":
            stack.enter_context(on_server(request.getfixturevalue("cluster"), tmp_path))
        places = places_in(tmp_path)
        places.make("manufacturing")
        engine = open_database(prepare_app_db(places, MANIFEST))
        yield engine
        engine.dispose()


def part(number: int, *, verdict: str = "accept", code: int = 0) -> Event:
    data = {"shift": "2026-11-23 Day", "verdict": verdict, "code": code, "simulated": False, "score": 1.0}
    return Event("part", str(number), 1.0, data, "line-3")


def record(engine: Engine, *events: Event) -> None:
    EventStore(engine, tables.project).append([Entry(events=events)])


def test_a_label_and_the_gate_find_their_part(engine: Engine) -> None:
    record(engine, part(7, verdict="reject", code=1))
    record(engine, Event("gate", "7", 2.0, {"rejected": True}, "line-3"))
    record(engine, Event("label", "7", 3.0, {"label": "false-reject"}, "line-3", "Operator 14"))
    record(engine, Event("delivery", "7", 3.0, {"target": "line-3-cell.result", "delivery": "missed"}, "line-3"))
    with engine.connect() as connection:
        row = tables.find_part(connection, "line-3", "7")
    assert row is not None
    assert row["gate_rejected"] is True
    assert (row["label"], row["label_who"], row["delivery"]) == ("false-reject", "Operator 14", "missed")


def test_a_reused_part_id_means_the_newest_part(engine: Engine) -> None:
    record(engine, part(7), part(7, verdict="reject", code=1))
    with engine.connect() as connection:
        row = tables.find_part(connection, "line-3", "7")
        assert len(tables.last_parts(connection, "line-3", 10)) == 2
    assert row is not None
    assert row["verdict"] == "reject"


def test_reject_shares_come_in_full_samples_oldest_first(engine: Engine) -> None:
    record(engine, *(part(n, verdict="reject" if n < 2 else "accept") for n in range(10)))
    with engine.connect() as connection:
        assert tables.reject_shares(connection, "line-3", 4, 30) == [(0, 4), (0, 4)]
        assert tables.reject_shares(connection, "line-3", 5, 30) == [(2, 5), (0, 5)]


def test_the_declared_table_is_the_migrated_one(engine: Engine) -> None:
    from sqlalchemy import inspect

    columns = {column["name"] for column in inspect(engine).get_columns("parts")}
    assert columns == {column.name for column in tables.parts.columns}


def test_a_label_names_its_part_by_its_number_and_may_be_taken_back(engine: Engine) -> None:
    record(engine, part(7, verdict="reject", code=1), part(7, verdict="reject", code=1))
    record(engine, Event("label", "7", 3.0, {"label": "right", "defect": "dent", "of": 1}, "line-3", "Operator 14"))
    with engine.connect() as connection:
        newer, older = tables.last_parts(connection, "line-3", 2)
    assert (older["label"], older["defect"], newer["label"]) == ("right", "dent", None)
    record(engine, Event("label", "7", 4.0, {"label": "none", "of": 1}, "line-3"))
    with engine.connect() as connection:
        older = tables.last_parts(connection, "line-3", 2)[1]
    assert (older["label"], older["label_who"], older["defect"]) == (None, None, None)


def test_the_declared_indexes_are_the_migrated_ones(engine: Engine) -> None:
    from sqlalchemy import inspect

    indexes = {str(index["name"]) for index in inspect(engine).get_indexes("parts")}
    assert indexes == {str(index.name) for index in tables.parts.indexes}


def test_what_pages_count_is_the_same_on_both(engine: Engine) -> None:
    codes = [0, 1, 0, 0, 0, 1, 1, 0]
    record(engine, *(replace(part(n, code=code), at_utc_s=float(n)) for n, code in enumerate(codes)))
    record(engine, Event("label", "1", 9.0, {"label": "right", "defect": "dent"}, "line-3", who="Operator 14"))
    record(engine, Event("label", "2", 9.0, {"label": "missed-defect", "defect": ""}, "line-3", who="Operator 14"))
    span = quality_tables.Span("line-3", 0.0, 100.0)
    with reading(engine) as connection:
        assert quality_tables.samples(connection, span, 3) == [(1, 3), (1, 3)]
        assert quality_tables.code_counts(connection, span) == {0: 5, 1: 3}
        assert quality_tables.label_counts(connection, span) == {("right", False): 1, ("missed-defect", True): 1}
        assert quality_tables.defect_counts(connection, span) == {"dent": 1, "not named": 1}
        assert quality_tables.ends(connection, span) == (1, 8)
        assert review_tables.count_waiting(connection, "line-3") == len(
            review_tables.waiting(connection, "line-3", skip=0, most=50)
        )
        assert review_tables.next_waiting(connection, "line-3", 8) < 8
