"""What a site says about the feed of its monitors: `[healthcare.hl7]` of edgewise.toml."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from core.settings import STRICT_KEYS, Bytes, Lasting, Port, Seconds, TimeZone

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _address(value: str) -> str:
    try:
        ipaddress.ip_address(value)
    except ValueError as error:
        raise ValueError('an address of this box, such as "127.0.0.1" or "10.1.2.3"') from error
    return value


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value)
    except ValueError as error:
        raise ValueError('an address or a network, such as "10.1.2.3" or "10.1.2.0/24"') from error
    return value


#: Not below what a message needs, not above what one message may be.
FrameBytes = Annotated[Bytes, Field(ge=1024, le=1 << 20)]
Share = Annotated[int, Field(ge=1, le=1000)]
LOOPBACK = ("127.0.0.0/8", "::1")


@dataclass(frozen=True)
class MllpTlsSettings:
    """MLLP over TLS. Without `certificate` and `key` the box makes its own; `client_ca`: senders must have one too."""

    __pydantic_config__ = STRICT_KEYS
    certificate: str = ""
    key: str = ""
    client_ca: str = ""

    def __post_init__(self) -> None:
        if bool(self.certificate) != bool(self.key):
            raise ValueError("certificate and key together, or neither")


@dataclass(frozen=True)
class MllpCaptureSettings:
    """Keeps what was received, with patients' names in it: for commissioning, owner-only, `limit` in all."""

    __pydantic_config__ = STRICT_KEYS
    limit: Annotated[Bytes, Field(ge=1 << 20, le=10 * 10**9)] = 100e6


@dataclass(frozen=True)
class MllpSettings:
    """A listener for HL7 v2 over MLLP. Beyond loopback it needs `peers`, and `tls` or the word that it goes without."""

    __pydantic_config__ = STRICT_KEYS
    host: Annotated[str, AfterValidator(_address)] = "127.0.0.1"
    port: Port = 2575
    peers: Sequence[Annotated[str, AfterValidator(_network)]] = LOOPBACK
    tls: MllpTlsSettings | None = None
    unencrypted_beyond_loopback: bool = False
    time_zone: TimeZone = "UTC"
    processing: Annotated[Sequence[Literal["P", "T", "D"]], Field(min_length=1)] = ("P",)
    silent_after: Lasting = 10.0
    connections: Share = 64
    window: Share = 64
    frame_limit: FrameBytes = float(1 << 20)
    frame_within: Lasting = 30.0
    idle_timeout: Seconds = 0.0
    capture: MllpCaptureSettings | None = None

    def __post_init__(self) -> None:
        if ipaddress.ip_address(self.host).is_loopback:
            return
        if tuple(self.peers) == LOOPBACK:
            raise ValueError("peers, the addresses of the senders, for a host beyond loopback")
        if self.tls is None and not self.unencrypted_beyond_loopback:
            raise ValueError("a table tls, or unencrypted_beyond_loopback = true where no sender can do TLS")

    @property
    def networks(self) -> tuple[Network, ...]:
        return tuple(ipaddress.ip_network(peer) for peer in self.peers)
