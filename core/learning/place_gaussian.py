"""One Gaussian per place of the feature grid, over good parts, with what each part looks like to the others.

A place is one position of the grid, or a class of neighbouring positions that share one Gaussian. The covariance is
kept as its strongest directions and one variance for all the others. Leaving a part out is closed form: its vectors,
copies included, are taken out of the covariance and the mean together, while divisor, directions and channel scales
stay; with as many directions as vectors that is exact.

Source: PaDiM (Defard et al., 2020, section 3) for the Gaussian per position; Tipping and Bishop (1999) for the
covariance; Halko et al. (2011, algorithm 4.4) for the directions of many vectors; Woodbury's identity for the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError

#: Added to the variance of every direction, as a share of the mean variance of a channel.
SHRINKAGE = 0.2
_OVERSAMPLING = 16
_POWER_ITERATIONS = 1

Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Row:
    """Which part a row of features shows. A `copy` is taught from and never judged, a `ghost` judged and never taught
    from."""

    part: int
    copy: bool = False
    ghost: bool = False


@dataclass(frozen=True, slots=True)
class PlaceGaussian:
    """`mean` places x channels and `scale` channels standardise a feature vector to y.

    `directions` is A, places x rank x channels. Squared distance: (|y|^2 - |A y|^2) / `beside`, where `beside` is the
    variance of all that is beside the directions, one per place.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    directions: NDArray[np.float32]
    beside: NDArray[np.float32]

    def distances(self, vectors: NDArray[np.floating], places: Numbers) -> Floats:
        """Mahalanobis distances of `vectors`, count x channels, each at its place."""
        found = np.empty(len(vectors))
        for place, own in _by_place(places, len(self.mean)):
            y = (vectors[own].astype(np.float32) - self.mean[place]) * self.scale
            along = y @ self.directions[place].T
            found[own] = (
                np.square(y).sum(1, dtype=np.float64) - np.square(along).sum(1, dtype=np.float64)
            ) / self.beside[place]
        return np.asarray(np.sqrt(np.maximum(found, 0.0)))


@dataclass(frozen=True, slots=True)
class Vectors:
    """Feature vectors of many pictures: `values` count x channels, with the place and the row of each."""

    values: NDArray[np.floating]
    places: Numbers
    rows: Numbers


@dataclass(frozen=True, slots=True)
class Fitted:
    """`held_out` has the distance of every vector of a judged row, its whole part left out; NaN for copies."""

    gaussian: PlaceGaussian
    held_out: Floats


def fit(
    vectors: Vectors, rows: Sequence[Row], places: int, rank: int, shrinkage: float = SHRINKAGE, *, judge: bool = True
) -> Fitted:
    """Raises InputError for fewer than two parts, or when nothing differs between the rows.

    Without `judge` nothing is held out: `Fitted.held_out` is all NaN.
    """
    if len({row.part for row in rows if not row.ghost}) < 2:
        raise InputError("pictures of at least two parts are needed to compare them with each other")
    taught = np.array([not row.ghost for row in rows])[vectors.rows]
    judged = np.array([not row.copy for row in rows])[vectors.rows]
    parts = np.array([row.part for row in rows])[vectors.rows]
    each = _by_place(vectors.places, places)
    mean, scale = _standard(vectors.values, taught, each, places)
    channels = vectors.values.shape[1]
    rank = min(rank, channels, max(int(taught[own].sum()) for _, own in each))
    directions = np.zeros((places, rank, channels), np.float32)
    beside = np.full(places, shrinkage, np.float32)
    held_out = np.full(len(vectors.values), np.nan)
    for place, own in each:
        y = (vectors.values[own].astype(np.float32) - mean[place]).astype(np.float64) * scale
        shape = _Shape.of(y[taught[own]], rank, shrinkage)
        directions[place, : len(shape.axes)] = shape.axes * shape.weights[:, None]
        beside[place] = shape.beside
        if judge:
            held_out[own] = _held_out(y, parts[own], taught[own], judged[own], shape)
    return Fitted(PlaceGaussian(mean, scale, directions, beside), held_out)


def fit_and_judge(
    vectors: Vectors, rows: Sequence[Row], places: int, rank: int, folds: int, shrinkage: float = SHRINKAGE,
    *, deploy: bool = True,
) -> Fitted:  # fmt: skip
    """Like `fit`, its distances always those of what is deployed: where the directions do not carry every vector,
    the parts are dealt to `folds`, and each is judged by what is taught without it. Without `deploy`, the Gaussian
    may be that of the last fold: for those who want nothing but the distances."""
    taught = np.array([not row.ghost for row in rows])[vectors.rows]
    if np.bincount(vectors.places[taught], minlength=places).max() <= rank:
        return fit(vectors, rows, places, rank, shrinkage)
    gaussian = fit(vectors, rows, places, rank, shrinkage, judge=False).gaussian if deploy else None
    parts = np.array([row.part for row in rows])
    numbers = np.unique(parts)
    dealt = dict(
        zip(numbers, np.random.default_rng(0).permutation(len(numbers)) % min(folds, len(numbers)), strict=True)
    )
    fold_of = np.array([dealt[part] for part in parts])[vectors.rows]
    judged = np.array([not row.copy for row in rows])[vectors.rows]
    held_out = np.full(len(vectors.values), np.nan)
    for fold in np.unique(fold_of):
        kept = taught & (fold_of != fold)
        others = Vectors(vectors.values[kept], vectors.places[kept], vectors.rows[kept])
        without = fit(others, rows, places, rank, shrinkage, judge=False).gaussian
        asked = judged & (fold_of == fold)
        held_out[asked] = without.distances(vectors.values[asked], vectors.places[asked])
    return Fitted(gaussian or without, held_out)


