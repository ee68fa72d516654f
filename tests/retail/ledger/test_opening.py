"""Where a record begins: what a first count finds is no surplus, and every place that adds up agrees on it."""

from __future__ import annotations

from sqlalchemy import Engine, select

from retail.ledger import tables
from retail.ledger.opening import is_opening
from retail.reading import listed
from retail.settings import RetailSettings
from retail.work.losses import Losses
from retail.work.shrinkage import shrink_ledger
from tests.support.ledgers import MORNING, OATS, TEA, count, receipt, record, sale
from verticals.store.database import reading

_DAY_MS = 86_400_000


def _openings(engine: Engine) -> dict[int, bool]:
    """By the pieces that were counted."""
    with reading(engine) as connection:
        rows = connection.execute(select(tables.counts.c.thousandths, is_opening()))
        return {amount // 1000: bool(opens) for amount, opens in rows}


def test_the_first_count_over_an_empty_book_opens_the_record(engine: Engine) -> None:
    record(engine, sale("1", 3, at=MORNING - 3600), count("c1", 10), count("c2", 8, at=MORNING + 60))
    record(engine, receipt("d", 12, OATS, at=MORNING - 60), count("c3", 11, OATS))
    assert _openings(engine) == {10: True, 8: False, 11: False}, "the oats came by a delivery that one is missing of"


def test_what_the_line_is_told_says_the_same(engine: Engine) -> None:
    samples = record(engine, sale("1", 3, at=MORNING - 3600), count("c1", 10), count("c2", 8, at=MORNING + 60))
    told = {row["thousandths"] // 1000: row["opening"] for _, one in samples for row in listed(one, "variances")}
    assert told == _openings(engine) == {10: True, 8: False}


def test_an_opening_is_neither_a_surplus_nor_a_loss(engine: Engine) -> None:
    samples = record(engine, sale("1", 3, at=MORNING - 3600), count("c1", 10), count("c2", 8, at=MORNING + 60))
    now_ms = round(MORNING * 1000) + _DAY_MS
    with reading(engine) as connection:
        ledger = shrink_ledger(connection, RetailSettings(store="Store 014"), now_ms - 28 * _DAY_MS, now_ms)
    assert ledger["counts"] == 1
    assert sum(one["pieces"] for one in ledger["causes"]) == 2, "ten were there, eight are"
    losses = Losses()
    for row in (row for _, one in samples for row in listed(one, "variances")):
        losses.found(row, 20_000, 100)
    assert losses.cents() == 200


def test_late_word_of_the_time_before_makes_it_no_surplus_either(engine: Engine) -> None:
    record(engine, count("c1", 10))
    samples = record(engine, sale("late", 4, TEA, at=MORNING - 3600))
    [row] = [row for _, one in samples for row in listed(one, "variances")]
    assert (row["expected"], row["variance"], row["opening"]) == (-4000, 14_000, True)
