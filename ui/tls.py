"""The certificate of a screen beyond loopback: self-signed, made at first start, owner-only."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from core.clock import Clock
from verticals.own_certificate import OwnCertificate

_VALID_DAYS = 820  # 825 is the longest that browsers of some vendors take
_RENEW_DAYS = 30


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files; `fingerprint` (SHA-256, hex) is what a person compares in the browser's warning."""

    certificate: Path
    key: Path
    fingerprint: str


def certificate_for(host: str, keys: Path, clock: Clock) -> Certificate:
    """The one in `keys`, or a new one when it is missing, runs out, or does not name `host`. Raises StoreError."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    machine = socket.gethostname()
    own = OwnCertificate(keys / "tls", "screen", f"Edgewise {machine}", _VALID_DAYS, _RENEW_DAYS)
    own.ensure(_names(host, machine), clock)
    fingerprint = x509.load_pem_x509_certificate(own.certificate.read_bytes()).fingerprint(hashes.SHA256()).hex()
    return Certificate(own.certificate, own.key, fingerprint)


def _names(host: str, machine: str) -> list[str]:
    """Under which a browser may reach this box: its name, the address it listens on, loopback."""
    names = ["localhost", machine, f"{machine}.local", "127.0.0.1", "::1"]
    if host in ("0.0.0.0", "::", ""):
        names += _addresses(machine)
    else:
        names.append(host)
    return list(dict.fromkeys(names))


def _addresses(machine: str) -> list[str]:
    try:
        return sorted({str(item[4][0]).partition("%")[0] for item in socket.getaddrinfo(machine, None)})
    except OSError:  # a box whose own name resolves to nothing
        return []
