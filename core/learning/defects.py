"""Good pictures with a made-up defect, to choose by how a part is best looked at. They never enter a model.

Sources: Li et al., "CutPaste" (2021) for patches and scars; Zavrtanik et al., "DRAEM" (2021) for blotches of smooth
noise.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.learning.view import Box

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


def flawed(image: Image, kind: str, seed: int, region: Box) -> Image:
    """A copy of `image` with one defect of one of KINDS inside `region`; sizes go by the region's."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    height, width = image.shape[:2]
    top, left = int(region[1] * height), int(region[0] * width)
    piece = image[top : top + max(8, round(region[3] * height)), left : left + max(8, round(region[2] * width))]
    changed = image.copy()
    made = _MAKERS[kind](piece.astype(np.float32), rng)
    changed[top : top + piece.shape[0], left : left + piece.shape[1]] = np.clip(made, 0, 255).astype(np.uint8)
    return changed


def _patch(image: Floats, rng: np.random.Generator) -> Floats:
    """A piece of the part in a wrong place."""
    side = _side(image)
    height, width = (int(max(4, side * rng.uniform(0.04, 0.10))) for _ in range(2))
    height, width = min(height, image.shape[0] - 1), min(width, image.shape[1] - 1)
    (y, x), (to_y, to_x) = (
        (int(rng.integers(image.shape[0] - height)), int(rng.integers(image.shape[1] - width))) for _ in range(2)
    )
    result = image.copy()
    result[to_y : to_y + height, to_x : to_x + width] = image[y : y + height, x : x + width]
    return result


def _line(image: Floats, rng: np.random.Generator) -> Floats:
    """A thin crooked line, darker or brighter."""
    import cv2

    side, mark = _side(image), np.zeros(image.shape[:2], np.float32)
    x, y = _anywhere(image, rng)
    angle = rng.uniform(0, 2 * np.pi)
    for _ in range(int(rng.integers(4, 9))):
        angle += rng.normal(0, 0.4)
        step = side * rng.uniform(0.015, 0.035)
        to_x, to_y = x + step * np.cos(angle), y + step * np.sin(angle)
        cv2.line(mark, (int(x), int(y)), (int(to_x), int(to_y)), 1.0, max(1, round(side / 200)), cv2.LINE_AA)
        x, y = to_x, to_y
    return image + (mark * _contrast(rng))[..., None]


def _spot(image: Floats, rng: np.random.Generator) -> Floats:
    """A small round hole or grain."""
    size = _side(image) * rng.uniform(0.012, 0.03)
    return image + (_bell(image, rng, size, size) * 1.3 * _contrast(rng))[..., None]


def _blotch(image: Floats, rng: np.random.Generator) -> Floats:
    """A patch of another shade with a ragged outline."""
    import cv2

    side = _side(image)
    size = side * rng.uniform(0.04, 0.09)
    noise = rng.normal(size=image.shape[:2]).astype(np.float32)
    noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), max(1.0, size / 5)), np.float32)
    noise = np.asarray(noise / max(float(noise.std()), 1e-6), np.float32)
    shape = np.clip(_bell(image, rng, size, size * rng.uniform(0.6, 1)) + 0.25 * noise - 0.35, 0, 0.5) * 2
    shade = rng.uniform(0.6, 1.2, 3).astype(np.float32)
    return np.asarray(image + (shape * 0.7 * _contrast(rng))[..., None] * shade, np.float32)


def _missing(image: Floats, rng: np.random.Generator) -> Floats:
    """A place where the part has lost what it shows: only a blur of its surroundings is left."""
    import cv2

    size = _side(image) * rng.uniform(0.025, 0.055)
    gone = np.clip(2 * _bell(image, rng, size, size), 0, 1)[..., None]
    return np.asarray(image * (1 - gone) + cv2.GaussianBlur(image, (0, 0), size) * gone)


_MAKERS: dict[str, Callable[[Floats, np.random.Generator], Floats]] = {
    "patch": _patch,
    "line": _line,
    "spot": _spot,
    "blotch": _blotch,
    "missing piece": _missing,
}
KINDS = tuple(_MAKERS)


def _side(image: Floats) -> float:
    return float(np.sqrt(image.shape[0] * image.shape[1]))


def _anywhere(image: Floats, rng: np.random.Generator) -> tuple[float, float]:
    return rng.uniform(0.12, 0.88) * image.shape[1], rng.uniform(0.12, 0.88) * image.shape[0]


def _bell(image: Floats, rng: np.random.Generator, width: float, height: float) -> Floats:
    x, y = _anywhere(image, rng)
    across = np.square((np.arange(image.shape[1]) - x) / width)[None, :]
    down = np.square((np.arange(image.shape[0]) - y) / height)[:, None]
    return np.asarray(np.exp(-0.7 * (across + down)), np.float32)


def _contrast(rng: np.random.Generator) -> float:
    return float(rng.choice([-1, 1]) * rng.uniform(18, 55))
