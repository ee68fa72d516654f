"""Copies of a good picture that the part would allow: moved a little, turned, turned over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Planes = NDArray[np.float32]

#: What `TeachSettings.augment` may say, from the simplest on.
WAYS = ("none", "shifts", "flips", "turns")


@dataclass(frozen=True, slots=True)
class Move:
    """Right and down by shares of the picture's sides, then turned about its middle, then mirrored."""

    right: float = 0.0
    down: float = 0.0
    degrees: float = 0.0
    mirrored: bool = False


def moves_of(way: str, shift: float) -> tuple[Move, ...]:
    """The moves of one of WAYS; `shift` is the share of a side that a part may lie off its place: copies are moved as
    far, and half as far, in turn."""
    if way == "shifts":
        aside = ((1, 0), (-1, 0), (0, 1), (0, -1))
        far = (shift / 2, shift) * len(aside)
        return tuple(Move(x * by, y * by) for by, (x, y) in zip(far, _beside(aside), strict=True))
    if way == "flips":
        return _round_about(90)
    return _round_about(45) if way == "turns" else ()


def _beside(aside: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    """Every direction twice, the second time beside the next one."""
    return [one for pair in zip(aside, (*aside[1:], aside[0]), strict=True) for one in pair]


def _round_about(step: int) -> tuple[Move, ...]:
    """Every turn by `step` degrees on either side of the part, the picture itself left out; few of them are spread."""
    turns = [Move(0.0, 0.0, float(angle), over) for angle in range(0, 360, step) for over in (False, True)][1:]
    order = np.random.default_rng(step).permutation(len(turns))
    return tuple(turns[index] for index in order)


def moved(planes: Planes, move: Move, stretch: float) -> Planes:
    """`planes` 1 x 3 x height x width, moved; edge pixels are repeated where nothing comes in.

    `stretch` is how much wider a pixel of the planes is than high, so that turning keeps the part's shape.
    """
    import cv2

    height, width = planes.shape[2:]
    angle = np.deg2rad(move.degrees)
    turn = np.array([[np.cos(angle), np.sin(angle) / stretch], [-np.sin(angle) * stretch, np.cos(angle)]])
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    off = middle + np.array([move.right * width, move.down * height]) - turn @ middle
    picture = np.ascontiguousarray(planes[0].transpose(1, 2, 0))
    around = np.concatenate([turn, off[:, None]], 1)
    turned = cv2.warpAffine(picture, around, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if move.mirrored:
        turned = turned[:, ::-1]
    return np.ascontiguousarray(np.asarray(turned, np.float32).transpose(2, 0, 1)[None])
