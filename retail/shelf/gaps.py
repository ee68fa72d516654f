"""Gaps in one photo of a bay, with no still to compare with: for the set-up of a bay, and for a walk with a phone.

Along a shelf, goods are bright or many-coloured from the rail upwards; where none stand the eye falls into the shadow
at the back. A gap is a run of columns whose lower part is dark, and wide enough for goods.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from retail.shelf.plan import Box

#: The part of a row, from the rail upwards, where goods would stand: share of its height.
_LOOKED_AT = (0.25, 0.95)
#: A column is empty when so much of that part is dark.
_DARK_SHARE = 0.8
#: Between the darkest and the brightest twentieth of the row: below this share a pixel is dark.
_DARK_LEVEL = 0.3
#: A gap is at least this wide, in heights of its row; runs closer than a third of that are one.
_LEAST_WIDTH = 0.25


@dataclass(frozen=True, slots=True)
class Gap:
    """`row` counts from 0; `left` and `right` are shares of the picture's width."""

    row: int
    left: float
    right: float


def find_gaps(picture: NDArray[np.uint8], rows: Sequence[Box]) -> list[Gap]:
    """`picture` is height x width x 3 RGB, each of `rows` the box of a shelf's goods in shares of it, x, y, w, h."""
    found = []
    for index, (x, y, w, h) in enumerate(rows):
        height, width = picture.shape[:2]
        part = picture[round(y * height) : round((y + h) * height), round(x * width) : round((x + w) * width)]
        if min(part.shape[:2]) < 8:
            continue
        for first, last in _runs(_empty_columns(part), part.shape[0]):
            found.append(Gap(index, x + first / width, x + last / width))
    return found


def _empty_columns(row: NDArray[np.uint8]) -> NDArray[np.bool_]:
    value = cv2.GaussianBlur(row.max(axis=2), (5, 5), 0).astype(np.float32)
    low, high = np.quantile(value, [0.05, 0.95])
    top, bottom = (round(share * row.shape[0]) for share in _LOOKED_AT)
    dark = value[top:bottom] < low + _DARK_LEVEL * (high - low)
    return np.asarray(dark.mean(axis=0) >= _DARK_SHARE)


def _runs(empty: NDArray[np.bool_], height: int) -> list[tuple[int, int]]:
    least = max(3, round(_LEAST_WIDTH * height))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], empty.astype(np.int8), [0]])))
    joined: list[tuple[int, int]] = []
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if joined and first - joined[-1][1] < least // 3:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return [(first, last) for first, last in joined if last - first >= least]
