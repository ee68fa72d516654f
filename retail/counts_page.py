"""Count sheets in the back office: what is planned, counted and found, approval by a lead, codes that nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from retail.figures_shown import money, quantity, when
from retail.office_frame import bar, give_order, given, is_lead, zone_of
from retail.slot_names import said as slot_said
from retail.tasks_shown import place_text
from retail.work_rows import Row, products_of, rows, unfolded
from verticals.web import Answered, Asked, Desk, Go, Page, Shown

REASONS = (
    ("unknown", "Not known"), ("theft", "Theft"), ("damage", "Damage"), ("expired", "Expired"),
    ("misplaced", "Misplaced"), ("miscount", "Counted wrong"), ("supplier", "Supplier"),
    ("wrong-scan", "Scanned wrong"),
)  # fmt: skip
_WORDS = {"planned": "planned", "open": "being counted", "recount": "to be counted again", "approval": "needs approval",
          "posted": "booked", "cancelled": "cancelled"}  # fmt: skip
_VERDICTS = {"": "", "agreed": "as expected", "recount": "count again", "approval": "approve", "posted": "booked",
             "uncounted": "not counted"}  # fmt: skip
_DONE = {"approved": "The count is booked.", "again": "It is counted once more, by another person.",
         "cancelled": "Cancelled: nothing is booked.", "planned": "Planned: it is on the hand-helds now.",
         "named": "The code has its product; what waited for it is booked."}  # fmt: skip
_MOST = 100


def counts(desk: Desk, asked: Asked) -> Answered:
    return _list(desk, asked, "")


def _list(desk: Desk, asked: Asked, refused: str) -> Answered:
    now_utc_s, zone, currency = desk.clock.now().utc_s, zone_of(desk), desk.settings.currency
    with desk.read() as connection:
        sheets = rows(
            connection,
            "SELECT s.*, (SELECT COUNT(*) FROM count_items i WHERE i.sheet = s.id) AS n FROM count_sheets s "
            "ORDER BY CASE state WHEN 'approval' THEN 0 WHEN 'recount' THEN 1 WHEN 'open' THEN 2 WHEN 'planned' THEN 3 "
            "ELSE 4 END, planned_ms DESC LIMIT :most",
            most=_MOST,
        )
        fixtures = rows(connection, "SELECT DISTINCT fixture FROM planogram_slots ORDER BY fixture")
        codes = unknown_codes(connection)
    said = refused or _DONE.get(asked.query.get("said", ""), "")
    values = {
        "sheets": [_sheet_row(one, currency, now_utc_s, zone) for one in sheets],
        "fixtures": [row["fixture"] for row in fixtures],
        "codes": [{**one, "since": when(one["at_ms"] / 1000, now_utc_s, zone)} for one in codes],
        "said": said, "kind": "refused" if refused else "done",
    }  # fmt: skip
    return Shown("retail/counts.html", {**bar(desk, asked, "/counts"), **values}, status=409 if refused else 200)


def unknown_codes(connection: Connection) -> list[Row]:
    """`code`, how often it came (`times`) and when last (`at_ms`): from tills, deliveries and counts."""
    query = """
        SELECT code, COUNT(*) AS times, MAX(at_ms) AS at_ms FROM (
            SELECT code, at_ms FROM ledger_unknown WHERE booked = :no
            UNION ALL SELECT code, at_ms FROM count_lines WHERE gtin = ''
            UNION ALL SELECT code, at_ms FROM receiving_lines WHERE gtin = ''
        ) AS waiting
        WHERE code NOT IN (SELECT code FROM item_codes) GROUP BY code ORDER BY times DESC, code LIMIT :most
    """
    return rows(connection, query, no=False, most=_MOST)


def _sheet_row(one: Row, currency: str, now_utc_s: float, zone: Any) -> dict[str, Any]:
    over = one["state"] in ("posted", "cancelled")
    at_ms = one["posted_ms"] or one["finished_ms"] or one["opened_ms"] or one["planned_ms"]
    return {
        "id": one["id"], "title": one["title"], "why": one["why"], "n": one["n"],
        "word": "being judged" if one["waiting"] else _WORDS.get(one["state"], one["state"]),
        "counters": ", ".join(str(who) for who in unfolded(one["counters"], [])) or "–",
        "when": when(at_ms / 1000, now_utc_s, zone), "counted": one["counted"] if one["finished_ms"] else None,
        "variance": money(one["variance_cents"], currency) if over and one["state"] == "posted" else "",
        "look": one["state"],
    }  # fmt: skip


def plan(desk: Desk, asked: Asked) -> Answered:
    fixture = str(given(asked).get("fixture", ""))[:40]
    reply = give_order(desk, asked, "count-plan", {"fixture": fixture} if fixture else {})
    return Go("/counts?said=planned") if reply.accepted else _list(desk, asked, reply.reason)


def sheet(desk: Desk, asked: Asked) -> Answered:
    return _sheet(desk, asked, "")


def _sheet(desk: Desk, asked: Asked, refused: str) -> Answered:
    name, settings = asked.path["sheet"], desk.settings
    now_utc_s, zone = desk.clock.now().utc_s, zone_of(desk)
    with desk.read() as connection:
        found = rows(connection, "SELECT * FROM count_sheets WHERE id = :id", id=name)
        if not found:
            return _list(desk, asked, f"There is no count sheet {name[:20]}.")
        header = found[0]
        items = rows(connection, "SELECT * FROM count_items WHERE sheet = :id ORDER BY number", id=name)
        known = products_of(connection, [one["gtin"] for one in items])
    told = _may_see(asked, header)
    values = {
        "sheet": _sheet_row({**header, "n": len(items)}, settings.currency, now_utc_s, zone),
        "items": [_item(one, known.get(one["gtin"], {}), told, settings.currency) for one in items],
        "told": told, "reasons": REASONS, "refused": refused,
        "approve": header["state"] == "approval" and not header["waiting"],
        "open": header["state"] in ("planned", "open", "recount", "approval"),
        "blind": not told,
    }  # fmt: skip
    return Shown("retail/counts-sheet.html", {**bar(desk, asked, "/counts"), **values}, status=409 if refused else 200)


def _may_see(asked: Asked, header: Mapping[str, Any]) -> bool:
    """What was expected is for the lead who approves, and for all once it is booked: who counts must not know it."""
    return header["state"] == "posted" or (is_lead(asked) and header["state"] == "approval")


def _item(one: Row, product: Mapping[str, Any], told: bool, currency: str) -> dict[str, Any]:
    unit = str(product.get("unit", "piece"))
    shown = {
        "number": one["number"], "name": product.get("name", one["gtin"]), "gtin": one["gtin"],
        "where": slot_said(one["slot"]) if one["slot"] else place_text(one["place"]),
        "counted": quantity(one["counted"], unit), "verdict": _VERDICTS.get(one["verdict"], one["verdict"]),
        "approve": one["verdict"] == "approval", "reason": one["reason"],
    }  # fmt: skip
    if told:
        shown |= {
            "expected": quantity(one["expected"], unit),
            "variance": quantity(one["variance"], unit, signed=True),
            "value": money(one["value_cents"], currency) if one["value_cents"] else "",
        }
    return shown


def approve(desk: Desk, asked: Asked) -> Answered:
    """Each item's reason by its number, or one for all."""
    form = given(asked)
    known = {code for code, _ in REASONS}
    reasons = {
        str(int(name.removeprefix("reason-"))): value
        for name, value in form.items()
        if name.startswith("reason-") and name.removeprefix("reason-").isdigit() and value in known
    }
    return _act(desk, asked, "count-approve", {"reasons": reasons, "reason": "unknown"}, "approved")


