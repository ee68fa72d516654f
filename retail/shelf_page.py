"""Shelves: every bay with its availability, one bay slot by slot over its masked picture, and its set-up."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.errors import InputError
from retail.bay_record import HEIGHT, bay_settings, sight_of, station_of, still_file
from retail.blind import hidden_from
from retail.catalogue.item_code import gtin_of
from retail.catalogue.product import Slot as PlannedSlot
from retail.figures_shown import NONE, local, money, share
from retail.floor_shown import Bay, bays_of
from retail.office_frame import answered, bar, sentence, told, zone_of
from retail.plan_file import write_plan
from retail.shelf.plan import Plan, plan_of
from retail.shelf_shown import availability, counted, needing, slots_of
from retail.slot_names import bay_text, canonical, planned_name
from retail.tasks_shown import tasks_shown
from retail.work_rows import balances, open_tasks, planogram, products_of, rows, slot_states
from verticals.web import Answered, Asked, Data, Desk, File, Page, Shown

_SOURCE = "shelf-setup"


def shelves(desk: Desk, asked: Asked) -> Answered:
    with desk.read() as connection:
        bays = bays_of(planogram(connection), slot_states(connection))
    stations = told(desk)[1]
    cameras = {name.removeprefix("bay-") for name in stations if name.startswith("bay-")}
    cameras |= {one.name for one in desk.settings.bays}
    for name in cameras:
        bays.setdefault(name, Bay(name))
    shown = [
        {"name": bay.name, "text": bay_text(bay.name), "to": f"/shelf/{quote(bay.name)}", "look": bay.look,
         "share": share(bay.there / bay.seen) if bay.seen else NONE, "out": bay.out, "planned": bay.planned,
         "seen": bay.seen, "blocked": bay.states.get("blocked", 0), "low": bay.states.get("low", 0),
         "camera": bay.name in cameras}
        for bay in sorted(bays.values(), key=lambda bay: bay.name)
    ]  # fmt: skip
    return Shown("retail/shelves.html", {**bar(desk, asked, "/shelves"), "bays": shown})


def shelf(desk: Desk, asked: Asked) -> Answered:
    """One bay; `slot` is the one that is looked at, else the first that needs it."""
    bay, settings = asked.path["bay"][:60], desk.settings
    now_utc_s, zone = desk.clock.now().utc_s, zone_of(desk)
    sight = sight_of(desk, bay)
    with desk.read() as connection:
        slots = slots_of(connection, bay, sight, now_utc_s, zone)
        tasks = [task for task in open_tasks(connection) if canonical(task["slot"]).rpartition("/")[0] == bay]
        wanted = needing(slots)
        name = canonical(asked.query.get("slot", ""))
        chosen = next((slot for slot in slots if slot["name"] == name), wanted[0] if wanted else None)
        shown = None
        if chosen is not None:
            held = balances(connection, [chosen["gtin"]]).get(chosen["gtin"], {})
            mine = [task for task in tasks if canonical(task["slot"]) == chosen["name"]]
            known = products_of(connection, [task["gtin"] for task in mine])
            first = tasks_shown(mine[:1], known, settings.currency, now_utc_s, zone)
            known_book = bool(held) and not hidden_from(connection, asked, [chosen["gtin"]])
            shown = {
                **chosen,
                "ledger": f"{sum(held.values()) / 1000:g}" if known_book else NONE,
                "task": first[0] if first else None,
                "worth": money(mine[0]["value_cents_h"], settings.currency) if mine else "",
            }
    osa, seen, count = availability(slots)
    if not count and f"bay-{bay}" not in told(desk)[1] and not sight.picture:
        return Shown("retail/shelf-none.html", {**bar(desk, asked, "/shelves"), "bay": bay}, status=404)
    values = {
        "bay": bay, "title": bay_text(bay), "osa": share(osa), "seen": seen, "count": count, "slots": slots,
        "states": counted(slots), "wanted": wanted, "chosen": shown, "picture": sight.picture,
        "picture_at": f"{local(sight.picture_utc_s, zone):%H:%M:%S}" if sight.picture_utc_s else "",
        "boxed": any("box" in slot for slot in slots), "width": sight.width, "height": HEIGHT,
    }  # fmt: skip
    return Shown("retail/shelf.html", {**bar(desk, asked, "/shelves"), **values})


def setup(desk: Desk, asked: Asked) -> Answered:
    """Slots are drawn over the still; the planogram's own are there to be placed."""
    bay = asked.path["bay"][:60]
    sight = sight_of(desk, bay)
    with desk.read() as connection:
        planned = rows(connection, "SELECT * FROM planogram_slots WHERE fixture = :bay ORDER BY shelf, slot", bay=bay)
        known = products_of(connection, [row["gtin"] for row in planned])
    drawn = {canonical(f"{bay}/{slot['name']}"): slot for slot in sight.plan}
    slots = [
        {"name": str(slot["name"]), "product": str(slot.get("product", "")), "box": list(slot["box"]),
         "facings": int(slot.get("facings", 1))}
        for slot in sight.plan
    ]  # fmt: skip
    to_place = [
        {"name": f"{row['shelf']}-{row['slot']:02d}", "product": row["gtin"],
         "title": known.get(row["gtin"], {}).get("name", row["gtin"]),
         "facings": row["facings_wide"] * row["facings_high"]}
        for row in planned if canonical(planned_name(row)) not in drawn
    ]  # fmt: skip
    values = {
        "bay": bay, "title": bay_text(bay), "picture": sight.still, "width": sight.width, "height": HEIGHT,
        "state": {"bay": bay, "slots": slots, "toPlace": to_place},
    }  # fmt: skip
    return Shown("retail/shelf-setup.html", {**bar(desk, asked, "/shelves"), **values})


