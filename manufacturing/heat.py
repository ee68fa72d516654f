"""Turns a model's heat map into a picture to keep, the place to look at, and its outline."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: The grey level of a heat picture that stands for the threshold.
THRESHOLD_LEVEL = 128
#: Grey levels for each doubling above the threshold: far over it there is still a hottest place to be seen.
_LEVELS_A_DOUBLING = 42
#: The region hangs together around the peak at more than this share of the peak.
_REGION_SHARE = 0.6
_GLOW_SHARE = 0.4
_OUTLINE_PX = 256
_OUTLINE_POINTS = 40


def heat_picture(heat_map: NDArray[Any], threshold: float) -> NDArray[np.uint8]:
    """HxW uint8: 0 is nothing, 128 the threshold, then 42 for each doubling up to 255. Not a number shows as 255."""
    return _levels(_plain(heat_map) / max(threshold, 1e-9)).astype(np.uint8)


def grey_range(heat_map: NDArray[Any], threshold: float) -> tuple[int, int]:
    """The levels of the heat picture between which colour tells something: from the least to see to the peak.

    Nothing under the threshold is coloured, and nothing under two fifths of the peak: what glows is the place.
    """
    peak = float(_plain(heat_map).max(initial=0.0)) / max(threshold, 1e-9)
    low, high = _levels(np.array([max(_GLOW_SHARE * peak, 0.9), peak]))
    return int(low), max(int(high), int(low) + 1)


def hottest(heat_map: NDArray[Any]) -> dict[str, float]:
    """The hottest region as shares of width and height: `x`, `y`, `w`, `h`; all zero when the map is cold."""
    mask = _region(_plain(heat_map))
    if mask is None:
        return {"x": 0.0, "y": 0.0, "w": 0.0, "h": 0.0}
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    width, height = int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top
    return {
        "x": round(left / mask.shape[1], 4),
        "y": round(top / mask.shape[0], 4),
        "w": round(width / mask.shape[1], 4),
        "h": round(height / mask.shape[0], 4),
    }


def outline(heat_map: NDArray[Any]) -> list[tuple[float, float]]:
    """The border of the hottest region: at most 40 points, shares of width and height; empty when the map is cold.

    The map is coarse: it is drawn larger first, so that the border is round and not a row of steps.
    """
    import cv2

    heat = _plain(heat_map)
    rows, columns = heat.shape
    scale = max(1, _OUTLINE_PX // max(rows, columns))
    size = (columns * scale, rows * scale)
    large = np.asarray(cv2.resize(heat, size, interpolation=cv2.INTER_LINEAR), np.float32)
    mask = _region(large)
    if mask is None:
        return []
    borders, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    border = max(borders, key=len)[:, 0, :]
    kept = border[:: -(-len(border) // _OUTLINE_POINTS)]
    return [(round(float(x + 0.5) / large.shape[1], 4), round(float(y + 0.5) / large.shape[0], 4)) for x, y in kept]


def _levels(shares: NDArray[Any]) -> NDArray[Any]:
    """Grey levels of shares of the threshold."""
    above = THRESHOLD_LEVEL + _LEVELS_A_DOUBLING * np.log2(np.maximum(shares, 1.0))
    return np.clip(np.where(shares > 1.0, above, shares * THRESHOLD_LEVEL), 0, 255)


def _plain(heat_map: NDArray[Any]) -> NDArray[np.float32]:
    """HxW, finite and not negative; what is not a number is as hot as can be."""
    heat = np.asarray(heat_map, dtype=np.float32).reshape(heat_map.shape[-2:])
    return np.clip(np.nan_to_num(heat, nan=1e9, posinf=1e9, neginf=0.0), 0.0, 1e9)


def _region(heat: NDArray[np.float32]) -> NDArray[np.uint8] | None:
    """1 where the hottest region is; None when the map is cold."""
    import cv2

    peak = float(heat.max(initial=0.0))
    if peak <= 0.0:
        return None
    _, labels = cv2.connectedComponents((heat > _REGION_SHARE * peak).astype(np.uint8))
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    mask: NDArray[np.uint8] = (labels == labels[row, column]).astype(np.uint8)
    return mask
