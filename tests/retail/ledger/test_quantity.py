"""Quantities are exact, whatever they are written as."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail.ledger.quantity import shown, thousandths, units


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3, 3000), ("0.425", 425), (0.425, 425), (Decimal("1.5"), 1500), (-2, -2000), ("1e2", 100_000), (" 7 ", 7000)],
)
def test_units_with_up_to_three_decimals_are_whole_thousandths(value: Any, expected: int) -> None:
    assert thousandths(value) == expected


@pytest.mark.parametrize("value", ["", "x", "0.0005", float("nan"), float("inf"), True, None, [], "1e30", 10**30])
def test_anything_else_is_no_quantity(value: Any) -> None:
    assert thousandths(value) is None


@given(st.integers(-(10**12), 10**12))
def test_what_is_shown_reads_back_the_same(count: int) -> None:
    assert thousandths(shown(count)) == count
    assert thousandths(units(count)) == count


def test_no_digit_is_shown_that_says_nothing() -> None:
    assert [shown(count) for count in (3000, 425, -2000, 0, 1500)] == ["3", "0.425", "-2", "0", "1.5"]
