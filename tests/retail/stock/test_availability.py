"""On-shelf availability, and the share of a day's demand that found the product."""

import pytest

from retail.stock.availability import exposure, osa, spans_of
from tests.retail.stock.streams import at, pace

OPEN = [(at(8), at(21))]


def test_availability_is_in_stock_time_by_known_open_time() -> None:
    spans = spans_of([(at(6), "full"), (at(10), "empty"), (at(12), "full"), (at(18), "blocked")], at(23))
    found = osa([spans], OPEN)
    assert (found.in_stock_s, found.known_s, found.unknown_s) == (8 * 3600, 10 * 3600, 3 * 3600)
    assert found.share == pytest.approx(0.8)


def test_changes_may_come_in_any_order_and_none_at_all_is_unknown() -> None:
    changes = [(at(6), "full"), (at(10), "empty"), (at(12), "low")]
    assert spans_of(reversed(changes), at(20)) == spans_of(changes, at(20))
    assert osa([spans_of([], at(20))], OPEN).share is None


def test_a_wrong_product_is_no_availability() -> None:
    assert osa([spans_of([(at(8), "wrong")], at(21))], OPEN).share == 0.0


def test_exposure_weighs_a_stock_out_by_the_demand_it_met() -> None:
    spans = spans_of([(at(0), "full"), (at(8), "empty"), (at(14.5), "full")], at(24))
    assert exposure(spans, pace(), at(0), at(24)) == pytest.approx(0.5)
    night = spans_of([(at(0), "empty"), (at(7), "full")], at(24))
    assert exposure(night, pace(), at(0), at(24)) == pytest.approx(1.0)
    assert exposure([], pace(), at(22), at(23)) == 1.0
