"""Pictures of made-up surfaces and castings, good or flawed, for teaching on sets that no sample holds.

Tiles: grey, of many sizes, the same tile at several exposures, with thin cracks and blowholes. Castings: round parts
with blades, lying any way round or turned over.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.support.pictures import write_png

Picture = NDArray[np.uint8]


def tile(seed: int, *, exposure: int = 2, flaw: str = "") -> Picture:
    """The tile of that seed at exposure 0..5; `flaw` is "crack", "blowhole" or "fray"."""
    import cv2

    rng = np.random.default_rng(seed)
    height, width = (int(side) for side in rng.integers(160, 420, 2))
    coarse = cv2.resize(rng.normal(size=(5, 4)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    clouds = cv2.GaussianBlur(rng.normal(size=(height, width)).astype(np.float32), (0, 0), 7) * 12
    grain = cv2.GaussianBlur(rng.normal(size=(height, width)).astype(np.float32), (0, 0), 0.8)
    lines = cv2.GaussianBlur(rng.normal(size=(1, width)).astype(np.float32), (0, 0), 1.5)
    grey = 95 + 14 * coarse + 9 * clouds + 7 * grain + 5 * lines
    rim = min(height, width) // 18
    grey[:rim] *= 0.8
    grey[-rim:] *= 0.75
    if flaw:
        grey = _flawed(grey, flaw, np.random.default_rng(seed + 77_000))
    noise = np.random.default_rng(seed * 7 + exposure).normal(0, 2, grey.shape)
    gained = np.clip(grey * (0.55 + 0.18 * exposure) + noise, 0, 255).astype(np.uint8)
    return np.repeat(gained[..., None], 3, 2)


def _flawed(grey: NDArray[np.float32], flaw: str, rng: np.random.Generator) -> NDArray[np.float32]:
    import cv2

    height, width = grey.shape
    mark = np.zeros_like(grey)
    x, y = rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.8) * height
    if flaw == "crack":
        angle = rng.uniform(0, 2 * np.pi)
        for _ in range(int(rng.integers(8, 22))):
            angle += rng.normal(0, 0.35)
            ahead = x + 6 * np.cos(angle), y + 6 * np.sin(angle)
            cv2.line(mark, (int(x), int(y)), (int(ahead[0]), int(ahead[1])), 1.0, int(rng.integers(1, 3)))
            x, y = ahead
        return np.asarray(grey - rng.uniform(22, 45) * cv2.GaussianBlur(mark, (0, 0), 0.7))
    if flaw == "blowhole":
        cv2.ellipse(mark, (int(x), int(y)), tuple(map(int, rng.integers(3, 8, 2))), 30, 0, 360, 1.0, -1)
        return np.asarray(grey - rng.uniform(25, 50) * cv2.GaussianBlur(mark, (0, 0), 1.0))
    cv2.ellipse(mark, (int(x), int(y)), tuple(map(int, rng.integers(14, 34, 2))), 30, 0, 360, 1.0, -1)
    rough = cv2.GaussianBlur(rng.normal(size=grey.shape).astype(np.float32), (0, 0), 1.5) * 22
    return np.asarray(grey + cv2.GaussianBlur(mark, (0, 0), 3) * (rough + rng.uniform(-14, 14)))


def casting(seed: int, *, flawed: bool = False, side: int = 300) -> Picture:
    """A casting of its own orientation, side x side."""
    import cv2

    rng = np.random.default_rng(seed)
    turn, hand = rng.uniform(0, 2 * np.pi), rng.choice([-1, 1])
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    y, x = y - side / 2 + rng.normal(0, 2), x - side / 2 + rng.normal(0, 2)
    radius, angle = np.hypot(x, y) / side, np.arctan2(y, x) * hand
    grey = np.where(radius < 0.44, 150.0, 205.0)
    blade = np.cos(6 * (angle - turn) - 14 * radius)
    grey = np.where((radius > 0.14) & (radius < 0.40), 140 + 45 * np.tanh(3 * blade), grey)
    grey = np.where((radius > 0.40) & (radius < 0.44), 175.0, grey)
    grey = np.where(radius < 0.12, 120 + 60 * (radius > 0.06), grey)
    key = np.hypot(x - 0.09 * side * np.cos(turn), y - 0.09 * side * np.sin(turn)) < 6
    grey = np.where(key, 60.0, grey)
    clouds = cv2.GaussianBlur(rng.normal(size=(side, side)).astype(np.float32), (0, 0), 9) * 90
    grey = grey + 0.12 * x * rng.normal(1, 0.2) + clouds
    if flawed:
        at, out = rng.uniform(0, 2 * np.pi), rng.uniform(0.16, 0.43) * side
        reach = np.hypot(x - out * np.cos(at), y - out * np.sin(at))
        size = rng.uniform(4, 10)
        rough = cv2.GaussianBlur(rng.normal(size=(side, side)).astype(np.float32), (0, 0), 1.2) * 60
        grey = grey + np.exp(-np.square(reach / size)) * (rough - rng.uniform(15, 50))
    noise = rng.normal(0, 3, (side, side))
    return np.repeat(np.clip(cv2.GaussianBlur(grey, (0, 0), 0.9) + noise, 0, 255).astype(np.uint8)[..., None], 3, 2)


def turned(image: Picture, seed: int) -> Picture:
    """`image` turned by any angle, half of the time turned over, on a ground of its rim's colour."""
    import cv2

    rng = np.random.default_rng(seed)
    height, width = image.shape[:2]
    around = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(0, 360), 1.0)
    ground = np.median(np.concatenate([image[0], image[-1]]), 0)
    moved = cv2.warpAffine(image, around, (width, height), borderValue=tuple(map(float, ground)))
    return np.ascontiguousarray(moved[:, ::-1] if rng.integers(2) else moved)


def write_tiles(folder: Path, *, train: int, good: int, flawed: int, unseen: bool) -> Path:
    """A data set of tiles; `unseen` test tiles are none of those taught from. Exposures of a tile share a folder."""
    for index in range(train):
        write_png(folder / f"train/good/tile-{index // 3}/{index}.png", tile(index // 3, exposure=index % 3 * 2))
    for index in range(good):
        number = 5000 + index if unseen else index % max(train // 3, 1)
        write_png(folder / f"test/good/{index}.png", tile(number, exposure=index % 3 * 2 + (0 if unseen else 1)))
    for index in range(flawed):
        for flaw in ("crack", "blowhole", "fray"):
            picture = tile(9000 + index, exposure=index % 6, flaw=flaw)
            write_png(folder / f"test/{flaw}/{index}.png", picture)
    return folder
