from __future__ import annotations

import itertools
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from manufacturing.settings import ShiftSettings
from manufacturing.shifts import clock_text, days_around, shift_around, shift_at, shifts_between

ZONE = ZoneInfo("Europe/Berlin")
SHIFTS = (ShiftSettings("Day", "6:00"), ShiftSettings("Late", "14:00"), ShiftSettings("Night", "22:00"))


@pytest.mark.parametrize(
    ("local", "key"),
    [
        ("2026-11-23 06:00", "2026-11-23 Day"),
        ("2026-11-23 21:59", "2026-11-23 Late"),
        ("2026-11-23 22:00", "2026-11-23 Night"),
        ("2026-11-24 05:59", "2026-11-23 Night"),
    ],
)
def test_a_night_shift_belongs_to_the_day_it_began(local: str, key: str) -> None:
    moment = datetime.strptime(local, "%Y-%m-%d %H:%M").replace(tzinfo=ZONE)
    assert shift_at(moment.timestamp(), SHIFTS, ZONE)[0] == key


def test_the_clock_is_the_sites_own() -> None:
    assert clock_text(datetime(2026, 7, 1, 12, 0, 0, 250_000, tzinfo=ZoneInfo("UTC")).timestamp(), ZONE) == "14:00:00.2"


def test_a_shift_has_its_ends_by_the_sites_clock_also_when_the_hour_is_changed() -> None:
    zone = ZoneInfo("Europe/Berlin")
    night = shift_around(datetime(2026, 10, 25, 3, 0, tzinfo=zone).timestamp(), SHIFTS, zone)
    assert (night.key, night.title) == ("2026-10-24 Night", "Night shift 22:00")
    assert night.end_utc_s - night.begin_utc_s == 9 * 3600
    assert shift_around(night.end_utc_s, SHIFTS, zone).begin_utc_s == night.end_utc_s


def test_the_shifts_of_a_day_and_the_days_of_a_week_follow_each_other() -> None:
    zone = ZoneInfo("Europe/Berlin")
    moment = datetime(2026, 11, 25, 2, 0, tzinfo=zone).timestamp()
    [day] = days_around(moment, 1, SHIFTS, zone)
    shifts = shifts_between(day.begin_utc_s, day.end_utc_s, SHIFTS, zone)
    assert [shift.key for shift in shifts] == ["2026-11-24 Day", "2026-11-24 Late", "2026-11-24 Night"]
    assert shifts[-1].end_utc_s == day.end_utc_s
    week = days_around(moment, 7, SHIFTS, zone)
    assert [day.title for day in week][::6] == ["Mon 23 Nov", "Sun 29 Nov"]
    assert all(earlier.end_utc_s == later.begin_utc_s for earlier, later in itertools.pairwise(week))
