"""Packs as a shelf camera sees them, drawn by a formula from a number: the same number is the same product."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

_SHAPES = ("box", "bottle", "can")


def pack(product: int, height: int, width: int) -> tuple[Picture, NDArray[np.float32]]:
    """The pack of `product`, height x width x 3, and how much of each pixel it covers, 0..1."""
    rng = np.random.default_rng([product, 77])
    shape = _SHAPES[int(rng.integers(len(_SHAPES)))]
    body = rng.integers(30, 226, 3)
    picture = np.full((height, width, 3), body, np.uint8)
    _draw_label(picture, rng)
    cover = _outline(shape, height, width, picture, rng)
    across = np.linspace(-1, 1, width, dtype=np.float32)
    round_ = 1.0 - (0.35 if shape != "box" else 0.08) * across**2
    return np.clip(picture * round_[None, :, None], 0, 255).astype(np.uint8), cover


def _draw_label(picture: Picture, rng: np.random.Generator) -> None:
    height, width = picture.shape[:2]
    for _ in range(int(rng.integers(2, 5))):
        top = int(rng.integers(0, height * 3 // 4))
        bottom = top + int(rng.integers(max(2, height // 12), max(3, height // 3)))
        picture[top:bottom] = rng.integers(10, 246, 3)
    for _ in range(int(rng.integers(2, 6))):
        centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        cv2.circle(picture, centre, int(rng.integers(2, max(3, width // 3))), _colour(rng), -1, cv2.LINE_AA)
    word = "".join(chr(65 + int(letter)) for letter in rng.integers(0, 26, int(rng.integers(3, 6))))
    at = (max(1, width // 10), int(height * rng.uniform(0.3, 0.8)))
    cv2.putText(picture, word, at, cv2.FONT_HERSHEY_DUPLEX, width / 75, _colour(rng), max(1, width // 30), cv2.LINE_AA)


def _outline(shape: str, height: int, width: int, picture: Picture, rng: np.random.Generator) -> NDArray[np.float32]:
    cover = np.zeros((height, width), np.float32)
    if shape == "bottle":
        neck, shoulder = max(2, width // 5), int(height * rng.uniform(0.22, 0.34))
        middle = width // 2
        corners = np.array([
            [middle - neck, 0], [middle + neck, 0], [middle + neck, shoulder // 2], [width - 2, shoulder],
            [width - 2, height - 1], [1, height - 1], [1, shoulder], [middle - neck, shoulder // 2],
        ], np.int32)  # fmt: skip
        cv2.fillPoly(cover, [corners], 1.0, cv2.LINE_AA)
        picture[: max(2, shoulder // 3)] = rng.integers(10, 246, 3)
    else:
        top = 0 if shape == "box" else max(1, height // 30)
        cv2.rectangle(cover, (1, top), (width - 2, height - 1), 1.0, -1)
    return np.clip(cover, 0, 1)


def _colour(rng: np.random.Generator) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in rng.integers(10, 246, 3))
    return red, green, blue
