"""A frame brought to the light that the still was taken in: lamps, sun and the camera's own exposure taken out.

The logarithms of both pictures differ by a smooth field, quadratic over the picture, per colour. It is fitted to the
medians of blocks, those that do not fit left out by their weight: goods that were sold, hands and people must not
turn up the light.

Source: Tukey's biweight in iteratively reweighted least squares; Holland and Welsch (1977).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_ROWS, _COLUMNS = 12, 16
_STEPS = 8
#: Residuals further out than so many median deviations count for nothing.
_OUT = 4.685
_LEAST_DEVIATION = 0.01
#: Darker or brighter than this a pixel says nothing about the light.
_DARKEST, _BRIGHTEST = 8, 250
_MOST_GAIN = 4.0
#: From so many levels on a colour may be any brighter one.
_BLINDED = 246.0
#: Every so many rows and columns of the picture are enough.
_STEP = 2
_LOGS = np.log(np.arange(256, dtype=np.float32) + 1.0)

Picture = NDArray[np.uint8]


def evened(frame: Picture, still: Picture, seen: NDArray[np.bool_]) -> tuple[Picture, Picture]:
    """`frame` as it would look in the light of `still`, both height x width x 3; `seen` is where it shows the bay.

    The second picture is the brightest that each colour of each pixel could have come out: a camera that is blinded
    there tells no more than that.
    """
    height, width = still.shape[:2]
    field = _design(np.linspace(-1, 1, _ROWS * 2)[:, None], np.linspace(-1, 1, _COLUMNS * 2)[None, :])
    gains = []
    for channel in range(3):
        rows = slice(None, None, _STEP), slice(None, None, _STEP)
        ratios, counts = _ratios(frame[..., channel][rows], still[..., channel][rows], seen[rows])
        logs = np.tensordot(_fit(ratios, counts), field, 1)
        gains.append(np.exp(-np.clip(logs, -np.log(_MOST_GAIN), np.log(_MOST_GAIN))).astype(np.float32))
    gain = cv2.resize(np.stack(gains, axis=2), (width, height), interpolation=cv2.INTER_LINEAR)
    even = cv2.convertScaleAbs(cv2.multiply(frame.astype(np.float32), gain))
    return np.asarray(even, np.uint8), np.asarray(cv2.convertScaleAbs(gain * _BLINDED), np.uint8)


def _ratios(
    frame: NDArray[np.uint8], still: NDArray[np.uint8], seen: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The median log ratio of each block, and how many of its pixels it stands for; none where few are of use."""
    use = seen & (frame >= _DARKEST) & (still >= _DARKEST) & (frame <= _BRIGHTEST) & (still <= _BRIGHTEST)
    logs = np.where(use, _LOGS[frame] - _LOGS[still], np.inf)
    rows, columns = (side - side % count for side, count in zip(logs.shape, (_ROWS, _COLUMNS), strict=True))
    blocks = logs[:rows, :columns].reshape(_ROWS, rows // _ROWS, _COLUMNS, columns // _COLUMNS)
    ordered = np.sort(blocks.transpose(0, 2, 1, 3).reshape(_ROWS, _COLUMNS, -1), axis=2)
    counts = np.isfinite(ordered).sum(axis=2)
    middles = np.take_along_axis(ordered, np.maximum(counts // 2 - (counts % 2 == 0), 0)[..., None], axis=2)[..., 0]
    enough = counts >= max(4, ordered.shape[2] // 8)
    return np.where(enough, middles, 0.0), np.where(enough, counts, 0).astype(np.float64)


def _fit(ratios: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The six coefficients of the field."""
    down = (np.arange(_ROWS) + 0.5) / _ROWS * 2 - 1
    across = (np.arange(_COLUMNS) + 0.5) / _COLUMNS * 2 - 1
    design = _design(down[:, None], across[None, :]).reshape(6, -1).T
    values, usable = ratios.ravel(), counts.ravel() > 0
    if usable.sum() < 12:
        return np.zeros(6)
    design, values = design[usable], values[usable]
    coefficients = np.array([np.median(values), 0, 0, 0, 0, 0])
    for _ in range(_STEPS):
        off = values - design @ coefficients
        deviation = max(1.4826 * float(np.median(np.abs(off))), _LEAST_DEVIATION)
        weights = np.square(np.clip(1 - np.square(off / (_OUT * deviation)), 0, None)) + 1e-6
        pull = np.diag([0, 1, 1, 4, 4, 4]) * 0.02 * weights.sum()  # bends only where the blocks insist
        normal = (design * weights[:, None]).T @ design + pull
        coefficients = np.linalg.solve(normal, (design * weights[:, None]).T @ values)
    return coefficients


def _design(down: NDArray[np.float64], across: NDArray[np.float64]) -> NDArray[np.float64]:
    """6 x height x width: 1, x, y, x^2, y^2, x y."""
    y, x = np.broadcast_arrays(down, across)
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y])
