"""Moments as people read them: how long it has lasted, how long is left, what the clock said.

A moment is `{"kind": "age" | "left" | "clock" | "coarse" | "over", "utc_s": ...}` or `{"kind": "text", "text": ...}`.
`static/healthcare/moments.js` counts on in the browser, by the box's clock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

Moment = Mapping[str, Any]
NO_MOMENT: Moment = {"kind": "text", "text": ""}


def minutes(seconds: float | None) -> str:
    """`0:43`, `1 h 05`; empty for None."""
    if seconds is None:
        return ""
    whole = int(max(0.0, seconds))
    return f"{whole // 60}:{whole % 60:02}" if whole < 3600 else f"{whole // 3600} h {whole // 60 % 60:02}"


def moment_text(moment: Moment, now_utc_s: float, zone: ZoneInfo) -> str:
    at = moment.get("utc_s")
    if moment["kind"] == "text" or at is None:
        return str(moment.get("text", ""))
    match moment["kind"]:
        case "age":
            return minutes(now_utc_s - at)
        case "left":
            return minutes(math.ceil(max(0.0, at - now_utc_s)))
        case "coarse":
            return coarse(now_utc_s - at)
        case "over":
            return "now" if now_utc_s - at < 60 else f"{coarse(now_utc_s - at)} over"
    return f"{datetime.fromtimestamp(at, UTC).astimezone(zone):%H:%M}"


def coarse(seconds: float) -> str:
    """`12 min`, `1 h 05`: for what ages slowly."""
    whole = int(max(0.0, seconds) // 60)
    return f"{whole} min" if whole < 60 else f"{whole // 60} h {whole % 60:02}"
