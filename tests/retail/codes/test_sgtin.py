"""SGTIN-96 and SGTIN-198: the vectors of GS1, all partitions, and whatever else a tag may hold."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from retail.codes.gtin import check_digit
from retail.codes.sgtin import MOST_SERIAL_96, PARTITIONS, Sgtin, decode, from_hex, from_uri, of_gtin

LETTERS = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"


@st.composite
def sgtins(draw: st.DrawFn) -> Sgtin:
    digits = draw(st.sampled_from([prefix[1] for prefix, _ in PARTITIONS.values()]))
    number = draw(st.text("0123456789", min_size=13, max_size=13))
    bits = draw(st.sampled_from((96, 198)))
    serial = (
        str(draw(st.integers(0, MOST_SERIAL_96))) if bits == 96 else draw(st.text(LETTERS, min_size=1, max_size=20))
    )
    return Sgtin(number[:digits], number[digits:], serial, draw(st.integers(0, 7)), bits)


def test_the_vector_of_sgtin_96() -> None:
    tag = from_hex("3074257BF7194E4000001A85")
    assert (tag.uri, tag.filter, tag.gtin) == ("urn:epc:id:sgtin:0614141.812345.6789", 3, "80614141123458")
    assert tag.tag_uri == "urn:epc:tag:sgtin-96:3.0614141.812345.6789"
    assert tag.encoded().hex().upper() == "3074257BF7194E4000001A85"


@pytest.mark.parametrize(
    ("bits", "tag_uri", "gtin"),
    [
        ("3674257BF6B7A659B2C2BF100000000000000000000000000000",
         "urn:epc:tag:sgtin-198:3.0614141.712345.32a%2Fb", "70614141123451"),
        ("3639542C82FB0258B266D1AB66EE1CB062C99B46AD9BB872C000",
         "urn:epc:tag:sgtin-198:1.348338.0781321.12345678901234567890", "03483387813215"),
        ("302D28B329B0F6C000000001", "urn:epc:tag:sgtin-96:1.311112347.0987.1", "03111123479875"),
        ("301800004000004000000001", "urn:epc:tag:sgtin-96:0.000001.0000001.1", "00000010000014"),
    ],
)  # fmt: skip
def test_more_vectors(bits: str, tag_uri: str, gtin: str) -> None:
    """Of the standard (14.5.1) and of other people's encoders."""
    tag = from_hex(bits)
    assert (tag.tag_uri, tag.gtin) == (tag_uri, gtin)
    assert from_uri(tag_uri) == tag
    assert tag.encoded().hex().upper() == bits


@settings(deadline=None, max_examples=60)
@given(sgtins())
def test_all_partitions_go_there_and_back(tag: Sgtin) -> None:
    assert decode(tag.encoded()) == tag
    assert from_uri(tag.tag_uri) == tag
    assert tag.gtin[-1] == str(check_digit(tag.gtin[:-1]))


@pytest.mark.parametrize("prefix_digits", range(6, 13))
def test_a_product_becomes_a_tag_and_is_found_again(prefix_digits: int) -> None:
    tag = of_gtin("80614141123458", prefix_digits, "6789", filter_value=3)
    assert decode(tag.encoded()).gtin == "80614141123458"
    assert len(tag.prefix) == prefix_digits


def test_the_largest_serial_number_of_96_bits() -> None:
    assert of_gtin("4006381333931", 7, "274877906943").encoded()
    for serial in ("274877906944", "007", "", "A1", "1" * 400):
        with pytest.raises(InputError, match="serial number"):
            of_gtin("4006381333931", 7, serial)


@pytest.mark.parametrize(
    "bits",
    [
        "301C257BF7194E4000001A85",  # partition 7
        "3057FFFFF7194E4000001A85",  # prefix with more digits than its partition
        "E28011606000020612345678",  # no EPC of GS1: the maker's number
        "3174257BF4499602D2000000",  # an SSCC
        "3074257BF7194E40",
        "",
        "xyz",
        "36742",
        "3674257BF6B7A659B2C2BF10",  # an SGTIN-198 cut off
        "3674257BF6B780000000000000000000000000000000000000",  # no serial number
        "3674257BF6B7A659B2C2BF1000000000000000000000000004",  # zeros, then more
    ],
)
def test_what_is_no_sgtin_is_refused(bits: str) -> None:
    with pytest.raises(InputError):
        from_hex(bits)


@pytest.mark.parametrize(
    "uri",
    ["urn:epc:id:sscc:0614141.1234567890", "urn:epc:id:sgtin:0614141.8123.6789", "urn:epc:id:sgtin:0614141.812345.",
     "urn:epc:tag:sgtin-96:9.0614141.812345.1", "urn:epc:id:sgtin:0614141.812345.a b"],
)  # fmt: skip
def test_what_is_no_uri_of_an_sgtin_is_refused(uri: str) -> None:
    with pytest.raises(InputError):
        from_uri(uri)


def test_a_serial_number_with_letters_needs_198_bits() -> None:
    assert from_uri("urn:epc:id:sgtin:0614141.812345.ABC").bits == 198
    assert from_uri("urn:epc:id:sgtin:0614141.812345.6789").bits == 96


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=40))
def test_whatever_a_tag_holds_is_read_or_refused(epc: bytes) -> None:
    for bits in (epc, b"\x30" + epc, b"\x36" + epc):
        try:
            tag = decode(bits)
        except InputError:
            continue
        assert decode(tag.encoded()) == tag
