"""The list of tasks for the hand-held: one is open at a time, what is done is kept until the box has it."""

from __future__ import annotations

from retail.bay_record import photos
from retail.hand_frame import hand
from retail.office_frame import told, zone_of
from retail.office_shown import nothing_to_do
from retail.slot_names import bay_of, canonical
from retail.tasks_shown import KINDS, kinds_shown, tasks_shown
from retail.work_rows import open_tasks, products_of, slot_states
from verticals.web import Answered, Asked, Desk, Page, Shown

_MOST_SHOWN = 80


def tasks(desk: Desk, asked: Asked) -> Answered:
    now_utc_s, settings = desk.clock.now().utc_s, desk.settings
    kind = asked.query.get("kind", "") if asked.query.get("kind", "") in KINDS else ""
    with desk.read() as connection:
        found = open_tasks(connection)
        listed = [task for task in found if kind in ("", task["kind"])]
        known = products_of(connection, [task["gtin"] for task in listed[:_MOST_SHOWN]])
        states = slot_states(connection)
    pictures = photos(desk, {bay_of(canonical(task["slot"])) for task in listed[:_MOST_SHOWN]})
    shown = tasks_shown(listed[:_MOST_SHOWN], known, settings.currency, now_utc_s, zone_of(desk), pictures)
    opened = asked.query.get("task") or (shown[0]["id"] if shown else "")
    frame = hand(desk, asked, "/tasks")
    values = {
        "title": "To do",
        "sub": f"{settings.store}, {frame['clock']}",
        "look": "hand--tasks",
        "kinds": [one for one in kinds_shown(found) if one[2] or one[0] in ("", kind)],
        "kind": kind,
        "tasks": shown,
        "opened": opened,
        "nothing": nothing_to_do(states, told(desk)[0], now_utc_s, kind),
    }
    return Shown("retail/tasks.html", {**frame, **values})


PAGES = (Page("/tasks", tasks, "associate", title="To do"),)
