"""How one product stands: all that the rules look at, gathered once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from retail.catalogue.product import PIECE, Product
from retail.ledger.quantity import shown
from retail.stock.pace import Pace
from retail.stock.phantom import Suspicion
from retail.stock.telling import Belief
from retail.work.sight import Look


@dataclass(frozen=True, slots=True)
class HeldLot:
    """Thousandths of one lot in the whole store."""

    lot: str
    expiry: date
    thousandths: int


@dataclass(frozen=True, slots=True)
class Stand:
    """Quantities in thousandths, as the ledger has them (`floor`, `behind`); beliefs and `pace` in units of `unit`
    thousandths (1000 for pieces, 1 for kilograms).

    `looks`: its slots that a camera watches; `slot`: its first one of the planogram, or empty. `kinds`: tasks that are
    open now, for they close later than they open; `found_names`: what lies in a slot instead.
    `counting`: in words, why it is to be counted again; `negative`:
    places with a stock below nothing.
    """

    product: Product
    now_utc_s: float
    zone: ZoneInfo
    floor: int
    behind: int
    behind_place: str
    behind_there: int
    pace: Pace
    unit: int
    slot: str = ""
    sales_place: str = ""
    looks: Sequence[Look] = ()
    on_floor: Belief | None = None
    in_back: Belief | None = None
    tags: int | None = None
    found_names: Mapping[str, str] = field(default_factory=dict)
    least: int = 0
    capacity: int = 0
    point: int | None = None
    lots: Sequence[HeldLot] = ()
    suspicion: Suspicion | None = None
    disagree_since_utc_s: float | None = None
    negative: Sequence[str] = ()
    counting: str = ""
    kinds: frozenset[str] = frozenset()

    @property
    def today(self) -> date:
        return datetime.fromtimestamp(self.now_utc_s, self.zone).date()

    def clock(self, utc_s: float) -> str:
        """`13:22`; with its day where that was not today."""
        then = datetime.fromtimestamp(utc_s, self.zone)
        return f"{then:%H:%M}" if then.date() == self.today else f"{then:%a} {then.day} {then:%b %H:%M}"

    def amount(self, thousandths: int) -> str:
        """`6`, or `0.9 kg`."""
        return shown(thousandths) if self.product.unit == PIECE else f"{shown(thousandths)} kg"

    @property
    def worth_cents(self) -> float:
        """Of one unit of the pace."""
        return self.product.price_cents * self.unit / 1000
