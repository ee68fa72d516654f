"""The past of a simulated store as the files that its day one begins with: products, planogram, stock, sales.

docs/retail/import.md says what the files mean.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from simulators.store_calendar import Calendar
from simulators.store_facts import PLACES, Document, Fact
from simulators.store_products import Product
from simulators.store_world import World

_SHELVES, _SLOTS = 4, 6
#: Sales of so many days, and of today, are in `sales.csv`; older ones in files of a day each.
_RECENT_DAYS = 2
OLDER = "older"
Row = Sequence[object]
_SALES = ("till", "receipt", "time", "item", "quantity", "amount", "kind")
#: (fixture, shelf, slot) of a product.
Standing = Mapping[str, tuple[str, int, int]]


def write_past(
    folder: Path, world: World, calendar: Calendar, past: Iterable[Fact], standing: Standing, wide: Mapping[str, int]
) -> dict[str, Path]:
    """The four files as of now; `wide` are facings that differ from the product's own. Raises OSError."""
    (folder / OLDER).mkdir(parents=True, exist_ok=True)
    since = (calendar.day(calendar.lived[0]) - timedelta(days=_RECENT_DAYS)).isoformat()
    recent, older = _split(_sales(world, calendar, list(past)), since)
    tables: dict[str, tuple[Row, Iterator[Row]]] = {
        "products": (("gtin", "name", "price", "case_size", "supplier", "lead_days", "category"), _products(world)),
        "planogram": (
            ("fixture", "shelf", "slot", "gtin", "wide", "deep", "min", "capacity"), _planogram(world, standing, wide),
        ),
        "stock": (("item", "place", "quantity", "lot", "expiry"), _stock(world, calendar)),
        "sales": (_SALES, iter(recent)),
    }  # fmt: skip
    for day, sold in older.items():
        _write(folder / OLDER / f"{day}.csv", _SALES, sold)
    for name, (head, rows) in tables.items():
        _write(folder / f"{name}.csv", head, rows)
    return {name: folder / f"{name}.csv" for name in tables}


def _write(path: Path, head: Row, rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)


def _split(rows: Iterable[Row], since: str) -> tuple[list[Row], dict[str, list[Row]]]:
    """Rows from that day on, and the others by their day."""
    recent: list[Row] = []
    older: dict[str, list[Row]] = {}
    for row in rows:
        day = str(row[2])[:10]
        (recent if day >= since else older.setdefault(day, [])).append(row)
    return recent, older


def stand(products: Sequence[Product], first: Standing) -> Standing:
    """Where every product stands: those of `first` there, the others in gondolas of four shelves, six slots each."""
    found = dict(first)
    rest = [product.gtin for product in products if product.gtin not in first]
    for number, gtin in enumerate(rest):
        gondola, place = divmod(number, _SHELVES * _SLOTS)
        aisle, bay = divmod(gondola, 3)
        found[gtin] = f"{chr(66 + aisle)}{bay + 1}", place // _SLOTS + 1, place % _SLOTS + 1
    return found


def _products(world: World) -> Iterator[Row]:
    for product in world.products:
        price = f"{product.price_cents / 100:.2f}"
        name = product.name.capitalize()
        yield product.gtin, name, price, product.case, product.supplier, product.lead_days, product.category


def _planogram(world: World, standing: Standing, wide: Mapping[str, int]) -> Iterator[Row]:
    for product in world.products:
        facings = wide.get(product.gtin, product.facings)
        deep = math.ceil(product.capacity / facings)
        yield *standing[product.gtin], product.gtin, facings, deep, math.ceil(facings / 2), product.capacity


def _stock(world: World, calendar: Calendar) -> Iterator[Row]:
    """What the record says, its difference from the truth in the lot that expires last."""
    for product in world.products:
        for place in PLACES:
            left = max(0, world.book(product.gtin, place))
            lots = [lot for lot in world.lots(product.gtin, place) if math.isfinite(lot.expires_utc_s)]
            named = _merged(calendar, lots, left)
            for (name, expiry), pieces in named.items():
                left -= pieces
                yield product.gtin, place, pieces, name, expiry
            if left or not named:  # nothing is a count too
                yield product.gtin, place, left, "", ""


def _merged(calendar: Calendar, lots: Iterable[Any], most: int) -> dict[tuple[str, str], int]:
    """Pieces by lot and expiry, no more than `most` in all."""
    found: dict[tuple[str, str], int] = {}
    for lot in lots:
        pieces = min(lot.pieces, most)
        if pieces:
            key = lot.name, calendar.day(lot.expires_utc_s).isoformat()
            found[key] = found.get(key, 0) + pieces
            most -= pieces
    return found


def _sales(world: World, calendar: Calendar, past: Sequence[Fact]) -> Iterator[Row]:
    """Each till's hours as one receipt with all their lines, as many tills export them; what was taken back is not
    there."""
    prices = {product.gtin: product.price_cents for product in world.products}
    documents = [fact for fact in past if isinstance(fact, Document)]
    voided = {(each.source, each.reverses) for each in documents if each.kind == "void"}
    for each in documents:
        if each.kind not in ("sale", "return") or (each.source, each.doc_ref) in voided:
            continue
        if each.kind == "return" and any(line.to_account not in PLACES for line in each.lines):
            continue  # what came back broken was never stock again
        at = calendar.local(calendar.to_real(each.at_utc_s))
        receipt = f"{at:%Y-%m-%d/%H}" if each.kind == "sale" else each.doc_ref
        sign = -1 if each.kind == "return" else 1
        for line in each.lines:
            amount = f"{sign * line.quantity * prices[line.gtin] / 100:.2f}"
            at_text = at.isoformat(timespec="seconds")
            yield each.source, receipt, at_text, line.gtin, line.quantity, amount, each.kind
