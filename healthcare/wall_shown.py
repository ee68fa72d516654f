"""What the wall says of the ward: its banner, its tally and the right rail, from what the beds and the desk tell.

`static/healthcare/told.js` says the same in the browser.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from healthcare.moments import NO_MOMENT, minutes
from healthcare.sector_shown import (
    PRIORITIES,
    look_of,
    mere_advice,
    moment_of,
    paused_until,
    rank_of,
    shape_of,
    signalled,
    stars_of,
    text_of,
    what_of,
)

#: Columns and rows by the most beds they hold.
GRIDS = ((4, 2, 2), (6, 3, 2), (9, 3, 3), (12, 4, 3), (16, 4, 4), (20, 5, 4), (24, 6, 4))
_FEEDS = {"hl7": "Monitor feed", "waves": "Wave feed", "sdc": "SDC devices"}
#: Advice that stands in the rail already: under `advice`, under what is due.
_SAID_ELSEWHERE = ("trend", "obs-overdue")


def grid(beds: int) -> tuple[int, int]:
    """Columns and rows of the wall; places never move, so it depends on nothing but the number of beds."""
    return next(((columns, rows) for most, columns, rows in GRIDS if beds <= most), (6, 4))


def link_lost(ward: Mapping[str, Any], *, stale: bool) -> bool:
    """Whether nothing comes from any bed: the box's own line is silent, or every feed is."""
    feeds = ward.get("feeds") or ()
    return stale or (bool(feeds) and not any(feed["ok"] for feed in feeds))


def audio_shown(
    beds: Iterable[Mapping[str, Any]], ward: Mapping[str, Any], *, running: bool, screen: str = ""
) -> dict[str, Any]:
    """What the audio of one screen does; before a script has started it, there is none."""
    audio = ward.get("audio") or {}
    screens = audio.get("screens")
    if not audio.get("commissioned") or (screens and screen not in screens):
        return {"word": "AUDIO NOT COMMISSIONED", "look": "technical", "until_utc_s": None}
    if not running:
        return {"word": "AUDIO UNAVAILABLE", "look": "technical", "until_utc_s": None}
    alarms = [alarm for one in (*beds, ward) for alarm in one.get("alarms") or ()]
    until = [at for at in map(paused_until, alarms) if at is not None]
    until += [at for at in (audio.get("paused_until_utc_s"),) if at is not None]
    return {"word": "Audio paused" if until else "Audio on", "look": "", "until_utc_s": max(until, default=None)}


def ward_shown(
    places: Sequence[tuple[str, str]], beds: Mapping[str, Mapping[str, Any]], ward: Mapping[str, Any],
    audio: Mapping[str, Any], *, stale: bool, screen: str = "",
) -> dict[str, Any]:  # fmt: skip
    """Banner, tally and right rail. `places`: name and label of each bed, in their order on the wall."""
    found = [(name, label, alarm) for name, label in places for alarm in signalled(beds.get(name) or {})]
    found += [("ward", "", alarm) for alarm in signalled(ward)]
    found.sort(key=lambda one: rank_of(one[2]))
    active = [one for one in found if one[2]["state"] != "latched"]
    by_time = sorted(
        active, key=lambda one: (PRIORITIES.index(one[2]["priority"]), one[2]["began_utc_s"], one[2]["id"])
    )
    lost = link_lost(ward, stale=stale)
    return {
        "lost": lost,
        "banner": _banner(found, audio, lost=lost),
        "tally": _tally(found),
        "active": [_row(*one) for one in by_time if one[2]["kind"] != "technical"],
        "ended": [_row(*one) for one in found if one[2]["state"] == "latched"],
        "technical": [
            *_ward_rows(ward, audio, screen),
            *(_row(*one) for one in by_time if one[2]["kind"] == "technical"),
        ],
        "due": _due(places, beds),
        "advice": [{"bed": label, "text": text} for name, label in places for text in _advice(beds.get(name) or {})],
    }


def _banner(
    found: Sequence[tuple[str, str, Mapping[str, Any]]], audio: Mapping[str, Any], *, lost: bool
) -> dict[str, Any]:
    quiet: dict[str, Any] = {"shape": "", "what": "", "time": NO_MOMENT, "to": "", "go": "", "note": ""}
    if lost:
        return quiet | {"look": "high", "shape": "high", "text": "CENTRAL LINK LOST", "what": "go to the bedside"}
    if not found:
        if audio["look"]:
            return quiet | {"look": "technical", "shape": "technical", "text": audio["word"], "what": "no sound here"}
        return quiet | {"look": "none", "text": "No alarm"}
    name, label, alarm = found[0]
    was = "was " if alarm["state"] == "latched" else ""
    notes = ["acknowledged"] if alarm["state"] == "acknowledged" else []
    notes += ["source lost"] if alarm.get("source_lost") else []
    place = f"BED {label}" if label else "WARD"
    return {
        "look": look_of(alarm), "shape": shape_of(alarm), "text": stars_of(alarm) + place,
        "what": was + what_of(alarm), "time": moment_of(alarm), "to": name if label else "",
        "go": f"Go to bed {label}" if label else "",
        "note": ", ".join(notes),
    }  # fmt: skip