def save(desk: Desk, asked: Asked) -> Answered:
    """The rectangles go to the bay's camera, and what lies in them into the planogram. All of it or nothing."""
    bay = asked.path["bay"][:60]
    slots = asked.body.get("slots") if isinstance(asked.body, Mapping) else None
    try:
        plan = plan_of({"bay": bay, "slots": slots}, "the plan")
        with desk.read() as connection:
            rows_of_bay = rows(connection, "SELECT * FROM planogram_slots WHERE fixture = :bay", bay=bay)
            there = set(products_of(connection, [gtin_of(slot.product) for slot in plan.slots]))
        planned = _planned(plan, {canonical(planned_name(row)): row for row in rows_of_bay}, there)
    except InputError as error:
        return Data({"accepted": False, "reason": sentence(error)}, status=400)
    settings = bay_settings(desk, bay)
    works = False
    if settings is not None:
        write_plan(Path(settings.plan), plan)  # first: it outlives a line that is down just now
    if settings is not None or station_of(bay) in told(desk)[1]:
        reply = desk.ask(station_of(bay), "plan", {"bay": bay, "slots": slots}, who=asked.who, role=asked.role)
        works = reply.accepted
        if settings is None and not works:
            return answered(reply)
    elif not planned:
        return Data({"accepted": False, "reason": "No camera looks at this bay: nothing was saved."}, status=409)
    if planned:
        payload = {"kind": "catalogue", "slots": planned, "who": asked.who}
        mark = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()[:24]
        desk.bring(_SOURCE, f"{bay}-{round(desk.clock.now().utc_s * 1000)}-{mark}", payload)
    desk.audit("shelf-plan", {"bay": bay, "slots": len(plan.slots)}, who=asked.who, role=asked.role)
    said = {"slots": len(plan.slots), "planned": len(planned), "restart": settings is not None and not works}
    return Data({"accepted": True, "reason": "", "data": said})


def _planned(plan: Plan, there: Mapping[str, Mapping[str, Any]], known: set[str]) -> list[dict[str, Any]]:
    """Rows of the planogram for slots that are named by shelf and number, and hold a product that the store knows.

    Raises InputError for a product's number that is none of the store's.
    """
    made = []
    for slot in plan.slots:
        gtin = gtin_of(slot.product)
        if slot.product.isdigit() and gtin not in known:
            raise InputError(
                f"slot {slot.name}: no product has the number {slot.product}",
                hint="Import it first, or leave it empty.",
            )
        shelf, _, number = slot.name.partition("-")
        if not (gtin and shelf.isdigit() and number.isdigit() and len(shelf) < 5 and len(number) < 5):
            continue
        before = there.get(f"{plan.bay}/{int(shelf)}-{int(number)}", {})
        same = before.get("gtin") == gtin
        high = int(before["facings_high"]) if same else 1
        made.append(PlannedSlot(
            plan.bay, int(shelf), int(number), gtin, max(1, slot.facings // high), high,
            int(before["facings_deep"]) if same else 1, int(before["min_presentation"]) if same else 0,
            int(before["capacity"]) if same else 0, str(before.get("place", "floor")),
        ).as_json())  # fmt: skip
    return made


def still(desk: Desk, asked: Asked) -> Answered:
    """The reference still: taken with nobody before the bay."""
    found = still_file(desk, asked.path["bay"][:60])
    if found is None:
        return Data({"error": "this bay has no still"}, status=404)
    return File(found[0].read_bytes(), found[1])


PAGES = (
    Page("/shelves", shelves, "viewer", title="Shelves"),
    Page("/shelf/<bay>", shelf, "viewer"),
    Page("/shelf/<bay>/still", still, "viewer"),
    Page("/shelf/<bay>/setup", setup, "lead"),
    Page("/shelf/<bay>/setup", save, "lead", methods=("POST",)),
)
