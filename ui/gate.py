"""Who may connect at all: loopback, and the networks that the site file names; and under which names."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import SettingsError
from ui.identity import Peer, is_loopback

Scope = Mapping[str, Any]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(texts: Sequence[str], setting: str) -> tuple[Network, ...]:
    """Raises SettingsError for what is no network, such as `10.3.0.0/24`."""
    try:
        return tuple(ipaddress.ip_network(text) for text in texts)
    except ValueError as error:
        raise SettingsError(f"{setting} allow: {error}", hint='Write networks such as "10.3.0.0/24".') from error


class Gate:
    """Refuses unknown peers and foreign host names before anything else looks at a request; counts both."""

    def __init__(self, host: str, allow: Sequence[Network] = ()) -> None:
        self._allow = tuple(allow)
        self._names = {"localhost", socket.gethostname().lower(), host.lower()}
        self.refused_peers = 0
        self.refused_hosts = 0

    def refusal(self, scope: Scope) -> str:
        """Empty when it may pass, else a sentence for whoever knocked."""
        client = scope.get("client")
        address = str(client[0]) if client else ""
        if not self._knows(address):
            self.refused_peers += 1
            return f"{address} is not among the networks that this box answers"
        if not self._names_us(header(scope, b"host")):
            # A foreign page that rebinds its own name to our address would be taken for the box's screen.
            self.refused_hosts += 1
            return "this box does not answer under that host name"
        return ""

    def _knows(self, address: str) -> bool:
        if is_loopback(address):
            return True
        try:
            peer = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(peer, "ipv4_mapped", None)
        peer = mapped or peer
        return peer.is_loopback or any(peer in network for network in self._allow)

    def _names_us(self, host: str) -> bool:
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        name = name.strip("[]").lower()
        if name in self._names or name.removesuffix(".local") in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def header(scope: Scope, name: bytes) -> str:
    """The header's value, empty when it is not there."""
    return next((bytes(value).decode("latin-1") for key, value in scope["headers"] if key == name), "")


def peer_of(scope: Scope) -> Peer:
    client = scope.get("client")
    return Peer.of(str(client[0]) if client else "", (bytes(key).decode("latin-1") for key, _ in scope["headers"]))
