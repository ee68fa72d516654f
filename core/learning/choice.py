"""Chooses the plan: good pictures, held out by part, against themselves with made-up defects.

1. Some of the good parts, and a made-up defect of every kind on each, are looked at through every view.
2. Each view is fitted to the others' pictures; its figure is the mean AUROC of the kinds of defects.
3. A view that is less simple is taken only where its gain is clear beside its own uncertainty.
4. The same for copies of the pictures, through the view that was taken.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.learning.defects import KINDS, flawed
from core.learning.inspector import Places
from core.learning.looking import Features, Looker
from core.learning.pictures import Image
from core.learning.place_gaussian import Fitted, Row, Vectors, fit_and_judge
from core.learning.place_scoring import held_out_scores
from core.learning.plan import Plan, TeachSettings, propose_views, propose_ways
from core.learning.view import WHOLE, Box

#: So many pictures are tried with; more would cost time and change little.
TRIED_PICTURES = 40
_FOLDS = 3
#: A gain below this, or below half of its own standard error, is none.
_LEAST_GAIN = 0.004
_GAIN_ERRORS = 0.5
#: Where quarter turns lose this much, eighths are not tried.
_HOPELESS = 0.004
#: While trying, so many directions: up to so many pictures and copies, leaving parts out is exact and costs one fit.
_TRIED_RANK = 240


@dataclass(frozen=True, slots=True)
class Sample:
    """A good picture that is tried with: its pixels, their hash, its part."""

    image: Image
    pixels: bytes
    part: int


@dataclass(frozen=True, slots=True)
class Trial:
    """How well a plan told made-up defects from good parts; `by_part` is the AUROC of each part's defects."""

    plan: Plan
    auroc: float
    by_part: NDArray[np.float64] = field(repr=False)
    cpu_s: float

    @property
    def words(self) -> str:
        return f"{self.plan.words}: {self.auroc:.3f}"


@dataclass(frozen=True, slots=True)
class Choice:
    """The plan taken and every trial that led to it; no trials where there was nothing to choose."""

    plan: Plan
    trials: tuple[Trial, ...]

    @property
    def words(self) -> str:
        """For a person: what was taken, and the AUROC on made-up defects of everything that was tried."""
        if not self.trials:
            return f"{self.plan.words}."
        return f"{self.plan.words}. Tried on made-up defects (AUROC): " + "; ".join(one.words for one in self.trials)


def choose_plan(
    samples: Sequence[Sample], looker: Looker, settings: TeachSettings, tell: Callable[[float, str], None]
) -> Choice:
    """`tell` hears how far it is."""
    views = propose_views([sample.image for sample in samples], settings)
    ways = propose_ways(settings)
    if len(views) == len(ways) == 1:
        return Choice(Plan.of(views[0], ways[0], settings), ())
    region = settings.region or min((seen.view.region for seen in views), key=lambda box: box[2] * box[3])
    ghosts = _ghosts(samples, region if region != WHOLE else WHOLE)
    steps, done = len(views) + len(ways), 0
    trials: list[Trial] = []

    def tried(plan: Plan) -> Trial:
        nonlocal done
        tell(done / steps, f"Trying: {plan.words}")
        done += 1
        known = next((one for one in trials if one.plan == plan), None)
        if known is None:
            known = try_plan(plan, samples, ghosts, looker)
            trials.append(known)
        return known

    first = "shifts" if "shifts" in ways and len(views) > 1 else ways[0]
    best = _best([tried(Plan.of(seen, first, settings)) for seen in views])
    seen = best.plan.seen
    copied = [tried(Plan.of(seen, way, settings)) for way in ways if way != "turns" or len(ways) == 1]
    if "turns" in ways and "flips" in ways and copied[-1].auroc > max(one.auroc for one in copied) - _HOPELESS:
        copied.append(tried(Plan.of(seen, "turns", settings)))
    best = _best(copied)
    looker.forget(best.plan.seen.view, (None, *best.plan.moves))
    return Choice(best.plan, tuple(trials))


