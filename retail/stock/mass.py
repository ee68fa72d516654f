"""Probability over how many cells of a product are on the floor (rows) and in the back room (columns): sum 1.

A cell is a piece, or `Profile.step` of them. Both places in one table, because a refill nobody recorded takes from
one what it
gives to the other. Functions return new tables and change none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float64]
Mass = NDArray[np.float64]

FLOOR_AXIS, BACK_AXIS = 0, 1
_NEGLIGIBLE = 1e-7
#: More cells than this are kept at no place: see `step_for`.
MOST_CELLS = 400


def step_for(most: int) -> int:
    """Pieces to a cell for a product of which there may be `most` at one place."""
    return max(1, -(-most // (MOST_CELLS // 2)))


def flat(cells: int) -> Mass:
    """Any number from 0 to `cells`, alike."""
    return np.full(cells + 1, 1.0 / (cells + 1))


def scaled(table: Table) -> Table:
    """With sum 1 and without negligible rows and columns at the end; what holds no probability at all becomes flat."""
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    total = float(rows.sum())
    if not total > 0:
        return np.full(table.shape, 1.0 / table.size)
    return table[: _kept(rows, total), : _kept(columns, total)] / total


def _kept(sums: Mass, total: float) -> int:
    if sums[-1] >= _NEGLIGIBLE * total and len(sums) <= MOST_CELLS:
        return len(sums)
    filled = np.nonzero(sums[:MOST_CELLS] >= _NEGLIGIBLE * total)[0]
    return int(filled[-1]) + 1 if len(filled) else min(len(sums), MOST_CELLS)


def added(table: Table, axis: int, cells: int) -> Table:
    """After so many came."""
    rows, columns = table.shape
    shape = (rows + cells, columns) if axis == FLOOR_AXIS else (rows, columns + cells)
    found = np.zeros(shape)
    if axis == FLOOR_AXIS:
        found[cells:] = table
    else:
        found[:, cells:] = table
    return found


def removed(table: Table, axis: int, cells: int, other: float) -> Table:
    """After a record says that so many left. With probability `other` they were not of this product.

    Numbers below `cells` could not have given them: they stay only by `other`, which is how a sale proves a shelf not
    empty.
    """
    found = other * table
    if axis == FLOOR_AXIS and len(table) > cells:
        found[: len(table) - cells] += (1 - other) * table[cells:]
    elif axis == BACK_AXIS and table.shape[1] > cells:
        found[:, : table.shape[1] - cells] += (1 - other) * table[:, cells:]
    return found


def carried(table: Table, cells: Iterable[tuple[int, float]], other: float) -> Table:
    """After a record of a refill: k cells (negative: back again) with probability p each; with `other` there was
    none.
    """
    moves = list(cells)
    reach = max(max((k for k, _ in moves), default=0), 0)
    back = max(-min((k for k, _ in moves), default=0), 0)
    rows, columns = table.shape
    found = np.zeros((rows + reach, columns + back))
    found[:rows, :columns] = other * table
    for k, p in moves:
        if 0 <= k < columns:
            found[k : k + rows, : columns - k] += (1 - other) * p * table[:, k:]
        elif k < 0 and -k < rows:
            found[: rows + k, -k : columns - k] += (1 - other) * p * table[-k:]
    return found


def blurred(table: Table, axis: int, ups: Sequence[tuple[int, float]]) -> Table:
    """With probability p it is k more (k negative: less, not below 0), for each (k, p)."""
    if axis == BACK_AXIS:
        return blurred(table.T, FLOOR_AXIS, ups).T
    reach = max((k for k, _ in ups), default=0)
    rows, columns = table.shape
    found = np.zeros((rows + max(0, reach), columns))
    found[:rows] = table * (1 - sum(p for _, p in ups))
    for k, p in ups:
        if k >= 0:
            found[k : k + rows] += p * table
        else:
            found[: max(0, rows + k)] += p * table[-k:]
            found[0] += p * table[:-k].sum(axis=0)
    return found


def filled(table: Table, capacity: int) -> Table:
    """After a refill up to `capacity`, as far as the back room has it; a fuller shelf stays as it is."""
    rows, columns = table.shape
    found = np.zeros((max(rows, capacity + 1), columns))
    found[capacity:rows] = table[capacity:]
    emptier = min(capacity, rows)
    if not emptier:
        return found
    width = max(emptier - 1, capacity) + columns
    shifted = np.zeros(emptier * (width + 1))  # each row one cell further right than the one above: by both together
    shifted.reshape(emptier, width + 1)[:, :columns] = table[:emptier]
    both = shifted[: emptier * width].reshape(emptier, width)
    reached = min(capacity, width)
    found[:reached, 0] += both[:, :reached].sum(axis=0)
    full = np.zeros((emptier + 1, columns))
    full[0], full[1:] = found[capacity], both[:, capacity : capacity + columns]
    found[capacity] = full.sum(axis=0)
    return found


def mixed(first: Table, second: Table, share: float) -> Table:
    """`share` of the second and the rest of the first."""
    rows, columns = max(len(first), len(second)), max(first.shape[1], second.shape[1])
    found = np.zeros((rows, columns))
    found[: len(first), : first.shape[1]] += (1 - share) * first
    found[: len(second), : second.shape[1]] += share * second
    return found


def weighed(table: Table, axis: int, likely: Mass) -> Table:
    """By what a source said: one value for each number at the place."""
    return scaled(table * (likely[:, None] if axis == FLOOR_AXIS else likely[None, :]))


def place_mass(table: Table, axis: int) -> Mass:
    """Of one place alone."""
    found: Mass = table.sum(axis=1 - axis)
    return found


def sum_mass(table: Table) -> Mass:
    """Of both places together."""
    found = np.zeros(sum(table.shape) - 1)
    for stands, row in enumerate(table):
        found[stands : stands + len(row)] += row
    return found


def mean_of(mass: Mass) -> float:
    return float(mass @ np.arange(len(mass)))


def quantiles(mass: Mass, shares: Sequence[float]) -> list[int]:
    """For each share the smallest number up to which at least so much of the probability lies."""
    found = mass.cumsum().searchsorted(np.subtract(shares, 1e-9))
    return [min(int(one), len(mass) - 1) for one in found]
