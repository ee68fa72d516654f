"""Counting on the hand-held: blind, by scanner or by typing. What is scanned is kept there until the box has it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from core.errors import InputError
from retail.hand_frame import bring_lines, hand
from retail.office_frame import answered, give_order, given
from retail.slot_names import said as slot_said
from retail.tasks_shown import place_text
from retail.work_rows import Row, products_of, rows
from verticals.web import Answered, Asked, Data, Desk, Go, Page, Shown

_STATES = {"planned": "to count", "open": "being counted", "recount": "count again"}


def sheets(desk: Desk, asked: Asked) -> Answered:
    return _list(desk, asked, "")


def _list(desk: Desk, asked: Asked, said: str) -> Answered:
    with desk.read() as connection:
        found = rows(
            connection,
            "SELECT s.id, s.title, s.state, s.waiting, "
            "(SELECT COUNT(*) FROM count_items i WHERE i.sheet = s.id) AS items "
            "FROM count_sheets s WHERE s.state IN ('planned', 'open', 'recount') ORDER BY s.planned_ms, s.id",
        )
        fixtures = rows(connection, "SELECT DISTINCT fixture FROM planogram_slots ORDER BY fixture")
    frame = hand(desk, asked, "/count")
    values = {
        "title": "Count", "sub": f"{desk.settings.store}, {frame['clock']}", "look": "hand--list", "said": said,
        "sheets": [{**one, "word": "being judged" if one["waiting"] else _STATES[one["state"]]} for one in found],
        "fixtures": [row["fixture"] for row in fixtures],
    }  # fmt: skip
    return Shown("retail/count-sheets.html", {**frame, **values}, status=409 if said else 200)


def plan(desk: Desk, asked: Asked) -> Answered:
    """A new sheet: of one fixture, of `items` that a program names, or of the products whose risk is highest."""
    said = given(asked)
    args = {"fixture": str(said.get("fixture", ""))[:40], "title": str(said.get("title", ""))[:60],
            "items": said.get("items", [])}  # fmt: skip
    reply = give_order(desk, asked, "count-plan", {name: value for name, value in args.items() if value})
    if args["items"]:
        return answered(reply)
    if not reply.accepted:
        return _list(desk, asked, reply.reason)
    return _started(desk, asked, str(reply.data.get("sheet", "")))


def start(desk: Desk, asked: Asked) -> Answered:
    return _started(desk, asked, asked.path["sheet"])


def _started(desk: Desk, asked: Asked, sheet: str) -> Answered:
    reply = give_order(desk, asked, "count-start", {"sheet": sheet})
    return Go(f"/count/{sheet}") if reply.accepted else _list(desk, asked, reply.reason)


def sheet(desk: Desk, asked: Asked) -> Answered:
    return _sheet(desk, asked, "")


def _sheet(desk: Desk, asked: Asked, said: str) -> Answered:
    name = asked.path["sheet"]
    with desk.read() as connection:
        found = rows(connection, "SELECT * FROM count_sheets WHERE id = :id", id=name)
        if not found or found[0]["state"] not in _STATES:
            return _list(desk, asked, f"The sheet {name[:20]} is not to be counted now.")
        header = found[0]
        items = _items(connection, header)
        lines = _lines(connection, header)
    frame = hand(desk, asked, "/count")
    values = {
        "title": header["title"],
        "sub": "blind count" if header["round"] <= 1 else "blind count, again by another person",
        "look": "hand--count",
        "back": "/count",
        "said": said,
        "sheet": name,
        "items": items,
        "state": {"sheet": name, "round": max(1, header["round"]), "items": items, "lines": lines,
                  "place": _usual_place(items, desk.settings), "lead": frame["lead"]},
    }  # fmt: skip
    return Shown("retail/count.html", {**frame, **values}, status=409 if said else 200)


def _items(connection: Connection, header: Row) -> list[dict[str, Any]]:
    """What this round counts; never what is expected."""
    again = header["state"] == "recount"
    found = rows(
        connection,
        "SELECT number, gtin, place, slot, why, verdict FROM count_items WHERE sheet = :sheet ORDER BY number",
        sheet=header["id"],
    )
    wanted = [row for row in found if not again or row["verdict"] == "recount"]
    known = products_of(connection, [row["gtin"] for row in wanted])
    return [
        {"gtin": row["gtin"], "place": row["place"],
         "slot": slot_said(row["slot"]) if row["slot"] else place_text(row["place"]),
         "name": known.get(row["gtin"], {}).get("name", row["gtin"]),
         "unit": known.get(row["gtin"], {}).get("unit", "piece")}
        for row in wanted
    ]  # fmt: skip


def _lines(connection: Connection, header: Row) -> list[dict[str, Any]]:
    """What was counted in this round already, from whatever hand-held."""
    found = rows(
        connection,
        "SELECT key, gtin, code, place, lot, expiry, mode, thousandths, at_ms FROM count_lines "
        "WHERE sheet = :sheet AND round = :round AND late = :no ORDER BY at_ms, key",
        sheet=header["id"], round=max(1, header["round"]), no=False,
    )  # fmt: skip
    return [
        {"key": row["key"], "gtin": row["gtin"], "code": row["code"], "place": row["place"], "mode": row["mode"],
         "lot": row["lot"] or (f"@{row['expiry']}" if row["expiry"] else ""), "quantity": row["thousandths"] / 1000,
         "at_ms": row["at_ms"]}
        for row in found
    ]  # fmt: skip


def _usual_place(items: list[dict[str, Any]], settings: Any) -> str:
    """Where a product that is not on the sheet was found: where most of the sheet is."""
    places = [one["place"] for one in items]
    return max(places, key=places.count) if places else str(settings.sales_places[0])


def lines(desk: Desk, asked: Asked) -> Answered:
    """Scans of a hand-held: acknowledged when they are on the box's disk."""
    return bring_lines(desk, asked, "count-lines", {"sheet": asked.path["sheet"][:20]})


