"""Balances: how much there is of each lot of a product at each place, kept up to date with every booking.

On-hand = the newest count by its own time, and all moves later than it; without a count, all moves. A move at the very
time of a count came before it. A count of one lot sets that lot; a count of the product sets the sum, what differs
belongs to no lot (to the lot ""), and none left means none of any lot. Where nothing is late a booking adds to the
balances; where something is, they are worked out anew from the last count before it, and so is each variance.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Insert,
    Row,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from retail.ledger import tables
from retail.ledger.document import OUTSIDE

#: A product (GTIN-14) at a place.
Key = tuple[str, str]
_ASKED = 400
_count, _balance = tables.counts.c, tables.balances.c
# Made once: building a statement anew takes longer than running it.
_NEWEST_COUNTS = (
    select(_count.gtin, _count.place, func.max(_count.at_ms).label("at_ms"))
    .where(_count.gtin.in_(bindparam("gtins", expanding=True)), _count.voided.is_(False))
    .group_by(_count.gtin, _count.place)
)
_BALANCES = select(tables.balances).where(_balance.gtin.in_(bindparam("gtins", expanding=True)))
_document, _line = tables.documents.c, tables.lines.c
_COUNTS = (
    select(tables.counts)
    .join(tables.documents, _document.id == _count.document)
    .where(_count.gtin.in_(bindparam("gtins", expanding=True)), _count.voided.is_(False))
    .order_by(_count.at_ms, _document.source, _document.ref, _count.line)
)
_PLACE: BindParameter[str] = bindparam("place")
_SUMS = (
    select(_line.lot, func.sum(case((_line.to_account == _PLACE, _line.thousandths), else_=-_line.thousandths)))
    .where(_line.gtin == bindparam("gtin"), _line.at_ms > bindparam("after"), _line.at_ms <= bindparam("until"))
    .where(or_(_line.from_account == _PLACE, _line.to_account == _PLACE))
    .group_by(_line.lot)
)
_CLEAR = delete(tables.balances).where(_balance.gtin == bindparam("of"), _balance.place == bindparam("at"))
_FOUND = (
    update(tables.counts)
    .where(_count.document == bindparam("of"), _count.line == bindparam("at"))
    .values(expected=bindparam("is_expected"), variance=bindparam("is_variance"), after=bindparam("is_after"))
)
_EVER_MS = 2**62


@dataclass(slots=True)
class _Change:
    lots: dict[str, int] = field(default_factory=dict)
    since_ms: int = 2**62
    counted: bool = False


@dataclass(slots=True)
class Changes:
    """What a booking does to each product at each place."""

    keys: dict[Key, _Change] = field(default_factory=dict)

    def moved(self, row: Mapping[Any, Any], *, back: bool = False) -> None:
        """A line was added, or (`back`) taken out again."""
        for place, sign in ((row["from_account"], -1), (row["to_account"], 1)):
            if place not in OUTSIDE:
                change = self.keys.setdefault((row["gtin"], place), _Change())
                amount = -sign * row["thousandths"] if back else sign * row["thousandths"]
                change.lots[row["lot"]] = change.lots.get(row["lot"], 0) + amount
                change.since_ms = min(change.since_ms, row["at_ms"])

    def counted(self, row: Mapping[Any, Any]) -> None:
        """A count was added or became void."""
        change = self.keys.setdefault((row["gtin"], row["place"]), _Change())
        change.counted = True
        change.since_ms = min(change.since_ms, row["at_ms"])


@dataclass(slots=True)
class Chain:
    """A product at a place through time: how much there is of each lot now, what each count found, and when the first
    count was (UTC ms)."""

    lots: dict[str, int]
    found: list[tuple[Row[Any], int, int, dict[str, int]]]  # count, expected, variance, lots after it
    first_ms: int = -1


def follow(connection: Connection, changes: Changes) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Brings the balances up to date: each on-hand as it is now, and the variances that are new or changed."""
    if not changes.keys:
        return [], []
    counted = newest_counts(connection, {gtin for gtin, _ in changes.keys})
    added: list[dict[str, Any]] = []
    late: dict[Key, int] = {}
    for key, change in changes.keys.items():
        if change.counted or change.since_ms <= counted.get(key, -1):
            late[key] = change.since_ms
        else:
            added += [_row(key, lot, amount) for lot, amount in change.lots.items()]
    variances = _work_out(connection, late) if late else []
    if added:
        connection.execute(_adding(connection.dialect.name), added)
    return on_hand(connection, changes.keys, counted), variances


