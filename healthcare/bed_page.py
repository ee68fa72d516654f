"""One bed on a screen of its own: what is now, what was before the alarm, the day, the score, limits and the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from healthcare.bed_charts import day, look_back
from healthcare.bed_limits import delay_s_of
from healthcare.bed_limits import rows as limit_rows
from healthcare.bed_log import became, log, marks, said
from healthcare.bed_news import head, table
from healthcare.bed_now import cells, limits_of
from healthcare.bed_past import DAY_S, Past, day_trends, limit_of, past_of, trends_before, waves_before
from healthcare.sector_shown import OUT, look_of, shape_of, signalled
from healthcare.station_frame import bar, bed_of, heard, no_bed, zone_of
from healthcare.tables import find_alarm
from verticals.web import Answered, Asked, Desk, Page, Shown

_ROWS = {"hr": "hr_per_min", "spo2": "spo2_pct", "rr": "rr_per_min", "bp": "nibp", "t": "temp_cel"}


def bed(desk: Desk, asked: Asked) -> Answered:
    settings = bed_of(desk, asked.path["bed"])
    if settings is None:
        return no_bed(asked)
    told = heard(desk)[0][settings.name]
    past = past_of(desk, settings.name)
    alarm = _alarm_of_now(told, past)
    before = None if alarm is None else _before(desk, alarm)
    return Shown("healthcare/bed.html", _page(desk, asked, settings, told, past) | {"before": before, "opened": False})


def before_alarm(desk: Desk, asked: Asked) -> Answered:
    """The same page with the two minutes before one alarm of the record, and all the waves that were kept."""
    settings = bed_of(desk, asked.path["bed"])
    if settings is None:
        return no_bed(asked)
    with desk.read() as connection:
        alarm = find_alarm(connection, f"{settings.name}/{asked.path['number']}")
    if alarm is None:
        return Shown("healthcare/bed-no-alarm.html", {"bed": settings}, status=404)
    told = heard(desk)[0][settings.name]
    before = _before(desk, alarm, rows=4)
    values = _page(desk, asked, settings, told, past_of(desk, settings.name))
    return Shown("healthcare/bed.html", values | {"before": before, "opened": True})


def clock_of(desk: Desk) -> Callable[[float, str], str]:
    zone = zone_of(desk)
    return lambda utc_s, form: datetime.fromtimestamp(utc_s, UTC).astimezone(zone).strftime(form)


def who_of(desk: Desk, settings: Any, told: Mapping[str, Any]) -> dict[str, Any]:
    """Who lies here and whose bed it is, in the words of the head of a bed's pages."""
    patient = told.get("patient")
    roster = (heard(desk)[1].get("roster") or {}).get("beds") or {}
    place = told.get("place") or {"state": "never-heard"}
    facts = []
    if patient and patient.get("years"):
        facts.append(f"{patient['years']} years")
    if patient and patient.get("admitted"):
        facts.append(f"admitted {patient['admitted']}")
    out, why = OUT.get(str(place["state"]), ("", ""))
    return {
        "name": (patient or {}).get("name") or (patient or {}).get("initials") or "",
        "has_patient": bool(patient),
        "nurse": (roster.get(settings.name) or {}).get("nurse") or told.get("nurse") or "",
        "facts": ", ".join(facts),
        "place": place["state"],
        "out": out,
        "why": place.get("why") or why,
        "scale2": bool(told.get("scale2")),
    }


def _page(desk: Desk, asked: Asked, settings: Any, told: Mapping[str, Any], past: Past) -> dict[str, Any]:
    frame = bar(desk, asked)
    now, clock = past.now_utc_s, clock_of(desk)
    scale = int((told.get("scale") or {}).get("scale") or 1)
    numbers = cells(told, settings.label)
    title, note = head(told.get("news2"))
    texts = {_ROWS[cell["name"]]: cell["text"] for cell in numbers}
    full = past.full_sets()
    last = next(iter(full), None)
    changed = [{"at_utc_s": one["taken_utc_s"], "text": one["news2"]["text"]} for one in full]
    shown_marks = {"alarms": marks(past.alarms), "sets": changed, "advice": _advice(past)}
    state = {**frame["state"], "bed": settings.name, "label": settings.label, "pause_s": desk.settings.pause_s}
    state["beds"] = {**state["beds"], settings.name: dict(told)}
    return {
        **frame,
        "bed": settings,
        "who_here": who_of(desk, settings, told),
        "cells": numbers,
        "news_title": title,
        "news_note": note,
        "news": table(last, told.get("breakdown") or (), now, scale),
        "day": day(day_trends(desk, settings.name, past), limits_of(told), texts, shown_marks, now, clock),
        "limits": limit_rows(told.get("limits") or (), told.get("numerics") or {}, desk.settings.alarms.onset()),
        "log": log(past.alarms, past.events, past.stays, max(past.since_utc_s, now - DAY_S)),
        "clock": clock,
        "pause_s": desk.settings.pause_s,
        "due": told.get("due"),
        "state": state,
    }


def _advice(past: Past) -> list[dict[str, Any]]:
    return [{"at_utc_s": one.at_utc_s} for one in reversed(past.events) if one.kind == "advice"]


def _alarm_of_now(told: Mapping[str, Any], past: Past) -> Mapping[str, Any] | None:
    """The alarm of the patient that the bed signals first, else the newest of the day."""
    recorded = {str(alarm["id"]): alarm for alarm in past.alarms if alarm["kind"] == "physiological"}
    signal = next((alarm["id"] for alarm in signalled(told) if alarm["id"] in recorded), None)
    return recorded[signal] if signal is not None else next(iter(recorded.values()), None)


def _before(desk: Desk, alarm: Mapping[str, Any], rows: int = 1) -> dict[str, Any]:
    limit, waves = limit_of(desk, alarm), waves_before(desk, alarm)
    delay_s = delay_s_of(str(alarm["code"]), desk.settings.alarms.onset())
    drawn = look_back(alarm, trends_before(desk, alarm), waves, clock_of(desk), limit=limit, delay_s=delay_s, rows=rows)
    plain = {**alarm, "state": "active"}
    looks = {"look": look_of(plain), "shape": shape_of(plain), "text": said(alarm), "became": became(alarm)}
    return {**drawn, **looks, "id": alarm["id"], "day": clock_of(desk)(alarm["began_utc_s"], "%d %b")}


PAGES = (
    Page("/bed/<bed>", bed, "viewer", title="Bed"),
    Page("/bed/<bed>/alarm/<number>", before_alarm, "viewer", title="Before an alarm"),
)
