"""Codes as tills and scanners give them, and the products that they mean."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, select

from core.errors import InputError
from retail.catalogue import tables
from retail.codes.gtin import gtin14

_ASKED = 400


def gtin_of(code: str) -> str:
    """GTIN-8, -12, -13 or -14 as 14 digits; empty for what is none or whose check digit is wrong."""
    try:
        return gtin14(code)
    except InputError:
        return ""


def resolve(connection: Connection, codes: Collection[str]) -> dict[str, str]:
    """The product of each code: the one it was given to, else the one whose GTIN it is. Unknown ones are left out."""
    asked = sorted(codes)
    found: dict[str, str] = {}
    for first in range(0, len(asked), _ASKED):
        found |= _resolve(connection, asked[first : first + _ASKED])
    return found


def _resolve(connection: Connection, codes: Collection[str]) -> Mapping[str, str]:
    given = select(tables.item_codes).where(tables.item_codes.c.code.in_(codes))
    found = {row.code: row.gtin for row in connection.execute(given)}
    gtins = {code: gtin for code in codes if code not in found and (gtin := gtin_of(code))}
    if gtins:
        known = select(tables.products.c.gtin).where(tables.products.c.gtin.in_(set(gtins.values())))
        there = set(connection.scalars(known))
        found |= {code: gtin for code, gtin in gtins.items() if gtin in there}
    return found
