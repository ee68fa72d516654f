"""Receiving on the hand-held: what was ordered, what came, what of it is damaged."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection

from retail.figures_shown import local, quantity, when
from retail.hand_frame import bring_lines, hand
from retail.office_frame import answered, give_order, given, zone_of
from retail.work_rows import Row, products_of, rows
from verticals.web import Answered, Asked, Desk, Go, Page, Shown

_WORDS = {"short": "short", "over": "too many", "damaged": "damaged", "unexpected": "not ordered"}


def deliveries(desk: Desk, asked: Asked) -> Answered:
    return _list(desk, asked, "")


def _list(desk: Desk, asked: Asked, said: str, kind: str = "refused") -> Answered:
    zone, now_utc_s = zone_of(desk), desk.clock.now().utc_s
    with desk.read() as connection:
        orders = rows(
            connection,
            "SELECT id, supplier, state, expected_ms, "
            "(SELECT COUNT(*) FROM purchase_order_lines l WHERE l.order_id = o.id) AS items "
            "FROM purchase_orders o WHERE state IN ('sent', 'part') ORDER BY expected_ms, id",
        )
        running = rows(connection, "SELECT * FROM receivings WHERE state = 'open' ORDER BY opened_ms")
        suppliers = rows(connection, "SELECT DISTINCT supplier FROM products WHERE supplier <> '' ORDER BY supplier")
    frame = hand(desk, asked, "/receive")
    today = local(now_utc_s, zone).date()
    values = {
        "title": "Receive", "sub": f"{desk.settings.store}, {frame['clock']}", "look": "hand--list", "said": said,
        "said_kind": kind,
        "orders": [{**one, "expected": _expected(one, today, zone)} for one in orders],
        "running": [{**one, "since": when(one["opened_ms"] / 1000, now_utc_s, zone)} for one in running],
        "suppliers": [row["supplier"] for row in suppliers],
    }  # fmt: skip
    return Shown("retail/receive-list.html", {**frame, **values}, status=409 if said and kind == "refused" else 200)


def _expected(order: Row, today: Any, zone: Any) -> str:
    if order["expected_ms"] is None:
        return "no date"
    days = (local(order["expected_ms"] / 1000, zone).date() - today).days
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days" if days > 0 else f"{-days} d late")


def start(desk: Desk, asked: Asked) -> Answered:
    form = given(asked)
    args = {name: str(form.get(name, "")).strip()[:60] for name in ("order", "supplier", "ref")}
    reply = give_order(desk, asked, "receive-start", {name: value for name, value in args.items() if value})
    if not reply.accepted:
        return _list(desk, asked, reply.reason)
    return Go(f"/receive/{reply.data.get('receiving', '')}")


def delivery(desk: Desk, asked: Asked) -> Answered:
    return _delivery(desk, asked, "")


def _delivery(desk: Desk, asked: Asked, said: str) -> Answered:
    name = asked.path["receiving"]
    with desk.read() as connection:
        found = rows(connection, "SELECT * FROM receivings WHERE id = :id", id=name)
        if not found:
            return _list(desk, asked, f"There is no delivery {name[:20]}.")
        header = found[0]
        if header["state"] != "open":
            return _ended(connection, desk, asked, header)
        items = _items(connection, header)
        lines = rows(
            connection,
            "SELECT key, gtin, code, lot, expiry, thousandths, damaged, at_ms FROM receiving_lines "
            "WHERE receiving = :id AND late = :no ORDER BY at_ms, key", id=name, no=False,
        )  # fmt: skip
    frame = hand(desk, asked, "/receive")
    shown = [{**row, "quantity": row["thousandths"] / 1000, "damaged": row["damaged"] / 1000} for row in lines]
    values = {
        "title": header["supplier"], "sub": header["ref"] or header["order_id"] or "without an order",
        "look": "hand--count", "back": "/receive", "said": said, "receiving": name, "items": items,
        "state": {"receiving": name, "items": items, "lines": shown, "lead": frame["lead"],
                  "order": header["order_id"]},
    }  # fmt: skip
    return Shown("retail/receive.html", {**frame, **values}, status=409 if said else 200)


def _items(connection: Connection, header: Row) -> list[dict[str, Any]]:
    """What the order still owes of each product."""
    owed = rows(
        connection,
        "SELECT gtin, thousandths - received AS owed FROM purchase_order_lines WHERE order_id = :id ORDER BY gtin",
        id=header["order_id"] or "-",
    )
    known = products_of(connection, [row["gtin"] for row in owed])
    return [
        {"gtin": row["gtin"], "name": known.get(row["gtin"], {}).get("name", row["gtin"]),
         "unit": known.get(row["gtin"], {}).get("unit", "piece"),
         "case": known.get(row["gtin"], {}).get("case_units", 0), "expected": max(0, row["owed"]) / 1000}
        for row in owed
    ]  # fmt: skip


def _ended(connection: Connection, desk: Desk, asked: Asked, header: Row) -> Answered:
    """What differed, once the receipt is booked."""
    found = rows(connection, "SELECT * FROM receiving_differences WHERE receiving = :id ORDER BY gtin", id=header["id"])
    known = products_of(connection, [row["gtin"] for row in found])
    shown = []
    for row in found:
        product = known.get(row["gtin"], {"name": row["gtin"], "unit": "piece"})
        unit = product["unit"]
        shown.append({
            "name": product["name"], "word": _WORDS.get(row["word"], row["word"]),
            "ordered": quantity(row["ordered"], unit), "received": quantity(row["received"], unit),
            "damaged": quantity(row["damaged"], unit),
        })  # fmt: skip
    word = "Received" if header["state"] == "posted" else "Given up"
    values = {"title": header["supplier"], "sub": f"{word}, {header['ref'] or header['order_id'] or header['id']}",
              "look": "hand--list", "back": "/receive", "differences": shown,
              "posted": header["state"] == "posted"}  # fmt: skip
    return Shown("retail/receive-done.html", {**hand(desk, asked, "/receive"), **values})


def lines(desk: Desk, asked: Asked) -> Answered:
    """Scans of a hand-held: acknowledged when they are on the box's disk."""
    return bring_lines(desk, asked, "receive-lines", {"receiving": asked.path["receiving"][:20]})


