"""Pictures of barcodes, drawn by zxing-cpp's own writer and by what spoils them."""

from __future__ import annotations

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray


def drawn(text: str, kind: zxingcpp.BarcodeFormat, *, scale: int = 3, gs1: bool = False) -> NDArray[np.uint8]:
    """RGB, on white with room around; `gs1`: the text is in brackets, it begins with FNC1."""
    options = "gs1" if gs1 else ""
    barcode = zxingcpp.create_barcode(text, kind, options=options) if gs1 else zxingcpp.create_barcode(text, kind)
    grey = np.asarray(zxingcpp.write_barcode_to_image(barcode, scale=scale, add_quiet_zones=True), np.uint8)
    padded = cv2.copyMakeBorder(grey, 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=255)
    return np.asarray(cv2.cvtColor(padded, cv2.COLOR_GRAY2RGB), np.uint8)


def blurred(image: NDArray[np.uint8], sigma_px: float) -> NDArray[np.uint8]:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), np.uint8)


def faint(image: NDArray[np.uint8], contrast: float, seed: int = 0) -> NDArray[np.uint8]:
    """Low contrast under uneven light, with the noise of a sensor."""
    height, width = image.shape[:2]
    light = 60 + 80 * np.linspace(0, 1, width)[None, :, None] + np.zeros((height, 1, 1))
    noise = np.random.default_rng(seed).normal(0, 1.0, image.shape)
    return np.clip((image.astype(np.float64) - 128) * contrast + light + noise, 0, 255).astype(np.uint8)
