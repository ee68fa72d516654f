"""What admissions said and the ward could not follow: looked at, handed in again, or dismissed with a reason."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from core.errors import InputError
from healthcare.patients_page import day_time
from healthcare.settings import WARD
from healthcare.station_frame import bar, give_order, given, heard, reason_of, zone_of
from verticals.contract import Reply
from verticals.web import Answered, Asked, Desk, Go, Page, Shown

#: HL7 table 0003, as people call them.
_WHAT = {
    "A01": "Admission", "A02": "Transfer", "A03": "Discharge", "A08": "Change of data", "A11": "Admission cancelled",
    "A12": "Transfer cancelled", "A13": "Discharge cancelled",
}  # fmt: skip
DEEDS = {"hand-in": "Handed in again.", "dismiss": "Dismissed."}


def movements(desk: Desk, asked: Asked) -> Answered:
    return _page(desk, asked, DEEDS.get(asked.query.get("done", ""), ""))


def _page(desk: Desk, asked: Asked, said: str, *, refused: bool = False) -> Shown:
    _, ward, _ = heard(desk)
    labels = {getattr(bed, "location", ""): bed.label for bed in desk.settings.beds}
    rows = [_row(one, labels, zone_of(desk)) for one in ward.get("set_aside") or ()]
    values = {"here": "/patients", "rows": rows, "said": said, "refused": refused}
    return Shown("healthcare/movements.html", {**bar(desk, asked), **values}, status=409 if refused else 200)


def _row(one: dict[str, Any], labels: dict[str, str], zone: ZoneInfo) -> dict[str, Any]:
    return {
        "number": one["number"],
        "what": _WHAT.get(one["event"], one["event"]),
        "bed": labels.get(one["location"], one["location"]),
        "patient": one["initials"] or "No name",
        "at": day_time(one["at_utc_s"], zone),
        "why": one["why"],
    }


def see_to(desk: Desk, asked: Asked) -> Answered:
    """`hand-in`: as if the message came now; `dismiss` needs a reason. The desk says what became of it."""
    deed = asked.path["deed"]
    if deed not in DEEDS:
        return _page(desk, asked, "", refused=False)
    args: dict[str, Any] = {"number": asked.path["number"]}
    try:
        if deed == "dismiss":
            args["reason"] = reason_of(given(asked))
        reply = give_order(desk, asked, WARD, f"{deed}-movement", args)
    except InputError as error:
        reply = Reply(False, f"{error.message[0].upper()}{error.message[1:]}. {error.hint}".strip())
    if not reply.accepted:
        return _page(desk, asked, reply.reason, refused=True)
    return Go(f"/movements?done={deed}")


PAGES = (
    Page("/movements", movements, "nurse", title="Set aside"),
    Page("/movements/<number>/<deed>", see_to, "nurse", methods=("POST",)),
)
