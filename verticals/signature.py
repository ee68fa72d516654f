"""Signed messages of programs: who has the secret may send, and nobody can send an old message once more later on.

The header `X-Edgewise-Signature` is `t=<UTC seconds>,v1=<hex of HMAC-SHA256 over "<t>." and the body>`.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import stat
from pathlib import Path

from core.errors import AccessError, SettingsError

HEADER = "X-Edgewise-Signature"
LEAST_SECRET_BYTES = 32
_FORM = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")


def sign(secret: bytes, at_utc_s: float, body: bytes) -> str:
    """The header's value."""
    at = str(int(at_utc_s))
    return f"t={at},v1={_mark(secret, at, body)}"


def check(given: str, secret: bytes, body: bytes, *, now_utc_s: float, within_s: float) -> None:
    """Raises AccessError for a signature that is missing, wrong, or older (or newer) than `within_s`."""
    found = _FORM.fullmatch(given.strip()[:200])
    if found is None:
        raise AccessError(f"the message is not signed: its header {HEADER} is missing or is no signature")
    if not hmac.compare_digest(_mark(secret, found[1], body), found[2]):
        raise AccessError("the signature does not fit the message", hint="Compare the secrets of both sides.")
    if abs(now_utc_s - int(found[1])) > within_s:
        raise AccessError(
            f"the message was signed more than {within_s:g} s away from this box's time",
            hint="Set the clocks of both sides, and sign each message when it is sent.",
        )


def read_secret(path: Path) -> bytes:
    """The file's content without blanks around it. Raises SettingsError when others may read it, or it is too short."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            secret = file.read(4096).strip()
    except OSError as error:
        raise SettingsError(f"{path}: the secret cannot be read: {error.strerror or error}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise SettingsError(f"{path}: others may read this secret", hint=f"chmod 600 {path}")
    if len(secret) < LEAST_SECRET_BYTES:
        raise SettingsError(
            f"{path}: a secret has at least {LEAST_SECRET_BYTES} characters", hint="openssl rand -hex 32"
        )
    return secret


def _mark(secret: bytes, at: str, body: bytes) -> str:
    return hmac.new(secret, at.encode() + b"." + body, hashlib.sha256).hexdigest()
