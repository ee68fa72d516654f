"""Whose models this box runs: the publishers it lists, and itself.

Keys are Ed25519 (RFC 8032). The box's own key is made at first start and is readable by its owner only; what
is built or learnt on the box is signed by it and says so. A key from elsewhere counts once somebody has put
its public half into the keys folder.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.errors import SignatureError

log = logging.getLogger(__name__)

_PRIVATE_NAME = "box.key"
_PUBLIC_NAME = "box.pub"
_PUBLISHERS = "publishers"
_KEY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MAX_KEY_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key that counts here. `is_box`: what it signed was made on this box."""

    id: str
    name: str
    public: Ed25519PublicKey
    is_box: bool = False


class SigningKey:
    """A private key; its `id` is what a signature names."""

    def __init__(self, private: Ed25519PrivateKey, name: str = "", *, is_box: bool = False) -> None:
        self._private = private
        self.trusted = TrustedKey(key_id(private.public_key()), name, private.public_key(), is_box)

    @property
    def id(self) -> str:
        return self.trusted.id

    @classmethod
    def new(cls) -> SigningKey:
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path, *, is_box: bool = False) -> SigningKey:
        """Raises SignatureError when `path` holds no Ed25519 private key in PEM without a password."""
        try:
            private = serialization.load_pem_private_key(_read(path), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise SignatureError(f"{path}: not a private key in PEM: {error}") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise SignatureError(f"{path}: holds another kind of key, expected Ed25519")
        return cls(private, path.stem, is_box=is_box)

    def sign(self, content: bytes) -> bytes:
        return self._private.sign(content)

    def public_pem(self) -> bytes:
        return _public_pem(self.trusted.public)

    def private_pem(self) -> bytes:
        return self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


class Trust:
    """The keys of one box, in `folder`: `box.key`, `box.pub` and `publishers/<name>.pub`. Nothing is cached."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def box_key(self) -> SigningKey:
        """The box's own key, made where there is none yet. Two processes that make it at once get the same one."""
        path = self.folder / _PRIVATE_NAME
        if not path.exists() or not (self.folder / _PUBLIC_NAME).exists():
            self._make_box_key(path)
        if path.stat().st_mode & 0o077:
            log.warning("%s was readable by others; now its owner only may read it", path)
            path.chmod(0o600)
        return SigningKey.load(path, is_box=True)

    def trusted(self) -> list[TrustedKey]:
        """Every key that counts here; a file that is no key is logged and left out."""
        found: list[TrustedKey] = []
        box = self.folder / _PUBLIC_NAME
        for path in [box, *sorted((self.folder / _PUBLISHERS).glob("*.pub"))]:
            if path == box and not path.exists():
                continue
            try:
                public = read_public_key(path)
            except SignatureError as error:
                log.error("%s", error)
                continue
            found.append(TrustedKey(key_id(public), path.stem, public, is_box=path == box))
        return found

    def verify(self, signer: str, signature: bytes, content: bytes, what: str) -> TrustedKey:
        """The key that signed. Raises SignatureError when `signer` is not trusted or did not sign `content`."""
        key = next((key for key in self.trusted() if key.id == signer), None)
        if key is None:
            raise SignatureError(
                f"{what}: signed by key {signer}, which this box does not trust",
                hint=f"If you trust its publisher, put the public key into {self.folder / _PUBLISHERS}.",
            )
        try:
            key.public.verify(signature, content)
        except InvalidSignature as error:
            raise SignatureError(
                f"{what}: the signature of key {signer} ({key.name}) does not fit", hint="Get the package again."
            ) from error
        return key

    def add_publisher(self, name: str, pem: Path) -> TrustedKey:
        """Trusts the public key in `pem` from now on. Raises SignatureError when it is none, or the name is taken."""
        if not _KEY_NAME.fullmatch(name):
            raise SignatureError(f"'{name}' cannot name a key", hint="Use letters, digits, '.', '_', '-'.")
        public = read_public_key(pem)
        target = self.folder / _PUBLISHERS / f"{name}.pub"
        if target.exists() and key_id(read_public_key(target)) != key_id(public):
            raise SignatureError(f"{target}: there is another key of that name", hint="Use another name.")
        _make_folder(target.parent)
        _place(target, _public_pem(public), mode=0o644, replace=True)
        return TrustedKey(key_id(public), name, public)

    def _make_box_key(self, path: Path) -> None:
        _make_folder(self.folder)
        if not path.exists():
            _place(path, SigningKey.new().private_pem(), mode=0o600, replace=False)
        # The public half is written from what won, so that a process that lost the race writes the same.
        key = SigningKey.load(path)
        _place(self.folder / _PUBLIC_NAME, key.public_pem(), mode=0o644, replace=True)
        log.info("the key of this box is %s", key.id)


def key_id(public: Ed25519PublicKey) -> str:
    """32 hexadecimal digits: the head of the SHA-256 of the raw public key."""
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:32]


def read_public_key(path: Path) -> Ed25519PublicKey:
    """Raises SignatureError when `path` holds no Ed25519 public key in PEM."""
    try:
        public = serialization.load_pem_public_key(_read(path))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SignatureError(f"{path}: not a public key in PEM: {error}") from error
    if not isinstance(public, Ed25519PublicKey):
        raise SignatureError(f"{path}: holds another kind of key, expected Ed25519")
    return public


def _public_pem(public: Ed25519PublicKey) -> bytes:
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_KEY_BYTES)
    except OSError as error:
        raise SignatureError(f"{path}: the key cannot be read: {error.strerror}") from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SignatureError(f"{folder}: keys cannot be kept there: {error.strerror}") from error


def _place(path: Path, content: bytes, *, mode: int, replace: bool) -> None:
    """Puts the whole file there at once. Without `replace`, the file of whoever came first stays."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
        else:
            path.hardlink_to(draft)
    except FileExistsError:
        log.debug("%s was made by another process meanwhile", path)
    except OSError as error:
        raise SignatureError(f"{path}: the key cannot be written: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
