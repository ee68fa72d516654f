"""Turns a model's heat map into a picture to keep and the place to look at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: The grey level of a heat picture that stands for the threshold.
THRESHOLD_LEVEL = 128


def heat_picture(heat_map: NDArray[Any], threshold: float) -> NDArray[np.uint8]:
    """HxW uint8: 0 is nothing, 128 the threshold, 255 twice the threshold or more. Not a number shows as 255."""
    scaled = np.asarray(heat_map, dtype=np.float64).reshape(heat_map.shape[-2:]) / max(threshold, 1e-9)
    levels = np.nan_to_num(scaled * THRESHOLD_LEVEL, nan=255.0, posinf=255.0, neginf=0.0)
    picture: NDArray[np.uint8] = np.clip(levels, 0, 255).astype(np.uint8)
    return picture


def hottest(heat: NDArray[np.uint8]) -> dict[str, float]:
    """The hottest region as shares of width and height: `x`, `y`, `w`, `h`; all zero when the map is cold.

    The region is what hangs together around the peak at more than 60 % of the peak's level.
    """
    import cv2

    peak = int(heat.max(initial=0))
    if peak == 0:
        return {"x": 0.0, "y": 0.0, "w": 0.0, "h": 0.0}
    mask = (heat > 0.6 * peak).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    left, top, width, height, _ = (int(value) for value in stats[labels[row, column]])
    rows, columns = heat.shape
    return {
        "x": round(left / columns, 4),
        "y": round(top / rows, 4),
        "w": round(width / columns, 4),
        "h": round(height / rows, 4),
    }
