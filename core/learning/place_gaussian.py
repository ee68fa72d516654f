"""One Gaussian per place of the feature grid, over good parts, with what each part looks like to the others.

A place is one position of the grid, or a class of neighbouring positions that share one Gaussian. The covariance is
kept as its strongest directions and one variance for all the others. Where the directions carry every vector, leaving
a part out is closed form and exact: its vectors, copies included, are taken out of the covariance and the mean
together, while divisor and channel scales stay.

Source: PaDiM (Defard et al., 2020, section 3) for the Gaussian per position; Tipping and Bishop (1999) for the
covariance; Halko et al. (2011, algorithm 4.4) for the directions of many vectors, made orthonormal by Cholesky QR;
Woodbury's identity for the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError

#: Added to the variance of every direction, as a share of the mean variance of a channel.
SHRINKAGE = 0.2
_OVERSAMPLING = 16
_POWER_ITERATIONS = 1
#: A column that adds less than this to those before it is not told from rounding.
_LEAST_PIVOT = 1e-6

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
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
    vectors: Vectors, rows: Sequence[Row], places: int, rank: int, shrinkage: float = SHRINKAGE,
    *, judge: bool = True, deploy: bool = True, near: PlaceGaussian | None = None,
) -> Fitted:  # fmt: skip
    """`held_out` is by all directions, however few of them the Gaussian keeps; without `judge` it is all NaN. Without
    `deploy` the Gaussian has no directions: for those who want nothing but the distances. `near` is known to lie near
    what is sought, so that its directions are found sooner.

    Raises InputError for fewer than two parts, or when nothing differs between the rows.
    """
    if len({row.part for row in rows if not row.ghost}) < 2:
        raise InputError("pictures of at least two parts are needed to compare them with each other")
    taught = np.array([not row.ghost for row in rows])[vectors.rows]
    judged = np.array([not row.copy for row in rows])[vectors.rows]
    parts = np.array([row.part for row in rows])[vectors.rows]
    each = _by_place(vectors.places, places)
    mean, scale = _standard(vectors.values, taught, each, places)
    channels = vectors.values.shape[1]
    rank = min(rank, channels, max(int(taught[own].sum()) for _, own in each)) if deploy else 0
    directions = np.zeros((places, rank, channels), np.float32)
    beside = np.full(places, shrinkage, np.float32)
    held_out = np.full(len(vectors.values), np.nan)
    for place, own in each:
        y = (vectors.values[own].astype(np.float32) - mean[place]) * scale
        if deploy:
            shape = _Shape.of(y[taught[own]], rank, shrinkage, None if near is None else near.directions[place])
            directions[place, : len(shape.axes)] = shape.axes * shape.weights[:, None]
            beside[place] = shape.beside
        if judge:
            held_out[own] = _held_out(y, parts[own], taught[own], judged[own], shrinkage)
    return Fitted(PlaceGaussian(mean, scale, directions, beside), held_out)


def fit_and_judge(
    vectors: Vectors, rows: Sequence[Row], places: int, rank: int, folds: int, shrinkage: float = SHRINKAGE,
    *, deploy: bool = True, near: PlaceGaussian | None = None,
) -> Fitted:  # fmt: skip
    """Like `fit`, its distances always those of what is deployed: where the directions do not carry every vector,
    the parts are dealt to `folds`, and each is judged by what is taught without it. Without `deploy` the Gaussian is
    not to be used: for those who want nothing but the distances."""
    taught = np.array([not row.ghost for row in rows])[vectors.rows]
    if np.bincount(vectors.places[taught], minlength=places).max() <= rank:
        return fit(vectors, rows, places, rank, shrinkage, deploy=deploy, near=near)
    gaussian = fit(vectors, rows, places, rank, shrinkage, judge=False, near=near).gaussian if deploy else near
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
        without = fit(others, rows, places, rank, shrinkage, judge=False, near=gaussian).gaussian
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
        y = values[own[taught[own]]].astype(np.float32)
        if len(y):
            mean[place] = y.mean(0, dtype=np.float64)
            y -= mean[place]
            squares += np.einsum("ij,ij->j", y, y)
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

    @classmethod
    def of(cls, y: Floats32, rank: int, shrinkage: float, near: Floats32 | None) -> _Shape:
        divisor = max(len(y) - 1, 1)
        axes, variances = _strongest(y, rank, near)
        variances = variances / divisor
        total = float(np.vdot(y, y)) / divisor
        others = y.shape[1] - len(axes)
        beside = shrinkage + (max(total - float(variances.sum()), 0.0) / others if others else 0.0)
        if len(y) <= len(axes) + 1:  # what the vectors span is all there is; the rest is rounding
            beside = shrinkage
        return cls(axes, variances + shrinkage, beside)

    @property
    def weights(self) -> Floats:
        return np.asarray(np.sqrt(np.maximum(1 - self.beside / self.variances, 0.0)))


def _strongest(y: Floats32, rank: int, near: Floats32 | None = None) -> tuple[Floats, Floats]:
    """The `rank` strongest principal axes of the rows of `y`, and the sums of squares along them. The axes in `near`
    are a start that saves an iteration."""
    rank = min(rank, *y.shape)
    if min(y.shape) > 2 * (rank + _OVERSAMPLING):
        known = np.empty((0, y.shape[1]), np.float32) if near is None else near[:rank]
        basis = np.concatenate([known.T, _start(y.shape[1], rank + _OVERSAMPLING - len(known))], axis=1)
        for _ in range(1 if len(known) else 1 + _POWER_ITERATIONS):
            basis = _orthonormal(y.T @ (y @ basis))
        along = (y @ basis).astype(np.float64)
        variances, turn = np.linalg.eigh(along.T @ along)
        axes = (basis.astype(np.float64) @ turn).T
    elif len(y) < y.shape[1]:
        exact = y.astype(np.float64)
        variances, turn = np.linalg.eigh(exact @ exact.T)
        axes = (turn.T @ exact) / np.sqrt(np.maximum(variances, 1e-12 * variances[-1]))[:, None]
    else:
        exact = y.astype(np.float64)
        variances, turn = np.linalg.eigh(exact.T @ exact)
        axes = turn.T
    kept = list(range(len(variances) - 1, len(variances) - 1 - rank, -1))
    kept = [index for index in kept if variances[index] > 1e-9 * max(variances[-1], 1e-30)]
    return np.ascontiguousarray(axes[kept]), variances[kept]


@cache
def _start(channels: int, count: int) -> Floats32:
    """Random directions, the same ones every time."""
    basis: Floats32 = np.random.default_rng(0).normal(size=(channels, count)).astype(np.float32)
    return basis


def _orthonormal(columns: Floats32) -> Floats32:
    """Columns that span the same. Their Gram matrix is taken in double precision; where that is not enough (directions
    in which nothing differs), by Householder's way."""
    exact = columns.astype(np.float64)
    exact /= np.maximum(np.linalg.norm(exact, axis=0), 1e-30)
    try:
        root = np.linalg.cholesky(exact.T @ exact)
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.qr(exact)[0], np.float32)
    if root.diagonal().min() < _LEAST_PIVOT:
        return np.asarray(np.linalg.qr(exact)[0], np.float32)
    return np.asarray(exact @ np.linalg.inv(root).T, np.float32)


