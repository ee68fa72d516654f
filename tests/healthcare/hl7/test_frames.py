from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from healthcare.hl7.frames import FrameCutter, framed

CONTENT = st.binary(max_size=40).map(lambda data: data.replace(b"\x0b", b"").replace(b"\x1c", b""))


def cut(*pieces: bytes, limit: int = 1000) -> tuple[list[bytes], FrameCutter]:
    cutter = FrameCutter(limit)
    return [frame for piece in pieces for frame in cutter.cut(piece)], cutter


@settings(deadline=None, max_examples=50)
@given(st.lists(CONTENT, max_size=8), st.data())
def test_frames_are_the_same_however_the_stream_is_split(contents: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(map(framed, contents))
    ends = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    pieces = [stream[a:b] for a, b in zip([0, *ends], [*ends, len(stream)], strict=True)]
    found, cutter = cut(*pieces)
    assert found == contents
    assert cutter.dropped_bytes == 0
    assert not cutter.inside


@settings(deadline=None, max_examples=50)
@given(st.lists(st.binary(max_size=60), max_size=10))
def test_garbage_never_breaks_it(pieces: list[bytes]) -> None:
    cutter = FrameCutter(50)
    for piece in pieces:
        for frame in cutter.cut(piece):
            assert len(frame) <= 50
            assert not {0x0B, 0x1C} & set(frame)


def test_what_stands_between_frames_is_dropped_and_counted() -> None:
    found, cutter = cut(b"noise" + framed(b"A") + b"\n" + b"xx" + framed(b"B"))
    assert found == [b"A", b"B"]
    assert cutter.dropped_bytes == 7


def test_a_frame_that_was_broken_off_does_not_take_the_next_along() -> None:
    found, cutter = cut(b"\x0bbroken", b" off\x0bwhole\x1c\r")
    assert found == [b"whole"]
    assert cutter.dropped_bytes > 0


def test_an_end_without_carriage_return_is_an_end() -> None:
    assert cut(b"\x0bA\x1c\x0bB\x1c")[0] == [b"A", b"B"]


def test_a_frame_that_grows_too_long_is_given_up() -> None:
    found, cutter = cut(framed(b"A"), b"\x0b" + b"MSH" * 400, b"more", framed(b"B"))
    assert found == [b"A"]
    assert cutter.overlong is not None and cutter.overlong.startswith(b"MSHMSH")
    assert cut(framed(b"x" * 1001))[1].overlong is not None
    assert cut(framed(b"x" * 1000))[0] == [b"x" * 1000]
