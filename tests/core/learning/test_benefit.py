from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from core.learning.benefit import HeadOutcome, Judged, try_head
from core.learning.portrait import PictureFeatures

_GOOD, _RATE = 40, 0.02
_WIDTH = 30


def _judged(
    count: int, seed: int, *, score: float = 3.0, first_part: int = 0, kinds: tuple[str, ...] = (), mark: float = 0.0,
    light: float = 0.0,
) -> Judged:  # fmt: skip
    """`mark` is how far the pooled features lie off those of good parts, each kind in directions of its own."""
    rng = np.random.default_rng(seed)
    pooled = rng.normal(size=(count, _WIDTH))
    named = [kinds[index % len(kinds)] for index in range(count)] if kinds else []
    for index, kind in enumerate(named):
        place = 5 * (sorted(kinds).index(kind))
        pooled[index, place : place + 5] += mark
    features = PictureFeatures(
        pooled.astype(np.float32), _noise(rng, count, 4), _noise(rng, count, _WIDTH), _noise(rng, count, _WIDTH),
        (rng.normal(120, 4, (count, 1)) + light).astype(np.float32),
    )  # fmt: skip
    return Judged(features, rng.normal(score, 0.4, count), range(first_part, first_part + count), named)


def _noise(rng: np.random.Generator, count: int, width: int) -> NDArray[np.float32]:
    return rng.normal(size=(count, width)).astype(np.float32)


def _try(defects: Judged, seed: int = 0) -> HeadOutcome:
    return try_head(_judged(_GOOD, seed), defects, _RATE, seed)


def _defects(count: int = 30, **more: object) -> Judged:
    options = {"score": 3.8, "first_part": 1000, "kinds": ("crack",), "mark": 1.2, **more}
    return _judged(count, 77, **options)  # type: ignore[arg-type]


def test_labels_that_help_switch_the_head_on_and_say_what_they_buy() -> None:
    outcome = _try(_defects())
    assert outcome.on
    assert outcome.with_head is not None
    assert outcome.with_head.recall > outcome.without.recall + 0.1
    assert outcome.with_head.recall_ci95[0] < outcome.with_head.recall < outcome.with_head.recall_ci95[1]
    assert outcome.with_head.auroc_ci95[0] <= outcome.with_head.auroc <= outcome.with_head.auroc_ci95[1]
    assert outcome.threshold is outcome.with_head.threshold
    assert outcome.kinds == {"crack": 30}
    assert outcome.summary.startswith("With 30 labelled defects the inspection finds")


def test_what_was_promised_holds_for_new_parts() -> None:
    outcome = _try(_defects())
    assert outcome.head is not None
    good, defects = _judged(400, 500), _judged(400, 600, score=3.8, kinds=("crack",), mark=1.2)
    rejected = (outcome.head.apply(good.features, good.scores) > outcome.threshold.value).mean()
    found = (outcome.head.apply(defects.features, defects.scores) > outcome.threshold.value).mean()
    assert outcome.with_head is not None
    assert rejected < 0.06
    assert found > outcome.with_head.recall - 0.15


@pytest.mark.slow
def test_labels_that_tell_nothing_leave_the_head_off() -> None:
    on = [_try(_judged(count, 10 + seed, score=3.8, first_part=1000, kinds=("crack",)), seed).on
          for seed in range(8) for count in (6, 30)]  # fmt: skip
    assert sum(on) == 0


def test_a_head_that_stays_off_says_why_and_keeps_the_threshold() -> None:
    outcome = _try(_defects(mark=0.0))
    assert not outcome.on
    assert "may be chance" in outcome.why
    assert outcome.threshold is outcome.without.threshold
    assert outcome.summary.startswith("The 30 labelled defects are not used.")


def test_a_shortcut_keeps_a_head_off_that_looks_good() -> None:
    outcome = _try(_defects(light=20.0))
    assert outcome.with_head is not None
    assert outcome.with_head.recall > outcome.without.recall + 0.1
    assert not outcome.on
    assert "by the brightness alone" in outcome.why


def test_too_few_labels_are_not_tried() -> None:
    outcome = _try(_defects(4))
    assert (outcome.on, outcome.with_head, outcome.labels) == (False, None, 4)
    assert "4 defective parts are too few" in outcome.why


def test_many_pictures_of_few_parts_are_few_labels() -> None:
    defects = _defects(20)
    outcome = _try(replace(defects, parts=[1000 + index // 5 for index in range(20)]))
    assert "4 defective parts are too few" in outcome.why


def test_when_all_are_found_already_nothing_is_added() -> None:
    assert _try(_defects(score=30.0)).why == "All labelled defects are found without them."


def test_a_type_that_would_be_talked_away_when_not_labelled_keeps_the_head_off() -> None:
    defects = _defects(kinds=("crack", "stain"), mark=2.5)
    pooled = defects.features.pooled.copy()
    for index, kind in enumerate(defects.kinds):
        if kind == "stain":  # cracks lie one way, stains the other way: each makes the other look good
            pooled[index, :5] -= 2.0
            pooled[index, 5:10] += 2.5
    opposed = replace(defects, features=replace(defects.features, pooled=pooled))
    outcome = _try(opposed)
    assert set(outcome.left_out) == {"crack", "stain"}
    assert min(outcome.left_out.values()) < -0.012
    assert not outcome.on
    assert "nobody labelled" in outcome.why


def test_the_same_labels_give_the_same_head() -> None:
    one, other = _try(_defects()), _try(_defects())
    assert one.head is not None
    assert other.head is not None
    np.testing.assert_array_equal(one.head.direction, other.head.direction)
    assert one.threshold == other.threshold


@pytest.mark.parametrize("count", [5, 30])
def test_figures_without_the_head_are_those_of_the_scores(count: int) -> None:
    defects = _defects(count)
    outcome = _try(defects)
    found = (defects.scores > outcome.without.threshold.value).mean()
    assert outcome.without.recall == pytest.approx(found)
