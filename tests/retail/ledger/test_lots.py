"""What is left of each lot, and when it is over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from retail.ledger.lots import Lot, dated, remaining
from tests.support.ledgers import TEA, receipt, record, sale
from verticals.store.database import reading

EXPIRIES = {"A": "2026-12-01", "B": "2026-12-24"}


def test_what_was_sold_without_a_lot_is_taken_from_the_earliest_date() -> None:
    left = remaining({"": -12000, "A": 10000, "B": 6000}, EXPIRIES)
    assert left == [Lot("B", "2026-12-24", 4000)]


def test_lots_without_a_date_go_last() -> None:
    assert [one.lot for one in remaining({"C": 1000, "B": 1000, "A": 1000}, EXPIRIES)] == ["A", "B", "C"]


def test_more_sold_than_ever_came_stays_visible() -> None:
    assert remaining({"": -3000, "A": 1000}, EXPIRIES) == [Lot("", "", -2000)]


def test_a_lot_below_zero_is_taken_from_the_others() -> None:
    assert remaining({"A": -2000, "B": 6000}, EXPIRIES) == [Lot("B", "2026-12-24", 4000)]


@given(st.dictionaries(st.sampled_from(["", "A", "B", "C"]), st.integers(-9, 9).map(lambda n: n * 1000)))
def test_what_is_left_adds_up_to_the_balance(lots: dict[str, int]) -> None:
    left = remaining(lots, EXPIRIES)
    assert sum(one.thousandths for one in left) == sum(lots.values())
    assert all(one.thousandths > 0 for one in left if one.lot)


def test_lots_that_expire_soon_are_found_at_their_place(engine: Engine) -> None:
    record(engine, receipt("d-1", 10, lot="A", expiry="2026-12-01"), receipt("d-2", 6, lot="B", expiry="2026-12-24"))
    record(engine, sale("s-1", 4))
    with reading(engine) as connection:
        assert dated(connection, "2026-12-02") == {(TEA, "floor"): [Lot("A", "2026-12-01", 6000)]}
        assert dated(connection, "2026-12-01") == {}
