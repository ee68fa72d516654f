import numpy as np
import pytest

from core.errors import InputError
from core.learning.threshold import choose_threshold


def test_with_many_parts_the_threshold_is_one_of_their_scores_and_needs_no_distribution() -> None:
    scores = np.random.default_rng(0).permutation(np.arange(1.0, 400.0))
    threshold = choose_threshold(scores, range(399), 0.01)
    assert threshold.proven
    assert threshold.value == 396.0
    assert threshold.expected_rate == pytest.approx(0.01)
    low, high = threshold.interval95
    assert 0.002 < low < 0.01 < high < 0.025


def test_twenty_parts_say_that_they_cannot_prove_one_per_cent() -> None:
    threshold = choose_threshold(np.random.default_rng(0).normal(3, 0.5, 20), range(20), 0.01)
    assert not threshold.proven
    assert "20 good parts cannot prove a rate of 1.0%" in threshold.note
    assert "299 parts would carry it" in threshold.note
    assert threshold.interval95 == pytest.approx((0.0, 0.1684), abs=1e-4)


@pytest.mark.parametrize("count", [5, 20, 60, 400])
def test_a_lower_rate_never_gives_a_lower_threshold(count: int) -> None:
    scores = np.random.default_rng(count).gamma(2, 2, count)
    values = [choose_threshold(scores, range(count), rate).value for rate in np.linspace(0.5, 0.001, 200)]
    assert (np.diff(values) >= 0).all()


@pytest.mark.parametrize(("count", "rate"), [(20, 0.01), (20, 0.05), (60, 0.02), (300, 0.01), (300, 0.05)])
def test_the_rate_that_comes_about_lies_in_the_interval_that_was_promised(count: int, rate: float) -> None:
    rng = np.random.default_rng(7)
    inside, rates = 0, []
    for _ in range(200):
        threshold = choose_threshold(rng.lognormal(1, 0.3, count), range(count), rate)
        realised = (rng.lognormal(1, 0.3, 20_000) > threshold.value).mean()
        rates.append(realised)
        inside += threshold.interval95[0] - 5e-4 <= realised <= threshold.interval95[1] + 5e-4
    assert inside >= 0.93 * 200
    assert np.mean(rates) < rate + 0.02


def test_a_part_counts_once_by_its_worst_picture() -> None:
    scores = np.repeat(np.arange(1.0, 11.0), 4)
    scores[1] = 99.0
    threshold = choose_threshold(scores, np.repeat(np.arange(10), 4).tolist(), 0.3)
    assert threshold.parts == 10
    assert threshold.value == 9.0


@pytest.mark.parametrize("rate", [0.0, -0.1, 0.6, float("nan")])
def test_a_rate_that_cannot_be_kept_is_refused(rate: float) -> None:
    with pytest.raises(InputError, match="cannot be kept"):
        choose_threshold(np.ones(20), range(20), rate)


def test_too_few_parts_say_how_many_are_needed() -> None:
    with pytest.raises(InputError, match="4 good parts are too few for a threshold, at least 5 are needed"):
        choose_threshold(np.ones(8), [0, 0, 1, 1, 2, 2, 3, 3], 0.1)
