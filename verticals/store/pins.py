"""PINs at rest: scrypt (RFC 7914) with a salt of its own and the cost it was made with."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Any, Self

from core.errors import InputError

LEAST_DIGITS = 4
LONGEST_DIGITS = 12
_N, _R, _P = 2**14, 8, 1  # 16 MiB and some 40 ms a guess
_SALT_BYTES = 16
#: The columns of an account nobody can sign in to.
NO_PIN: dict[str, Any] = {"pin_salt": None, "pin_hash": None, "pin_cost": ""}


@dataclass(frozen=True, slots=True)
class PinHash:
    """`cost` is `scrypt:n:r:p`, stored with it, so that a later release may raise it."""

    salt: bytes
    digest: bytes
    cost: str

    @classmethod
    def make(cls, pin: str) -> Self:
        salt = secrets.token_bytes(_SALT_BYTES)
        return cls(salt, _scrypt(pin, salt, _N, _R, _P), _cost())

    @classmethod
    def stored(cls, salt: bytes | None, digest: bytes | None, cost: str) -> Self:
        """What the columns hold. Columns without a PIN give a hash that takes as long and fits nothing."""
        if salt is None or digest is None:
            return cls(bytes(_SALT_BYTES), b"", _cost())
        return cls(salt, digest, cost)

    def fits(self, pin: str) -> bool:
        """In constant time for its cost, whether or not it fits."""
        n, r, p = (int(part) for part in self.cost.split(":")[1:])
        return hmac.compare_digest(_scrypt(pin, self.salt, n, r, p), self.digest)

    @property
    def outdated(self) -> bool:
        return self.cost != _cost()

    def columns(self) -> dict[str, Any]:
        return {"pin_salt": self.salt, "pin_hash": self.digest, "pin_cost": self.cost}


def fit_pin(pin: str, least_digits: int) -> str:
    """`pin` when it may be one. Raises InputError, which never repeats it."""
    if not re.fullmatch(f"[0-9]{{{least_digits},{LONGEST_DIGITS}}}", pin):
        raise InputError(f"a PIN is {least_digits} to {LONGEST_DIGITS} digits", hint="Choose another one.")
    return pin


def _cost() -> str:
    return f"scrypt:{_N}:{_R}:{_P}"


def _scrypt(pin: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, n=n, r=r, p=p, maxmem=256 * n * r, dklen=32)
