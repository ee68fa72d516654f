from __future__ import annotations

import struct
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InputError
from tests.support.cameras import encoded, save, solid
from verticals.devices.pictures import CutOffError, decode_picture, picture_size, read_picture

FORMATS = (".png", ".jpg", ".bmp")
NOISE = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
WHOLE = {suffix: encoded(NOISE, suffix) for suffix in FORMATS}


def giant_png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_picture_is_read_as_rgb(tmp_path: Path, suffix: str) -> None:
    image = read_picture(save(tmp_path / f"a{suffix}", solid(200, 100, 50)))
    assert image.shape == (24, 32, 3) and image.dtype == np.uint8
    assert np.abs(image.mean((0, 1)) - (200, 100, 50)).max() <= 2


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_stated_size_is_the_real_one(suffix: str) -> None:
    assert picture_size(WHOLE[suffix]) == (16, 24)


def test_a_grey_picture_becomes_rgb(tmp_path: Path) -> None:
    grey = encoded(np.full((8, 9), 77, np.uint8).repeat(3).reshape(8, 9, 3), ".png")
    assert decode_picture(grey, "grey").shape == (8, 9, 3)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_picture_cut_off_anywhere_is_an_error_and_no_picture(suffix: str) -> None:
    data = WHOLE[suffix]
    for length in range(len(data) - 1):
        with pytest.raises(CutOffError):
            decode_picture(data[:length], "cut")


def test_a_png_with_one_wrong_byte_is_corrupt() -> None:
    data = bytearray(WHOLE[".png"])
    data[60] ^= 1
    with pytest.raises(InputError, match=r"p\.png: the PNG picture is corrupt"):
        decode_picture(bytes(data), "p.png")


def test_a_giant_picture_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "giant.png"
    path.write_bytes(giant_png(100_000, 100_000))
    with pytest.raises(InputError, match=r"giant\.png: 100000 x 100000 pixels are more than the limit of 25000000"):
        read_picture(path)


def test_the_limit_is_the_callers() -> None:
    with pytest.raises(InputError, match="limit of 100"):
        decode_picture(WHOLE[".png"], "p", max_pixels=100)


@pytest.mark.parametrize(
    "data,says",
    [
        (b"", "empty"),
        (b"GIF89a, which is not read here", "not a PNG"),
        (b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rXXXX" + bytes(30), "no header"),
        (giant_png(0, 5), "size of 0 x 5"),
        (b"\xff\xd8\xff\xd9" + bytes(20), "before it has any pixels"),
        (b"\xff\xd8\xff\xe0\x00\x01" + bytes(20), "corrupt in its header"),
        (b"\xff\xd8\xff\xda\x00\x02" + bytes(20) + b"\xff\xd9", "no frame header"),
        (b"BM" + bytes(12) + b"\x09\0\0\0" + bytes(40), "unknown header"),
    ],
)
def test_what_is_no_picture_says_why(data: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says):
        picture_size(data)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.png"):
        read_picture(tmp_path / "none.png")


@given(st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM"]), st.binary(max_size=300))
def test_any_bytes_have_a_size_or_are_an_input_error(start: bytes, rest: bytes) -> None:
    with suppress(InputError):
        height, width = picture_size(start + rest)
        assert height > 0 and width > 0


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from(FORMATS), st.lists(st.tuples(st.integers(0, 1200), st.integers(0, 255)), max_size=6))
def test_a_damaged_picture_is_a_picture_or_an_input_error(suffix: str, changes: list[tuple[int, int]]) -> None:
    data = bytearray(WHOLE[suffix])
    for at, value in changes:
        data[at % len(data)] = value
    with suppress(InputError):
        assert decode_picture(bytes(data), "damaged", max_pixels=1_000_000).dtype == np.uint8


@settings(max_examples=30, deadline=None)
@given(height=st.integers(1, 9), width=st.integers(1, 9), seed=st.integers(0, 99))
def test_a_plain_bmp_reads_as_the_decoder_reads_it(height: int, width: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    data = encoded(pixels, ".bmp")
    assert np.array_equal(decode_picture(data, "plain"), pixels)
    top_down = bytearray(data)
    struct.pack_into("<i", top_down, 22, -height)
    assert np.array_equal(decode_picture(bytes(top_down), "top down"), pixels[::-1])
