"""What tags of a product did last, as readers told: evidence for its page. It moves no stock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, select

from retail.work import tables
from verticals.contract import Event
from verticals.store.database import upsert

_KEY = ("gtin", "movement", "before", "zone")


def write(event: Event, connection: Connection) -> Iterable[Mapping[str, Any]]:
    """An event `tags-moved` of a reader: the newest word of each product, movement and pair of zones."""
    count: Counter[tuple[str, ...]] = Counter()
    at_ms: dict[tuple[str, ...], int] = {}
    for move in event.data["moves"]:
        if move["gtin"]:
            key = tuple(str(move[name]) for name in _KEY)
            count[key] += 1
            at_ms[key] = max(at_ms.get(key, 0), round(move["at_utc_s"] * 1000))
    reader = str(event.data["reader"])
    rows = [
        {**dict(zip(_KEY, key, strict=True)), "reader": reader, "tags": tags, "at_ms": at_ms[key]}
        for key, tags in sorted(count.items())
    ]
    upsert(connection, tables.tag_moves, list(_KEY), rows)
    return ()


def tag_moves(connection: Connection, gtin: str, *, most: int = 20) -> list[dict[str, Any]]:
    """`{"at_ms", "movement", "before", "zone", "tags", "reader"}`, the newest first."""
    column = tables.tag_moves.c
    query = select(column.at_ms, column.movement, column.before, column.zone, column.tags, column.reader)
    query = query.where(column.gtin == gtin).order_by(column.at_ms.desc()).limit(most)
    return [dict(row) for row in connection.execute(query).mappings()]
