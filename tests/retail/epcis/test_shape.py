from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from retail.epcis.shape import fields, is_uri, listed, moment_ms, moment_text, number, offset, text


def test_a_time_comes_back_from_its_text() -> None:
    assert moment_ms("1970-01-01T00:00:00Z") == 0
    assert moment_ms("2026-11-23T09:00:00.25+01:00") == 1_795_420_800_250
    assert moment_text(1_795_420_800_250) == "2026-11-23T08:00:00.250Z"
    assert moment_ms("1969-12-31T23:59:59.5Z") == -500


@given(st.integers(-62_000_000_000_000, 250_000_000_000_000))
def test_every_time_is_read_as_it_was_written(at_ms: int) -> None:
    assert moment_ms(moment_text(at_ms)) == at_ms


@pytest.mark.parametrize(
    "said", ["", "2026-11-23", "2026-11-23T08:00Z", "2026-11-23 08:00:00Z", "2026-11-23T24:00:00Z",
             "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "2026-11-23T08:00:00+25:00", 5, None],
)  # fmt: skip
def test_what_is_no_time_is_refused(said: object) -> None:
    with pytest.raises(InputError, match="expected: a"):
        moment_ms(said)


@pytest.mark.parametrize("said", ["+14:00", "-06:00", "+13:59"])
def test_offsets(said: str) -> None:
    offset(said, "o")
    with pytest.raises(InputError):
        offset(said + "0", "o")


@pytest.mark.parametrize(
    ("said", "there"),
    [("urn:x:y", True), ("https://a/b?c#d", True), ("example:name", True), ("name", False), (":x", False),
     ("a:", False), ("a:b c", False), ("a:%zz", False), ("a:%20", True), (7, False), ("a:" + "b" * 3000, False)],
)  # fmt: skip
def test_uris(said: object, there: bool) -> None:
    assert is_uri(said) is there


def test_a_fault_in_a_list_in_an_object_has_its_path() -> None:
    check = fields({"a": listed(fields({"b": number}, ["b"]))}, ["a"])
    with pytest.raises(InputError, match=r"x\.a\[1\]\.b: 'two', expected: a number"):
        check({"a": [{"b": 1}, {"b": "two"}]}, "x")
    with pytest.raises(InputError, match=r"x\.a\[0\]: it has no b"):
        check({"a": [{}]}, "x")


def test_a_long_value_is_shown_in_part() -> None:
    with pytest.raises(InputError) as caught:
        text(["x" * 500], "p")
    assert len(caught.value.message) < 120
