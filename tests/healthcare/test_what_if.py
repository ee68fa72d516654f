"""Replaying runs of values gives the alarms that value by value gives, and other limits and delays what they would."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from healthcare.vitals.delays_report import Setup
from healthcare.vitals.delays_report import replay as value_by_value
from healthcare.vitals.limits import Limits
from healthcare.vitals.onset import Delays
from healthcare.what_if import ADJUSTABLE, SPOKEN_FOR, BedPast, LimitsSet, Points, Rules, Span, Tried, replay, spoken_s

NOTHING: Points = (np.empty(0), np.empty(0))
LOW = ("spo2-low",)


def past(values: Sequence[float], measure: str = "spo2_pct", every_s: float = 1.0, **more: object) -> BedPast:
    times = np.arange(len(values), dtype=np.float64) * every_s
    courses: Mapping[str, Points] = {measure: (times, np.array(values, np.float64))}
    given: dict[str, object] = {"begin_s": 0.0, "end_s": len(values) * every_s} | more
    return BedPast("bed-7", lambda name: courses.get(name, NOTHING), **given)  # type: ignore[arg-type]


def told(spans: Sequence[Span]) -> list[tuple[str, float, float]]:
    return [(span.code, round(span.begin_s, 3), round(span.end_s, 3)) for span in spans]


DIPS = [95.0] * 60 + [86.0] * 20 + [95.0] * 60 + [86.0] * 90 + [95.0] * 60


def test_a_dip_alarms_after_its_delay_and_until_it_is_back_for_long_enough() -> None:
    assert told(replay(past(DIPS), Rules(), LOW)) == [("spo2-low", 75, 85), ("spo2-low", 155, 235)]


def test_a_longer_delay_takes_the_short_one_away_and_comes_later_in_the_long_one() -> None:
    longer = Rules().with_change(Tried(delays={"spo2-low": 30.0}))
    assert told(replay(past(DIPS), longer, LOW)) == [("spo2-low", 170, 235)]


def test_a_lower_limit_takes_away_what_is_not_below_it() -> None:
    assert replay(past(DIPS), Rules().with_change(Tried(limits={"spo2-low": 85.0})), LOW) == []


def test_a_desaturation_comes_as_soon_under_every_change() -> None:
    deep = past([95.0] * 60 + [78.0] * 60 + [95.0] * 60)
    changed = Rules().with_change(Tried({"spo2-low": 30.0}, {"spo2-low": 82.0}))
    for rules in (Rules(), changed):
        assert ("spo2-desat", 65, 125) in told(replay(deep, rules, LOW))


def test_a_patients_own_limits_hold_from_when_they_were_set_until_they_ended() -> None:
    own = (LimitsSet(0.0, "spo2_pct", Limits(84, None)), LimitsSet(130.0, "spo2_pct", None))
    assert told(replay(past(DIPS, own_limits=own), Rules(), LOW)) == [("spo2-low", 155, 235)]


def test_an_alarm_ends_when_the_patient_leaves_and_the_next_one_begins_anew() -> None:
    assert told(replay(past(DIPS, left_s=(160.0,)), Rules(), LOW))[1:] == [
        ("spo2-low", 155, 160),
        ("spo2-low", 175, 235),
    ]


def test_in_standby_nothing_begins_and_what_still_holds_begins_at_its_end() -> None:
    watched = past(DIPS, standby=((70.0, 90.0), (150.0, 200.0)))
    assert told(replay(watched, Rules(), LOW)) == [("spo2-low", 200, 235)]


def test_a_bed_without_values_has_no_alarms() -> None:
    assert replay(past([]), Rules(), tuple(ADJUSTABLE)) == []


def test_a_gap_ends_no_alarm_and_a_long_one_begins_the_count_anew() -> None:
    gap = [95.0] * 20 + [86.0] * 10 + [math.nan] * 30 + [86.0] * 20 + [95.0] * 20
    assert told(replay(past(gap), Rules(), LOW)) == [("spo2-low", 75, 85)]


def test_hours_with_values_leave_out_what_was_missing() -> None:
    times = np.array([0.0, 1.0, 2.0, 60.0])
    assert spoken_s(times, np.array([95.0, math.nan, 95.0, 95.0]), 10.0, 65.0) == 1 + 10 + 5


@pytest.mark.parametrize(
    "tried",
    [
        ({"spo2-desat": 10.0}, {}),
        ({"asystole": 5.0}, {}),
        ({"spo2-low": 31.0}, {}),
        ({}, {"spo2-low": 80.0}),
        ({}, {"hr-high": 150.0}),
        ({}, {"apnoea": 3.0}),
    ],
)
def test_what_must_not_wait_cannot_be_tried(tried: tuple[dict[str, float], dict[str, float]]) -> None:
    with pytest.raises(InputError):
        Tried(*tried)


def test_no_limit_that_may_be_tried_moves_one_that_never_changes() -> None:
    site = Rules().site
    assert ADJUSTABLE["spo2-low"].least > site.desat_pct
    assert ADJUSTABLE["hr-low"].least >= site.extreme_low_per_min
    assert ADJUSTABLE["hr-high"].most <= site.extreme_high_per_min
    assert ADJUSTABLE["rr-low"].least > site.apnoea_below_per_min


_LEVELS = {
    "spo2_pct": (78, 80, 86, 87, 88, 89, 95),
    "rr_per_min": (3, 5, 7, 8, 9, 16, 30, 31, 33),
    "hr_per_min": (38, 41, 43, 49, 50, 53, 75, 119, 121, 139, 141),
}


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_runs_give_what_value_by_value_gives(data: st.DataObject) -> None:
    """Over steps of any length, with gaps, at one value a second."""
    measure = data.draw(st.sampled_from(sorted(_LEVELS)))
    level = st.one_of(st.sampled_from(_LEVELS[measure]), st.just(math.nan))
    steps = data.draw(st.lists(st.tuples(level, st.integers(1, 70)), min_size=1, max_size=14))
    values = [float(value) for value, lasts in steps for _ in range(lasts)]
    codes = tuple(code for code, one in ADJUSTABLE.items() if one.measure == measure)
    delays = Delays({code: data.draw(st.sampled_from((0.0, 5.0, 10.0))) for code in codes})
    recorded = past(values, measure)
    ours = replay(recorded, Rules(delays=delays), codes)
    course = {measure: (list(map(float, range(len(values)))), values)}
    slow = [
        (alarm.code, alarm.begin_s, alarm.end_s)
        for alarm in value_by_value(course, Setup(delays=delays)).alarms
        if alarm.code in (*codes, *SPOKEN_FOR.values())
    ]
    last_s = len(values) - 1.0  # value by value ends with the last value, a run a second after it
    mine = [(code, begin, min(end, last_s)) for code, begin, end in told(ours) if begin <= last_s]
    assert sorted(mine) == sorted((code, round(begin, 3), round(end, 3)) for code, begin, end in slow)
