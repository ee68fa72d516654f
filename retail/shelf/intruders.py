"""Where something stands in a frame that is neither goods nor shelf: hands, people, trolleys. Nobody is recognised.

A pixel is foreign when it is unlike everything the bay is known to look like, or moves. Foreign pixels that lie close
together are one thing; what lies between them belongs to it. A thing that reaches beyond the slots, over rails and
frame where goods never lie, passes before the bay; one that lies within a slot is a change of its goods.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from retail.shelf.looks import largest

#: From so much unlikeness on a pixel is foreign: beside other foreign ones, and by itself.
_WEAK, _STRONG = 1.0, 2.0
#: In working pixels: specks up to this size are noise, gaps up to this size are closed.
_SPECK_PX, _GAP_PX = 3, 9
#: A thing passes when more than this many pixels, and this share of it, lie outside the slots.
_OUTSIDE_PX, _OUTSIDE_SHARE = 24, 0.06
#: Around what passes nothing is believed: soft edges, shadow, blur. Share of the picture's long side.
_RIM_SHARE = 0.02
#: From one frame to the next but one, a pixel that differs by more has moved.
_MOVED_LEVELS = 16

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Intruders:
    """`passing` covers everything that passes and its rim; `changed` what is foreign within slots alone."""

    passing: Mask = field(repr=False)
    changed: Mask = field(repr=False)


def find_intruders(unlike: NDArray[np.float32], moving: Mask, slots: Mask) -> Intruders:
    """`unlike` as of `Looks.unlike`; `moving` where the frame differs from the one before; `slots` is 1 in any slot."""
    height, width = unlike.shape
    strong = unlike > _STRONG
    foreign = _grown(strong, unlike > _WEAK) | moving
    foreign = _opened(foreign)
    joined = cv2.morphologyEx(foreign.astype(np.uint8), cv2.MORPH_CLOSE, _disc(_GAP_PX))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    outside = np.bincount(labels[~slots].ravel(), minlength=count)
    passing = np.zeros((height, width), np.uint8)
    for label in range(1, count):
        area = int(stats[label, cv2.CC_STAT_AREA])
        if outside[label] > max(_OUTSIDE_PX, _OUTSIDE_SHARE * area):
            _fill(passing, np.asarray(labels, np.int32), np.asarray(stats[label], np.int32), label)
    rim = max(3, round(_RIM_SHARE * max(height, width)))
    covered = np.asarray(cv2.dilate(passing, _disc(2 * rim + 1)), np.uint8) > 0
    return Intruders(covered, foreign & ~covered & slots)


def moving_pixels(before: NDArray[np.uint8] | None, now: NDArray[np.uint8]) -> Mask:
    """Where two frames in the still's place and light differ more than noise; nowhere without one before."""
    if before is None:
        return np.zeros(now.shape[:2], bool)
    kernel = np.ones((3, 3), np.uint8)
    soft, last = cv2.GaussianBlur(now, (3, 3), 0), cv2.GaussianBlur(before, (3, 3), 0)
    off = cv2.max(cv2.subtract(cv2.erode(last, kernel), soft), cv2.subtract(soft, cv2.dilate(last, kernel)))
    return np.asarray(largest(off) > _MOVED_LEVELS)


def _grown(seeds: Mask, area: Mask) -> Mask:
    """The parts of `area` that hold a seed."""
    count, labels = cv2.connectedComponents(area.astype(np.uint8), connectivity=8)
    kept = np.zeros(count, bool)
    kept[labels[seeds & area]] = True
    kept[0] = False
    return np.asarray(kept[labels])


def _opened(mask: Mask) -> Mask:
    """Without specks: what has no full square of `_SPECK_PX` in it goes, everything else stays as it is."""
    cores = cv2.erode(mask.astype(np.uint8), np.ones((_SPECK_PX, _SPECK_PX), np.uint8)) > 0
    return _grown(cores, mask)


def _fill(target: NDArray[np.uint8], labels: NDArray[np.int32], stats: NDArray[np.int32], label: int) -> None:
    """Draws the thing's convex hull: a shirt may look like the shelf behind it."""
    x, y, w, h = (int(stats[index]) for index in range(4))
    part = (labels[y : y + h, x : x + w] == label).astype(np.uint8)
    borders, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(x, y))
    hull = cv2.convexHull(np.concatenate(borders))
    cv2.fillConvexPoly(target, hull, 1)


def _disc(diameter: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (diameter, diameter)), np.uint8)
