"""A learnt score as a site keeps it: a small file with weights, threshold and the trial that it came from.

It can be read into a ward only when its trial was won; its words say what moved it. Advice beside NEWS2, never in its
place, and never an alarm.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError, SettingsError
from healthcare.deterioration.alerts import WITHIN_H, lowest_threshold
from healthcare.deterioration.features import ABOUT, NAMES, features
from healthcare.deterioration.logistic import Floats, Weights, probability
from healthcare.deterioration.stays import Stay, carried
from healthcare.deterioration.trial import Trial, taught

FORM = 1
_MOST_BYTES = 1 << 16
_TOLD = 3
_WORTH_TELLING = 0.15
_KEYS = {"form", "features", "intercept", "weights", "means", "scales", "threshold", "trial"}


@dataclass(frozen=True, slots=True)
class Judged:
    """`probability` of an event within 24 h; `why`: what speaks for it most, by name."""

    probability: float
    why: tuple[str, ...]
    high: bool

    def words(self) -> str:
        reasons = ", ".join(self.why) or "nothing in particular"
        return f"Own score {self.probability:.0%} within {WITHIN_H} h: {reasons}"


@dataclass(frozen=True, slots=True)
class LearntScore:
    weights: Weights
    threshold: float
    trial: Mapping[str, Any]

    def judge(self, hours: Floats) -> Judged | None:
        """Of the last of these hours (hours x PARAMETERS, NaN where nothing is known); None where nothing is."""
        known = carried(hours)
        if not len(known) or not np.isfinite(known[-1]).any():
            return None
        row = features(known)[-1:]
        chance = float(probability(self.weights.log_odds(row))[0])
        by_name: dict[str, float] = {}
        for name, share in zip(ABOUT, self.weights.shares(row)[0].tolist(), strict=True):
            by_name[name] = by_name.get(name, 0.0) + share
        why = sorted((name for name in by_name if by_name[name] > _WORTH_TELLING), key=lambda name: -by_name[name])
        return Judged(chance, tuple(why[:_TOLD]), chance >= self.threshold)

    def as_json(self) -> dict[str, Any]:
        weights = self.weights
        return {
            "form": FORM,
            "features": list(NAMES),
            "intercept": weights.intercept,
            "weights": weights.weights.tolist(),
            "means": weights.means.tolist(),
            "scales": weights.scales.tolist(),
            "threshold": self.threshold,
            "trial": dict(self.trial),
        }


def learnt(stays: Sequence[Stay], trial: Trial) -> LearntScore:
    """By all stays, with the threshold that has no more false alerts than NEWS2 had in the trial."""
    rows = [features(stay.values) for stay in stays]
    weights = taught(stays, rows)
    scores = [probability(weights.log_odds(one)) for one in rows]
    threshold = lowest_threshold(stays, scores, trial.news2.false_per_day)
    return LearntScore(weights, min(threshold, 1.0), trial.as_json())


def read_score(path: Path) -> LearntScore:
    """Raises SettingsError for what is no score of this form, and for one that has not won its trial."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror or error}") from error
    try:
        score = parse_score(content)
    except InputError as error:
        raise SettingsError(f"{path}: {error}", hint="edgewise healthcare train makes one") from error
    if score.trial.get("won") is not True:
        raise SettingsError(f"{path}: this score has not won against NEWS2 and stays off")
    return score


def parse_score(content: bytes) -> LearntScore:
    """Raises InputError."""
    if len(content) > _MOST_BYTES:
        raise InputError(f"a score has no more than {_MOST_BYTES} bytes")
    try:
        kept = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"is no JSON: {error}") from error
    if not isinstance(kept, dict) or set(kept) != _KEYS or not isinstance(kept["trial"], dict):
        raise InputError(f"is no score; it needs {', '.join(sorted(_KEYS))}")
    if kept["form"] != FORM or kept["features"] != list(NAMES):
        raise InputError("is a score of another version; train it anew")
    means, weights, scales = (_numbers(kept[name], name) for name in ("means", "weights", "scales"))
    if (scales <= 0).any():
        raise InputError("scales: must be above 0")
    intercept, threshold = (float(_numbers([kept[name]], name, 1)[0]) for name in ("intercept", "threshold"))
    return LearntScore(Weights(intercept, weights, means, scales), threshold, kept["trial"])


def _numbers(values: Any, name: str, count: int = len(NAMES)) -> Floats:
    if not isinstance(values, list) or len(values) != count:
        raise InputError(f"{name}: {count} numbers are wanted")
    if any(isinstance(one, bool) or not isinstance(one, int | float) for one in values):
        raise InputError(f"{name}: {count} numbers are wanted")
    if any(abs(one) > 1e9 or not math.isfinite(one) for one in values):
        raise InputError(f"{name}: a number is out of range")
    return np.array(values, dtype=np.float64)
