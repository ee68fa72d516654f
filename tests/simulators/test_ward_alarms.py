from __future__ import annotations

from dataclasses import replace

import pytest

from simulators.physiology import Numerics
from simulators.scenarios import Baseline, Condition, condition_at, make_episode
from simulators.ward_alarms import Limits, MonitorAlarms

CALM = Numerics(76.0, 76.0, 97.0, 15.0, 2.0, 0.0)


def condition(*kinds: str) -> Condition:
    return condition_at(Baseline(), [make_episode(kind, 1, 0) for kind in kinds], 1.0, (0, 0, 0))


def told(alarms: MonitorAlarms, numerics: Numerics, *kinds: str, seconds: range) -> list[tuple[int, str, str]]:
    found = []
    for second in seconds:
        found += [(second, rule.name, note.phase) for rule, note in alarms.check(second, numerics, condition(*kinds))]
    return found


def test_a_calm_patient_raises_nothing() -> None:
    assert told(MonitorAlarms("1", Limits()), CALM, seconds=range(100)) == []


def test_a_limit_is_told_after_its_delay_again_and_again_and_when_it_is_over() -> None:
    alarms = MonitorAlarms("007", Limits())
    low = replace(CALM, spo2_pct=84.0)
    assert told(alarms, low, seconds=range(35)) == [
        (10, "spo2-low", "start"), (20, "spo2-low", "continue"), (30, "spo2-low", "continue"),
    ]  # fmt: skip
    assert told(alarms, CALM, seconds=range(35, 60)) == [(35, "spo2-low", "end")]


def test_what_ends_before_its_delay_is_never_told() -> None:
    alarms = MonitorAlarms("1", Limits())
    assert told(alarms, replace(CALM, hr_per_min=140.0), seconds=range(4)) == []
    assert told(alarms, CALM, seconds=range(4, 60)) == []


def test_each_alarm_has_its_own_id_and_counts_its_messages() -> None:
    alarms = MonitorAlarms("007", Limits())
    notes = []
    for numerics, seconds in ((replace(CALM, hr_per_min=140.0), range(30)), (CALM, range(30, 31)),
                              (replace(CALM, hr_per_min=41.0), range(31, 45))):  # fmt: skip
        for second in seconds:
            notes += [note for _, note in alarms.check(second, numerics, condition())]
    assert [(note.id, note.sequence, note.phase) for note in notes] == [
        ("007-0001", 0, "start"), ("007-0001", 1, "continue"), ("007-0001", 2, "continue"), ("007-0001", 3, "end"),
        ("007-0002", 0, "start"),
    ]  # fmt: skip
    assert (notes[0].value, notes[0].limits, notes[0].abnormality) == (140.0, "50-130", "H")


@pytest.mark.parametrize("kind", ["vf", "asystole", "vt"])
def test_a_deadly_rhythm_is_of_high_priority_within_five_seconds(kind: str) -> None:
    alarms = MonitorAlarms("1", Limits())
    found = [
        (second, note)
        for second in range(8)
        for rule, note in alarms.check(second, CALM, condition(kind))
        if rule.name == kind
    ]
    assert found[0][0] <= 5
    assert found[0][1].priority == "PH"


def test_without_leads_there_is_a_technical_alarm_and_no_rhythm() -> None:
    off = replace(CALM, hr_per_min=None, rr_per_min=None)
    assert {
        name for _, name, _ in told(MonitorAlarms("1", Limits()), off, "asystole", "leads-off", seconds=range(30))
    } == {"leads-off"}


def test_a_deep_desaturation_is_another_alarm_than_a_low_value() -> None:
    names = {name for _, name, _ in told(MonitorAlarms("1", Limits()), replace(CALM, spo2_pct=79.6), seconds=range(20))}
    assert names == {"desat"}
    assert told(MonitorAlarms("1", Limits(spo2_low=85)), replace(CALM, spo2_pct=86.0), seconds=range(20)) == []


def test_standby_ends_what_runs_and_so_does_leaving() -> None:
    fast = replace(CALM, hr_per_min=150.0)
    alarms = MonitorAlarms("1", Limits())
    assert told(alarms, fast, seconds=range(6)) == [(5, "hr-high", "start")]
    assert told(alarms, fast, "standby", seconds=range(6, 30)) == [(6, "hr-high", "end")]
    assert told(alarms, fast, seconds=range(30, 36)) == [(35, "hr-high", "start")]
    assert [(rule.name, note.phase) for rule, note in alarms.end_all()] == [("hr-high", "end")]
    assert alarms.end_all() == []
