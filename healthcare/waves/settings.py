"""What a site says about its wave stream: one table, read with the app's settings."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

from core.settings import STRICT_KEYS, Count, Lasting, Port


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError as error:
        raise ValueError('an address or a network, such as "10.1.2.3" or "10.1.0.0/16"') from error
    return value


def _address(value: str) -> str:
    try:
        ipaddress.ip_address(value)
    except ValueError as error:
        raise ValueError('the address of an interface, such as "127.0.0.1"') from error
    return value


Network = Annotated[str, AfterValidator(_network)]
Address = Annotated[str, AfterValidator(_address)]

LOOPBACK = ("127.0.0.0/8", "::1/128")


@dataclass(frozen=True)
class WaveSettings:
    """Where senders of waves connect. `secret_file` holds what they prove to know, readable by its owner alone.

    `peers` are the addresses and networks that may connect. Beyond loopback the stream is TLS, unless `plain` says
    that its network is trusted: then each frame is still sealed, but can be read along.
    """

    __pydantic_config__ = STRICT_KEYS
    secret_file: str
    host: Address = "127.0.0.1"
    port: Port = 8112
    peers: Sequence[Network] = LOOPBACK
    tls_certificate: str = ""
    tls_key: str = ""
    plain: bool = False
    silent_after: Lasting = 6.0
    clock_tolerance: Lasting = 2.0
    fill_gap: Lasting = 10.0
    most_senders: Count = 32
    most_waiting: Count = 512

    def __post_init__(self) -> None:
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError("tls_certificate and tls_key together, or neither")
        if not ipaddress.ip_address(self.host).is_loopback and not self.tls_certificate and not self.plain:
            raise ValueError("beyond loopback tls_certificate and tls_key, or plain = true on a trusted network")

    def allows(self, host: str) -> bool:
        """Whether a peer with this address may connect."""
        try:
            address = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None) or address
        return any(mapped in ipaddress.ip_network(peer, strict=False) for peer in self.peers)
