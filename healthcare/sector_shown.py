"""What the wall says of one bed: words, looks and moments, from what the bed tells.

`static/healthcare/told.js` says the same in the browser, as beds tell more; a test holds the two together. Moments are
UTC seconds, and become text only where they are shown (`healthcare/moments.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from healthcare.alarms.alarm import beyond_label
from healthcare.moments import NO_MOMENT, Moment

NONE = "– –"
PRIORITIES = ("high", "medium", "low")
STARS = {"high": "***", "medium": "**", "low": "*"}
OUT = {
    "empty": ("No patient", ""),
    "standby": ("Standby", "no alarms from this bed"),
    "never-heard": ("No monitor yet", "nothing was heard from this bed"),
}
_WAVES_OF = {
    "spo2_pct": ("pleth",),
    "pr_per_min": ("pleth",),
    "rr_per_min": ("resp_ohm", "co2_mmhg"),
    "etco2_mmhg": ("co2_mmhg",),
    "abp_sys_mmhg": ("abp_mmhg",),
    "abp_dia_mmhg": ("abp_mmhg",),
    "abp_map_mmhg": ("abp_mmhg",),
}
#: What is said at length in the rail, and needs fewer words in a sector.
_SHORT = {"no-data": "No data"}
#: Which waves a technical alarm leaves nothing to draw of, by the beginning of their names.
_FLAT = {"leads-off": "ecg", "probe-off": "pleth"}
_UNIT = re.compile(r"\s*(?:%|/min|mmHg|°C)$")
_LEVELS = {"high": "high", "medium": "medium", "low-medium": "single"}


def text_of(value: object) -> str:
    return value if isinstance(value, str) else ""


# Alarms


def signalled(bed: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The bed's alarms, first the one that its sector is about; low advice is none, unless it sounds."""
    return sorted((alarm for alarm in bed.get("alarms") or () if not mere_advice(alarm)), key=rank_of)


def mere_advice(alarm: Mapping[str, Any]) -> bool:
    return (alarm["kind"], alarm["priority"]) == ("advisory", "low") and alarm.get("sound") not in ("on", "paused")


def rank_of(alarm: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        alarm["state"] == "latched",
        PRIORITIES.index(alarm["priority"]),
        alarm["state"] == "acknowledged",
        alarm["kind"] == "technical",
        alarm["began_utc_s"],
        alarm["id"],
    )


def look_of(alarm: Mapping[str, Any]) -> str:
    """Colour goes by priority; a low alarm of the equipment keeps the technical look."""
    if alarm["state"] == "latched":
        return "latched"
    return "technical" if (alarm["kind"], alarm["priority"]) == ("technical", "low") else str(alarm["priority"])


def shape_of(alarm: Mapping[str, Any]) -> str:
    """The shape says whether it is the patient or the equipment, whatever the priority."""
    if alarm["state"] == "latched":
        return "latched"
    return "technical" if alarm["kind"] == "technical" else str(alarm["priority"])


def stars_of(alarm: Mapping[str, Any]) -> str:
    quiet = (alarm["kind"], alarm["priority"]) == ("technical", "low")
    return "" if quiet else STARS[alarm["priority"]] + " "


def what_of(alarm: Mapping[str, Any]) -> str:
    """`SpO₂ 82 < 88 %`; a label that begins its own text stands once."""
    label = str(alarm["label"])
    return f"{label} {beyond_label(label, str(alarm.get('text') or ''))}".strip()


def _line_of(alarm: Mapping[str, Any]) -> str:
    """`*** SpO₂ 82 < 88`: without the unit, which stands beside the number."""
    label = _SHORT.get(alarm["code"], alarm["label"])
    label = label.upper() if alarm["kind"] == "technical" else label
    line = stars_of(alarm) + f"{label} {_UNIT.sub('', alarm.get('text') or '')}".strip()
    return f"was {line}" if alarm["state"] == "latched" else line


def moment_of(alarm: Mapping[str, Any]) -> Moment:
    """How long it has lasted; for one that is over, when it ended."""
    if alarm["state"] == "latched":
        return {"kind": "clock", "utc_s": alarm.get("ended_utc_s") or alarm["began_utc_s"]}
    return {"kind": "age", "utc_s": alarm["began_utc_s"]}


def paused_until(alarm: Mapping[str, Any]) -> float | None:
    return alarm.get("paused_until_utc_s") if alarm.get("sound") == "paused" else None


# One bed


def sector_shown(bed: Mapping[str, Any], label: str, *, privacy: bool = True) -> dict[str, Any]:
    """One sector; `look` are the modifiers of its class, apart by blanks."""
    place = bed.get("place") or {"state": "never-heard"}
    alarms = signalled(bed)
    top = alarms[0] if alarms else None
    out, out_why = _out(place)
    numerics = bed.get("numerics") or {}
    shown: dict[str, Any] = {
        "look": _looks(place, top),
        "out": out,
        "out_why": out_why,
        "who": "" if place["state"] == "empty" else _who(bed.get("patient"), privacy=privacy),
        "nurse": "" if place["state"] == "empty" else text_of(bed.get("nurse")),
        "scale2": bool(bed.get("scale2")),
        "news": None if out else _news(bed.get("news2")),
        "flat": sorted(
            {_FLAT[alarm["code"]] for alarm in alarms if alarm["code"] in _FLAT and alarm["state"] != "latched"}
        ),
        "waves": _waves(bed.get("waves") or (), top),
        **_head(place, alarms),
        **_numbers(numerics),
    }
    said = f", {shown['line']}" if shown["line"] else f", {out}" if out else ""
    shown["says"] = f"Bed {label}{said}"
    return shown


