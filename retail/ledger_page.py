"""The ledger as people see it: what waits for an answer, what was told twice and differs, and what came last."""

from __future__ import annotations

from core.errors import InputError
from retail.announced import announced, clashes
from retail.blind import hidden_from
from retail.catalogue.item_code import gtin_of
from retail.figures_shown import when
from retail.ledger import balance, past
from retail.office_frame import bar, give_order, given, zone_of
from retail.work_rows import products_of
from verticals.web import Answered, Asked, Data, Desk, Go, Page, Shown

_MOST_DOCUMENTS, _MOST_CONFLICTS = 40, 50
_KINDS = {"sale": "Sale", "return": "Return", "receipt": "Receipt", "transfer": "Transfer", "move": "Move",
          "damage": "Damage", "expiry": "Over date", "adjustment": "Adjustment", "opening": "Opening stock",
          "count": "Count", "void": "Void"}  # fmt: skip
_DONE = {"booked": "Booked: it is in the ledger now.", "dismissed": "Put away: nothing was booked.",
         "planned": "Planned: the count is on the hand-helds now."}  # fmt: skip


def overview(desk: Desk, asked: Asked) -> Answered:
    return _page(desk, asked, "")


def _page(desk: Desk, asked: Asked, refused: str) -> Answered:
    now_utc_s, zone = desk.clock.now().utc_s, zone_of(desk)
    with desk.read() as connection:
        documents = past.newest_documents(connection, _MOST_DOCUMENTS)
        found = past.conflicts(connection, most=_MOST_CONFLICTS)
        known = products_of(connection, [one[side]["gtin"] for one in found for side in ("stands", "said")])
        proposals = announced(connection, now_utc_s, zone)
    shown = [
        {**one, "when": when(one["at_ms"] / 1000, now_utc_s, zone), "word": _KINDS.get(one["kind"], one["kind"])}
        for one in documents
    ]
    values = {
        "proposals": proposals, "conflicts": clashes(found, known, desk.settings.currency, now_utc_s, zone),
        "documents": shown, "said": refused or _DONE.get(asked.query.get("said", ""), ""),
        "kind": "refused" if refused else "done",
    }  # fmt: skip
    return Shown("retail/ledger.html", {**bar(desk, asked, "/ledger"), **values}, status=409 if refused else 200)


def recount(desk: Desk, asked: Asked) -> Answered:
    """What was told twice and differs is settled by looking: a count of the product where it should be."""
    form = given(asked)
    gtin, place = gtin_of(str(form.get("gtin", ""))[:14]), str(form.get("place", ""))[:40]
    if not gtin or not place:
        raise InputError("a product and a place are needed", hint="Load the page anew.")
    title = str(form.get("title", ""))[:60] or gtin
    reply = give_order(desk, asked, "count-plan", {"title": title, "items": [{"gtin": gtin, "place": place}]})
    return Go("/ledger?said=planned") if reply.accepted else _page(desk, asked, reply.reason)


def product(desk: Desk, asked: Asked) -> Answered:
    """On-hand by place and lot, and what happened, the newest first; nothing of it while its count is blind."""
    gtin = gtin_of(asked.path.get("gtin", ""))
    places = [*desk.settings.sales_places, *desk.settings.back_places]
    with desk.read() as connection:
        if hidden_from(connection, asked, [gtin]):
            return Data({"gtin": gtin, "error": "it is being counted"}, status=409)
        held = balance.on_hand(connection, [(gtin, place) for place in places])
        happened = past.timeline(connection, gtin)
    return Data({"gtin": gtin, "on_hand": held, "timeline": happened})


PAGES = (
    Page("/ledger", overview, "viewer", title="Ledger"),
    Page("/ledger/count", recount, "associate", methods=("POST",)),
    Page("/ledger/<gtin>", product, "viewer"),
)
