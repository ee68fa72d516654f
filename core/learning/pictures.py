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
    """Numbers the parts and refuses pictures that show nothing. The same pixels are the same part."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._by_pixels: dict[bytes, int] = {}

    def number(self, picture: Picture, image: Image, pixels: bytes) -> int:
        """The part of `picture`; `pixels` is the hash of `image`. Raises InputError when it shows nothing."""
        require_use(picture, image)
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
