"""A till's transaction, whatever format it came in, and the documents of the ledger that it leads to.

A transaction is named by store, workstation, business date and sequence number: told again, it is the same one.
Cancelled, suspended and training ones move nothing. A voided line never was. What comes back is stock again only where
the till says that it can be sold; else it is waste. Nothing of the customer, the cashier's name or the payment is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.errors import InputError
from retail.codes.gtin import gtin14, shown
from retail.codes.restricted import RestrictedRule, is_restricted, read_restricted
from retail.ledger.by_price import BY_PRICE
from retail.ledger.document import CUSTOMER, WASTE, Document, Line, Voided, read_document
from retail.ledger.quantity import THOUSANDTHS

KINDS = ("sale", "void", "cancelled", "suspended", "training")
IGNORED = frozenset({"cancelled", "suspended", "training"})
_MOST_LINES = 2000


@dataclass(frozen=True, slots=True)
class Key:
    """`sequence` as the till writes it; `business_date` ISO."""

    store: str
    workstation: str
    sequence: str
    business_date: str

    @property
    def source(self) -> str:
        return f"pos:{self.store}/{self.workstation}" if self.store else f"pos:{self.workstation}"

    @property
    def ref(self) -> str:
        return f"{self.business_date}/{self.sequence}"


@dataclass(frozen=True, slots=True)
class Item:
    """One line. `thousandths` None: the till gave no quantity. `returned`: it came back, `sellable` if it says so."""

    number: int
    code: str
    thousandths: int | None
    amount_cents: int | None = None
    returned: bool = False
    sellable: bool = False
    lot: str = ""
    expiry: str = ""


@dataclass(frozen=True, slots=True)
class Transaction:
    """`voids`: the transaction that this one takes back; `voided`: this one was itself taken back afterwards."""

    key: Key
    kind: str
    at_utc_s: float
    items: Sequence[Item] = ()
    voids: Key | None = None
    voided: bool = False


@dataclass(frozen=True, slots=True)
class Shop:
    """Where tills sell from, and what the store's own numbers mean."""

    place: str = "floor"
    restricted: Sequence[RestrictedRule] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """What could not be read: why, and as it came, so that it is not lost."""

    why: str
    said: str


@dataclass(frozen=True, slots=True)
class Read:
    """A whole message or file: what is in it, and what of it could not be read."""

    transactions: Sequence[Transaction]
    refused: Sequence[Refused] = ()


def key_of(store: str, workstation: str, sequence: str, business_date: str) -> Key:
    """Raises InputError for a part that is missing or too long."""
    for name, value, most in (("store", store, 20), ("workstation", workstation, 30), ("sequence", sequence, 60)):
        if len(value) > most or not value.isprintable() or (not value and name != "store"):
            raise InputError(f"{name} '{shown(value)}': 1 to {most} printable characters are expected")
    try:
        day = date.fromisoformat(business_date).isoformat()
    except ValueError as error:
        raise InputError(f"business date '{shown(business_date)}': a date such as 2026-11-30 is expected") from error
    return Key(store, workstation, sequence, day)


def documents_of(transaction: Transaction, shop: Shop) -> list[Document]:
    """None for what moves nothing. Raises InputError for what the ledger cannot take."""
    key = transaction.key
    documents: list[Document] = []
    if transaction.kind in IGNORED:
        return documents
    if len(transaction.items) > _MOST_LINES:
        raise InputError(f"transaction {key.ref}: {len(transaction.items)} lines are too many")
    lines = tuple(_line(item, shop) for item in transaction.items)
    if lines:
        kind = "return" if all(item.returned for item in transaction.items) else "sale"
        documents.append(Document(key.source, key.ref, kind, transaction.at_utc_s, lines))
    for voids, what in ((transaction.voids, "void"), (key if transaction.voided else None, "voided")):
        if voids is not None:
            taken_back = Voided(voids.source, voids.ref)
            documents.append(Document(key.source, f"{key.ref}/{what}", "void", transaction.at_utc_s, voids=taken_back))
    return [read_document(one.as_json()) for one in documents]


def _line(item: Item, shop: Shop) -> Line:
    code, thousandths, reason, price_cents = _measured(item, shop)
    way = (shop.place, CUSTOMER)
    if item.returned:
        way = (CUSTOMER, shop.place) if item.sellable else (CUSTOMER, WASTE)
        reason = reason if item.sellable else "not-sellable"
    return Line(item.number, thousandths, *way, code=code, lot=item.lot, expiry=item.expiry, reason=reason,
                price_cents=price_cents)  # fmt: skip


def _measured(item: Item, shop: Shop) -> tuple[str, int, str, int | None]:
    """Code, quantity, reason, amount in cents; of a number with weight or price inside, what is in it.

    A till that says one piece, or nothing, of a weighed item means the label: the weight in it counts. With a price
    inside, the weight follows from the product's price when the line is booked.
    """
    said = item.thousandths
    try:
        gtin = gtin14(item.code)
    except InputError:
        return item.code, _known(said, item), "", item.amount_cents
    if not is_restricted(gtin):
        return item.code, _known(said, item), "", item.amount_cents
    found = read_restricted(gtin, shop.restricted)
    if found.weight_g and said in (None, THOUSANDTHS):
        return found.gtin, found.weight_g, "", item.amount_cents
    if found.price_minor and said in (None, THOUSANDTHS):
        return found.gtin, THOUSANDTHS, BY_PRICE, found.price_minor
    return found.gtin, _known(said, item), "", item.amount_cents


def _known(said: int | None, item: Item) -> int:
    if said is None:
        raise InputError(f"line {item.number}: the quantity of {shown(item.code)} is missing")
    return said


def fact_of(read: Read, shop: Shop) -> tuple[Mapping[str, Any], Mapping[str, int]]:
    """The payload of one fact for the inbox, and how much of what it holds.

    A transaction that the ledger cannot take is refused beside the others, and kept.
    """
    documents: list[dict[str, Any]] = []
    refused = list(read.refused)
    taken = ignored = 0
    for transaction in read.transactions:
        try:
            made = documents_of(transaction, shop)
        except InputError as error:
            refused.append(Refused(error.message, repr(transaction)))
            continue
        documents += [one.as_json() for one in made]
        taken, ignored = (taken + 1, ignored) if made else (taken, ignored + 1)
    said = [*documents, *({"refused": one.why, "said": one.said} for one in refused)]
    counts = {"taken": taken, "ignored": ignored, "refused": len(refused)}
    return {"kind": "documents", "documents": said}, counts
