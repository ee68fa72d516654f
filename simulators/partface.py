"""The good part as drawn once: a turned aluminium flange with bolt circle and printed label on a dark fixture.

Everything is drawn at twice the final size in float32 RGB 0..1 and made smaller at the end, so that edges are smooth.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]

WIDTH_PX, HEIGHT_PX = 800, 600
OVER = 2  # oversampling
CENTRE = (WIDTH_PX * OVER // 2, HEIGHT_PX * OVER // 2)
OUTER_R, STEP_R, BORE_R, BOLT_R, HOLE_R = 500, 300, 150, 398, 42
HOLES = 8
_SHIFT = 4  # fixed point of cv2's drawing: 1/16 pixel


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the oversampled canvas, in pixels."""

    x: float
    y: float


def polar(radius: float, angle_deg: float) -> Spot:
    """A place on the part; 0 degrees points right, degrees run clockwise as on the screen."""
    angle = math.radians(angle_deg)
    return Spot(CENTRE[0] + radius * math.cos(angle), CENTRE[1] + radius * math.sin(angle))


def hole_spot(index: int) -> Spot:
    return polar(BOLT_R, 22.5 + index * 360 / HOLES)


def disc(spot: Spot, radius: float) -> Picture:
    """A mask 0..1 with a smooth edge."""
    mask = np.zeros((HEIGHT_PX * OVER, WIDTH_PX * OVER), np.uint8)
    scale = 1 << _SHIFT
    place = (round(spot.x * scale), round(spot.y * scale))
    cv2.circle(mask, place, round(radius * scale), 255, -1, cv2.LINE_AA, _SHIFT)
    return mask.astype(np.float32) / np.float32(255)


def blend(picture: Picture, mask: Picture, colour: tuple[float, float, float] | Picture) -> None:
    """Lays `colour` over the picture where the mask says so, in place."""
    x, y, width, height = cv2.boundingRect((mask != 0).view(np.uint8))
    where = np.s_[y : y + height, x : x + width]  # most masks cover a small place of a large canvas
    layer = np.asarray(colour, np.float32)
    layer = layer[where] if layer.ndim == 3 else layer
    picture[where] += mask[where][..., None] * (layer - picture[where])


def blur(mask: Picture, sigma_px: float) -> Picture:
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), sigma_px), np.float32)


@functools.cache
def grid() -> tuple[Picture, Picture]:
    """Radius in pixels and angle in radians of every pixel around the part's centre."""
    y, x = np.mgrid[0 : HEIGHT_PX * OVER, 0 : WIDTH_PX * OVER].astype(np.float32)
    x -= CENTRE[0]
    y -= CENTRE[1]
    return np.hypot(x, y).astype(np.float32), np.arctan2(y, x).astype(np.float32)


@functools.cache
def metal() -> Picture:
    """A mask of the faces of the part: no bore, no keyway, no holes, no rim."""
    x, y = CENTRE
    mask = disc(Spot(x, y), OUTER_R - 6) * (1 - disc(Spot(x, y), BORE_R + 4))
    mask[y - BORE_R - 54 : y, x - 38 : x + 38] = 0
    for index in range(HOLES):
        mask *= 1 - disc(hole_spot(index), HOLE_R + 4)
    return mask


@functools.cache
def good_face() -> Picture:
    """The part without a flaw, HxWx3, to be copied before drawing on it."""
    picture = bare_face().copy()
    print_label(picture)
    picture.setflags(write=False)
    return picture


@functools.cache
def bare_face() -> Picture:
    """The good part before it was printed on."""
    rng = np.random.default_rng(20_400)
    picture = _fixture(rng)
    _shadow(picture)
    blend(picture, disc(Spot(*CENTRE), OUTER_R), _metal(rng))
    _edges(picture)
    for index in range(HOLES):
        _hole(picture, hole_spot(index))
    _bore(picture)
    picture.setflags(write=False)
    return picture


def _fixture(rng: np.random.Generator) -> Picture:
    """A plate of black anodised aluminium, with two locating pins and a scale along its edge."""
    height, width = HEIGHT_PX * OVER, WIDTH_PX * OVER
    grain = rng.normal(0, 1, (height, width)).astype(np.float32)
    brushed = cv2.GaussianBlur(grain, (0, 0), sigmaX=24, sigmaY=0.8) * 0.035
    fall = np.linspace(0.035, -0.02, height, dtype=np.float32)[:, None]
    picture = np.empty((height, width, 3), np.float32)
    picture[:] = np.array([0.150, 0.158, 0.170], np.float32)
    picture += (brushed + fall)[..., None]
    for x in range(80, width - 60, 40):
        long = (x - 80) % 200 == 0
        cv2.line(picture, (x, height - 26), (x, height - (58 if long else 42)), (0.42, 0.43, 0.44), 3, cv2.LINE_AA)
    for spot in (Spot(150, 170), Spot(width - 150, 170), Spot(150, height - 190), Spot(width - 150, height - 190)):
        blend(picture, blur(disc(Spot(spot.x + 8, spot.y + 10), 40), 10) * 0.6, (0.02, 0.02, 0.02))
        blend(picture, disc(spot, 36), (0.33, 0.34, 0.36))
        blend(picture, disc(Spot(spot.x - 3, spot.y - 4), 29), (0.46, 0.47, 0.49))
        blend(picture, disc(spot, 13), (0.10, 0.10, 0.11))
    return picture


