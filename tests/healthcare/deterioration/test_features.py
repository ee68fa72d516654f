from __future__ import annotations

import numpy as np

from healthcare.deterioration.features import ABOUT, HISTORY_H, NAMES, features, news2, news2_points
from healthcare.vitals.news2 import PARAMETERS
from tests.healthcare.deterioration.wards_past import hours, rising


def test_there_is_a_name_and_a_word_for_each() -> None:
    rows = features(hours(30, np.random.default_rng(0)))
    assert rows.shape == (30, len(NAMES)) and len(ABOUT) == len(NAMES) == len(set(NAMES))
    assert np.isfinite(rows).all()


def test_nothing_known_says_nothing() -> None:
    assert not features(np.full((3, len(PARAMETERS)), np.nan)).any()


def test_a_fall_shows_as_a_fall_and_as_points() -> None:
    well = np.tile(np.array([16.0, 97.0, 0.0, 125.0, 76.0, 0.0, 36.9]), (30, 1))
    named = dict(zip(NAMES, features(rising(well, "sys_mmhg", -40.0, 6))[-1].tolist(), strict=True))
    assert named["sys_mmhg fell"] > 1.5 and named["sys_mmhg rose"] == 0.0
    assert named["sys_mmhg points"] == named["NEWS2"] == 3.0
    assert named["pulse_per_min fell"] == named["rr_per_min above"] == 0.0


def test_an_hour_knows_nothing_of_the_hours_after_it() -> None:
    values = hours(40, np.random.default_rng(1))
    changed = values.copy()
    changed[30:] = np.nan
    assert np.array_equal(features(values)[:30], features(changed)[:30])


def test_a_day_and_an_hour_are_enough_for_the_last_row() -> None:
    values = hours(60, np.random.default_rng(2))
    assert np.allclose(features(values)[-1], features(values[-HISTORY_H:])[-1])


def test_news2_is_that_of_the_chart_and_the_least_where_something_is_missing() -> None:
    row = np.array([[25.0, 93.0, 1.0, 100.0, 112.0, 1.0, 38.55]])
    assert news2_points(row)[0].tolist() == [3.0, 2.0, 2.0, 2.0, 2.0, 3.0, 1.0]
    assert news2(row).tolist() == [15.0]
    row[0, 0] = np.nan
    assert news2(row).tolist() == [12.0]
