"""Rendered parts for the demo: a flange under a camera, as it comes down the line, good or with one flaw.

Deterministic: the same seed gives the same pixels. Use it where no real pictures are at hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from simulators.flaws import FLAWS
from simulators.partface import HEIGHT_PX, OVER, WIDTH_PX, Picture, good_face

GOOD = "good"


@dataclass(frozen=True, slots=True)
class Rendered:
    """`image` HxWx3 uint8 RGB; `truth` is `good` or the flaw's name."""

    image: NDArray[np.uint8]
    truth: str


def render(seed: int, truth: str = GOOD) -> Rendered:
    """One part, HEIGHT_PX x WIDTH_PX. Raises InputError for a flaw nobody knows."""
    rng = np.random.default_rng([seed, 204])
    face = good_face()
    if truth != GOOD:
        if truth not in FLAWS:
            raise InputError(f"there is no flaw called '{truth}'", hint=f"Known: {', '.join(FLAWS)}.")
        face = face.copy()
        FLAWS[truth](face, np.random.default_rng([seed, 7]))
    return Rendered(_photograph(face, rng), truth)


def stream(seed: int, flawed_share: float = 0.12) -> Iterator[Rendered]:
    """Parts without end, good ones with a flawed one now and then."""
    rng = np.random.default_rng([seed, 11])
    names = tuple(FLAWS)
    number = 0
    while True:
        flawed = rng.random() < flawed_share
        truth = names[int(rng.integers(len(names)))] if flawed else GOOD
        yield render(seed * 1_000_003 + number, truth)
        number += 1


def render_good_set(folder: Path, count: int, *, seed: int = 1) -> list[Path]:
    """`count` pictures of good parts as PNG files in `folder`, to teach from."""
    return [_save(folder, f"good-{index:03d}", render(seed * 7919 + index)) for index in range(count)]


def render_test_set(folder: Path, good: int = 20, flawed_each: int = 4, *, seed: int = 2) -> list[Path]:
    """A labelled set in the layout that `evaluate` reads: `test/good` and `test/<flaw>`."""
    made = [_save(folder / "test" / GOOD, f"{index:03d}", render(seed * 7919 + index)) for index in range(good)]
    for place, name in enumerate(FLAWS, 1):
        for index in range(flawed_each):
            part = render(seed * 7919 + 1000 * place + index, name)
            made.append(_save(folder / "test" / name, f"{index:03d}", part))
    return made


def _save(folder: Path, name: str, part: Rendered) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    cv2.imwrite(str(path), cv2.cvtColor(part.image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return path


def _photograph(face: Picture, rng: np.random.Generator) -> NDArray[np.uint8]:
    """What the camera makes of it: small shift and turn in the fixture, light, vignette, sensor noise."""
    angle_deg, dx, dy = rng.normal(0, 0.35), rng.normal(0, 1.2), rng.normal(0, 1.2)
    centre = (face.shape[1] / 2, face.shape[0] / 2)
    move = cv2.getRotationMatrix2D(centre, float(np.clip(angle_deg, -0.9, 0.9)), 1.0)
    move[:, 2] += np.clip([dx, dy], -3, 3) * OVER
    size = (face.shape[1], face.shape[0])
    seen = cv2.warpAffine(face, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    small = cv2.resize(seen, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
    across = np.linspace(-1, 1, WIDTH_PX, dtype=np.float32)[None, :]
    down = np.linspace(-1, 1, HEIGHT_PX, dtype=np.float32)[:, None]
    lean_x, lean_y = rng.normal(0, 0.012, 2)
    light = (1 + rng.normal(0, 0.014)) * (1.02 - 0.10 * (across**2 + down**2) + lean_x * across + lean_y * down)
    warmth = np.array([1 + rng.normal(0, 0.004), 1.0, 1 + rng.normal(0, 0.004)], np.float32)
    grain = rng.standard_normal((HEIGHT_PX, WIDTH_PX), np.float32)[..., None] * np.float32(0.009)
    exposed = small * light[..., None].astype(np.float32) * warmth + grain
    return np.asarray(np.clip(exposed * 255 + 0.5, 0, 255), np.uint8)
