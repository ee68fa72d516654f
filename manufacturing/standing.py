"""How a line stands, in the words and shapes of the kiosk: banner, tile, what covers the picture, chips.

Made by the station, shown as it is by the page and by every open screen: what is wrong, since when, and
what the line does about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.clock import Instant
from manufacturing.discipline import Discipline

_FAULTS: Mapping[str, tuple[str, str]] = {
    "disk-full": ("DISK FULL", "Nothing can be recorded. Ready is off, every part is rejected."),
    "camera-lost": ("CAMERA LOST", "Every part is rejected"),
    "plc-lost": ("PLC LOST", "No connection. The gate fails to reject, the line should be stopped."),
    "plc-heartbeat": ("PLC LOST", "No heartbeat. The gate fails to reject, the line should be stopped."),
    "device-stopped": ("PLC LOST", "The cell's connection is being started again. The gate fails to reject."),
    "late-results": ("RESULTS TOO LATE", "Parts judged too late are rejected. Reset when the cause is found."),
    "recipe-failed": ("RECIPE FAILED", "The model cannot be loaded. Ready is off at the PLC."),
}
_TILES: Mapping[str, tuple[str, str]] = {
    "disk-full": ("NO DECISION", "Not recorded, rejected"),
    "camera-lost": ("NO DECISION", "Reject all"),
    "plc-lost": ("NO DECISION", "Results not delivered"),
    "plc-heartbeat": ("NO DECISION", "Results not delivered"),
    "recipe-failed": ("WAITING", "No recipe"),
}
_STEPS: Mapping[str, tuple[str, ...]] = {
    "camera-lost": (
        "Check the camera cable at the box",
        "Check the camera lamp: it must be on",
        "Press Call if it is not back in 1 min",
    ),
    "disk-full": ("Tell the engineer: the disk of the box is full", "Recording starts again by itself"),
}


def standing(discipline: Discipline, *, simulated: bool, model: str, since: Mapping[str, Instant]) -> dict[str, Any]:
    """`banner` {kind, word, text, since_utc_s}, `tile` {kind, word, why} or none, `cover` over the picture."""
    code = next((code for code in _FAULTS if code in discipline.faults), "")
    shown: dict[str, Any] = {
        "banner": _banner(discipline, code, simulated=simulated),
        "tile": _tile(discipline, code, model),
        "cover": {"title": "No picture", "steps": list(_STEPS[code])} if code in _STEPS else None,
        "plc_lost": "plc-lost" in discipline.faults or "plc-heartbeat" in discipline.faults,
        "camera_lost": "camera-lost" in discipline.faults,
        "stopped": discipline.stopped,
    }
    if code in since:
        shown["banner"]["since_utc_s"] = since[code].utc_s
    return shown


def _banner(discipline: Discipline, code: str, *, simulated: bool) -> dict[str, Any]:
    if code:
        word, text = _FAULTS[code]
        return {"kind": "fault", "word": word, "text": text}
    if discipline.stopped:
        return {"kind": "idle", "word": "STOPPED", "text": "The job is stopped by order. Ready is off at the PLC."}
    if discipline.bypass is not None:
        bypass = discipline.bypass
        text = f"Parts not inspected, by {bypass.who}: {bypass.reason}"
        return {"kind": "attention", "word": "BYPASS", "text": text, "since_utc_s": bypass.since_utc_s}
    if "no-recipe" in discipline.faults:
        return {"kind": "idle", "word": "WAITING", "text": "No recipe loaded. Ready is off at the PLC."}
    if simulated:
        return {"kind": "sim", "word": "SIMULATED", "text": "A simulated cell. No signal goes to a real gate."}
    return {"kind": "", "word": "", "text": ""}


def _tile(discipline: Discipline, code: str, model: str) -> dict[str, str] | None:
    if code in _TILES:
        word, why = _TILES[code]
        return {"kind": "none", "shape": "none" if word == "NO DECISION" else "wait", "word": word, "why": why}
    if discipline.stopped:
        return {"kind": "none", "shape": "wait", "word": "STOPPED", "why": "Job stopped"}
    if discipline.bypass is not None:
        return {"kind": "bypass", "shape": "bypass", "word": "BYPASS", "why": "Not inspected"}
    if "no-recipe" in discipline.faults or not model:
        return {"kind": "none", "shape": "wait", "word": "WAITING", "why": "No recipe"}
    return None
