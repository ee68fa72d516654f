"""Barcodes in a picture. Wraps zxing-cpp; where nothing is found, better pictures are tried, and the first hit wins.

A read is a claim: `sighting.py` says when it counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from core.errors import InputError
from retail.codes.scan import StoreCodes, scan
from retail.codes.scanned import Scanned

_MOST_PIXELS = 50_000_000
_UPSCALED_MOST_SIDE = 3000  # a larger picture gains nothing from more pixels
_LEAST_TWICE = 2
_CLIP, _TILES = 3.0, (8, 8)
_SHARPEN, _BLUR_SIGMA = 1.5, 2.0

Grey = NDArray[np.uint8]
#: zxing's symbology to the name used here; what is not here is not looked for.
SYMBOLOGIES = {
    zxingcpp.BarcodeFormat.EAN13: "ean-13",
    zxingcpp.BarcodeFormat.EAN8: "ean-8",
    zxingcpp.BarcodeFormat.UPCA: "upc-a",
    zxingcpp.BarcodeFormat.UPCE: "upc-e",
    zxingcpp.BarcodeFormat.ITF14: "itf-14",
    zxingcpp.BarcodeFormat.ITF: "itf",
    zxingcpp.BarcodeFormat.Code128: "code-128",
    zxingcpp.BarcodeFormat.DataBarOmni: "databar",
    zxingcpp.BarcodeFormat.DataBarStk: "databar-stacked",
    zxingcpp.BarcodeFormat.DataBarStkOmni: "databar-stacked",
    zxingcpp.BarcodeFormat.DataBarLtd: "databar-limited",
    zxingcpp.BarcodeFormat.DataBarExp: "databar-expanded",
    zxingcpp.BarcodeFormat.DataBarExpStk: "databar-expanded-stacked",
    zxingcpp.BarcodeFormat.DataMatrix: "datamatrix",
    zxingcpp.BarcodeFormat.QRCode: "qr",
}


@dataclass(frozen=True, slots=True)
class CodeRead:
    """`text` has GS1's separators as ASCII 29; `aim` is the AIM identifier; `corners` are x, y in pixels.

    `step` says which picture it was found in: `plain`, `twice`, `contrast`, `sharp`.
    """

    text: str
    symbology: str
    aim: str
    corners: tuple[tuple[int, int], ...]
    step: str = "plain"

    def scanned(self, today: date, store: StoreCodes) -> Scanned:
        """As if a scanner had read it. Raises InputError for what is no product's code."""
        return replace(scan(self.aim + self.text, today, store), symbology=self.symbology)


def read_codes(image: NDArray[np.uint8], *, retries: bool = True) -> list[CodeRead]:
    """All codes of HxWx3 uint8 RGB or HxW uint8 grey, in no order; `retries` when the plain picture holds none.

    Raises InputError for an array that is no picture.
    """
    grey = _grey(image)
    for step, picture, factor in _ladder(grey) if retries else [("plain", grey, 1)]:
        reads = _read(picture, step, factor)
        if reads:
            return reads
    return []


def _ladder(grey: Grey) -> Iterator[tuple[str, Grey, int]]:
    """Step, picture, and how much larger it is than what was given; made only when it is asked for."""
    yield "plain", grey, 1
    factor = _LEAST_TWICE if max(grey.shape) * _LEAST_TWICE <= _UPSCALED_MOST_SIDE else 1
    larger = _larger(grey, factor)
    if factor > 1:
        yield "twice", larger, factor
    yield "contrast", _contrast(larger), factor
    yield "sharp", _sharp(larger), factor


def _larger(grey: Grey, factor: int) -> Grey:
    if factor == 1:
        return grey
    return np.asarray(cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), np.uint8)


def _contrast(grey: Grey) -> Grey:
    return np.asarray(cv2.createCLAHE(_CLIP, _TILES).apply(grey), np.uint8)


def _sharp(grey: Grey) -> Grey:
    blurred = cv2.GaussianBlur(grey, (0, 0), _BLUR_SIGMA)
    return np.asarray(cv2.addWeighted(grey, 1 + _SHARPEN, blurred, -_SHARPEN, 0), np.uint8)


def _read(picture: Grey, step: str, factor: int) -> list[CodeRead]:
    found = zxingcpp.read_barcodes(picture, formats=_formats(), text_mode=zxingcpp.TextMode.Plain)
    return [_code(barcode, step, factor) for barcode in found if barcode.valid]


def _code(barcode: zxingcpp.Barcode, step: str, factor: int) -> CodeRead:
    place = barcode.position
    corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    return CodeRead(
        barcode.text,
        SYMBOLOGIES.get(barcode.format, str(barcode.format).rpartition(".")[2].lower()),
        barcode.symbology_identifier,
        tuple((round(corner.x / factor), round(corner.y / factor)) for corner in corners),
        step,
    )


@lru_cache(maxsize=1)
def _formats() -> zxingcpp.BarcodeFormats:
    return zxingcpp.BarcodeFormats(list(SYMBOLOGIES))


def _grey(image: NDArray[np.uint8]) -> Grey:
    fits = image.dtype == np.uint8 and image.size and (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3))
    if not fits or image.size > 3 * _MOST_PIXELS:
        raise InputError(f"no picture to read codes in: {image.dtype} {image.shape}; HxWx3 or HxW uint8 was expected")
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return np.ascontiguousarray(grey, np.uint8)
