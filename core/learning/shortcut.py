"""Whether labelled defects can be told from good parts by what is no property of the part: background, brightness.

Defects that were photographed on another day, on another belt or under another lamp teach a head the day, the belt or
the lamp. It would then look good in every cross-validation on these pictures and be worthless on the line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.learning.head import folds_of, out_of_fold
from core.learning.portrait import PictureFeatures
from core.learning.roc import auroc

#: Background or brightness that tells defects from good parts this well (AUROC) is a shortcut.
LIMIT = 0.75
#: Without a known region the four corners are background, each this share of a side.
CORNER_SHARE = 0.15

Image = NDArray[np.uint8]
#: Left, top, right, bottom as shares of the picture.
Region = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class ShortcutCheck:
    """AUROC of a head that sees only the background, and of one that sees only the brightness."""

    background_auroc: float
    brightness_auroc: float

    @property
    def passed(self) -> bool:
        return max(self.background_auroc, self.brightness_auroc) < LIMIT

    @property
    def why(self) -> str:
        """For a person; empty when it passed."""
        found = [
            f"{what} ({value:.2f} of 1)"
            for what, value in (
                ("the background alone", self.background_auroc),
                ("the brightness alone", self.brightness_auroc),
            )
            if value >= LIMIT
        ]
        if not found:
            return ""
        return (
            f"The labelled defects can be told from the good parts by {' and by '.join(found)}, so they would teach "
            "how the pictures were taken, not what a defect is. Take pictures of good parts and of defects in the same "
            "place, under the same light, on the same days."
        )


def check_shortcut(
    good: PictureFeatures, good_parts: Sequence[int], defects: PictureFeatures, defect_parts: Sequence[int],
    folds: int = 5, repeats: int = 4, seed: int = 0,
) -> ShortcutCheck:  # fmt: skip
    """Cross-validated by part, as the head itself. Every group has at least two parts."""
    parts = [*good_parts, *defect_parts]
    defect = np.arange(len(parts)) >= len(good)

    def tell_apart(name: str) -> float:
        x = np.concatenate([getattr(good, name), getattr(defects, name)]).astype(np.float64)
        found = []
        for repeat in range(repeats):
            values = out_of_fold(x, defect, folds_of(parts, defect, folds, seed + repeat))
            found.append(auroc(values[~defect], values[defect]) or 0.0)
        return float(np.mean(found))

    return ShortcutCheck(tell_apart("background"), tell_apart("brightness"))


def brightness_of(image: Image) -> float:
    """The mean of the middle half of a picture's grey levels, 0..255: a lamp changes it, a small stain hardly."""
    ordered = np.sort(image.mean(2, dtype=np.float32), axis=None)
    return float(ordered[ordered.size // 4 : -(ordered.size // 4)].mean())


def usual_picture(images: Sequence[Image]) -> Image:
    """The median of pictures of one shape: what stands in for the part in `background_only`."""
    return np.asarray(np.median(np.stack(images), axis=0), np.uint8)


def background_only(image: Image, usual: Image, region: Region | None = None) -> Image:
    """`image` outside the part's `region`, or its four corners, and `usual` for the rest; of the shape of `usual`.

    What the backbone finds in it cannot come from the part.
    """
    height, width = usual.shape[:2]
    if image.shape != usual.shape:
        import cv2

        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return np.where(_background(height, width, region)[..., None], image, usual)


def _background(height: int, width: int, region: Region | None) -> NDArray[np.bool_]:
    y, x = (np.arange(height)[:, None] + 0.5) / height, (np.arange(width)[None, :] + 0.5) / width
    if region is not None:
        left, top, right, bottom = region
        return np.asarray((x < left) | (x > right) | (y < top) | (y > bottom))
    return np.asarray((np.minimum(x, 1 - x) < CORNER_SHARE) & (np.minimum(y, 1 - y) < CORNER_SHARE))