def _by_place(places: Numbers, count: int) -> list[tuple[int, Numbers]]:
    """The vectors of every place that has any, in their order."""
    order = np.argsort(places, kind="stable")
    ends = np.searchsorted(places[order], np.arange(count + 1))
    return [(place, order[ends[place] : ends[place + 1]]) for place in range(count) if ends[place] < ends[place + 1]]


def _standard(
    values: NDArray[np.floating], taught: NDArray[np.bool_], each: Sequence[tuple[int, Numbers]], places: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The mean of every place, and one scale per channel for all of them."""
    mean = np.zeros((places, values.shape[1]), np.float32)
    squares, count = np.zeros(values.shape[1]), 0
    for place, own in each:
        y = values[own[taught[own]]].astype(np.float64)
        if len(y):
            mean[place] = y.mean(0)
            squares += np.square(y - mean[place]).sum(0)
            count += len(y)
    deviation = np.sqrt(squares / count)
    if not deviation.max() > 0:
        raise InputError("the pictures are all the same", hint="Take one picture each of several good parts.")
    scale = 1 / np.maximum(deviation, 1e-3 * np.median(deviation[deviation > 0]))
    return mean, scale.astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Shape:
    """The covariance of one place: `axes` rank x channels with their variances, `beside` in all other directions."""

    axes: Floats
    variances: Floats
    beside: float
    count: int

    @classmethod
    def of(cls, y: Floats, rank: int, shrinkage: float) -> _Shape:
        divisor = max(len(y) - 1, 1)
        axes, variances = _strongest(y / np.sqrt(divisor), rank)
        total = float(np.square(y).sum()) / divisor
        others = y.shape[1] - len(axes)
        beside = shrinkage + (max(total - float(variances.sum()), 0.0) / others if others else 0.0)
        if len(y) <= len(axes) + 1:  # what the vectors span is all there is; the rest is rounding
            beside = shrinkage
        return cls(axes, variances + shrinkage, beside, len(y))

    @property
    def weights(self) -> Floats:
        return np.asarray(np.sqrt(np.maximum(1 - self.beside / self.variances, 0.0)))


def _strongest(y: Floats, rank: int) -> tuple[Floats, Floats]:
    """The `rank` strongest principal axes of the rows of `y` and their variances."""
    rank = min(rank, *y.shape)
    if min(y.shape) > 2 * (rank + _OVERSAMPLING):
        small = y.astype(np.float32)  # the axes need not be exact, only their variances
        basis = np.random.default_rng(0).normal(size=(y.shape[1], rank + _OVERSAMPLING)).astype(np.float32)
        for _ in range(1 + _POWER_ITERATIONS):
            basis = np.linalg.qr(small.T @ (small @ basis))[0]
        along = (small @ basis).astype(np.float64)
        variances, turn = np.linalg.eigh(along.T @ along)
        axes = (basis.astype(np.float64) @ turn).T
    elif len(y) < y.shape[1]:
        variances, turn = np.linalg.eigh(y @ y.T)
        axes = (turn.T @ y) / np.sqrt(np.maximum(variances, 1e-12 * variances[-1]))[:, None]
    else:
        variances, turn = np.linalg.eigh(y.T @ y)
        axes = turn.T
    kept = list(range(len(variances) - 1, len(variances) - 1 - rank, -1))
    kept = [index for index in kept if variances[index] > 1e-9 * max(variances[-1], 1e-30)]
    return np.ascontiguousarray(axes[kept]), variances[kept]


def _held_out(
    y: Floats, parts: NDArray[np.intp], taught: NDArray[np.bool_], judged: NDArray[np.bool_], shape: _Shape
) -> Floats:
    """Distances of the judged vectors of one place to the Gaussian of all the other parts; NaN for the others.

    1. Without its g vectors Y, the scatter is S - Y'BY with B = I + 11'/(n - g), and the mean moves by -1'Y/(n - g).
    2. So M_^-1 = M^-1 + M^-1 Y' (divisor B^-1 - K)^-1 Y M^-1, with K = Y M^-1 Y' and B^-1 = I - 11'/n.
    3. Y counts by what of it lies along the directions: nothing else of it is in M.
    """
    found = np.full(len(y), np.nan)
    count, root = shape.count, np.sqrt(shape.variances)
    white = y @ shape.axes.T / root
    order = np.argsort(parts, kind="stable")
    for own in np.split(order, np.flatnonzero(np.diff(parts[order])) + 1):
        gone, seen = own[taught[own]], own[judged[own]]
        others = count - len(gone)
        if not len(seen) or others < 1:
            found[seen] = np.sqrt(np.square(y[seen]).sum(1) / shape.beside)
            continue
        q, w = y[seen], white[seen]
        if len(gone):
            q = q + y[gone].sum(0) / others
            w = w + white[gone].sum(0) / others
        along = np.square(w * root).sum(1)
        squared = np.square(w).sum(1) + np.maximum(np.square(q).sum(1) - along, 0.0) / shape.beside
        if len(gone):
            cross = white[gone] @ w.T
            inner = (count - 1) * (np.eye(len(gone)) - 1 / count) - white[gone] @ white[gone].T
            squared = squared + (cross * np.linalg.solve(inner, cross)).sum(0)
        found[seen] = np.sqrt(np.maximum(squared, 0.0))
    return found