def on_hand(
    connection: Connection, keys: Iterable[Key], counted: Mapping[Key, int] | None = None
) -> list[dict[str, Any]]:
    """`{"gtin", "place", "thousandths", "lots": {lot: thousandths}, "counted_at_utc_s"}` of each product and place."""
    wanted = list(keys)
    gtins = sorted({gtin for gtin, _ in wanted})
    counted = newest_counts(connection, gtins) if counted is None else counted
    lots: dict[Key, dict[str, int]] = {key: {} for key in wanted}
    for some in _portions(gtins):
        for row in connection.execute(_BALANCES, {"gtins": some}):
            if (row.gtin, row.place) in lots and row.thousandths:
                lots[row.gtin, row.place][row.lot] = row.thousandths
    return [held(key, lots[key], counted.get(key)) for key in wanted]


def held(key: Key, lots: Mapping[str, int], counted_ms: int | None) -> dict[str, Any]:
    at_utc_s = None if counted_ms is None else counted_ms / 1000
    amount = sum(lots.values())
    return {"gtin": key[0], "place": key[1], "thousandths": amount, "lots": dict(lots), "counted_at_utc_s": at_utc_s}


def newest_counts(connection: Connection, gtins: Iterable[str]) -> dict[Key, int]:
    """When each product was last counted at each place, UTC ms; counts of one lot are counts too."""
    found: dict[Key, int] = {}
    for some in _portions(sorted(gtins)):
        rows = connection.execute(_NEWEST_COUNTS, {"gtins": some})
        found |= {(row.gtin, row.place): row.at_ms for row in rows}
    return found


def chain(connection: Connection, key: Key) -> Chain:
    """Worked out from the facts, from the beginning."""
    return _chain(connection, key, _counts(connection, [key]).get(key, []))


def _chain(connection: Connection, key: Key, counts: Sequence[Row[Any]], since_ms: int | None = None) -> Chain:
    """From the last of its `counts` before `since_ms`, or from the beginning."""
    begin, lots, first_ms = -1, {}, counts[0].at_ms if counts else -1
    if since_ms is not None:
        before = [count for count in counts if count.at_ms < since_ms]
        if before:
            begin, lots = before[-1].at_ms, json.loads(before[-1].after)
            counts = counts[len(before) :]
    now: Counter[str] = Counter(lots)
    found = []
    for count in counts:
        now.update(_sums(connection, key, begin, count.at_ms))
        begin = count.at_ms
        expected = now[count.lot] if count.lot else sum(now.values())
        now = _set(now, count, count.thousandths - expected)
        found.append((count, expected, count.thousandths - expected, dict(now)))
    now.update(_sums(connection, key, begin, _EVER_MS))
    return Chain({lot: amount for lot, amount in now.items() if amount}, found, first_ms)


def _set(lots: Counter[str], count: Row[Any], variance: int) -> Counter[str]:
    """The lots after a count found `variance` more than was expected."""
    if not count.lot and count.thousandths == 0:
        return Counter()
    after = Counter(lots)
    after[count.lot] += variance
    return Counter({lot: amount for lot, amount in after.items() if amount})


def _counts(connection: Connection, keys: Iterable[Key]) -> dict[Key, list[Row[Any]]]:
    """Those that are not void, in their order."""
    wanted = set(keys)
    found: dict[Key, list[Row[Any]]] = {}
    for some in _portions(sorted({gtin for gtin, _ in wanted})):
        for row in connection.execute(_COUNTS, {"gtins": some}):
            if (row.gtin, row.place) in wanted:
                found.setdefault((row.gtin, row.place), []).append(row)
    return found


