from __future__ import annotations

from typing import Any

import pytest

from core.errors import SettingsError
from healthcare.alarms.escalation import MEDIUM_LADDER
from healthcare.alarms.policy import AlarmPolicy
from healthcare.alarms.priority import Priority
from healthcare.alarms.table import ALARM_KINDS


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("pause_s", 181.0),
        ("pause_s", 0.0),
        ("reminder_s", 60.0),
        ("accepted_for_s", 0.0),
        ("technical_rises_after_s", -1.0),
        ("latching", {"spo2-lo": True}),
        ("latching", {"leads-off": True}),
        ("ladders", {Priority.HIGH: MEDIUM_LADDER}),
    ],
)
def test_a_value_outside_its_bounds_is_refused_by_name(key: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=key):
        AlarmPolicy(**{key: value})


def test_a_site_says_what_latches() -> None:
    policy = AlarmPolicy(latching={"hr-high": True, "vt": False})
    latching = {code for code in ("hr-high", "hr-low", "vt", "vf", "leads-off") if policy.latches(ALARM_KINDS[code])}
    assert latching == {"hr-high", "vf"}


def test_lost_signals_become_high_where_telemetry_is_critical() -> None:
    assert AlarmPolicy().risen is Priority.MEDIUM
    assert AlarmPolicy(telemetry_critical=True).risen is Priority.HIGH
