"""The box's own OPC UA certificate: made once, renewed beside the old one, which stays until the PLC takes the new.

`current` is in use. `next` waits for the PLC's trust: made before the current one runs out, or when a person asks.
`previous` is what was current before. Nothing is ever deleted because of what the clock says. Needs cryptography alone.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from core.clock import Clock, Instant
from core.errors import InputError, RefusedError, StoreError
from verticals.devices.opcua_checks import DAY_S, WARN_DAYS, clock_is_set
from verticals.devices.opcua_facts import Facts, der_of, facts_of, pem_of, read_chain
from verticals.runtime.pulse import CLOCK_SET_FROM_UTC_S

if TYPE_CHECKING:
    from cryptography import x509

CURRENT, NEXT, PREVIOUS = "current", "next", "previous"
_VALID_DAYS = 5 * 365
_RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate as DER with its private key as PEM; both lie in one owner-only file, so that they always fit."""

    certificate: bytes
    key: bytes = field(repr=False)
    facts: Facts


class OwnCertificates:
    """Those in `folder`. `application` ends the application uri, which is kept for good: PLCs know the box by it."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        *,
        application: str = "edgewise",
        hosts: Sequence[str] = (),
        valid_days: int = _VALID_DAYS,
    ) -> None:
        self.folder = folder
        self._clock = clock
        self._application = application
        self._hosts = tuple(hosts)
        self._valid_days = valid_days

    def ensure(self) -> Identity:
        """The current one, made where there is none; a next one is made when it runs out soon.

        Takes a part of a second when one is made: call it before a loop runs. Raises StoreError.
        """
        current = self.current()
        if current is None:
            return self._make(CURRENT, self._new_uri())
        waiting = self.next()
        now = self._clock.now()
        if waiting is not None and clock_is_set(now) and waiting.facts.valid_from_utc_s > now.utc_s + DAY_S:
            waiting = self._make(NEXT, current.facts.uri)  # it was made while the clock was ahead
        if waiting is None and _runs_out(current.facts, now):
            self._make(NEXT, current.facts.uri)
        return current

    def now(self) -> Instant:
        return self._clock.now()

    def current(self) -> Identity | None:
        return self._read(CURRENT)

    def next(self) -> Identity | None:
        return self._read(NEXT)

    def candidates(self) -> list[Identity]:
        """What a PLC may be shown, the newest first."""
        return [each for each in (self.next(), self.current()) if each is not None]

    def renew(self) -> Identity:
        """Makes a next one now: new key, same application uri. The current one stays in use."""
        current = self.current()
        return self._make(NEXT, current.facts.uri if current else self._new_uri())

    def use_next(self) -> Identity:
        """The next one becomes current. Raises RefusedError when there is none."""
        waiting = self.next()
        if waiting is None:
            raise RefusedError("there is no new certificate to change to", hint="Renew it first.")
        _link(self._file(CURRENT), self._file(PREVIOUS))
        self._file(NEXT).replace(self._file(CURRENT))
        return waiting

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.pem"

    def _read(self, name: str) -> Identity | None:
        """None where there is none. Raises StoreError for one that cannot be read."""
        path = self._file(name)
        try:
            key, mark, certificate = path.read_bytes().partition(b"-----BEGIN CERTIFICATE-----")
            found = read_chain(mark + certificate)[0]
        except FileNotFoundError:
            return None
        except (OSError, InputError) as error:
            raise StoreError(
                f"{path}: the box's own certificate cannot be read: {error}",
                hint="Restore it from a backup, or move it away: a new one is made, which the PLC must trust anew.",
            ) from error
        return Identity(der_of(found), key, facts_of(found))

    def _new_uri(self) -> str:
        return f"urn:{socket.gethostname()}:{self._application}"

    def _make(self, name: str, uri: str) -> Identity:
        hosts = [*self._hosts, *_own_hosts()]
        key, certificate = _self_signed(uri, hosts, self._clock.now(), self._valid_days)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_owner_only(self._file(name), key + pem_of(certificate))
        except OSError as error:
            raise StoreError(
                f"{self.folder}: no certificate could be written: {error}", hint="Check who owns the data directory."
            ) from error
        return Identity(der_of(certificate), key, facts_of(certificate))


def _runs_out(facts: Facts, now: Instant) -> bool:
    return clock_is_set(now) and facts.valid_until_utc_s - now.utc_s < WARN_DAYS * DAY_S


def _own_hosts() -> list[str]:
    """Under which the box goes: its name and, where that is known, its addresses."""
    machine = socket.gethostname()
    try:
        addresses = {str(item[4][0]).partition("%")[0] for item in socket.getaddrinfo(machine, None)}
    except OSError:  # a box whose own name resolves to nothing
        addresses = set()
    return [machine, *sorted(addresses)]


def _self_signed(uri: str, hosts: Sequence[str], now: Instant, valid_days: int) -> tuple[bytes, x509.Certificate]:
    """An application instance certificate after OPC UA Part 6, 6.2.2.

    A box whose clock is not set makes one that is valid from the product's own time on.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
    public = key.public_key()
    titles = {NameOID.COMMON_NAME: f"Edgewise {socket.gethostname()}"[:64], NameOID.ORGANIZATION_NAME: "Edgewise"}
    name = x509.Name([x509.NameAttribute(kind, title) for kind, title in titles.items()])
    begin = datetime.fromtimestamp(max(now.utc_s, CLOCK_SET_FROM_UTC_S), UTC)
    builder = x509.CertificateBuilder(name, name, public, x509.random_serial_number())
    # A day back: the PLC's clock may be behind that of the box.
    builder = builder.not_valid_before(begin - timedelta(days=1)).not_valid_after(begin + timedelta(days=valid_days))
    named = [x509.UniformResourceIdentifier(uri), *map(_general, dict.fromkeys(hosts))]
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=True, data_encipherment=True,
        key_agreement=False, key_cert_sign=True, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    for extension, critical in (
        (x509.SubjectAlternativeName(named), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (usage, True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (identifier, False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
    ):
        builder = builder.add_extension(extension, critical=critical)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, builder.sign(key, hashes.SHA256())


def _general(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def write_owner_only(path: Path, content: bytes) -> None:
    """Whole or not at all, readable by the owner alone."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _link(source: Path, target: Path) -> None:
    """`target` becomes a second name of `source`, in place of what it was."""
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    os.link(source, part)
    part.replace(target)
