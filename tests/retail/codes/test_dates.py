"""Dates of element strings and the century they mean."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from core.errors import InputError
from retail.codes.dates import read_date, read_minute

TODAY = date(2026, 11, 30)


def test_a_date_is_read() -> None:
    assert read_date("261231", TODAY) == date(2026, 12, 31)


@pytest.mark.parametrize(("text", "last"), [("260200", 28), ("280200", 29), ("261100", 30), ("261200", 31)])
def test_day_00_is_the_last_of_the_month(text: str, last: int) -> None:
    assert read_date(text, TODAY).day == last


@pytest.mark.parametrize(("year", "expected"), [("76", 2076), ("77", 1977), ("26", 2026), ("00", 2000)])
def test_the_century_is_49_years_back_to_50_ahead(year: str, expected: int) -> None:
    assert read_date(f"{year}0101", TODAY).year == expected


def test_near_the_end_of_a_century_the_next_one_is_meant() -> None:
    assert read_date("100101", date(2097, 1, 1)).year == 2110


@pytest.mark.parametrize("text", ["261301", "260230", "260001", "26123", "2612311", "26123a", "२६१२३१"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        read_date(text, TODAY)


def test_a_date_with_a_time_is_read_to_the_minute() -> None:
    assert read_minute("2612312359", TODAY) == datetime(2026, 12, 31, 23, 59)


@pytest.mark.parametrize("text", ["2612002359", "2612312460", "261231", "26123123xx"])
def test_what_is_no_minute_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        read_minute(text, TODAY)
