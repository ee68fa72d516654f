"""What a slot costs an hour."""

import pytest

from retail.stock.lost_sales import lost_per_hour, worth_cents
from tests.retail.stock.streams import at, pace


def test_an_empty_slot_loses_all_that_is_wanted() -> None:
    found = lost_per_hour(pace(26.0), 0, 120, at(10), hours=4.0)
    assert found.pieces == pytest.approx(8.0)
    assert found.cents_per_hour == pytest.approx(2.0 * 120)


def test_a_low_slot_loses_what_is_wanted_beyond_its_pieces() -> None:
    losses = [lost_per_hour(pace(26.0), pieces, 120, at(10)).cents_per_hour for pieces in (0, 3, 8, 40)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.01


def test_a_closed_store_loses_nothing() -> None:
    assert lost_per_hour(pace(26.0), 0, 120, at(22)).cents_per_hour == pytest.approx(0.0, abs=1e-9)


def test_a_piece_is_worth_its_margin_or_its_price() -> None:
    assert (worth_cents(200, 150), worth_cents(200, None), worth_cents(200, 260)) == (50, 200, 0)


def test_no_hours_are_refused() -> None:
    with pytest.raises(ValueError, match="over some hours"):
        lost_per_hour(pace(), 0, 1, at(9), hours=0)
