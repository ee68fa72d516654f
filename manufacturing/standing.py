"""How a line stands, in the words and shapes of the kiosk: banner, tile, outcome, what covers the picture, keys.

Made by the station, shown as it is by the page and by every open screen: what is wrong, since when, and
what the line does about it. `not_live` is the same for a line that says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from core.clock import Instant
from manufacturing.discipline import FAULTS, Discipline
from manufacturing.results import ResultCode
from manufacturing.shifts import clock_text
from manufacturing.shown import number


@dataclass(frozen=True, slots=True)
class _Fault:
    """`why` empty: parts are still judged, and the tile shows them."""

    word: str
    text: str
    why: str = ""
    outcome: tuple[str, str] = ("", "")


_PLC = ("The PLC rejects by itself", "Its watchdog has dropped Ready. Connecting again by itself.")
_PLC_UNTRUSTED = ("The PLC rejects by itself", "The engineer compares fingerprints and trusts the certificate")
_NO_READY = ("Ready is off at the PLC", "No part can be passed in this state")
#: The first that applies is shown.
_FAULTS: Mapping[str, _Fault] = {
    "disk-full": _Fault(
        "DISK FULL", "Nothing can be recorded. Ready is off, every part is rejected.", "Not recorded", _NO_READY
    ),
    "store": _Fault(
        "RECORD LOST", "Nothing can be recorded. Ready is off, every part is rejected.", "Not recorded", _NO_READY
    ),
    "camera-lost": _Fault(
        "CAMERA LOST", "Every part is rejected", "Reject all", ("Rejecting every part", "Told to the PLC part by part")
    ),
    "plc-untrusted": _Fault(
        "PLC NOT TRUSTED", "The certificates are not trusted: open Trust.", "Results not delivered", _PLC_UNTRUSTED
    ),
    "plc-lost": _Fault(
        "PLC LOST", "No connection. The gate falls to reject, stop the line.", "Results not delivered", _PLC
    ),
    "plc-heartbeat": _Fault(
        "PLC LOST", "No heartbeat. The gate falls to reject, stop the line.", "Results not delivered", _PLC
    ),
    "device-stopped": _Fault(
        "PLC LOST", "The connection is started again. The gate falls to reject.", "Results not delivered", _PLC
    ),
    "recipe-failed": _Fault("RECIPE FAILED", "The model cannot be loaded. Ready is off.", "No recipe", _NO_READY),
    "unknown-recipe": _Fault(
        "UNKNOWN RECIPE", "The PLC asks for a recipe that does not exist here. Ready is off.", "No recipe", _NO_READY
    ),
    "setup-failed": _Fault(
        "RECIPE NOT SET UP", "Camera, link or Modbus did not take its settings. Ready is off.", "No recipe", _NO_READY
    ),
    "late-results": _Fault("RESULTS TOO LATE", "Late parts are rejected. Reset when the cause is found."),
}
#: The first that applies gives the word; each has its sentence.
_NOTICES: Mapping[str, str] = {
    "model-slow": "MODEL TOO SLOW",
    "model-fallen": "MODEL ELSEWHERE",
    "plc-not-secured": "NOT SECURED",
    "plc-certificate": "CERTIFICATE",
}
#: Of the chip beside those of the devices, which is there only when there is something to say.
_MODEL_WORDS: Mapping[str, str] = {"model-slow": "too slow", "model-fallen": "elsewhere"}
_CAMERA_STEPS = (
    "Check the camera cable at the box",
    "Check the camera lamp: it must be on",
    "Call the engineer if it is not back in 1 min",
)
_STORE_STEPS = (
    "Call the engineer: the database cannot be written",
    "Leave the box on: what was decided waits in its memory",
    "Recording starts again by itself when the database answers",
)
_DISK_STEPS = ("Call the engineer: the disk of the box is full", "Recording starts again by itself when there is room")


def standing(
    discipline: Discipline,
    *,
    simulated: bool,
    model: str,
    since: Mapping[str, Instant],
    zone: ZoneInfo,
    run: tuple[int, int] = (0, 0),
) -> dict[str, Any]:
    """What run.html and the page's scripts show of a line; `run`: the last result code, and how many parts had it."""
    code = next((code for code in _FAULTS if code in discipline.faults), "")
    begun = since.get(code)
    awaited = ResultCode.CAMERA_LOST if code == "camera-lost" else ResultCode.BYPASS
    count = run[1] if run[0] == awaited else 0
    parts = f"{number(count)} part{'' if count == 1 else 's'}" if count else ""
    return {
        "banner": _banner(discipline, code, begun, simulated=simulated),
        "tile": _tile(discipline, code, model, parts),
        "outcome": _outcome(discipline, code, model, parts),
        "cover": _cover(discipline, code, clock_text(begun.utc_s, zone)[:8] if begun else "", model),
        "foot": _foot(discipline, code) if code in ("camera-lost", "disk-full", "store", "plc-untrusted") else "",
        "tag": "Last part before the loss" if code.startswith(("plc", "device")) else "",
        "labels": not code or code == "late-results",
        "faults": list(discipline.faults),
        "model": next((word for code, word in _MODEL_WORDS.items() if code in discipline.notices), ""),
        "stopped": discipline.stopped,
        "bypassed": discipline.bypass is not None,
        "resettable": "late-results" in discipline.faults,
    }


