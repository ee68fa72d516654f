"""The promise of the ledger: the same facts in any order, once or many times, give the same on-hand everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from retail.catalogue.item_code import resolve
from retail.ledger import tables
from retail.ledger.book import book
from retail.ledger.document import Count, Document, Line, Voided
from retail.ledger.rebuild import differences, rebuild
from retail.vertical import MANIFEST
from tests.support.databases import on_server, places_in
from tests.support.ledgers import MORNING, OATS, TEA, by_definition, every_balance
from verticals.store.database import open_database
from verticals.store.upgrade import prepare_app_db

_SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
_gtins = st.sampled_from([TEA, OATS])
_places = st.sampled_from(["floor", "backroom"])
_lots = st.sampled_from(["", "", "A", "B"])
#: Few moments, so that moves and counts meet at the same one.
_moments = st.integers(0, 6).map(lambda minute: MORNING + 60 * minute)
_ways = st.sampled_from(
    [("sale", "floor", "customer"), ("return", "customer", "floor"), ("receipt", "supplier", "backroom"),
     ("move", "backroom", "floor"), ("damage", "floor", "waste"), ("expiry", "backroom", "waste"),
     ("transfer", "backroom", "transfer"), ("adjustment", "floor", "shrink")]
)  # fmt: skip


@st.composite
def _line(draw: st.DrawFn, number: int, way: tuple[str, str, str]) -> Line:
    amount = draw(st.integers(1, 9)) * 1000
    return Line(number, amount, way[1], way[2], draw(_gtins), lot=draw(_lots))


@st.composite
def _movement(draw: st.DrawFn, ref: int) -> Document:
    way = draw(_ways)
    lines = [draw(_line(number, way)) for number in range(1, draw(st.integers(1, 3)) + 1)]
    return Document("till-3", str(ref), way[0], draw(_moments), lines)


@st.composite
def _counting(draw: st.DrawFn, ref: int) -> Document:
    amount = st.integers(0, 12).map(lambda pieces: pieces * 1000)
    counts = [
        Count(number, draw(_gtins), draw(_places), draw(amount), draw(_lots))
        for number in range(1, draw(st.integers(1, 2)) + 1)
    ]
    return Document(draw(st.sampled_from(["counts", "audit"])), str(ref), "count", draw(_moments), counts=counts)


@st.composite
def _facts(draw: st.DrawFn) -> list[Document]:
    """Movements and counts, voids of some of them, and voids of what never comes."""
    facts = []
    for ref in range(draw(st.integers(1, 9))):
        facts.append(draw(st.one_of(_movement(ref), _movement(ref), _counting(ref))))
    targets = [(one.source, one.ref) for one in facts] + [("till-3", "never")]
    for ref in range(draw(st.integers(0, 4))):
        source, name = draw(st.sampled_from(targets))
        lines = draw(st.sampled_from([None, (1,), (1, 2)]))
        voids = Voided(source, name, lines)
        facts.append(Document("till-3", f"v-{ref}", "void", draw(_moments), voids=voids))
    return facts


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    places = places_in(tmp_path)
    places.make("retail")
    engine = open_database(prepare_app_db(places, MANIFEST))
    yield engine
    engine.dispose()


@pytest.fixture
def on_a_server(tmp_path: Path, cluster: object) -> Iterator[Engine]:
    with on_server(cluster, tmp_path):  # type: ignore[arg-type]
        places = places_in(tmp_path)
        places.make("retail")
        engine = open_database(prepare_app_db(places, MANIFEST))
        yield engine
        engine.dispose()


def _told(data: st.DataObject, facts: list[Document]) -> list[list[Document]]:
    """The facts in some order, some of them more than once, in bookings of some size."""
    again = data.draw(st.lists(st.sampled_from(facts), max_size=4))
    order = data.draw(st.permutations([*facts, *again]))
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(order) - 1)), max_size=len(order))))
    edges = [0, *cuts, len(order)]
    return [list(order[first:last]) for first, last in pairwise(edges) if first < last]


def _holds(engine: Engine, data: st.DataObject) -> None:
    facts = data.draw(_facts())
    with _undone(engine) as connection:
        for sequence, some in enumerate(_told(data, facts), start=1):
            book(connection, some, sequence, resolve)
        assert every_balance(connection) == by_definition(facts)
        assert differences(connection) == []


@settings(max_examples=120, deadline=None, suppress_health_check=_SLOW)
@given(data=st.data())
def test_any_order_and_any_repetition_give_the_on_hand_of_the_definition(engine: Engine, data: st.DataObject) -> None:
    _holds(engine, data)


@settings(max_examples=15, deadline=None, suppress_health_check=_SLOW)
@given(data=st.data())
def test_so_it_is_on_a_server(on_a_server: Engine, data: st.DataObject) -> None:
    _holds(on_a_server, data)


@settings(max_examples=25, deadline=None, suppress_health_check=_SLOW)
@given(data=st.data())
def test_balances_that_were_spoilt_are_found_and_rebuilt(engine: Engine, data: st.DataObject) -> None:
    facts = data.draw(_facts())
    with _undone(engine) as connection:
        book(connection, facts, 1, resolve)
        before = every_balance(connection)
        spoilt = tables.balances.update().values(thousandths=tables.balances.c.thousandths + 1)
        touched = connection.execute(spoilt).rowcount
        assert bool(differences(connection)) == bool(touched)
        rebuild(connection)
        assert every_balance(connection) == before == by_definition(facts)
        assert differences(connection) == []


@contextmanager
def _undone(engine: Engine) -> Iterator[Connection]:
    """A ledger in which nothing has happened, for one example: what that leaves is taken back."""
    with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()
