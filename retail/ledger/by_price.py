"""Lines of which only the price is known: how much it was follows from the product's price, when it is booked."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, select

from retail.catalogue import tables
from retail.ledger.document import Line
from retail.ledger.quantity import THOUSANDTHS

#: The reason of such a line.
BY_PRICE = "by-price"
_ASKED = 400


def prices(connection: Connection, gtins: Collection[str]) -> dict[str, int]:
    """Cents for a unit of each product that has a price."""
    column = tables.products.c
    asked, found = sorted(gtins), dict[str, int]()
    for first in range(0, len(asked), _ASKED):
        some = column.gtin.in_(asked[first : first + _ASKED])
        rows = connection.execute(select(column.gtin, column.price_cents).where(some))
        found |= {row.gtin: row.price_cents for row in rows if row.price_cents > 0}
    return found


def amount_of(line: Line, price_cents: int) -> int:
    """Thousandths of the unit, rounded half up; at least one."""
    return max(1, (2 * abs(line.price_cents or 0) * THOUSANDTHS + price_cents) // (2 * price_cents))


def priced(lines: Collection[tuple[Line, str]]) -> set[str]:
    """The products whose price is needed; each line comes with the GTIN that it means, or none."""
    return {gtin for line, gtin in lines if line.reason == BY_PRICE and gtin}


def booked_amount(line: Line, gtin: str, known: Mapping[str, int]) -> int | None:
    """What the line moves; None where that cannot be known yet."""
    if line.reason != BY_PRICE or not line.price_cents:
        return line.thousandths
    return amount_of(line, known[gtin]) if gtin in known else None
