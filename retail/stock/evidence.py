"""What the belief is told of a product: moves of the ledger, counts, shelf reads, tag reads.

All moments are UTC seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

FLOOR, BACKROOM = "floor", "backroom"
PLACES = (FLOOR, BACKROOM)
CUSTOMER, SUPPLIER = "customer", "supplier"
IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Profile:
    """How a product stands in the store. `step`: pieces (or thousandths of a kg) that one cell of the belief holds.

    `facings` and `depth` (pieces behind one facing, stacked ones too) come from the planogram; 0: no slot known.
    """

    gtin: str
    facings: int = 0
    depth: int = 0
    case: int = 1
    step: int = 1

    @property
    def capacity(self) -> int:
        return self.facings * self.depth


@dataclass(frozen=True, slots=True)
class Move:
    """A line of the ledger: so much went from one account to another."""

    gtin: str
    quantity: int
    from_account: str
    to_account: str
    at_utc_s: float


@dataclass(frozen=True, slots=True)
class Counted:
    """Somebody found that many there. `source` `import`: an opening figure, trusted less."""

    gtin: str
    place: str
    quantity: int
    at_utc_s: float
    source: str = "handheld"


@dataclass(frozen=True, slots=True)
class Seen:
    """Facings of the slot with something in front, by a shelf camera that was not blocked."""

    gtin: str
    facings: int
    at_utc_s: float


@dataclass(frozen=True, slots=True)
class Tagged:
    """Different tags of the product read in a zone in one round."""

    gtin: str
    place: str
    tags: int
    at_utc_s: float


Evidence = Move | Counted | Seen | Tagged
