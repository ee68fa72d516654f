"""Numbers for restricted circulation (02, 20 to 29): what they mean is the store's table, not the world's.

Source: GS1 General Specifications 2.1.12 (variable measure trade items), 7.9.2-7.9.4 (check digit of price or weight).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from biip.checksums import gs1_price_weight_check_digit

from core.errors import InputError
from core.settings import STRICT_KEYS
from retail.codes.gtin import check_digit, is_digits

_PAYLOAD_DIGITS = 12  # of a GTIN-13, without its own check digit
_PREFIXES = ("02", *(str(number) for number in range(20, 30)))


@dataclass(frozen=True)
class RestrictedRule:
    """Numbers that begin with `prefix`: the item's digits, a check digit of the measure if `local_check`, the measure.

    `measure` is `price`, `weight` or `none` (the store's own number, whole). `measure_digits` and `decimals`: of the
    price in major units, of the weight in kg.
    """

    __pydantic_config__ = STRICT_KEYS
    prefix: str
    measure: Literal["price", "weight", "none"] = "price"
    measure_digits: int = 4
    decimals: int = 2
    local_check: bool = False

    def __post_init__(self) -> None:
        if not is_digits(self.prefix) or self.prefix[:2] not in _PREFIXES or len(self.prefix) > 7:
            raise ValueError("prefix of 2 to 7 digits that begins with 02 or 20 to 29")
        if self.measure == "none":
            return
        if self.measure_digits not in (4, 5, 6) or (self.local_check and self.measure_digits == 6):
            raise ValueError("measure_digits 4, 5 or 6; with local_check 4 or 5")
        if not 0 <= self.decimals <= self.measure_digits:
            raise ValueError(f"decimals 0 to {self.measure_digits}")
        if len(self.prefix) >= self.item_digits:
            raise ValueError("prefix that leaves digits for the item")

    @property
    def item_digits(self) -> int:
        """How many digits stand for the item, those of the prefix among them."""
        return _PAYLOAD_DIGITS - self.measure_digits - self.local_check


@dataclass(frozen=True, slots=True)
class Restricted:
    """`gtin`: GTIN-14 of the item, its measure (and local check digit) zero: so it stands in the item list."""

    gtin: str
    price_minor: int | None = None
    weight_g: int | None = None
    remark: str = ""


def is_restricted(gtin: str) -> bool:
    """Whether a GTIN-14 is a GTIN-13 (or -12, which has a 0 before it) for restricted circulation."""
    return gtin[0] == "0" and gtin[1:3] in _PREFIXES


def read_restricted(gtin: str, rules: Sequence[RestrictedRule], minor_digits: int = 2) -> Restricted:
    """What the store's table makes of it; the longest prefix counts. Raises InputError for a wrong local check digit.

    Without a rule it is taken as it stands, with a remark: then each weight would be a product of its own.
    `minor_digits`: decimals of the store's currency.
    """
    number = gtin[1:]
    fitting = [rule for rule in rules if number.startswith(rule.prefix)]
    if not fitting:
        return Restricted(gtin, remark=f"the store's table has no rule for numbers that begin with {number[:2]}")
    rule = max(fitting, key=lambda rule: len(rule.prefix))
    if rule.measure == "none":
        return Restricted(gtin)
    item, measure = number[: rule.item_digits], number[_PAYLOAD_DIGITS - rule.measure_digits : _PAYLOAD_DIGITS]
    if rule.local_check:
        _check_measure(number, number[rule.item_digits], measure, rule.measure)
    payload = item.ljust(_PAYLOAD_DIGITS, "0")
    own = f"0{payload}{check_digit(payload)}"
    if rule.measure == "weight":
        return Restricted(own, weight_g=scaled(measure, rule.decimals, 3))
    return Restricted(own, price_minor=scaled(measure, rule.decimals, minor_digits))


def scaled(digits: str, decimals: int, wanted: int) -> int:
    """A figure with `decimals` decimals as a whole number of units of the `wanted`th decimal, rounded half up."""
    figure, finer = int(digits), wanted - decimals
    if finer >= 0:
        return figure * int(10**finer)
    divisor = int(10**-finer)
    return (2 * figure + divisor) // (2 * divisor)


def _check_measure(number: str, given: str, measure: str, what: str) -> None:
    expected = gs1_price_weight_check_digit(measure)
    if int(given) != expected:
        raise InputError(
            f"{number}: the check digit of the {what} {measure} is {given}, expected {expected}",
            hint="Scan again; if it goes on, compare the scale's label with the store's table of restricted numbers.",
        )
