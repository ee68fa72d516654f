"""The box's own certificates for TLS servers: self-signed, made where none fits, their keys the owner's alone."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from core.clock import Clock
from core.errors import StoreError

if TYPE_CHECKING:
    from cryptography import x509


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """PEM files of one server: `stem`.crt and `stem`.key in `folder`. `title` is the common name."""

    folder: Path
    stem: str
    title: str
    valid_days: int
    renew_days: int

    @property
    def certificate(self) -> Path:
        return self.folder / f"{self.stem}.crt"

    @property
    def key(self) -> Path:
        return self.folder / f"{self.stem}.key"

    def ensure(self, names: Sequence[str], clock: Clock) -> None:
        """Makes both anew where one is missing, runs out within `renew_days`, or does not give all of `names` (DNS
        names and addresses). Takes some milliseconds then. Raises StoreError."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not (self.certificate.exists() and self.key.exists()) or not self._fits(names, clock):
                self._make(names, clock)
        except (OSError, ValueError) as error:
            raise StoreError(
                f"{self.folder}: no certificate could be made or read: {error}", hint="Remove the folder."
            ) from error

    def _fits(self, names: Sequence[str], clock: Clock) -> bool:
        from cryptography import x509

        certificate = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        left = certificate.not_valid_after_utc - datetime.fromtimestamp(clock.now().utc_s, UTC)
        return left > timedelta(days=self.renew_days) and {_general(name) for name in names} <= set(held)

    def _make(self, names: Sequence[str], clock: Clock) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.title[:64])])
        now = datetime.fromtimestamp(clock.now().utc_s, UTC)
        builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        # A day back: the clock of whoever looks may be behind that of the box.
        builder = builder.not_valid_before(now - timedelta(days=1))
        builder = builder.not_valid_after(now + timedelta(days=self.valid_days))
        builder = builder.add_extension(x509.SubjectAlternativeName(list(map(_general, dict.fromkeys(names)))), False)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        _write(self.key, private)
        _write(self.certificate, builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def _general(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    part.replace(path)
