"""What pages ask of the tables of the work, beside their rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select

from retail.catalogue.item_code import resolve
from retail.ledger import tables as ledger
from retail.work import tables
from retail.work.task import NOT_TRUE


def false_alarms(connection: Connection, since_ms: int) -> dict[str, dict[str, Any]]:
    """Of the tasks that ended since then, by what raised them: `{source: {"ended", "not_true", "share"}}`."""
    task = tables.tasks.c
    query = select(task.source, task.state, func.count()).where(task.ended_ms >= since_ms)
    found: dict[str, dict[str, Any]] = {}
    for source, state, count in connection.execute(query.group_by(task.source, task.state)):
        one = found.setdefault(source, {"ended": 0, "not_true": 0, "share": 0.0})
        one["ended"] += count
        one["not_true"] += count if state == NOT_TRUE else 0
    for one in found.values():
        one["share"] = one["not_true"] / one["ended"]
    return found


def unknown_codes(connection: Connection) -> list[dict[str, Any]]:
    """Codes of tills, counts and deliveries that nobody knows, the newest first: `{"code", "times", "last_ms"}`."""
    waits, counted, came = ledger.unknown.c, tables.count_lines.c, tables.receiving_lines.c
    queries = (
        select(waits.code, func.count(), func.max(waits.at_ms)).where(waits.booked.is_(False)).group_by(waits.code),
        select(counted.code, func.count(), func.max(counted.at_ms)).where(counted.gtin == "").group_by(counted.code),
        select(came.code, func.count(), func.max(came.at_ms)).where(came.gtin == "").group_by(came.code),
    )
    found: dict[str, dict[str, Any]] = {}
    for query in queries:
        for code, times, last_ms in connection.execute(query):
            one = found.setdefault(code, {"code": code, "times": 0, "last_ms": 0})
            one["times"] += times
            one["last_ms"] = max(one["last_ms"], last_ms)
    known = resolve(connection, found)
    return sorted((one for one in found.values() if one["code"] not in known), key=lambda one: -one["last_ms"])
