from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from healthcare.records.annotations import parse_annotations, read_annotations


def _word(code: int, step: int) -> bytes:
    return (code << 10 | step).to_bytes(2, "little")


def _text(text: bytes) -> bytes:
    return _word(63, len(text)) + text + b"\0" * (len(text) & 1)


def _skip(step: int) -> bytes:
    jump = step & 0xFFFFFFFF
    return _word(59, 0) + (jump >> 16).to_bytes(2, "little") + (jump & 0xFFFF).to_bytes(2, "little")


END = _word(0, 0)


def test_steps_add_up_and_codes_have_their_symbols() -> None:
    found = parse_annotations(_word(1, 18) + _word(5, 300) + _word(57, 1) + END, "a")
    assert found.samples.tolist() == [18, 318, 319]
    assert found.symbols == ("N", "V", "[57]")
    assert found.rate_hz is None


def test_a_skip_jumps_far_and_back() -> None:
    found = parse_annotations(_skip(100_000) + _word(1, 5) + _skip(-50) + _word(1, 0) + END, "a")
    assert found.samples.tolist() == [100_005, 99_955]


def test_texts_numbers_and_channels_belong_to_the_annotation_before() -> None:
    raw = _word(28, 10) + _word(61, 1) + _word(62, 1) + _word(60, 3) + _text(b"(AFIB") + _word(1, 7) + END
    found = parse_annotations(raw, "a")
    assert found.symbols == ("+", "N")
    assert found.aux == ("(AFIB", "")
    assert found.samples.tolist() == [10, 17]


def test_notes_at_the_beginning_tell_of_the_clock_and_own_codes() -> None:
    notes = [b"## time resolution: 500", b"## annotation type definitions", b"57 Q! odd one", b"## end of definitions"]
    raw = b"".join(_word(22, 0) + _text(note) for note in notes) + _word(57, 9) + END
    found = parse_annotations(raw, "a")
    assert found.rate_hz == 500.0
    assert found.symbols == ("Q!",)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\x01", _word(1, 5), _word(59, 0) + b"\0\0", _text(b"no annotation") + END, _skip(-5) + _word(1, 0) + END,
        _word(1, 1) + _word(63, 40) + b"short", _word(22, 0) + _text(b"## time resolution: fast") + END,
    ],
)  # fmt: skip
def test_what_breaks_off_or_makes_no_sense_is_an_input_error_that_names_the_file(raw: bytes) -> None:
    with pytest.raises(InputError, match=r"100\.atr"):
        parse_annotations(raw, "100.atr")


@given(st.binary(max_size=200))
def test_any_bytes_are_annotations_or_an_input_error(raw: bytes) -> None:
    try:
        found = parse_annotations(raw, "a")
    except InputError:
        return
    assert len(found.samples) == len(found.symbols) == len(found.aux)


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_annotations(tmp_path / "none.atr")
