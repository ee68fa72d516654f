"""Which shift a moment belongs to, by the site's own clock and daylight saving."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from manufacturing.settings import ShiftSettings


def shift_at(utc_s: float, shifts: Sequence[ShiftSettings], zone: ZoneInfo) -> tuple[str, str]:
    """`("2026-11-23 Night", "Night shift 22:00")`: a key that is never used twice, and what people read.

    The part of a night shift after midnight belongs to the day on which the shift began.
    """
    local = datetime.fromtimestamp(utc_s, zone)
    clock = local.strftime("%H:%M")
    ordered = sorted(shifts, key=lambda shift: shift.start.rjust(5, "0"))
    begun = [shift for shift in ordered if shift.start.rjust(5, "0") <= clock]
    shift = begun[-1] if begun else ordered[-1]
    day = local.date() if begun else local.date() - timedelta(days=1)
    return f"{day.isoformat()} {shift.name}", f"{shift.name} shift {shift.start}"


def clock_text(utc_s: float, zone: ZoneInfo) -> str:
    """`14:05:06.2` by the site's own clock."""
    local = datetime.fromtimestamp(utc_s, zone)
    return f"{local:%H:%M:%S}.{local.microsecond // 100_000}"
