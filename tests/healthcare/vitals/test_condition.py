"""Delay and hysteresis of one limit: at any spacing of values, through silence, and over a restart."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from healthcare.vitals.condition import LINGER_S, SILENCE_S, Condition, Rule

LOW = Rule("spo2-low", "spo2_pct", below=True, hysteresis=1.0, clear_s=5.0)
HIGH = Rule("hr-high", "hr_per_min", below=False, hysteresis=2.0, clear_s=5.0)
DESAT = Rule("spo2-desat", "spo2_pct", below=True, hysteresis=1.0, clear_s=5.0, inclusive=True, through_gaps=True)
BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=40)
FRESH_S = 10.0


def low(delay_s: float = 15.0) -> Condition:
    return Condition(LOW, delay_s, 88.0)


def feed(
    condition: Condition,
    values: list[float | None],
    every_s: float = 1.0,
    begin_s: float = 0.0,
    fresh_s: float = FRESH_S,
) -> list[tuple[float, bool]]:
    """Every change, with its time; time alone is let pass as a bed does, at `due_s`."""
    changes: list[tuple[float, bool]] = []

    def note(at_s: float) -> None:
        if (changes[-1][1] if changes else before) is not condition.present:
            changes.append((at_s, condition.present))

    before = condition.present
    for place, value in enumerate(values):
        at_s = begin_s + place * every_s
        while (due_s := condition.due_s()) is not None and due_s < at_s:
            condition.advance(due_s)
            note(due_s)
        condition.observe(value, at_s, fresh_s)
        note(at_s)
    return changes


def test_it_is_present_when_the_delay_is_over_and_keeps_its_worst_value() -> None:
    condition = low()
    assert feed(condition, [95.0, 86.0, 82.0, *[84.0] * 20]) == [(16.0, True)]
    assert (condition.worst, condition.worst_limit) == (82.0, 88.0)


def test_at_the_limit_is_not_out_unless_the_rule_says_so() -> None:
    assert feed(low(), [88.0] * 60) == []
    assert feed(Condition(DESAT, 5.0, 80.0), [80.0] * 10) == [(5.0, True)]
    assert feed(Condition(HIGH, 10.0, 120.0), [120.0] * 60) == []
    assert feed(Condition(HIGH, 10.0, 120.0), [121.0] * 60) == [(10.0, True)]


def test_with_one_value_a_minute_the_delay_does_not_wait_for_the_next() -> None:
    assert feed(low(), [95.0, 84.0, 84.0], every_s=60.0, fresh_s=125.0) == [(75.0, True)]


def test_without_a_delay_each_measurement_decides_by_itself() -> None:
    cuff = Condition(Rule("nibp-low", "nibp_sys_mmhg", below=True), 0.0, 90.0)
    assert feed(cuff, [100.0, 85.0, 86.0, 95.0], every_s=900.0, fresh_s=3600.0) == [(900.0, True), (2700.0, False)]


def test_it_ends_when_back_by_the_hysteresis_for_long_enough() -> None:
    condition = low(0.0)
    assert feed(condition, [84.0, *[89.0] * 20]) == [(0.0, True), (6.0, False)]
    assert condition.worst is None


def test_just_within_the_limit_it_lingers_a_minute() -> None:
    assert feed(low(0.0), [84.0, *[88.0] * 100]) == [(0.0, True), (1.0 + LINGER_S, False)]


def test_values_that_hover_at_the_limit_make_one_alarm_not_many() -> None:
    hovering: list[float | None] = [87.0, 88.0, 88.0, 87.0] * 100
    assert feed(low(0.0), hovering) == [(0.0, True)]


def test_a_rejected_or_missing_value_stops_the_count_and_it_goes_on_after() -> None:
    values: list[float | None] = [84.0] * 8 + [None] * 4 + [84.0] * 20
    assert feed(low(), values) == [(19.0, True)]  # 8 s before, 7 s after


def test_after_a_long_silence_counting_begins_anew() -> None:
    values: list[float | None] = [84.0] * 14 + [None] * 40 + [84.0] * 30
    assert feed(low(), values) == [(54.0 + 15.0, True)]
    assert SILENCE_S < 40


def test_an_old_value_no_longer_counts() -> None:
    condition = low()
    condition.observe(84.0, 0.0, FRESH_S)
    condition.advance(1000.0)
    assert not condition.present
    assert condition.due_s() is None


def test_desaturation_does_not_wait_longer_for_missing_values() -> None:
    for gap in (1, 5, 30):
        values: list[float | None] = [79.0, *[None] * gap, *[79.0] * 20]
        assert feed(Condition(DESAT, 10.0, 80.0), values) == [(10.0, True)]
    alone = Condition(DESAT, 10.0, 80.0)
    alone.observe(79.0, 0.0, 5.0)
    assert alone.due_s() == 10.0
    assert feed(Condition(DESAT, 10.0, 80.0), [79.0, None, 83.0, *[None] * 40]) == []


def test_while_another_speaks_for_it_it_does_not_arise_but_stays_when_there() -> None:
    condition = low()
    condition.held = True
    feed(condition, [84.0] * 60)
    assert not condition.present
    assert condition.due_s() is None
    condition.held = False
    assert condition.due_s() == 59.0
    condition.advance(60.0)
    assert feed(condition, [84.0], begin_s=60.5) == []
    condition.held = True
    condition.advance(61.0)
    assert condition.state(61.0) is not None and condition.worst == 84.0


def test_another_limit_judges_what_speaks_now() -> None:
    condition = low()
    feed(condition, [90.0] * 3)
    condition.set_limit(92.0, 2.5)
    assert feed(condition, [90.0] * 20, begin_s=3.0) == [(17.5, True)] or condition.present
    assert (condition.worst, condition.worst_limit) == (90.0, 92.0)
    condition.set_limit(85.0, 23.0)
    assert condition.present
    condition.observe(90.0, 24.0, FRESH_S)
    condition.advance(28.0)
    assert not condition.present


def test_a_limit_switched_off_ends_it() -> None:
    condition = low(0.0)
    feed(condition, [84.0] * 3)
    condition.set_limit(None, 3.0)
    assert not condition.present
    assert feed(condition, [70.0] * 90, begin_s=4.0) == []


def test_over_a_restart_it_is_still_present_and_what_was_counted_counts() -> None:
    condition = low()
    feed(condition, [84.0] * 11)
    kept = json.loads(json.dumps(condition.state(10.0)))
    again = low()
    again.restore(kept, 500.0, away_s=2.0)
    assert feed(again, [84.0] * 10, begin_s=500.0) == [(505.0, True)]
    kept = json.loads(json.dumps(again.state(509.0)))
    third = low()
    third.restore(kept, 3.0, away_s=300.0)
    third.advance(1000.0)
    assert third.present and third.worst == 84.0


VALUE = st.one_of(st.none(), st.integers(70, 100).map(float))


@BUSY
@given(
    st.lists(st.tuples(st.floats(0.1, 90.0), st.integers(40, 87)), min_size=1, max_size=30),
    st.floats(0.1, 60.0),
    st.floats(1.0, 30.0),
)
def test_a_dip_shorter_than_the_delay_raises_nothing_at_any_spacing(
    run: list[tuple[float, int]], delay_s: float, fresh_s: float
) -> None:
    condition = low(delay_s)
    condition.observe(95.0, 0.0, fresh_s)
    begun_s = at_s = 5.0
    for step_s, value in run:
        if at_s - begun_s >= delay_s - 1e-3:
            break
        condition.observe(float(value), at_s, fresh_s)
        assert not condition.present
        at_s += step_s
    end_s = min(at_s, begun_s + delay_s * 0.999)
    condition.observe(95.0, end_s, fresh_s)
    condition.advance(end_s + 1000.0)
    assert not condition.present


@BUSY
@given(st.lists(st.floats(0.1, 9.9), min_size=1, max_size=60), st.floats(0.0, 30.0))
def test_a_run_as_long_as_the_delay_is_always_present_in_time(steps_s: list[float], delay_s: float) -> None:
    condition = low(delay_s)
    at_s = 0.0
    for step_s in steps_s:
        condition.observe(80.0, at_s, FRESH_S)
        at_s += step_s
    condition.observe(80.0, at_s, FRESH_S)
    assert condition.present is (at_s >= delay_s - 1e-9) or abs(at_s - delay_s) < 1e-6
    if not condition.present:
        due_s = condition.due_s()
        if delay_s - at_s <= FRESH_S - 1e-6:
            assert due_s is not None
            assert abs(due_s - delay_s) < 1e-6


@BUSY
@given(st.lists(st.tuples(st.floats(0.1, 500.0), st.one_of(st.none(), st.integers(40, 87))), max_size=30))
def test_missing_values_never_clear_it(later: list[tuple[float, int | None]]) -> None:
    condition = low(0.0)
    condition.observe(80.0, 0.0, FRESH_S)
    at_s = 0.0
    for step_s, value in later:
        at_s += step_s
        condition.observe(None if value is None else float(value), at_s, FRESH_S)
        assert condition.present


@BUSY
@given(st.lists(st.tuples(st.integers(1, 400), VALUE), min_size=1, max_size=40), st.sampled_from([LOW, DESAT]))
def test_how_often_one_looks_makes_no_difference(told: list[tuple[int, float | None]], rule: Rule) -> None:
    """Steps are eighths of a second, so that sums are exact."""
    seldom, often = Condition(rule, 15.0, 88.0), Condition(rule, 15.0, 88.0)
    at_s = 0.0
    for step, value in told:
        for _ in range(min(step, 100)):
            at_s += step / min(step, 100) // 0.125 * 0.125
            often.advance(at_s)
        seldom.advance(at_s)
        assert seldom.present is often.present
        seldom.observe(value, at_s, FRESH_S)
        often.observe(value, at_s, FRESH_S)
        assert (seldom.present, seldom.worst) == (often.present, often.worst)


@BUSY
@given(st.lists(st.sampled_from([86.0, 87.0, 88.0, 89.0]), min_size=40, max_size=120), st.sampled_from([0.0, 2.0, 5.0]))
def test_it_never_chatters_faster_than_its_way_out_and_back(values: list[float], delay_s: float) -> None:
    changes = feed(low(delay_s), list(values))
    for (before_s, _), (after_s, present) in pairwise(changes):
        assert after_s - before_s >= (delay_s if present else LOW.clear_s) - 1e-6


@pytest.mark.parametrize("every_s", [0.25, 1.0, 7.0, 60.0])
def test_the_delay_is_the_same_at_any_spacing(every_s: float) -> None:
    changes = feed(low(), [95.0, *[84.0] * 200], every_s=every_s, fresh_s=2.5 * every_s + 1)
    assert changes == [(every_s + 15.0, True)]
