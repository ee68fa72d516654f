from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from healthcare.waves.frames import frame_bytes, read_frame, sealed_bytes
from healthcare.waves.proofs import Seal
from healthcare.waves.protocol import Frame, pack


def read_all(content: bytes, seal: Seal | None = None) -> list[Frame]:
    """Every frame in the bytes of a connection that then ends."""

    async def read() -> list[Frame]:
        reader = asyncio.StreamReader()
        reader.feed_data(content)
        reader.feed_eof()
        frames = []
        while (frame := await read_frame(reader, seal)) is not None:
            frames.append(frame)
        return frames

    return asyncio.run(read())


def test_frames_come_out_one_by_one() -> None:
    frames = read_all(frame_bytes({"type": "alive"}) + sealed_bytes(*pack({"type": "wave"}, b"abcd")))
    assert [(frame.kind, frame.payload) for frame in frames] == [("alive", b""), ("wave", b"abcd")]


def test_half_a_frame_is_the_end_of_the_stream() -> None:
    whole = sealed_bytes(*pack({"type": "wave"}, b"abcd"))
    assert all(read_all(whole[:cut]) == [] for cut in range(len(whole)))


def test_sealed_frames_read_in_their_order_only() -> None:
    ours = Seal(b"key")
    first, second = (sealed_bytes(*pack({"type": "wave"}, payload), ours) for payload in (b"1", b"2"))
    assert [frame.payload for frame in read_all(first + second, Seal(b"key"))] == [b"1", b"2"]
    for wrong in (second + first, second, first + first):
        with pytest.raises(InputError, match="seal"):
            read_all(wrong, Seal(b"key"))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=120), st.booleans())
def test_whatever_bytes_come_they_are_frames_the_end_or_refused(content: bytes, sealed: bool) -> None:
    try:
        frames = read_all(content, Seal(b"key") if sealed else None)
    except InputError:
        return
    assert all(isinstance(frame, Frame) for frame in frames)
    assert not (sealed and frames)


@pytest.mark.parametrize(
    "lengths", [b"\x00\x00\x00\x00\x00\x00", b"\xff\xff\x00\x00\x00\x00", b"\x00\x02\xff\xff\xff\xff"]
)
def test_a_frame_that_claims_too_much_is_refused_before_it_is_read(lengths: bytes) -> None:
    with pytest.raises(InputError, match="refused"):
        read_all(lengths)
