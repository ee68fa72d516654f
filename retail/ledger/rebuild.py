"""Works out everything derived anew from the facts alone, to compare it or to write it.

What is derived: the reversals of voided lines, whether a count is void, what each count found, and the balances.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, union

from retail.ledger import balance, tables, voids
from retail.ledger.balance import Key
from retail.ledger.document import OUTSIDE

_PAGE = 5000
Told = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Difference:
    """`what` is `balance`, `count` or `reversal`; `is_` what the tables hold, `should` what the facts say."""

    what: str
    about: str
    is_: str
    should: str


def differences(connection: Connection, told: Told = lambda share, text: None) -> list[Difference]:
    """Where what is derived does not agree with the facts; empty when all is well. Only reads."""
    found = list(_wrong_reversals(connection))
    held = {(row["gtin"], row["place"]): row["lots"] for row in balance.every_on_hand(connection, {})}
    keys = sorted(_keys(connection) | set(held))
    for number, key in enumerate(keys):
        if number % 500 == 0:
            told(number / len(keys), f"{number} of {len(keys)} products and places")
        worked = balance.chain(connection, key)
        if worked.lots != held.get(key, {}):
            found.append(Difference("balance", " at ".join(key), str(held.get(key, {})), str(worked.lots)))
        for count, expected, variance, after in worked.found:
            if not balance.is_found(count, expected, variance, after):
                about = f"{key[0]} at {key[1]}, document {count.document}"
                is_ = f"expected {count.expected}, variance {count.variance}"
                found.append(Difference("count", about, is_, f"expected {expected}, variance {variance}"))
    return found


def rebuild(connection: Connection, told: Told = lambda share, text: None) -> int:
    """Writes everything derived anew, in the caller's transaction; how many products and places there are."""
    changes = balance.Changes()
    for number, source, ref in list(_voided(connection)):
        voids.settle(connection, number, source, ref, changes)
    connection.execute(delete(tables.balances))
    keys = sorted(_keys(connection))
    for number, key in enumerate(keys):
        if number % 500 == 0:
            told(number / len(keys), f"{number} of {len(keys)} products and places")
        worked = balance.chain(connection, key)
        balance.write_found(connection, [worked])
        if worked.lots:
            rows = [
                {"gtin": key[0], "place": key[1], "lot": lot, "thousandths": amount}
                for lot, amount in worked.lots.items()
            ]
            connection.execute(insert(tables.balances), rows)
    return len(keys)


def _keys(connection: Connection) -> set[Key]:
    """Every product at every place where something moved or was counted."""
    line, count = tables.lines.c, tables.counts.c
    query = union(
        select(line.gtin, line.from_account.label("place")).distinct(),
        select(line.gtin, line.to_account.label("place")).distinct(),
        select(count.gtin, count.place).distinct(),
    )
    return {(row.gtin, row.place) for row in connection.execute(query) if row.place not in OUTSIDE}


def _voided(connection: Connection) -> Iterator[tuple[int, str, str]]:
    """Every document that is there and that a void names."""
    void, document = tables.voids.c, tables.documents.c
    query = select(document.id, document.source, document.ref).distinct()
    query = query.join(tables.voids, (void.source == document.source) & (void.ref == document.ref))
    for row in connection.execute(query.order_by(document.id)):
        yield row.id, row.source, row.ref


def _wrong_reversals(connection: Connection) -> Iterator[Difference]:
    column = tables.lines.c
    there: dict[int, dict[tuple[int, int], Any]] = {}
    for row in connection.execute(select(tables.lines).where(column.reverses.is_not(None))).mappings():
        there.setdefault(row["reverses"], {})[row["document"], row["line"]] = dict(row)
    for number, source, ref in list(_voided(connection)):
        wanted = voids.reversals(connection, number, voids.claims(connection, source, ref))
        written = there.pop(number, {})
        if wanted != written:
            yield Difference("reversal", f"{source} {ref}", f"{len(written)} lines", f"{len(wanted)} lines")
    for number, written in there.items():
        yield Difference("reversal", f"document {number}", f"{len(written)} lines", "none")
