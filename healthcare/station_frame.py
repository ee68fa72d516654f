"""What every page of the nurse station stands in: its ward and beds, who may be named, and orders to a bed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from core.errors import InputError
from healthcare.moments import moment_text
from healthcare.patients import Patient
from healthcare.sector_shown import text_of
from healthcare.settings import WARD
from healthcare.tables import stays_of
from healthcare.wall_shown import audio_shown, ward_shown
from verticals.contract import Json, Reply
from verticals.web import Answered, Asked, Data, Desk, Shown

#: Older than this is what the beds told last; the shell's stream says the same to open pages.
_OLD_AFTER_S = 1.5
DISCLAIMER = "Secondary display. Not a medical device, not a primary alarm. Bedside monitor alarms take precedence."


def zone_of(desk: Desk) -> ZoneInfo:
    return ZoneInfo(desk.settings.time_zone)


def bed_of(desk: Desk, name: str) -> Any | None:
    """The bed's settings by its station's name, None when the ward has no such bed."""
    return next((bed for bed in desk.settings.beds if bed.name == name), None)


def heard(desk: Desk) -> tuple[dict[str, Any], dict[str, Any], bool]:
    """What each bed told last by its station, what the ward's desk told, and whether all of it is old.

    A bed that has told nothing since the line began (no monitor sends) is shown as the record has it.
    """
    told = desk.live()
    stations: Mapping[str, Any] = told["stations"]
    beds = {bed.name: dict(stations.get(bed.name, {})) for bed in desk.settings.beds}
    for bed in [name for name, shown in beds.items() if "place" not in shown]:
        beds[bed] |= _on_record(desk, bed)
    age_s = told["age_s"]
    return beds, dict(stations.get(WARD, {})), age_s is None or age_s > _OLD_AFTER_S


def _on_record(desk: Desk, bed: str) -> dict[str, Any]:
    with desk.read() as connection:
        stay = next((stay for stay in stays_of(connection, bed, most=1) if not stay["over"]), None)
    if stay is None:
        return {"place": {"state": "empty", "since": "", "why": ""}}
    patient = Patient(stay["patient_id"], stay["family"], stay["given"], stay["birth_date"])
    shown = patient.shown(desk.clock.now().utc_s, named=not desk.settings.privacy)
    return {"place": {"state": "never-heard", "since": "", "why": ""}, "patient": shown}


def bar(desk: Desk, asked: Asked) -> dict[str, Any]:
    """The values that every page of the station needs: the highest alarm over it, and its foot.

    `state` is for `static/healthcare/station.js`, which keeps banner and audio going; a page may put more into it.
    """
    settings = desk.settings
    places = [(bed.name, bed.label) for bed in settings.beds]
    beds, ward, stale = heard(desk)
    audio = audio_shown(beds.values(), ward, running=False)
    now, zone = desk.clock.now().utc_s, zone_of(desk)
    return {
        "ward": settings.ward,
        "zone": settings.time_zone,
        "simulated": bool(settings.simulated),
        "theme": "ward-day" if asked.query.get("theme") == "day" else "",
        "shown": ward_shown(places, beds, ward, audio, stale=stale),
        "audio": audio,
        "feed_age": "– –" if stale else _feed_age(ward),
        "charge": text_of((ward.get("roster") or {}).get("charge")),
        "now": datetime.fromtimestamp(now, UTC).astimezone(zone).strftime("%H:%M:%S"),
        "text": partial(moment_text, now_utc_s=now, zone=zone),
        "who": asked.who,
        "role": asked.role,
        "disclaimer": DISCLAIMER,
        "state": {
            "places": places,
            "beds": {name: {"alarms": told.get("alarms") or []} for name, told in beds.items()},
            "ward": ward,
            "stale": stale,
            "now_utc_s": now,
        },
    }


def _feed_age(ward: Mapping[str, Any]) -> str:
    """The oldest word of a feed, in seconds; `– –` before the first."""
    ages = [feed["age_s"] for feed in ward.get("feeds") or () if feed.get("age_s") is not None]
    return f"{max(ages):.0f} s" if ages else "– –"


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
    detail = {"station": station, "args": _without_name(args), "accepted": reply.accepted, "reason": reply.reason}
    desk.audit(name, detail, who=asked.who, role=asked.role)
    return reply


def _without_name(args: Json) -> dict[str, Any]:
    """A patient is named by record number alone: the audit is kept for longer than a stay, and read by others."""
    patient = args.get("patient")
    return {**args, "patient": {"id": patient.get("id", "")}} if isinstance(patient, Mapping) else dict(args)


def answered(reply: Reply) -> Data:
    """The reply for the page's script."""
    return Data({"accepted": reply.accepted, "reason": reply.reason}, status=200 if reply.accepted else 409)


def heard_by(line: bool) -> Data:
    """The same where a page only says that it is there."""
    return answered(Reply(line, "" if line else "The line does not hear this screen."))
