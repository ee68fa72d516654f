"""What the desk is given at the start: sales of the last weeks, exposures, beliefs, counts, what still waits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, case, func, select

from retail.catalogue import tables as catalogue
from retail.ledger import tables as ledger
from retail.ledger.opening import is_opening
from retail.work import expected, tables
from retail.work.sales import DAYS

_Query = TypeVar("_Query", bound=Select[Any])

_PAGE = 1000
_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
_SHRINK_DAYS = 28
#: A line tells its own time; one that is later than its document by more than this is left out of what was sold.
_APART_MS = 8 * _DAY_MS


def recall(connection: Connection) -> Iterator[dict[str, Any]]:
    """Samples' values in portions; the last says that this was all."""
    newest = connection.scalar(select(func.max(ledger.documents.c.at_ms))) or 0
    since = newest - (DAYS + 1) * _DAY_MS
    hours = _hours(connection, newest - 28 * _DAY_MS)
    sources: Sequence[tuple[str, Iterator[Any]]] = (
        ("sold", _sold(connection, since, night_of(hours))),
        ("exposures", _exposures(connection)),
        ("beliefs", _beliefs(connection)),
        ("found", _found(connection, newest - _SHRINK_DAYS * _DAY_MS)),
        ("lost", _lost(connection, newest - _SHRINK_DAYS * _DAY_MS)),
    )
    for name, rows in sources:
        for page in _pages(rows):
            yield {"kind": "work", name: page}
    yield {"kind": "work", "hours": hours, "whole": True}
    yield from expected.waiting(connection)


def _sold(connection: Connection, since_ms: int, night: int) -> Iterator[list[Any]]:
    """Sales less returns: [gtin, ms in the middle of the day, thousandths, cents, lines].

    A day goes from night to night, so that it falls into one day of the store's own time.
    """
    line = ledger.lines.c
    shifted = line.at_ms - night * _HOUR_MS
    day = (shifted - shifted % _DAY_MS).label("day")
    sign = case((line.to_account == "customer", 1), else_=-1)
    usual = line.thousandths * func.coalesce(catalogue.products.c.price_cents, 0) / 1000
    cents = func.sum(sign * func.coalesce(func.abs(line.price_cents), usual))
    product = func.coalesce(line.gtin, "").label("product")  # by itself it would be read in the order of its own index
    query = select(product, day, func.sum(sign * line.thousandths), cents, func.sum(sign))
    query = _since(query, since_ms).outerjoin(catalogue.products, catalogue.products.c.gtin == line.gtin)
    query = query.where((line.to_account == "customer") | (line.from_account == "customer"))
    for gtin, begins, amount, value, lines in connection.execute(query.group_by("product", "day")):
        yield [gtin, int(begins) + night * _HOUR_MS + _DAY_MS // 2, int(amount), int(value), int(lines)]


def night_of(hours: Sequence[Sequence[int]]) -> int:
    """The UTC hour in the middle of the five quietest."""
    lines = dict.fromkeys(range(24), 0) | {int(hour): int(count) for hour, count in hours}
    return min(range(24), key=lambda middle: (sum(lines[(middle + by) % 24] for by in range(-2, 3)), middle))


def _hours(connection: Connection, since_ms: int) -> list[list[int]]:
    """Lines sold in each hour UTC: [hour, how many]."""
    line = ledger.lines.c
    hour = (line.at_ms % _DAY_MS - line.at_ms % _HOUR_MS).label("hour")
    query = _since(select(hour, func.count()), since_ms).where(line.to_account == "customer").group_by(hour)
    return [[int(row[0]) // _HOUR_MS, int(row[1])] for row in connection.execute(query)]


def _exposures(connection: Connection) -> Iterator[dict[str, Any]]:
    days = select(tables.store_days.c.day).order_by(tables.store_days.c.day.desc()).limit(DAYS).subquery()
    query = select(tables.exposures).where(tables.exposures.c.day >= select(func.min(days.c.day)).scalar_subquery())
    yield from (dict(row) for row in connection.execute(query).mappings())


def _beliefs(connection: Connection) -> Iterator[dict[str, Any]]:
    column = tables.beliefs.c
    query = select(column.gtin, column.place, column.on_hand, column.low, column.high, column.empty, column.book)
    yield from (dict(row) for row in connection.execute(query.order_by(column.gtin)).mappings())


def _found(connection: Connection, since_ms: int) -> Iterator[dict[str, Any]]:
    """Variances of counts, for the shrink of the last weeks."""
    count = ledger.counts.c
    query = select(count.document, count.line, count.gtin, count.at_ms, count.variance, is_opening().label("opening"))
    query = query.where(count.at_ms >= since_ms, count.voided.is_(False), count.lot == "")
    for row in connection.execute(query):
        yield {**row._mapping, "at_utc_s": row.at_ms / 1000}


def _lost(connection: Connection, since_ms: int) -> Iterator[dict[str, Any]]:
    """What was written off as shrink."""
    line = ledger.lines.c
    query = _since(select(line.gtin, line.at_ms, line.from_account, line.to_account, line.thousandths), since_ms)
    query = query.where((line.to_account == "shrink") | (line.from_account == "shrink"))
    for row in connection.execute(query):
        yield {"gtin": row.gtin, "at_utc_s": row.at_ms / 1000, "from": row.from_account, "to": row.to_account,
               "thousandths": row.thousandths}  # fmt: skip


def _since(query: _Query, since_ms: int) -> _Query:
    """Lines since then, from the first document of that time on: documents have an index by time, and their lines lie
    in their order. The time of the lines alone has none, for it would cost each booking: it took all years to read.
    """
    line, document = ledger.lines.c, ledger.documents.c
    first = select(func.min(document.id)).where(document.at_ms >= since_ms - _APART_MS).scalar_subquery()
    return query.where(line.document >= first, line.at_ms >= since_ms)


def _pages(rows: Iterator[Any]) -> Iterator[list[Any]]:
    page: list[Any] = []
    for row in rows:
        page.append(row)
        if len(page) == _PAGE:
            yield page
            page = []
    if page:
        yield page
