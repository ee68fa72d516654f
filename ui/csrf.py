"""Tokens that prove a form came from a page of this box: an HMAC over the visit and the session."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from core.errors import StoreError

_SECRET_BYTES = 32


class Csrf:
    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def kept_in(cls, keys: Path) -> Csrf:
        """With the secret in `keys/web.key`, made at first start, owner-only: pages outlive a restart."""
        path = keys / "web.key"
        try:
            keys.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not path.exists():
                part = keys / f"web.key.{os.getpid()}.part"
                part.touch(mode=0o600)
                part.write_bytes(secrets.token_bytes(_SECRET_BYTES))
                part.replace(path)
            secret = path.read_bytes()
        except OSError as error:
            raise StoreError(f"{path}: cannot be made or read: {error}", hint="Check who owns the keys.") from error
        if len(secret) != _SECRET_BYTES:
            raise StoreError(f"{path} holds {len(secret)} bytes, not {_SECRET_BYTES}", hint="Remove it; it is remade.")
        return cls(secret)

    def token(self, visit: str, session: str) -> str:
        return hmac.new(self._secret, f"{visit}\n{session}".encode(), hashlib.sha256).hexdigest()

    def fits(self, given: str, visit: str, session: str) -> bool:
        """Without a visit nothing fits: the page that makes the form makes the visit."""
        return bool(visit) and hmac.compare_digest(given.encode(), self.token(visit, session).encode())
