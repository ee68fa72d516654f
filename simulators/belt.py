"""The belt under the camera: the next part's picture lies in the hot folder, named by its part id, before the trigger.

Pictures are uncompressed BMP, written under another name and renamed, so that a reader never sees half of one.
"""

from __future__ import annotations

import random
import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from simulators import parts
from simulators.passages import Part

_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}


@dataclass(frozen=True, slots=True)
class Shot:
    """What the camera sees next. `image` HxWx3 uint8 RGB; `truth` empty where nobody knows."""

    name: str
    truth: str
    image: NDArray[np.uint8]


def rendered_shots(seed: int, flawed_share: float) -> Iterator[Shot]:
    for number, part in enumerate(parts.stream(seed, flawed_share)):
        yield Shot(f"rendered-{number}", part.truth, part.image)


def folder_shots(folder: Path, seed: int) -> Iterator[Shot]:
    """Pictures of a folder in an order given by `seed`, again and again, each round in another order.

    `test/good`, `test/<defect>` or such folders directly below name the truth; loose pictures have none.
    Raises InputError when there is no picture or one cannot be read.
    """
    known = _labelled(folder)
    if not known:
        raise InputError(f"{folder}: no pictures to put on the belt", hint="Expected test/good and test/<defect>.")
    order = random.Random(seed)
    while True:
        order.shuffle(known)
        for path, truth in known:
            picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if picture is None:
                raise InputError(f"{path}: not readable as a picture")
            yield Shot(str(path.relative_to(folder)), truth, np.asarray(picture[..., ::-1], np.uint8))


def _labelled(folder: Path) -> list[tuple[Path, str]]:
    root = folder / "test" if (folder / "test").is_dir() else folder
    found = [(path, path.parent.name) for path in sorted(root.glob("*/*")) if path.suffix.lower() in _SUFFIXES]
    return found or [(path, "") for path in sorted(root.glob("*")) if path.suffix.lower() in _SUFFIXES]


class Belt:
    """Writes one picture per part and takes the oldest away. Its calls block for a few ms: call it from a thread."""

    def __init__(self, hot_folder: Path, shots: Iterator[Shot], keep: int = 12) -> None:
        self._folder = hot_folder
        self._shots = shots
        self._keep = keep
        self._lying: deque[Path] = deque()
        hot_folder.mkdir(parents=True, exist_ok=True)
        for left_over in hot_folder.glob("*.bmp"):
            left_over.unlink()

    def next_shot(self) -> Shot:
        return next(self._shots)

    def lay(self, part_id: int, shot: Shot, fault: str = "") -> Part:
        """The part as the photo eye will see it. `fault` is one of `faults.OF_THE_BELT`."""
        path = self._folder / f"{part_id}.bmp"
        if fault != "no-picture":
            self._write(path, _spoilt(_as_bmp(_wrong(shot.image, fault)), fault))
        while len(self._lying) > self._keep:
            self._lying.popleft().unlink(missing_ok=True)
        return Part(part_id, picture=shot.name, truth=shot.truth)

    def _write(self, path: Path, content: bytes) -> None:
        half_done = path.with_suffix(".part")
        half_done.write_bytes(content)
        half_done.rename(path)
        self._lying.append(path)


def _as_bmp(image: NDArray[np.uint8]) -> bytes:
    fine, encoded = cv2.imencode(".bmp", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    if not fine:
        raise InputError(f"a picture of shape {image.shape} cannot be written")
    return encoded.tobytes()


def _wrong(image: NDArray[np.uint8], fault: str) -> NDArray[np.uint8]:
    """What a camera gives that is set up wrongly."""
    if fault == "black-picture":
        return np.zeros_like(image)
    return image[:, : image.shape[1] // 2] if fault == "narrow-picture" else image


def _spoilt(content: bytes, fault: str) -> bytes:
    if fault == "corrupt-picture":
        return content[: len(content) // 3]
    if fault == "garbled-picture":
        return b"<html>" + content[6:]
    if fault == "giant-picture":  # width and height of the Windows header, and a compression nobody can foresee
        return content[:18] + struct.pack("<ii", 60_000, 60_000) + content[26:30] + struct.pack("<I", 1) + content[34:]
    return content
