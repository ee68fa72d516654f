"""Numbers for restricted circulation: what the store's table makes of them."""

from __future__ import annotations

import pytest

from core.errors import InputError, SettingsError
from core.settings import checked
from retail.codes.gtin import check_digit, gtin14
from retail.codes.restricted import RestrictedRule, is_restricted, read_restricted, scaled

PRICED = RestrictedRule("20", measure_digits=4, decimals=2, local_check=True)
WEIGHED = RestrictedRule("21", measure="weight", measure_digits=5, decimals=3)


def _gtin(payload: str) -> str:
    return gtin14(f"{payload}{check_digit(payload)}")


def test_prefixes_02_and_20_to_29_are_restricted() -> None:
    assert [prefix for prefix in range(100) if is_restricted(_gtin(f"{prefix:02}1234567890"))] == [2, *range(20, 30)]
    assert is_restricted(gtin14("212345678992"))  # a GTIN-12 that begins with 2
    assert not is_restricted("20614141123452")  # the 2 is an indicator


def test_a_four_digit_price_is_read_with_its_check_digit() -> None:
    """The example of GS1 General Specifications 7.9.3: 2875 has the check digit 9."""
    own = read_restricted(_gtin("201234592875"), [PRICED])
    assert own.price_minor == 2875
    assert own.gtin == _gtin("201234500000")


def test_a_wrong_check_digit_of_the_price_names_the_expected_one() -> None:
    with pytest.raises(InputError, match="price 2875 is 8, expected 9"):
        read_restricted(_gtin("201234582875"), [PRICED])


def test_a_five_digit_price_has_another_check_digit() -> None:
    """The example of GS1 General Specifications 7.9.4: 14685 has the check digit 6."""
    rule = RestrictedRule("22", measure_digits=5, local_check=True)
    assert read_restricted(_gtin("221234614685"), [rule]).price_minor == 14685


def test_a_weight_is_read_in_grams() -> None:
    own = read_restricted(_gtin("211234501234"), [WEIGHED])
    assert (own.weight_g, own.price_minor) == (1234, None)
    assert own.gtin == _gtin("211234500000")


def test_every_weight_of_an_item_is_the_same_product() -> None:
    assert len({read_restricted(_gtin(f"2112345{grams:05}"), [WEIGHED]).gtin for grams in range(0, 99999, 777)}) == 1


def test_the_longest_prefix_counts() -> None:
    whole = RestrictedRule("2199", measure="none")
    number = _gtin("219945601234")
    assert read_restricted(number, [WEIGHED, whole]).gtin == number


def test_without_a_rule_it_stands_as_it_is_with_a_remark() -> None:
    own = read_restricted(_gtin("271234501234"), [PRICED, WEIGHED])
    assert own.gtin == _gtin("271234501234")
    assert "begin with 27" in own.remark


def test_a_price_is_told_in_minor_units_of_the_currency() -> None:
    assert read_restricted(_gtin("201234592875"), [PRICED], minor_digits=0).price_minor == 29
    assert read_restricted(_gtin("201234592875"), [PRICED], minor_digits=3).price_minor == 28750


def test_scaling_rounds_half_up() -> None:
    assert [scaled(text, 3, 2) for text in ("1994", "1995", "0004")] == [199, 200, 0]


@pytest.mark.parametrize(
    "values",
    [
        {"prefix": "30"}, {"prefix": "2"}, {"prefix": "2x"}, {"prefix": "21", "measure_digits": 3},
        {"prefix": "21", "measure_digits": 6, "local_check": True}, {"prefix": "21", "decimals": 5},
        {"prefix": "2112345", "measure_digits": 5}, {"prefix": "21", "colour": "red"},
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_is_named(values: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match="table"):
        checked(RestrictedRule, values, "table")
