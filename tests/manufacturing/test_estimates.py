from __future__ import annotations

import pytest

from core.learning.roc import share_interval
from manufacturing.estimates import escapes, false_rejects


def test_false_rejects_are_a_share_of_good_parts_with_the_interval_of_what_was_looked_at() -> None:
    labels = {("false-reject", False): 3, ("right", False): 8, ("other-defect", False): 1, ("right", True): 50}
    estimate = false_rejects(labels, good=960, rejected=40)
    low, high = share_interval(3, 12)
    assert (estimate.hits, estimate.looked_at) == (3, 12)
    assert estimate.share == pytest.approx(10 / 970)
    assert (estimate.low, estimate.high) == pytest.approx((low * 40 / (960 + low * 40), high * 40 / (960 + high * 40)))


def test_when_every_reject_was_looked_at_nothing_is_guessed() -> None:
    estimate = false_rejects({("false-reject", False): 1, ("right", False): 3}, good=99, rejected=4)
    assert estimate.share == estimate.low == estimate.high == 0.01


def test_without_labels_there_is_no_estimate() -> None:
    assert false_rejects({}, 100, 5).share is None
    assert escapes({}).share is None


def test_escapes_are_a_share_of_the_bad_parts_that_people_saw() -> None:
    estimate = escapes(
        {("missed-defect", True): 3, ("right", False): 37, ("right", True): 9, ("false-reject", False): 2}
    )
    assert (estimate.hits, estimate.looked_at) == (3, 40)
    assert (estimate.low, estimate.high) == pytest.approx(share_interval(3, 40))
