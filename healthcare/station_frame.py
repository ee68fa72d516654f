"""What every page of the nurse station stands in: its ward and beds, who may be named, and orders to a bed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.errors import InputError
from healthcare.sector_shown import text_of
from healthcare.wall_shown import link_lost
from verticals.contract import Json, Reply
from verticals.web import Answered, Asked, Data, Desk, Shown

#: The app's desk station: audio, roster, feeds.
WARD = "ward"
#: Older than this is what the beds told last; the shell's stream says the same to open pages.
_OLD_AFTER_S = 1.5
DISCLAIMER = "Secondary display. Not a medical device, not a primary alarm. Bedside monitor alarms take precedence."


def zone_of(desk: Desk) -> ZoneInfo:
    return ZoneInfo(desk.settings.time_zone)


def bed_of(desk: Desk, name: str) -> Any | None:
    """The bed's settings by its station's name, None when the ward has no such bed."""
    return next((bed for bed in desk.settings.beds if bed.name == name), None)


def heard(desk: Desk) -> tuple[dict[str, Any], dict[str, Any], bool]:
    """What each bed told last by its station, what the ward's desk told, and whether all of it is old."""
    told = desk.live()
    stations: Mapping[str, Any] = told["stations"]
    beds = {bed.name: dict(stations.get(bed.name, {})) for bed in desk.settings.beds}
    age_s = told["age_s"]
    return beds, dict(stations.get(WARD, {})), age_s is None or age_s > _OLD_AFTER_S


def bar(desk: Desk, asked: Asked) -> dict[str, Any]:
    """The values that every page of the station needs for its banner and its foot."""
    _, ward, stale = heard(desk)
    now = desk.clock.now().utc_s
    zone = zone_of(desk)
    return {
        "ward": desk.settings.ward,
        "zone": desk.settings.time_zone,
        "simulated": bool(desk.settings.simulated),
        "privacy": bool(desk.settings.privacy),
        "stale": stale,
        "lost": link_lost(ward, stale=stale),
        "charge": text_of((ward.get("roster") or {}).get("charge")),
        "now": datetime.fromtimestamp(now, UTC).astimezone(zone).strftime("%H:%M:%S"),
        "who": asked.who,
        "role": asked.role,
        "disclaimer": DISCLAIMER,
    }


def no_bed(asked: Asked) -> Answered:
    return Shown("healthcare/no-bed.html", {"bed": asked.path.get("bed", "")}, status=404)


def reason_of(form: Mapping[str, Any]) -> str:
    """Why a person does something: their own words, or else what was tapped. Raises InputError when it is neither."""
    reason = (str(form.get("words", "")).strip() or str(form.get("pick", "")).strip())[:200]
    if not reason:
        raise InputError("say why: it is kept on record", hint="Tap a reason, or write one.")
    return reason


def given(asked: Asked) -> Json:
    """What came with a request: JSON of a script, or else the fields of a form."""
    return asked.body if isinstance(asked.body, dict) else dict(asked.form)


def give_order(desk: Desk, asked: Asked, station: str, name: str, args: Json) -> Reply:
    """The station's own answer to an order of the person who asks; accepted or not, it is audited."""
    reply = desk.ask(station, name, args, who=asked.who, role=asked.role)
    detail = {"station": station, "args": dict(args), "accepted": reply.accepted, "reason": reply.reason}
    desk.audit(name, detail, who=asked.who, role=asked.role)
    return reply


def answered(reply: Reply) -> Data:
    """The reply for the page's script."""
    return Data({"accepted": reply.accepted, "reason": reply.reason}, status=200 if reply.accepted else 409)
