from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from manufacturing.settings import ShiftSettings
from manufacturing.shifts import clock_text, shift_at

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
