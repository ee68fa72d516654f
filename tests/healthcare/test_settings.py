from __future__ import annotations

from typing import Any

import pytest

from core.errors import SettingsError
from core.settings import checked
from healthcare.settings import HealthcareSettings

BED = {"name": "bed-1", "label": "1", "location": "W7^R1^B1"}


def _read(**more: Any) -> HealthcareSettings:
    return checked(HealthcareSettings, {"ward": "Ward 7", "beds": [BED], **more}, "site [healthcare]")


def test_a_ward_of_one_bed_is_enough() -> None:
    settings = _read()
    assert (settings.ward, settings.beds[0].name, settings.pause_s, settings.hl7) == ("Ward 7", "bed-1", 120.0, None)
    assert settings.alarms.site_limits().default("spo2_pct").low is not None


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"beds": []}, "beds"),
        ({"beds": [BED, {**BED, "label": "2", "location": ""}]}, "two beds are called 'bed-1'"),
        ({"beds": [BED, {"name": "bed-2", "label": "2", "location": "W7^R1^B1"}]}, "two beds have the location"),
        ({"beds": [{"name": "ward", "label": "1"}]}, "ward's own desk"),
        ({"time_zone": "Middle/Earth"}, "time zone"),
        ({"alarms": {"pause": "300s"}}, "pause"),
        ({"alarms": {"delays": {"asystole": "30s"}}}, "asystole"),
        ({"alarms": {"delays": {"spo2-low": "900s"}}}, "spo2-low"),
        ({"alarms": {"latching": {"no-such": True}}}, "no-such"),
        ({"alarms": {"limits": {"hr_per_min": {"low": 150, "high": 50}}}}, "hr_per_min"),
        ({"alarms": {"limits": {"joy_pct": {"low": 1}}}}, "joy_pct"),
        ({"pager": {"url": "ftp://pager"}}, "https"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_wrong_is_named(more: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        _read(**more)
