"""A replay counts alarms, short ones, idle ones and events, and says what another set-up would have lost."""

from __future__ import annotations

import json
import math

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from healthcare.vitals.delays_report import Course, Setup, compare, events, replay
from healthcare.vitals.limits import Limits
from healthcare.vitals.onset import Delays

PLAIN, OURS = Setup(plain=True), Setup()


def course(values: list[float], measure: str = "spo2_pct", every_s: float = 1.0) -> Course:
    return {measure: ([place * every_s for place in range(len(values))], values)}


DIPS = [95.0] * 60 + [86.0] * 4 + [95.0] * 60 + [86.0] * 90 + [95.0] * 60


def test_short_dips_are_alarmed_without_a_delay_and_not_with_it_and_the_event_is_kept() -> None:
    before, after = replay(course(DIPS), PLAIN), replay(course(DIPS), OURS)
    assert [(alarm.begin_s, alarm.end_s) for alarm in before.alarms] == [(60, 64), (124, 214)]
    assert (before.short, len(before.idle), len(before.kept)) == (1, 1, 1)
    assert [(alarm.begin_s, alarm.end_s, alarm.worst) for alarm in after.alarms] == [(139, 219, 86.0)]
    assert (after.short, len(after.idle), len(after.kept), after.missed) == (0, 0, 1, ())


def test_the_comparison_says_what_was_saved_and_that_nothing_was_lost() -> None:
    said = compare(course(DIPS), PLAIN, OURS)
    assert (said["alarms_removed"], said["idle_removed"], said["events_lost"]) == (1, 1, [])
    assert said["after"]["by_code"] == {"spo2-low": 1}
    assert said["before"]["alarms_per_day"] == round(2 / (273 / 86400), 1)
    json.dumps(said, allow_nan=False)


def test_an_event_that_another_set_up_would_lose_is_named() -> None:
    lower = Setup(limits={"spo2_pct": Limits(84, None)}, site=OURS.site)
    burden = replay(course(DIPS), lower, judge_by=OURS)
    assert [(event.measure, event.begin_s, event.worst) for event in burden.missed] == [("spo2_pct", 124.0, 86.0)]


def test_an_event_lasts_a_minute_and_a_gap_does_not_end_it() -> None:
    gap = [86.0] * 40 + [math.nan] * 5 + [86.0] * 16 + [95.0] * 10
    assert [(event.begin_s, event.end_s) for event in events(course(gap), OURS)] == [(0, 60)]
    assert events(course(gap[1:]), OURS) == []
    assert events(course([86.0] * 40 + [math.nan] * 60 + [86.0] * 40), OURS) == []
    assert len(events(course([86.0, 86.0, 95.0], every_s=60.0), OURS)) == 1
    assert events(course([86.0, 95.0], every_s=60.0), OURS) == []


def test_hovering_at_the_limit_is_many_alarms_without_hysteresis_and_one_with_it() -> None:
    hovering = course([118.0, 121.0, 120.0, 121.0] * 100, "hr_per_min")
    assert len(replay(hovering, PLAIN).alarms) == 200
    slow = course([*[121.0] * 12, *[119.0] * 4] * 20, "hr_per_min")
    assert len(replay(slow, PLAIN).alarms) == 20
    assert len(replay(slow, OURS).alarms) == 1


def test_with_one_value_a_minute_no_delay_can_tell_more_and_none_is_added() -> None:
    minutes = course([95.0, 86.0, 95.0, 86.0, 86.0, 95.0], every_s=60.0)
    before, after = replay(minutes, PLAIN), replay(minutes, OURS)
    assert [alarm.begin_s for alarm in before.alarms] == [60, 180]
    assert [alarm.begin_s for alarm in after.alarms] == [75, 195]


def test_rejected_values_are_counted_and_a_flush_is_no_alarm() -> None:
    flushed = [120.0] * 20 + [285.0] * 10 + [120.0] * 80
    line: Course = {
        "abp_sys_mmhg": course(flushed, "abp_sys_mmhg")["abp_sys_mmhg"],
        "abp_dia_mmhg": course([value - 40 if value < 200 else value - 4 for value in flushed], "x")["x"],
    }
    assert [alarm.code for alarm in replay(line, PLAIN).alarms] == ["abp-high"]
    burden = replay(line, OURS)
    assert burden.alarms == ()
    assert burden.rejected["abp_sys_mmhg"] == 69  # ten of the flush, and the minute after its last
    assert replay(course([384.5] * 100, "temp_cel"), PLAIN).alarms == ()


def test_heart_rate_and_pulse_that_differ_are_counted_apart() -> None:
    two: Course = {**course([110.0] * 90, "hr_per_min"), **course([60.0] * 90, "pr_per_min")}
    burden = replay(two, OURS)
    assert (burden.technical, burden.alarms) == (1, ())


def test_nothing_is_nothing() -> None:
    assert replay({}, OURS).as_json()["alarms_per_day"] == 0.0


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=20)
@given(
    st.lists(st.tuples(st.integers(1, 120), st.sampled_from([78.0, 84.0, 87.0, 88.0, 95.0, math.nan])), max_size=6),
    st.sampled_from([0.0, 5.0, 15.0, 30.0]),
)
def test_no_delay_that_a_site_may_choose_loses_an_event(runs: list[tuple[int, float]], delay_s: float) -> None:
    values = [value for seconds, value in runs for _ in range(seconds)]
    setup = Setup(delays=Delays({"spo2-low": delay_s}))
    burden = replay(course(values), setup)
    gaps = any(math.isnan(value) for value in values)
    assert gaps or burden.missed == ()
    assert gaps or len(burden.kept) == len(events(course(values), PLAIN))
