"""What a site says about devices that speak SDC: `[healthcare.sdc]` of edgewise.toml."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from core.settings import STRICT_KEYS, Lasting, Name


def bare_epr(epr: str) -> str:
    """An endpoint reference without its scheme: as two of the same device compare."""
    return epr.strip().lower().removeprefix("urn:uuid:")


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port is not None
    except ValueError:
        fits = False
    if value and not fits:
        raise ValueError('an address with its port, such as "https://10.1.2.3:6464/72c08f50"')
    return value


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("localhost", "lo")


@dataclass(frozen=True)
class SdcDeviceSettings:
    """One device at a bed, known by its endpoint reference `epr`: found by it, or at a fixed `address`.

    `certificate_name`: the DNS name in its certificate; unless set, any certificate of the authority is taken.
    """

    __pydantic_config__ = STRICT_KEYS
    name: Name
    bed: Name
    epr: Annotated[str, Field(min_length=1, max_length=200)]
    address: Annotated[str, AfterValidator(_web_address)] = ""
    certificate_name: Annotated[str, Field(max_length=253)] = ""


@dataclass(frozen=True)
class SdcTlsSettings:
    """PEM files of the box's certificate, its key, and the authority that both sides' certificates are of."""

    __pydantic_config__ = STRICT_KEYS
    certificate: Annotated[str, Field(min_length=1)]
    key: Annotated[str, Field(min_length=1)]
    ca: Annotated[str, Field(min_length=1)]


@dataclass(frozen=True)
class SdcSettings:
    """The devices. Beyond loopback `tls`, or the word that it goes without.

    `interface`: name or address of the network interface that WS-Discovery searches.
    """

    __pydantic_config__ = STRICT_KEYS
    devices: Annotated[Sequence[SdcDeviceSettings], Field(min_length=1, max_length=48)]
    interface: str = ""
    tls: SdcTlsSettings | None = None
    unencrypted_beyond_loopback: bool = False
    silent_after: Annotated[Lasting, Field(ge=2.0, le=600.0)] = 8.0
    most_waiting: Annotated[int, Field(ge=16, le=65536)] = 1024

    def __post_init__(self) -> None:
        for what, found in (
            ("two SDC devices are called", [device.name for device in self.devices]),
            ("two SDC devices have the epr", [bare_epr(device.epr) for device in self.devices]),
            ("two SDC devices have the address", [device.address for device in self.devices if device.address]),
        ):
            twice = next((name for name in found if found.count(name) > 1), None)
            if twice is not None:
                raise ValueError(f"{what} {twice!r}")
        self._check_ways()

    def _check_ways(self) -> None:
        addresses = [urlsplit(device.address) for device in self.devices if device.address]
        searched = len(addresses) < len(self.devices)
        if searched and not self.interface:
            raise ValueError("interface, the network interface on which devices without an address are searched")
        if self.tls is not None:
            if any(parts.scheme != "https" for parts in addresses):
                raise ValueError("addresses that begin with https, where there is a table tls")
            return
        if any(device.certificate_name for device in self.devices):
            raise ValueError("a table tls, where a device has a certificate_name")
        if any(parts.scheme == "https" for parts in addresses):
            raise ValueError("a table tls for addresses that begin with https")
        hosts = [str(parts.hostname) for parts in addresses] + ([self.interface] if searched else [])
        if not all(map(_is_loopback, hosts)) and not self.unencrypted_beyond_loopback:
            raise ValueError("a table tls, or unencrypted_beyond_loopback = true where no device can do TLS")
