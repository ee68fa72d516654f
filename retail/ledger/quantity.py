"""Quantities as the ledger keeps them: whole thousandths of the product's unit, a piece or a kilogram.

Three pieces are 3000 thousandths, 0.425 kg are 425. Sums are exact whatever their order.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

THOUSANDTHS = 1000
#: More than any line of a document moves; what is beyond is a wrong reading, not a quantity.
MOST_THOUSANDTHS = 10**12


def thousandths(value: Any) -> int | None:
    """A whole or decimal number of units as thousandths; None for what is none, is not finite or is finer."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        exact = Decimal(str(value).strip()) * THOUSANDTHS
    except InvalidOperation:
        return None
    if not exact.is_finite() or abs(exact) > MOST_THOUSANDTHS or exact != exact.to_integral_value():
        return None
    return int(exact)


def units(count: int) -> float:
    """The same in pieces or kilograms, for screens and rules; exact to the thousandth below 10^12."""
    return count / THOUSANDTHS


def shown(count: int) -> str:
    """`3`, `-2`, `0.425`: no digits that say nothing."""
    text = f"{Decimal(count) / THOUSANDTHS:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
