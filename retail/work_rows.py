"""What pages read of the store's tables (docs/retail/work.md), as plain rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, text

Row = dict[str, Any]
_ASKED = 400


def rows(connection: Connection, query: str, /, **values: Any) -> list[Row]:
    """The rows of a statement with :named values."""
    return [dict(row) for row in connection.execute(text(query), values).mappings()]


def of_keys(connection: Connection, query: str, keys: Iterable[str], /, **values: Any) -> list[Row]:
    """The same for a statement with `IN :keys`, in portions."""
    wanted = sorted(set(keys))
    statement = text(query).bindparams(bindparam("keys", expanding=True))
    found: list[Row] = []
    for first in range(0, len(wanted), _ASKED):
        told = connection.execute(statement, {"keys": wanted[first : first + _ASKED], **values})
        found += [dict(row) for row in told.mappings()]
    return found


def unfolded(value: Any, fallback: Any) -> Any:
    """What a column with JSON holds; `fallback` where it is nothing of its kind."""
    try:
        found = json.loads(value) if isinstance(value, str | bytes) else value
    except ValueError:
        return fallback
    return found if isinstance(found, type(fallback)) else fallback


def open_tasks(connection: Connection) -> list[Row]:
    """Open and taken tasks by rank: the dearest first, then the oldest; `facts` is a mapping."""
    query = """SELECT * FROM tasks WHERE state IN ('open', 'taken') ORDER BY value_cents_h DESC, opened_ms, id"""
    return [{**row, "facts": unfolded(row["facts"], {})} for row in rows(connection, query)]


def task_of(connection: Connection, task_id: str) -> Row | None:
    found = rows(connection, "SELECT * FROM tasks WHERE id = :id", id=task_id)
    return {**found[0], "facts": unfolded(found[0]["facts"], {})} if found else None


def products_of(connection: Connection, gtins: Iterable[str]) -> dict[str, Row]:
    found = of_keys(connection, "SELECT * FROM products WHERE gtin IN :keys", gtins)
    return {row["gtin"]: row for row in found}


def planogram(connection: Connection) -> list[Row]:
    return rows(connection, "SELECT * FROM planogram_slots ORDER BY fixture, shelf, slot")


def slots_of_product(connection: Connection, gtin: str) -> list[Row]:
    query = "SELECT * FROM planogram_slots WHERE gtin = :gtin ORDER BY fixture, shelf, slot"
    return rows(connection, query, gtin=gtin)


def slot_states(connection: Connection) -> list[Row]:
    return rows(connection, "SELECT * FROM slot_states")


def beliefs_of(connection: Connection, gtin: str) -> dict[str, Row]:
    """By place; `disagree` is a list."""
    found = rows(connection, "SELECT * FROM beliefs WHERE gtin = :gtin", gtin=gtin)
    return {row["place"]: {**row, "disagree": unfolded(row["disagree"], [])} for row in found}


def suggestion_of(connection: Connection, gtin: str) -> Row | None:
    query = "SELECT * FROM suggestions WHERE gtin = :gtin AND state <> 'withdrawn'"
    found = rows(connection, query, gtin=gtin)
    return {**found[0], "facts": unfolded(found[0]["facts"], {})} if found else None


def store_days(connection: Connection, since: str) -> list[Row]:
    """What each day came to, the oldest first."""
    return rows(connection, "SELECT * FROM store_days WHERE day >= :since ORDER BY day", since=since)


def balances(connection: Connection, gtins: Sequence[str] | None = None) -> dict[str, dict[str, int]]:
    """On-hand by product and place, thousandths; of all products without `gtins`."""
    query = "SELECT gtin, place, SUM(thousandths) AS thousandths FROM ledger_balances"
    if gtins is None:
        found = rows(connection, f"{query} GROUP BY gtin, place")
    else:
        found = of_keys(connection, f"{query} WHERE gtin IN :keys GROUP BY gtin, place", gtins)
    held: dict[str, dict[str, int]] = {}
    for row in found:
        held.setdefault(row["gtin"], {})[row["place"]] = int(row["thousandths"])
    return held


def newest(rows_by_time: Iterable[Mapping[str, Any]], name: str) -> int | None:
    """The latest moment (ms) of a column, None without one."""
    return max((int(row[name]) for row in rows_by_time if row[name] is not None), default=None)
