"""A count is blind: whoever may be counting a product does not read its stock on any page until the count is booked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from retail.figures_shown import NONE
from retail.roles import ROLES
from retail.work_rows import of_keys, unfolded
from verticals.store.accounts import covers
from verticals.web import Asked

_QUERY = """
    SELECT i.gtin, s.counters FROM count_items i JOIN count_sheets s ON s.id = i.sheet
    WHERE s.state IN ('open', 'recount') AND i.gtin IN :keys
"""


def hidden_from(connection: Connection, asked: Asked, gtins: Iterable[str]) -> set[str]:
    """Those of the products whose stock this person must not see now.

    An associate may be asked to count any sheet, the box's own screen too; a lead and a viewer only where they have
    counted it themselves.
    """
    counts = covers(ROLES, asked.role, "associate") and not covers(ROLES, asked.role, "lead")
    found = of_keys(connection, _QUERY, gtins)
    return {row["gtin"] for row in found if counts or (asked.who and asked.who in _counters(row))}


def _counters(row: Mapping[str, Any]) -> list[Any]:
    return list(unfolded(row["counters"], []))


def blinded(product: Mapping[str, Any]) -> dict[str, Any]:
    """A product as `product_shown` has it, without any figure from which its stock could be told."""
    return {
        **product, "blind": True, "on_hand": NONE, "sure": "being counted", "by_place": "", "reason": "",
        "disagree": [], "sources": [], "entries": [], "order": None, "conflict": None, "lots": [], "coming": None,
    }  # fmt: skip
