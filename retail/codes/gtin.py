"""Keys of GS1 with their check digits: GTIN, SSCC and GLN as text of digits; a GTIN is kept as GTIN-14 everywhere.

Source: GS1 General Specifications, 7.9.1 (check digit), 5.2.2.4 (UPC-E), 3.3.2 (GTIN padded to 14 digits).
"""

from __future__ import annotations

from core.errors import InputError

GTIN_LENGTHS = (8, 12, 13, 14)
_SHOWN = 60


def shown(text: str) -> str:
    """What was read, fit for a message: no control characters, not endless."""
    clean = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    return clean if len(clean) <= _SHOWN else f"{clean[:_SHOWN]}... ({len(text)} characters)"


def is_digits(text: str) -> bool:
    """True for digits 0-9 alone; other scripts' digits count for nothing."""
    return text.isascii() and text.isdigit()


def check_digit(digits: str) -> int:
    """The digit that belongs behind `digits`: weights 3, 1, 3, ... from the right, filled up to a multiple of ten."""
    total = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(digits)))
    return -total % 10


def gtin14(text: str) -> str:
    """A GTIN-8, -12, -13 or -14 as GTIN-14. Raises InputError, which names the check digit that was expected."""
    _check_digits("GTIN", text)
    if len(text) not in GTIN_LENGTHS:
        raise InputError(
            f"'{shown(text)}' has {len(text)} digits; a GTIN has 8, 12, 13 or 14",
            hint="Scan again, or type every digit below the bars.",
        )
    _check_key("GTIN", text)
    if not text.strip("0"):
        raise InputError("no product has a number of zeros alone")
    return text.zfill(14)


def sscc(text: str) -> str:
    """A serial shipping container code of 18 digits. Raises InputError."""
    return _fixed("SSCC", text, 18)


def gln(text: str) -> str:
    """A global location number of 13 digits. Raises InputError."""
    return _fixed("GLN", text, 13)


def is_upce(text: str) -> bool:
    """Whether 8 digits can be the whole of a UPC-E: number system 0 or 1, its check digit that of the UPC-A."""
    return len(text) == 8 and is_digits(text) and text[0] in "01" and check_digit(_upca(text)) == int(text[7])


def expand_upce(text: str) -> str:
    """The UPC-A (12 digits) of a UPC-E: 8 digits with number system and check digit. Raises InputError."""
    _check_digits("UPC-E", text)
    if len(text) != 8 or text[0] not in "01":
        raise InputError(
            f"'{shown(text)}' is no UPC-E: that has 8 digits and begins with 0 or 1",
            hint="Type the small digits left and right of the bars too.",
        )
    expected = check_digit(_upca(text))
    if expected != int(text[7]):
        raise InputError(f"UPC-E {text}: the check digit is {text[7]}, expected {expected}", hint="Scan again.")
    return f"{_upca(text)}{expected}"


def _upca(text: str) -> str:
    """The first 11 digits; the sixth of the six says where the zeros were left out."""
    system, six = text[0], text[1:7]
    last = six[5]
    if last in "012":
        return f"{system}{six[:2]}{last}0000{six[2:5]}"
    if last == "3":
        return f"{system}{six[:3]}00000{six[3:5]}"
    if last == "4":
        return f"{system}{six[:4]}00000{six[4]}"
    return f"{system}{six[:5]}0000{last}"


def _fixed(what: str, text: str, length: int) -> str:
    _check_digits(what, text)
    if len(text) != length:
        raise InputError(f"'{shown(text)}' has {len(text)} digits; a {what} has {length}", hint="Scan again.")
    _check_key(what, text)
    return text


def _check_digits(what: str, text: str) -> None:
    if not is_digits(text):
        raise InputError(f"'{shown(text)}' is no {what}: digits only", hint="Scan again, or type the digits.")


def _check_key(what: str, text: str) -> None:
    expected = check_digit(text[:-1])
    if expected != int(text[-1]):
        raise InputError(
            f"{what} {text}: the check digit is {text[-1]}, expected {expected}",
            hint="A digit was misread or mistyped: scan again.",
        )
