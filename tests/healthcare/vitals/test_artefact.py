"""What cannot be the patient's is rejected with a reason, and what a dying patient would show never is."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from healthcare.measures import MEASURES
from healthcare.vitals.artefact import ArtefactRules


def judged(*messages: tuple[float, dict[str, float]]) -> dict[str, str]:
    """What the last of these messages is told, one after the other."""
    rules = ArtefactRules()
    told: dict[str, str] = {}
    for at_s, values in messages:
        told = rules.judge(values, at_s)
    return told


def abp(sys_mmhg: float, map_mmhg: float, dia_mmhg: float) -> dict[str, float]:
    return {"abp_sys_mmhg": sys_mmhg, "abp_map_mmhg": map_mmhg, "abp_dia_mmhg": dia_mmhg}


@pytest.mark.parametrize(
    ("measure", "value"),
    [("temp_cel", 384.5), ("temp_cel", 18.3), ("spo2_pct", 8388607), ("hr_per_min", -100), ("rr_per_min", math.nan),
     ("spo2_pct", 39.9), ("hr_per_min", 301), ("nibp_sys_mmhg", math.inf)],
)  # fmt: skip
def test_an_implausible_value_is_no_value_and_the_rest_stands(measure: str, value: float) -> None:
    told = judged((0, {measure: value, "etco2_mmhg": 36}))
    assert list(told) == [measure]
    assert told[measure].startswith("outside ")


def test_saturation_that_jumps_at_low_perfusion_is_rejected_and_accepted_when_it_stays() -> None:
    before = (0.0, {"spo2_pct": 96.0, "perfusion_pct": 0.2})
    assert judged(before, (2.0, {"spo2_pct": 82.0})) == {"spo2_pct": "moved 14 % in 2 s at a perfusion of 0.2 %"}
    assert judged(before, (2.0, {"spo2_pct": 82.0}), (3.0, {"spo2_pct": 82.0})) == {}
    assert judged(before, (2.0, {"spo2_pct": 86.0})) == {}


def test_saturation_that_jumps_at_good_or_unknown_perfusion_is_the_patients() -> None:
    assert judged((0.0, {"spo2_pct": 96.0, "perfusion_pct": 1.2}), (1.0, {"spo2_pct": 70.0})) == {}
    assert judged((0.0, {"spo2_pct": 96.0}), (1.0, {"spo2_pct": 70.0})) == {}
    assert judged((0.0, {"perfusion_pct": 0.1}), (20.0, {"spo2_pct": 96.0}), (21.0, {"spo2_pct": 70.0})) == {}


def test_a_temperature_that_moves_faster_than_a_body_is_a_moved_probe() -> None:
    assert judged((0.0, {"temp_cel": 37.0}), (60.0, {"temp_cel": 36.4})) == {
        "temp_cel": "moved 0.6 °C in 1 min: probe moved"
    }
    assert judged((0.0, {"temp_cel": 37.0}), (1.0, {"temp_cel": 37.1})) == {}
    assert judged((0.0, {"temp_cel": 37.0}), (60.0, {"temp_cel": 37.5})) == {}
    assert judged((0.0, {"temp_cel": 36.5}), (4 * 3600.0, {"temp_cel": 39.5})) == {}


def test_a_new_level_of_temperature_that_stands_five_minutes_is_taken() -> None:
    rules = ArtefactRules()
    rules.judge({"temp_cel": 37.0}, 0.0)
    taken = [second for second in range(1, 600) if not rules.judge({"temp_cel": 31.0}, float(second))]
    assert taken[0] == 301


def test_a_flush_and_the_minute_after_it_are_no_pressures() -> None:
    flush = (10.0, abp(290, 287, 284))
    assert set(judged((0.0, abp(120, 90, 75)), flush).values()) == {"line flushed"}
    assert set(judged(flush, (40.0, abp(120, 90, 75))).values()) == {"line flushed 30 s ago"}
    assert judged(flush, (70.0, abp(120, 90, 75))) == {}
    assert set(judged((0.0, abp(1, 0, -1)), (59.0, abp(120, 90, 75))).values()) == {"line open to air 59 s ago"}


def test_a_damped_line_is_rejected_but_not_a_patient_without_a_pulse() -> None:
    assert set(judged((0.0, abp(92, 89, 86))).values()) == {"line damped: pulse pressure 6 mmHg"}
    assert judged((0.0, abp(24, 22, 20))) == {}
    assert judged((0.0, abp(20, 20, 20))) == {}
    assert judged((0.0, abp(59, 56, 53))) == {}


def test_pressures_out_of_order_are_rejected_together() -> None:
    told = judged((0.0, {"nibp_sys_mmhg": 110, "nibp_map_mmhg": 112, "nibp_dia_mmhg": 70, "hr_per_min": 80}))
    assert set(told) == {"nibp_sys_mmhg", "nibp_map_mmhg", "nibp_dia_mmhg"}
    assert told["nibp_map_mmhg"] == "not in order: 110/112/70 mmHg"
    assert judged((0.0, {"nibp_sys_mmhg": 110, "nibp_dia_mmhg": 110})) != {}
    assert judged((0.0, {"nibp_sys_mmhg": 110, "nibp_dia_mmhg": 70})) == {}
    assert judged((0.0, abp(60, 70, 50))) != {}


def test_breaths_that_are_heartbeats_are_rejected_but_never_an_apnoea() -> None:
    assert judged((0.0, {"hr_per_min": 62, "rr_per_min": 60})) == {
        "rr_per_min": "as many breaths as beats (62): heart picked up as breathing"
    }
    assert judged((0.0, {"hr_per_min": 62}), (9.0, {"rr_per_min": 63})) != {}
    assert judged((0.0, {"hr_per_min": 62}), (11.0, {"rr_per_min": 63})) == {}
    assert judged((0.0, {"hr_per_min": 62, "rr_per_min": 59})) == {}
    assert judged((0.0, {"hr_per_min": 16, "rr_per_min": 14})) == {}
    assert judged((0.0, {"hr_per_min": 20, "rr_per_min": 0})) == {}


def test_the_minute_after_a_flush_goes_on_over_a_restart() -> None:
    rules = ArtefactRules()
    rules.judge(abp(290, 287, 284), 10.0)
    kept = json.loads(json.dumps(rules.state(20.0)))
    again = ArtefactRules()
    again.restore(kept, 1.0, away_s=5.0)
    assert again.judge(abp(120, 90, 75), 45.0) != {}
    assert again.judge(abp(120, 90, 75), 46.0) == {}
    assert ArtefactRules().state(0.0) == {}


PLAUSIBLE = st.fixed_dictionaries(
    {}, optional={name: st.floats(one.lowest, one.highest) for name, one in MEASURES.items()}
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 100), PLAUSIBLE), max_size=10))
def test_only_the_measures_with_a_rule_are_ever_rejected_within_their_range(
    messages: list[tuple[float, dict[str, float]]],
) -> None:
    rules, at_s = ArtefactRules(), 0.0
    for step_s, values in messages:
        at_s += step_s
        for measure, why in rules.judge(values, at_s).items():
            assert why
            assert measure in values
            assert measure.startswith(("spo2", "temp", "rr", "nibp", "abp"))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=40)
@given(st.lists(st.integers(40, 100), min_size=3, max_size=40))
def test_a_saturation_that_stays_is_never_withheld_for_more_than_two_seconds(values: list[int]) -> None:
    rules = ArtefactRules()
    withheld = 0
    for second, value in enumerate(values):
        told = rules.judge({"spo2_pct": float(value), "perfusion_pct": 0.1}, float(second))
        withheld = withheld + 1 if told else 0
        assert withheld <= 2
