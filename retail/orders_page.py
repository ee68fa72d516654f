"""Purchase orders: what is suggested, drafts by supplier, what is under way; each as CSV for whoever orders by it."""

from __future__ import annotations

import csv
import io
from typing import Any

from sqlalchemy import Connection

from core.errors import InputError
from retail.figures_shown import day_text, local, money, quantity, when
from retail.office_frame import bar, give_order, given, zone_of
from retail.work_rows import Row, products_of, rows
from verticals.web import Answered, Asked, Desk, File, Go, Page, Shown

_WORDS = {"draft": "draft", "sent": "sent", "part": "partly received", "received": "received", "cancelled": "cancelled"}
_MOST = 60


def orders(desk: Desk, asked: Asked) -> Answered:
    return _page(desk, asked, "")


def _page(desk: Desk, asked: Asked, refused: str) -> Answered:
    now_utc_s, zone, currency = desk.clock.now().utc_s, zone_of(desk), desk.settings.currency
    with desk.read() as connection:
        suggested = rows(
            connection,
            "SELECT s.*, p.name, p.unit, p.price_cents FROM suggestions s JOIN products p ON p.gtin = s.gtin "
            "WHERE s.state = 'open' ORDER BY s.supplier, p.name LIMIT 300",
        )
        found = rows(
            connection,
            "SELECT * FROM purchase_orders "
            "ORDER BY CASE state WHEN 'draft' THEN 0 WHEN 'sent' THEN 1 WHEN 'part' THEN 1 ELSE 2 END, "
            "made_ms DESC LIMIT :most", most=_MOST,
        )  # fmt: skip
        lines = _lines(connection, [one["id"] for one in found])
    values = {
        "suggested": _by_supplier(suggested),
        "count": len(suggested),
        "orders": [_order(one, lines.get(one["id"], []), currency, now_utc_s, zone) for one in found],
        "chosen": asked.query.get("order", ""),
        "said": refused,
    }
    return Shown("retail/orders.html", {**bar(desk, asked, "/orders"), **values}, status=409 if refused else 200)


def _lines(connection: Connection, ids: list[str]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for order in ids:
        found[order] = rows(
            connection, "SELECT * FROM purchase_order_lines WHERE order_id = :id ORDER BY gtin", id=order
        )
    known = products_of(connection, [line["gtin"] for some in found.values() for line in some])
    for some in found.values():
        for line in some:
            line |= {"product": known.get(line["gtin"], {"name": line["gtin"], "unit": "piece", "price_cents": 0,
                                                         "case_units": 0})}  # fmt: skip
    return found


def _by_supplier(suggested: list[Row]) -> list[tuple[str, list[dict[str, Any]]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for one in suggested:
        cases = f"{one['cases']} case{'' if one['cases'] == 1 else 's'}" if one["cases"] else ""
        groups.setdefault(one["supplier"] or "No supplier", []).append(
            {**one, "amount": quantity(one["thousandths"], one["unit"]), "in_cases": cases}
        )
    return list(groups.items())


def _order(one: Row, lines: list[Row], currency: str, now_utc_s: float, zone: Any) -> dict[str, Any]:
    expected = one["expected_ms"]
    return {
        **one,
        "word": _WORDS.get(one["state"], one["state"]),
        "when": when((one["sent_ms"] or one["made_ms"]) / 1000, now_utc_s, zone),
        "expected": day_text(local(expected / 1000, zone).date()) if expected else "",
        "whys": any(line["reason"] for line in lines),
        "lines": [
            {
                "gtin": line["gtin"], "name": line["product"]["name"], "reason": line["reason"],
                "amount": quantity(line["thousandths"], line["product"]["unit"]),
                "plain": f"{line['thousandths'] / 1000:g}",
                "received": quantity(line["received"], line["product"]["unit"]) if line["received"] else "",
            }
            for line in lines
        ],
        "worth": money(sum(line["thousandths"] * line["product"]["price_cents"] // 1000 for line in lines), currency),
    }  # fmt: skip


def add_supplier(desk: Desk, asked: Asked) -> Answered:
    """Everything that is suggested of one supplier, line by line; what is refused is said and the rest stands."""
    supplier = str(given(asked).get("supplier", ""))[:60]
    with desk.read() as connection:
        found = rows(
            connection,
            "SELECT gtin FROM suggestions WHERE state = 'open' AND supplier = :supplier ORDER BY gtin LIMIT 200",
            supplier=supplier,
        )  # fmt: skip
    for one in found:
        reply = give_order(desk, asked, "order-add", {"gtin": one["gtin"]})
        if not reply.accepted:
            return _page(desk, asked, reply.reason)
    return Go("/orders")


def change(desk: Desk, asked: Asked) -> Answered:
    """Another quantity of a line; none takes it out."""
    form, order = given(asked), asked.path["order"]
    gtin, amount = str(form.get("gtin", ""))[:14], str(form.get("quantity", "")).strip().replace(",", ".")[:20]
    if amount in ("", "0") or form.get("remove"):
        return _act(desk, asked, "order-remove", {"order": order, "gtin": gtin})
    return _act(desk, asked, "order-quantity", {"order": order, "gtin": gtin, "quantity": amount})


def send(desk: Desk, asked: Asked) -> Answered:
    return _act(desk, asked, "order-send", {"order": asked.path["order"]})


def cancel(desk: Desk, asked: Asked) -> Answered:
    return _act(desk, asked, "order-cancel", {"order": asked.path["order"]})


def _act(desk: Desk, asked: Asked, order: str, args: dict[str, Any]) -> Answered:
    reply = give_order(desk, asked, order, args)
    return Go(f"/orders?order={args['order']}") if reply.accepted else _page(desk, asked, reply.reason)


def as_csv(desk: Desk, asked: Asked) -> Answered:
    """The order for the supplier's own system or for a mail."""
    name = asked.path["order"]
    with desk.read() as connection:
        found = rows(connection, "SELECT * FROM purchase_orders WHERE id = :id", id=name)
        lines = _lines(connection, [name])[name]
    if not found:
        raise InputError(f"there is no order {name[:20]}")
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(["order", "supplier", "gtin", "name", "quantity", "unit", "cases", "case_units", "reason"])
    for line in lines:
        product, amount = line["product"], line["thousandths"] / 1000
        case = product["case_units"]
        cases = f"{amount / case:g}" if case else ""
        texts = [name, found[0]["supplier"], line["gtin"], product["name"], f"{amount:g}", product["unit"], cases,
                 case or "", line["reason"]]  # fmt: skip
        writer.writerow([_harmless(text) for text in texts])
    return File(table.getvalue().encode(), "text/csv; charset=utf-8", name=f"order-{name}.csv")


def _harmless(cell: Any) -> Any:
    """A text that a spreadsheet would take for a formula is quoted."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


PAGES = (
    Page("/orders", orders, "viewer", title="Orders"),
    Page("/orders/supplier", add_supplier, "lead", methods=("POST",)),
    Page("/orders/<order>.csv", as_csv, "viewer"),
    Page("/orders/<order>/line", change, "lead", methods=("POST",)),
    Page("/orders/<order>/send", send, "lead", methods=("POST",)),
    Page("/orders/<order>/cancel", cancel, "lead", methods=("POST",)),
)
