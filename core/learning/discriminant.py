"""The direction in which two groups differ most, found from far fewer examples than measurements.

Source: Fisher's linear discriminant; Ledoit and Wolf (2004), "A well-conditioned estimator for large-dimensional
covariance matrices", for how far the covariance is drawn towards the identity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Discriminant:
    """A value per picture: (x - `centre`) . `direction`; about 0 for good parts, with a spread of about 1."""

    centre: Array
    direction: Array

    def values(self, x: Array) -> Array:
        """One value per row of `x`, rows x measurements."""
        return np.asarray((x - self.centre) @ self.direction)


def discriminate(x: Array, defect: NDArray[np.bool_]) -> Discriminant:
    """`x` rows x measurements, `defect` per row; each group has at least one row, both together at least three.

    1. Measurements are divided by their spread within the groups; one that never changes is left out.
    2. Both groups share one covariance, in which a row of a small group counts as much as one of a large one.
    3. It is drawn towards the identity, and w = covariance^-1 (mean defect - mean good), divided by its own spread.
    """
    means = np.where(defect[:, None], x[defect].mean(0), x[~defect].mean(0))
    within = x - means
    spread = within.std(0)
    usual = np.median(spread[spread > 0]) if (spread > 0).any() else 1.0
    inverse = np.where(spread > 1e-6 * usual, 1 / np.maximum(spread, 1e-6 * usual), 0.0)
    apart = (x[defect].mean(0) - x[~defect].mean(0)) * inverse
    within *= inverse
    share = shrinkage(within)
    solved = solve_drawn(within, share, apart)
    length = np.sqrt(max(float(apart @ solved), 1e-12))  # w' covariance w = apart' covariance^-1 apart
    return Discriminant(x[~defect].mean(0), solved / length * inverse)


def shrinkage(within: Array) -> float:
    """The share, 0..1, of the identity in the covariance of `within` rows x measurements, each centred by its group."""
    count, width = within.shape
    gram = within @ within.T if count < width else within.T @ within
    covariance_squared = float(np.square(gram).sum()) / count**2
    mean_variance = float(np.square(within).sum()) / count / width
    off_identity = covariance_squared - width * mean_variance**2
    fourth = float(np.square(np.square(within).sum(1)).sum())
    noise = (fourth / count - covariance_squared) / count
    return float(np.clip(noise / off_identity, 0.0, 1.0)) if off_identity > 0 else 1.0


def solve_drawn(within: Array, share: float, apart: Array) -> Array:
    """((1 - share) within' within / n + share I)^-1 apart; by Woodbury's identity where rows are few."""
    count, width = within.shape
    share = max(share, 1e-3)
    kept = (1 - share) / count
    if count >= width:
        return np.asarray(np.linalg.solve(kept * within.T @ within + share * np.eye(width), apart))
    inner = share * np.eye(count) + kept * within @ within.T
    return np.asarray((apart - kept * within.T @ np.linalg.solve(inner, within @ apart)) / share)
