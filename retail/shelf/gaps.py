"""Gaps in one photo of a bay, with no still to compare with: for the set-up of a bay, and for a walk with a phone.

Along a shelf, goods are bright or many-coloured from the rail upwards; where none stand the eye falls into the shadow
at the back. A gap is a run of columns whose lower part is dark, and wide enough for goods.

Where nobody says which rows there are, they are found by the same light: goods are bright from side to side, and it is
dark above them and below their rail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from retail.shelf.plan import Box, Plan

#: The part of a row, from the rail upwards, where goods would stand: share of its height.
_LOOKED_AT = (0.25, 0.95)
#: A column is empty when so much of that part is dark.
_DARK_SHARE = 0.8
#: Between the darkest and the brightest twentieth of the row: below this share a pixel is dark.
_DARK_LEVEL = 0.3
#: A gap is at least this wide, in heights of its row; runs closer than a third of that are one.
_LEAST_WIDTH = 0.25
#: Rows are looked for in a picture of this long side. A line belongs to a row when it has so much of the bright pixels
#: of the lines around it (an eighth of the height up and down); a row is at least so high.
_ROWS_PX, _AROUND, _ROW_SHARE, _LEAST_HEIGHT = 640, 8, 0.72, 0.05


@dataclass(frozen=True, slots=True)
class Gap:
    """`row` counts from 0; `left` and `right` are shares of the picture's width."""

    row: int
    left: float
    right: float


def find_gaps(picture: NDArray[np.uint8], rows: Sequence[Box] | None = None) -> list[Gap]:
    """`picture` is height x width x 3 RGB, each of `rows` the box of a shelf's goods in shares of it, x, y, w, h.

    Without `rows` they are found, from side to side of the picture; then a gap that reaches its edge is none, for
    nobody knows whether the shelf goes on, and what lies dark beside the bay counts as a gap.
    """
    found = []
    for index, (x, y, w, h) in enumerate(find_rows(picture) if rows is None else rows):
        height, width = picture.shape[:2]
        part = picture[round(y * height) : round((y + h) * height), round(x * width) : round((x + w) * width)]
        if min(part.shape[:2]) < 8:
            continue
        margin = 0 if rows is not None else _least_px(part.shape[0])
        for first, last in _runs(_empty_columns(part), part.shape[0]):
            if first >= margin and last <= part.shape[1] - margin:
                found.append(Gap(index, x + first / width, x + last / width))
    return found


def rows_of(plan: Plan) -> list[Box]:
    """The rows that drawn slots lie in, from the top down; slots share one when the middle of one is in the other's."""
    rows: list[Box] = []
    for x, y, w, h in sorted((slot.box for slot in plan.slots), key=lambda box: box[1] + box[3] / 2):
        if rows and rows[-1][1] < y + h / 2 < rows[-1][1] + rows[-1][3]:
            left, top, width, height = rows.pop()
            right, bottom = max(left + width, x + w), max(top + height, y + h)
            x, y = min(left, x), min(top, y)
            w, h = right - x, bottom - y
        rows.append((x, y, w, h))
    return rows


def find_rows(picture: NDArray[np.uint8]) -> list[Box]:
    """The shelves of a bay that fills the picture and is seen from before it, from the top down."""
    height, width = picture.shape[:2]
    scale = min(1.0, _ROWS_PX / max(height, width))
    size = max(8, round(width * scale)), max(8, round(height * scale))
    value = _value(np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8))
    low, high = np.quantile(value, [0.05, 0.95])
    bright = (value > low + _DARK_LEVEL * (high - low)).mean(axis=1)
    share = np.asarray(cv2.blur(bright.astype(np.float32)[:, None], (1, max(3, len(bright) // 80)))[:, 0])
    reach = max(1, len(share) // _AROUND)
    level = np.array([np.quantile(share[max(0, at - reach) : at + reach], 0.8) for at in range(len(share))])
    runs = [(first, last) for first, last in _spans(share > _ROW_SHARE * level) if level[first] > 0]
    rows = [(first / len(share), last / len(share)) for first, last in runs]
    return [(0.0, top, 1.0, bottom - top) for top, bottom in rows if bottom - top >= _LEAST_HEIGHT]


def _empty_columns(row: NDArray[np.uint8]) -> NDArray[np.bool_]:
    value = _value(row)
    low, high = np.quantile(value, [0.05, 0.95])
    top, bottom = (round(share * row.shape[0]) for share in _LOOKED_AT)
    dark = value[top:bottom] < low + _DARK_LEVEL * (high - low)
    return np.asarray(dark.mean(axis=0) >= _DARK_SHARE)


def _value(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(picture.max(axis=2), (5, 5), 0), np.float32)


def _least_px(height: int) -> int:
    """The width of the smallest gap in a row of that height."""
    return max(3, round(_LEAST_WIDTH * height))


def _runs(empty: NDArray[np.bool_], height: int) -> list[tuple[int, int]]:
    least = _least_px(height)
    joined: list[tuple[int, int]] = []
    for first, last in _spans(empty):
        if joined and first - joined[-1][1] < least // 3:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return [(first, last) for first, last in joined if last - first >= least]


def _spans(on: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and one past the last of each run of true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], on.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
