"""Messages and parameters as bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from retail.rfid.wire import TV_BYTES, Message, MessageCutter, fields, parameters, text, tlv, tv
from tests.retail.rfid.vectors import ATTEMPT, EVERYTHING


def test_a_recorded_message_is_cut() -> None:
    (message,) = MessageCutter().cut(bytes.fromhex(ATTEMPT))
    assert (message.type, message.id, message.version, len(message.body)) == (63, 989540519, 1, 22)
    assert message.encoded() == bytes.fromhex(ATTEMPT)


@pytest.mark.parametrize("size", [1, 3, 7, 64])
def test_a_stream_in_pieces_gives_the_same_messages(size: int) -> None:
    stream = b"".join(map(bytes.fromhex, EVERYTHING))
    cutter = MessageCutter()
    pieces = (stream[begin : begin + size] for begin in range(0, len(stream), size))
    found = [message for piece in pieces for message in cutter.cut(piece)]
    assert b"".join(message.encoded() for message in found) == stream
    assert len(found) == len(EVERYTHING)


@pytest.mark.parametrize(
    "data",
    [
        "474554202f20485454502f312e31",  # GET / HTTP/1.1
        "243f0000000a00000001",  # a reserved bit
        "003f0000000a00000001",  # version 0
        "0c3f0000000a00000001",  # version 3
        "043f0000000900000001",  # shorter than its header
        "043fffffffff00000001",  # longer than anything
    ],
)
def test_what_is_no_llrp_is_refused(data: str) -> None:
    with pytest.raises(InputError, match="no LLRP"):
        MessageCutter().cut(bytes.fromhex(data))


def test_version_1_1_is_read() -> None:
    (message,) = MessageCutter().cut(bytes.fromhex("083e0000000a00000001"))
    assert message.version == 2


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 1023), st.integers(0, 2**32 - 1), st.binary(max_size=200))
def test_messages_go_there_and_back(kind: int, number: int, body: bytes) -> None:
    message = Message(kind, number, body)
    assert MessageCutter().cut(message.encoded()) == [message]


def _bytes(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.integers(128, 1023), st.binary(max_size=40)),
            st.sampled_from(sorted(TV_BYTES)).flatmap(lambda tv: st.tuples(st.just(tv), _bytes(TV_BYTES[tv] - 1))),
        )
    )
)
def test_parameters_go_there_and_back(wanted: list[tuple[int, bytes]]) -> None:
    data = b"".join(tv(kind, value) if kind < 128 else tlv(kind, value) for kind, value in wanted)
    assert [(found.type, found.value) for found in parameters(data)] == wanted


@pytest.mark.parametrize("data", ["00", "00f00003", "00f0000600", "00f000ff", "8d00", "8000", "ff"])
def test_a_parameter_that_runs_over_the_end_is_refused(data: str) -> None:
    with pytest.raises(InputError):
        list(parameters(bytes.fromhex(data)))


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300))
def test_whatever_bytes_come_are_parameters_or_a_clear_refusal(data: bytes) -> None:
    try:
        found = list(parameters(data))
    except InputError:
        return
    assert sum(len(each.value) for each in found) <= len(data)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.binary(max_size=60), max_size=5))
def test_whatever_stream_comes_is_messages_or_a_clear_refusal(pieces: list[bytes]) -> None:
    cutter = MessageCutter()
    try:
        for piece in pieces:
            cutter.cut(piece)
    except InputError:
        return


def test_fields_and_texts_that_are_too_short_are_refused() -> None:
    with pytest.raises(InputError, match="too few"):
        fields("HI", b"\0\0", "thing")
    with pytest.raises(InputError, match="runs over the end"):
        text(b"\0\x05ab", 0, "words")
    assert text(b"\0\x02ab", 0, "words") == ("ab", 4)


def test_a_tv_parameter_of_the_wrong_size_is_not_written() -> None:
    with pytest.raises(ValueError, match="TV parameter 1"):
        tv(1, b"\0")
