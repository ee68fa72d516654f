"""What a page may do with the box's OPC UA certificates: look, and, in a person's name, trust and renew; audited.

Works on the folder alone: the line takes up what changed at its next try to connect, half a second later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from core.clock import Clock
from core.errors import AccessError, RefusedError
from verticals.contract import Json
from verticals.devices.opcua_certificates import Identity, OwnCertificates
from verticals.devices.opcua_checks import Problem, time_problems
from verticals.devices.opcua_facts import Facts, beside, pem_of, read_chain
from verticals.devices.opcua_trust import ISSUERS, KEYS, REJECTED, TRUSTED, Held, TrustList

PLACES = (TRUSTED, REJECTED, ISSUERS)


class AuditDoor(Protocol):
    def __call__(self, act: str, detail: Json, *, who: str, role: str) -> object: ...


@dataclass(frozen=True, slots=True)
class CertificateFile:
    """For the PLC's tool: bytes with a name and a media type."""

    content: bytes
    name: str
    media_type: str


class CertificateDesk:
    """May be called from any thread of the web process. `keys` are the box's; without an OPC UA line it is empty.

    Acts need `who`, a signed-in person, and raise AccessError without; RefusedError when there is nothing to act on.
    """

    def __init__(self, keys: Path, clock: Clock, audit: AuditDoor) -> None:
        self._own = OwnCertificates(keys / KEYS / "own", clock)
        self._trust = TrustList(keys / KEYS, clock)
        self._clock = clock
        self._audit = audit

    # --- to look at ----------------------------------------------------------------------------------------

    def own(self) -> dict[str, Any]:
        """`current` and `next`, each None or facts with `problems`; a next one waits for the PLC's trust."""
        return {"current": self._shown(self._own.current()), "next": self._shown(self._own.next())}

    def held(self, place: str) -> list[dict[str, Any]]:
        """Of `trusted`, `rejected` or `issuers`, the newest first: facts, `url`, `noted_utc_s`, `problems`.

        A rejected one that takes the place of a trusted one has that one's fingerprint in `replaces`, and in `beside`
        the rows `name`, `old`, `new`, `changed`.
        """
        if place not in PLACES:
            raise RefusedError(f"there is no place '{place}'", hint=", ".join(PLACES))
        return [self._held(held) for held in self._trust.held(place)]

    def own_file(self, form: str = "der", *, waiting: bool = False) -> CertificateFile:
        """The box's certificate for the PLC, `der` or `pem`; the one that waits, where it is asked for."""
        identity = self._own.next() if waiting else self._own.current()
        if identity is None:
            raise RefusedError("there is no such certificate of this box", hint="It is made when a line starts.")
        return _file(identity.certificate, "edgewise", form)

    def file(self, place: str, fingerprint: str, form: str = "der") -> CertificateFile:
        return _file(self._trust.content(place, fingerprint), fingerprint[:16], form)

    # --- to do ---------------------------------------------------------------------------------------------

    def trust(self, fingerprint: str, *, who: str, role: str, reason: str = "") -> None:
        replaced = [held for held in self._trust.held(REJECTED) if held.facts.fingerprint == fingerprint]
        old = self._trust.replaces(replaced[0]) if replaced else None
        more = {"replaces": old.fingerprint} if old else {}
        self._act("certificate-trusted", lambda: self._trust.trust(fingerprint), who, role, {"reason": reason, **more})

    def reject(self, fingerprint: str, *, who: str, role: str, reason: str = "") -> None:
        act = "certificate-rejected"
        self._act(act, lambda: self._trust.reject(fingerprint), who, role, {"reason": reason})

    def remove(self, fingerprint: str, *, who: str, role: str, reason: str = "") -> None:
        self._act("certificate-removed", lambda: self._trust.remove(fingerprint), who, role, {"reason": reason})

    def add(self, content: bytes, *, who: str, role: str, between: bool = False, reason: str = "") -> None:
        """Trusts what was uploaded: a PLC's certificate or an authority's. Raises InputError."""
        more = {"between": between, "reason": reason}
        self._act("certificate-added", lambda: self._trust.add(content, between=between), who, role, more)

    def add_revocations(self, content: bytes, *, who: str, role: str) -> None:
        _need(who)
        issuer = self._trust.add_revocations(content)
        self._audit("revocations-added", {"issuer": issuer}, who=who, role=role)

    def renew(self, *, who: str, role: str, reason: str = "") -> None:
        """A new certificate of the box beside the old one, which stays in use until the PLC takes the new."""
        self._act("own-certificate-renewed", lambda: self._own.renew().facts, who, role, {"reason": reason})

    def use_next(self, *, who: str, role: str, reason: str = "") -> None:
        """The person says that the PLC has the new one."""
        self._act("own-certificate-changed", lambda: self._own.use_next().facts, who, role, {"reason": reason})

    def _act(self, act: str, do: Callable[[], Facts], who: str, role: str, more: Json) -> None:
        _need(who)
        facts = do()
        detail = {"fingerprint": facts.fingerprint, "subject": facts.subject, "uri": facts.uri, **more}
        self._audit(act, detail, who=who, role=role)

    def _shown(self, identity: Identity | None) -> dict[str, Any] | None:
        if identity is None:
            return None
        return identity.facts.as_json() | _problems(time_problems(identity.facts, self._clock.now()))

    def _held(self, held: Held) -> dict[str, Any]:
        shown = held.facts.as_json() | {"url": held.url, "noted_utc_s": held.noted_utc_s}
        shown |= _problems(self._trust.problems(held))
        old = self._trust.replaces(held) if held.place == REJECTED else None
        return shown | {"replaces": old.fingerprint if old else "", "beside": beside(old, held.facts) if old else []}


def _problems(problems: list[Problem]) -> dict[str, Any]:
    return {"problems": [problem.as_json() for problem in problems]}


def _need(who: str) -> None:
    if not who:
        raise AccessError("certificates are trusted by a signed-in person", hint="Sign in as an engineer.")


def _file(der: bytes, name: str, form: str) -> CertificateFile:
    if form == "pem":
        return CertificateFile(pem_of(read_chain(der)[0]), f"{name}.pem", "application/x-pem-file")
    return CertificateFile(der, f"{name}.der", "application/pkix-cert")
