"""Whom a message is about, as receivers may know it: a pseudonym that this box alone can make, or the record number."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PSEUDONYM_SYSTEM = "urn:edgewise:pseudonym"
_NAMESPACE = uuid.UUID("5c1f7d0a-6f0e-5a53-9e0c-7f3f6f1d2b11")
_PSEUDONYM_LETTERS = 24


@dataclass(frozen=True, slots=True)
class Naming:
    """`key` makes pseudonyms; empty: record numbers are sent, under `record_system`."""

    key: bytes = b""
    record_system: str = ""

    def identifier(self, record_number: str) -> dict[str, str]:
        """A FHIR Identifier. The same patient has the same pseudonym as long as the box keeps its key."""
        if not self.key:
            return {"system": self.record_system, "value": record_number}
        digest = hmac.new(self.key, record_number.encode(), hashlib.sha256).hexdigest()
        return {"system": PSEUDONYM_SYSTEM, "value": digest[:_PSEUDONYM_LETTERS]}


@dataclass(frozen=True, slots=True)
class About:
    """Where something happened, and to whom. `record_number` empty: nobody was known to lie there."""

    ward: str
    bed: str = ""
    label: str = ""
    location: str = ""
    record_number: str = ""

    @property
    def place(self) -> str:
        """`Ward 7, bed 12`; the ward alone for what is no bed's."""
        return f"{self.ward}, bed {self.label}" if self.label else self.ward


def identity(*parts: object) -> str:
    """A UUID that the same parts always have: what is sent twice is the same thing twice."""
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(map(str, parts))))


def alarm_identity(alarm: Mapping[str, Any]) -> str:
    """Of an alarm through its whole life; its number alone begins anew with a new record."""
    return identity("alarm", alarm["id"], f"{alarm['began_utc_s']:.3f}")
