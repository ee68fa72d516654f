"""The certificate of a screen beyond loopback: self-signed, made at first start, owner-only."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from core.clock import Clock
from core.errors import StoreError

if TYPE_CHECKING:
    from cryptography import x509

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

    names = _names(host)
    folder = keys / "tls"
    paths = folder / "screen.crt", folder / "screen.key"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not all(path.exists() for path in paths) or not _fits(paths[0], names, clock):
            _make(paths, names, clock)
        fingerprint = x509.load_pem_x509_certificate(paths[0].read_bytes()).fingerprint(hashes.SHA256()).hex()
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{folder}: no certificate could be made or read: {error}", hint="Remove the folder."
        ) from error
    return Certificate(*paths, fingerprint)


def _names(host: str) -> list[str]:
    """Under which a browser may reach this box: its name, the address it listens on, loopback."""
    machine = socket.gethostname()
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


def _general(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _fits(path: Path, names: Sequence[str], clock: Clock) -> bool:
    from cryptography import x509

    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    left = certificate.not_valid_after_utc - datetime.fromtimestamp(clock.now().utc_s, UTC)
    return left > timedelta(days=_RENEW_DAYS) and {_general(name) for name in names} <= set(held)


def _make(paths: tuple[Path, Path], names: Sequence[str], clock: Clock) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Edgewise {names[1]}"[:64])])
    now = datetime.fromtimestamp(clock.now().utc_s, UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    # A day back: the clock of whoever looks may be behind that of the box.
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=_VALID_DAYS))
    builder = builder.add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    signed = builder.sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(paths[1], private)
    _write(paths[0], signed.public_bytes(serialization.Encoding.PEM))


def _write(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    part.replace(path)
