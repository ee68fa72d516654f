"""Who sends: which addresses may, how each that did is doing, and who has fallen silent."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.clock import Instant
from healthcare.hl7.settings import Network

_FORGET_S = 24 * 3600.0
_MOST_REFUSED = 100
_MOST_KNOWN = 1000


@dataclass(slots=True)
class Peer:
    """One address that may send. `live`: it sends observations, so that silence means something."""

    address: str
    links: int = 0
    sender: str = ""
    messages: int = 0
    refused: int = 0
    live: bool = False
    heard: Instant | None = None

    def as_json(self, now: Instant) -> dict[str, Any]:
        return {
            "address": self.address,
            "sender": self.sender,
            "connected": self.links > 0,
            "messages": self.messages,
            "refused": self.refused,
            "age_s": round(now.since(self.heard), 1) if self.heard is not None else None,
        }


@dataclass(slots=True)
class Peers:
    """All senders of one listener. `refused` counts connections by address that was not allowed."""

    networks: Sequence[Network]
    silent_after_s: float
    known: dict[str, Peer] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)

    def allowed(self, address: str) -> bool:
        """An IPv4 address that comes mapped into IPv6 counts as what it is."""
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return any(found in network for network in self.networks)

    def refuse(self, address: str) -> bool:
        """Counts it; True when this address is refused for the first time and there is room to say so."""
        new = address not in self.refused and len(self.refused) < _MOST_REFUSED
        self.refused[address if new or address in self.refused else "others"] += 1
        return new

    def peer(self, address: str) -> Peer:
        if address not in self.known and len(self.known) >= _MOST_KNOWN:
            longest = min((peer for peer in self.known.values() if not peer.links), key=_heard_s, default=None)
            if longest is not None:
                del self.known[longest.address]
        return self.known.setdefault(address, Peer(address))

    def silent(self, now: Instant) -> list[Peer]:
        """Those that used to send observations and have not for too long; after a day nobody waits for them."""
        for peer in [peer for peer in self.known.values() if not peer.links and _age_s(peer, now) > _FORGET_S]:
            del self.known[peer.address]
        return [peer for peer in self.known.values() if peer.live and _age_s(peer, now) > self.silent_after_s]

    def heard(self) -> Instant | None:
        """When anybody last sent an observation."""
        return max((peer.heard for peer in self.known.values() if peer.live and peer.heard), default=None)

    @property
    def connected(self) -> int:
        return sum(peer.links > 0 for peer in self.known.values())


def _heard_s(peer: Peer) -> float:
    return peer.heard.mono_s if peer.heard is not None else 0.0


def _age_s(peer: Peer, now: Instant) -> float:
    return now.since(peer.heard) if peer.heard is not None else 0.0
