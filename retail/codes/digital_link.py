"""GS1 Digital Link: a web address that holds a product's number. It is read here and never followed.

Source: GS1 Digital Link Standard, URI Syntax 1.2+, 4 (any domain, key and its qualifiers in order, the rest as query).
"""

from __future__ import annotations

from biip import ParseConfig, ParseError
from biip.gs1_digital_link_uris import GS1DigitalLinkURI

from core.errors import InputError
from retail.codes.elements import check_pairs
from retail.codes.gtin import shown

_MOST_CHARACTERS = 2048
_PLAIN = ParseConfig(gs1_element_strings_verify_date=False)


def is_address(text: str) -> bool:
    return text[:8].lower().startswith(("http://", "https://"))


def read_link(address: str) -> dict[str, str]:
    """AI to value. Raises InputError for an address that names nothing of GS1."""
    if len(address) > _MOST_CHARACTERS:
        raise InputError(f"a web address of {len(address)} characters; up to {_MOST_CHARACTERS} are read")
    try:
        link = GS1DigitalLinkURI.parse(address, config=_PLAIN)
    except (ParseError, ValueError) as error:
        raise InputError(
            f"{shown(address)} is a web address that names no product: it is not a GS1 Digital Link",
            hint="Scan the product's barcode instead.",
        ) from error
    found = {element.ai.ai: element.value for element in link.element_strings}
    check_pairs(found)
    return found
