from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail.codes.sgtin import from_hex
from retail.epcis.identity import canonical, class_of_gtin, gtin_of, lot_of, place_of

ID = "https://id.gs1.org"


@pytest.mark.parametrize(
    ("uri", "said"),
    [  # as in the prehashes that the reference implementation publishes for all GS1 keys
        ("urn:epc:id:sgtin:4012345.012345.12", "/01/04012345123456/21/12"),
        ("urn:epc:id:sscc:4012345.0000000333", "/00/040123450000003338"),
        ("urn:epc:id:sgln:4012345.00011.987", "/414/4012345000115/254/987"),
        ("urn:epc:id:sgln:4012345.00011.0", "/414/4012345000115"),
        ("urn:epc:id:grai:4012345.66666.87", "/8003/0401234566666387"),
        ("urn:epc:id:giai:4012345.AAbb", "/8004/4012345AAbb"),
        ("urn:epc:id:gsrn:4012345.9876540000", "/8018/401234598765400000"),
        ("urn:epc:id:gsrnp:4012345.0000098765", "/8017/401234500000987658"),
        ("urn:epc:id:gdti:4012345.55555.98", "/253/401234555555498"),
        ("urn:epc:id:cpi:4012345.ABC.123", "/8010/4012345ABC/8011/123"),
        ("urn:epc:id:sgcn:4012345.99999.44", "/255/401234599999044"),
        ("urn:epc:id:ginc:4012345.333", "/401/4012345333"),
        ("urn:epc:id:gsin:4012345.999987654", "/402/40123459999876541"),
        ("urn:epc:id:itip:4012345.012345.01.02.999", "/8006/040123451234560102/21/999"),
        ("urn:epc:id:upui:4012345.012345.AB12", "/01/04012345123456/235/AB12"),
        ("urn:epc:id:pgln:4012345.00000", "/417/4012345000009"),
        ("urn:epc:class:lgtin:4054739.099914.20160711", "/01/04054739999148/10/20160711"),
        ("urn:epc:idpat:sgtin:4054739.099914.*", "/01/04054739999148"),
        ("urn:epc:idpat:itip:4012345.012345.01.02.*", "/8006/040123451234560102"),
        ("https://example.com/some/01/4012345123456/22/2A/10/L1/21/S9?17=261130", "/01/04012345123456/21/S9"),
        ("https://example.com/01/04012345123456/22/2A/10/L1", "/01/04012345123456/10/L1"),
        ("https://id.example.com/8003/040123450007718765", "/8003/040123450007718765"),
    ],
)
def test_every_writing_of_a_key_becomes_one(uri: str, said: str) -> None:
    assert canonical(uri) == ID + said


@pytest.mark.parametrize(
    "uri",
    [
        "urn:epc:id:sgtin:4012345.12345.12", "urn:epc:id:sgtin:4012345.012345", "urn:epc:id:unknown:1.2.3",
        "urn:epc:id:sgtin:4012345.01234x.12", "urn:epc:id:sscc:4012345.0000000333.1", "urn:epc:id:sgtin:..",
        "http://example.com/po/12345678", "https://example.com/01/12", "geo:42.69,23.31", "urn:uuid:1", "",
    ],
)  # fmt: skip
def test_what_names_nothing_of_gs1_stays_what_it_is(uri: str) -> None:
    assert canonical(uri) == ""


def test_a_tag_and_a_class_are_of_a_product() -> None:
    tag = from_hex("3074257BF7194E4000001A85")
    assert gtin_of(tag.uri) == tag.gtin == "80614141123458"
    assert gtin_of("urn:epc:id:sscc:4012345.0000000333") == ""
    assert lot_of(class_of_gtin("04006381333931", "L 7/1")) == "L%207%2F1"
    assert gtin_of(class_of_gtin("04006381333931", "L 7/1")) == "04006381333931"
    assert lot_of(class_of_gtin("04006381333931")) == ""


def test_a_place_is_the_store_with_an_extension() -> None:
    assert place_of("4012345000115", "back-room") == f"{ID}/414/4012345000115/254/back-room"
    assert canonical(place_of("4012345000115", "floor")) == place_of("4012345000115", "floor")


@given(st.text(max_size=80) | st.text(max_size=60).map(lambda rest: f"urn:epc:id:sgtin:{rest}"))
def test_any_text_is_a_key_or_none_and_a_canonical_one_stays(uri: str) -> None:
    found = canonical(uri)
    assert not found or canonical(found) == found
