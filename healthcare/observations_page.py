"""Entering a set of observations at the bed: what the monitor knows is there already, the rest is asked of a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import InputError
from healthcare.bed_news import ACVPU, response
from healthcare.bed_page import clock_of, who_of
from healthcare.bed_past import past_of
from healthcare.observations_form import fields, judged, taken_of, values_of
from healthcare.station_frame import bar, bed_of, give_order, given, heard, no_bed, reason_of, zone_of
from healthcare.vitals.observations import OXYGEN_DEVICES
from verticals.web import Answered, Asked, Data, Desk, Go, Page, Shown

STANDBY_REASONS = ("In imaging", "In theatre", "Bathroom", "Walking", "Monitor is changed")
#: A form that was opened longer ago is not recorded as of now without another look.
FORM_HOLDS_S = 600.0
_MOST_SETS = 12


def observations(desk: Desk, asked: Asked) -> Answered:
    return _shown(desk, asked, None, "")


def enter(desk: Desk, asked: Asked) -> Answered:
    """The set goes to the bed, which scores it; refused in the bed's words, with everything still in the form."""
    bed, form = bed_of(desk, asked.path["bed"]), given(asked)
    if bed is None:
        return no_bed(asked)
    try:
        taken_utc_s = taken_of(form, desk.clock.now().utc_s, zone_of(desk))
    except InputError as error:
        return _shown(desk, asked, form, f"{error.message}. {error.hint}")
    if taken_utc_s is None and _opened_long_ago(form, desk.clock.now().utc_s):
        return _shown(desk, asked, form, "This form was opened a while ago: look at each value again, then record it.")
    author = asked.who or str(form.get("author") or "").strip()[:60]
    if not author:
        return _shown(desk, asked, form, "Say who took these values.")
    args = {"values": values_of(form), "taken_utc_s": taken_utc_s, "author": author}
    reply = give_order(desk, asked, bed.name, "enter-observations", args)
    if not reply.accepted:
        return _shown(desk, asked, form, reply.reason)
    return Go(f"/bed/{bed.name}/observations?set={reply.data.get('set', '')}")


def _opened_long_ago(form: Mapping[str, Any], now_utc_s: float) -> bool:
    """What the monitor had filled in then is not of now any more."""
    try:
        return now_utc_s - float(form.get("opened") or now_utc_s) > FORM_HOLDS_S
    except ValueError:
        return True


def preview(desk: Desk, asked: Asked) -> Answered:
    """What the values come to as they are being entered; nothing is recorded."""
    bed = bed_of(desk, asked.path["bed"])
    if bed is None:
        return Data({"error": "there is no such bed here"}, status=404)
    told = heard(desk)[0][bed.name]
    if (told.get("news2") or {}).get("text") == "n/a":
        return Data({"problems": {}, "text": "n/a", "risk": "", "response": "NEWS2 does not apply to this patient",
                     "missing": [], "points": {}})  # fmt: skip
    return Data(judged(given(asked), desk.clock.now(), scale=_scale(told)))


def strike(desk: Desk, asked: Asked) -> Answered:
    return _reasoned(
        desk, asked, "strike-observations", lambda form, reason: {"set": form.get("set"), "reason": reason}
    )


def standby(desk: Desk, asked: Asked) -> Answered:
    if given(asked).get("act") == "end":
        return _ordered(desk, asked, "end-standby", {})
    return _reasoned(desk, asked, "standby", lambda form, reason: {"why": reason})


def scale(desk: Desk, asked: Asked) -> Answered:
    return _reasoned(desk, asked, "set-scale", lambda form, reason: {"scale": form.get("scale"), "reason": reason})


def _reasoned(desk: Desk, asked: Asked, order: str, args: Any) -> Answered:
    form = given(asked)
    try:
        return _ordered(desk, asked, order, args(form, reason_of(form)))
    except InputError as error:
        return _shown(desk, asked, None, f"{error.message}. {error.hint}")


def _ordered(desk: Desk, asked: Asked, order: str, args: Mapping[str, Any]) -> Answered:
    bed = bed_of(desk, asked.path["bed"])
    if bed is None:
        return no_bed(asked)
    reply = give_order(desk, asked, bed.name, order, dict(args))
    return Go(f"/bed/{bed.name}/observations") if reply.accepted else _shown(desk, asked, None, reply.reason)


def _scale(told: Mapping[str, Any]) -> int:
    return int((told.get("scale") or {}).get("scale") or 1)


def _shown(desk: Desk, asked: Asked, form: Mapping[str, Any] | None, problem: str) -> Answered:
    bed = bed_of(desk, asked.path["bed"])
    if bed is None:
        return no_bed(asked)
    beds, ward, _ = heard(desk)
    told, past = beds[bed.name], past_of(desk, bed.name)
    standing = {*(told.get("sets") or ()), asked.query.get("set", "")}  # the bed tells of a new one a moment later
    sets = [{**one, "may_strike": one["set"] in standing and not one["struck"]} for one in past.sets()[:_MOST_SETS]]
    new = asked.query.get("set", "")
    done = next((one for one in sets if one["set"] == new and not one["struck"]), None)
    frame = bar(desk, asked)
    values = {
        "bed": bed,
        "who_here": who_of(desk, bed, told),
        "fields": fields(told.get("numerics") or {}, form, past.now_utc_s),
        "typed": form or {},
        "opened": past.now_utc_s,
        "devices": OXYGEN_DEVICES,
        "acvpu": ACVPU,
        "people": _people(bed, ward),
        "sets": sets,
        "done": done,
        "response": "" if done is None else response(str(done["news2"].get("risk") or "")),
        "scale": _scale(told),
        "scale_by": told.get("scale") or {},
        "due": told.get("due"),
        "standby_reasons": STANDBY_REASONS,
        "problem": problem,
        "clock": clock_of(desk),
        "state": {**frame["state"], "bed": bed.name, "label": bed.label},
    }
    return Shown("healthcare/observations.html", {**frame, **values}, status=409 if problem else 200)


def _people(bed: Any, ward: Mapping[str, Any]) -> list[str]:
    """Who may have taken the values, where nobody is signed in: those of this bed first."""
    roster = ward.get("roster") or {}
    own = (roster.get("beds") or {}).get(bed.name) or {}
    names = [own.get("nurse"), own.get("buddy"), roster.get("charge"), *(roster.get("on_shift") or ())]
    return list(dict.fromkeys(str(name) for name in names if name))


_AT = "/bed/<bed>/observations"
PAGES = (
    Page(_AT, observations, "nurse", title="Observations"),
    Page(_AT, enter, "nurse", methods=("POST",)),
    Page(f"{_AT}/score", preview, "nurse", methods=("POST",)),
    Page(f"{_AT}/strike", strike, "nurse", methods=("POST",)),
    Page("/bed/<bed>/standby", standby, "nurse", methods=("POST",)),
    Page("/bed/<bed>/scale", scale, "clinician", methods=("POST",)),
)
