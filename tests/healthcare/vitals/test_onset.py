"""What a bed's limits make of its numerics: findings with their text, one alarm for one thing."""

from __future__ import annotations

import json

import pytest

from core.errors import SettingsError
from healthcare.alarms.finding import Finding
from healthcare.alarms.table import ALARM_KINDS
from healthcare.vitals.limits import Limits, SiteLimits
from healthcare.vitals.onset import MISMATCH, MOST_S, RULES, Delays, LimitsOf, Onset

SITE = SiteLimits()


def onset(limits_of: LimitsOf = SITE.default, delays: Delays | None = None) -> Onset:
    return Onset(limits_of, SITE, delays)


def run(
    of: Onset, stream: str, values: list[float | None], begin_s: float = 100.0, every_s: float = 1.0
) -> list[tuple[float, Finding]]:
    """Every change with the second after `begin_s`."""
    found: list[tuple[float, Finding]] = []
    for place, value in enumerate(values):
        at_s = begin_s + place * every_s
        of.observe(stream, value, at_s, 10.0)
        of.advance(at_s)
        found += [(at_s - begin_s, finding) for finding in of.changes()]
    return found


def brief(found: list[tuple[float, Finding]]) -> list[tuple[float, str, bool, str]]:
    return [(at_s, one.code, one.present, one.text) for at_s, one in found]


def test_every_rule_is_in_the_alarm_table_and_has_the_tables_delay() -> None:
    for rule in RULES:
        assert rule.code in ALARM_KINDS
        kind = ALARM_KINDS[rule.code]
        assert Delays().of(rule.code) == (kind.delay_s or (5.0 if rule.code.startswith("extreme") else 0.0))
        assert Delays().of(rule.code) <= MOST_S[rule.code]


@pytest.mark.parametrize(
    ("stream", "value", "after_s", "code", "text"),
    [
        ("hr_per_min", 130.0, 10, "hr-high", "130 > 120 /min"),
        ("hr_per_min", 45.0, 10, "hr-low", "45 < 50 /min"),
        ("hr_per_min", 38.0, 5, "extreme-brady", "38 < 40 /min"),
        ("hr_per_min", 150.0, 5, "extreme-tachy", "150 > 140 /min"),
        ("pr_per_min", 130.0, 10, "pr-high", "130 > 120 /min"),
        ("spo2_pct", 84.0, 15, "spo2-low", "84 < 88 %"),
        ("spo2_pct", 80.0, 5, "spo2-desat", "80 ≤ 80 %"),
        ("rr_per_min", 34.0, 20, "rr-high", "34 > 30 /min"),
        ("rr_per_min", 6.0, 20, "rr-low", "6 < 8 /min"),
        ("rr_per_min", 0.0, 20, "apnoea", "0 < 4 /min"),
        ("nibp_sys_mmhg", 82.0, 0, "nibp-low", "82 < 90 mmHg"),
        ("abp_map_mmhg", 50.0, 10, "abp-low", "mean 50 < 60 mmHg"),
        ("temp_cel", 39.4, 60, "temp-high", "39.4 > 39.0 °C"),
        (MISMATCH, 38.0, 30, "hr-mismatch", "differ by 38 /min"),
    ],
)
def test_each_measure_is_present_after_its_own_delay(
    stream: str, value: float, after_s: float, code: str, text: str
) -> None:
    assert brief(run(onset(), stream, [value] * 70)) == [(after_s, code, True, text)]


def test_the_worst_value_stays_in_the_text_and_a_worse_one_is_told() -> None:
    found = brief(run(onset(), "spo2_pct", [86.0, 84.0, *[86.0] * 16, 83.0, *[90.0] * 6]))
    assert found == [
        (15, "spo2-low", True, "84 < 88 %"),
        (18, "spo2-low", True, "83 < 88 %"),
        (24, "spo2-low", False, "83 < 88 %"),
    ]


def test_a_finding_carries_measure_channel_value_and_limit() -> None:
    ((_, finding),) = run(onset(), "spo2_pct", [84.0] * 17)
    assert finding == Finding("spo2-low", True, "84 < 88 %", 84.0, 88.0, "spo2_pct", "pleth")


def test_desaturation_speaks_for_low_saturation_and_hands_over_to_it() -> None:
    found = brief(run(onset(), "spo2_pct", [*[78.0] * 40, *[84.0] * 30]))
    assert [(code, present) for _, code, present, _ in found] == [
        ("spo2-desat", True), ("spo2-desat", False), ("spo2-low", True),
    ]  # fmt: skip
    assert found[2][3] == "78 < 88 %"


