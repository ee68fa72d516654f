"""Who knows the secret of the wave stream: the proofs of the opening, and the seal on each frame after it.

HMAC (RFC 2104) with SHA-256 throughout. The secret itself never crosses the wire, a proof holds for one nonce, and a
seal counts the frames, so that nothing heard before can be played again.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import stat
from pathlib import Path

from core.errors import InputError, SettingsError
from verticals.devices.opcua_certificates import write_owner_only

LEAST_SECRET_BYTES = 16
NONCE_BYTES = 32
SEAL_BYTES = 16
_LEAST_NONCE_HEX, _MOST_NONCE_HEX = 32, 128


def read_secret(path: Path) -> bytes:
    """What the file holds, without blanks around it. Raises SettingsError; others than its owner may not read it."""
    try:
        mode = path.stat().st_mode
        content = path.read_bytes().strip()
    except OSError as error:
        raise SettingsError(
            f"{path}: the secret of the wave stream cannot be read: {error.strerror}", hint="See secret_file."
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(f"{path}: others may read the secret of the wave stream", hint=f"Run: chmod 600 {path}")
    if len(content) < LEAST_SECRET_BYTES:
        raise SettingsError(
            f"{path}: the secret of the wave stream has {len(content)} bytes, at least {LEAST_SECRET_BYTES} are needed",
            hint=f"Run: (umask 077; openssl rand -hex 32 > {path})",
        )
    return content


def make_secret(path: Path) -> bytes:
    """A new one of 256 bits, written for the owner alone, unless the file is there. Raises SettingsError."""
    if not path.exists():
        try:
            write_owner_only(path, secrets.token_hex(32).encode() + b"\n")
        except OSError as error:
            raise SettingsError(
                f"{path}: the secret of the wave stream cannot be written: {error.strerror}",
                hint="Check who owns the folder.",
            ) from error
    return read_secret(path)


def new_nonce() -> str:
    return secrets.token_hex(NONCE_BYTES)


def check_nonce(nonce: str) -> str:
    """Raises InputError for what is no hexadecimal number of 16 to 64 bytes."""
    if not _LEAST_NONCE_HEX <= len(nonce) <= _MOST_NONCE_HEX or not set(nonce) <= set("0123456789abcdef"):
        raise InputError("the opening of a wave stream carries no nonce")
    return nonce


class Opening:
    """What both sides know after the challenge and the hello; each proof is a text in hexadecimal."""

    def __init__(self, secret: bytes, server_nonce: str, client_nonce: str, client: str, stream: str) -> None:
        self._secret = secret
        self._said = "|".join((server_nonce, client_nonce, client, stream)).encode()

    def client_proof(self) -> str:
        return self._mac(b"client").hex()

    def server_proof(self) -> str:
        return self._mac(b"server").hex()

    def from_client(self, proof: str) -> bool:
        return hmac.compare_digest(self.client_proof().encode(), proof.encode())

    def from_server(self, proof: str) -> bool:
        return hmac.compare_digest(self.server_proof().encode(), proof.encode())

    def seal(self) -> Seal:
        """For the frames of the client; a new one on each side."""
        return Seal(self._mac(b"seal"))

    def _mac(self, role: bytes) -> bytes:
        said = b"edgewise-waves-1|" + role + b"|" + self._said
        return hmac.digest(self._secret, said, hashlib.sha256)


class Seal:
    """The tags of the frames of one connection, in order; both sides count along."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._count = 0

    def tag(self, head: bytes, payload: bytes) -> bytes:
        """Of the next frame: HMAC over its number and both lengths (8 bytes each), head and payload; 16 bytes of it."""
        numbers = b"".join(n.to_bytes(8, "big") for n in (self._count, len(head), len(payload)))
        self._count += 1
        return hmac.digest(self._key, numbers + head + payload, hashlib.sha256)[:SEAL_BYTES]

    def fits(self, head: bytes, payload: bytes, tag: bytes) -> bool:
        return hmac.compare_digest(self.tag(head, payload), tag)
