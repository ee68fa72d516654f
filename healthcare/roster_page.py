"""Who is called for which bed on this shift, in what order, and whether a page of theirs is open to reach them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from healthcare.settings import WARD
from healthcare.station_frame import bar, give_order, given, heard
from verticals.web import Answered, Asked, Desk, Go, Page, Shown

CHARGE = frozenset({"charge", "clinician", "admin"})
REDRAW_S = 10
NO_PAGE, NO_SOUND, REACHED = "no page open", "page open, no sound", "page open"


def people_of(roster: Mapping[str, Any], phones: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Everybody whom an alarm may call, with how each is reached."""
    beds: Mapping[str, Mapping[str, str]] = roster.get("beds") or {}
    called = [name for people in beds.values() for name in (people.get("nurse", ""), people.get("buddy", ""))]
    names = dict.fromkeys(
        name for name in (roster.get("charge") or "", *called, *(roster.get("on_shift") or ())) if name
    )
    return [
        {"name": name, "reached": reached_by(phones.get(name) or {}), "on_shift": name in roster.get("on_shift", ())}
        for name in names
    ]


def reached_by(phone: Mapping[str, Any]) -> str:
    if not phone.get("here"):
        return NO_PAGE
    return REACHED if phone.get("sounds") else NO_SOUND


def _page(desk: Desk, asked: Asked, said: str = "", *, refused: bool = False) -> Shown:
    _, ward, _ = heard(desk)
    roster, phones = ward.get("roster") or {}, ward.get("phones") or {}
    people: Mapping[str, Mapping[str, str]] = roster.get("beds") or {}
    typed = dict(asked.form) if refused else {}
    rows = []
    for bed in desk.settings.beds:
        two = people.get(bed.name) or {}
        row = {role: typed.get(f"{role}-{bed.name}", two.get(role, "")) for role in ("nurse", "buddy")}
        rows.append({"name": bed.name, "label": bed.label, **row})
    known = {one["name"] for one in people_of(roster, phones)} | set(phones) | ({asked.who} - {""})
    values = {
        "rows": rows, "in_charge": typed.get("charge", roster.get("charge") or ""),
        "on_shift": typed.get("on_shift", "\n".join(roster.get("on_shift") or ())),
        "people": people_of(roster, phones), "names": sorted(known), "may": asked.role in CHARGE,
        "said": said, "refused": refused, "here": "/roster", "redraw_s": REDRAW_S,
    }  # fmt: skip
    return Shown("healthcare/roster.html", {**bar(desk, asked), **values}, status=409 if refused else 200)


def roster(desk: Desk, asked: Asked) -> Answered:
    return _page(desk, asked, "The roster holds from now on." if "saved" in asked.query else "")


def set_roster(desk: Desk, asked: Asked) -> Answered:
    fields = given(asked)
    beds = {
        bed.name: {role: str(fields.get(f"{role}-{bed.name}", "")).strip() for role in ("nurse", "buddy")}
        for bed in desk.settings.beds
        if f"nurse-{bed.name}" in fields
    }
    names = [name.strip() for name in str(fields.get("on_shift", "")).splitlines() if name.strip()]
    args = {"beds": beds, "charge": str(fields.get("charge", "")).strip(), "on_shift": names}
    reply = give_order(desk, asked, WARD, "roster", args)
    return Go("/roster?saved=1") if reply.accepted else _page(desk, asked, reply.reason, refused=True)


PAGES = (
    Page("/roster", roster, "nurse", title="Roster"),
    Page("/roster", set_roster, "charge", methods=("POST",)),
)
