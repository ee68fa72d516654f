"""Shrink of four weeks, from variances as they are known now and what was written off."""

from __future__ import annotations

from typing import Any

from retail.work.losses import DAYS, Losses


def _variance(variance: int, document: int = 1, line: int = 1) -> dict[str, Any]:
    return {"document": document, "line": line, "variance": variance}


def test_the_newest_word_on_a_variance_counts() -> None:
    losses = Losses()
    assert losses.found(_variance(-3000), 100, 450)
    assert losses.cents() == 1350
    assert not losses.found(_variance(-1000), 100, 450)  # a delivery that came late explains two of them
    assert losses.cents() == 450


def test_a_surplus_sets_off_a_loss_and_a_write_off_adds_to_it() -> None:
    losses = Losses()
    losses.found(_variance(-4000), 100, 200)
    losses.found(_variance(1000, 2), 100, 200)
    losses.lost({"from": "floor", "to": "shrink", "thousandths": 2000}, 101, 200)
    losses.lost({"from": "floor", "to": "waste", "thousandths": 9000}, 101, 200)
    assert (losses.cents(), losses.on(101)) == (1000, 400)
    assert losses.share(50_000) == 0.02
    assert losses.share(0) is None


def test_what_is_older_than_four_weeks_is_forgotten() -> None:
    losses = Losses()
    losses.found(_variance(-1000), 100, 450)
    losses.found(_variance(-1000, 2), 101, 450)
    losses.begin(100 + DAYS)
    assert losses.cents() == 450
