"""Small pictures of a part under a camera, good or with a dark blot, as arrays and as files."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def part_picture(seed: int, *, flawed: bool = False, height: int = 72, width: int = 96) -> NDArray[np.uint8]:
    """height x width x 3 RGB: a bright ring on grey ground, a little off its place, with noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    row, column = height / 2 + rng.normal(0, 0.5), width / 2 + rng.normal(0, 0.5)
    radius = np.hypot(y - row, x - column) / height
    grey = np.where((radius > 0.15) & (radius < 0.36), 190.0, 70.0)
    if flawed:
        angle = rng.uniform(0, 2 * np.pi)
        blot = np.hypot(y - row - 0.25 * height * np.sin(angle), x - column - 0.25 * height * np.cos(angle))
        grey = np.where(blot < height / 10, 20.0, grey)
    coloured = grey[..., None] * np.array([1.0, 0.95, 0.85]) + rng.normal(0, 3, (height, width, 3))
    return np.asarray(np.clip(coloured, 0, 255), np.uint8)


def lit_picture(seed: int) -> NDArray[np.uint8]:
    """A good part under a lamp that flickers a little."""
    light = 1 + 0.01 * np.random.default_rng(seed).normal()
    return np.asarray(np.clip(part_picture(seed) * light, 0, 255), np.uint8)


def scratched_picture(seed: int, depth: int = 14) -> NDArray[np.uint8]:
    """The same with a faint stripe across the ring, always in one place, `depth` grey levels darker."""
    image = lit_picture(seed).astype(np.int16)
    image[16:22, 40:56] -= depth
    return np.asarray(np.clip(image, 0, 255), np.uint8)


def write_png(path: Path, image: NDArray[np.uint8]) -> Path:
    """`image` is HxWx3 RGB. Folders are made on the way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = image.shape[:2]
    rows = np.concatenate([np.zeros((height, 1), np.uint8), image.reshape(height, -1)], axis=1)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + _chunk(b"IDAT", zlib.compress(rows.tobytes(), 1))
        + _chunk(b"IEND", b"")
    )
    return path


def giant_png(path: Path) -> Path:
    """A whole PNG file of a few bytes that claims 100 000 x 100 000 pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + _chunk(b"IDAT", zlib.compress(b"")) + _chunk(b"IEND", b""))
    return path


def write_good(folder: Path, count: int, *, first: int = 0) -> list[Path]:
    return [write_png(folder / f"{index:03d}.png", part_picture(first + index)) for index in range(count)]


def write_dataset(folder: Path, *, train: int = 8, good: int = 6, flawed: int = 6) -> Path:
    """`folder` with train/good, test/good and test/blot."""
    write_good(folder / "train" / "good", train)
    write_good(folder / "test" / "good", good, first=1000)
    for index in range(flawed):
        write_png(folder / "test" / "blot" / f"{index:03d}.png", part_picture(2000 + index, flawed=True))
    return folder


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
