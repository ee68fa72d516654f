"""The hand-over sheet: for one nurse or the whole ward, what the next shift must know, on screen and on A4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from healthcare.measures import MEASURES
from healthcare.moments import minutes
from healthcare.patients import Patient
from healthcare.patients_page import day_time
from healthcare.sector_shown import sector_shown, text_of, what_of
from healthcare.station_frame import bar, heard, zone_of
from healthcare.tables import alarms_between, stays_of
from healthcare.vitals.limits import Limits
from verticals.contract import Event
from verticals.web import Answered, Asked, Desk, Page, Shown

SHIFTS_H = (8, 10, 12, 24)
_USUAL_H = 12
_MOST_ALARMS = 5
_HOUR_S = 3600.0
_REACHED = {0: "", 1: "", 2: "to the buddy", 3: "to the nurse in charge", 4: "to everyone"}


def alarms_shown(rows: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> dict[str, Any]:
    """The patient's alarms of a shift, the most urgent and longest first; the others are counted.

    `rows` are of `tables.alarms_between`; advice and what the equipment said are counted apart.
    """
    own = [row for row in rows if row["kind"] == "physiological"]
    own.sort(key=lambda row: (("high", "medium", "low").index(row["priority"]), row["began_utc_s"]))
    shown = [
        {
            "at": day_time(row["began_utc_s"], zone)[-5:],
            "priority": row["priority"],
            "what": what_of(row),
            "lasted": minutes(row["ended_utc_s"] - row["began_utc_s"]) if row["ended_utc_s"] else "goes on",
            "reached": _REACHED.get(row["step"], ""),
            "by": row["acknowledged_by"],
        }
        for row in own[:_MOST_ALARMS]
    ]
    technical = sum(row["kind"] == "technical" for row in rows)
    return {"shown": shown, "more": max(0, len(own) - _MOST_ALARMS), "all": len(own), "technical": technical}


def limits_shown(events: Sequence[Event], since_utc_s: float, now_utc_s: float, zone: ZoneInfo) -> list[str]:
    """Limits of this patient that differ from the site's, from the record of `limits`; the newest of each measure."""
    found: dict[str, str] = {}
    for event in sorted(events, key=lambda event: event.at_utc_s):
        data = event.data
        if event.at_utc_s < since_utc_s or data.get("measure") not in MEASURES:
            continue
        found.pop(data["measure"], None)
        if data.get("what") == "set" and (data.get("until_utc_s") or 0) > now_utc_s:
            facts = MEASURES[data["measure"]]
            until, why = day_time(data["until_utc_s"], zone), text_of(data.get("reason"))
            limits = Limits(*data["after"]).text()
            found[data["measure"]] = f"{facts.label} {limits} {facts.unit} until {until}" + (f": {why}" if why else "")
    return list(found.values())


def handover(desk: Desk, asked: Asked) -> Answered:
    """`?nurse=Nurse 14&hours=12`; without a nurse the whole ward. Names for who is signed in, and audited."""
    beds, ward, _ = heard(desk)
    people: Mapping[str, Mapping[str, str]] = (ward.get("roster") or {}).get("beds") or {}
    nurses = sorted({two["nurse"] for two in people.values() if two.get("nurse")})
    nurse = asked.query.get("nurse", "")
    nurse = nurse if nurse in nurses else ""
    hours = next((one for one in SHIFTS_H if str(one) == asked.query.get("hours")), _USUAL_H)
    named = bool(asked.who) or not desk.settings.privacy
    chosen = [bed for bed in desk.settings.beds if not nurse or (people.get(bed.name) or {}).get("nurse") == nurse]
    rows = [_row(desk, bed, beds[bed.name], people.get(bed.name) or {}, hours, named=named) for bed in chosen]
    if asked.who:
        desk.audit("handover-seen", {"nurse": nurse, "hours": hours}, who=asked.who, role=asked.role)
    now = desk.clock.now().utc_s
    values = {
        "here": "/handover", "rows": rows, "nurse": nurse, "nurses": nurses, "hours": hours, "shifts": SHIFTS_H,
        "printed": day_time(now, zone_of(desk)), "from": day_time(now - hours * _HOUR_S, zone_of(desk)),
    }  # fmt: skip
    return Shown("healthcare/handover.html", {**bar(desk, asked), **values})


def _row(
    desk: Desk, bed: Any, told: Mapping[str, Any], people: Mapping[str, str], hours: int, *, named: bool
) -> dict[str, Any]:
    zone, now = zone_of(desk), desk.clock.now().utc_s
    with desk.read() as connection:
        alarms = alarms_between(connection, now - hours * _HOUR_S, now + 1.0, bed.name)
        stay = next((row for row in stays_of(connection, bed.name, 5) if row["until_utc_s"] is None), None)
    changed = desk.events(station=bed.name, kinds=("limits",), newest_first=True, limit=100)
    since = stay["since_utc_s"] if stay else 0.0
    due = told.get("due")
    return {
        **who_lies(told, stay, named=named),
        "label": bed.label,
        "nurse": people.get("nurse", ""),
        "bed": sector_shown(told, bed.label),
        "alarms": alarms_shown(alarms, zone),
        "limits": limits_shown(changed, since, now, zone),
        "due": None
        if not due
        else {"what": due["what"], "at": day_time(due["at_utc_s"], zone)[-5:], "over": due["over"]},
        "advice": [text_of(one.get("text")) for one in told.get("advice") or ()],
    }


def who_lies(told: Mapping[str, Any], stay: Mapping[str, Any] | None, *, named: bool) -> dict[str, Any]:
    """Who is in a bed as a sheet names them: with name and record number only where `named`."""
    patient = told.get("patient")
    if not patient:
        watched = (told.get("place") or {}).get("state") in ("monitoring", "no-data")
        who = "Monitor runs, nobody assigned" if watched else "Empty"
        return {"empty": not watched, "who": who, "id": "", "years": "", "admitted": ""}
    known = Patient(stay["patient_id"], stay["family"], stay["given"]) if stay and named else None
    return {
        "empty": False,
        "who": known.name if known else patient.get("initials") or "No name",
        "id": known.id if known else "",
        "years": patient.get("years") or "",
        "admitted": patient.get("admitted") or "",
    }


PAGES = (Page("/handover", handover, "nurse", title="Hand-over"),)
