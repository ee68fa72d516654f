"""What a person compares and a check needs of an X.509 certificate. Needs cryptography alone, no OPC UA stack."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from core.clock import iso_utc
from core.errors import InputError

if TYPE_CHECKING:
    from cryptography import x509

#: A chain longer than this is not looked at.
MOST_CERTIFICATES = 8
_MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Facts:
    """One certificate. `fingerprint` is SHA-256 in hex, `hosts` are names and addresses, times are UTC seconds."""

    fingerprint: str
    subject: str
    issuer: str
    self_signed: bool
    authority: bool
    uri: str
    hosts: tuple[str, ...]
    valid_from_utc_s: float
    valid_until_utc_s: float
    key_kind: str
    key_bits: int
    signature_hash: str

    @property
    def shown_fingerprint(self) -> str:
        """`AB:CD:...`, as PLC tools show it."""
        text = self.fingerprint.upper()
        return ":".join(text[at : at + 2] for at in range(0, len(text), 2))

    def as_json(self) -> dict[str, Any]:
        more = {
            "shown_fingerprint": self.shown_fingerprint,
            "valid_from": iso_utc(self.valid_from_utc_s),
            "valid_until": iso_utc(self.valid_until_utc_s),
        }
        return {**asdict(self), "hosts": list(self.hosts), **more}


def facts_of(certificate: x509.Certificate) -> Facts:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = certificate.public_key()
    names = _extension(certificate, x509.SubjectAlternativeName)
    basic = _extension(certificate, x509.BasicConstraints)
    uris = names.get_values_for_type(x509.UniformResourceIdentifier) if names else []
    dns = names.get_values_for_type(x509.DNSName) if names else []
    addresses = names.get_values_for_type(x509.IPAddress) if names else []
    digest = certificate.signature_hash_algorithm
    return Facts(
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        self_signed=certificate.issuer == certificate.subject,
        authority=bool(basic and basic.ca) and not uris,  # OPC UA applications sign themselves as their own authority
        uri=uris[0] if uris else "",
        hosts=(*dns, *map(str, addresses)),
        valid_from_utc_s=certificate.not_valid_before_utc.timestamp(),
        valid_until_utc_s=certificate.not_valid_after_utc.timestamp(),
        key_kind="RSA" if isinstance(key, rsa.RSAPublicKey) else type(key).__name__.removesuffix("PublicKey"),
        key_bits=int(getattr(key, "key_size", 0)),
        signature_hash=digest.name if digest else "",
    )


def _extension(certificate: x509.Certificate, kind: type[Any]) -> Any:
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, ValueError):
        return None


def read_chain(content: bytes) -> list[x509.Certificate]:
    """The certificate that comes first, then those that issued it: DER one after the other, or PEM.

    Raises InputError when there is none or one cannot be read.
    """
    from cryptography import x509

    try:
        if not 0 < len(content) <= _MOST_BYTES:
            raise ValueError(f"{len(content)} bytes")
        if b"-----BEGIN" in content:
            return x509.load_pem_x509_certificates(content)[:MOST_CERTIFICATES]
        return [x509.load_der_x509_certificate(each) for each in _split_der(content)]
    except ValueError as error:
        raise InputError(f"this is no X.509 certificate: {error}", hint="Expected is a .der, .crt or .pem file.") from (
            error
        )


def _split_der(content: bytes) -> list[bytes]:
    """ITU-T X.690, 8.1.3: tag, length in the short or the long form, content."""
    found: list[bytes] = []
    while content and len(found) < MOST_CERTIFICATES:
        if len(content) < 2 or content[0] != 0x30:
            raise ValueError("neither DER nor PEM")
        more = content[1] & 0x7F if content[1] & 0x80 else 0
        length = int.from_bytes(content[2 : 2 + more], "big") if more else content[1]
        end = 2 + more + length
        if more > 4 or end > len(content):
            raise ValueError("cut off")
        found.append(content[:end])
        content = content[end:]
    return found


def der_of(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)


def pem_of(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def beside(old: Facts | None, new: Facts) -> list[dict[str, str]]:
    """What a page shows side by side when a certificate takes another's place: name, old, new, whether it changed."""
    rows = []
    for name in ("subject", "issuer", "uri", "hosts", "valid_from", "valid_until", "key", "shown_fingerprint"):
        was, now = _cell(old, name), _cell(new, name)
        rows.append({"name": name, "old": was, "new": now, "changed": "yes" if was != now else ""})
    return rows


def _cell(facts: Facts | None, name: str) -> str:
    if facts is None:
        return ""
    if name == "key":
        return f"{facts.key_kind} {facts.key_bits}, {facts.signature_hash}"
    value = facts.as_json()[name]
    return ", ".join(value) if isinstance(value, list) else str(value)
