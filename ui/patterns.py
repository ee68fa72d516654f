"""What the patterns page shows: every part with values that put it into each of its states."""

from __future__ import annotations

import math
from typing import Any

_STEP_PX = 1.5
_WIDTH_PX = 352


def values() -> dict[str, Any]:
    """The page's values; the same in every run, so that its snapshot means something."""
    return {
        "verdicts": _VERDICTS,
        "shares": _SHARES,
        "odd": [not 0.0014 <= share <= 0.0048 or n == 20 for n, share in enumerate(_SHARES)],
        "bars": _BARS,
        "beds": _beds(),
        "marks": [("ok", "In order"), ("low", "Low"), ("out", "Out"), ("wrong", "Wrong item"),
                  ("blocked", "View blocked"), ("unknown", "Unknown")],
    }  # fmt: skip


_SHARES = [0.003 + 0.0018 * math.sin(0.9 * n) * math.cos(0.31 * n) for n in range(30)]
_BARS = (
    {"name": "Bent pin", "count": 21, "share": 0.568, "reached": 0.568},
    {"name": "Scratch", "count": 12, "share": 0.324, "reached": 0.892},
    {"name": "Judged too late", "count": 4, "share": 0.108, "reached": 1.0},
)
_VERDICTS = (
    {"kind": "ok", "word": "OK", "why": "No defect", "score": "0.21 under 0.80", "share": 0.21},
    {"kind": "ng", "word": "NG", "why": "Bent pin", "score": "0.93 over 0.80", "share": 0.93},
    {"kind": "none", "word": "NO DECISION", "why": "Reject all", "score": "4 parts"},
    {"kind": "bypass", "word": "BYPASS", "why": "Not inspected", "score": "177 parts"},
    {"kind": "none", "word": "WAITING", "why": "No recipe", "shape": "wait"},
)


def _beds() -> list[dict[str, Any]]:
    ecg, pleth = _wave(_ecg, 76.0), _wave(_pleth, 59.0)
    flat = f"M0 28H{_WIDTH_PX}"
    calm = {"hr": "74", "spo2": "97", "rr": "16", "bp": "124/78", "bp_at": "13:30", "temperature": "36.8"}
    return [
        {**calm, "number": "1", "state": "", "who": "R.T.", "nurse": "N12", "news": _news("0", "35 min"),
         "wave": _drawn("", ecg, 175)},
        {**calm, "number": "7", "state": "high", "line": "*** SpO₂ 82 < 88", "age": "0:43", "counting": True,
         "who": "A.K.", "nurse": "N14", "news": _news("7", "12 min", "high", "+3"), "wave": _drawn("spo2", pleth, 193),
         "hr": "132", "spo2": "82", "hit": "spo2", "rr": "28", "bp": "88/52", "bp_at": "14:01", "temperature": "38.4",
         "says": "Bed 7, high alarm: SpO2 82 below 88"},
        {**calm, "number": "6", "state": "medium", "line": "** RR 26 > 24", "age": "1:12", "counting": True,
         "who": "P.O.", "nurse": "N14", "news": _news("5", "45 min", "medium"), "wave": _drawn("", ecg, 152),
         "hr": "104", "spo2": "94", "hit": "rr", "rr": "26", "bp": "108/66", "temperature": "37.9"},
        {**calm, "number": "3", "state": "technical", "line": "ECG LEADS OFF", "age": "0:52", "counting": True,
         "who": "J.S.", "nurse": "N12", "news": _news("≥1", "", "open"), "wave": _drawn("flat", flat, 0),
         "hr": "– –", "spo2": "95", "rr": "– –", "bp": "118/72", "temperature": "36.9"},
        {**calm, "number": "8", "state": "stale", "line": "NO DATA", "age": "0:42", "counting": True,
         "who": "C.N.", "nurse": "N14", "news": _news("0", "1 h 10"), "wave": _drawn("old", ecg, 0), "hr": "71"},
        {**calm, "number": "10", "state": "latched", "line": "was *** HR 138 > 130", "age": "13:58",
         "who": "F.W.", "nurse": "N17", "news": _news("1", "20 min"), "wave": _drawn("", ecg, 291), "hr": "96"},
        {"number": "5", "state": "out", "who": "H.C.", "nurse": "N14", "out": "Standby since 13:40",
         "out_why": "in imaging, no alarms from this bed"},
        {"number": "9", "state": "empty", "out": "No patient"},
    ]  # fmt: skip


def _news(score: str, age: str, level: str = "", change: str = "") -> dict[str, str]:
    return {"score": score, "age": age, "level": level, "change": change}


def _drawn(kind: str, path: str, erase: int) -> dict[str, Any]:
    return {"kind": kind, "path": path, "erase": erase}


def _wave(shape: Any, period_px: float) -> str:
    """An SVG path in the strip's 352 x 56, drawn by formula."""
    points = [n * _STEP_PX for n in range(int(_WIDTH_PX / _STEP_PX) + 1)]
    return "M" + "L".join(f"{x:.1f} {shape((x % period_px) / period_px):.1f}" for x in points)


def _ecg(phase: float) -> float:
    bumps = ((0.18, 0.03, 3.2), (0.29, 0.008, -3.0), (0.32, 0.012, 37.0), (0.35, 0.010, -8.0), (0.58, 0.05, 9.0))
    return 45.0 - sum(height * math.exp(-(((phase - at) / width) ** 2) / 2) for at, width, height in bumps)


def _pleth(phase: float) -> float:
    bumps = ((0.22, 0.09, 22.0), (0.50, 0.12, 9.0))
    return 45.0 - sum(height * math.exp(-(((phase - at) / width) ** 2) / 2) for at, width, height in bumps)
