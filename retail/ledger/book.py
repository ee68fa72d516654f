"""Books documents into the ledger's tables, in the transaction of their event.

1. Each document gets its number; lines that are known already are left out, one that is told differently is kept aside.
2. A line whose code nobody knows is kept until somebody says whose it is.
3. What takes back and what is taken back find each other, whichever came first (`voids.py`).
4. The balances follow: added to, or, where something is late, worked out anew from the last count before it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select

from retail.ledger import balance, by_price, tables, voids
from retail.ledger.document import Count, Document, Line, recorded_line
from verticals.store.database import upsert

#: From codes that were read to the GTINs that they mean; unknown ones are left out.
Resolve = Callable[[Connection, Collection[str]], Mapping[str, str]]
WHOLE = -1
_ASKED = 400  # documents asked for in one statement
_FACTS = ("gtin", "from_account", "to_account", "thousandths", "lot")

_Key = tuple[int, int]

# Made once: building a statement anew takes longer than running it.
_document, _void = tables.documents.c, tables.voids.c
# By source: rows of (source, ref) in a list of pairs are looked for by SQLite through every document that there is.
_NUMBERS = select(_document.ref, _document.id).where(
    _document.source == bindparam("of"), _document.ref.in_(bindparam("refs", expanding=True))
)
_LAST = select(func.max(_document.id))
_WAITING = (
    select(_void.ref)
    .where(_void.source == bindparam("of"), _void.ref.in_(bindparam("refs", expanding=True)))
    .distinct()
)
_INSERT = {
    table: insert(table) for table in (tables.documents, tables.lines, tables.counts, tables.voids, tables.unknown)
}


@dataclass(slots=True)
class Booked:
    """What a booking added, each ready for JSON: see docs/retail/ledger.md."""

    moved: list[dict[str, Any]] = field(default_factory=list)
    balances: list[dict[str, Any]] = field(default_factory=list)
    variances: list[dict[str, Any]] = field(default_factory=list)
    unknown: list[dict[str, Any]] = field(default_factory=list)


def book(connection: Connection, documents: Sequence[Document], sequence: int, resolve: Resolve) -> Booked:
    """What was new. The same documents in any order, once or many times, leave the same balances."""
    filing = _Filing(connection, sequence)
    numbers = filing.number(documents)
    codes = resolve(connection, {line.code for one in documents for line in one.lines if line.code and not line.gtin})
    filing.know(documents, codes)
    changes = balance.Changes()
    booked = Booked()
    for document in documents:
        filing.take(document, numbers[document.source, document.ref])
    filing.write()
    for row, kind in filing.lines:
        changes.moved(row)
        booked.moved.append(_moved(row, kind))
    for count in filing.counts:
        changes.counted(count)
    _settle(connection, filing, numbers, changes, booked)
    booked.unknown = [{"document": row["document"], "code": row["code"]} for row in filing.unknown]
    booked.balances, booked.variances = balance.follow(connection, changes)
    return booked


def book_unknown(connection: Connection, codes: Mapping[str, str]) -> Booked:
    """Books what waited for one of these codes to be known."""
    changes, booked = balance.Changes(), Booked()
    lines = _now_known(connection, _waiting(connection, codes), codes)
    if not lines:
        return booked
    kinds = _kinds(connection, {line["document"] for line in lines})
    connection.execute(_INSERT[tables.lines], lines)
    _lots(connection, lines)
    here = (tables.unknown.c.document == bindparam("of")) & (tables.unknown.c.line == bindparam("number"))
    known = [{"of": line["document"], "number": line["line"]} for line in lines]
    connection.execute(tables.unknown.update().where(here).values(booked=True), known)
    for line in lines:
        changes.moved(line)
        booked.moved.append(_moved(line, kinds[line["document"]][0]))
    for number in sorted(kinds):
        added = voids.settle(connection, number, *kinds[number][1:], changes)
        booked.moved += [_moved(row, "void") for row in added]
    booked.balances, booked.variances = balance.follow(connection, changes)
    return booked


def _waiting(connection: Connection, codes: Mapping[str, str]) -> list[Any]:
    """The lines that wait for one of these codes; there may be far more codes than lines."""
    waits = tables.unknown.c
    asked = connection.scalars(select(waits.code).where(waits.booked.is_(False)).distinct())
    named = sorted(code for code in asked if code in codes)
    rows: list[Any] = []
    for some in _portions(named):
        query = select(tables.unknown).where(waits.code.in_(some), waits.booked.is_(False))
        rows += connection.execute(query.order_by(waits.document, waits.line))
    return rows


def _now_known(connection: Connection, rows: Sequence[Any], codes: Mapping[str, str]) -> list[dict[str, Any]]:
    """The lines that can be booked; one that was sold by its price waits on while the product has none."""
    said = [(row, recorded_line(json.loads(row.said))) for row in rows]
    prices = by_price.prices(connection, by_price.priced([(line, codes[row.code]) for row, line in said]))
    lines = []
    for row, line in said:
        amount = by_price.booked_amount(line, codes[row.code], prices)
        if amount is not None:
            lines.append(_line_row(row.document, line, codes[row.code], row.at_ms) | {"thousandths": amount})
    return lines


class _Filing:
    """What one booking adds to the tables of facts."""

    def __init__(self, connection: Connection, sequence: int) -> None:
        self._connection = connection
        self._sequence = sequence
        self._codes: Mapping[str, str] = {}
        self._prices: Mapping[str, int] = {}
        self._new: list[dict[str, Any]] = []
        self._seen: dict[_Key, tuple[Any, ...]] = {}
        self._counted: set[_Key] = set()
        self._taken_back: set[_Key] = set()
        self._conflicts: dict[_Key, dict[str, Any]] = {}
        self.lines: list[tuple[dict[str, Any], str]] = []
        self.counts: list[dict[str, Any]] = []
        self.voids: list[dict[str, Any]] = []
        self.unknown: list[dict[str, Any]] = []

    def number(self, documents: Sequence[Document]) -> dict[tuple[str, str], int]:
        """The number of each document by source and ref; new ones follow the last."""
        asked = {(one.source, one.ref): one for one in reversed(documents)}
        numbers = _numbers(self._connection, list(asked))
        known = set(numbers.values())
        last = self._connection.scalar(_LAST) or 0
        for one in documents:
            if (one.source, one.ref) not in numbers:
                last += 1
                numbers[one.source, one.ref] = last
                self._new.append(_document_row(last, one, self._sequence))
        self._read_known(known)
        return numbers

    def _read_known(self, known: Collection[int]) -> None:
        if not known:
            return
        line, count, waits = tables.lines.c, tables.counts.c, tables.unknown.c
        facts = select(line.document, line.line, *(line[name] for name in _FACTS))
        for row in self._connection.execute(facts.where(line.document.in_(known), line.reverses.is_(None))):
            self._seen[row.document, row.line] = tuple(row[2:])
        for row in self._connection.execute(
            select(waits.document, waits.line, waits.code).where(waits.document.in_(known), waits.booked.is_(False))
        ):
            self._seen[row.document, row.line] = (row.code,)
        counted = select(count.document, count.line).where(count.document.in_(known))
        self._counted = {(row.document, row.line) for row in self._connection.execute(counted)}
        void = tables.voids.c
        voided = select(void.document, void.line).where(void.document.in_(known))
        self._taken_back = {(row.document, row.line) for row in self._connection.execute(voided)}

    def know(self, documents: Sequence[Document], codes: Mapping[str, str]) -> None:
        """What the codes mean, and the prices of what was sold by its price."""
        self._codes = codes
        lines = [(line, line.gtin or codes.get(line.code, "")) for one in documents for line in one.lines]
        self._prices = by_price.prices(self._connection, by_price.priced(lines))

    def take(self, document: Document, number: int) -> None:
        at_ms = _ms(document.at_utc_s)
        for line in document.lines:
            self._take_line(line, number, document)
        for count in document.counts:
            if (number, count.number) not in self._counted:
                self._counted.add((number, count.number))
                self.counts.append(_count_row(number, count, at_ms))
        if document.voids is not None:
            for line_number in document.voids.lines or (WHOLE,):
                if (number, line_number) not in self._taken_back:
                    self._taken_back.add((number, line_number))
                    named = {"source": document.voids.source, "ref": document.voids.ref}
                    self.voids.append({"document": number, "line": line_number, "at_ms": at_ms, **named})

    def _take_line(self, line: Line, number: int, document: Document) -> None:
        at_ms = _ms(document.at_utc_s if line.at_utc_s is None else line.at_utc_s)
        gtin = line.gtin or self._codes.get(line.code, "")
        amount = by_price.booked_amount(line, gtin, self._prices)
        row = _line_row(number, line, "" if amount is None else gtin, at_ms)
        row["thousandths"] = amount or line.thousandths
        facts = tuple(row[name] for name in _FACTS) if row["gtin"] else (line.code,)
        known = self._seen.setdefault((number, line.number), facts)
        if known is not facts:
            if known not in (facts, (line.code,)):
                said = json.dumps(document.as_json(), separators=(",", ":"))
                key = {"document": number, "line": line.number, "sequence": self._sequence}
                self._conflicts[number, line.number] = {**key, "said": said}
            return
        if row["gtin"]:
            self.lines.append((row, document.kind))
        else:
            said = json.dumps(line.as_json(), separators=(",", ":"))
            waits = {"document": number, "line": line.number, "code": line.code, "at_ms": at_ms}
            self.unknown.append({**waits, "said": said, "booked": False})

    def write(self) -> None:
        for table, rows in (
            (tables.documents, self._new),
            (tables.lines, [row for row, _ in self.lines]),
            (tables.counts, self.counts),
            (tables.voids, self.voids),
            (tables.unknown, self.unknown),
        ):
            if rows:
                self._connection.execute(_INSERT[table], rows)
        upsert(self._connection, tables.conflicts, ["document", "line", "sequence"], list(self._conflicts.values()))
        _lots(self._connection, [*(row for row, _ in self.lines), *self.counts])


def _settle(
    connection: Connection,
    filing: _Filing,
    numbers: Mapping[tuple[str, str], int],
    changes: balance.Changes,
    booked: Booked,
) -> None:
    """Voids of this booking find what they take back, and what came now finds the voids that waited for it."""
    targets = _numbers(connection, sorted({(void["source"], void["ref"]) for void in filing.voids}))
    for source, refs in _by_source(numbers):
        waiting = connection.scalars(_WAITING, {"of": source, "refs": refs})
        targets |= {(source, ref): numbers[source, ref] for ref in waiting}
    for (source, ref), number in sorted(targets.items(), key=lambda item: item[1]):
        added = voids.settle(connection, number, source, ref, changes)
        booked.moved += [_moved(row, "void") for row in added]


def _numbers(connection: Connection, named: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for source, refs in _by_source(named):
        found |= {(source, row.ref): row.id for row in connection.execute(_NUMBERS, {"of": source, "refs": refs})}
    return found


def _by_source(named: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Sequence[str]]]:
    """Sources with some of their references at a time."""
    by_source: dict[str, list[str]] = {}
    for source, ref in named:
        by_source.setdefault(source, []).append(ref)
    for source, refs in sorted(by_source.items()):
        for some in _portions(sorted(refs)):
            yield source, some


def _kinds(connection: Connection, numbers: Collection[int]) -> dict[int, tuple[str, str, str]]:
    document = tables.documents.c
    found: dict[int, tuple[str, str, str]] = {}
    for some in _portions(sorted(numbers)):
        query = select(document.id, document.kind, document.source, document.ref).where(document.id.in_(some))
        found |= {row.id: (row.kind, row.source, row.ref) for row in connection.execute(query)}
    return found


def _portions(items: Sequence[Any]) -> list[Sequence[Any]]:
    return [items[first : first + _ASKED] for first in range(0, len(items), _ASKED)]


def _ms(at_utc_s: float) -> int:
    return round(at_utc_s * 1000)


def _document_row(number: int, document: Document, sequence: int) -> dict[str, Any]:
    return {
        "id": number,
        "source": document.source,
        "ref": document.ref,
        "kind": document.kind,
        "at_ms": _ms(document.at_utc_s),
        "who": document.who,
        "reason": document.reason,
        "sequence": sequence,
    }


def lot_of(lot: str, expiry: str) -> str:
    """How the balances call a lot: by its number, by its date where it has none, empty where it has neither."""
    return lot or (f"@{expiry}" if expiry else "")


def _line_row(document: int, line: Line, gtin: str, at_ms: int) -> dict[str, Any]:
    return {
        "document": document,
        "line": line.number,
        "gtin": gtin,
        "from_account": line.from_account,
        "to_account": line.to_account,
        "thousandths": line.thousandths,
        "at_ms": at_ms,
        "lot": lot_of(line.lot, line.expiry),
        "expiry": line.expiry,
        "reason": line.reason,
        "price_cents": line.price_cents,
        "reverses": None,
    }


def _count_row(document: int, count: Count, at_ms: int) -> dict[str, Any]:
    return {
        "document": document,
        "line": count.number,
        "gtin": count.gtin,
        "place": count.place,
        "lot": lot_of(count.lot, count.expiry),
        "expiry": count.expiry,
        "thousandths": count.thousandths,
        "at_ms": at_ms,
        "reason": count.reason,
        "expected": 0,
        "variance": 0,
        "after": "",
        "voided": False,
    }


def _lots(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """The date of each lot; where two were told the earlier one is meant: nobody is sold what may be over."""
    dated: dict[tuple[str, str], str] = {}
    for row in rows:
        if row["expiry"]:
            key = row["gtin"], row["lot"]
            dated[key] = min(row["expiry"], dated.get(key, row["expiry"]))
    if not dated:
        return
    asked = select(tables.lots).where(tables.lots.c.gtin.in_({gtin for gtin, _ in dated}))
    for known in connection.execute(asked):
        if (known.gtin, known.lot) in dated:
            dated[known.gtin, known.lot] = min(known.expiry, dated[known.gtin, known.lot])
    made = [{"gtin": gtin, "lot": lot, "expiry": expiry} for (gtin, lot), expiry in sorted(dated.items())]
    upsert(connection, tables.lots, ["gtin", "lot"], made)


def _moved(row: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {
        "document": row["document"],
        "line": row["line"],
        "kind": kind,
        "gtin": row["gtin"],
        "from": row["from_account"],
        "to": row["to_account"],
        "thousandths": row["thousandths"],
        "at_utc_s": row["at_ms"] / 1000,
        "lot": row["lot"],
        "reason": row["reason"],
        "price_cents": row["price_cents"],
    }