def test_low_saturation_that_was_there_first_stays_beside_desaturation() -> None:
    of = onset()
    run(of, "spo2_pct", [*[85.0] * 20, *[78.0] * 20])
    assert {finding.code for finding in of.present()} == {"spo2-low", "spo2-desat"}


def test_the_pulse_is_alarmed_only_while_no_heart_rate_speaks() -> None:
    of = onset()
    for second in range(40):
        of.observe("hr_per_min", 80.0, 100.0 + second, 10.0)
        of.observe("pr_per_min", 130.0, 100.0 + second, 10.0)
    assert of.changes() == []
    for second in range(40, 60):
        of.observe("hr_per_min", None, 100.0 + second, 10.0)
        of.observe("pr_per_min", 130.0, 100.0 + second, 10.0)
    assert [finding.code for finding in of.changes()] == ["pr-high"]


def test_a_value_is_judged_as_it_is_shown() -> None:
    assert run(onset(), "hr_per_min", [120.4] * 30) == []
    assert brief(run(onset(), "hr_per_min", [120.5] * 11)) == [(10, "hr-high", True, "121 > 120 /min")]


def test_wider_limits_of_a_patient_move_the_extreme_ones_along() -> None:
    def athlete(measure: str) -> Limits:
        return Limits(35, 160) if measure == "hr_per_min" else SITE.default(measure)

    assert run(onset(athlete), "hr_per_min", [38.0] * 30) == []
    assert run(onset(athlete), "hr_per_min", [150.0] * 30) == []
    assert brief(run(onset(athlete), "hr_per_min", [34.0] * 6))[0][1] == "extreme-brady"


def test_new_limits_hold_at_once_and_an_alarm_switched_off_ends() -> None:
    of = onset()
    run(of, "spo2_pct", [86.0] * 20)
    of.limits_changed(lambda measure: Limits(), 121.0)
    assert [(finding.code, finding.present) for finding in of.changes()] == [("spo2-low", False)]
    of.limits_changed(lambda measure: Limits(90, None) if measure == "spo2_pct" else Limits(), 122.0)
    assert brief(run(of, "spo2_pct", [86.0] * 20, begin_s=122.0)) == [(15, "spo2-low", True, "86 < 90 %")]


def test_time_alone_makes_it_present() -> None:
    of = onset()
    of.observe("spo2_pct", 84.0, 100.0, 130.0)
    assert of.due_s() == 115.0
    of.advance(115.0)
    assert [finding.code for finding in of.changes()] == ["spo2-low"]


def test_after_a_restart_it_goes_on_and_tells_nothing_twice() -> None:
    of = onset()
    run(of, "spo2_pct", [84.0] * 20)
    again = onset()
    again.restore(json.loads(json.dumps(of.state(119.0))), 5.0, 3.0)
    assert [finding.text for finding in again.present()] == ["84 < 88 %"]
    assert again.changes() == []
    assert brief(run(again, "spo2_pct", [95.0] * 10, begin_s=6.0)) == [(5, "spo2-low", False, "84 < 88 %")]


def test_what_the_board_holds_ends_here_only_by_values() -> None:
    of = onset()
    of.adopt(
        [
            ("own", "spo2-low", "spo2_pct", ""),
            ("own", "extreme-brady", "hr_per_min", ""),
            ("monitor", "rr-low", "rr_per_min", ""),
        ]
    )
    assert [finding.code for finding in of.present()] == ["spo2-low"]
    assert run(of, "spo2_pct", [None] * 100) == []
    assert brief(run(of, "spo2_pct", [95.0] * 10, begin_s=200.0)) == [(5, "spo2-low", False, "")]


def test_another_patient_begins_with_nothing() -> None:
    of = onset()
    run(of, "spo2_pct", [84.0] * 20)
    of.forget()
    assert [(finding.code, finding.present) for finding in of.changes()] == [("spo2-low", False)]
    assert of.state(120.0) == []
    assert all(not finding.present for finding in of.standing())


@pytest.mark.parametrize("delays", [{"spo2-desat": 10.5}, {"hr-high": 11.0}, {"hr-low": -1.0}, {"asystole": 5.0}])
def test_no_site_may_wait_longer_than_is_safe(delays: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match="delays: "):
        Delays(delays)


def test_a_site_may_choose_its_delays_within_that() -> None:
    assert brief(run(onset(delays=Delays({"spo2-low": 5.0})), "spo2_pct", [84.0] * 9))[0][0] == 5
