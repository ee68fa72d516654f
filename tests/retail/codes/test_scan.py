"""Everything that is scanned, typed or read from a tag, as one result."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from retail.codes.gtin import check_digit
from retail.codes.restricted import RestrictedRule
from retail.codes.scan import StoreCodes, of_gtin, scan
from retail.codes.scanned import Kind, Scanned

TODAY = date(2026, 11, 30)
STORE = StoreCodes((RestrictedRule("21", "weight", 5, 3), RestrictedRule("20", "price", 4, 2)))
GS = "\x1d"


def _scan(text: str) -> Scanned:
    return scan(text, TODAY, STORE)


@pytest.mark.parametrize(
    ("text", "gtin", "symbology"),
    [
        ("4006381333931", "04006381333931", ""),
        ("]E04006381333931", "04006381333931", "ean-13"),
        ("]E440170725", "00000040170725", "ean-8"),
        ("]I180614141123458", "80614141123458", "itf-14"),
        ("]e00109521234543213", "09521234543213", "gs1-databar"),
        ("0109521234543213", "09521234543213", ""),
        ("04252614", "00042100005264", ""),
        ("]E004252614", "00042100005264", "upc-e"),
    ],
)
def test_products_are_read(text: str, gtin: str, symbology: str) -> None:
    scanned = _scan(text + "\r")
    assert (scanned.gtin, scanned.symbology, scanned.read) == (gtin, symbology, text + "\r")


@pytest.mark.parametrize("add_on", ["12", "51299"])
def test_an_add_on_symbol_is_no_part_of_the_number(add_on: str) -> None:
    assert _scan(f"]E39780735200449{add_on}").gtin == "09780735200449"


def test_a_label_with_lot_and_dates() -> None:
    scanned = _scan("]C1010952123454321317261100" + "15261115" + f"10L-7{GS}21S1")
    assert scanned.kind is Kind.ELEMENTS
    assert (scanned.lot, scanned.serial) == ("L-7", "S1")
    assert (scanned.expiry, scanned.best_before) == (date(2026, 11, 30), date(2026, 11, 15))
    assert scanned.remarks == ()


def test_expiry_to_the_minute() -> None:
    scanned = _scan("(01)09521234543213(7003)2612312359")
    assert scanned.expiry == date(2026, 12, 31)
    assert scanned.expiry_minute is not None
    assert scanned.expiry_minute.hour == 23


def test_weight_price_and_currency() -> None:
    scanned = _scan("]e001095212345432133103001250" + "3922199")
    assert (scanned.weight_g, scanned.price_minor, scanned.currency) == (1250, 199, "")
    scanned = _scan("]e001095212345432133202000100" + "39329781999")
    assert (scanned.weight_g, scanned.price_minor, scanned.currency) == (454, 1999, "978")


def test_a_pallet_says_what_it_holds() -> None:
    scanned = _scan("]C100376104250021234569" + "0209521234543213" + "3748")
    assert (scanned.sscc, scanned.gtin, scanned.contained, scanned.count) == (
        "376104250021234569",
        "09521234543213",
        True,
        48,
    )
    assert _scan("376104250021234569").sscc == "376104250021234569"


def test_a_lot_alone_is_taken_with_a_remark() -> None:
    scanned = _scan("]C110LOT-7")
    assert (scanned.gtin, scanned.lot) == ("", "LOT-7")
    assert "(10) stands without" in scanned.remarks[0]


def test_a_location_is_checked() -> None:
    assert _scan("]C14149521321000018").location == "9521321000018"
    with pytest.raises(InputError, match="GLN"):
        _scan("]C14149521321000011")


def test_a_digital_link_in_a_plain_qr() -> None:
    scanned = _scan("]Q1https://shop.example/01/09521234543213/10/L7?17=261231")
    assert (scanned.kind, scanned.gtin, scanned.lot, scanned.symbology) == (
        Kind.DIGITAL_LINK,
        "09521234543213",
        "L7",
        "qr",
    )


def test_tags_in_hexadecimal_digits_and_as_uri() -> None:
    for text in ("3074257bf7194e4000001a85", "urn:epc:id:sgtin:0614141.812345.6789"):
        scanned = _scan(text)
        assert (scanned.kind, scanned.gtin, scanned.serial, scanned.symbology) == (
            Kind.EPC,
            "80614141123458",
            "6789",
            "sgtin-96",
        )
    assert _scan("3674257BF6B7A659B2C2BF100000000000000000000000000000").serial == "32a/b"


def test_a_weighed_item_is_one_product_with_a_weight() -> None:
    payload = "211234501234"
    scanned = _scan(f"{payload}{check_digit(payload)}")
    assert (scanned.kind, scanned.weight_g, scanned.gtin[:8]) == (Kind.RESTRICTED, 1234, "02112345")


def test_a_number_that_may_be_two_products_says_so() -> None:
    """Eight digits that are right as UPC-E and as GTIN-8 both: the item list decides."""
    both = next(
        f"{number:07}{check_digit(f'{number:07}')}"
        for number in range(1_234_560, 1_299_999)
        if _scan_both(f"{number:07}{check_digit(f'{number:07}')}")
    )
    scanned = _scan(both)
    assert scanned.other_gtin == f"000000{both}"
    assert scanned.in_list({scanned.other_gtin}) == scanned.other_gtin
    assert scanned.in_list({scanned.gtin}) == scanned.gtin
    assert scanned.in_list(set()) == ""
    assert _scan(f"]E4{both}").gtin == f"000000{both}"


def _scan_both(text: str) -> bool:
    return bool(_scan(text).other_gtin)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "nothing was scanned"),
        ("]C1", "nothing was scanned"),
        ("4006381333932", "expected 1"),
        ("hello", "is no product's code"),
        ("]Q1hello", "is no product's code"),
        ("]E0123", "has 3 digits"),
        ("]C11726113X", "cannot be read"),
        ("0109521234543219", "expected 3"),
        ("(17)260230", "is no date"),
        ("https://example.com/x", "names no product"),
        ("9" * 9000, "were scanned at once"),
        ("376104250021234560", "SSCC"),
    ],
)
def test_what_cannot_be_used_says_why(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        _scan(text)


def test_a_number_by_itself() -> None:
    assert of_gtin("4006381333931").gtin == "04006381333931"


PIECES = st.sampled_from(
    ["]C1", "]d2", "]Q3", "]E0", "]E3", "01", "09521234543213", "17261131", "10", "21", "AB", GS, "~", "(", ")",
     "https://", "/01/", "urn:epc:id:sgtin:", "0614141.812345.", "30", "36", "3922", "3103", "7003", "00", "02", "37",
     "é", "\0", "20"]
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(st.one_of(st.lists(PIECES, max_size=9).map("".join), st.text(max_size=60)))
def test_whatever_is_scanned_is_a_result_or_a_clear_refusal(text: str) -> None:
    try:
        scanned = _scan(text)
    except InputError as error:
        assert len(error.message) < 400
        return
    assert not scanned.gtin or (len(scanned.gtin) == 14 and check_digit(scanned.gtin[:13]) == int(scanned.gtin[13]))


@pytest.mark.slow
@settings(deadline=None, max_examples=5000)
@given(st.one_of(st.lists(PIECES, max_size=12).map("".join), st.text(max_size=120)))
def test_five_thousand_scans_are_results_or_clear_refusals(text: str) -> None:
    try:
        assert scan(text, TODAY, STORE).read == text
    except InputError as error:
        assert len(error.message) < 400
