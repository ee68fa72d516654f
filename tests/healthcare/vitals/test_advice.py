"""What a score, an overdue set and a trend ask for, and that an incomplete score ends nothing."""

from __future__ import annotations

import pytest

from healthcare.alarms.table import ALARM_KINDS
from healthcare.vitals.advice import TREND_SHOWN_S, news2_findings, overdue_finding, trend_finding
from healthcare.vitals.chart import Due
from healthcare.vitals.news2 import score
from healthcare.vitals.trend import Notice
from tests.healthcare.vitals.test_news2 import NOW, items


def flags(changed: dict[str, float | bool | str], *, without: str = "", since: int | None = None) -> dict[str, bool]:
    before = None if since is None else score(items({"rr_per_min": {0: 16, 2: 22, 3: 25}[since]}), NOW)
    some = [item for item in items(changed) if item.parameter != without]
    return {one.code: one.present for one in news2_findings(score(some, NOW, previous=before))}


SEVEN: dict[str, float | bool | str] = {"rr_per_min": 25, "pulse_per_min": 120, "oxygen": True}
FIVE: dict[str, float | bool | str] = {"rr_per_min": 25, "oxygen": True}


def test_five_asks_for_an_urgent_and_seven_for_an_emergency_response() -> None:
    assert flags({}) == {"news2-high": False, "news2-medium": False, "news2-rise": False}
    assert flags(FIVE) == {"news2-high": False, "news2-medium": True, "news2-rise": False}
    assert flags(SEVEN) == {"news2-high": True, "news2-medium": False, "news2-rise": False}
    assert set(flags({})) <= set(ALARM_KINDS)


@pytest.mark.parametrize(("since", "rises"), [(0, True), (2, True), (3, False)])
def test_a_rise_of_two_since_the_last_full_set_is_told(since: int, rises: bool) -> None:
    assert flags({"rr_per_min": 22, "oxygen": True}, since=since)["news2-rise"] is rises


def test_an_incomplete_score_raises_what_is_certain_and_ends_nothing() -> None:
    assert flags(SEVEN, without="temp_cel") == {"news2-high": True, "news2-medium": False}
    assert flags(FIVE, without="temp_cel") == {"news2-medium": True}
    assert flags({}, without="temp_cel") == {}


def test_where_news2_does_not_apply_everything_ends() -> None:
    found = news2_findings(score(items(SEVEN), NOW, pregnant=True))
    assert [one.present for one in found] == [False, False, False]


def test_an_overdue_set_is_said_with_why() -> None:
    due = Due(NOW, "NEWS2 5, hourly")
    assert overdue_finding(due, NOW.plus(1)).text == "Full set: NEWS2 5, hourly"
    assert not overdue_finding(due, NOW).present
    assert not overdue_finding(None, NOW).present


def test_a_trend_stands_for_an_hour() -> None:
    notice = Notice("RR 15 to 19 in 1 h", NOW, ("rr_per_min",))
    assert trend_finding(notice, NOW.plus(TREND_SHOWN_S - 1)).text == "RR 15 to 19 in 1 h"
    assert not trend_finding(notice, NOW.plus(TREND_SHOWN_S)).present
    assert not trend_finding(None, NOW).present
