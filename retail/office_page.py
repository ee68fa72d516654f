"""Today: what to do now, the floor, and the product that a person looks at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from retail.bay_record import photos
from retail.blind import blinded, hidden_from
from retail.figures_shown import local, money
from retail.floor_shown import bays_of, floor
from retail.office_frame import answered, bar, give_order, given, told, zone_of
from retail.office_shown import kpis, nothing_to_do, notices, work_of
from retail.product_shown import product_shown
from retail.slot_names import bay_of, canonical
from retail.slots_past import floor_time
from retail.tasks_shown import KINDS, kinds_shown, tasks_shown
from retail.work_rows import open_tasks, planogram, products_of, slot_states, store_days
from verticals.web import Answered, Asked, Data, Desk, Go, Page, Shown

_MOST_SHOWN = 60
_SPARK_DAYS = 14


def office(desk: Desk, asked: Asked) -> Answered:
    return _page(desk, asked, asked.query, "")


def _page(desk: Desk, asked: Asked, query: Mapping[str, str], said: str) -> Answered:
    settings, now_utc_s, zone = desk.settings, desk.clock.now().utc_s, zone_of(desk)
    store, stations, _ = told(desk)
    work = work_of(settings)
    kind = query.get("kind", "") if query.get("kind", "") in KINDS else ""
    with desk.read() as connection:
        tasks = open_tasks(connection)
        listed = [task for task in tasks if kind in ("", task["kind"])]
        states, planned = slot_states(connection), planogram(connection)
        days = store_days(connection, (local(now_utc_s, zone).date() - timedelta(days=_SPARK_DAYS)).isoformat())
        known = products_of(connection, [task["gtin"] for task in listed[:_MOST_SHOWN]])
        pictures = photos(desk, {bay_of(canonical(task["slot"])) for task in listed[:_MOST_SHOWN]})
        shown = tasks_shown(listed[:_MOST_SHOWN], known, settings.currency, now_utc_s, zone, pictures)
        chosen = _chosen(query, shown)
        product = None
        if chosen:
            product = product_shown(connection, chosen["gtin"], settings, now_utc_s, zone, slot=chosen["slot_name"])
            if product is not None and hidden_from(connection, asked, [chosen["gtin"]]):
                product = blinded(product)
    slider, then = floor_time(desk, query.get("at", ""), states, now_utc_s, zone, work)
    bays = bays_of(planned, then)
    count = sum(bay.planned for bay in bays.values())
    values = {
        "kpis": kpis(store, days, work.expiring_days, count),
        "notices": notices(store, stations, states, count, now_utc_s, zone, work),
        "kinds": [(name, word, number, _to(name, {})) for name, word, number in kinds_shown(tasks)],
        "kind": kind,
        "worth": money(sum(task["value_cents_h"] for task in tasks), settings.currency, whole=True),
        "tasks": [{**task, "on": task["id"] == chosen.get("id"), "to": _to(kind, {"task": task["id"]})}
                  for task in shown],
        "more": max(0, len(listed) - len(shown)),
        "nothing": "" if listed else nothing_to_do(states, store, now_utc_s, kind),
        "floor": floor(bays, settings.back_places, bay_of(canonical(chosen.get("slot_name", "")))),
        "slider": slider,
        "product": product,
        "said": said,
        "query": {name: value for name, value in query.items() if name in ("kind", "task", "product", "at")},
    }  # fmt: skip
    return Shown("retail/office.html", {**bar(desk, asked, "/"), **values}, status=409 if said else 200)


def _chosen(query: Mapping[str, str], shown: list[dict[str, Any]]) -> dict[str, Any]:
    """The task whose product is looked at: the one asked for, else the first; empty without any."""
    gtin = query.get("product", "")
    if gtin:
        return next((task for task in shown if task["gtin"] == gtin), {"gtin": gtin, "slot_name": ""})
    return next((task for task in shown if task["id"] == query.get("task")), shown[0] if shown else {})


def _to(kind: str, more: Mapping[str, str]) -> str:
    query = {name: value for name, value in {"kind": kind, **more}.items() if value}
    return f"/?{urlencode(query)}" if query else "/"


def act(desk: Desk, asked: Asked) -> Answered:
    """Somebody has done a task, or says that it is not true; a refusal stands where it happened."""
    form, task, deed = given(asked), asked.path["task"], asked.path["act"]
    if deed not in ("done", "not-true", "take", "give-back"):
        return Data({"error": f"there is no act '{deed[:40]}'"}, status=404)
    args: dict[str, Any] = {"task": task}
    if deed == "done" and str(form.get("quantity", "")).strip():
        args["quantity"] = str(form["quantity"]).strip()[:20].replace(",", ".")
    if deed == "not-true":
        args["note"] = str(form.get("note", "")).strip()[:120]
    if asked.body is not None and told(desk)[2]:
        return Data({"accepted": False, "reason": "The box's line does not answer. It is sent again."}, status=503)
    reply = give_order(desk, asked, f"task-{deed}", args)
    if asked.body is not None:
        return answered(reply)
    if not reply.accepted:
        back = {name: str(form[name]) for name in ("kind", "task", "product") if form.get(name)}
        return _page(desk, asked, back, reply.reason)
    return Go(_to(str(form.get("kind", "")), {}))


def add_to_order(desk: Desk, asked: Asked) -> Answered:
    form = given(asked)
    args: dict[str, Any] = {"gtin": str(form.get("gtin", ""))[:14]}
    if str(form.get("quantity", "")).strip():
        args["quantity"] = str(form["quantity"]).strip()[:20].replace(",", ".")
    reply = give_order(desk, asked, "order-add", args)
    if not reply.accepted:
        back = {"product": args["gtin"]} | ({"kind": str(form["kind"])} if form.get("kind") else {})
        return _page(desk, asked, back, reply.reason)
    order = str(reply.data.get("order", ""))
    return Go(f"/orders?{urlencode({'order': order})}" if order else "/orders")


PAGES = (
    Page("/", office, "viewer", title="Today"),
    Page("/task/<task>/<act>", act, "associate", methods=("POST",)),
    Page("/order/add", add_to_order, "lead", methods=("POST",)),
)
