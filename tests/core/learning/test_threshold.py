from collections.abc import Callable
from math import comb

import numpy as np
import pytest
from numpy.typing import NDArray

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


_Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]
_DRAWS: dict[str, _Draw] = {
    "normal": lambda rng, count: rng.normal(3, 0.5, count),
    "skewed": lambda rng, count: rng.gamma(2.0, 2.0, count),
    "heavy": lambda rng, count: rng.standard_t(4, count),
}


@pytest.mark.parametrize("draw", _DRAWS.values(), ids=_DRAWS)
@pytest.mark.parametrize(("count", "rate", "new"), [(20, 0.01, 25), (60, 0.02, 14), (300, 0.01, 100), (40, 0.2, 30)])
def test_new_good_parts_are_rejected_as_often_as_foreseen_and_no_oftener(
    draw: _Draw, count: int, rate: float, new: int
) -> None:
    rng, kept, kept_when_worse = np.random.default_rng(5), 0, 0
    for _ in range(400):
        threshold = choose_threshold(draw(rng, count), range(count), rate)
        low, high = threshold.foreseen95(new)
        assert 0 <= low <= high < new
        scores = draw(rng, new)
        kept += low <= (scores > threshold.value).sum() <= high
        # What a threshold from the pictures taught from does: new parts lie far beyond it.
        kept_when_worse += low <= (scores + 3 * scores.std() > threshold.value).sum() <= high
    assert kept >= 0.95 * 400
    assert kept_when_worse <= 0.35 * 400


def test_what_is_foreseen_is_exact_where_the_threshold_is_a_score() -> None:
    threshold = choose_threshold(np.random.default_rng(0).normal(size=399), range(399), 0.01)
    # Of 400 and 100 parts in any order, 4 and more lie beyond the 396th of the first: by counting the orders.
    beyond = [comb(3 + j, j) * comb(495 - j, 100 - j) / comb(499, 100) for j in range(101)]
    assert sum(beyond) == pytest.approx(1)
    low, high = threshold.foreseen95(100)
    assert sum(beyond[:low]) <= 0.025 < sum(beyond[: low + 1])
    assert sum(beyond[high + 1 :]) <= 0.025 < sum(beyond[high:])


def test_few_parts_foresee_little_and_say_so() -> None:
    threshold = choose_threshold(np.random.default_rng(0).normal(3, 0.5, 20), range(20), 0.01)
    assert (threshold.rejected, threshold.foreseen95(25)) == (0, (0, 5))
    assert threshold.foreseen95(1000)[1] / 1000 == pytest.approx(threshold.interval95[1], abs=0.01)


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