def again(desk: Desk, asked: Asked) -> Answered:
    return _act(desk, asked, "count-again", {}, "again")


def cancel(desk: Desk, asked: Asked) -> Answered:
    reason = str(given(asked).get("reason", "")).strip()[:60] or "cancelled in the back office"
    return _act(desk, asked, "count-cancel", {"reason": reason}, "cancelled")


def _act(desk: Desk, asked: Asked, order: str, args: dict[str, Any], said: str) -> Answered:
    reply = give_order(desk, asked, order, {"sheet": asked.path["sheet"], **args})
    return Go(f"/counts?said={said}") if reply.accepted else _sheet(desk, asked, reply.reason)


def name_code(desk: Desk, asked: Asked) -> Answered:
    """A lead says whose code it is: by the product's number, or by its whole name."""
    form = given(asked)
    code, wanted = str(form.get("code", ""))[:80], str(form.get("product", "")).strip()[:120]
    with desk.read() as connection:
        found = rows(
            connection, "SELECT gtin FROM products WHERE gtin = :gtin OR name = :name LIMIT 2",
            gtin=wanted.zfill(14) if wanted.isdigit() else "-", name=wanted,
        )  # fmt: skip
    if len(found) != 1:
        several = "Several products are called so: give its number." if found else "No product has that name or number."
        return _list(desk, asked, several)
    reply = give_order(desk, asked, "name-code", {"code": code, "gtin": found[0]["gtin"]})
    return Go("/counts?said=named") if reply.accepted else _list(desk, asked, reply.reason)


PAGES = (
    Page("/counts", counts, "viewer", title="Counts"),
    Page("/counts", plan, "associate", methods=("POST",)),
    Page("/counts/code", name_code, "lead", methods=("POST",)),
    Page("/counts/<sheet>", sheet, "viewer"),
    Page("/counts/<sheet>/approve", approve, "lead", methods=("POST",)),
    Page("/counts/<sheet>/again", again, "lead", methods=("POST",)),
    Page("/counts/<sheet>/cancel", cancel, "lead", methods=("POST",)),
)
