"""Check digits, GTIN-14, UPC-E, SSCC, GLN."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from retail.codes.gtin import check_digit, expand_upce, gln, gtin14, is_upce, shown, sscc

DIGITS = st.text("0123456789", min_size=1, max_size=17)


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("400638133393", 1),
        ("8061414112345", 8),
        ("629104150021", 3),
        ("37610425002123456", 9),
        ("9501101021037"[:12], 7),
    ],
)
def test_check_digits_are_those_of_gs1(digits: str, expected: int) -> None:
    assert check_digit(digits) == expected


@settings(deadline=None, max_examples=60)
@given(DIGITS)
def test_one_wrong_digit_is_always_noticed(digits: str) -> None:
    right = f"{digits}{check_digit(digits)}"
    for place in range(len(right)):
        other = str((int(right[place]) + 1) % 10)
        changed = right[:place] + other + right[place + 1 :]
        assert check_digit(changed[:-1]) != int(changed[-1])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("40170725", "00000040170725"),
        ("614141000036", "00614141000036"),
        ("4006381333931", "04006381333931"),
        ("80614141123458", "80614141123458"),
    ],
)
def test_every_length_becomes_a_gtin_14(text: str, expected: str) -> None:
    assert gtin14(text) == expected


def test_a_wrong_check_digit_names_the_one_that_was_expected() -> None:
    with pytest.raises(InputError, match="4006381333932: the check digit is 2, expected 1"):
        gtin14("4006381333932")


@pytest.mark.parametrize("text", ["", "123", "40063813339311", "4006381333931 ", "४००६३८१३३३९३१", "0" * 13, "-4006381"])
def test_what_is_no_gtin_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        gtin14(text)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("04252614", "042100005264"),
        ("01234505", "012000003455"),
        ("01234531", "012300000451"),
        ("01234543", "012340000053"),
        ("01234565", "012345000065"),
    ],
)
def test_upc_e_is_expanded_by_its_last_digit(short: str, long: str) -> None:
    assert expand_upce(short) == long
    assert is_upce(short)


@pytest.mark.parametrize("text", ["24252614", "0425261", "042526145", "abcdefgh"])
def test_what_is_no_upc_e_is_refused(text: str) -> None:
    assert not is_upce(text)
    with pytest.raises(InputError):
        expand_upce(text)


def test_a_wrong_check_digit_of_upc_e_names_the_expected_one() -> None:
    with pytest.raises(InputError, match="check digit is 5, expected 4"):
        expand_upce("04252615")


def test_sscc_and_gln_are_checked() -> None:
    assert sscc("376104250021234569") == "376104250021234569"
    assert gln("9521321000018") == "9521321000018"
    with pytest.raises(InputError, match="expected 9"):
        sscc("376104250021234560")
    with pytest.raises(InputError, match="has 12 digits; a GLN has 13"):
        gln("952132100001")


def test_what_is_shown_is_short_and_holds_no_control_signs() -> None:
    assert shown("a\x1db") == "a\N{REPLACEMENT CHARACTER}b"
    assert shown("x" * 100).endswith("(100 characters)")
