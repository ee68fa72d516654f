"""Lots by their date: what is left of each, where sales do not say which lot they took."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from retail.ledger import tables
from retail.ledger.balance import Key

_ASKED = 400


@dataclass(frozen=True, slots=True)
class Lot:
    """`thousandths` that are left; `expiry` is an ISO date, empty where nobody said."""

    lot: str
    expiry: str
    thousandths: int


def remaining(lots: Mapping[str, int], expiries: Mapping[str, str]) -> list[Lot]:
    """What is left of each lot, the one that expires first at the front; those without a date last.

    `lots` as the balances have them: what went without a lot (lot "" below zero) is taken from the earliest date on, as
    goods are faced (first expired, first out). The sum stays; what nothing is there for stays with lot "".
    """
    named = sorted(lot for lot, amount in lots.items() if lot and amount > 0)
    order = sorted(named, key=lambda lot: (expiries.get(lot, "") or "9999", lot))
    loose = lots.get("", 0) + sum(amount for lot, amount in lots.items() if lot and amount < 0)
    left: list[Lot] = []
    for lot in order:
        taken = min(max(-loose, 0), lots[lot])
        loose += taken
        if lots[lot] > taken:
            left.append(Lot(lot, expiries.get(lot, ""), lots[lot] - taken))
    return left if loose == 0 else [*left, Lot("", "", loose)]


def dated(connection: Connection, before: str) -> dict[Key, list[Lot]]:
    """What is left at each place of lots that expire before `before` (ISO date), the earliest first."""
    lot, held = tables.lots.c, tables.balances.c
    due = select(lot.gtin).where(lot.expiry < before).distinct()
    dates: dict[str, dict[str, str]] = {}
    for row in connection.execute(select(tables.lots).where(lot.gtin.in_(due))):
        dates.setdefault(row.gtin, {})[row.lot] = row.expiry
    balances: dict[Key, dict[str, int]] = {}
    for row in connection.execute(select(tables.balances).where(held.gtin.in_(due))):
        balances.setdefault((row.gtin, row.place), {})[row.lot] = row.thousandths
    left = {key: remaining(amounts, dates[key[0]]) for key, amounts in balances.items()}
    found = {key: [one for one in some if one.expiry and one.expiry < before] for key, some in left.items()}
    return {key: some for key, some in found.items() if some}


def expiries(connection: Connection) -> dict[Key, str]:
    """The date of each lot that was told with one, by GTIN and lot."""
    return {(row.gtin, row.lot): row.expiry for row in connection.execute(select(tables.lots))}


def dates_of(connection: Connection, gtins: Iterable[str]) -> list[dict[str, str]]:
    """`{"gtin", "lot", "expiry"}` of the dated lots of these products."""
    wanted = sorted(set(gtins))
    found: list[dict[str, str]] = []
    for first in range(0, len(wanted), _ASKED):
        asked = select(tables.lots).where(tables.lots.c.gtin.in_(wanted[first : first + _ASKED]))
        found += [dict(row) for row in connection.execute(asked).mappings()]
    return found
