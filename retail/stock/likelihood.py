"""How probable what a source says is, for every number that may be there. Each returns one value per cell of a mass."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

Likelihood = NDArray[np.float64]

_NEVER = 0.002  # of any reading: it was of something else
_FAR = 1e-5
_MOST_RANDOM = (
    600  # pieces on a shelf; beyond them the random emptying is below what doubles hold, and near the even one
)


@functools.lru_cache(maxsize=8192)
def facings_table(facings: int, depth: int, shares: tuple[float, float, float], error: float) -> Likelihood:
    """P(facings seen | pieces there): rows 0 .. capacity pieces, columns 0 .. `facings`.

    `shares`: how far the shelf empties evenly, at random (pieces gone are any of those it holds: hypergeometric per
    column), or column after column. `error`: share of looks off by one facing.
    """
    exact = sum(share * table for share, table in zip(shares, _emptying(facings, depth), strict=True))
    assert not isinstance(exact, int)
    off = np.zeros_like(exact)
    off[:, 1:] += exact[:, :-1] / 2
    off[:, :-1] += exact[:, 1:] / 2
    off[:, 0] += exact[:, 0] / 2
    off[:, -1] += exact[:, -1] / 2
    seen: Likelihood = (1 - _NEVER) * ((1 - error) * exact + error * off) + _NEVER / (facings + 1)
    return seen


@functools.lru_cache(maxsize=2048)
def _emptying(facings: int, depth: int) -> tuple[Likelihood, Likelihood, Likelihood]:
    pieces = np.arange(facings * depth + 1)
    even, packed = np.zeros((2, len(pieces), facings + 1))
    even[pieces, np.minimum(pieces, facings)] = 1.0
    packed[pieces, -(-pieces // depth)] = 1.0
    if facings * depth > _MOST_RANDOM:
        return even, even, packed
    column = np.array([math.comb(depth, stands) for stands in range(depth + 1)], dtype=np.float64)
    column /= column.sum()
    column[0] = 0.0  # at least one piece stands in it
    ways = np.zeros((len(pieces), facings + 1))
    ways[0, 0] = 1.0
    several = np.array([1.0])
    for filled in range(1, facings + 1):
        several = np.convolve(several, column)
        ways[: len(several), filled] = math.comb(facings, filled) * several * 0.5 ** (depth * (facings - filled))
    return even, ways / ways.sum(axis=1, keepdims=True), packed


def seen(facings: int, table: Likelihood, cells: int, step: int) -> Likelihood:
    """Of so many facings seen, for 0 .. `cells` - 1; more than the shelf holds looks like a full one."""
    rows = np.minimum(np.arange(cells) * step, len(table) - 1)
    found: Likelihood = table[rows, min(max(facings, 0), table.shape[1] - 1)]
    return found


def tagged(tags: int, cells: int, read: float, worth: float, stray: float) -> Likelihood:
    """Of so many tags read: beta-binomial in the pieces there (mean share `read`, known as from `worth` tags), and
    strays.
    """
    most = -(-cells // 16) * 16
    known = float(10 * round(worth / 10)) if worth > 10 else 10.0
    return _tagged(tags, most, min(0.99, round(read, 2)), known, max(0.02, round(stray, 2)))[:cells]


@functools.lru_cache(maxsize=16384)
def _tagged(tags: int, cells: int, read: float, worth: float, stray: float) -> Likelihood:
    there = np.arange(cells, dtype=np.float64)
    alpha, beta = max(0.5, read * worth), max(0.5, (1 - read) * worth)
    found = np.zeros(cells)
    chance = math.exp(-stray)
    for strays in range(min(tags, 3) + 1):
        found += chance * _beta_binomial(tags - strays, there, alpha, beta)
        chance *= stray / (strays + 1)
    return (1 - _NEVER) * found + _NEVER / (cells + tags)


def _beta_binomial(tags: int, there: Likelihood, alpha: float, beta: float) -> Likelihood:
    from scipy.special import gammaln  # loaded late, by the desk alone

    missed = np.maximum(there - tags, 0.0)
    log_found = (
        gammaln(there + 1) - gammaln(tags + 1) - gammaln(missed + 1)
        + gammaln(tags + alpha) + gammaln(missed + beta) - gammaln(there + alpha + beta)
        + math.lgamma(alpha + beta) - math.lgamma(alpha) - math.lgamma(beta)
    )  # fmt: skip
    found: Likelihood = np.where(there >= tags, np.exp(log_found), 0.0)
    return found


def counted(quantity: int, cells: int, mistaken: float, width: float) -> Likelihood:
    """Of that count: right, or with probability `mistaken` off by about `width` cells, more or less."""
    off = np.abs(np.arange(cells) - quantity)
    found: Likelihood = mistaken * np.exp(-off / width) / (2 * width) + _FAR
    if quantity < cells:
        found[quantity] += 1 - mistaken
    return found


def facings_hypotheses(
    value: int, pieces: int, facings: int, depth: int
) -> tuple[float, float, float, float, float, float]:
    """P(so many facings | so many pieces) for each way of emptying, exactly and off by one: what a count teaches of a
    look.
    """
    row = min(pieces, facings * depth)
    value = min(max(value, 0), facings)
    found = []
    for table in _emptying(facings, depth):
        said = table[row]
        below = said[value - 1] if value else said[0]
        above = said[value + 1] if value < facings else said[-1]
        found += [float(said[value]), float(below + above) / 2]
    even, even_off, rand, rand_off, packed, packed_off = found
    return even, rand, packed, even_off, rand_off, packed_off
