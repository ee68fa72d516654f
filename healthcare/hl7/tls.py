"""MLLP over TLS: the site's certificate or one of the box's own, and senders' certificates where a site wants them.

The own one is self-signed, made when it is missing, no longer names the address, or runs out; a gateway is told to
trust its fingerprint. It is for senders, not for browsers, and so lasts years.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from core.clock import Clock
from core.errors import SettingsError, StoreError
from healthcare.hl7.settings import MllpTlsSettings

if TYPE_CHECKING:
    from cryptography import x509

_VALID_DAYS = 5 * 365
_RENEW_DAYS = 60


def server_context(settings: MllpTlsSettings, host: str, keys: Path, clock: Clock) -> ssl.SSLContext:
    """TLS 1.2 or later. Takes some milliseconds when a certificate is made: call it before a loop runs.

    Raises SettingsError for files that cannot be used, StoreError where none can be made.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    named = bool(settings.certificate)
    certificate, key = (settings.certificate, settings.key) if named else own_certificate(host, keys, clock)
    try:
        context.load_cert_chain(certificate, key, password="")  # or OpenSSL asks for one at the terminal
        if settings.client_ca:
            context.load_verify_locations(settings.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"MLLP over TLS: certificate, key or client_ca cannot be used: {error}",
            hint="PEM files, the key without a pass phrase, readable by the user that Edgewise runs as.",
        ) from error
    return context


def own_certificate(host: str, keys: Path, clock: Clock) -> tuple[Path, Path]:
    """Certificate and key of the box for senders; made anew where there is none that fits. Raises StoreError."""
    folder = keys / "mllp"
    paths = folder / "mllp.crt", folder / "mllp.key"
    names = [socket.gethostname(), "localhost", "127.0.0.1", *([host] if host not in ("0.0.0.0", "::") else [])]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not all(path.exists() for path in paths) or not _fits(paths[0], names, clock):
            _make(paths, names, clock)
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{folder}: no certificate could be made or read: {error}", hint="Remove the folder."
        ) from error
    return paths


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
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Edgewise MLLP {names[0]}"[:64])])
    now = datetime.fromtimestamp(clock.now().utc_s, UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=_VALID_DAYS))
    builder = builder.add_extension(x509.SubjectAlternativeName(list(map(_general, dict.fromkeys(names)))), False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(paths[1], private)
    _write(paths[0], builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def _write(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    part.replace(path)
