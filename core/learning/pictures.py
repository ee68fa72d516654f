"""The pictures that are taught from: which of them belong together, and which cannot be taught from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.learning.threshold import FEWEST_PARTS

Image = NDArray[np.uint8]

#: More pictures than this would not fit a small box's memory while they are taught.
MOST_PICTURES = 1000
#: A picture whose grey levels spread less than this shows nothing.
_LEAST_SPREAD = 2.0
_LEAST_SIDE_PX = 3
#: Pictures that differ more than this in width to height are of different shapes.
ASPECT_TOLERANCE = 0.02
#: Up to this share of the pictures may be of another shape by mistake; more of them are parts of many shapes.
_STRANGERS = 0.1


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a part. Pictures with the same `part` (or session) leave together when one is held out.

    `kind` is the type of its defect, empty for a good part. `load` gives HxWx3 uint8 RGB, or raises InputError.
    """

    name: str
    load: Callable[[], Image]
    part: str = ""
    kind: str = ""


def require_count(pictures: Sequence[Picture]) -> None:
    """Raises InputError for too few pictures, or too many."""
    if len(pictures) < FEWEST_PARTS:
        raise InputError(
            f"{len(pictures)} pictures of good parts are too few, at least {FEWEST_PARTS} are needed",
            hint="20 are a fair start, more make the threshold surer.",
        )
    if len(pictures) > MOST_PICTURES:
        raise InputError(f"{len(pictures)} pictures are too many, at most {MOST_PICTURES} can be taught from at once")


class Parts:
    """Numbers the parts and refuses pictures that show nothing. The same pixels are the same part.

    Parts may differ in size and shape. Where nearly all pictures share one shape, another one is a mistake.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._by_pixels: dict[bytes, int] = {}
        self._shapes: dict[tuple[int, int], list[str]] = {}

    def number(self, picture: Picture, image: Image, pixels: bytes) -> int:
        """The part of `picture`; `pixels` is the hash of `image`. Raises InputError when it shows nothing."""
        require_use(picture, image)
        self._shapes.setdefault((image.shape[1], image.shape[0]), []).append(picture.name)
        name = f"part {picture.part}" if picture.part else f"picture {picture.name}"
        known = self._by_pixels.get(pixels)
        number = self._numbers.setdefault(name, len(self._numbers) if known is None else known)
        return self._by_pixels.setdefault(pixels, number)

    def require_enough(self) -> None:
        if len(self._by_pixels) == 1:
            raise InputError("the pictures are all the same", hint="Take one picture each of several good parts.")
        count = len(set(self._by_pixels.values()))
        if count < FEWEST_PARTS:
            raise InputError(
                f"the pictures show {count} different good parts, at least {FEWEST_PARTS} are needed",
                hint="Pictures in one sub-folder count as one part, and so do pictures with the same pixels.",
            )
        self._require_no_stranger()

    def _require_no_stranger(self) -> None:
        usual = max(self._shapes, key=lambda shape: len(self._shapes[shape]))
        others = [
            (shape, name)
            for shape, names in self._shapes.items()
            if abs(shape[0] * usual[1] / (shape[1] * usual[0]) - 1) > ASPECT_TOLERANCE
            for name in names
        ]
        count = sum(map(len, self._shapes.values()))
        if others and len(others) <= max(1, int(_STRANGERS * count)):
            (width, height), name = others[0]
            raise InputError(
                f"{name}: {width} x {height} pixels, but nearly all others have {usual[0]} x {usual[1]}",
                hint="Take it out, or teach from pictures that one camera took with one setting.",
            )


def pixels_of(image: Image) -> bytes:
    """The same for the same pixels in the same shape."""
    return hashlib.sha256(str(image.shape).encode() + np.ascontiguousarray(image).tobytes()).digest()


def require_use(picture: Picture, image: Image) -> None:
    """Raises InputError naming the picture when it shows nothing or is no colour picture."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or min(image.shape) < _LEAST_SIDE_PX:
        raise InputError(f"{picture.name}: not a colour picture of 8 bits: {image.dtype} {image.shape}")
    if float(image[::4, ::4].std()) < _LEAST_SPREAD:
        raise InputError(
            f"{picture.name}: the picture shows nothing, it is all of one brightness",
            hint="Was the light on and the lens open? Take the picture out or take it again.",
        )
