"""The wall of the nurse station: every bed at its place, the highest alarm, and what people may order from it."""

from __future__ import annotations

from healthcare.patients import Patient
from healthcare.sector_shown import sector_shown
from healthcare.settings import WARD
from healthcare.station_frame import answered, bar, bed_of, give_order, given, heard, heard_by
from healthcare.tables import stays_of
from healthcare.wall_shown import grid
from healthcare.wave_names import WAVE_NAMES
from verticals.web import Answered, Asked, Data, Desk, Page, Shown

#: Waves are drawn so long after they were measured, so that a late chunk makes no gap.
WAVE_DELAY_S = 1.0
#: Strips of one sector by the columns of the wall: a large sector has room for more.
_STRIPS = {2: 3, 3: 2}
_OF_BED = ("acknowledge", "accept", "busy")
_OF_WARD = ("pause-audio", "resume-audio")
_AUDIO_STATES = ("running", "unavailable")
_MOST_NAME = 40


def wall(desk: Desk, asked: Asked) -> Answered:
    settings = desk.settings
    beds, _, _ = heard(desk)
    columns, rows = grid(len(beds))
    privacy = bool(settings.privacy)
    frame = bar(desk, asked)
    more = {
        "beds": beds,
        "privacy": privacy,
        "pause_s": settings.pause_s,
        "wave_names": WAVE_NAMES,
        "wave_delay_s": WAVE_DELAY_S,
    }
    shown = [(bed.name, bed.label, sector_shown(beds[bed.name], bed.label, privacy=privacy)) for bed in settings.beds]
    values = {
        "columns": columns,
        "rows": rows,
        "strips": _STRIPS.get(columns, 1),
        "sectors": shown,
        "pause_s": settings.pause_s,
        "state": {**frame["state"], **more},
    }
    return Shown("healthcare/wall.html", {**frame, **values})


def order(desk: Desk, asked: Asked) -> Answered:
    """An order of a person at the wall: to the bed whose alarm it is, or to the ward's desk."""
    name, args = asked.path["order"], given(asked)
    if name in _OF_WARD:
        return answered(give_order(desk, asked, WARD, name, {}))
    alarm = str(args.get("alarm", ""))
    station = alarm.partition("/")[0]
    known = name == "acknowledge" if station == WARD else name in _OF_BED and bed_of(desk, station) is not None
    if not known:
        return Data({"accepted": False, "reason": f"no order '{name[:_MOST_NAME]}' for such an alarm"}, status=404)
    return answered(give_order(desk, asked, station, name, {"alarm": alarm}))


def audio(desk: Desk, asked: Asked) -> Answered:
    """A screen says every few seconds whether it can sound; the desk misses one that does not."""
    args = given(asked)
    screen, state = str(args.get("screen", "")).strip()[:_MOST_NAME], str(args.get("state", ""))
    if state not in _AUDIO_STATES:
        return Data({"accepted": False, "reason": f"audio is {' or '.join(_AUDIO_STATES)}"}, status=400)
    said = {"screen": screen, "state": state, "why": str(args.get("why", ""))[:200]}
    return heard_by(desk.say(WARD, "audio-state", said, who=asked.who, role=asked.role))


def patient_name(desk: Desk, asked: Asked) -> Answered:
    """The name behind the initials of a bed, for a person who touched them; audited, for it is personal.

    It comes from the record of stays and is never part of an order: those are kept word for word.
    """
    bed = bed_of(desk, asked.path["bed"])
    if bed is None:
        return Data({"error": "there is no such bed here"}, status=404)
    with desk.read() as connection:
        newest = next(iter(stays_of(connection, bed.name, most=1)), None)
    here = newest is not None and not newest["over"]
    desk.audit("name-patient", {"station": bed.name, "here": here}, who=asked.who, role=asked.role)
    if newest is None or not here:
        return Data({"error": "No patient is in this bed."}, status=409)
    patient = Patient(newest["patient_id"], newest["family"], newest["given"], newest["birth_date"])
    return Data({"name": patient.name})


PAGES = (
    Page("/", wall, "viewer", title="Ward"),
    Page("/order/<order>", order, "nurse", methods=("POST",)),
    Page("/audio", audio, "viewer", methods=("POST",)),
    Page("/bed/<bed>/name", patient_name, "nurse", methods=("POST",)),
)
