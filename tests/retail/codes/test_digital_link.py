"""GS1 Digital Link addresses: read, never followed."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from retail.codes.digital_link import is_address, read_link

BASE = "https://id.example.com/01/09521234543213"


@pytest.mark.parametrize(
    "address",
    [
        BASE,
        "http://shop.example/path/of/theirs/01/09521234543213",
        "HTTPS://ID.GS1.ORG/01/09521234543213",
        "https://example.com/01/9521234543213",  # thirteen digits, as many are printed
    ],
)
def test_any_domain_holds_a_number(address: str) -> None:
    assert is_address(address)
    assert read_link(address)["01"] == "09521234543213"


def test_qualifiers_and_query_are_read_and_strange_keys_left_out() -> None:
    found = read_link(f"{BASE}/22/2A/10/LOT%2F1/21/77?17=261130&3103=000195&utm=x")
    assert found == {"01": "09521234543213", "22": "2A", "10": "LOT/1", "21": "77", "17": "261130", "3103": "000195"}


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/", "https://example.com/product/4711", f"{BASE}/21/7/10/A", f"{BASE}/10",
        f"{BASE}?17=nodate",
        f"{BASE}/21/7?235=A", "https://[broken/01/09521234543213", "https://e.com/01/" + "9" * 3000, "https://e.com/01/x",
    ],
)  # fmt: skip
def test_what_names_no_product_is_refused(address: str) -> None:
    with pytest.raises(InputError):
        read_link(address)


def test_no_connection_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("a link from a shelf was followed")

    monkeypatch.setattr(socket, "getaddrinfo", never)
    monkeypatch.setattr(socket.socket, "connect", never)
    assert read_link(BASE)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=60))
def test_whatever_stands_behind_the_slashes_is_read_or_refused(tail: str) -> None:
    for address in (f"https://{tail}", f"{BASE}/{tail}", f"{BASE}?{tail}"):
        try:
            assert read_link(address)
        except InputError:
            continue
