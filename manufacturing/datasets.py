"""Folders of pictures to teach from and to judge by, in the layout that is common for defect data.

`train/good`, `test/good`, `test/<defect>`, `ground_truth/<defect>`. Pictures in a sub-folder of any of them show one
part (or one session), named by it, and stay together; links to folders are followed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.learning.labels import UNNAMED
from core.learning.pictures import Picture
from verticals.devices.pictures import SUFFIXES, read_picture

GOOD = "good"


@dataclass(frozen=True, slots=True)
class PictureFile:
    """`part` is the sub-folder that it lies in, empty for a part of its own. `kind` is the type of its defect, empty
    for a good part, and `mask` marks its pixels."""

    path: Path
    part: str = ""
    mask: Path | None = None
    kind: str = ""

    @property
    def picture(self) -> Picture:
        return Picture(self.path.name, partial(read_picture, self.path), self.part, self.kind)

    def sha256(self) -> str:
        """Of the file as it lies there. Raises InputError when it cannot be read."""
        try:
            return hashlib.sha256(self.path.read_bytes()).hexdigest()
        except OSError as error:
            raise InputError(f"{self.path}: the picture cannot be read: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class Dataset:
    """`defects` by the name of their folder. `train_good` is to teach from, the rest to judge by."""

    train_good: Sequence[PictureFile]
    test_good: Sequence[PictureFile]
    defects: Mapping[str, Sequence[PictureFile]]

    @property
    def flawed(self) -> list[PictureFile]:
        """The defects of all kinds, kind by kind."""
        return [file for files in self.defects.values() for file in files]

    def reshuffled(self, seed: int) -> Dataset:
        """The same numbers of good pictures to teach from and to judge by, dealt anew; a part is on one side alone.

        Seed 0 is the split as it lies in the folders.
        """
        if seed == 0:
            return self
        parts: dict[str, list[PictureFile]] = {}
        for file in (*self.train_good, *self.test_good):
            parts.setdefault(f"part {file.part}" if file.part else str(file.path), []).append(file)
        groups = list(parts.values())
        order = np.random.default_rng(seed).permutation(len(groups))
        train: list[PictureFile] = []
        test: list[PictureFile] = []
        for index in order:
            (train if len(train) < len(self.train_good) else test).extend(groups[index])
        return replace(self, train_good=train, test_good=test)


def read_dataset(folder: Path) -> Dataset:
    """Raises InputError naming the folder that is missing or empty."""
    train = good_pictures(folder / "train" / GOOD)
    kinds = _folders(folder / "test")
    test_good = good_pictures(folder / "test" / GOOD) if GOOD in kinds else []
    defects = {name: _defects(path, folder / "ground_truth" / name) for name, path in kinds.items() if name != GOOD}
    defects = {name: files for name, files in defects.items() if files}
    if not test_good or not defects:
        raise InputError(
            f"{folder / 'test'}: needs pictures in '{GOOD}' and in at least one folder named after a defect",
            hint="Expected layout: train/good, test/good, test/<defect>, ground_truth/<defect>.",
        )
    return Dataset(train, test_good, defects)


def good_pictures(folder: Path) -> list[PictureFile]:
    """Pictures in `folder` and in its sub-folders, one level deep. Raises InputError when there are none."""
    return _some(folder, _by_part(folder))


def known_defects(folder: Path) -> list[PictureFile]:
    """Pictures in the sub-folders of `folder`, each named after a kind of defect, and in their sub-folders; those that
    lie in `folder` itself are of a kind that nobody named. Raises InputError when there are none."""
    found = [PictureFile(path, kind=UNNAMED) for path in _pictures(folder)]
    for name, path in _folders(folder).items():
        found += [replace(file, kind=name) for file in _by_part(path)]
    return _some(folder, found)


def _some(folder: Path, found: list[PictureFile]) -> list[PictureFile]:
    if not found:
        raise InputError(
            f"{folder}: there are no pictures in this folder", hint=f"Looked for {', '.join(sorted(SUFFIXES))}."
        )
    return found


def _by_part(folder: Path) -> list[PictureFile]:
    found = [PictureFile(path) for path in _pictures(folder)]
    for name, path in _folders(folder).items():
        found += [PictureFile(picture, part=name) for picture in _pictures(path)]
    return found


def _defects(folder: Path, masks: Path) -> list[PictureFile]:
    """A mask has its picture's name and lies in `masks`, or in its part's sub-folder there."""
    found = _by_part(masks) if masks.is_dir() else []
    by_stem = {(mask.part, mask.path.stem.removesuffix("_mask")): mask.path for mask in found}
    return [replace(file, kind=folder.name, mask=by_stem.get((file.part, file.path.stem))) for file in _by_part(folder)]


def _pictures(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if path.suffix.lower() in SUFFIXES and path.is_file()]


def _folders(folder: Path) -> dict[str, Path]:
    return {path.name: path for path in _entries(folder) if path.is_dir() and not path.name.startswith(".")}


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be read as a folder: {error.strerror}", hint="Name a folder that holds pictures."
        ) from error
