"""Writes the events of the work into its tables, each in the transaction of the event."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select

from retail.work import tables, tag_rows
from retail.work.expected import expected_of
from verticals.contract import Event
from verticals.store.database import upsert

Told = Mapping[str, Any]


def _task(event: Event, connection: Connection) -> Iterable[Told]:
    task = event.data["task"]
    row = {name: task[name] for name in (
        "id", "kind", "gtin", "slot", "place", "lot", "state", "value_cents_h", "source", "reason", "taken_by",
        "ended_by", "how",
    )}  # fmt: skip
    row["facts"] = _json(task["facts"])
    row |= {f"{name}_ms": _ms(task[f"{name}_utc_s"]) for name in ("opened", "changed", "expires", "ended")}
    upsert(connection, tables.tasks, ["id"], [row])
    return ()


def _slots(event: Event, connection: Connection) -> Iterable[Told]:
    rows = [
        {
            **{
                name: look[name] for name in ("slot", "bay", "gtin", "state", "facings", "confidence", "found", "label")
            },
            "facings_of": look["of"],
            "since_ms": _ms(look["since_utc_s"]),
        }
        for look in event.data["slots"]
    ]
    upsert(connection, tables.slot_states, ["slot"], rows)
    return ()


def _beliefs(event: Event, connection: Connection) -> Iterable[Told]:
    at_ms = _ms(event.at_utc_s)
    rows = [{**row, "disagree": _json(row["disagree"]), "changed_ms": at_ms} for row in event.data["beliefs"]]
    upsert(connection, tables.beliefs, ["gtin", "place"], rows)
    return ()


def _store_day(event: Event, connection: Connection) -> Iterable[Told]:
    data = event.data
    row = {name: data[name] for name in ("day", "osa", "slots", "sales_cents", "shrink_cents")}
    upsert(connection, tables.store_days, ["day"], [row])
    exposed = [{"day": data["day"], "gtin": gtin, "exposure": share} for gtin, share in data["exposures"].items()]
    upsert(connection, tables.exposures, ["day", "gtin"], exposed)
    return ()


def _count_sheet(event: Event, connection: Connection) -> Iterator[Told]:
    """A finished round asks the ledger what it expected; the desk is told after the commit."""
    data, sheet = event.data, event.data["id"]
    columns = tables.count_items.columns.keys()
    items = [
        {name: item.get(name) for name in columns if name not in ("sheet", "counted_ms")}
        | {"sheet": sheet, "counted_ms": _ms(item["counted_utc_s"])}
        for item in data.get("items", ())
    ]
    upsert(connection, tables.count_items, ["sheet", "number"], items)
    _new_lines(connection, tables.count_lines, "sheet", sheet, data.get("lines", ()))
    named = [_line(sheet, "sheet", line) for line in data.get("named", ())]
    upsert(connection, tables.count_lines, ["sheet", "key"], named)
    if data.get("sheet") is not None:
        _header(connection, data["sheet"])
    asked = _json(data["ask"]) if data.get("ask") else ""
    if asked or data["act"] in ("judged", "cancelled"):
        upsert(connection, tables.count_asked, ["sheet"], [{"sheet": sheet, "asked": asked}])
    if asked:
        yield expected_of(connection, sheet, data["ask"])


def _header(connection: Connection, sheet: Mapping[str, Any]) -> None:
    item = tables.count_items.c
    query = select(func.count(), func.count(item.counted), func.sum(item.value_cents)).where(item.sheet == sheet["id"])
    items, counted, value = connection.execute(query).one()
    row = {
        name: sheet[name] for name in ("id", "title", "state", "round", "why", "planned_by", "approved_by", "waiting")
    }
    row |= {f"{name}_ms": _ms(sheet[f"{name}_utc_s"]) for name in ("planned", "opened", "finished", "posted")}
    row |= {"counters": _json(sheet["counters"]), "items": items, "counted": counted, "variance_cents": int(value or 0)}
    upsert(connection, tables.count_sheets, ["id"], [row])


def _new_lines(connection: Connection, table: Table, owner: str, name: str, lines: Sequence[Mapping[str, Any]]) -> None:
    """Those that are not there yet: what was taken in time is not late because it was sent again."""
    there = set(connection.scalars(select(table.c.key).where(table.c[owner] == name))) if lines else set()
    rows = [_line(name, owner, line) for line in lines if line["key"] not in there]
    upsert(connection, table, [owner, "key"], rows)


def _line(name: str, owner: str, line: Mapping[str, Any]) -> dict[str, Any]:
    said = {key: value for key, value in line.items() if key != "at_utc_s"}
    return {**said, owner: name, "at_ms": _ms(line["at_utc_s"])}


def _suggestion(event: Event, connection: Connection) -> Iterable[Told]:
    said = event.data["suggestion"]
    names = ("gtin", "supplier", "thousandths", "cases", "count_first", "reason", "state")
    row = {name: said[name] for name in names} | {
        "facts": _json(said["facts"]),
        "changed_ms": _ms(said["changed_utc_s"]),
    }
    upsert(connection, tables.suggestions, ["gtin"], [row])
    return ()


def _purchase_order(event: Event, connection: Connection) -> Iterable[Told]:
    order = event.data["order"]
    row = {name: order[name] for name in ("id", "supplier", "state", "made_by", "sent_by")}
    row |= {f"{name}_ms": _ms(order[f"{name}_utc_s"]) for name in ("made", "sent", "expected")}
    upsert(connection, tables.purchase_orders, ["id"], [row])
    line = tables.purchase_order_lines.c
    connection.execute(delete(tables.purchase_order_lines).where(line.order_id == order["id"]))
    lines = [{"order_id": order["id"], **one} for one in order["lines"]]
    upsert(connection, tables.purchase_order_lines, ["order_id", "gtin"], lines)
    return ()


def _receiving(event: Event, connection: Connection) -> Iterable[Told]:
    data, name = event.data, event.data["id"]
    said = data.get("receiving")
    if said is not None:
        row = {key: said[key] for key in ("id", "supplier", "ref", "state", "who")} | {"order_id": said["order"]}
        row |= {f"{key}_ms": _ms(said[f"{key}_utc_s"]) for key in ("opened", "ended")}
        upsert(connection, tables.receivings, ["id"], [row])
    _new_lines(connection, tables.receiving_lines, "receiving", name, data.get("lines", ()))
    differences = [{"receiving": name, **one} for one in data.get("differences", ())]
    upsert(connection, tables.receiving_differences, ["receiving", "gtin"], differences)
    return ()


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _ms(at_utc_s: float | None) -> int | None:
    return None if at_utc_s is None else round(at_utc_s * 1000)


#: What `retail.tables` calls by the kind of event; what they yield goes to the desk.
WRITERS: Mapping[str, Callable[[Event, Connection], Iterable[Told]]] = {
    "task": _task,
    "slots": _slots,
    "beliefs": _beliefs,
    "store-day": _store_day,
    "count-sheet": _count_sheet,
    "suggestion": _suggestion,
    "purchase-order": _purchase_order,
    "receiving": _receiving,
    "tags-moved": tag_rows.write,
}
