"""Which shift a moment belongs to, by the site's own clock and daylight saving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
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


def moment_text(utc_s: float, zone: ZoneInfo) -> str:
    """`24 Nov 2026 14:05:06.2` by the site's own clock."""
    return f"{datetime.fromtimestamp(utc_s, zone):%d %b %Y} {clock_text(utc_s, zone)}"


@dataclass(frozen=True, slots=True)
class Shift:
    """One shift of one day: its key as parts carry it, what people read, and when it began and ends (UTC s)."""

    key: str
    title: str
    begin_utc_s: float
    end_utc_s: float


def shift_around(utc_s: float, shifts: Sequence[ShiftSettings], zone: ZoneInfo) -> Shift:
    """The shift that a moment belongs to, with its ends by the site's clock, across changes of daylight saving too."""
    key, title = shift_at(utc_s, shifts, zone)
    day = date.fromisoformat(key[:10])
    starts = sorted(shift.start.rjust(5, "0") for shift in shifts)
    at = starts.index(title.rpartition(" ")[2].rjust(5, "0"))
    last = at + 1 == len(starts)
    end_day, end = (day + timedelta(days=1), starts[0]) if last else (day, starts[at + 1])
    return Shift(key, title, _at(day, starts[at], zone), _at(end_day, end, zone))


def shifts_between(
    begin_utc_s: float, end_utc_s: float, shifts: Sequence[ShiftSettings], zone: ZoneInfo
) -> list[Shift]:
    """Every shift that begins in the span, oldest first; 200 at most."""
    found: list[Shift] = []
    moment = begin_utc_s
    while moment < end_utc_s and len(found) < 200:
        shift = shift_around(moment, shifts, zone)
        found.append(shift)
        moment = max(shift.end_utc_s, moment + 60.0)
    return found


def _at(day: date, clock: str, zone: ZoneInfo) -> float:
    return datetime.combine(day, time.fromisoformat(clock), zone).timestamp()


def days_around(utc_s: float, count: int, shifts: Sequence[ShiftSettings], zone: ZoneInfo) -> list[Shift]:
    """The day of shifts that a moment belongs to, or the seven of its week from Monday, for a `count` of 1 or 7."""
    day = date.fromisoformat(shift_around(utc_s, shifts, zone).key[:10])
    first = day - timedelta(days=day.weekday()) if count == 7 else day
    start = min(shift.start.rjust(5, "0") for shift in shifts)
    days = [first + timedelta(days=n) for n in range(count)]
    return [
        Shift(it.isoformat(), f"{it:%a %d %b}", _at(it, start, zone), _at(it + timedelta(days=1), start, zone))
        for it in days
    ]
