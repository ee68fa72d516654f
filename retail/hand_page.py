"""What the hand-held's pages fetch: the worker that keeps them for a time without network, and the list of products."""

from __future__ import annotations

from pathlib import Path

from retail.work_rows import rows
from verticals.web import Answered, Asked, Data, Desk, File, Page

_WORKER = Path(__file__).parent / "static" / "retail" / "hand-worker.js"


def worker(desk: Desk, asked: Asked) -> Answered:
    """At the root, because a worker keeps only pages below its own address."""
    return File(_WORKER.read_bytes(), "text/javascript")


def products(desk: Desk, asked: Asked) -> Answered:
    """`products`: {GTIN: [name, unit]}, `codes`: {other code: GTIN}; no stock: a count is blind."""
    with desk.read() as connection:
        known = rows(connection, "SELECT gtin, name, unit FROM products")
        codes = rows(connection, "SELECT code, gtin FROM item_codes")
    return Data({
        "products": {row["gtin"]: [row["name"], row["unit"]] for row in known},
        "codes": {row["code"]: row["gtin"] for row in codes},
        "at": desk.clock.now().utc_s,
    })  # fmt: skip


PAGES = (
    Page("/hand-worker.js", worker, "viewer"),
    Page("/hand/products", products, "viewer"),
)