def _shadow(picture: Picture) -> None:
    blend(picture, blur(disc(Spot(CENTRE[0] + 18, CENTRE[1] + 24), OUTER_R), 22) * 0.75, (0.01, 0.01, 0.012))


def _metal(rng: np.random.Generator) -> Picture:
    """Turned aluminium: fine rings, and the light that fans out from the centre as on a record."""
    radius, angle = grid()
    rings = cv2.GaussianBlur(rng.normal(0, 1, (1, 4096)).astype(np.float32), (0, 0), sigmaX=1.4, sigmaY=0.01)[0]
    coarse = cv2.GaussianBlur(rng.normal(0, 1, (1, 4096)).astype(np.float32), (0, 0), sigmaX=9, sigmaY=0.01)[0]
    row = np.minimum(radius * 2, 4095).astype(np.int32)
    texture = rings[row] * 0.030 + coarse[row] * 0.06
    fan = 0.075 * np.cos(2 * (angle + 0.9)) + 0.045 * np.cos(4 * (angle - 0.35)) + 0.02 * np.cos(7 * angle + 1.0)
    slope = -(radius * np.sin(angle) * 0.00011 + radius * np.cos(angle) * 0.00006)
    step = np.where(radius < STEP_R, 0.045, 0.0)
    grey = (0.635 + texture + fan + slope + step).astype(np.float32)
    tint = np.array([0.985, 0.995, 1.02], np.float32)
    return np.asarray(grey[..., None] * tint, np.float32)


def _ring(radius: float, width: float) -> Picture:
    ring = disc(Spot(*CENTRE), radius + width / 2) - disc(Spot(*CENTRE), radius - width / 2)
    return np.asarray(np.clip(ring, 0, 1), np.float32)


def _lit(angle_of_light: float = -2.2) -> Picture:
    """How much an edge facing outwards is lit, -1..1."""
    _, angle = grid()
    return np.asarray(np.cos(angle - np.float32(angle_of_light)), np.float32)


def _edges(picture: Picture) -> None:
    """Chamfers at the rim and at the raised step: bright towards the light, dark away from it."""
    lit = _lit()
    for radius, width, strength in ((OUTER_R - 9, 18, 0.24), (STEP_R, 14, 0.20), (OUTER_R - 40, 4, -0.10)):
        picture += (_ring(radius, width) * lit * strength)[..., None]
    picture -= (blur(_ring(STEP_R + 14, 16), 6) * np.clip(-lit, 0, 1) * 0.22)[..., None]


def _hole(picture: Picture, spot: Spot) -> None:
    blend(picture, disc(spot, HOLE_R + 13), (0.50, 0.51, 0.525))
    blend(picture, disc(Spot(spot.x + 4, spot.y + 5), HOLE_R + 9), (0.80, 0.81, 0.83))
    blend(picture, disc(Spot(spot.x - 1, spot.y - 2), HOLE_R + 5), (0.60, 0.61, 0.625))
    blend(picture, disc(spot, HOLE_R), (0.055, 0.058, 0.064))
    blend(picture, blur(disc(Spot(spot.x + 10, spot.y + 13), HOLE_R - 16), 8) * 0.5, (0.17, 0.175, 0.185))


def _bore(picture: Picture) -> None:
    """The bore with its keyway; the fixture's mandrel shows inside."""
    centre = Spot(*CENTRE)
    x, y = CENTRE
    keyway = np.zeros(picture.shape[:2], np.uint8)
    cv2.rectangle(keyway, (x - 34, y - BORE_R - 50), (x + 34, y), 255, -1)
    way = blur((keyway / 255).astype(np.float32), 1.2)
    lit = _lit()
    picture -= (_ring(BORE_R + 10, 20) * lit * 0.22)[..., None]
    blend(picture, np.maximum(disc(centre, BORE_R), way), (0.07, 0.073, 0.08))
    blend(picture, blur(disc(Spot(x + 16, y + 20), BORE_R - 34), 14) * 0.8, (0.19, 0.196, 0.21))
    blend(picture, disc(centre, 52), (0.36, 0.37, 0.39))
    blend(picture, disc(Spot(x - 4, y - 5), 44), (0.47, 0.48, 0.50))
    cv2.line(picture, (x - 30, y), (x + 30, y), (0.16, 0.16, 0.17), 9, cv2.LINE_AA)
    cv2.line(picture, (x, y - 30), (x, y + 30), (0.16, 0.16, 0.17), 9, cv2.LINE_AA)


#: What the label says: text, place of its lower left corner from the centre, size, thickness, in canvas pixels.
LABEL = (("EW-204", (-118, 232), 1.9, 6), ("6061-T6  LOT 48", (-120, 272), 0.86, 3))


def print_label(picture: Picture, texts: tuple[str, str] = (LABEL[0][0], LABEL[1][0]), *, shift: int = 0) -> None:
    """Pad-printed in dark blue on the raised face, below the bore; `shift` moves the first line, for misprints."""
    ink = np.zeros(picture.shape[:2], np.uint8)
    for text, (_, (dx, dy), size, thickness) in zip(texts, LABEL, strict=True):
        moved = shift if size > 1 else 0
        place = (CENTRE[0] + dx + moved, CENTRE[1] + dy + moved // 3)
        cv2.putText(ink, text, place, cv2.FONT_HERSHEY_DUPLEX, size, 255, thickness, cv2.LINE_AA)
    blend(picture, blur((ink / 255).astype(np.float32), 0.9) * 0.92, (0.07, 0.11, 0.22))
