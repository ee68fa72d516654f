"""What wedges send in place of identifiers and separators."""

from __future__ import annotations

import pytest

from retail.codes.wedge import GS1_SYMBOLOGIES, read_typed, separated

MESSAGE = "010952123454321310AB{}21X"


@pytest.mark.parametrize(
    "form",
    [
        "\x1d",
        "\N{SYMBOL FOR GROUP SEPARATOR}",
        "{GS}",
        "[GS]",
        "<GS>",
        "\\x1d",
        "\\x1D",
        "\\u001d",
        "^]",
        "|",
        "~",
        "\x1e",
    ],
)
def test_every_form_of_the_separator_is_known(form: str) -> None:
    typed = read_typed("]d2" + MESSAGE.format(form) + "\r\n")
    assert typed.body == MESSAGE.format("\x1d")
    assert typed.gs1
    assert separated(MESSAGE.format(form)) == typed.body


@pytest.mark.parametrize("aim", sorted(GS1_SYMBOLOGIES))
def test_identifiers_of_gs1_are_known(aim: str) -> None:
    typed = read_typed(aim + MESSAGE.format("\x1d"))
    assert (typed.gs1, typed.aim, typed.symbology) == (True, aim, GS1_SYMBOLOGIES[aim])


def test_a_separator_in_front_says_gs1_where_no_identifier_is_sent() -> None:
    assert read_typed("\x1d" + MESSAGE.format("\x1d")).gs1


def test_other_identifiers_say_what_was_read() -> None:
    typed = read_typed("]E04006381333931\t")
    assert (typed.body, typed.symbology, typed.gs1) == ("4006381333931", "ean-13", False)
    assert read_typed("]X0abc").symbology == "]X0"


def test_an_address_keeps_its_signs() -> None:
    address = "https://example.com/01/09521234543213?x=~|"
    assert read_typed(address).body == address
