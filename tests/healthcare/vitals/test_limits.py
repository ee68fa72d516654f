"""Whose limits hold, until when, and who may set them how far."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import Instant
from core.errors import RefusedError, SettingsError
from healthcare.vitals.limits import Change, Envelope, Limits, PatientLimits, SiteLimits

NOW = Instant(1_000.0, 1_780_000_000.0)
HOUR = 3600.0
WIDER = Limits(50, 150)


def change(of: PatientLimits, measure: str = "hr_per_min", limits: Limits = WIDER, **rest: Any) -> Change:
    told = {"who": "Nurse 14", "role": "nurse", "reason": "known AF", "until": NOW.plus(HOUR), "now": NOW, **rest}
    return of.set(measure, limits, **told)


def test_the_sites_limits_hold_until_a_patient_has_own_ones() -> None:
    bed = PatientLimits()
    assert bed.limits("hr_per_min") == Limits(50, 120)
    assert not bed.in_force("hr_per_min").own
    line = change(bed)
    assert bed.limits("hr_per_min") == Limits(50, 150)
    assert bed.limits("spo2_pct") == Limits(88, None)
    holds = bed.in_force("hr_per_min")
    assert (holds.who, holds.role, holds.reason, holds.until) == ("Nurse 14", "nurse", "known AF", NOW.plus(HOUR))
    assert (line.text(), line.as_json()["until_utc_s"]) == ("HR limits 50-120 to 50-150: known AF", NOW.utc_s + HOUR)


def test_the_pulse_has_the_limits_of_the_heart_rate() -> None:
    bed = PatientLimits()
    change(bed, "pr_per_min")
    assert bed.limits("pr_per_min") == bed.limits("hr_per_min") == Limits(50, 150)


def test_own_limits_end_at_their_time_and_it_is_said_once() -> None:
    bed = PatientLimits()
    change(bed)
    assert bed.due() == NOW.plus(HOUR)
    assert bed.expire(NOW.plus(HOUR - 1)) == []
    ended = bed.expire(NOW.plus(HOUR))
    assert [line.text() for line in ended] == ["HR limits 50-150 ended (expired), the site's 50-120 hold again"]
    assert bed.expire(NOW.plus(HOUR)) == []
    assert (bed.limits("hr_per_min"), bed.due()) == (Limits(50, 120), None)


def test_discharge_restores_the_presets() -> None:
    bed = PatientLimits()
    change(bed)
    change(bed, "spo2_pct", Limits(84, None))
    assert {line.measure for line in bed.discharge()} == {"hr_per_min", "spo2_pct"}
    assert (bed.limits("hr_per_min"), bed.limits("spo2_pct")) == (Limits(50, 120), Limits(88, None))


def test_own_limits_can_be_taken_back_early_with_a_name() -> None:
    bed = PatientLimits()
    change(bed)
    line = bed.clear("hr_per_min", who="Nurse 14", role="nurse", reason="rhythm is back")
    assert (line.what, line.who, line.after) == ("cleared", "Nurse 14", Limits(50, 120))
    with pytest.raises(RefusedError, match="already"):
        bed.clear("hr_per_min", who="Nurse 14", role="nurse", reason="again")


@pytest.mark.parametrize(
    ("measure", "limits", "says"),
    [
        ("hr_per_min", Limits(50, 171), "high 171 is outside 90 to 170"),
        ("hr_per_min", Limits(34, 120), "low 34 is outside 35 to 70"),
        ("hr_per_min", Limits(None, 120), "the low alarm would be off"),
        ("spo2_pct", Limits(None, None), "the low alarm would be off"),
        ("spo2_pct", Limits(79, None), "low 79 is outside 80 to 95"),
    ],
)
def test_only_a_privileged_role_leaves_the_envelope(measure: str, limits: Limits, says: str) -> None:
    bed = PatientLimits()
    with pytest.raises(RefusedError, match=says):
        change(bed, measure, limits)
    assert not bed.in_force(measure).own
    change(bed, measure, limits, who="Charge nurse 03", role="charge")
    assert bed.limits(measure) == limits


@pytest.mark.parametrize(
    ("measure", "limits", "rest", "says"),
    [
        ("hr_per_min", Limits(130, 120), {}, "not below"),
        ("spo2_pct", Limits(101, None), {}, "outside 40 to 100"),
        ("temp_cel", Limits(math.nan, 38), {}, "outside 25 to 45"),
        ("hr_per_min", Limits(50, 150), {"reason": " "}, "a reason"),
        ("hr_per_min", Limits(50, 150), {"who": ""}, "a name"),
        ("hr_per_min", Limits(50, 150), {"until": NOW}, "over already"),
        ("hr_per_min", Limits(50, 150), {"until": NOW.plus(8 * 86_400)}, "7 days"),
        ("cvp_mmhg", Limits(0, 15), {}, "no alarm limits"),
    ],
)
def test_what_cannot_be_is_refused_even_to_the_privileged(
    measure: str, limits: Limits, rest: dict[str, Any], says: str
) -> None:
    with pytest.raises(RefusedError, match=says):
        change(PatientLimits(), measure, limits, **{"role": "charge", **rest})


@pytest.mark.parametrize(
    "wrong",
    [
        {"defaults": {"hr": Limits(50, 120)}},
        {"defaults": {"hr_per_min": Limits(120, 50)}},
        {"defaults": {"hr_per_min": Limits(50, 120)}, "envelope": {"hr_per_min": Envelope((60, 70), None)}},
    ],
)
def test_a_preset_that_contradicts_itself_does_not_start(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        SiteLimits(**wrong)


def test_a_restart_gives_no_limit_more_time() -> None:
    bed = PatientLimits()
    change(bed)
    kept = json.loads(json.dumps(bed.state(NOW.plus(600))))
    for utc_s, remains_s in [(NOW.utc_s + 900, 2700), (NOW.utc_s - 99_999, 3000), (NOW.utc_s + 99_999, 0)]:
        started = Instant(7.0, utc_s)
        again = PatientLimits()
        again.restore(kept, started)
        due = again.due()
        assert due is not None
        assert due.since(started) == remains_s
        assert again.in_force("hr_per_min").who == "Nurse 14"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=40)
@given(
    st.sampled_from(sorted(SiteLimits().defaults)),
    st.one_of(st.none(), st.floats(-100, 400)),
    st.one_of(st.none(), st.floats(-100, 400)),
    st.sampled_from(["nurse", "viewer", "biomed", "charge", "clinician"]),
)
def test_nobody_without_privilege_is_ever_outside_the_envelope(
    measure: str, low: float | None, high: float | None, role: str
) -> None:
    bed = PatientLimits()
    try:
        change(bed, measure, Limits(low, high), role=role)
    except RefusedError:
        assert not bed.in_force(measure).own
        return
    assert role in bed.site.privileged or not bed.site.outside(measure, bed.limits(measure))