def try_plan(plan: Plan, samples: Sequence[Sample], ghosts: Sequence[Sample], looker: Looker) -> Trial:
    """The figure of one plan. `ghosts` are the samples with defects, of all kinds in turn for each sample."""
    started_s = time.process_time()
    gathered = Gathered()
    for index, sample in enumerate(samples):
        moves = [None, *plan.moves_for(index, len(samples))]
        features = looker.look(plan.seen.view, sample.image, sample.pixels, moves, keep=True)
        for number, one in enumerate(features):
            gathered.add(one, plan.seen.places, Row(sample.part, copy=number > 0))
    for ghost in ghosts:
        (one,) = looker.look(plan.seen.view, ghost.image, ghost.pixels, [None], keep=True)
        gathered.add(one, plan.seen.places, Row(ghost.part, ghost=True))
    rank = _rank(plan, len(samples))
    fitted = fit_and_judge(gathered.vectors(), gathered.rows, plan.seen.places.count, rank, _FOLDS, deploy=False)
    scores = gathered.scores(fitted, plan.seen.places)
    good = np.sort([scores[index] for index, row in enumerate(gathered.rows) if not row.ghost and not row.copy])
    above = {index: _share_below(good, scores[index]) for index, row in enumerate(gathered.rows) if row.ghost}
    parts = sorted({row.part for row in gathered.rows})
    by_part = [np.mean([share for index, share in above.items() if gathered.rows[index].part == one]) for one in parts]
    return Trial(plan, float(np.mean(list(above.values()))), np.array(by_part), time.process_time() - started_s)


class Gathered:
    """Features of many pictures, row by row, as the vectors of their places."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._features: list[NDArray[np.float16]] = []
        self._places: list[NDArray[np.intp]] = []

    def add(self, features: Features, places: Places, row: Row) -> None:
        self.rows.append(row)
        self._features.append(features.reshape(-1, features.shape[2]))
        self._places.append(places.of_grid(*features.shape[:2]))

    def vectors(self) -> Vectors:
        rows = np.repeat(np.arange(len(self.rows)), [len(features) for features in self._features])
        return Vectors(np.concatenate(self._features), np.concatenate(self._places), rows)

    def scores(self, fitted: Fitted, places: Places) -> dict[int, float]:
        """The held-out score of every judged row; the norm is that of the good ones."""
        lengths = [len(features) for features in self._features]
        rows = np.repeat(np.arange(len(self.rows)), lengths)
        judged = ~np.isnan(fitted.held_out)
        rows = rows[judged]
        parts = np.array([row.part for row in self.rows])[rows]
        usual = np.array([not row.ghost for row in self.rows])[rows]
        values, dealt = fitted.held_out[judged], np.concatenate(self._places)[judged]
        return held_out_scores(values, dealt, rows, parts, usual, places.count)


def _rank(plan: Plan, samples: int) -> int:
    rows = samples * (1 + len(plan.moves_for(0, samples)))
    return _TRIED_RANK if rows <= _TRIED_RANK else plan.seen.rank


def _ghosts(samples: Sequence[Sample], region: Box) -> list[Sample]:
    return [
        Sample(flawed(sample.image, kind, index, region), sample.pixels + kind.encode(), sample.part)
        for index, sample in enumerate(samples)
        for kind in KINDS
    ]


def _share_below(good: NDArray[np.float64], score: float) -> float:
    return float(np.searchsorted(good, score, "left") + np.searchsorted(good, score, "right")) / 2 / len(good)


def _best(trials: Sequence[Trial]) -> Trial:
    """The simplest that nothing less simple clearly beats; `trials` from the simplest on."""
    best = trials[0]
    for one in trials[1:]:
        gains = one.by_part - best.by_part
        error = float(gains.std(ddof=1)) / np.sqrt(len(gains)) if len(gains) > 1 else 0.0
        if gains.mean() > max(_LEAST_GAIN, _GAIN_ERRORS * error):
            best = one
    return best
