"""What is told of a simulated store, in the terms of the ledger: documents with lines, counts, readings.

`at_utc_s` is when it happened, `heard_utc_s` when it could first be known: a till that was offline tells late.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Places of the store, and accounts outside it.
FLOOR, BACKROOM = "floor", "backroom"
SUPPLIER, CUSTOMER, WASTE = "supplier", "customer", "waste"
PLACES = (FLOOR, BACKROOM)


@dataclass(frozen=True, slots=True)
class Line:
    """`quantity` pieces of a product moved from one account to another."""

    line: int
    gtin: str
    quantity: int
    from_account: str
    to_account: str
    lot: str = ""
    expiry: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """`kind`: sale, return, void, receipt, move or waste.

    `reverses`: the `doc_ref` of the sale that a void takes back.
    """

    kind: str
    source: str
    doc_ref: str
    at_utc_s: float
    heard_utc_s: float
    lines: tuple[Line, ...]
    reverses: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """At that moment somebody found that many pieces there. `source`: handheld, or import for the opening stock."""

    source: str
    doc_ref: str
    gtin: str
    place: str
    quantity: int
    at_utc_s: float
    heard_utc_s: float
    by: str = ""


@dataclass(frozen=True, slots=True)
class ShelfRead:
    """A shelf camera's word on a slot. `state`: full, low, empty or blocked; `facings` in front, 0 when blocked."""

    gtin: str
    state: str
    facings: int
    planned: int
    at_utc_s: float
    heard_utc_s: float


@dataclass(frozen=True, slots=True)
class TagRead:
    """Different tags of a product that the readers of a zone (floor, backroom) saw in one round."""

    gtin: str
    zone: str
    tags: int
    at_utc_s: float
    heard_utc_s: float


Fact = Document | Count | ShelfRead | TagRead
