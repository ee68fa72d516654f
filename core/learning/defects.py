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

#: What is blurred may be worked out so coarsely that its spread is still so many pixels.
_FINE = 3.0


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
    side = _side(image)
    size = side * rng.uniform(0.04, 0.09)
    noise = _smooth_noise(image.shape[:2], max(1.0, size / 5), rng)
    shape = np.clip(_bell(image, rng, size, size * rng.uniform(0.6, 1)) + 0.25 * noise - 0.35, 0, 0.5) * 2
    shade = rng.uniform(0.6, 1.2, 3).astype(np.float32)
    return np.asarray(image + (shape * 0.7 * _contrast(rng))[..., None] * shade, np.float32)


def _missing(image: Floats, rng: np.random.Generator) -> Floats:
    """A place where the part has lost what it shows: only a blur of its surroundings is left."""
    size = _side(image) * rng.uniform(0.025, 0.055)
    gone = np.clip(2 * _bell(image, rng, size, size), 0, 1)[..., None]
    return image + (_blurred(image, size) - image) * gone


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
    across = np.exp(-0.7 * np.square((np.arange(image.shape[1]) - x) / width))
    down = np.exp(-0.7 * np.square((np.arange(image.shape[0]) - y) / height))
    return np.outer(down.astype(np.float32), across.astype(np.float32))


def _smooth_noise(shape: tuple[int, ...], sigma_px: float, rng: np.random.Generator) -> Floats:
    """Of mean 0 and spread 1, smooth over `sigma_px`; drawn as coarsely as that allows."""
    import cv2

    step = max(1, int(sigma_px / _FINE))
    small = rng.normal(size=(-(-shape[0] // step), -(-shape[1] // step))).astype(np.float32)
    small = np.asarray(cv2.GaussianBlur(small, (0, 0), sigma_px / step), np.float32)
    noise = np.asarray(cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR), np.float32)
    return np.asarray(noise / max(float(noise.std()), 1e-6), np.float32)


def _blurred(image: Floats, sigma_px: float) -> Floats:
    """`image` without what is finer than `sigma_px`, worked out as coarsely as that allows."""
    import cv2

    height, width = image.shape[:2]
    step = max(1, int(sigma_px / _FINE))
    small = cv2.resize(image, (max(1, width // step), max(1, height // step)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma_px / step)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _contrast(rng: np.random.Generator) -> float:
    return float(rng.choice([-1, 1]) * rng.uniform(18, 55))
