"""Photos of products, a folder each: a folder at any depth that holds pictures is a product, named by its last part."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.errors import InputError
from verticals.devices.pictures import SUFFIXES

#: Links may lead round in a circle; no store sorts its photos this deep.
_DEEPEST = 12


def product_photos(folder: Path) -> dict[str, list[Path]]:
    """The photos of each product, products and photos in order of their names; links are followed.

    Raises InputError for a folder that cannot be read, or where two folders with pictures have one name.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder", hint="Name a folder with a sub-folder for each product.")
    found: dict[str, list[Path]] = {}
    where: dict[str, Path] = {}
    for path, photos in _leaves(folder, 0):
        if path.name in found:
            raise InputError(
                f"{path}: '{path.name}' is also the name of {where[path.name]}", hint="Rename one: a name is a product."
            )
        found[path.name], where[path.name] = photos, path
    if not found:
        raise InputError(f"{folder}: there are no pictures below it", hint=f"Looked for {', '.join(sorted(SUFFIXES))}.")
    return dict(sorted(found.items()))


def photos_in(folder: Path) -> list[Path]:
    """The pictures in `folder` itself, by name. Raises InputError when there are none or it cannot be read."""
    photos, _ = _entries(folder)
    if not photos:
        raise InputError(f"{folder}: there are no pictures in it", hint=f"Looked for {', '.join(sorted(SUFFIXES))}.")
    return photos


def _leaves(folder: Path, depth: int) -> Sequence[tuple[Path, list[Path]]]:
    if depth > _DEEPEST:
        raise InputError(f"{folder}: is more than {_DEEPEST} folders deep", hint="Does a link lead round in a circle?")
    photos, folders = _entries(folder)
    below = [leaf for path in folders for leaf in _leaves(path, depth + 1)]
    return [(folder, photos), *below] if photos else below


def _entries(folder: Path) -> tuple[list[Path], list[Path]]:
    try:
        with os.scandir(folder) as entries:
            paths = sorted(Path(entry.path) for entry in entries if not entry.name.startswith("."))
        photos = [path for path in paths if path.suffix.lower() in SUFFIXES and path.is_file()]
        return photos, [path for path in paths if path.is_dir()]
    except OSError as error:
        raise InputError(f"{folder}: cannot be read: {error.strerror}") from error


def least_photos(products: Mapping[str, Sequence[Path]]) -> int:
    """How many photos the product with the fewest has."""
    return min(len(photos) for photos in products.values())
