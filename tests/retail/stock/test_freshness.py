"""Lots by expiry."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retail.stock.freshness import BEST_BEFORE, Lot, advise, fefo, state_of

TODAY = datetime.date(2026, 3, 10)


def lot(days: int | None, pieces: int = 10, ai: str = "17", name: str = "L") -> Lot:
    return Lot(f"{name}{days}", pieces, None if days is None else TODAY + datetime.timedelta(days), ai)


def test_the_earliest_expiry_goes_first_and_undated_lots_last() -> None:
    assert [each.lot for each in fefo([lot(None), lot(5), lot(-1), lot(2)])] == ["L-1", "L2", "L5", "LNone"]


@pytest.mark.parametrize(
    ("days", "ai", "state"),
    [
        (-1, "17", "blocked"),
        (-1, BEST_BEFORE, "past"),
        (0, "17", "soon"),
        (3, "17", "soon"),
        (4, "17", "ok"),
        (None, "17", "ok"),
    ],
)
def test_a_use_by_date_blocks_and_a_best_before_date_warns(days: int | None, ai: str, state: str) -> None:
    assert state_of(lot(days, ai=ai), TODAY) == state


def test_what_will_not_sell_in_time_is_marked_down_by_the_ladder() -> None:
    first, second = advise([lot(1, 8), lot(3, 10)], lambda days: 2.0 * days, TODAY)
    assert first.percent == 50
    assert first.waste_pieces == pytest.approx(8 - 4, abs=0.3)
    assert second.percent == 30
    assert (
        second.reason
        == f"3 days left, 10 pieces, about {second.waste_pieces:.0f} will not sell in time. Mark down 30 %."
    )


def test_what_sells_in_time_keeps_its_price() -> None:
    (found,) = advise([lot(2, 3)], lambda days: 20.0 * days, TODAY)
    assert (found.percent, found.state) == (0, "soon")
    assert found.waste_pieces < 0.01


def test_a_blocked_lot_is_off_the_shelf_and_takes_no_demand() -> None:
    blocked, fresh = advise([lot(-2, 5), lot(1, 4)], lambda days: 2.0 * days, TODAY)
    assert blocked.reason == "Use-by 2026-03-08: take it off the shelf."
    assert blocked.waste_pieces == 5.0
    (alone,) = advise([lot(1, 4)], lambda days: 2.0 * days, TODAY)
    assert fresh.waste_pieces == alone.waste_pieces


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-5, 20), st.integers(0, 40)), max_size=6), st.floats(0, 30))
def test_waste_is_never_more_than_the_lot_nor_below_nothing(lots: list[tuple[int, int]], per_day: float) -> None:
    found = advise(
        [lot(days, pieces, name=str(number)) for number, (days, pieces) in enumerate(lots)],
        lambda d: per_day * d,
        TODAY,
    )
    for each in found:
        assert -1e-9 <= each.waste_pieces <= each.lot.pieces + 1e-9