def typed(desk: Desk, asked: Asked) -> Answered:
    """One line by a form, where no script runs."""
    form = given(asked)
    code, amount = str(form.get("code", "")).strip()[:80], str(form.get("quantity", "")).strip().replace(",", ".")
    if not code or not amount:
        return _delivery(desk, asked, "Give the code and how many came.")
    line = {"key": uuid.uuid4().hex, "code": code, "quantity": amount[:20], "at_utc_s": desk.clock.now().utc_s}
    reply = give_order(desk, asked, "receive-lines", {"receiving": asked.path["receiving"], "lines": [line]})
    if not reply.accepted:
        return _delivery(desk, asked, reply.reason)
    return Go(f"/receive/{asked.path['receiving']}")


def finish(desk: Desk, asked: Asked) -> Answered:
    return _over(desk, asked, "receive-finish")


def cancel(desk: Desk, asked: Asked) -> Answered:
    return _over(desk, asked, "receive-cancel")


def _over(desk: Desk, asked: Asked, order: str) -> Answered:
    reply = give_order(desk, asked, order, {"receiving": asked.path["receiving"]})
    if asked.body is not None:
        return answered(reply)
    if not reply.accepted:
        return _delivery(desk, asked, reply.reason)
    return Go(f"/receive/{asked.path['receiving']}")


PAGES = (
    Page("/receive", deliveries, "associate", title="Receive"),
    Page("/receive", start, "associate", methods=("POST",)),
    Page("/receive/<receiving>", delivery, "associate"),
    Page("/receive/<receiving>/lines", lines, "associate", methods=("POST",)),
    Page("/receive/<receiving>/typed", typed, "associate", methods=("POST",)),
    Page("/receive/<receiving>/finish", finish, "associate", methods=("POST",)),
    Page("/receive/<receiving>/cancel", cancel, "associate", methods=("POST",)),
)
