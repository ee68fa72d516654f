import numpy as np
import pytest

from core.learning.roc import auroc, share_interval


def test_the_area_is_the_share_of_pairs_in_order_with_ties_counting_half() -> None:
    rng = np.random.default_rng(0)
    good, defect = rng.integers(0, 6, 40).astype(float), rng.integers(2, 9, 30).astype(float)
    pairs = [(d > g) + 0.5 * (d == g) for g in good for d in defect]
    assert auroc(good, defect) == pytest.approx(np.mean(pairs))


def test_without_a_side_there_is_no_area() -> None:
    assert auroc(np.array([]), np.array([1.0])) is None
    assert auroc(np.array([1.0]), np.array([])) is None


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [(0, 20, 0.0, 0.16843), (20, 20, 0.83157, 1.0), (4, 20, 0.05733, 0.43661), (0, 0, 0.0, 1.0)],
)
def test_intervals_of_shares_are_exact(hits: int, count: int, low: float, high: float) -> None:
    assert share_interval(hits, count) == pytest.approx((low, high), abs=1e-5)
