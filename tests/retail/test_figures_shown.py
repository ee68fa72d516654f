"""Figures as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from retail.figures_shown import NONE, age, expiry_text, money, number_of, quantity, share, when

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 13, 5, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("cents", "currency", "text"),
    [(883, "EUR", "€8.83"), (-240, "GBP", "−£2.40"), (123456789, "EUR", "€1\u202f234\u202f567.89"),
     (500, "JPY", "¥500"), (500, "PLN", "PLN 5.00"), (None, "EUR", NONE)],
)  # fmt: skip
def test_money_is_told_in_the_stores_currency(cents: int | None, currency: str, text: str) -> None:
    assert money(cents, currency) == text


def test_whole_money_has_no_cents() -> None:
    assert money(6849, "EUR", whole=True) == "€68"


@pytest.mark.parametrize(
    ("thousandths", "unit", "signed", "text"),
    [(6000, "piece", False, "6"), (1200, "kg", False, "1.2 kg"), (12000, "piece", True, "+12"),
     (-8000, "piece", True, "−8"), (0, "piece", True, "0"), (None, "piece", False, NONE)],
)  # fmt: skip
def test_a_quantity_has_no_digits_that_say_nothing(thousandths: int | None, unit: str, signed: bool, text: str) -> None:
    assert quantity(thousandths, unit, signed=signed) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(20, "20 s"), (61, "1 min"), (7800, "2 h 10"), (3 * 86400 + 5, "3 d"), (-4, "0 s"), (None, NONE)],
)
def test_an_age_is_as_coarse_as_people_say_it(seconds: float | None, text: str) -> None:
    assert age(seconds) == text


def test_a_moment_is_told_in_the_stores_own_time() -> None:
    assert when(NOW - 2580, NOW, BERLIN) == "13:22"
    assert when(NOW - 2 * 86400, NOW, BERLIN) == "Sat 14:05"
    assert when(NOW - 9 * 86400, NOW, BERLIN) == "Sat 14 Nov"


def test_a_share_and_a_date_that_are_none_say_so() -> None:
    assert (share(None), share(0.9412), share(-0.004)) == (NONE, "94.1 %", "−0.4 %")
    assert (expiry_text("2026-11-25"), expiry_text("soon")) == ("Wed 25 Nov", "soon")


@pytest.mark.parametrize("value", [None, True, "3", float("nan"), float("inf"), [1]])
def test_what_is_no_figure_is_none(value: object) -> None:
    assert number_of(value) is None
