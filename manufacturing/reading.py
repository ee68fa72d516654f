"""What the samples of a line are about, and what they carry."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from verticals.contract import Sample
from verticals.reading import number, text

__all__ = ["kind_of", "number", "part_id", "picture", "recipe_number", "whole"]

_LARGEST = 2**63 - 1


def kind_of(sample: Sample) -> str:
    """`part`, `gate`, `recipe` or `status`; empty for anything that is no text."""
    return text(sample, "about")


def picture(sample: Sample, name: str = "image") -> NDArray[np.uint8] | None:
    """The image, HxWx3 uint8 RGB; None when there is none or it is something else."""
    image = sample.values.get(name)
    fits = isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 3
    return image if fits and image.shape[2] == 3 and image.size else None  # type: ignore[union-attr, return-value]


def whole(sample: Sample, name: str) -> int:
    """A count that the PLC gave; 0 for what is no whole number of 64 bits from 0 up."""
    value: Any = sample.values.get(name)
    fits = isinstance(value, int | np.integer) and not isinstance(value, bool) and 0 <= value <= _LARGEST
    return int(value) if fits else 0


def recipe_number(sample: Sample, *, asked: bool) -> int:
    """The recipe that the PLC asked for, 0 for no wish, -1 for what cannot be read.

    `asked`: the PLC of this line chooses recipes, so that a sample without a number is one that cannot be read.
    """
    value: Any = sample.values.get("recipe_number", -1 if asked else 0)
    fits = isinstance(value, int | np.integer) and not isinstance(value, bool) and 0 <= value <= _LARGEST
    return int(value) if fits else -1


def part_id(key: str) -> int | None:
    """The PLC's number of the part; None for a key that is none: such a part can only be rejected."""
    return int(key) if key.isascii() and key.isdecimal() and len(key) < 20 else None
