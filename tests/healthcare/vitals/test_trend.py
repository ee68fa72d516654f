"""The personal trend: a notice with its reason when several signs moved, seldom, and never of noise."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise

from core.clock import Instant
from healthcare.vitals.trend import Notice, PersonalTrend

START = Instant(1_000.0, 1_780_000_000.0)
Course = Callable[[int], float]


def live(trend: PersonalTrend, courses: dict[str, Course], minutes: range) -> list[tuple[int, Notice]]:
    notices: list[tuple[int, Notice]] = []
    for minute in minutes:
        now = START.plus(60.0 * minute)
        for measure, course in courses.items():
            trend.add(measure, course(minute), now)
        notice = trend.notice(now)
        if notice is not None:
            notices.append((minute, notice))
    return notices


def rising(before: float, after: float, begin: int, takes: int) -> Course:
    """A slow drift with a little regular scatter."""

    def course(minute: int) -> float:
        part = min(max((minute - begin) / takes, 0.0), 1.0)
        return before + part * (after - before) + (minute % 3 - 1) * 0.1

    return course


CALM: dict[str, Course] = {"rr_per_min": lambda m: 15 + m % 3 - 1, "hr_per_min": lambda m: 80 + (m * 7) % 9 - 4}


def test_two_signs_that_drift_together_are_told_with_where_from_and_in_what_time() -> None:
    courses = {**CALM, "rr_per_min": rising(15, 19, 240, 40), "temp_cel": rising(37.4, 38.4, 240, 40)}
    (minute, notice), *later = live(PersonalTrend(), courses, range(300))
    assert 250 < minute < 300
    assert notice.text.startswith("RR 15 to 19, T 37.4 to 38.")
    assert notice.text.endswith(("min", "h"))
    assert notice.measures == ("rr_per_min", "temp_cel")
    assert notice.shown()["at_utc_s"] == START.utc_s + 60 * minute
    assert later == []


def test_a_calm_patient_and_one_sign_that_moved_a_little_tell_nothing() -> None:
    assert live(PersonalTrend(), CALM, range(300)) == []
    assert live(PersonalTrend(), {**CALM, "rr_per_min": rising(15, 19.5, 200, 30)}, range(300)) == []


def test_one_sign_that_moved_far_is_told() -> None:
    found = live(PersonalTrend(), {**CALM, "hr_per_min": rising(80, 125, 200, 20)}, range(240))
    assert len(found) == 1
    assert found[0][1].text.startswith("HR 80 to 1")


def test_saturation_that_gets_better_is_no_notice() -> None:
    assert live(PersonalTrend(), {"spo2_pct": rising(88, 99, 200, 20)}, range(300)) == []
    assert live(PersonalTrend(), {"spo2_pct": rising(99, 88, 200, 20)}, range(240)) != []


def test_a_short_dip_is_no_trend() -> None:
    dip: Course = lambda m: 70.0 if m in (230, 231, 232) else 97.0  # noqa: E731
    assert live(PersonalTrend(), {"spo2_pct": dip}, range(300)) == []


def test_without_enough_of_the_patients_own_hours_nothing_is_told() -> None:
    assert live(PersonalTrend(), {"hr_per_min": rising(80, 140, 30, 10)}, range(70)) == []


def test_at_most_one_notice_in_two_hours() -> None:
    courses = {"hr_per_min": rising(80, 150, 200, 20)}
    found = live(PersonalTrend(), courses, range(200 + 8 * 60))
    assert len(found) <= 4
    assert all(after[0] - before[0] >= 120 for before, after in pairwise(found))


def test_it_goes_on_after_a_restart_and_forgets_with_the_patient() -> None:
    courses = {**CALM, "hr_per_min": rising(80, 125, 200, 20)}
    trend = PersonalTrend()
    live(trend, courses, range(205))
    again = PersonalTrend()
    now = START.plus(205 * 60)
    again.restore(json.loads(json.dumps(trend.state(now))), now)
    assert len(live(again, courses, range(205, 240))) == 1
    again.forget()
    assert live(again, courses, range(240, 280)) == []
