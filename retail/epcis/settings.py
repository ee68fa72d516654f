"""What a site says about EPCIS: `[retail.epcis]` of edgewise.toml."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from core.errors import InputError
from core.settings import STRICT_KEYS, Count, Lasting
from retail.codes.gtin import gln


def _gln(value: str) -> str:
    try:
        return gln(value) if value else ""
    except InputError as error:
        raise ValueError(error.message) from error


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment:
        raise ValueError('the address of a receiver, such as "https://partner.example/epcis/capture"')
    return value


def _on_this_box(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class EpcisOutSettings:
    """A receiver of the store's events. `key_file` holds the secret that each message is signed with, shared with
    the receiver. Beyond this box it is `https`, or the word that it goes without."""

    __pydantic_config__ = STRICT_KEYS
    url: Annotated[str, AfterValidator(_address)]
    key_file: str
    ca_file: str = ""
    unencrypted_beyond_loopback: bool = False
    within: Lasting = 10.0
    set_aside_after: Count = 5
    keep: Annotated[int, Field(ge=1000, le=1_000_000)] = 100_000

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        plain = parts.scheme == "http" and not _on_this_box(parts.hostname or "")
        if plain and not self.unencrypted_beyond_loopback:
            raise ValueError("a url of https, or unencrypted_beyond_loopback = true where the receiver cannot do TLS")


@dataclass(frozen=True)
class EpcisSettings:
    """`gln` is the store's global location number, which its places are named by. `propose`: captured receiving and
    shipping events of known products are put before a person as documents for the ledger. `secret_file` holds the
    secret that programs sign their requests with; empty: nobody captures or queries. It counts for `within`."""

    __pydantic_config__ = STRICT_KEYS
    gln: Annotated[str, AfterValidator(_gln)] = ""
    secret_file: str = ""
    within: Lasting = 300.0
    propose: bool = False
    out: EpcisOutSettings | None = None
