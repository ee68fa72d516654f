from __future__ import annotations

import numpy as np
import pytest

from healthcare.deterioration.alerts import Told, lowest_threshold, tally, told
from healthcare.deterioration.stays import Stay
from healthcare.vitals.news2 import PARAMETERS


def stay(hours: int, event_h: float | None = None) -> Stay:
    return Stay("A", np.full((hours, len(PARAMETERS)), np.nan), event_h)


def high_at(hours: int, *at: int) -> np.ndarray:
    scores = np.zeros(hours)
    scores[list(at)] = 1.0
    return scores


def test_an_alert_within_a_day_before_the_event_is_right_and_its_lead_is_that_of_the_first() -> None:
    assert told(stay(48, 48.0), high_at(48, 30, 40), 1.0) == Told(2.0, 0, 17.0)


def test_an_alert_more_than_a_day_before_is_false_and_does_not_hide_the_right_one() -> None:
    assert told(stay(48, 48.0), high_at(48, 5, 40), 1.0) == Told(2.0, 1, 7.0)


def test_a_patient_who_was_told_of_is_quiet_for_six_hours() -> None:
    assert told(stay(24), high_at(24, *range(24)), 1.0).false == 4
    assert told(stay(24), high_at(24, 3, 8), 1.0).false == 1


def test_an_event_without_an_alert_has_no_lead() -> None:
    assert told(stay(48, 48.0), np.zeros(48), 1.0) == Told(2.0, 0, 0.0)
    assert told(stay(48), np.zeros(48), 1.0) == Told(2.0, 0, None)


def test_a_missed_event_counts_in_the_mean_lead_and_not_in_the_median_of_those_told() -> None:
    found = tally([Told(2.0, 0, 8.0), Told(1.0, 2, 0.0), Told(1.0, 0, None)])
    assert (found.events, found.heard, found.sensitivity) == (2, 1, 0.5)
    assert (found.mean_lead_h, found.median_lead_h, found.false_per_day) == (4.0, 8.0, 0.5)


def test_no_events_and_no_days_divide_by_nothing() -> None:
    assert (tally([]).sensitivity, tally([]).false_per_day, tally([]).median_lead_h) == (0.0, 0.0, None)


@pytest.mark.parametrize(("budget", "threshold"), [(10.0, 0.0), (2.0, 1.0), (1.0, 2.0), (0.6, 3.0), (0.4, np.inf)])
def test_the_lowest_threshold_within_the_budget(budget: float, threshold: float) -> None:
    scores = np.zeros(24)
    scores[[1, 9]] = 1.0
    scores[[2, 10]] = 1.0
    scores[[4, 17]] = (2.0, 1.0)
    scores[20] = 0.0
    later = np.zeros(24)
    later[12] = 3.0
    stays = [stay(24), stay(24)]
    found = lowest_threshold(stays, [scores, later], budget)
    counts = {value: tally([told(stays[0], scores, value), told(stays[1], later, value)]).false_per_day
              for value in (0.0, 1.0, 2.0, 3.0)}  # fmt: skip
    assert found == min((value for value, count in counts.items() if count <= budget), default=np.inf)
    assert found == threshold
