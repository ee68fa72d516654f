"""Who lies where: every bed with its patient and monitor, the history of a bed, and what people change of it.

Names are shown to who is signed in and looks at one bed, and that look is audited; the list shows initials.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.errors import InputError
from healthcare.patients import Patient
from healthcare.settings import WARD
from healthcare.station_frame import (
    bar,
    bed_of,
    give_order,
    given,
    heard,
    no_bed,
    reason_of,
    zone_of,
)
from healthcare.tables import stays_of
from verticals.contract import Json, Reply
from verticals.web import Answered, Asked, Desk, Go, Page, Shown

REASONS = ("Wrong bed", "Wrong patient", "Never came", "Entered twice")
DONE = {
    "assign": "The patient is in this bed.",
    "transfer": "The patient was moved.",
    "discharge": "The patient has left. The next one begins with the limits of the site.",
    "strike-out": "The stay was struck out. It stays on record.",
}
HOW = {
    "person": "by hand", "transfer": "transfer", "swap": "beds changed", "A01": "admitted by ADT",
    "A02": "moved by ADT", "A12": "move cancelled by ADT", "A13": "discharge cancelled by ADT",
}  # fmt: skip


def day_time(utc_s: float | None, zone: ZoneInfo) -> str:
    """`21 Nov 09:10`; empty for None."""
    if utc_s is None:
        return ""
    return f"{datetime.fromtimestamp(utc_s, UTC).astimezone(zone):%d %b %H:%M}".lstrip("0")


def stay_shown(row: Mapping[str, Any], zone: ZoneInfo, *, named: bool) -> dict[str, Any]:
    """One line of a bed's history, from a row of `stays`."""
    patient = Patient(row["patient_id"], row["family"], row["given"], row["birth_date"])
    return {
        "number": row["number"],
        "who": patient.name if named else patient.initials or "No name",
        "id": patient.id if named else "",
        "born": patient.birth_date if named else "",
        "since": day_time(row["since_utc_s"], zone),
        "until": day_time(row["until_utc_s"], zone),
        "how": HOW.get(row["how"], row["how"]),
        "by": row["who"],
        "struck": row["struck"],
        "here": row["until_utc_s"] is None,
    }


def patients(desk: Desk, asked: Asked) -> Answered:
    beds, ward, _ = heard(desk)
    rows = []
    for bed in desk.settings.beds:
        patient = beds[bed.name].get("patient")
        place = (beds[bed.name].get("place") or {}).get("state", "never-heard")
        monitor = ", ".join(getattr(bed, "devices", ())) or getattr(bed, "location", "")
        row = {"name": bed.name, "label": bed.label, "monitor": monitor, "heard": place, "patient": patient}
        rows.append(row | {"nurse": beds[bed.name].get("nurse") or ""})
    return Shown("healthcare/patients.html", {**bar(desk, asked), "here": "/patients", "rows": rows, "one": None,
                                                   "aside": len(ward.get("set_aside") or ())})  # fmt: skip


def one_bed(desk: Desk, asked: Asked) -> Answered:
    bed = bed_of(desk, asked.path["bed"])
    if bed is None:
        return no_bed(asked)
    return _one(desk, asked, bed, DONE.get(asked.query.get("done", ""), ""))


def _one(desk: Desk, asked: Asked, bed: Any, said: str, *, refused: bool = False) -> Shown:
    named = bool(asked.who) or not desk.settings.privacy
    with desk.read() as connection:
        kept = stays_of(connection, bed.name)
    if asked.who and kept:
        desk.audit("stays-seen", {"station": bed.name}, who=asked.who, role=asked.role)
    history = [stay_shown(row, zone_of(desk), named=named) for row in kept]
    beds, _, _ = heard(desk)
    others = [
        {"name": other.name, "label": other.label, "full": beds[other.name].get("patient") is not None}
        for other in desk.settings.beds
        if other.name != bed.name
    ]
    values = {
        "here": "/patients", "one": {"name": bed.name, "label": bed.label}, "named": named, "others": others,
        "stay": next((stay for stay in history if stay["here"] and not stay["struck"]), None), "history": history,
        "typed": dict(asked.form) if refused else {}, "reasons": REASONS, "said": said, "refused": refused,
    }  # fmt: skip
    return Shown("healthcare/patients.html", {**bar(desk, asked), **values}, status=409 if refused else 200)


def change(desk: Desk, asked: Asked) -> Answered:
    """What a person changes of one bed. The desk refuses what would put two patients into one bed."""
    bed, deed = bed_of(desk, asked.path["bed"]), asked.path["deed"]
    if bed is None or deed not in DONE:
        return no_bed(asked)
    try:
        reply = give_order(desk, asked, WARD, deed, _args(bed.name, deed, given(asked)))
    except InputError as error:
        reply = Reply(False, f"{error.message[0].upper()}{error.message[1:]}. {error.hint}".strip())
    if not reply.accepted:
        return _one(desk, asked, bed, reply.reason, refused=True)
    return Go(f"/patients/{bed.name}?done={deed}")


def _args(bed: str, deed: str, fields: Json) -> dict[str, Any]:
    """Raises InputError for a strike-out without a reason."""
    args: dict[str, Any] = {"bed": bed}
    if deed == "assign":
        names = ("id", "family", "given", "birth_date", "sex")
        args["patient"] = {name: str(fields.get(name, "")).strip() for name in names}
    elif deed == "transfer":
        args["to"] = str(fields.get("to", ""))
    elif deed == "strike-out":
        args["reason"] = reason_of(fields)
    return args


PAGES = (
    Page("/patients", patients, "nurse", title="Patients"),
    Page("/patients/<bed>", one_bed, "nurse"),
    Page("/patients/<bed>/<deed>", change, "nurse", methods=("POST",)),
)
