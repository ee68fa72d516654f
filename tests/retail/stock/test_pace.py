"""A pace over hours, days and weeks."""

import pytest

from retail.stock.pace import Pace, steady

MONDAY = 1_767_571_200.0
HOURS = tuple(1 / 12 if 8 <= hour < 20 else 0.0 for hour in range(24))


def test_nothing_is_wanted_while_the_store_is_closed() -> None:
    pace = Pace(12.0, 1.0, (1.0,) * 7, HOURS)
    assert pace.expected(MONDAY + 20 * 3600, MONDAY + 32 * 3600) == pytest.approx(0.0)
    assert pace.expected(MONDAY + 8 * 3600, MONDAY + 9.5 * 3600) == pytest.approx(1.5)
    assert pace.per_hour(MONDAY + 9 * 3600) == pytest.approx(1.0)


def test_a_week_has_seven_average_days_and_saturday_its_own() -> None:
    pace = Pace(10.0, 1.0, (1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 0.0), HOURS)
    assert pace.expected(MONDAY, MONDAY + 7 * 86400) == pytest.approx(70.0)
    assert pace.expected(MONDAY + 5 * 86400, MONDAY + 6 * 86400) == pytest.approx(20.0)
    assert pace.expected(MONDAY + 6 * 86400, MONDAY + 7 * 86400) == pytest.approx(0.0)


def test_the_clock_of_the_store_may_be_ahead_of_utc() -> None:
    pace = Pace(12.0, 1.0, (1.0,) * 7, HOURS, utc_offset_s=7200.0)
    assert pace.expected(MONDAY + 6 * 3600, MONDAY + 7 * 3600) == pytest.approx(1.0)


def test_an_unknown_pace_is_alike_at_all_hours() -> None:
    assert steady(24.0).expected(MONDAY + 100, MONDAY + 3700) == pytest.approx(1.0)