def _held_out(
    y: Floats32, parts: NDArray[np.intp], taught: NDArray[np.bool_], judged: NDArray[np.bool_], shrinkage: float
) -> Floats:
    """Distances of the judged vectors of one place to the Gaussian of all the other parts; NaN for the others.

    1. Without its g vectors Y, the scatter is S - Y'BY with B = I + 11'/(n - g), and the mean moves by -1'Y/(n - g).
    2. So M_^-1 = M^-1 + M^-1 Y' (divisor B^-1 - K)^-1 Y M^-1, with K = Y M^-1 Y' and B^-1 = I - 11'/n.
    3. Of M^-1 only its products with vectors are needed, which follow from those of the vectors with each other.
    """
    count = int(taught.sum())
    found = np.full(len(y), np.nan)
    inverse = _Inverse.of(y, taught, shrinkage, max(count - 1, 1))
    for gone, seen in _alike(parts.tobytes(), taught.tobytes(), judged.tobytes()):
        each, others = gone.shape[1], count - gone.shape[1]
        if others < 1:
            found[seen] = np.sqrt(np.square(y[seen]).sum(2, dtype=np.float64) / shrinkage)
            continue
        within, cross = inverse.between(gone, gone), inverse.between(gone, seen)
        moved = within.sum(2) / others
        squared = inverse.of_each(seen) + (2 * cross.sum(1) + moved.sum(1)[:, None]) / others
        cross = cross + moved[:, :, None]
        inner = (count - 1) * (np.eye(each) - 1 / count) - within
        squared = squared + (cross * np.linalg.solve(inner, cross)).sum(1)
        found[seen] = np.sqrt(np.maximum(squared, 0.0))
    return found


@lru_cache(maxsize=4)
def _alike(parts: bytes, taught: bytes, judged: bytes) -> list[tuple[Numbers, Numbers]]:
    """Where the vectors to leave out and those to judge lie, part by part; parts with as many of each together.

    The same at almost every place, so that it is worked out once.
    """
    part_of = np.frombuffer(parts, np.intp)
    is_taught, is_judged = (np.frombuffer(some, np.bool_) for some in (taught, judged))
    order = np.argsort(part_of, kind="stable")
    found: dict[tuple[int, int], list[tuple[Numbers, Numbers]]] = {}
    for own in np.split(order, np.flatnonzero(np.diff(part_of[order])) + 1):
        gone, seen = own[is_taught[own]], own[is_judged[own]]
        found.setdefault((len(gone), len(seen)), []).append((gone, seen))
    return [
        (np.array([gone for gone, _ in some]).reshape(-1, size[0]), np.array([seen for _, seen in some]))
        for size, some in found.items()
        if size[1]
    ]


@dataclass(frozen=True, slots=True)
class _Inverse:
    """y M^-1 y' for the covariance M of the taught rows Y, by Woodbury: (yy' - yY' (shrinkage divisor I + YY')^-1 Yy')
    / shrinkage. `products` is yy', `half` yY'L^-T, where L is the inner matrix's root."""

    products: Floats
    half: Floats
    shrinkage: float

    @classmethod
    def of(cls, y: Floats32, taught: NDArray[np.bool_], shrinkage: float, divisor: int) -> _Inverse:
        from scipy.linalg import solve_triangular  # loaded late: it takes a moment

        products = (y @ y.T).astype(np.float64)
        inner = products[np.ix_(taught, taught)]
        inner.flat[:: len(inner) + 1] += shrinkage * divisor
        half = solve_triangular(np.linalg.cholesky(inner), products[taught], lower=True, check_finite=False)
        return cls(products, np.ascontiguousarray(half.T), shrinkage)

    def between(self, ones: Numbers, others: Numbers) -> Floats:
        """Parts x ones x others."""
        halves = self.half[ones] @ self.half[others].transpose(0, 2, 1)
        return np.asarray((self.products[ones[:, :, None], others[:, None, :]] - halves) / self.shrinkage)

    def of_each(self, ones: Numbers) -> Floats:
        """Of each vector with itself."""
        return np.asarray((self.products[ones, ones] - np.square(self.half[ones]).sum(-1)) / self.shrinkage)
