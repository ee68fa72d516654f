from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from healthcare.records.header import parse_header


def test_a_header_tells_gain_baseline_unit_and_name_of_each_signal() -> None:
    header = parse_header("r 2 360 10\nr.dat 16 30061.25(-161790)/uV 16 0 5 7 0 lead II\nr.dat 16 2000 12 1024\n", "r")
    first, second = header.signals
    assert (first.gain, first.baseline, first.unit, first.name) == (30061.25, -161790, "uV", "lead II")
    assert (second.gain, second.baseline, second.unit, second.name) == (2000.0, 1024, "mV", "")


def test_frames_skew_and_offset_stand_in_the_format_field() -> None:
    signal = parse_header("r 1 250\nr.mat 16x4:3+24 200\n", "r").signals[0]
    assert (signal.format, signal.per_frame, signal.skew_frames, signal.offset_bytes) == (16, 4, 3, 24)


def test_no_gain_means_two_hundred_and_no_rate_two_hundred_and_fifty() -> None:
    header = parse_header("r 1\nr.dat 212 0\n", "r")
    assert header.signals[0].gain == 200.0
    assert header.rate_hz == 250.0
    assert header.frames is None


def test_the_start_needs_time_and_date() -> None:
    assert parse_header("r 0 1 0 10:44:18.5 04/05/2704", "r").start == datetime(2704, 5, 4, 10, 44, 18, 500000)
    assert parse_header("r 0 1 0    31:25.5 10/10/2896", "r").start == datetime(2896, 10, 10, 0, 31, 25, 500000)
    assert parse_header("r 0 1 0 10:44:18.5", "r").start is None


def test_remarks_and_empty_lines_are_passed_over() -> None:
    assert parse_header("# a\n\nr 1 5 2\n# b\nr.dat 16\n# c", "r").signals[0].file == "r.dat"


def test_segments_and_their_gaps() -> None:
    header = parse_header("r/3 2 125 30\nlayout 0\n~ 10\none 20\n", "r")
    assert [(one.name, one.frames) for one in header.segments] == [("layout", 0), ("~", 10), ("one", 20)]


@pytest.mark.parametrize(
    "text",
    [
        "", "# only a remark", "r", "r x", "r 2 360 10\nr.dat 16\n", "r 1 0.0000000001 10\nr.dat 16",
        "r 1 nan\nr.dat 16",
        "r 1 360 -1\nr.dat 16", "r 1\n../r.dat 16", "r 1\n/etc/passwd 16", "r 1\nr.dat", "r 1\nr.dat sixteen",
        "r 1\nr.dat 16x0", "r 1\nr.dat 16 fast", "r 1\nr.dat 16 1e400", "r 1\nr.dat 16 1 16 zero",
        "r 0 1 0 25:00:00 01/01/2000", "r 0 1 0 10:00:00 31/02/2000", "r 0 1 0 1:1:1:1 01/01/2000",
        "r/2 1 125 30\na 10\nb 10", "r/1 1 125 30\n../a 30", "r/1 1 125 30\na 30 4", "r/0 1 1 1", "r 99999 1 1",
    ],
)  # fmt: skip
def test_what_does_not_follow_the_form_is_an_input_error_that_names_the_file(text: str) -> None:
    with pytest.raises(InputError, match=r"bed-7\.hea"):
        parse_header(text, "bed-7.hea")


@given(st.text(alphabet="0123456789~rdat16x+:/()-. \n#eE", max_size=120))
def test_any_text_is_a_header_or_an_input_error(text: str) -> None:
    try:
        header = parse_header(text, "r")
    except InputError:
        return
    assert len(header.signals) == (0 if header.segments else header.signal_count)
