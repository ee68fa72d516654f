"""What is wrong with an OPC UA certificate, in plain words with what to do. Pure: nothing is read, nothing is kept.

The order and the names follow OPC UA Part 4, 6.1.3 (determining if a certificate is trusted).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from core.clock import Instant, iso_utc
from verticals.devices.opcua_facts import Facts
from verticals.runtime.pulse import CLOCK_SET_FROM_UTC_S

DAY_S = 86400.0
WARN_DAYS = 30
LEAST_RSA_BITS, MOST_RSA_BITS = 2048, 4096
_WEAK_HASHES = ("", "md5", "sha1")


@dataclass(frozen=True, slots=True)
class Problem:
    """`blocks`: with it no connection is made."""

    code: str
    text: str
    hint: str
    blocks: bool = True

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def clock_is_set(now: Instant) -> bool:
    return now.utc_s >= CLOCK_SET_FROM_UTC_S


def time_problems(facts: Facts, now: Instant) -> list[Problem]:
    """None while the box's clock is not set: it must connect without a right clock too."""
    if not clock_is_set(now):
        return []
    renew = "Renew it at the PLC, then trust the new one."
    if now.utc_s > facts.valid_until_utc_s:
        return [Problem("expired", f"The certificate ran out on {iso_utc(facts.valid_until_utc_s)[:10]}.", renew)]
    if now.utc_s < facts.valid_from_utc_s:
        text = f"The certificate is valid only from {iso_utc(facts.valid_from_utc_s)}."
        return [Problem("not-yet-valid", text, "Set the clock of the PLC, and of this box, right.")]
    days = int((facts.valid_until_utc_s - now.utc_s) // DAY_S)
    if days < WARN_DAYS:
        return [Problem("runs-out", f"The certificate runs out in {days} days.", renew, blocks=False)]
    return []


def key_problems(facts: Facts) -> list[Problem]:
    hint = f"Make one with RSA {LEAST_RSA_BITS} to {MOST_RSA_BITS} bits and SHA-256 at the PLC."
    if facts.key_kind != "RSA":
        return [Problem("key-kind", f"The certificate's key is {facts.key_kind}, not RSA.", hint)]
    found = []
    if facts.key_bits < LEAST_RSA_BITS:
        found.append(Problem("weak-key", f"The certificate's key has {facts.key_bits} bits only.", hint))
    if facts.signature_hash in _WEAK_HASHES:
        found.append(Problem("weak-hash", f"The certificate is signed with {facts.signature_hash or 'no hash'}.", hint))
    return found


def name_problems(facts: Facts, url: str, application_uri: str, *, pinned: bool) -> list[Problem]:
    """`pinned`: a person trusted this very certificate; that it names another host is then only said."""
    found = []
    if application_uri and facts.uri != application_uri:
        text = f"The certificate is for '{facts.uri or 'no application'}', the server calls itself '{application_uri}'."
        found.append(Problem("wrong-uri", text, "Make a new certificate at the PLC, for its own application uri."))
    host = urlsplit(url).hostname or ""
    if host and not names_host(facts.hosts, host):
        text = f"The certificate names {', '.join(facts.hosts) or 'no host'}, the settings say '{host}'."
        hint = "Use one of those names as plc.url, or make a certificate that names this one."
        found.append(Problem("wrong-host", text, hint, blocks=not pinned))
    return found


def names_host(hosts: Sequence[str], host: str) -> bool:
    """Addresses are compared as addresses, names without regard to case and to a dot at their end."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.lower().rstrip(".") in {name.lower().rstrip(".") for name in hosts}
    return str(address) in hosts


UNTRUSTED = Problem(
    "untrusted",
    "Nobody has trusted this certificate yet.",
    "Compare its fingerprint with the one the PLC's tool shows, then trust it.",
)
REVOKED = Problem(
    "revoked",
    "Its authority has revoked this certificate.",
    "Do not trust it. Ask who runs the authority, and make a new one for the PLC.",
)
