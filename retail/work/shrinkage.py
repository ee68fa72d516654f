"""The shrink ledger: where pieces went, as the counts of a span and the records between them explain it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, case, func, select

from retail.catalogue import tables as catalogue
from retail.ledger import tables as ledger
from retail.ledger.document import CUSTOMER, OUTSIDE, SHRINK, SUPPLIER, WASTE
from retail.ledger.opening import is_opening
from retail.settings import RetailSettings
from retail.stock.shrink import Found, WrittenOff, explain
from retail.work import receiving, tables

_THOUSAND = 1000
_DAY_MS = 86_400_000
#: What a first count is explained from.
_LOOKED_BACK_MS = 92 * _DAY_MS
_ASKED = 400

_Key = tuple[str, str]


def shrink_ledger(connection: Connection, settings: RetailSettings, since_ms: int, until_ms: int) -> dict[str, Any]:
    """What counts from `since_ms` to `until_ms` found, by cause, and what was written off in that time.

    `{"causes": [{"cause", "pieces", "value_cents", "of", "of_pieces", "share"}], "value_cents", "sales_cents", "rate",
    "counts"}`; the largest value first. `pieces` in units (missing above 0), `of_pieces`: what it is a share of, since
    the counts before. `rate` of net sales is None where none are known.
    """
    spans, counts = _counted(connection, since_ms, until_ms)
    products = _products(connection, {gtin for gtin, _ in spans})
    found = [_found(connection, key, span) for key, span in sorted(spans.items())]
    off = list(_written_off(connection, since_ms, until_ms))
    products |= _products(connection, {one.gtin for one in off} - set(products))
    prices = {gtin: row["price_cents"] for gtin, row in products.items()}
    cases = {gtin: row["case_units"] * _THOUSAND for gtin, row in products.items()}
    causes = explain(found, off, prices, _siblings(found, products), cases)  # in thousandths: kilograms have parts
    value = sum(round(one.value_cents / _THOUSAND) for one in causes)
    sales = _sales_cents(connection, ZoneInfo(settings.time_zone), since_ms, until_ms)
    return {
        "causes": [
            {"cause": one.cause, "pieces": one.pieces / _THOUSAND, "value_cents": round(one.value_cents / _THOUSAND),
             "of": one.of, "of_pieces": one.of_pieces / _THOUSAND, "share": one.share}
            for one in causes
        ],
        "value_cents": value,
        "sales_cents": sales,
        "rate": value / sales if sales > 0 else None,
        "counts": counts,
    }  # fmt: skip


def _counted(connection: Connection, since_ms: int, until_ms: int) -> tuple[dict[_Key, tuple[int, int, int]], int]:
    """Of each product and place: all variances, from the count before them (or long ago) to the last; how many counts
    found something out, which the opening of a record does not."""
    count = ledger.counts.c
    opens = is_opening()
    variance, one = case((opens, 0), else_=count.variance), case((opens, 0), else_=1)
    query = select(count.gtin, count.place, func.sum(variance), func.max(count.at_ms), func.sum(one))
    query = query.where(count.at_ms >= since_ms, count.at_ms < until_ms, count.voided.is_(False))
    spans: dict[_Key, tuple[int, int, int]] = {}
    many = 0
    for gtin, place, differs, last_ms, how_many in connection.execute(query.group_by(count.gtin, count.place)):
        before = select(func.max(count.at_ms)).where(
            count.gtin == gtin, count.place == place, count.at_ms < since_ms, count.voided.is_(False)
        )
        begins = connection.scalar(before)
        spans[gtin, place] = int(differs), begins or since_ms - _LOOKED_BACK_MS, int(last_ms)
        many += int(how_many)
    return spans, many


def _found(connection: Connection, key: _Key, span: tuple[int, int, int]) -> Found:
    """A variance with what was recorded at the place in its time."""
    (gtin, place), (variance, after_ms, until_ms) = key, span
    line, document = ledger.lines.c, ledger.documents.c
    query = select(line.from_account, line.to_account, document.source, func.sum(line.thousandths))
    query = query.join(ledger.documents, document.id == line.document)
    query = query.where(line.gtin == gtin, line.at_ms > after_ms, line.at_ms <= until_ms)
    sums: Counter[str] = Counter()
    for left, came, source, amount in connection.execute(
        query.group_by(line.from_account, line.to_account, document.source)
    ):
        if place not in (left, came):
            continue
        other = left if came == place else came
        if other == CUSTOMER:
            sums["sold"] += int(amount) if left == place else -int(amount)
        elif other == SUPPLIER:
            sums["received"] += int(amount) if came == place else -int(amount)
            if came == place and source != receiving.SOURCE:
                sums["unchecked"] += int(amount)
        elif other not in OUTSIDE:
            sums["carried"] += int(amount)
    return Found(gtin, place, variance, sums["sold"], sums["received"], sums["carried"], sums["unchecked"])


def _written_off(connection: Connection, since_ms: int, until_ms: int) -> Iterator[WrittenOff]:
    """By the reason that somebody gave, else by the kind of document."""
    line, document = ledger.lines.c, ledger.documents.c
    query = select(line.gtin, line.from_account, line.to_account, line.thousandths, line.reason, document.reason,
                   document.kind)  # fmt: skip
    query = query.join(ledger.lines, line.document == document.id).where(
        document.at_ms >= since_ms, document.at_ms < until_ms,
        line.to_account.in_((WASTE, SHRINK)) | line.from_account.in_((WASTE, SHRINK)),
    )  # fmt: skip
    for gtin, left, came, amount, reason, said, kind in connection.execute(query):
        sign = (came in (WASTE, SHRINK)) - (left in (WASTE, SHRINK))
        if sign and gtin:
            yield WrittenOff(gtin, reason or said or kind, sign * int(amount))


def _products(connection: Connection, gtins: Collection[str]) -> dict[str, Mapping[str, Any]]:
    wanted, found = sorted(gtins), dict[str, Mapping[str, Any]]()
    for first in range(0, len(wanted), _ASKED):
        query = select(catalogue.products).where(catalogue.products.c.gtin.in_(wanted[first : first + _ASKED]))
        found |= {row["gtin"]: row for row in connection.execute(query).mappings()}
    return found


def _siblings(found: list[Found], products: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """For what is missing, what may have been scanned in its place: the same kind at the same price, of which there
    are too many."""
    over: Counter[str] = Counter()
    for one in found:
        over[one.gtin] += one.pieces
    groups: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for gtin in over:
        row = products.get(gtin)
        if row is not None and row["category"] and row["price_cents"]:
            groups[row["category"], row["unit"], row["price_cents"], row["name"].split(" ")[0].lower()].append(gtin)
    siblings: dict[str, str] = {}
    for alike in groups.values():
        most = max(alike, key=lambda gtin: over[gtin])
        siblings |= {gtin: most for gtin in alike if over[gtin] < 0 < over[most]}
    return siblings


def _sales_cents(connection: Connection, zone: ZoneInfo, since_ms: int, until_ms: int) -> int:
    """By the closed days of the desk."""
    day = tables.store_days.c
    first, last = (datetime.fromtimestamp(ms / 1000, zone).date().isoformat() for ms in (since_ms, until_ms))
    query = select(func.sum(day.sales_cents)).where(day.day >= first, day.day <= last)
    return int(connection.scalar(query) or 0)
