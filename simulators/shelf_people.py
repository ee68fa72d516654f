"""People and hands before a rendered shelf, with the layer that says which pixels are theirs."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_SKIN = ((92, 62, 48), (141, 98, 74), (198, 150, 120), (224, 184, 160))


@dataclass(frozen=True, slots=True)
class Person:
    """Passes from one side to the other between two frames. `clothes` are two colours and a pattern 0..2."""

    first: int
    last: int
    height: float  # shares of the picture
    clothes: tuple[tuple[int, int, int], tuple[int, int, int], int]
    skin: tuple[int, int, int]
    to_right: bool
    stops: float = 0.0  # share of the time that it stands in the middle

    @classmethod
    def drawn(cls, first: int, last: int, rng: np.random.Generator, like: tuple[int, int, int] | None = None) -> Person:
        """`like`: clothes of that colour, such as the shelf's own."""
        upper, lower = (tuple(int(value) for value in rng.integers(15, 240, 3)) for _ in range(2))
        top = like or (upper[0], upper[1], upper[2])
        return cls(
            first, last, float(rng.uniform(0.7, 1.25)), (top, (lower[0], lower[1], lower[2]), int(rng.integers(3))),
            _SKIN[int(rng.integers(len(_SKIN)))], bool(rng.integers(2)), float(rng.choice([0.0, 0.5])),
        )  # fmt: skip

    def at(self, frame: int, height: int, width: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
        """The person over nothing and its mask 0..255, of the picture's size; None when it is not there."""
        if not self.first <= frame <= self.last:
            return None
        share = (frame - self.first) / max(1, self.last - self.first)
        if self.stops:
            share = float(np.interp(share, [0, (1 - self.stops) / 2, (1 + self.stops) / 2, 1], [0, 0.5, 0.5, 1]))
        size = self.height * height
        reach = 0.35 * size
        x = -reach + (width + 2 * reach) * (share if self.to_right else 1 - share)
        y = height * 1.05 - size  # the top of the head
        return _figure(self, x, y, size, height, width, swing=np.sin(frame / 3.0))


def _figure(
    person: Person, x: float, y: float, size: float, height: int, width: int, swing: float
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    mask, picture = np.zeros((height, width), np.uint8), np.zeros((height, width, 3), np.uint8)
    upper, lower, pattern = person.clothes
    head = size * 0.07
    parts = np.zeros((height, width), np.uint8)
    _limb(parts, (x - size * 0.09, y + size * 0.2), (x - size * (0.13 + 0.06 * swing), y + size * 0.5), size * 0.035, 1)
    _limb(parts, (x + size * 0.09, y + size * 0.2), (x + size * (0.13 - 0.06 * swing), y + size * 0.5), size * 0.035, 1)
    for side in (-1, 1):
        foot = (x + side * size * (0.05 + 0.05 * swing), y + size)
        _limb(parts, (x + side * size * 0.05, y + size * 0.55), foot, size * 0.05, 2)
    torso = np.array([[x - size * 0.12, y + size * 0.17], [x + size * 0.12, y + size * 0.17],
                      [x + size * 0.1, y + size * 0.57], [x - size * 0.1, y + size * 0.57]])  # fmt: skip
    cv2.fillConvexPoly(parts, torso.round().astype(np.int32), 1)
    cv2.circle(parts, (round(x), round(y + head)), round(head), 3, -1)
    for side in (-1, 1):
        hand = (round(x + side * size * (0.13 + side * 0.06 * -swing)), round(y + size * 0.5))
        cv2.circle(parts, hand, max(2, round(size * 0.03)), 3, -1)
    for value, colour in ((1, upper), (2, lower), (3, person.skin)):
        picture[parts == value] = colour
    rows, columns = np.indices((height, width))
    stripe = {0: rows * 0, 1: (rows // 6) % 2, 2: ((rows // 5) + (columns // 5)) % 2}[pattern]
    worn = (parts == 1) & (stripe == 1)
    picture[worn] = (picture[worn] * 0.6).astype(np.uint8)
    mask[parts > 0] = 255
    return picture, mask


def hand(
    tip: tuple[float, float], from_edge: tuple[float, float], skin: int, sleeve: tuple[int, int, int],
    height: int, width: int,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:  # fmt: skip
    """An arm that comes from outside the picture; `tip` is where its fingers are, in pixels."""
    parts = np.zeros((height, width), np.uint8)
    thick = height * 0.05
    start, end = np.array(from_edge, float), np.array(tip, float)
    wrist = end + (start - end) * min(1.0, height * 0.16 / max(1.0, float(np.linalg.norm(start - end))))
    _limb(parts, (start[0], start[1]), (wrist[0], wrist[1]), thick * 1.3, 1)
    _limb(parts, (wrist[0], wrist[1]), (end[0], end[1]), thick, 2)
    for spread in (-0.6, -0.2, 0.2, 0.6):
        side = np.array([-(end - wrist)[1], (end - wrist)[0]]) / max(1.0, float(np.linalg.norm(end - wrist)))
        finger = end + (end - wrist) * 0.35 + side * spread * thick
        _limb(parts, (end[0], end[1]), (finger[0], finger[1]), thick * 0.28, 2)
    picture = np.zeros((height, width, 3), np.uint8)
    picture[parts == 1], picture[parts == 2] = sleeve, _SKIN[skin % len(_SKIN)]
    return picture, np.where(parts > 0, 255, 0).astype(np.uint8)


def _limb(
    parts: NDArray[np.uint8], start: tuple[float, float], end: tuple[float, float], thick: float, value: int
) -> None:
    a, b = (round(start[0]), round(start[1])), (round(end[0]), round(end[1]))
    cv2.line(parts, a, b, value, max(2, round(2 * thick)))
