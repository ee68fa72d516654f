"""Transactions as CSV, a row for each line: the format of the drop folder (docs/retail/pos.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from core.errors import InputError
from retail.catalogue.sheet import Row, read_rows
from retail.pos.json_read import read_json_transactions
from retail.pos.transaction import Read

COLUMNS = (
    "store", "workstation", "sequence", "business_date", "time", "kind", "line", "item", "quantity", "amount", "type",
    "sellable", "voided", "lot", "expiry", "voids_workstation", "voids_sequence", "voids_date",
)  # fmt: skip
_NEEDED = ("workstation", "sequence", "business_date", "time", "item", "quantity")
_HEAD = ("store", "workstation", "sequence", "business_date")
_YES = frozenset({"yes", "true", "1", "y"})


def read_csv(content: bytes, name: str, zone: ZoneInfo) -> Read:
    """Raises InputError where the file cannot be read at all; a transaction that is wrong is refused alone."""
    sheet, rows = read_rows(content, name, COLUMNS, _NEEDED)
    said: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in rows:
        key = tuple(row.cells.get(column, "") for column in _HEAD)
        transaction = said.setdefault(key, _head(row))
        if row.cells.get("item"):
            transaction["lines"].append(_line(row, len(transaction["lines"]) + 1))
    sheet.require_none()
    if not said:
        raise InputError(f"{name}: it holds no transaction")
    return read_json_transactions(list(said.values()), zone)


def _head(row: Row) -> dict[str, Any]:
    cells = row.cells
    made: dict[str, Any] = {column: cells.get(column, "") for column in _HEAD}
    made |= {"at": cells.get("time", ""), "kind": cells.get("kind", "") or "sale", "lines": []}
    if cells.get("voids_sequence"):
        made["voids"] = {
            "workstation": cells.get("voids_workstation", "") or cells.get("workstation", ""),
            "sequence": cells["voids_sequence"],
            "business_date": cells.get("voids_date", "") or cells.get("business_date", ""),
        }
    return made


def _line(row: Row, number: int) -> Mapping[str, Any]:
    cells = row.cells
    made: dict[str, Any] = {"line": row.whole("line", number, most=10**6 - 1), "item": cells["item"]}
    made |= {name: cells.get(name, "").replace(",", ".") or None for name in ("quantity", "amount")}
    made |= {name: cells.get(name, "").lower() in _YES for name in ("sellable", "voided")}
    return made | {"type": cells.get("type", "") or "sale", "lot": cells.get("lot", ""), "expiry": row.day("expiry")}