def _out(place: Mapping[str, Any]) -> tuple[str, str]:
    word, why = OUT.get(place["state"], ("", ""))
    if place["state"] == "standby":
        word = f"{word} since {place['since']}" if place.get("since") else word
        why = f"{place['why']}, {why}" if place.get("why") else why
    return word, why


def _looks(place: Mapping[str, Any], top: Mapping[str, Any] | None) -> str:
    state = place["state"]
    looks = []
    if top is not None:
        looks += ["told", look_of(top)]
        looks += ["acknowledged"] if top["state"] == "acknowledged" else []
    elif state == "no-data":
        looks += ["told", "technical"]
    looks += ["stale"] if state == "no-data" else []
    looks += ["out"] if state in OUT else []
    looks += ["empty"] if state == "empty" else []
    return " ".join(looks)


def _head(place: Mapping[str, Any], alarms: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    if alarms:
        top = alarms[0]
        line = _line_of(top) + (", source lost" if top.get("source_lost") else "")
        more = f"+{len(alarms) - 1}" if len(alarms) > 1 else ""
        until = max((at for at in map(paused_until, alarms) if at is not None), default=None)
        head = {"line": line, "shape": shape_of(top), "more": more, "time": moment_of(top), "paused_until_utc_s": until}
    elif place["state"] == "no-data":
        since = {"kind": "text", "text": text_of(place.get("since"))}
        head = {"line": "NO DATA", "shape": "technical", "more": "", "time": since, "paused_until_utc_s": None}
    else:
        head = {"line": "", "shape": "", "more": "", "time": NO_MOMENT, "paused_until_utc_s": None}
    return head


def _who(patient: Mapping[str, Any] | None, *, privacy: bool) -> str:
    if not patient:
        return "No name"
    initials = patient["initials"] or "No name"
    return str(initials if privacy else patient.get("name") or initials)


def _news(news2: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A score is told by weight: `level` is empty, single, medium, high, or open for one that is incomplete."""
    if not news2:
        return None
    score, complete = str(news2["text"]), bool(news2.get("complete"))
    least = score.lstrip("≥>=").strip()
    return {
        "score": "≥" + least if least.isdecimal() and not complete else score,
        "level": _LEVELS.get(str(news2.get("risk")), "") if complete else "open",
        "delta": str(news2.get("delta") or "").replace("-", "−"),
        "at_utc_s": news2.get("at_utc_s") if complete else None,
    }


def _waves(waves: Sequence[str], top: Mapping[str, Any] | None) -> list[str]:
    """Those of what is alarmed first, then the others as the bed names them."""
    first = _WAVES_OF.get(str(top.get("measure")), ()) if top else ()
    return [*(wave for wave in waves if wave in first), *(wave for wave in waves if wave not in first)]


def _numbers(numerics: Mapping[str, Any]) -> dict[str, Any]:
    rate = "hr_per_min"
    if _value(numerics, rate)["text"] == NONE and _value(numerics, "pr_per_min")["text"] != NONE:
        rate = "pr_per_min"
    return {
        "hr": _value(numerics, rate) | {"name": "PR /min" if rate == "pr_per_min" else "HR /min"},
        "spo2": _value(numerics, "spo2_pct"),
        "rr": _value(numerics, "rr_per_min"),
        "bp": _pressure(numerics),
        "t": _value(numerics, "temp_cel"),
    }


def _value(numerics: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A number with its look: `none`, `old`, `hit-high` and so on; never a number without a sound state."""
    reading = numerics.get(name) or {}
    text, looks = text_of(reading.get("text")), []
    if reading.get("state") not in ("ok", "stale") or not text:
        return {"text": NONE, "look": "none"}
    if reading["state"] == "stale":
        looks.append("old")
    if reading.get("alarm"):
        looks.append(f"hit-{reading['alarm']}")
    return {"text": text, "look": " ".join(looks)}


def _pressure(numerics: Mapping[str, Any]) -> dict[str, Any]:
    """The arterial line where there is one, else the cuff with its time."""
    for way, name in (("abp", "ABP"), ("nibp", "BP")):
        sys, dia = (_value(numerics, f"{way}_{part}_mmhg") for part in ("sys", "dia"))
        if sys["text"] == NONE:
            continue
        readings = [numerics.get(f"{way}_{part}_mmhg") or {} for part in ("sys", "dia", "map")]
        hits = [reading["alarm"] for reading in readings if reading.get("alarm")]
        looks = [look for look in sys["look"].split() if look == "old"]
        looks += [f"hit-{min(hits, key=PRIORITIES.index)}"] if hits else []
        at = readings[0].get("at_utc_s") if way == "nibp" else None
        return {"name": name, "text": f"{sys['text']}/{dia['text']}", "look": " ".join(looks), "at_utc_s": at}
    return {"name": "BP", "text": NONE, "look": "none", "at_utc_s": None}
