"""What to order: a suggestion for each product whose position has fallen to its reorder point, whatever lowered it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from retail.catalogue.product import Product
from retail.stock.demand import Demand
from retail.stock.reorder import Levels, Position, Suggestion, Supply, levels, suggest
from retail.stock.telling import Belief
from retail.work.settings import WorkSettings
from verticals.contract import Event

OPEN, ORDERED, WITHDRAWN = "open", "ordered", "withdrawn"
_UNIT = 1000
_WORDS = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Need:
    """What the position of a product is made of, in thousandths; beliefs in units of `unit` thousandths."""

    product: Product
    demand: Demand
    held: int
    on_order: int
    drafted: bool
    believed: Sequence[Belief] = ()
    unit: int = _UNIT


class Replenishment:
    """Pure; its events restore it."""

    def __init__(self, settings: WorkSettings) -> None:
        self._settings = settings
        self.open: dict[str, dict[str, Any]] = {}

    def levels(self, product: Product, demand: Demand) -> Levels:
        """In whole units."""
        return levels(demand.level / _UNIT, demand.sd_per_day / _UNIT, self._supply(product))

    def settle(self, need: Need, now_utc_s: float) -> Event | None:
        """What the position asks for now; None where nothing changed."""
        gtin = need.product.gtin
        known = self.open.get(gtin)
        if need.drafted:
            return None if known is None else self._end(gtin, ORDERED, now_utc_s)
        per_day, sd = need.demand.level / _UNIT, need.demand.sd_per_day / _UNIT
        found = suggest(gtin, per_day, sd, self._supply(need.product), _position(need))
        if found is None:
            return None if known is None else self._end(gtin, WITHDRAWN, now_utc_s)
        if known is not None and known["cases"] == found.cases and known["count_first"] == found.count_first:
            return None
        row = _row(found, need, now_utc_s)
        return self._tell("changed" if known else "opened", row, now_utc_s)

    def suggested(self) -> dict[str, tuple[int, str]]:
        """Thousandths and reason of what is open."""
        return {gtin: (row["thousandths"], row["reason"]) for gtin, row in self.open.items()}

    def apply(self, said: Mapping[str, Any]) -> None:
        """What an event `suggestion` tells."""
        row = dict(said["suggestion"])
        if row["state"] == OPEN:
            self.open[row["gtin"]] = row
        else:
            self.open.pop(row["gtin"], None)

    def state(self) -> dict[str, Any]:
        return {"open": list(self.open.values())}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.open = {row["gtin"]: dict(row) for row in state["open"]}

    def _end(self, gtin: str, state: str, now_utc_s: float) -> Event:
        return self._tell(state, {**self.open[gtin], "state": state, "changed_utc_s": now_utc_s}, now_utc_s)

    def _tell(self, act: str, row: Mapping[str, Any], now_utc_s: float) -> Event:
        data = {"act": act, "suggestion": dict(row)}
        self.apply(data)
        return Event("suggestion", row["gtin"], now_utc_s, data)

    def _supply(self, product: Product) -> Supply:
        settings = self._settings
        lead = float(product.lead_days or settings.lead_days)
        case = max(1, product.case_units)
        return Supply(product.supplier, lead, 0.0, settings.review_days, case, settings.service)


def _position(need: Need) -> Position:
    """As believed, where anything is; whole units, rounded down: a part of one is not sold as one."""
    book = need.held // _UNIT
    if not need.believed:
        return Position(book, need.on_order // _UNIT, 0, "high", book)
    there = sum(one.on_hand for one in need.believed) * need.unit // _UNIT
    word = min((one.word for one in need.believed), key=_WORDS.index)
    return Position(there, need.on_order // _UNIT, 0, word, book)


def _row(found: Suggestion, need: Need, now_utc_s: float) -> dict[str, Any]:
    facts = {
        "on_hand": found.position - need.on_order // _UNIT,
        "on_order": need.on_order / _UNIT,
        "rop": found.levels.point,
        "order_up_to": found.levels.target,
        "safety": round(found.levels.safety, 2),
        "per_day": round(need.demand.level / _UNIT, 3),
        "lead_days": need.product.lead_days,
        "case_units": need.product.case_units,
        "days_left": round(found.days_left, 2),
    }
    return {
        "gtin": found.gtin,
        "supplier": found.supplier,
        "thousandths": found.quantity * _UNIT,
        "cases": found.cases,
        "count_first": found.count_first,
        "reason": found.reason,
        "facts": facts,
        "state": OPEN,
        "changed_utc_s": now_utc_s,
    }
