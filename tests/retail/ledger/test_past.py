"""What people read of the ledger: lines that were told again and differently."""

from __future__ import annotations

from sqlalchemy import Engine

from retail.ledger.document import Document, Line
from retail.ledger.past import conflicts
from tests.support.ledgers import MORNING, OATS, TEA, count, record, sale, void
from verticals.store.database import reading


def _found(engine: Engine, gtin: str = "") -> list[dict[str, object]]:
    with reading(engine) as connection:
        return conflicts(connection, gtin=gtin)


def test_what_stands_and_what_was_said_later_are_both_told(engine: Engine) -> None:
    record(engine, sale("17", 2), sale("17", 3), sale("18", 1, OATS), sale("18", 1, TEA))
    newest, oldest = _found(engine)
    assert (oldest["source"], oldest["ref"], oldest["kind"], oldest["line"]) == ("till-3", "17", "sale", 1)
    assert oldest["stands"]["thousandths"] == 2000 and oldest["said"]["thousandths"] == 3000  # type: ignore[index]
    assert newest["stands"]["gtin"] == OATS and newest["said"]["gtin"] == TEA  # type: ignore[index]
    assert len(_found(engine, TEA)) == 2 and len(_found(engine, OATS)) == 1


def test_a_line_that_waits_for_its_code_can_be_told_differently_too(engine: Engine) -> None:
    for code in ("4711", "4712"):
        line = Line(1, 1000, "floor", "customer", code=code)
        record(engine, Document("till-3", "19", "sale", MORNING, [line]))
    (found,) = _found(engine)
    assert found["stands"]["code"] == "4711" and found["said"]["code"] == "4712"  # type: ignore[index]


def test_what_was_told_twice_ends_when_each_of_its_products_was_counted_since(engine: Engine) -> None:
    record(engine, count("before", 9, TEA), sale("18", 1, OATS), sale("18", 1, TEA))
    assert len(_found(engine)) == 1, "the count was before it"
    counted = count("oats", 5, OATS)
    record(engine, counted)
    assert len(_found(engine)) == 1, "nobody looked at the tea"
    record(engine, count("tea elsewhere", 5, TEA, place="backroom"))
    assert len(_found(engine)) == 1
    record(engine, count("tea", 5, TEA))
    assert _found(engine) == []
    record(engine, void("void", counted))
    assert len(_found(engine)) == 1, "a count that is taken back settles nothing"
