"""Day one and every day: products, planogram, stock and past sales in from CSV, everything out again."""

from __future__ import annotations

from collections.abc import Iterator

from core.errors import InputError
from retail.catalogue.bring import SOURCE, File, Files, read_import
from retail.catalogue.export import EXPORTS
from retail.catalogue.shelf import known
from retail.office_frame import bar, sentence
from retail.work_export import WORK_EXPORTS, work_rows
from retail.work_rows import rows
from verticals.web import Answered, Asked, Desk, Page, Shown, Stream

#: What each file is, its columns (needed ones first), what it does.
IMPORTS = (
    ("products", "Products", "gtin, name", "unit, price, case_size, supplier, lead_days, category, codes",
     "Added or changed by their number."),
    ("planogram", "Planogram", "fixture, shelf, slot, gtin", "wide, high, deep, min, capacity, place",
     "Replaces the plan of the fixtures that it names."),
    ("stock", "Stock", "item, quantity", "place, lot, expiry", "A count of now."),
    ("sales", "Past sales", "receipt, time, item, quantity", "till, amount, kind", "Teaches what sells how fast."),
)  # fmt: skip
_WORDS = {"products": "products", "slots": "slots", "stock": "stock counts", "sales": "receipts"}
_MOST_FACTS = 200


def settings(desk: Desk, asked: Asked) -> Answered:
    return _page(desk, asked, "", "")


def _page(desk: Desk, asked: Asked, said: str, kind: str) -> Answered:
    with desk.read() as connection:
        count = {
            name: rows(connection, f"SELECT COUNT(*) AS n FROM {table}")[0]["n"]
            for name, table in (("products", "products"), ("slots", "planogram_slots"), ("codes", "item_codes"))
        }
    refused = desk.events(kinds=("refused",), limit=5, newest_first=True)
    values = {
        "imports": IMPORTS, "exports": list(EXPORTS), "more_exports": WORK_EXPORTS,
        "count": count, "said": said, "kind": kind,
        "refused": [str(one["why"])[:200] for event in refused for one in event.data.get("refused", ())][:5],
        "places": (", ".join(desk.settings.sales_places), ", ".join(desk.settings.back_places)),
        "zone": desk.settings.time_zone,
    }  # fmt: skip
    return Shown("retail/settings.html", {**bar(desk, asked, "/settings"), **values},
                 status=400 if kind == "refused" else 200)  # fmt: skip


def bring(desk: Desk, asked: Asked) -> Answered:
    """One file, whole or not at all; what is wrong is named by line and column."""
    what = asked.path["what"]
    if what not in {name for name, *_ in IMPORTS}:
        raise InputError(f"there is nothing called {what[:20]} to import")
    if len(asked.files) != 1 or not asked.files[0].content:
        return _page(desk, asked, "Choose a CSV file first.", "refused")
    upload = asked.files[0]
    file = File(upload.name[:80] or f"{what}.csv", upload.content)
    try:
        with desk.read() as connection:
            there = known(connection)
        read = read_import(Files(**{what: file}), there, desk.settings, desk.clock.now().utc_s)
        if len(read.facts) > _MOST_FACTS:
            raise InputError("this file is too long for a page", hint="Use `edgewise retail import`.")
    except InputError as error:
        return _page(desk, asked, sentence(error), "refused")
    for fact in read.facts:
        desk.bring(SOURCE, fact.key, dict(fact.payload))
    desk.audit("import", {"what": what, "file": file.name, "counts": dict(read.counts)}, who=asked.who, role=asked.role)
    brought = ", ".join(f"{number} {_WORDS.get(name, name)}" for name, number in read.counts.items())
    return _page(desk, asked, f"{brought} taken in from {file.name}.", "done")


def export(desk: Desk, asked: Asked) -> Answered:
    name = asked.path["name"]
    if name not in EXPORTS and name not in WORK_EXPORTS:
        raise InputError(f"there is no export {name[:30]}", hint=f"There are {', '.join((*EXPORTS, *WORK_EXPORTS))}.")
    return Stream(_chunks(desk, name), "text/csv; charset=utf-8", name=name)


def _chunks(desk: Desk, name: str) -> Iterator[bytes]:
    with desk.read() as connection:
        yield from EXPORTS[name](connection) if name in EXPORTS else work_rows(connection, name)


PAGES = (
    Page("/settings", settings, "viewer", title="Settings"),
    Page("/settings/import/<what>", bring, "lead", methods=("POST",)),
    Page("/settings/export/<name>", export, "viewer"),
)
