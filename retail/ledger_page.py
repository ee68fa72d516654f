"""The ledger as people see it: what came last, and what happened to one product."""

from __future__ import annotations

from sqlalchemy import func, select

from core.clock import iso_utc
from retail.catalogue import tables as catalogue
from retail.catalogue.item_code import gtin_of
from retail.ledger import balance, past
from verticals.web import Answered, Asked, Data, Desk, Page, Shown


def overview(desk: Desk, asked: Asked) -> Answered:
    """How much the store knows, and the newest documents."""
    with desk.read() as connection:
        products = connection.scalar(select(func.count()).select_from(catalogue.products)) or 0
        documents = past.newest_documents(connection)
    rows = [{**one, "at": iso_utc(one["at_ms"] / 1000)} for one in documents]
    return Shown("retail/ledger.html", {"store": desk.settings.store, "products": products, "documents": rows})


def product(desk: Desk, asked: Asked) -> Answered:
    """On-hand by place and lot, and what happened, the newest first."""
    gtin = gtin_of(asked.path.get("gtin", ""))
    places = [*desk.settings.sales_places, *desk.settings.back_places]
    with desk.read() as connection:
        held = balance.on_hand(connection, [(gtin, place) for place in places])
        happened = past.timeline(connection, gtin)
    return Data({"gtin": gtin, "on_hand": held, "timeline": happened})


PAGES = (
    Page("/ledger", overview, "viewer", title="Ledger"),
    Page("/ledger/<gtin>", product, "viewer"),
)
