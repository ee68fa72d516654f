"""What the score looks at in each hour: how far each vital sign is out, how it moved, what NEWS2 says of it.

Nothing of how long a patient has been here, of who was measured how often, of age or diagnosis: a score that knows
those learns how the hospital works. Values that are not there say nothing, neither good nor bad.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from healthcare.vitals.news2 import LABELS, PARAMETERS, points_of, rounded

Floats = NDArray[np.float64]

MEASURED = ("rr_per_min", "spo2_pct", "sys_mmhg", "pulse_per_min", "temp_cel")
ASKED = ("oxygen", "consciousness")
#: Where NEWS2 gives no points, and one step beyond it, in the unit of the measure.
_CALM = {
    "rr_per_min": (12.0, 20.0, 4.0), "spo2_pct": (96.0, 100.0, 3.0), "sys_mmhg": (111.0, 219.0, 15.0),
    "pulse_per_min": (51.0, 90.0, 15.0), "temp_cel": (36.1, 38.0, 0.7),
}  # fmt: skip
_FARTHEST = 4.0
_BEFORE_H = 24
_RECENT_H = 6
#: So many hours are enough to make the features of the last.
HISTORY_H = _BEFORE_H + 1
_PARTS = ("below", "above", "fell", "rose", "points")

NAMES: tuple[str, ...] = (
    *(f"{name} {part}" for name in MEASURED for part in _PARTS), *ASKED, "shock index", "NEWS2", "highest NEWS2 of 6 h",
)  # fmt: skip
#: What a person is told that a feature is about.
ABOUT: tuple[str, ...] = (
    *(LABELS[name] for name in MEASURED for _ in _PARTS), *("Oxygen", "ACVPU"), "Pulse over systolic BP", "NEWS2",
    "NEWS2",
)  # fmt: skip


def features(values: Floats) -> Floats:
    """Hours x NAMES out of hours x PARAMETERS of one stay; a row depends on itself and on the 24 hours before it."""
    columns: list[Floats] = []
    points = news2_points(values)
    for name in MEASURED:
        place = PARAMETERS.index(name)
        column, (low, high, step) = values[:, place], _CALM[name]
        moved = (column - _mean_before(column)) / step
        for part in ((low - column) / step, (column - high) / step, -moved, moved):
            columns.append(np.clip(np.nan_to_num(part), 0.0, _FARTHEST))
        columns.append(points[:, place])
    columns += [np.nan_to_num(values[:, PARAMETERS.index(name)]) for name in ASKED]
    pulse, systolic = (values[:, PARAMETERS.index(name)] for name in ("pulse_per_min", "sys_mmhg"))
    columns.append(np.clip(np.nan_to_num(pulse / systolic - 0.7), -0.5, 1.5))
    total = points.sum(axis=1)
    columns += [total, _highest_of(total, _RECENT_H)]
    return np.stack(columns, axis=1)


def news2(values: Floats) -> Floats:
    """The points of each hour, of what is known: the least that NEWS2 can be (scale 1)."""
    total: Floats = news2_points(values).sum(axis=1)
    return total


def news2_points(values: Floats) -> Floats:
    """Hours x PARAMETERS; 0 where there is no value."""
    points = np.zeros(values.shape)
    for place, name in enumerate(PARAMETERS):
        known = np.isfinite(values[:, place])
        points[known, place] = [_points(name, value) for value in values[known, place].tolist()]
    return points


@lru_cache(maxsize=8192)
def _points(name: str, value: float) -> float:
    if name == "consciousness":
        return 3.0 if value else 0.0
    return float(points_of(name, bool(value) if name == "oxygen" else rounded(name, value)))


def _mean_before(column: Floats) -> Floats:
    """Of the up to 24 hours before each; NaN with fewer than three."""
    known = np.isfinite(column)
    sums = np.concatenate(([0.0], np.cumsum(np.where(known, column, 0.0))))
    counts = np.concatenate(([0], np.cumsum(known)))
    end = np.arange(len(column))
    begin = np.maximum(end - _BEFORE_H, 0)
    count = counts[end] - counts[begin]
    mean: Floats = np.where(count >= 3, (sums[end] - sums[begin]) / np.maximum(count, 1), np.nan)
    return mean


def _highest_of(column: Floats, hours: int) -> Floats:
    highest = column.copy()
    for back in range(1, min(hours, len(column))):
        np.maximum(highest[back:], column[:-back], out=highest[back:])
    return highest
