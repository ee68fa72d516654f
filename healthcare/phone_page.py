"""A person's own page, for the phone in a pocket: the alarms that have called them, their beds, and what they may say.

Names of the roster are names of accounts: who is signed in as `Nurse 14` is called where the roster says `Nurse 14`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from healthcare.sector_shown import PRIORITIES, look_of, moment_of, rank_of, sector_shown, shape_of, stars_of, what_of
from healthcare.settings import WARD
from healthcare.station_frame import answered, bar, give_order, given, heard, heard_by
from verticals.contract import Reply
from verticals.web import Answered, Asked, Desk, Page, Shown

_QUIET: dict[str, Any] = {"priority": "", "louder": False, "ids": []}


def phone_shown(
    places: Sequence[tuple[str, str]], beds: Mapping[str, Mapping[str, Any]], ward: Mapping[str, Any], who: str
) -> dict[str, Any]:
    """All that this person's page says; `places`: name and label of each bed.

    `sounds` is what their phone plays: of the alarms that called them, those that nobody has taken over and that the
    person has not passed on. `elsewhere` counts the others of the ward.
    """
    roster = ward.get("roster") or {}
    people: Mapping[str, Mapping[str, str]] = roster.get("beds") or {}
    labels = dict(places)
    found = [(name, alarm) for name, _ in places for alarm in (beds.get(name) or {}).get("alarms") or ()]
    found.sort(key=lambda one: rank_of(one[1]))
    called = [(name, alarm) for name, alarm in found if _called(alarm, who)]
    mine = [(name, people.get(name) or {}) for name, _ in places if who in (people.get(name) or {}).values() and who]
    mine.sort(key=lambda one: one[1].get("nurse") != who)  # those first whose alarms come here first
    return {
        "calls": [_call(alarm, labels[name], beds[name], who) for name, alarm in called],
        "sounds": _sounds([alarm for _, alarm in called], who),
        "beds": [
            {"name": name, "second": two.get("nurse") != who} | sector_shown(beds.get(name) or {}, labels[name])
            | {"label": labels[name]}
            for name, two in mine
        ],
        "elsewhere": sum(alarm["state"] == "active" and alarm["kind"] != "advisory" for _, alarm in found)
        - sum(alarm["state"] == "active" and alarm["kind"] != "advisory" for _, alarm in called),
        "on_shift": who in (roster.get("on_shift") or ()),
        "in_charge": bool(who) and roster.get("charge") == who,
    }  # fmt: skip


def _called(alarm: Mapping[str, Any], who: str) -> bool:
    """Whether the alarm concerns this person: it has called them, or they go to it."""
    return bool(who) and (who in (alarm.get("told") or ()) or (bool(alarm.get("accepted")) and alarm["owner"] == who))


def _call(alarm: Mapping[str, Any], label: str, bed: Mapping[str, Any], who: str) -> dict[str, Any]:
    """One card; `left_utc_s` ends the sentence of `next` with what is left until then."""
    taken = bool(alarm.get("accepted"))
    declined = who in (alarm.get("declined") or ())
    open_ = alarm["state"] == "active" and not taken
    patient = bed.get("patient") or {}
    following, left = _next(alarm)
    return {
        "id": alarm["id"],
        "station": alarm["id"].partition("/")[0],
        "bed": label,
        "who": patient.get("initials") or "No name",
        "look": look_of(alarm),
        "shape": shape_of(alarm),
        "what": ("was " if alarm["state"] == "latched" else stars_of(alarm)) + what_of(alarm),
        "time": moment_of(alarm),
        "stand": _stand(alarm, who, declined=declined),
        "next": following,
        "left_utc_s": left,
        "louder": bool(alarm.get("louder")),
        "accept": alarm["state"] == "active" and not (taken and alarm["owner"] == who),
        "busy": (open_ and not declined) or (alarm["state"] == "active" and taken and alarm["owner"] == who),
        "acknowledge": alarm["state"] != "acknowledged",
    }


def _stand(alarm: Mapping[str, Any], who: str, *, declined: bool) -> str:
    owner = alarm.get("owner") or ""
    if alarm["state"] == "acknowledged":
        return f"acknowledged by {alarm['acknowledged_by']}" if alarm.get("acknowledged_by") else "acknowledged"
    if alarm.get("accepted"):
        return "you go" if owner == who else f"{owner} goes"
    if alarm["state"] == "latched":
        return "over; nobody has seen it"
    return "you passed it on" if declined else "nobody goes yet"


def _next(alarm: Mapping[str, Any]) -> tuple[str, float | None]:
    step, at = alarm.get("next_step") or "", alarm.get("next_step_at_utc_s")
    if not step or at is None or alarm["state"] != "active":
        return "", None
    return (f"{step} in" if step.endswith(" alarm") else f"{step} called in"), at


def _sounds(called: Sequence[Mapping[str, Any]], who: str) -> dict[str, Any]:
    on = [
        alarm
        for alarm in called
        if alarm.get("sound") == "on" and not alarm.get("accepted") and who not in (alarm.get("declined") or ())
    ]
    for priority in PRIORITIES:
        of = [alarm for alarm in on if alarm["priority"] == priority]
        if of:
            louder = any(alarm.get("louder") for alarm in of)
            return {"priority": priority, "louder": louder, "ids": [alarm["id"] for alarm in of]}
    return dict(_QUIET)


def phone(desk: Desk, asked: Asked) -> Answered:
    places = [(bed.name, bed.label) for bed in desk.settings.beds]
    beds, ward, stale = heard(desk)
    shown = phone_shown(places, beds, ward, asked.who)
    return Shown("healthcare/phone.html", {**bar(desk, asked), "phone": shown, "stale": stale})


def here(desk: Desk, asked: Asked) -> Answered:
    """The page says that it is open, and whether it can sound: every few seconds, so it is not kept anywhere."""
    if not asked.who:
        return answered(Reply(False, "Nobody is signed in."))
    said = {"sounds": given(asked).get("sounds") is True}
    return heard_by(desk.say(WARD, "phone-here", said, who=asked.who, role=asked.role))


def shift(desk: Desk, asked: Asked) -> Answered:
    return answered(give_order(desk, asked, WARD, "shift", {"on": given(asked).get("on") is True}))


PAGES = (
    Page("/phone", phone, "nurse", title="My alarms"),
    Page("/phone/here", here, "nurse", methods=("POST",)),
    Page("/phone/shift", shift, "nurse", methods=("POST",)),
)
