"""Certificates of every kind for tests: of servers, of authorities, weak, expired, misnamed; and revocation lists."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

PLC_URI = "urn:test:plc"


@dataclass(frozen=True, slots=True)
class Made:
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def fingerprint(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex()


def made(
    at_utc_s: float,
    *,
    name: str = "PLC",
    uri: str = PLC_URI,
    hosts: Sequence[str] = ("plc.example", "127.0.0.1"),
    issuer: Made | None = None,
    authority: bool = False,
    begins_days: float = -1,
    ends_days: float = 365,
    bits: int = 2048,
    elliptic: bool = False,
) -> Made:
    """One that is fit for use at `at_utc_s` unless it is told otherwise; days count from there."""
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    key = ec.generate_private_key(ec.SECP256R1()) if elliptic else rsa.generate_private_key(65537, bits)
    now = datetime.fromtimestamp(at_utc_s, UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(
        issuer.certificate.subject if issuer else subject,
        subject,
        key.public_key(),
        x509.random_serial_number(),
        now + timedelta(days=begins_days),
        now + timedelta(days=ends_days),
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    if not authority:
        names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(uri)] if uri else []
        names += [_host(host) for host in hosts]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    signer = issuer or Made(builder.sign(key, hashes.SHA256()), key)
    return Made(builder.sign(signer.key, hashes.SHA256()), key)


def revocations(authority: Made, at_utc_s: float, *gone: Made) -> bytes:
    now = datetime.fromtimestamp(at_utc_s, UTC)
    builder = x509.CertificateRevocationListBuilder(authority.certificate.subject, now, now + timedelta(days=30))
    for each in gone:
        entry = x509.RevokedCertificateBuilder(each.certificate.serial_number, now)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
