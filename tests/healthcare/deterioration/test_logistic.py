from __future__ import annotations

import numpy as np
import pytest

from healthcare.deterioration.logistic import fit, probability


def test_weights_that_made_the_events_are_found_again() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal((5.0, -2.0, 0.0), (2.0, 0.5, 1.0), (20_000, 3))
    log_odds = -2.0 + 1.2 * (rows[:, 0] - 5.0) / 2.0 - 0.7 * (rows[:, 1] + 2.0) / 0.5
    found = fit(rows, rng.random(len(rows)) < probability(log_odds), 1.0)
    assert np.allclose(found.weights, (1.2, -0.7, 0.0), atol=0.08)
    assert np.allclose(probability(found.log_odds(rows)), probability(log_odds), atol=0.03)
    assert np.allclose(found.shares(rows).sum(axis=1) + found.intercept, found.log_odds(rows))


def test_a_feature_that_never_changes_and_two_that_are_the_same_do_no_harm() -> None:
    rng = np.random.default_rng(1)
    one = rng.normal(size=500)
    found = fit(np.column_stack((one, one, np.ones(500))), one > 0.3, 1.0)
    assert np.isfinite(found.weights).all() and found.weights[2] == 0.0
    assert found.weights[0] == pytest.approx(found.weights[1])


def test_a_larger_penalty_gives_smaller_weights() -> None:
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(300, 4))
    happened = rows[:, 0] + rng.normal(size=300) > 0
    little, much = fit(rows, happened, 1.0), fit(rows, happened, 300.0)
    assert np.abs(much.weights).sum() < 0.5 * np.abs(little.weights).sum()


@pytest.mark.parametrize("happened", [True, False])
def test_one_kind_of_row_teaches_nothing(happened: bool) -> None:
    with pytest.raises(ValueError, match="rows with an event and rows without one"):
        fit(np.zeros((4, 2)), np.full(4, happened), 1.0)
