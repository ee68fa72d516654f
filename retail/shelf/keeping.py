"""What may be written or shown of a bay: kept by permission, not by detection.

The picture that leaves here is the reference still. Onto it only slots are copied that were judged unblocked in this
very frame and agree in structure with goods or shelf that are known; every other slot is drawn pale, so that nobody
takes the old picture for a new one. Nothing else of a frame ever leaves: whoever is not recognised as a person is
masked like everything that was not permitted.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from retail.shelf.plan import Plan

_PALE = 0.35
_GREY = 200

Picture = NDArray[np.uint8]


def kept_picture(plan: Plan, still: Picture, frame: Picture, permitted: Collection[str]) -> Picture:
    """`still` with the permitted slots of `frame`, both height x width x 3 in the still's place; a new picture."""
    height, width = still.shape[:2]
    kept = still.copy()
    for slot in plan.slots:
        left, top, right, bottom = slot.pixels(height, width)
        area = (slice(top, bottom), slice(left, right))
        if slot.name in permitted:
            kept[area] = frame[area]
        else:
            kept[area] = _pale(still[area])
    return kept


def permitted_pixels(plan: Plan, shape: tuple[int, ...], permitted: Collection[str]) -> NDArray[np.bool_]:
    """Height x width: where `kept_picture` shows a frame of that `shape`."""
    height, width = shape[:2]
    shown = np.zeros((height, width), bool)
    for slot in plan.slots:
        if slot.name in permitted:
            left, top, right, bottom = slot.pixels(height, width)
            shown[top:bottom, left:right] = True
    return shown


def _pale(part: Picture) -> Picture:
    return np.asarray(_PALE * part + (1 - _PALE) * _GREY, np.uint8)