def _tally(found: Iterable[tuple[str, str, Mapping[str, Any]]]) -> dict[str, int]:
    counts = dict.fromkeys((*PRIORITIES, "technical", "latched"), 0)
    for _, _, alarm in found:
        counts[shape_of(alarm)] += 1
    return counts


def _row(name: str, label: str, alarm: Mapping[str, Any]) -> dict[str, Any]:
    """One line of the rail; `left_utc_s` ends the sentence of `who` with what is left until then."""
    latched = alarm["state"] == "latched"
    who, left = _who_row(alarm)
    return {
        "key": alarm["id"], "station": name, "bed": label, "look": look_of(alarm), "shape": shape_of(alarm),
        "what": ("was " if latched else "") + what_of(alarm), "who": who, "left_utc_s": left,
        "time": moment_of(alarm), "paused": paused_until(alarm) is not None,
        "acknowledged": alarm["state"] == "acknowledged", "accepted": bool(alarm.get("accepted")),
    }  # fmt: skip


def _who_row(alarm: Mapping[str, Any]) -> tuple[str, float | None]:
    owner, step = text_of(alarm.get("owner")), text_of(alarm.get("next_step"))
    lost = "source lost, " if alarm.get("source_lost") else ""
    if alarm["state"] == "latched":
        lasted = minutes((alarm.get("ended_utc_s") or alarm["began_utc_s"]) - alarm["began_utc_s"])
        return f"lasted {lasted}" + (f", {owner}" if owner else ""), None
    if alarm["state"] == "acknowledged":
        by = text_of(alarm.get("acknowledged_by"))
        return f"{lost}acknowledged" + (f", {by}" if by else ""), None
    if alarm.get("accepted"):
        return f"{lost}accepted by {owner}" if owner else f"{lost}accepted", None
    if step and alarm.get("next_step_at_utc_s") is not None:
        called = "in" if step.lower() in (*PRIORITIES, "louder") or step.endswith(" alarm") else "called in"
        return f"{lost}{step} {called}", alarm["next_step_at_utc_s"]
    if alarm["code"] == "no-data":
        return "go to the bedside", None
    return f"{lost}{owner}".removesuffix(", ") if owner else lost.removesuffix(", "), None


def _ward_rows(ward: Mapping[str, Any], audio: Mapping[str, Any], screen: str) -> list[dict[str, Any]]:
    """Technical lines that belong to no bed: this screen's audio, that of others, feeds without an own alarm."""
    rows = []
    if audio["look"]:
        todo = "touch here to start it" if audio["word"].endswith("UNAVAILABLE") else "touch here to hear its tones"
        rows.append(("audio", audio["word"], todo, ""))
    for name, other in ((ward.get("audio") or {}).get("screens") or {}).items():
        if name != screen and other.get("state", "running") != "running":
            rows.append(
                (f"screen {name}", f"No sound at {name}", text_of(other.get("why")) or "look at that screen", "")
            )
    told = any(alarm["code"] == "feed-lost" for alarm in ward.get("alarms") or ())
    for feed in () if told else ward.get("feeds") or ():
        if not feed["ok"]:
            name, age_s = _FEEDS.get(feed["name"], feed["name"]), feed.get("age_s")
            rows.append((f"feed {feed['name']}", f"{name} silent", "go to the bedside", minutes(age_s)))
    return [
        {"key": key, "station": "", "bed": "", "look": "technical", "shape": "technical", "what": what, "who": who,
         "left_utc_s": None, "time": {"kind": "text", "text": age}, "paused": False,
         "acknowledged": False, "accepted": False}
        for key, what, who, age in rows
    ]  # fmt: skip


def _advice(bed: Mapping[str, Any]) -> list[str]:
    """What the trend says, and advice of low priority that has no list of its own."""
    silent = [alarm for alarm in bed.get("alarms") or () if mere_advice(alarm) and alarm["code"] not in _SAID_ELSEWHERE]
    return [*(advice["text"] for advice in bed.get("advice") or ()), *(what_of(alarm) for alarm in silent)]


def _due(places: Sequence[tuple[str, str]], beds: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    rows = [
        {"bed": label, "what": due["what"], "why": text_of(due.get("why")), "at_utc_s": due["at_utc_s"],
         "over": bool(due.get("over"))}
        for name, label in places
        if (due := (beds.get(name) or {}).get("due"))
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (not row["over"], row["at_utc_s"]))
