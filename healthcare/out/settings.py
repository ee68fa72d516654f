"""What a site says about where its records go: `[healthcare.out]` of edgewise.toml."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from core.settings import STRICT_KEYS, Count, Lasting, Port


def _base(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError('the base of a FHIR server, such as "https://fhir.example/r4"')
    return value.rstrip("/")


def _on_this_box(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


#: How often what monitors measure is sent on; a minute is what trends are made of.
Every = Annotated[Lasting, Field(ge=60.0, le=3600.0)]
Word = Annotated[str, Field(min_length=1, max_length=60)]


@dataclass(frozen=True)
class FhirSettings:
    """A FHIR R4 server. `method`: `put` gives each record our own id, `post` asks the server to make it once.

    Beyond this box it is `https`, or the word that it goes without. `ca_file`: whom to trust, where not the system's.
    """

    __pydantic_config__ = STRICT_KEYS
    url: Annotated[str, AfterValidator(_base)]
    token_file: str = ""
    method: Literal["put", "post"] = "put"
    vitals_every: Every = 60.0
    ca_file: str = ""
    unencrypted_beyond_loopback: bool = False
    within: Lasting = 10.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        plain = parts.scheme == "http" and not _on_this_box(parts.hostname or "")
        if plain and not self.unencrypted_beyond_loopback:
            raise ValueError("a url of https, or unencrypted_beyond_loopback = true where the server cannot do TLS")


@dataclass(frozen=True)
class Pcd04Settings:
    """An alarm manager that takes IHE PCD-04 over MLLP. `tls`: its certificate is checked, by `ca_file` if named."""

    __pydantic_config__ = STRICT_KEYS
    host: Word
    port: Port = 2575
    application: Word = "ALARM_MANAGER"
    facility: str = ""
    tls: bool = False
    ca_file: str = ""
    unencrypted_beyond_loopback: bool = False
    within: Lasting = 10.0

    def __post_init__(self) -> None:
        if not self.tls and not _on_this_box(self.host) and not self.unencrypted_beyond_loopback:
            raise ValueError("tls = true, or unencrypted_beyond_loopback = true where the receiver cannot do TLS")


@dataclass(frozen=True)
class OutSettings:
    """Where records go. `identity`: patients are named by a pseudonym that only this box makes, or by record number.

    `record_system` is the URI of the site's record numbers. `set_aside_after`: so many refusals of one message, and
    it stands aside for those behind it; `keep` is how many may wait for each receiver.
    """

    __pydantic_config__ = STRICT_KEYS
    fhir: FhirSettings | None = None
    pcd04: Pcd04Settings | None = None
    identity: Literal["pseudonym", "record-number"] = "pseudonym"
    record_system: str = ""
    set_aside_after: Count = 5
    keep: Annotated[int, Field(ge=1000, le=1_000_000)] = 100_000

    def __post_init__(self) -> None:
        if self.identity == "record-number" and self.fhir is not None and not self.record_system:
            raise ValueError("record_system, the URI of the site's record numbers, where patients are named by them")
