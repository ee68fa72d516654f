"""The chart of a bed: the score of its sets and the monitor, and when the next full set is due."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.clock import Instant
from core.errors import RefusedError
from healthcare.vitals.chart import Chart, Due
from healthcare.vitals.news2 import Item
from tests.healthcare.vitals.test_observations import FULL

START = Instant(50_000.0, 1_780_000_000.0)
HOUR = 3600.0
CALM: dict[str, Any] = {**FULL, "oxygen_device": "air", "oxygen_l_per_min": None, "spo2_pct": 97}


def chart(**rest: Any) -> Chart:
    made = Chart()
    made.begin(START, **rest)
    return made


def due(of: Chart) -> Due:
    found = of.due()
    assert found is not None
    return found


def test_the_first_full_set_is_due_half_an_hour_after_admission() -> None:
    assert due(chart()).shown(START) == {
        "what": "First full set", "why": "no full set yet", "at_utc_s": START.utc_s + 1800, "over": False,
    }  # fmt: skip
    assert Chart().due() is None


@pytest.mark.parametrize("facts", [{"age_years": 12}, {"pregnant": True}])
def test_where_news2_does_not_apply_it_asks_for_nothing(facts: dict[str, Any]) -> None:
    assert chart(**facts).due() is None


@pytest.mark.parametrize(
    ("changed", "points", "why", "after_s"),
    [
        ({}, 0, "NEWS2 0, 12-hourly", 12 * HOUR),
        ({"temp_cel": 38.4}, 1, "NEWS2 1, 4-hourly", 4 * HOUR),
        ({"rr_per_min": 26}, 3, "NEWS2 3, hourly", HOUR),
        ({"rr_per_min": 22, "pulse_per_min": 115, "temp_cel": 38.4}, 5, "NEWS2 5, hourly", HOUR),
        ({"rr_per_min": 26, "pulse_per_min": 135, "temp_cel": 38.4}, 7, "NEWS2 7, every 30 min", HOUR / 2),
    ],
)
def test_the_next_full_set_is_due_by_the_score(changed: dict[str, Any], points: int, why: str, after_s: float) -> None:
    bed = chart()
    _, scored = bed.enter({**CALM, **changed}, author="Nurse 14", now=START)
    assert (scored.complete, scored.points) == (True, points)
    assert (due(bed).why, due(bed).at) == (why, START.plus(after_s))
    assert not due(bed).over(START.plus(after_s))
    assert due(bed).over(START.plus(after_s + 1))


def test_a_partial_set_is_no_full_set_but_may_bring_it_forward() -> None:
    bed = chart()
    bed.enter(CALM, author="Nurse 14", now=START)
    bed.enter({"pulse_per_min": 92}, author="Nurse 14", now=START.plus(HOUR / 2))
    assert due(bed).at == START.plus(4 * HOUR)
    two_hours = START.plus(2 * HOUR)
    _, scored = bed.enter({"rr_per_min": 27}, author="Nurse 14", now=two_hours)
    assert not scored.complete
    assert (due(bed).at, due(bed).why) == (two_hours, "NEWS2 at least 3, hourly")


def test_the_monitors_values_of_the_moment_make_a_set_full() -> None:
    bed = chart()
    hand = {"consciousness": "A", "oxygen_device": "air", "temp_cel": 37.0, "nibp_sys_mmhg": 120}
    monitored = [
        Item("rr_per_min", 16, START, "RESP", monitored=True),
        Item("spo2_pct", 97, START, "SpO₂", monitored=True),
        Item("pulse_per_min", 70, START, "ECG", monitored=True),
    ]
    assert bed.enter(hand, author="Nurse 14", now=START, monitored=monitored)[1].complete
    assert due(bed).at == START.plus(12 * HOUR)
    assert bed.score(START.plus(290), monitored).complete
    assert bed.score(START.plus(310), monitored).missing == ("rr_per_min", "spo2_pct", "pulse_per_min")


def test_a_worse_live_score_brings_the_next_set_forward_once_and_lets_it_go_again() -> None:
    bed = chart()
    bed.enter(CALM, author="Nurse 14", now=START)
    later = START.plus(2 * HOUR)
    for minute in range(5):
        now = later.plus(60 * minute)
        assert bed.score(now, [Item("rr_per_min", 27, now, "RESP", monitored=True)]).points == 3
        assert due(bed).at == later
    assert due(bed).over(later.plus(240))
    bed.score(later.plus(600), [Item("rr_per_min", 16, later.plus(600), "RESP", monitored=True)])
    assert due(bed).at == START.plus(12 * HOUR)


def test_the_change_is_against_the_last_full_set_only() -> None:
    bed = chart()
    bed.enter(CALM, author="Nurse 14", now=START)
    bed.enter({"rr_per_min": 27}, author="Nurse 14", now=START.plus(2 * HOUR))
    _, scored = bed.enter({**CALM, "rr_per_min": 22}, author="Nurse 14", now=START.plus(3 * HOUR))
    assert scored.delta == 2


def test_an_old_score_is_never_shown_as_new() -> None:
    bed = chart()
    bed.enter(CALM, author="Nurse 14", now=START)
    assert bed.score(START.plus(HOUR)).complete
    after = bed.score(START.plus(HOUR + 1))
    assert (after.complete, after.points, len(after.missing)) == (False, 0, 7)


def test_a_struck_full_set_counts_no_more_and_the_one_before_it_does() -> None:
    bed = chart()
    bed.enter(CALM, author="Nurse 14", now=START)
    wrong, _ = bed.enter({**CALM, "rr_per_min": 30}, author="Nurse 14", now=START.plus(600))
    assert due(bed).at == START.plus(600 + HOUR)
    struck = bed.strike(wrong.id, who="Nurse 14", reason="wrong bed", now=START.plus(700))
    assert struck in bed.sets
    assert due(bed).at == START.plus(12 * HOUR)
    assert bed.score(START.plus(700)).points == 0
    with pytest.raises(RefusedError, match="no set set-9"):
        bed.strike("set-9", who="Nurse 14", reason="wrong bed", now=START)


def test_a_late_set_is_scored_as_of_its_own_time_and_does_not_pass_for_now() -> None:
    bed = chart()
    now = START.plus(6 * HOUR)
    _, scored = bed.enter({**CALM, "rr_per_min": 30}, author="Nurse 14", now=now, taken_utc_s=START.utc_s)
    assert (scored.complete, scored.points) == (True, 3)
    assert not bed.score(now).complete
    assert due(bed).over(now)


def test_scale_two_needs_who_and_why_and_holds_until_discharge() -> None:
    bed = chart()
    with pytest.raises(RefusedError, match="target of 88-92"):
        bed.set_scale(2, who="Dr 02", role="clinician", reason="", now=START)
    with pytest.raises(RefusedError, match="not 3"):
        bed.set_scale(3, who="Dr 02", role="clinician", reason="x", now=START)
    bed.set_scale(2, who="Dr 02", role="clinician", reason="COPD, target 88-92 %", now=START)
    assert bed.enter({**CALM, "spo2_pct": 90}, author="Nurse 14", now=START)[1].points == 0
    bed.discharge()
    assert (bed.scale.scale, bed.sets, bed.due()) == (1, [], None)


def test_the_chart_is_the_same_after_a_restart_on_another_clock() -> None:
    bed = chart(age_years=67)
    bed.set_scale(2, who="Dr 02", role="clinician", reason="COPD", now=START)
    bed.enter(CALM, author="Nurse 14", now=START)
    bed.enter({"rr_per_min": 27}, author="Nurse 14", now=START.plus(HOUR))
    bed.score(START.plus(HOUR + 60))
    stopped, started = START.plus(2 * HOUR), Instant(3.0, START.utc_s + 2 * HOUR + 40)
    again = Chart()
    again.restore(json.loads(json.dumps(bed.state(stopped))), started)
    assert (due(again).at.utc_s, due(again).why) == (due(bed).at.utc_s, due(bed).why)
    assert due(again).at.since(started) == due(bed).at.since(stopped) - 40
    assert [known.values for known in again.sets] == [known.values for known in bed.sets]
    assert again.scale == bed.scale
    assert again.enter(CALM, author="Nurse 14", now=started)[0].id == "set-3"


def test_sets_of_yesterday_leave_but_the_last_full_one_stays() -> None:
    bed = chart()
    bed.enter(CALM, author="Nurse 14", now=START)
    for hour in range(1, 40):
        bed.enter({"note": "seen"}, author="Nurse 14", now=START.plus(hour * HOUR))
    assert bed.sets[0].id == "set-1"
    assert len(bed.sets) == 28
    assert due(bed).over(START.plus(40 * HOUR))


def test_one_set_is_entered_once() -> None:
    bed = chart()
    bed.enter(CALM, author="Nurse 14", now=START, set_id="form-7")
    with pytest.raises(RefusedError, match="already"):
        bed.enter(CALM, author="Nurse 14", now=START, set_id="form-7")
