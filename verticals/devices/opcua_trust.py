"""Which OPC UA servers this box trusts: a folder that people fill, never the software. Needs cryptography alone.

`trusted/` holds certificates of servers, and of authorities whose servers are trusted; `issuers/` authorities
between the two that are not trusted by themselves; `revoked/` revocation lists; `rejected/` what a server showed and
nobody has trusted. Each is named by its SHA-256 fingerprint, with a note of where it was seen beside it. Any process
may read and write here: each change is one rename.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.clock import Clock
from core.errors import InputError, RefusedError, StoreError
from verticals.devices.opcua_certificates import write_owner_only
from verticals.devices.opcua_chain import read_revocations, revoked, trusted_by
from verticals.devices.opcua_checks import (
    REVOKED,
    UNTRUSTED,
    Problem,
    key_problems,
    name_problems,
    time_problems,
)
from verticals.devices.opcua_facts import Facts, der_of, facts_of, read_chain

if TYPE_CHECKING:
    from cryptography import x509

log = logging.getLogger(__name__)

#: Among the keys of a box: its own certificate in `own/`, and beside it what it trusts.
KEYS = "opcua"
TRUSTED, REJECTED, ISSUERS, REVOCATIONS = "trusted", "rejected", "issuers", "revoked"
#: Of certificates that nobody trusted the newest are kept.
_MOST_REJECTED = 50
_HEX = set("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be said of a server's certificate; one blocking problem and no connection is made."""

    facts: Facts
    problems: tuple[Problem, ...]

    @property
    def blocked(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.blocks)


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate of the folder. `url`, `application_uri`: the server that showed it, where one did."""

    facts: Facts
    place: str
    url: str = ""
    application_uri: str = ""
    noted_utc_s: float = 0.0


class TrustList:
    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self._clock = clock

    # --- what the line asks --------------------------------------------------------------------------------

    def judge(self, chain: bytes, url: str, application_uri: str) -> Judgement:
        """`chain` as the server at `url` showed it. Raises InputError when it is no certificate."""
        certificates = read_chain(chain)
        first = certificates[0]
        facts = facts_of(first)
        pinned = self._path(TRUSTED, facts.fingerprint).exists()
        problems = [*time_problems(facts, self._clock.now()), *key_problems(facts)]
        problems += name_problems(facts, url, application_uri, pinned=pinned)
        authorities = self._certificates(TRUSTED)
        between = [*certificates[1:], *self._certificates(ISSUERS)]
        if not pinned and not trusted_by(first, authorities, between, self._clock.now()):
            problems.insert(0, UNTRUSTED)
        if revoked([first, *certificates[1:]], [*authorities, *between], self._revocations()):
            problems.insert(0, REVOKED)
        return Judgement(facts, tuple(problems))

    def keep_rejected(self, chain: bytes, url: str, application_uri: str) -> None:
        """For a person to look at; one that is there already stays as it is, and is told where it was seen first."""
        certificate = read_chain(chain)[0]
        fingerprint = facts_of(certificate).fingerprint
        if self._path(TRUSTED, fingerprint).exists() or self._note(REJECTED, fingerprint).get("url"):
            return
        note = {"url": url, "application_uri": application_uri, "noted_utc_s": self._clock.now().utc_s}
        self._keep(REJECTED, fingerprint, der_of(certificate), note)
        for old in sorted(self.held(REJECTED), key=lambda held: -held.noted_utc_s)[_MOST_REJECTED:]:
            self._drop(REJECTED, old.facts.fingerprint)

    # --- what a person does --------------------------------------------------------------------------------

    def held(self, place: str) -> list[Held]:
        """What lies in `trusted`, `rejected` or `issuers`, the newest first."""
        found = []
        for certificate in self._certificates(place):
            facts = facts_of(certificate)
            note = self._note(place, facts.fingerprint)
            found.append(
                Held(
                    facts,
                    place,
                    str(note.get("url", "")),
                    str(note.get("application_uri", "")),
                    float(note.get("noted_utc_s", 0.0)),
                )
            )
        return sorted(found, key=lambda held: -held.noted_utc_s)

    def problems(self, held: Held) -> list[Problem]:
        """As `judge` would say it of the server that showed it; of one that nobody showed what can be said."""
        found = [*time_problems(held.facts, self._clock.now()), *key_problems(held.facts)]
        if held.url:
            found += name_problems(held.facts, held.url, held.application_uri, pinned=held.place == TRUSTED)
        return [UNTRUSTED, *found] if held.place == REJECTED else found

    def replaces(self, held: Held) -> Facts | None:
        """The trusted certificate whose place this one would take: of the same application, or seen at the same url."""
        for other in self.held(TRUSTED):
            if other.facts.fingerprint != held.facts.fingerprint and not other.facts.authority:
                same_uri = bool(held.facts.uri) and other.facts.uri == held.facts.uri
                if same_uri or (held.url and other.url == held.url):
                    return other.facts
        return None

    def trust(self, fingerprint: str) -> Facts:
        """Moves a rejected one to the trusted. Raises RefusedError when there is none of that fingerprint."""
        return self._move(fingerprint, REJECTED, TRUSTED)

    def reject(self, fingerprint: str) -> Facts:
        """Takes trust back; the line keeps a connection that stands and makes no new one."""
        return self._move(fingerprint, TRUSTED, REJECTED)

    def remove(self, fingerprint: str) -> Facts:
        """Forgets one that is rejected, or an authority in between. Raises RefusedError."""
        place = REJECTED if self._path(REJECTED, fingerprint).exists() else ISSUERS
        facts = self._facts(place, fingerprint)
        self._drop(place, fingerprint)
        return facts

    def add(self, content: bytes, *, between: bool = False) -> Facts:
        """Trusts a certificate that a person brought as a file; `between`: an authority that only completes chains.

        Raises InputError.
        """
        certificate = read_chain(content)[0]
        facts = facts_of(certificate)
        blocking = [problem for problem in key_problems(facts) if problem.blocks]
        if blocking:
            raise InputError(blocking[0].text, hint=blocking[0].hint)
        place = ISSUERS if between else TRUSTED
        self._keep(place, facts.fingerprint, der_of(certificate), {"noted_utc_s": self._clock.now().utc_s})
        if place == TRUSTED and self._path(REJECTED, facts.fingerprint).exists():
            self._drop(REJECTED, facts.fingerprint)
        return facts

    def add_revocations(self, content: bytes) -> str:
        """The issuer's name of a revocation list that a person brought; the newest of each issuer is kept."""
        found = read_revocations(content)
        issuer = found.issuer.rfc4514_string()
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.serialization import Encoding

        digest = hashes.Hash(hashes.SHA256())
        digest.update(issuer.encode())
        self._write(self.folder / REVOCATIONS / f"{digest.finalize().hex()}.crl", found.public_bytes(Encoding.DER))
        return issuer

    def content(self, place: str, fingerprint: str) -> bytes:
        """The certificate as DER. Raises RefusedError when it is not there."""
        self._facts(place, fingerprint)
        return self._path(place, fingerprint).read_bytes()

    # --- the folder ----------------------------------------------------------------------------------------

    def _path(self, place: str, fingerprint: str) -> Path:
        if len(fingerprint) != 64 or not set(fingerprint) <= _HEX:
            raise RefusedError(f"'{fingerprint[:80]}' is no fingerprint", hint="64 letters of 0-9 and a-f.")
        return self.folder / place / f"{fingerprint}.der"

    def _facts(self, place: str, fingerprint: str) -> Facts:
        try:
            return facts_of(read_chain(self._path(place, fingerprint).read_bytes())[0])
        except (OSError, InputError) as error:
            raise RefusedError(f"there is no {place} certificate {fingerprint[:16]}", hint="Look again.") from error

    def _move(self, fingerprint: str, source: str, target: str) -> Facts:
        facts = self._facts(source, fingerprint)
        note = {**self._note(source, fingerprint), "noted_utc_s": self._clock.now().utc_s}
        self._keep(target, fingerprint, self._path(source, fingerprint).read_bytes(), note)
        self._drop(source, fingerprint)
        return facts

    def _keep(self, place: str, fingerprint: str, content: bytes, note: dict[str, Any]) -> None:
        path = self._path(place, fingerprint)
        self._write(path.with_suffix(".json"), json.dumps(note).encode())
        self._write(path, content)

    def _write(self, path: Path, content: bytes) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_owner_only(path, content)
        except OSError as error:
            raise StoreError(f"{path}: cannot be written: {error}", hint="Check the disk and who owns it.") from error

    def _drop(self, place: str, fingerprint: str) -> None:
        path = self._path(place, fingerprint)
        path.unlink(missing_ok=True)
        path.with_suffix(".json").unlink(missing_ok=True)

    def _note(self, place: str, fingerprint: str) -> dict[str, Any]:
        try:
            note: dict[str, Any] = json.loads(self._path(place, fingerprint).with_suffix(".json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return note

    def _certificates(self, place: str) -> list[x509.Certificate]:
        return list(self._read_all(place))

    def _read_all(self, place: str) -> Iterator[x509.Certificate]:
        for path in sorted((self.folder / place).glob("*.der")):
            try:
                yield read_chain(path.read_bytes())[0]
            except (OSError, InputError) as error:
                log.warning("%s is left out: %s", path, error)

    def _revocations(self) -> Sequence[x509.CertificateRevocationList]:
        found = []
        for path in sorted((self.folder / REVOCATIONS).glob("*.crl")):
            try:
                found.append(read_revocations(path.read_bytes()))
            except (OSError, InputError) as error:
                log.warning("%s is left out: %s", path, error)
        return found
