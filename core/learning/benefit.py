"""What labelled defects buy: the inspection's figures without and with a head, and whether the head may be used.

Everything is told by parts that neither the Gaussian nor the head was taught from. The head is switched on only when
the defects that are found at the wished false-reject rate really become more, and nothing speaks against it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.learning.discriminant import discriminate
from core.learning.head import Gauge, Head, Scores, folds_of, out_of_fold, weight_for
from core.learning.portrait import PictureFeatures, joined
from core.learning.roc import auroc, share_interval
from core.learning.shortcut import ShortcutCheck, check_shortcut
from core.learning.threshold import Threshold, choose_threshold, doubtful_of

#: Fewer defective parts say nothing about what they have in common.
FEWEST_DEFECTS = 5
#: A type of defect that was not labelled may lose so much AUROC.
MOST_LOST = 0.012
#: Types with fewer defects are not tried: their AUROC would be luck.
_FEWEST_OF_KIND = 3
_FOLDS, _REPEATS = 10, 4
_DRAWS = 400
#: In so many of the random draws recall, and AUROC, must not be less. With heads that were taught from noise, on three
#: sets and 5, 10 and 30 labels, these two and one defect more let 2 of 360 through; none that passed cost recall.
_SURE_OF_RECALL, _SURE_OF_AUROC = 0.9, 0.95

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Judged:
    """Pictures with what a head sees of them, their `scores` without it, and the `parts` that they show.

    Good ones were held out when they were scored. `kinds` are types of defects, empty for good parts.
    """

    features: PictureFeatures
    scores: Scores
    parts: Sequence[int]
    kinds: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """Recall is the share of labelled defects beyond `threshold`; intervals are of 95 %."""

    threshold: Threshold
    recall: float
    recall_ci95: Interval
    auroc: float
    auroc_ci95: Interval


@dataclass(frozen=True, slots=True)
class HeadOutcome:
    """`head` is None while it stays off; `candidate` is what was tried, to be measured and never to be judged by.

    `why` tells a person why, `summary` what the labels bought. `left_out` is the change of a type's AUROC when it alone
    is not labelled. `with_head` is cross-validated, also where the head stays off; None with too few labels.
    `good_scores` and `defect_scores` are those to judge by, of the pictures in their order: without the head, or where
    it is on, each by a head that was taught without its part.
    """

    head: Head | None
    candidate: Head | None
    why: str
    labels: int
    kinds: Mapping[str, int]
    without: Figures
    with_head: Figures | None
    left_out: Mapping[str, float]
    shortcut: ShortcutCheck | None
    good_scores: Scores = field(repr=False)
    defect_scores: Scores = field(repr=False)

    @property
    def on(self) -> bool:
        return self.head is not None

    @property
    def threshold(self) -> Threshold:
        """The one to judge by."""
        figures = self.without if self.head is None or self.with_head is None else self.with_head
        return figures.threshold

    @property
    def summary(self) -> str:
        if self.with_head is None or not self.on:
            return f"The {self.labels} labelled defects are not used. {self.why}"
        before, after = (round(figures.recall * self.labels) for figures in (self.without, self.with_head))
        low, high = self.with_head.recall_ci95
        return (
            f"With {self.labels} labelled defects the inspection finds {after} of them instead of {before} "
            f"({low:.0%} to {high:.0%}, 95 % sure) at the same rate of false rejects. {self.why}"
        )


def try_head(good: Judged, defects: Judged, rate: float, seed: int = 0) -> HeadOutcome:
    """Whether `defects`, labelled by people, make the inspection better at a false-reject rate of `rate`, and how much.

    `rate` and `good` as for `choose_threshold`, which raises InputError for too few parts.
    """
    counts = {kind: list(defects.kinds).count(kind) for kind in sorted(set(defects.kinds))}
    parts = len(set(defects.parts))
    if parts < FEWEST_DEFECTS:
        why = f"{parts} defective parts are too few to learn from, at least {FEWEST_DEFECTS} are needed."
        plain = _figures(good, defects, [(good.scores, defects.scores)], rate, seed)
        scores = good.scores, defects.scores
        return HeadOutcome(None, None, why, len(defects.scores), counts, plain[0], None, {}, None, *scores)
    trial = _Trial(good, defects, rate, seed)
    shortcut = check_shortcut(good.features, good.parts, defects.features, defects.parts, seed=seed)
    without, sure = trial.without, trial.sure()
    left_out = trial.left_out()
    why = _objection(without, trial.with_head, sure, left_out, shortcut, len(defects.scores))
    candidate = trial.head()
    head = None if why else candidate
    return HeadOutcome(
        head,
        candidate,
        why or _praise(sure, left_out),
        len(defects.scores),
        counts,
        without,
        trial.with_head,
        left_out,
        shortcut,
        *((good.scores, defects.scores) if why else trial.middle),
    )


def _objection(
    without: Figures, with_head: Figures, sure: tuple[float, float], left_out: Mapping[str, float],
    shortcut: ShortcutCheck, labels: int,
) -> str:  # fmt: skip
    """Why the head stays off, the gravest reason first; empty when nothing speaks against it."""
    if not shortcut.passed:
        return shortcut.why
    gained = (with_head.recall - without.recall) * labels
    if without.recall == 1:
        return "All labelled defects are found without them."
    if gained < 1 or sure[0] < _SURE_OF_RECALL or sure[1] < _SURE_OF_AUROC:
        return (
            f"They would not surely find more: {without.recall:.0%} of the labelled defects are found without them, "
            f"{with_head.recall:.0%} with them, and that may be chance. More labels would tell."
        )
    lost = min(left_out.values(), default=0.0)
    if lost < -MOST_LOST:
        kind = min(left_out, key=lambda kind: left_out[kind])
        return (
            f"Defects of a type that nobody labelled would be found less well: '{kind}' loses {-lost:.3f} of its AUROC "
            "when only the other types are labelled."
        )
    return ""


def _praise(sure: tuple[float, float], left_out: Mapping[str, float]) -> str:
    text = f"In {sure[0]:.0%} of {_DRAWS} random draws of the parts it finds no fewer."
    if left_out:
        text += f" A type that was not labelled changes by {min(left_out.values()):+.3f} AUROC or more."
    return text


class _Trial:
    """One head, cross-validated over and over by part, and its scores of every picture from the other folds."""

    def __init__(self, good: Judged, defects: Judged, rate: float, seed: int) -> None:
        self._good, self._defects, self._rate, self._seed = good, defects, rate, seed
        self._x = joined([good.features, defects.features]).seen
        self._parts = [*good.parts, *defects.parts]
        self._defect = np.arange(len(self._parts)) >= len(good.scores)
        self._weight = weight_for(len(set(defects.parts)))
        self._values = [self._held_out(self._defect, repeat) for repeat in range(_REPEATS)]
        self._plain = [(good.scores, defects.scores)]
        self._finals = [self._final(values) for values in self._values]
        self.without, self._without_draws = _figures(good, defects, self._plain, rate, seed)
        self.with_head, self._with_draws = _figures(good, defects, self._finals, rate, seed)
        self.middle = self._finals[_middle(_thresholds(good, self._finals, rate))]

    def _held_out(self, rows: NDArray[np.bool_], repeat: int) -> Scores:
        folds = min(_FOLDS, len(set(self._defects.parts)))
        return out_of_fold(self._x, rows, folds_of(self._parts, rows, folds, self._seed + repeat))

    def _final(self, values: Scores) -> tuple[Scores, Scores]:
        gauge = Gauge.of(values[~self._defect], self._good.scores, self._weight)
        added = gauge.contribution(values)
        return self._good.scores + added[~self._defect], self._defects.scores + added[self._defect]

    def sure(self) -> tuple[float, float]:
        """The shares of random draws of parts in which recall, and AUROC, are not less than without the head."""
        not_less = (self._with_draws >= self._without_draws).mean(0)
        return float(not_less[0]), float(not_less[1])

    def left_out(self) -> dict[str, float]:
        """Per type: the change of its AUROC by a head that was shown the other types alone."""
        kinds = np.array(self._defects.kinds, dtype=object)
        changes = {}
        for kind in sorted(set(kinds.tolist())):
            own = kinds == kind
            others = {part for part, mine in zip(self._defects.parts, own, strict=True) if not mine}
            if own.sum() < _FEWEST_OF_KIND or len(others) < FEWEST_DEFECTS:
                continue
            changes[kind] = self._change_of(own, len(others))
        return changes

    def _change_of(self, own: NDArray[np.bool_], others: int) -> float:
        """Step by step as for the whole: held-out good parts give the gauge, all others the head."""
        rows = np.concatenate([np.ones(len(self._good.scores), bool), ~own])
        x, parts = self._x[rows], [part for part, kept in zip(self._parts, rows, strict=True) if kept]
        defect = self._defect[rows]
        values = out_of_fold(x, defect, folds_of(parts, defect, min(_FOLDS, others), self._seed))
        gauge = Gauge.of(values[~defect], self._good.scores, weight_for(others))
        unseen = gauge.contribution(discriminate(x, defect).values(self._x[~rows]))
        scores = self._defects.scores[own]
        after = auroc(self._good.scores + gauge.contribution(values[~defect]), scores + unseen)
        return float((after or 0.0) - (auroc(self._good.scores, scores) or 0.0))

    def head(self) -> Head:
        """Taught from every picture, gauged by the mean of what the good parts got from the other folds."""
        good_values = np.concatenate([values[~self._defect] for values in self._values])
        gauge = Gauge.of(good_values, self._good.scores, self._weight)
        return gauge.head(discriminate(self._x, self._defect))


def _figures(
    good: Judged, defects: Judged, finals: Sequence[tuple[Scores, Scores]], rate: float, seed: int
) -> tuple[Figures, NDArray[np.float64]]:
    """The figures of repeated cross-validations, and in each of many random draws of the parts."""
    thresholds = _thresholds(good, finals, rate)
    limits = [threshold.value for threshold in thresholds]
    recalls = [float((found > limit).mean()) for limit, (_, found) in zip(limits, finals, strict=True)]
    areas = [auroc(scores, found) or 0.0 for scores, found in finals]
    recall, count = float(np.mean(recalls)), len(defects.scores)
    drawn = _draws(good, defects, finals, rate, seed)
    low, high = np.quantile(drawn[:, 1], [0.025, 0.975])
    figures = Figures(
        thresholds[_middle(thresholds)], recall, share_interval(round(recall * count), count), float(np.mean(areas)),
        (float(low), float(high)),
    )  # fmt: skip
    return figures, drawn


def _thresholds(good: Judged, finals: Sequence[tuple[Scores, Scores]], rate: float) -> list[Threshold]:
    return [choose_threshold(scores, good.parts, rate, doubtful_of(scores)) for scores, _ in finals]


def _middle(thresholds: Sequence[Threshold]) -> int:
    return sorted(range(len(thresholds)), key=lambda index: thresholds[index].value)[len(thresholds) // 2]


def _draws(
    good: Judged, defects: Judged, finals: Sequence[tuple[Scores, Scores]], rate: float, seed: int
) -> NDArray[np.float64]:
    """Draws x (recall, AUROC), parts drawn with replacement, the same ones whatever the scores; bootstrap by part."""
    rng = np.random.default_rng(seed)
    of_good, of_defects = _rows_of(good.parts), _rows_of(defects.parts)
    result = np.empty((_DRAWS, 2))
    for draw in range(_DRAWS):
        scores, found = finals[draw % len(finals)]
        drawn = [of_good[index] for index in rng.integers(len(of_good), size=len(of_good))]
        parts = np.repeat(np.arange(len(drawn)), [len(rows) for rows in drawn])
        chosen = scores[np.concatenate(drawn)]
        flawed = found[np.concatenate([of_defects[i] for i in rng.integers(len(of_defects), size=len(of_defects))])]
        limit = choose_threshold(chosen, parts.tolist(), rate, doubtful_of(chosen)).value
        result[draw] = (flawed > limit).mean(), auroc(chosen, flawed) or 0.0
    return result


def _rows_of(parts: Sequence[int]) -> list[NDArray[np.intp]]:
    parts_of = np.asarray(parts)
    return [np.flatnonzero(parts_of == part) for part in np.unique(parts_of)]
