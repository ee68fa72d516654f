"""Observations due on the ward, the most overdue first, one tap from entering them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from healthcare.sector_shown import sector_shown, text_of
from healthcare.station_frame import bar, heard
from verticals.web import Answered, Asked, Desk, Page, Shown

REDRAW_S = 15


def due_rows(places: Sequence[tuple[str, str]], beds: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Overdue ones first, then by the time that they are due."""
    rows = []
    for name, label in places:
        bed = beds.get(name) or {}
        due = bed.get("due")
        if due:
            shown = sector_shown(bed, label)
            row = {"name": name, "bed": label, "who": shown["who"], "nurse": shown["nurse"], "news": shown["news"]}
            row |= {"what": due["what"], "why": text_of(due.get("why")), "at_utc_s": due["at_utc_s"]}
            rows.append(row | {"over": bool(due.get("over"))})
    return sorted(rows, key=lambda row: (not row["over"], row["at_utc_s"]))


def due(desk: Desk, asked: Asked) -> Answered:
    beds, _, _ = heard(desk)
    rows = due_rows([(bed.name, bed.label) for bed in desk.settings.beds], beds)
    return Shown("healthcare/due.html", {**bar(desk, asked), "here": "/due", "rows": rows, "redraw_s": REDRAW_S})


PAGES = (Page("/due", due, "viewer", title="Observations due"),)
