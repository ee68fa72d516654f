"""The forecast of a product, read from the ledger as its page does."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from retail.work import tables
from retail.work.coming import coming
from tests.support.store_desks import APPLES, DAY_S, NINE, OATS, TEA, StoreDesk
from verticals.store.database import reading, writing

UTC = ZoneInfo("UTC")


def _coming(desk: StoreDesk, gtin: str = TEA, days: int = 7) -> dict[str, object] | None:
    with reading(desk.engine) as connection:
        return coming(connection, gtin, UTC, desk.clock.utc_s, days)


def test_even_sales_go_on_and_the_first_day_is_today(desk: StoreDesk) -> None:
    desk.catalogue()
    desk.sold_for_weeks(TEA, a_day=6, days=42)
    found = _coming(desk)
    assert found is not None
    assert (found["unit"], found["known_days"], found["short_days"]) == ("piece", 42, 0)
    assert found["per_day"] == pytest.approx(6, rel=0.05)
    days = found["days"]
    assert isinstance(days, list)
    assert [one["day"] for one in days] == [date.fromordinal(date(2026, 11, 23).toordinal() + n).isoformat()
                                            for n in range(7)]  # fmt: skip
    assert all(one["low"] <= one["mean"] <= one["high"] and one["mean"] == pytest.approx(6, rel=0.05) for one in days)


def test_a_product_without_sales_has_no_forecast(desk: StoreDesk) -> None:
    desk.catalogue()
    desk.stock(10, OATS)
    assert _coming(desk, OATS) is None
    assert _coming(desk, "00000000000000") is None


def test_kilograms_are_told_in_kilograms(desk: StoreDesk) -> None:
    desk.catalogue()
    desk.sold_for_weeks(APPLES, a_day=2.4, days=35)
    found = _coming(desk, APPLES, 2)
    assert found is not None
    assert found["per_day"] == pytest.approx(2.4, rel=0.05)
    assert [round(one["mean"], 1) for one in found["days"]] == [2.4, 2.4]  # type: ignore[attr-defined]


def test_days_without_stock_are_no_lack_of_demand(desk: StoreDesk) -> None:
    desk.catalogue()
    for days_ago in range(1, 36):
        if days_ago % 2:
            desk.sell(8, at=NINE - days_ago * DAY_S)
    out = [date.fromordinal(date(2026, 11, 23).toordinal() - ago).isoformat() for ago in range(2, 36, 2)]
    plain = _coming(desk)
    with writing(desk.engine) as connection:
        connection.execute(insert(tables.exposures), [{"day": day, "gtin": TEA, "exposure": 0.0} for day in out])
    found = _coming(desk)
    assert plain is not None and found is not None
    assert found["short_days"] == 17
    assert found["per_day"] > 1.4 * plain["per_day"]  # type: ignore[operator]
