import numpy as np
import pytest

from core.learning.place_scoring import held_out_scores, norm_of, top_mean


def _maps() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values of 9 rows of 40 positions at 4 places, each place with its own mean."""
    rng = np.random.default_rng(1)
    places = np.tile(np.repeat(np.arange(4), 10), 9)
    return rng.normal(size=360) + 3.0 * places, places, np.repeat(np.arange(9), 40)


def test_what_is_usual_at_a_place_is_near_nothing() -> None:
    values, places, _ = _maps()
    standard = norm_of(values, places, 4).standardise(values, places)
    for place in range(4):
        assert standard[places == place].mean() == pytest.approx(0, abs=1e-9)


def test_a_score_is_the_mean_of_the_hottest() -> None:
    assert top_mean(np.arange(100.0)) == 98.0
    assert top_mean(np.array([1.0, 5.0])) == 5.0


def test_a_row_is_judged_by_a_norm_without_its_part_and_without_ghosts() -> None:
    values, places, rows = _maps()
    parts = np.minimum(rows, 7)  # rows 7 and 8 show one part
    usual = rows != 4
    scores = held_out_scores(values, places, rows, parts, usual, 4)
    for row in range(9):
        others = usual & (parts != min(row, 7))
        norm = norm_of(values[others], places[others], 4)
        assert scores[row] == pytest.approx(top_mean(norm.standardise(values[rows == row], places[rows == row])))


def test_a_small_map_is_scored_by_its_hottest_position() -> None:
    assert top_mean(np.array([1.0, 5.0, 2.0])) == 5.0
