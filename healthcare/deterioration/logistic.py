"""Logistic regression with an L2 penalty, by Newton's method: few weights, each of which can be told to a person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_STEPS = 50
_DONE = 1e-8
_FARTHEST = 30.0


@dataclass(frozen=True, slots=True)
class Weights:
    """`weights` are of standardised features: (x - means) / scales."""

    intercept: float
    weights: Floats
    means: Floats
    scales: Floats

    def log_odds(self, rows: Floats) -> Floats:
        odds: Floats = self.intercept + ((rows - self.means) / self.scales) @ self.weights
        return odds

    def shares(self, rows: Floats) -> Floats:
        """Rows x features: what each adds to or takes from the log odds of the usual patient."""
        shares: Floats = (rows - self.means) / self.scales * self.weights
        return shares


def probability(log_odds: Floats) -> Floats:
    chance: Floats = 1.0 / (1.0 + np.exp(-np.clip(log_odds, -_FARTHEST, _FARTHEST)))
    return chance


def fit(rows: Floats, happened: NDArray[np.bool_], penalty: float) -> Weights:
    """`penalty` on the squared weights of the standardised features. Needs a row of each kind (ValueError)."""
    if happened.all() or not happened.any():
        raise ValueError("there must be rows with an event and rows without one")
    means, scales = rows.mean(axis=0), rows.std(axis=0)
    scales = np.where(scales > 1e-9, scales, 1.0)
    standard = np.column_stack((np.ones(len(rows)), (rows - means) / scales))
    target = happened.astype(np.float64)
    ridge = np.diag([0.0, *[penalty] * rows.shape[1]])
    weights = np.zeros(standard.shape[1])
    weights[0] = np.log(target.mean() / (1.0 - target.mean()))
    for _ in range(_STEPS):
        chance = probability(standard @ weights)
        slope = standard.T @ (chance - target) + ridge @ weights
        bend = (standard * (chance * (1.0 - chance))[:, None]).T @ standard + ridge
        step = np.linalg.solve(bend + 1e-9 * np.eye(len(bend)), slope)
        weights -= step
        if float(np.abs(step).max()) < _DONE:
            break
    return Weights(float(weights[0]), weights[1:], means, scales)
