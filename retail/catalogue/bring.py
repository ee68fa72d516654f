"""What an import brings into the inbox: facts with keys of their own, made of whole files. No store is touched here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from core.errors import InputError
from retail.catalogue.import_catalogue import read_products, read_slots
from retail.catalogue.import_stock import read_sales, read_stock
from retail.catalogue.item_code import gtin_of
from retail.ledger.document import Document
from retail.settings import RetailSettings

SOURCE = "import"
#: A fact is booked in one transaction: it must not hold the store for long, whatever the size of its documents.
_DOCUMENTS_A_FACT, _LINES_A_FACT = 500, 300


@dataclass(frozen=True, slots=True)
class Fact:
    """One row for the inbox: `desk.bring(SOURCE, fact.key, fact.payload)`."""

    key: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class File:
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Files:
    """What is imported together; a planogram or a stock may name products of the list that comes with it."""

    products: File | None = None
    planogram: File | None = None
    stock: File | None = None
    sales: File | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """The products that the store has: their GTINs, and what further codes mean."""

    gtins: frozenset[str] = frozenset()
    codes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Import:
    """`counts`: how many products, slots, stock and sales documents there are."""

    facts: Sequence[Fact]
    counts: Mapping[str, int]


def read_import(files: Files, known: Known, settings: RetailSettings, now_utc_s: float) -> Import:
    """All of it, or InputError with the first faults: nothing is half imported.

    A catalogue is one fact. Documents come in portions; each is idempotent, so that an import that was broken off can
    be run again.
    """
    places = [*settings.sales_places, *settings.back_places]
    catalogue: dict[str, Any] = {}
    gtins, codes = set(known.gtins), dict(known.codes)
    if files.products is not None:
        products = read_products(files.products.content, files.products.name)
        catalogue["products"] = [one.as_json() for one in products]
        gtins |= {one.gtin for one in products}
        codes |= {code: one.gtin for one in products for code in one.codes}
    if files.planogram is not None:
        slots = read_slots(files.planogram.content, files.planogram.name, gtins, places)
        catalogue["slots"] = [one.as_json() for one in slots]

    def find(code: str) -> str:
        gtin = codes.get(code) or gtin_of(code)
        return gtin if gtin in gtins else ""

    documents: list[Document] = []
    counts = {name: len(rows) for name, rows in catalogue.items()}
    if files.stock is not None:
        documents += read_stock(files.stock.content, files.stock.name, find, places, now_utc_s)
        counts["stock"] = sum(len(one.counts) for one in documents)
    if files.sales is not None:
        sales = read_sales(files.sales.content, files.sales.name, ZoneInfo(settings.time_zone), places[0])
        documents += sales
        counts["sales"] = len(sales)
    if not counts:
        raise InputError("no file was named", hint="Name products, a planogram, a stock or sales.")
    facts = [_fact("catalogue", {"kind": "catalogue", **catalogue}, now_utc_s)] if catalogue else []
    for portion in _portions(documents):
        said = [one.as_json() for one in portion]
        facts.append(_fact("documents", {"kind": "documents", "documents": said}, now_utc_s))
    return Import(facts, counts)


def _portions(documents: Iterable[Document]) -> Iterator[list[Document]]:
    portion: list[Document] = []
    lines = 0
    for one in documents:
        portion.append(one)
        lines += len(one.lines) + len(one.counts)
        if len(portion) >= _DOCUMENTS_A_FACT or lines >= _LINES_A_FACT:
            yield portion
            portion, lines = [], 0
    if portion:
        yield portion


def _fact(what: str, payload: Mapping[str, Any], now_utc_s: float) -> Fact:
    """A list that is imported once more is meant once more: the newest one holds. So the moment is in its key."""
    mark = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()[:24]
    return Fact(f"{what}-{round(now_utc_s * 1000)}-{mark}", payload)
