"""Sales by day: what demand, pace and classes are made of."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from retail.work.sales import DAYS, Sales

TEA, OATS = "04006381333931", "05901234123457"
TODAY = date(2026, 11, 23).toordinal()
NINE = 1_795_424_400.0


@pytest.fixture
def sales() -> Sales:
    made = Sales(ZoneInfo("UTC"))
    made.begin(TODAY)
    return made


def _moved(
    to: str = "customer", amount: int = 1000, gtin: str = TEA, at: float = NINE, **more: object
) -> dict[str, object]:
    from_account = "floor" if to == "customer" else "customer"
    row = {"gtin": gtin, "from": from_account, "to": to, "thousandths": amount, "at_utc_s": at, "price_cents": None}
    return {**row, **more}


def test_returns_come_off_and_other_moves_are_no_sales(sales: Sales) -> None:
    sales.take_moved(_moved(amount=3000), 450)
    sales.take_moved(_moved("floor", 1000), 450)
    sales.take_moved({**_moved(), "to": "waste"}, 450)
    assert sales.sold_on(TODAY) == 900
    assert sales.newest_utc_s == NINE


def test_the_price_of_the_till_counts_before_that_of_the_list(sales: Sales) -> None:
    sales.take_moved(_moved(amount=2000, price_cents=500), 450)
    assert sales.cents_since(TODAY) == 500


def test_a_day_that_is_not_over_is_no_history_and_a_week_of_even_sales_is_the_level(sales: Sales) -> None:
    for back in range(1, 29):
        sales.take(TEA, TODAY - back, 6000, 2700, 4)
    sales.take(TEA, TODAY, 90_000, 1)
    assert len(sales.history(TEA)) == 28
    assert sales.demand(TEA).level == pytest.approx(6000, rel=0.02)
    pace = sales.pace(TEA, NINE, 1000)
    assert pace.expected(NINE, NINE + 7 * 86_400) == pytest.approx(42, rel=0.02)
    assert sales.demand(OATS).level == 0.0


def test_a_day_on_which_the_shelf_was_empty_for_half_its_demand_counts_by_the_rest(sales: Sales) -> None:
    for back in range(1, 29):
        sales.take(TEA, TODAY - back, 3000, 1350)
        sales.expose(TEA, TODAY - back, 0.5)
    assert sales.demand(TEA).level == pytest.approx(6000, rel=0.05)


def test_the_next_day_begins_empty_and_the_oldest_is_forgotten(sales: Sales) -> None:
    sales.take(TEA, TODAY - DAYS + 1, 5000, 100)
    sales.take(TEA, TODAY, 1000, 10)
    sales.begin(TODAY + 1)
    assert sales.sold_on(TODAY + 1) == 0
    assert sum(day.sold for day in sales.history(TEA)) == 1000
    sales.begin(TODAY + 200)
    assert sales.values()[TEA] == 0


def test_what_is_too_old_or_yet_to_come_is_left_out(sales: Sales) -> None:
    sales.take(TEA, TODAY - DAYS, 5000, 100)
    sales.take(TEA, TODAY + 1, 5000, 100)
    assert sales.values().get(TEA, 0) == 0


def test_days_are_the_stores_own() -> None:
    tokyo = Sales(ZoneInfo("Asia/Tokyo"))
    assert tokyo.day_of(1_795_424_400.0 + 7 * 3600) == TODAY + 1  # 16:00 UTC is past midnight there


def test_many_products_have_room(sales: Sales) -> None:
    for number in range(300):
        sales.take(f"{number:014d}", TODAY - 1, 1000 * number, number)
    assert sales.values()["00000000000299"] == 299
    assert sales.history("00000000000299")[-1].sold == 299_000
