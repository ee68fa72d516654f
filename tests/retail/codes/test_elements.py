"""Chained element strings: where one ends, what may stand together."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from retail.codes.elements import MOST_CHARACTERS, missing, read_brackets, read_elements

GS = "\x1d"
GTIN = "0109521234543213"


def test_fixed_lengths_need_no_separator() -> None:
    assert read_elements(f"{GTIN}17261130" + "10AB-1") == {"01": "09521234543213", "17": "261130", "10": "AB-1"}


def test_a_separator_ends_a_value() -> None:
    assert read_elements(f"{GTIN}10AB{GS}21X9") == {"01": "09521234543213", "10": "AB", "21": "X9"}


def test_separators_at_both_ends_and_after_fixed_lengths_are_let_pass() -> None:
    assert read_elements(f"{GS}{GTIN}{GS}10AB{GS}") == {"01": "09521234543213", "10": "AB"}


def test_a_value_that_runs_on_is_refused_and_not_cut() -> None:
    """Twenty characters and more behind (10): the separator was lost, and what follows is not the next identifier."""
    with pytest.raises(InputError, match=r"the value of \(10\) has no end"):
        read_elements(f"{GTIN}10" + "A" * 20 + "21123")


def test_an_identifier_twice_must_say_the_same() -> None:
    assert read_elements(f"{GTIN}10A{GS}10A")["10"] == "A"
    with pytest.raises(InputError, match="twice"):
        read_elements(f"{GTIN}10A{GS}10B")


@pytest.mark.parametrize("message", [f"{GTIN}3710", f"{GTIN}2559521234000019", f"{GTIN}21A{GS}235B"])
def test_identifiers_that_exclude_each_other_are_refused(message: str) -> None:
    with pytest.raises(InputError, match="may not stand"):
        read_elements(message)


def test_what_should_stand_beside_is_told() -> None:
    assert "(10) stands without (01)" in missing(read_elements("10AB"))[0]
    assert missing(read_elements(f"{GTIN}10AB")) == ()
    assert missing(read_elements("0209521234543213" + "3712" + GS + "00376104250021234569")) == ()
    assert len(missing(read_elements("0209521234543213"))) == 1


@pytest.mark.parametrize(
    "message", ["", GS, "0109", "99", f"{GTIN}9", f"{GTIN}{GS}XY", "01ABCDEFGHIJKLMN", f"{GTIN}10é"]
)
def test_what_cannot_be_read_is_refused(message: str) -> None:
    with pytest.raises(InputError):
        read_elements(message)


def test_a_message_longer_than_any_code_is_refused() -> None:
    with pytest.raises(InputError, match="no GS1 code holds more"):
        read_elements("0" * (MOST_CHARACTERS + 1))


def test_brackets_are_read_as_people_write_them() -> None:
    assert read_brackets("(01)09521234543213(3103)001250(10)A") == {"01": "09521234543213", "3103": "001250", "10": "A"}


@pytest.mark.parametrize(
    "text", ["()", "(01)", "(01)09521234543213(", "x(01)09521234543213", "(01)1", "(19)12", "(10)a b"]
)
def test_brackets_with_anything_else_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        read_brackets(text)


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet=st.sampled_from("0123456789ABC" + GS + "()\x00é~"), max_size=80))
def test_whatever_comes_is_read_or_refused(message: str) -> None:
    for read in (read_elements, read_brackets):
        try:
            found = read(message)
        except InputError:
            continue
        assert found and all(ai.isdigit() and value for ai, value in found.items())
