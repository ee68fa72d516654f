"""Picture files into RGB arrays: PNG, JPEG and BMP, whole and of bearable size, or a clear InputError.

Size and completeness are read from the bytes themselves before anything is decoded: a decoder would take
a giant picture's memory first, and would fill up the missing half of a JPEG with grey and call it good.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp"})
MAX_PIXELS = 25_000_000
_MAX_FILE_BYTES = 200_000_000
_SHORTEST_BYTES = 8  # less tells nothing about the format
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD8)})
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_LOOK = "Look at the file, then take the picture again."
_BMP_PLAIN = (0, 3)  # uncompressed, with or without bit masks


class CutOffError(InputError):
    """The file ends too early: perhaps it is still being written."""


def read_picture(path: Path, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """The picture as HxWx3 uint8 RGB. Raises InputError naming the file when it cannot be used."""
    return decode_picture(read_file(path), str(path), max_pixels)


def read_file(path: Path) -> bytes:
    """Raises InputError for a file that cannot be read or is larger than any picture."""
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise InputError(f"{path}: the file is larger than {_MAX_FILE_BYTES // 10**6} MB")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: the picture cannot be read: {error}") from error


def decode_picture(data: bytes, name: str, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """`data` of one picture file as HxWx3 uint8 RGB. Raises InputError that begins with `name`."""
    import cv2  # loaded late: half the camera kinds never need it

    try:
        height, width = picture_size(data)
    except InputError as error:
        raise type(error)(f"{name}: {error.message}", hint=error.hint or _LOOK) from error
    if height * width > max_pixels:
        raise InputError(
            f"{name}: {width} x {height} pixels are more than the limit of {max_pixels}",
            hint="Set the camera to a smaller picture, or raise its max_pixels.",
        )
    plain = _plain_bmp(data)
    if plain is not None:  # a third of the decoder's time, and what an industrial camera leaves
        return np.asarray(cv2.flip(cv2.cvtColor(plain, cv2.COLOR_BGR2RGB), 0), dtype=np.uint8)
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise InputError(f"{name}: the picture is corrupt: {error}", hint=_LOOK) from error
    if image is None or image.shape[0] * image.shape[1] != height * width:
        raise InputError(f"{name}: the picture is corrupt", hint=_LOOK)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def as_rgb(image: NDArray[Any], name: str) -> NDArray[np.uint8]:
    """OpenCV's frame, grey or blue first, as HxWx3 uint8 RGB. Raises InputError that begins with `name`."""
    import cv2

    channels = image.shape[2] if image.ndim == 3 else 1
    codes = {1: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGB}
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or channels not in codes:
        raise InputError(f"{name}: a frame {image.shape} {image.dtype} is no picture of 8 bits a channel")
    return np.asarray(cv2.cvtColor(image, codes[channels]), dtype=np.uint8)


def prepare_decoder() -> None:
    """So that the first picture does not wait for a library to be loaded."""
    import cv2

    cv2.cvtColor(cv2.flip(np.zeros((8, 8, 3), np.uint8), 0), cv2.COLOR_BGR2RGB)


def picture_size(data: bytes) -> tuple[int, int]:
    """Height and width in pixels, as the file states them. Raises InputError unless the file is whole."""
    try:
        if data.startswith(_PNG):
            height, width = _png_size(data)
        elif data.startswith(_JPEG):
            height, width = _jpeg_size(data)
        elif data.startswith(b"BM"):
            height, width = _bmp_size(data)
        elif len(data) < _SHORTEST_BYTES:
            raise CutOffError("the picture file is empty", hint="Was it still being written?")
        else:
            raise InputError("not a PNG, JPEG or BMP picture")
    except (struct.error, IndexError) as error:
        raise CutOffError("the picture is cut off", hint="Was it still being written?") from error
    if height < 1 or width < 1:
        raise InputError(f"the picture states a size of {width} x {height}")
    return height, width


def _png_size(data: bytes) -> tuple[int, int]:
    """PNG (ISO/IEC 15948): every chunk up to IEND with its CRC; IHDR comes first."""
    kind, width, height = struct.unpack_from(">4sII", data, 12)
    if kind != b"IHDR":
        raise InputError("the PNG picture has no header")
    at = len(_PNG)
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        (crc,) = struct.unpack_from(">I", data, at + 8 + length)
        if zlib.crc32(memoryview(data)[at + 4 : at + 8 + length]) != crc:
            raise InputError(f"the PNG picture is corrupt in its chunk {kind!r}")
        if kind == b"IEND":
            return height, width
        at += 12 + length


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """JPEG (ITU-T T.81 annex B): the frame header gives the size; after the scan an end marker must come."""
    size: tuple[int, int] | None = None
    at = 2
    while True:
        if data[at] != 0xFF:
            raise InputError("the JPEG picture is corrupt in its header")
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker in _BARE_MARKERS:
            at += 2
            continue
        if marker == 0xD9:
            raise InputError("the JPEG picture ends before it has any pixels")
        (length,) = struct.unpack_from(">H", data, at + 2)
        if length < 2:
            raise InputError("the JPEG picture is corrupt in its header")
        if marker in _FRAME_MARKERS:
            height, width = struct.unpack_from(">HH", data, at + 5)
            size = (height, width)
        if marker == 0xDA:
            return _jpeg_end(data, at, size)
        at += 2 + length


def _jpeg_end(data: bytes, scan_at: int, size: tuple[int, int] | None) -> tuple[int, int]:
    if size is None:
        raise InputError("the JPEG picture has no frame header")
    if data.rfind(b"\xff\xd9") < scan_at:
        raise CutOffError("the JPEG picture is cut off", hint="Was it still being written?")
    return size


def _bmp_size(data: bytes) -> tuple[int, int]:
    """BMP with an OS/2 or a Windows header; height is negative when the rows go top down."""
    pixels_at, header_bytes = struct.unpack_from("<II", data, 10)
    if header_bytes == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        plain = True
    elif header_bytes >= 40:
        width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
        plain = compression in _BMP_PLAIN
    else:
        raise InputError("the BMP picture has an unknown header")
    height = abs(height)
    row_bytes = -(-width * bits // 32) * 4
    if plain and len(data) < pixels_at + row_bytes * height:
        raise CutOffError("the BMP picture is cut off", hint="Was it still being written?")
    return height, width


def _plain_bmp(data: bytes) -> NDArray[np.uint8] | None:
    """The pixels of a whole BMP with 24 bits, rows bottom up and without gaps, HxWx3 BGR; None for any other file."""
    if not data.startswith(b"BM"):
        return None
    pixels_at, header_bytes = struct.unpack_from("<II", data, 10)
    if header_bytes < 40:
        return None
    width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    if (bits, compression, width % 4) != (24, 0, 0) or height < 1:
        return None
    return np.frombuffer(data, np.uint8, height * width * 3, pixels_at).reshape(height, width, 3)
