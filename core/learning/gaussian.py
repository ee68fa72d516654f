"""One Gaussian per position of the feature grid, over good parts, with what each part looks like to the others.

With few rows the inverse covariance is kept in low-rank (Woodbury) form over all channels, with many it is a
triangular matrix. Leaving a part out is closed form: its rows, copies included, are taken out of the covariance
and the mean together, while divisor and channel scales stay.

Source: PaDiM (Defard et al., 2020, section 3) for the Gaussian per position; Woodbury's identity for the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError

#: Added to the variance of every direction, as a share of the mean variance of a channel.
SHRINKAGE = 0.1


@dataclass(frozen=True, slots=True)
class PositionGaussian:
    """`mean` positions x channels and `scale` channels standardise a feature vector to y.

    `directions` is A, positions x rows x channels. Squared distance: |A y|^2, or where `residual`
    (|y|^2 - |A y|^2) / shrinkage.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    directions: NDArray[np.float32]
    residual: bool
    shrinkage: float

    def distances(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Mahalanobis distances, pictures x positions, of `features` pictures x positions x channels."""
        y = ((features - self.mean) * self.scale).astype(np.float64)
        along = np.einsum("prc,npc->npr", self.directions.astype(np.float64), y)
        squared = np.square(along).sum(-1)
        if self.residual:
            squared = (np.square(y).sum(-1) - squared) / self.shrinkage
        return np.asarray(np.sqrt(np.maximum(squared, 0.0)))


@dataclass(frozen=True, slots=True)
class Row:
    """Which part a row of features shows. A `copy` is taught from and never judged, a `ghost` judged and never taught
    from."""

    part: int
    copy: bool = False
    ghost: bool = False


@dataclass(frozen=True, slots=True)
class Fitted:
    """`held_out` is pictures x positions: the distances of every row that is no copy, its whole part left out."""

    gaussian: PositionGaussian
    held_out: NDArray[np.float64]


def fit(features: NDArray[np.float32], rows: Sequence[Row], shrinkage: float = SHRINKAGE) -> Fitted:
    """`features` rows x positions x channels, overwritten with their standardised values.

    Raises InputError for fewer than two parts, or when nothing differs between the rows.
    """
    parts = _rows_by_part(rows)
    if len(parts) < 2:
        raise InputError("pictures of at least two parts are needed to compare them with each other")
    mean = features.mean(0, dtype=np.float64).astype(np.float32)
    features -= mean
    deviation = np.sqrt(np.square(features).mean((0, 1), dtype=np.float64))
    if not deviation.max() > 0:
        raise InputError("the pictures are all the same", hint="Take one picture each of several good parts.")
    scale = (1 / np.maximum(deviation, 1e-3 * np.median(deviation[deviation > 0]))).astype(np.float32)
    features *= scale
    count, positions, channels = features.shape
    residual = count <= channels
    directions = np.empty((positions, min(count, channels), channels), np.float32)
    blocks = [np.empty((positions, len(part), len(part))) for part in parts]
    for position in range(positions):
        y = features[:, position].astype(np.float64)
        directions[position], inner = _few(y, shrinkage) if residual else _many(y, shrinkage)
        for part, block in zip(parts, blocks, strict=True):
            left = inner[part]
            block[position] = left[:, part] if residual else left @ left.T
    gaussian = PositionGaussian(mean, scale, directions, residual, shrinkage)
    return Fitted(gaussian, _held_out(rows, parts, blocks))


def _rows_by_part(rows: Sequence[Row]) -> list[list[int]]:
    parts: dict[int, list[int]] = {}
    for index, row in enumerate(rows):
        parts.setdefault(row.part, []).append(index)
    return list(parts.values())


def _few(y: NDArray[np.float64], shrinkage: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A of the residual form, and K = Y M^-1 Y', for M = Y'Y / divisor + shrinkage I and fewer rows than channels."""
    divisor = len(y) - 1
    gram = y @ y.T
    inner = gram / divisor + shrinkage * np.eye(len(y))
    lower = np.linalg.cholesky(inner)
    return np.asarray(np.linalg.solve(lower, y) / np.sqrt(divisor)), np.asarray(np.linalg.solve(inner, gram))


def _many(y: NDArray[np.float64], shrinkage: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A with A'A = M^-1, and Y A', whose rows' products are K."""
    covariance = y.T @ y / (len(y) - 1) + shrinkage * np.eye(y.shape[1])
    directions = np.asarray(np.linalg.inv(np.linalg.cholesky(covariance)))
    return directions, y @ directions.T


def _held_out(
    rows: Sequence[Row], parts: Sequence[Sequence[int]], blocks: Sequence[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Distances of the pictures to the Gaussian of all the other parts.

    1. Without its g rows Y, the scatter is S - Y'BY with B = I + 11'/(n - g), and the mean moves by -1'Y/(n - g).
    2. So Y M_^-1 Y' = (K^-1 - B/divisor)^-1 = K (I - B K / divisor)^-1, with K = Y M^-1 Y'.
    3. Row i, seen from the new mean, is Y'a with a = e_i + 1/(n - g); its squared distance is a' (Y M_^-1 Y') a.
    """
    count = len(rows)
    distances = np.zeros((count, blocks[0].shape[0]))
    for part, block in zip(parts, blocks, strict=True):
        size = len(part)
        share = 1 / (count - size)
        weight = np.eye(size) + share
        without = block @ np.linalg.inv(np.eye(size) - weight @ block / (count - 1))
        squared = np.einsum("ir,prs,is->ip", weight, without, weight)
        distances[part] = np.sqrt(np.maximum(squared, 0.0))
    return distances[[index for index, row in enumerate(rows) if not row.copy]]