def not_live() -> dict[str, Any]:
    """How the page stands while the line says nothing: what it knew last is not how things are."""
    return {
        "banner": {"kind": "fault", "word": "NOT LIVE", "text": "The line does not answer. It is started again."},
        "tile": _no_scale("none", "none", "NOT LIVE", "Unknown"),
        "outcome": ["none", "Unknown", "Without a heartbeat the PLC rejects every part"],
        "cover": None,
        "foot": "",
        "tag": "Last part known",
        "labels": False,
        "faults": [],
        "model": "",
        "stopped": False,
        "bypassed": False,
        "resettable": False,
    }  # fmt: skip


def waiting_tile() -> dict[str, Any]:
    """Before the first part."""
    return _no_scale("none", "wait", "WAITING", "No part yet")


def _no_scale(kind: str, shape: str, word: str, why: str, score: str = "") -> dict[str, Any]:
    return {"kind": kind, "shape": shape, "word": word, "why": why, "score": score, "share": None}


def _banner(discipline: Discipline, code: str, begun: Instant | None, *, simulated: bool) -> dict[str, Any]:
    if code:
        shown: dict[str, Any] = {"kind": "fault", "word": _FAULTS[code].word, "text": _text(discipline, code)}
        return shown | ({"since_utc_s": begun.utc_s} if begun else {})
    if discipline.stopped:
        return {"kind": "idle", "word": "STOPPED", "text": "The job is stopped by order. Ready is off at the PLC."}
    if discipline.bypass is not None:
        bypass = discipline.bypass
        text = f"Parts not inspected, by {bypass.who}: {bypass.reason}"
        return {"kind": "attention", "word": "BYPASS", "text": text, "until_utc_s": bypass.until.utc_s}
    if "no-recipe" in discipline.faults:
        return {"kind": "idle", "word": "WAITING", "text": "No recipe loaded. Ready is off at the PLC."}
    if discipline.changing:
        return {"kind": "idle", "word": "WAITING", "text": "The recipe is being changed. Ready is off at the PLC."}
    if simulated:
        return {"kind": "sim", "word": "SIMULATED", "text": "A simulated cell. No signal goes to a real gate."}
    if discipline.notices:
        word = next(word for code, word in _NOTICES.items() if code in discipline.notices)
        return {"kind": "attention", "word": word, "text": " ".join(discipline.notices.values())}
    return {"kind": "", "word": "", "text": ""}


def _text(discipline: Discipline, code: str) -> str:
    """What is the matter, as who knows it said it where that is a sentence, and what it means for the parts."""
    detail = _detail(discipline, code)
    if code == "store":
        sentence = detail.partition(" (")[0]
        if sentence and "/" not in sentence:
            return f"{sentence[0].upper()}{sentence[1:]}. Every part is rejected until recording works again."
    elif code in ("unknown-recipe", "setup-failed") and detail:
        return f"{detail} Ready is off."
    return _FAULTS[code].text


def _tile(discipline: Discipline, code: str, model: str, parts: str) -> dict[str, Any] | None:
    """None while the last part's verdict is what stands."""
    if code and _FAULTS[code].why:
        waits = code in ("recipe-failed", "unknown-recipe", "setup-failed")
        word, shape = ("WAITING", "wait") if waits else ("NO DECISION", "none")
        return _no_scale("none", shape, word, _FAULTS[code].why, parts)
    if discipline.stopped:
        return _no_scale("none", "wait", "STOPPED", "Job stopped")
    if discipline.bypass is not None:
        return _no_scale("bypass", "bypass", "BYPASS", "Not inspected", parts)
    if "no-recipe" in discipline.faults or not model:
        return _no_scale("none", "wait", "WAITING", "No recipe")
    return _no_scale("none", "wait", "WAITING", "Recipe change") if discipline.changing else None


def _outcome(discipline: Discipline, code: str, model: str, parts: str) -> list[str] | None:
    """Shape, what the line does about it, and a smaller line; None: what it did about the last part."""
    if code and _FAULTS[code].why:
        return [
            "ng" if code in ("camera-lost", "plc-untrusted", "plc-lost", "plc-heartbeat") else "wait",
            *_FAULTS[code].outcome,
        ]
    if discipline.bypass is not None and not discipline.stopped:
        return ["bypass", f"{parts or 'No part'} on hold", "Inspect by hand before release"]
    if discipline.stopped or discipline.changing or "no-recipe" in discipline.faults or not model:
        return ["wait", *_NO_READY]
    return None


def _foot(discipline: Discipline, code: str) -> str:
    """The code to give on the telephone, and what the device said."""
    detail = _detail(discipline, code)
    return f"Fault {code}: {detail}" if detail else f"Fault {code}"


def _detail(discipline: Discipline, code: str) -> str:
    return discipline.faults[code].removeprefix(FAULTS[code]).strip()


def _cover(discipline: Discipline, code: str, since: str, model: str) -> dict[str, Any] | None:
    """Over the picture: what there is instead of it. `plate`: the picture stays to be seen around it."""
    if code == "camera-lost":
        return {"word": f"No picture since {since}", "text": "", "steps": list(_CAMERA_STEPS), "plate": False}
    if code == "store":
        return {"word": "Not recorded", "text": "", "steps": list(_STORE_STEPS), "plate": False}
    if code == "disk-full":
        return {"word": "The disk is full", "text": "", "steps": list(_DISK_STEPS), "plate": False}
    if code:
        return None
    if discipline.bypass is not None and not discipline.stopped:
        return {"word": "Not inspected", "text": "Pictures are kept, no verdict is given", "steps": [], "plate": True}
    if "no-recipe" in discipline.faults or not model:
        return {"word": "No recipe", "text": "The engineer loads one", "steps": [], "plate": False}
    return None
