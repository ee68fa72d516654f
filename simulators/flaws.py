"""What can be wrong with a rendered part: each flaw is drawn on the oversampled face, its place and size by chance."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from simulators.partface import (
    BORE_R,
    CENTRE,
    HOLE_R,
    HOLES,
    LABEL,
    OUTER_R,
    STEP_R,
    Picture,
    Spot,
    bare_face,
    blend,
    blur,
    disc,
    good_face,
    grid,
    hole_spot,
    metal,
    polar,
    print_label,
)

Flaw = Callable[[Picture, np.random.Generator], None]


def _free_spot(rng: np.random.Generator) -> Spot:
    """A place on the outer face between two bolt holes, or on the raised face beside the label."""
    if rng.random() < 0.6:
        between = int(rng.integers(HOLES)) * 360 / HOLES
        return polar(float(rng.uniform(STEP_R + 60, OUTER_R - 60)), between + float(rng.uniform(-8, 8)))
    return polar(float(rng.uniform(BORE_R + 50, STEP_R - 40)), float(rng.choice([190.0, 350.0]) + rng.uniform(-50, 50)))


def _stroke(shape: tuple[int, ...], points: list[tuple[float, float]], thickness: int) -> Picture:
    ink = np.zeros(shape[:2], np.uint8)
    line = (np.array(points) * 16).round().astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(ink, [line], isClosed=False, color=255, thickness=thickness, lineType=cv2.LINE_AA, shift=4)
    return ink.astype(np.float32) / np.float32(255)


def scratch(picture: Picture, rng: np.random.Generator) -> None:
    """A curved score through the turned surface: bright bottom, dark flank."""
    start = _free_spot(rng)
    heading, bend = rng.uniform(0, 2 * math.pi), rng.uniform(-0.05, 0.05)
    length = int(rng.integers(14, 26))
    points, x, y = [], start.x, start.y
    for _ in range(length):
        points.append((x, y))
        heading += bend + rng.normal(0, 0.02)
        x, y = x + 12 * math.cos(heading), y + 12 * math.sin(heading)
    on_part = metal() * np.float32(rng.uniform(0.75, 1.0))
    flank = [(px + 4, py + 5) for px, py in points]
    blend(picture, _stroke(picture.shape, flank, 5) * on_part, (0.22, 0.22, 0.23))
    blend(picture, _stroke(picture.shape, points, 4) * on_part, (0.97, 0.975, 0.99))


def dent(picture: Picture, rng: np.random.Generator) -> None:
    """A shallow hollow: dark towards the light, bright on the far side."""
    spot, radius = _free_spot(rng), float(rng.uniform(30, 44))
    hollow = blur(disc(spot, radius), radius / 3)
    right = cv2.Sobel(hollow, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(hollow, cv2.CV_32F, 0, 1, scale=1 / 8)
    relief = (right * 0.7 + down * 0.8) * radius
    picture -= (relief * 0.30)[..., None]
    blend(picture, blur(disc(spot, radius * 0.55), radius / 4) * 0.22, (0.42, 0.425, 0.44))


def missing_hole(picture: Picture, rng: np.random.Generator) -> None:
    """A bolt hole that was never drilled; only the centre punch shows."""
    index = int(rng.integers(HOLES))
    spot = hole_spot(index)
    turned = cv2.getRotationMatrix2D((float(CENTRE[0]), float(CENTRE[1])), 360 / HOLES / 2, 1.0)
    size = (picture.shape[1], picture.shape[0])
    plain = np.asarray(cv2.warpAffine(bare_face(), turned, size, flags=cv2.INTER_LINEAR), np.float32)
    plain += _tone(bare_face(), spot) - _tone(plain, spot)
    blend(picture, blur(disc(spot, HOLE_R + 22), 3), plain)
    blend(picture, disc(Spot(spot.x + 1, spot.y + 2), 8), (0.85, 0.86, 0.88))
    blend(picture, disc(spot, 6), (0.20, 0.20, 0.21))


def _tone(face: Picture, spot: Spot) -> Picture:
    """Mean colour of the metal just around a bolt hole."""
    around = disc(spot, HOLE_R + 40) - disc(spot, HOLE_R + 24)
    return np.asarray((face * around[..., None]).sum((0, 1)) / around.sum(), np.float32)


def stain(picture: Picture, rng: np.random.Generator) -> None:
    """Dried coolant: a brownish blot of irregular outline, darker at its rim."""
    spot = _free_spot(rng)
    blot = np.zeros(picture.shape[:2], np.float32)
    for _ in range(int(rng.integers(5, 9))):
        place = Spot(spot.x + rng.normal(0, 30), spot.y + rng.normal(0, 24))
        blot = np.maximum(blot, disc(place, float(rng.uniform(18, 46))))
    soft = blur(blot, 5) * metal()
    rim = np.asarray(np.clip(soft - blur(blot, 13) * metal(), 0, 1), np.float32)
    blend(picture, soft * 0.36, (0.40, 0.29, 0.14))
    blend(picture, rim * 0.75, (0.26, 0.17, 0.07))


def burr(picture: Picture, rng: np.random.Generator) -> None:
    """A torn edge at the rim: bright slivers that stand out over the fixture, with their shadow."""
    at, spread = float(rng.uniform(0, 360)), float(rng.uniform(6, 11))
    shape = picture.shape
    points = []
    for step in np.linspace(-spread, spread, 26):
        reach = OUTER_R - 6 + abs(float(rng.normal(0, 1))) * 22 * (1 - (step / spread) ** 2)
        spot = polar(reach, at + float(step))
        points.append((spot.x, spot.y))
    inner = [polar(OUTER_R - 16, at + float(step)) for step in np.linspace(spread, -spread, 12)]
    outline = np.array(points + [(spot.x, spot.y) for spot in inner])
    sliver = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(sliver, [(outline * 16).round().astype(np.int32).reshape(-1, 1, 2)], 255, cv2.LINE_AA, 4)
    mask = sliver.astype(np.float32) / np.float32(255)
    shadow = np.asarray(np.roll(mask, (12, 9), (0, 1)) * (1 - mask), np.float32)
    blend(picture, blur(shadow, 4) * 0.6, (0.02, 0.02, 0.02))
    radius, _ = grid()
    tone = np.where(radius > OUTER_R, 0.90, 0.74).astype(np.float32)
    blend(picture, mask, np.asarray(tone[..., None] * np.array([0.98, 0.99, 1.0], np.float32)))
    blend(picture, _stroke(shape, points, 3) * 0.8, (0.99, 0.99, 1.0))


def misprint(picture: Picture, rng: np.random.Generator) -> None:
    """The label printed twice, torn off, or with a wrong number."""
    kind = int(rng.integers(3))
    if kind == 0:
        print_label(picture, shift=int(rng.choice([-1, 1]) * rng.integers(14, 24)))
        return
    picture[:] = bare_face()
    if kind == 1:
        print_label(picture, ("EW-2O7" if rng.random() < 0.5 else "EW-402", LABEL[1][0]))
        return
    kept = np.zeros(picture.shape[:2], np.float32)
    kept[:, : CENTRE[0] + int(rng.integers(-60, 60))] = 1
    blend(picture, blur(kept, 6), good_face())


FLAWS: dict[str, Flaw] = {
    "scratch": scratch,
    "dent": dent,
    "missing-hole": missing_hole,
    "stain": stain,
    "burr": burr,
    "misprint": misprint,
}
