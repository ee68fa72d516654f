from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from retail.shelf.slot_truth import Window, parse_truth, read_truth

_TEXT = b"# by eye\nfirst_frame,last_frame,left,right,count\n30,40,0,1,1\n\n5,9,1,1,2\n"


def test_windows_come_in_the_order_of_their_frames_and_count_is_no_slot() -> None:
    assert parse_truth(_TEXT, "x") == [
        Window(5, 9, {"left": True, "right": True}), Window(30, 40, {"left": False, "right": True}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no header"),
        (b"first_frame,last_frame,left\n", "no header with a line"),
        (b"first,last,left\n1,2,1\n", "its header is first,last,left"),
        (b"first_frame,last_frame\n1,2\n", "its header"),
        (b"first_frame,last_frame,a,a\n1,2,1,1\n", "its header"),
        (b"# x\nfirst_frame,last_frame,a\n1,2,1\n9,3,1\n", "line 4: ends at frame 3"),
        (b"first_frame,last_frame,a\n1,2,yes\n", "line 2: a is 'yes', expected 0 or 1"),
        (b"first_frame,last_frame,a\n1,2\n", "line 2: a is ''"),
        (b"first_frame,last_frame,a\n-1,2,1\n", "line 2: first_frame is '-1'"),
        (b"\xff", "is not UTF-8"),
    ],
)
def test_a_fault_names_its_line(content: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_truth(content, "truth.csv")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_truth(tmp_path / "none.csv")


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=120) | st.text("first_frame,last\n\"'#01 9-\r\0", max_size=120).map(str.encode))
def test_any_bytes_are_a_truth_or_an_input_error(content: bytes) -> None:
    for data in (content, b"first_frame,last_frame,a\n" + content):
        try:
            assert all(window.first <= window.last for window in parse_truth(data, "x"))
        except InputError as error:
            assert error.message.startswith("x")