def typed(desk: Desk, asked: Asked) -> Answered:
    """One number by a form, where no script runs."""
    form = given(asked)
    code, amount = str(form.get("code", "")).strip()[:80], str(form.get("quantity", "")).strip().replace(",", ".")
    if not code or not amount:
        return _sheet(desk, asked, "Give the code and how many there are.")
    line = {"key": uuid.uuid4().hex, "code": code, "quantity": amount[:20], "mode": "set",
            "place": str(form.get("place", ""))[:40], "at_utc_s": desk.clock.now().utc_s}  # fmt: skip
    reply = give_order(desk, asked, "count-lines", {"sheet": asked.path["sheet"], "lines": [line]})
    if not reply.accepted:
        return _sheet(desk, asked, reply.reason)
    if reply.data.get("unknown"):
        return _sheet(desk, asked, f"Nobody knows the code {code}. It is kept until somebody names its product.")
    return Go(f"/count/{asked.path['sheet']}")


def finish(desk: Desk, asked: Asked) -> Answered:
    """The round is over. Lines that a hand-held still keeps would come too late: the page sends them first."""
    reply = give_order(desk, asked, "count-finish", {"sheet": asked.path["sheet"]})
    if asked.body is not None:
        return answered(reply)
    return Go("/count") if reply.accepted else _sheet(desk, asked, reply.reason)


def name_code(desk: Desk, asked: Asked) -> Answered:
    """An unknown code becomes a product's."""
    form = given(asked)
    args = {"code": str(form.get("code", "")).strip()[:80], "gtin": str(form.get("gtin", "")).strip()[:14]}
    if not args["code"] or not args["gtin"]:
        raise InputError("a code and the product that it belongs to are needed", hint="Choose the product.")
    reply = give_order(desk, asked, "name-code", args)
    if asked.body is not None:
        return answered(reply)
    if not reply.accepted:
        return Data({"error": reply.reason}, status=409)
    return Go(_back(form))


def _back(form: Mapping[str, Any]) -> str:
    back = str(form.get("back", ""))
    return back if back.startswith("/") and not back.startswith("//") else "/counts"


PAGES = (
    Page("/count", sheets, "associate", title="Count"),
    Page("/count", plan, "associate", methods=("POST",)),
    Page("/count/<sheet>", sheet, "associate"),
    Page("/count/<sheet>/start", start, "associate", methods=("POST",)),
    Page("/count/<sheet>/lines", lines, "associate", methods=("POST",)),
    Page("/count/<sheet>/typed", typed, "associate", methods=("POST",)),
    Page("/count/<sheet>/finish", finish, "associate", methods=("POST",)),
    Page("/code", name_code, "lead", methods=("POST",)),
)
