"""Codes in pictures, drawn and spoilt."""

from __future__ import annotations

from datetime import date

import cv2
import numpy as np
import pytest
import zxingcpp

from core.errors import InputError
from retail.codes.camera import read_codes
from retail.codes.scan import StoreCodes
from tests.retail.codes.pictures import blurred, drawn, faint

TODAY, STORE = date(2026, 11, 30), StoreCodes()
Format = zxingcpp.BarcodeFormat


@pytest.mark.parametrize(
    ("text", "kind", "symbology", "gtin"),
    [
        ("4006381333931", Format.EAN13, "ean-13", "04006381333931"),
        ("40170725", Format.EAN8, "ean-8", "00000040170725"),
        ("614141000036", Format.UPCA, "ean-13", "00614141000036"),
        ("04252614", Format.UPCE, "upc-e", "00042100005264"),
        ("80614141123458", Format.ITF, "itf", "80614141123458"),
        ("https://shop.example/01/09521234543213", Format.QRCode, "qr", "09521234543213"),
    ],
)
def test_symbologies_become_one_number(text: str, kind: zxingcpp.BarcodeFormat, symbology: str, gtin: str) -> None:
    (read,) = read_codes(drawn(text, kind))
    scanned = read.scanned(TODAY, STORE)
    assert scanned.gtin == gtin
    assert scanned.symbology in (symbology, "upc-a", "itf-14")


@pytest.mark.parametrize("kind", [Format.Code128, Format.DataMatrix, Format.QRCode])
def test_gs1_symbols_keep_their_separators(kind: zxingcpp.BarcodeFormat) -> None:
    (read,) = read_codes(drawn("(01)09521234543213(10)L7(21)S1", kind, gs1=True))
    scanned = read.scanned(TODAY, STORE)
    assert (scanned.gtin, scanned.lot, scanned.serial) == ("09521234543213", "L7", "S1")


def test_a_blurred_code_is_read_by_a_retry_and_says_so() -> None:
    image = blurred(drawn("4006381333931", Format.EAN13, scale=1), 0.8)
    assert read_codes(image, retries=False) == []
    (read,) = read_codes(image)
    assert (read.text, read.step) == ("4006381333931", "sharp")
    assert all(0 <= x <= image.shape[1] and 0 <= y <= image.shape[0] for x, y in read.corners)


def test_a_rotated_and_faint_code_is_read() -> None:
    image = np.asarray(cv2.rotate(faint(drawn("4006381333931", Format.EAN13), 0.2), cv2.ROTATE_90_CLOCKWISE), np.uint8)
    assert [read.text for read in read_codes(image)] == ["4006381333931"]


def test_two_codes_in_a_picture_are_both_read() -> None:
    one, two = drawn("4006381333931", Format.EAN13), drawn("9780735200449", Format.EAN13)
    width = max(one.shape[1], two.shape[1])
    both = np.vstack([np.pad(each, ((0, 0), (0, width - each.shape[1]), (0, 0)), "edge") for each in (one, two)])
    assert {read.text for read in read_codes(both)} == {"4006381333931", "9780735200449"}


def test_noise_holds_no_code() -> None:
    rng = np.random.default_rng(7)
    assert [read_codes(rng.integers(0, 256, (120, 160), np.uint8)) for _ in range(5)] == [[]] * 5


@pytest.mark.parametrize(
    "image", [np.zeros((0, 5), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4), np.float32).view(np.uint8)[0]]
)
def test_what_is_no_picture_is_refused(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
    with pytest.raises(InputError, match="no picture"):
        read_codes(image)


def test_a_qr_with_other_content_is_no_product() -> None:
    (read,) = read_codes(drawn("WIFI:S:guest;;", Format.QRCode))
    with pytest.raises(InputError, match="no product's code"):
        read.scanned(TODAY, STORE)