def _sums(connection: Connection, key: Key, after_ms: int, until_ms: int) -> dict[str, int]:
    """What came less what went, by lot, later than `after_ms` and up to `until_ms`."""
    asked = {"gtin": key[0], "place": key[1], "after": after_ms, "until": until_ms}
    return {lot: int(amount) for lot, amount in connection.execute(_SUMS, asked)}


def _work_out(connection: Connection, late: Mapping[Key, int]) -> list[dict[str, Any]]:
    """Writes what each chain gives from the moment, in UTC ms, at which it changed; the variances that changed."""
    counts = _counts(connection, late)
    worked = {key: _chain(connection, key, counts.get(key, []), since_ms) for key, since_ms in late.items()}
    connection.execute(_CLEAR, [{"of": gtin, "at": place} for gtin, place in worked])
    rows = [_row(key, lot, amount) for key, one in worked.items() for lot, amount in one.lots.items()]
    if rows:
        connection.execute(insert(tables.balances), rows)
    return write_found(connection, worked.values())


def write_found(connection: Connection, worked: Iterable[Chain]) -> list[dict[str, Any]]:
    """Writes what each count found where it is not written yet; those counts."""
    changed, written = [], []
    each = ((one.first_ms, *found) for one in worked for found in one.found)
    for first_ms, count, expected, variance, after in each:
        if is_found(count, expected, variance, after):
            continue
        named = {"is_expected": expected, "is_variance": variance, "is_after": _text(after)}
        written.append({"of": count.document, "at": count.line, **named})
        said = {"document": count.document, "line": count.line, "gtin": count.gtin, "place": count.place}
        said |= {"lot": count.lot, "thousandths": count.thousandths, "at_utc_s": count.at_ms / 1000}
        opens = expected <= 0 and count.at_ms == first_ms  # as `opening.is_opening` asks it of the table
        changed.append({**said, "expected": expected, "variance": variance, "reason": count.reason, "opening": opens})
    if written:
        connection.execute(_FOUND, written)
    return changed


def is_found(count: Row[Any], expected: int, variance: int, after: Mapping[str, int]) -> bool:
    """Whether the row says so already."""
    return (count.expected, count.variance, count.after) == (expected, variance, _text(after))


def _text(lots: Mapping[str, int]) -> str:
    return json.dumps(lots, sort_keys=True, separators=(",", ":"))


def _row(key: Key, lot: str, amount: int) -> dict[str, Any]:
    return {"gtin": key[0], "place": key[1], "lot": lot, "thousandths": amount}


@lru_cache(maxsize=4)
def _adding(dialect_name: str) -> Insert:
    """Adds to the balance of a lot, which may be new."""
    if dialect_name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as insert_into
    else:
        from sqlalchemy.dialects.sqlite import insert as insert_into  # type: ignore[assignment]
    statement = insert_into(tables.balances)
    added = {"thousandths": tables.balances.c.thousandths + statement.excluded.thousandths}
    made: Insert = statement.on_conflict_do_update(index_elements=["gtin", "place", "lot"], set_=added)
    return made


def _portions(items: Sequence[str]) -> list[Sequence[str]]:
    return [items[first : first + _ASKED] for first in range(0, len(items), _ASKED)]


def every_newest_count(connection: Connection) -> dict[Key, int]:
    column = tables.counts.c
    query = select(column.gtin, column.place, func.max(column.at_ms).label("at_ms"))
    query = query.where(column.voided.is_(False)).group_by(column.gtin, column.place)
    return {(row.gtin, row.place): row.at_ms for row in connection.execute(query)}


def every_on_hand(connection: Connection, counted: Mapping[Key, int]) -> Iterator[dict[str, Any]]:
    """Of each product at each place where something ever was, by product."""
    key: Key | None = None
    lots: dict[str, int] = {}
    column = tables.balances.c
    for row in connection.execute(select(tables.balances).order_by(column.gtin, column.place, column.lot)):
        if key is not None and key != (row.gtin, row.place):
            yield held(key, lots, counted.get(key))
            lots = {}
        key = row.gtin, row.place
        if row.thousandths:
            lots[row.lot] = row.thousandths
    if key is not None:
        yield held(key, lots, counted.get(key))
