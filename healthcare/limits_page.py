"""Changing one alarm limit of one patient: by whom, why and for how long is asked, and the bed itself decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import InputError
from healthcare.bed_limits import label_of
from healthcare.bed_now import limits_text
from healthcare.bed_page import clock_of, who_of
from healthcare.measures import MEASURES
from healthcare.station_frame import bar, bed_of, give_order, given, heard, no_bed, reason_of
from verticals.web import Answered, Asked, Desk, Go, Page, Shown

REASONS = ("Fever", "Known arrhythmia", "Usual for this patient", "After a procedure", "On a clinician's order")
#: What a change may last, in hours, and how it is called.
DURATIONS = ((1, "1 hour"), (4, "4 hours"), (8, "8 hours"), (12, "12 hours"), (24, "1 day"), (72, "3 days"),
             (168, "7 days"))  # fmt: skip


def limits(desk: Desk, asked: Asked) -> Answered:
    return _form(desk, asked, {}, "")


def change(desk: Desk, asked: Asked) -> Answered:
    """The new limits, or back to the ward's; refused in the bed's own words, with what was entered still there."""
    bed, form = bed_of(desk, asked.path["bed"]), given(asked)
    if bed is None:
        return no_bed(asked)
    measure = asked.path["measure"]
    try:
        reason = reason_of(form)
        name, args = ("clear-limits", {}) if form.get("act") == "clear" else ("set-limits", _args(form))
    except InputError as error:
        return _form(desk, asked, form, f"{error.message}. {error.hint}")
    reply = give_order(desk, asked, bed.name, name, {"measure": measure, "reason": reason, **args})
    return Go(f"/bed/{bed.name}") if reply.accepted else _form(desk, asked, form, reply.reason)


def _args(form: Mapping[str, Any]) -> dict[str, Any]:
    hours = _number(form, "hours")
    if hours is None:
        raise InputError("Say for how long these limits hold", hint="The ward's limits hold again afterwards.")
    return {"low": _number(form, "low"), "high": _number(form, "high"), "lasts_s": hours * 3600.0}


def _number(form: Mapping[str, Any], name: str) -> float | None:
    """Empty is no limit on that side."""
    typed = str(form.get(name) or "").strip().replace(",", ".")
    if not typed:
        return None
    try:
        return float(typed)
    except ValueError:
        raise InputError(f"{typed[:20]} is no number", hint="Leave it empty for no alarm on that side.") from None


def _form(desk: Desk, asked: Asked, form: Mapping[str, Any], problem: str) -> Answered:
    bed, measure = bed_of(desk, asked.path["bed"]), asked.path["measure"]
    told = {} if bed is None else heard(desk)[0][bed.name]
    held = next((one for one in told.get("limits") or () if one["measure"] == measure), None)
    if bed is None or held is None or measure not in MEASURES:
        return no_bed(asked) if bed is None else Shown("healthcare/limits-none.html", {"bed": bed}, status=404)
    facts = MEASURES[measure]
    digits = f".{facts.digits}f"
    usual = limits_text((held["usual"][0], held["usual"][1]), digits) if held.get("usual") else ""
    entered = {
        "low": form.get("low", "" if held["low"] is None else facts.text(held["low"])),
        "high": form.get("high", "" if held["high"] is None else facts.text(held["high"])),
        "hours": str(form.get("hours", "")),
        "pick": str(form.get("pick", "")),
        "words": str(form.get("words", "")),
    }
    values = {
        "bed": bed,
        "who_here": who_of(desk, bed, told),
        "measure": facts,
        "label": label_of(measure),
        "held": held,
        "holds": limits_text((held["low"], held["high"]), digits) or "off",
        "usual": usual or "off",
        "reading": ((told.get("numerics") or {}).get(measure) or {}).get("text") or "– –",
        "reasons": REASONS,
        "durations": DURATIONS,
        "entered": entered,
        "problem": problem,
        "clock": clock_of(desk),
    }
    return Shown("healthcare/limits.html", {**bar(desk, asked), **values}, status=409 if problem else 200)


PAGES = (
    Page("/bed/<bed>/limits/<measure>", limits, "charge", title="Alarm limits"),
    Page("/bed/<bed>/limits/<measure>", change, "charge", methods=("POST",)),
)
