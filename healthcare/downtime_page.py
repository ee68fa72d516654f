"""The downtime pack: on paper when the box or its network is gone. Last values, a chart to go on by pencil, the roster.

The page holds all that it prints, draws itself anew while the box answers, and keeps what it has when it does not.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from healthcare.handover_page import who_lies
from healthcare.patients_page import day_time
from healthcare.roster_page import people_of
from healthcare.sector_shown import sector_shown
from healthcare.station_frame import bar, heard, zone_of
from healthcare.tables import stays_of
from verticals.web import Answered, Asked, Desk, Page, Shown

REDRAW_S = 60
_SEEN_EVERY_S = 3600.0
_MOST_SEEN = 1000
COLUMNS = 12
#: Rows of a NEWS2 chart, what is ticked and its points. Source: Royal College of Physicians, NEWS2, 2017,
#: charts 1 and 3; a test holds them to `vitals.news2`.
CHART: tuple[tuple[str, str, tuple[tuple[str, int], ...]], ...] = (
    ("rr_per_min", "RR /min", (("≥ 25", 3), ("21-24", 2), ("12-20", 0), ("9-11", 1), ("≤ 8", 3))),
    ("spo2_scale_1", "SpO₂ %, scale 1", (("≥ 96", 0), ("94-95", 1), ("92-93", 2), ("≤ 91", 3))),
    (
        "spo2_scale_2",
        "SpO₂ %, scale 2",
        (
            ("≥ 97 on O₂", 3),
            ("95-96 on O₂", 2),
            ("93-94 on O₂", 1),
            ("≥ 93 on air", 0),
            ("88-92", 0),
            ("86-87", 1),
            ("84-85", 2),
            ("≤ 83", 3),
        ),
    ),
    ("oxygen", "Air or oxygen", (("Air", 0), ("O₂, L/min", 2))),
    ("sys_mmhg", "BP sys mmHg", (("≥ 220", 3), ("111-219", 0), ("101-110", 1), ("91-100", 2), ("≤ 90", 3))),
    (
        "pulse_per_min",
        "Pulse /min",
        (("≥ 131", 3), ("111-130", 2), ("91-110", 1), ("51-90", 0), ("41-50", 1), ("≤ 40", 3)),
    ),
    ("consciousness", "Consciousness", (("Alert", 0), ("C V P U", 3))),
    (
        "temp_cel",
        "T °C",
        (("≥ 39.1", 2), ("38.1-39.0", 1), ("36.1-38.0", 0), ("35.1-36.0", 1), ("≤ 35.0", 3)),
    ),
)


class _Seen:
    """Who had the names before them: an open pack draws itself anew each minute, and counts once an hour."""

    def __init__(self) -> None:
        self._at_utc_s: OrderedDict[tuple[int, str], float] = OrderedDict()

    def is_news(self, who: tuple[int, str], now_utc_s: float) -> bool:
        before = self._at_utc_s.get(who)
        if before is not None and 0 <= now_utc_s - before < _SEEN_EVERY_S:
            return False
        self._at_utc_s[who] = now_utc_s
        self._at_utc_s.move_to_end(who)
        if len(self._at_utc_s) > _MOST_SEEN:
            self._at_utc_s.popitem(last=False)
        return True


_SEEN = _Seen()


def downtime(desk: Desk, asked: Asked) -> Answered:
    beds, ward, stale = heard(desk)
    zone, now = zone_of(desk), desk.clock.now().utc_s
    named = bool(asked.who) or not desk.settings.privacy
    if asked.who and _SEEN.is_news((id(desk), asked.who), now):
        desk.audit("downtime-seen", {"beds": len(desk.settings.beds)}, who=asked.who, role=asked.role)
    roster = ward.get("roster") or {}
    rows = [_row(desk, bed, beds[bed.name], roster, named=named) for bed in desk.settings.beds]
    values = {
        "rows": rows, "chart": CHART, "columns": range(COLUMNS), "people": people_of(roster, ward.get("phones") or {}),
        "in_charge": roster.get("charge") or "", "drawn": day_time(now, zone), "line_lost": stale, "redraw_s": REDRAW_S,
        "named": named,
    }  # fmt: skip
    return Shown("healthcare/downtime.html", {**bar(desk, asked), **values})


def _row(desk: Desk, bed: Any, told: dict[str, Any], roster: dict[str, Any], *, named: bool) -> dict[str, Any]:
    with desk.read() as connection:
        stay = next((row for row in stays_of(connection, bed.name, 5) if row["until_utc_s"] is None), None)
    people = (roster.get("beds") or {}).get(bed.name) or {}
    shown = sector_shown(told, bed.label)
    return {
        **who_lies(told, stay, named=named),
        "label": bed.label,
        "nurse": people.get("nurse", ""),
        "buddy": people.get("buddy", ""),
        "bed": shown,
        "old": "stale" in shown["look"].split(),
        "scale2": shown["scale2"],
        "due": told.get("due"),
    }


PAGES = (Page("/downtime", downtime, "nurse", title="Downtime pack"),)
