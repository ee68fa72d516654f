"""What the ledger expected at the moment of counting, from its own tables: exact, whatever was sold meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, case, func, or_, select

from retail.ledger import tables as ledger
from retail.work import tables

#: `{"number", "gtin", "place", "at_ms"}`: an item of a sheet and when it was counted.
Asked = Mapping[str, Any]


def expected_of(connection: Connection, sheet: str, asked: Sequence[Asked]) -> dict[str, Any]:
    """What the desk is told: `{"kind": "expected", "sheet", "items": [{"number", "thousandths"}]}`."""
    items = [
        {"number": one["number"], "thousandths": on_hand_at(connection, one["gtin"], one["place"], one["at_ms"])}
        for one in asked
    ]
    return {"kind": "expected", "sheet": sheet, "items": items}


def waiting(connection: Connection) -> Iterator[dict[str, Any]]:
    """For every sheet that still waits: the desk may have stopped before it heard."""
    for row in connection.execute(select(tables.count_asked).where(tables.count_asked.c.asked != "")):
        yield expected_of(connection, row.sheet, json.loads(row.asked))


def on_hand_at(connection: Connection, gtin: str, place: str, at_ms: int) -> int:
    """Thousandths at that moment: the newest count of it up to then, and every move since; moves at the moment too."""
    count, document = ledger.counts.c, ledger.documents.c
    query = select(count.at_ms, count.after).join(ledger.documents, document.id == count.document)
    query = query.where(count.gtin == gtin, count.place == place, count.voided.is_(False), count.at_ms <= at_ms)
    order = (count.at_ms.desc(), document.source.desc(), document.ref.desc(), count.line.desc())
    found = connection.execute(query.order_by(*order).limit(1)).first()
    begin, amount = (-1, 0) if found is None else (found.at_ms, sum(json.loads(found.after or "{}").values()))
    line = ledger.lines.c
    came = func.sum(case((line.to_account == place, line.thousandths), else_=-line.thousandths))
    moves = select(came).where(
        line.gtin == gtin, line.at_ms > begin, line.at_ms <= at_ms,
        or_(line.from_account == place, line.to_account == place),
    )  # fmt: skip
    return amount + int(connection.scalar(moves) or 0)
