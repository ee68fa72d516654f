"""A model package: card, graph and golden vectors, with a signature over the hashes of them all.

A folder, or one zip of the same files. What is read here is checked whole before anything of it is used.
`signature.json` names the key and lists every file; a file that it does not list makes the package refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import HashError, PackageError, SignatureError
from core.models.card import Card, parse_card, write_card
from core.models.files import draft_beside, read_folder, read_zip, sync_folder, write_file
from core.models.golden import Golden, read_golden, write_golden
from core.models.trust import SigningKey, Trust, TrustedKey

CARD = "card.toml"
MODEL = "model.onnx"
GOLDEN = "golden.npz"
SIGNATURE = "signature.json"

_FORMAT = "edgewise-model-package-1"
_NEEDED = (CARD, MODEL, GOLDEN)
_HEX = re.compile(r"[0-9a-f]{64}")
_KEY_ID = re.compile(r"[0-9a-f]{32}")
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Package:
    """A package whose hashes and signature were found right.

    `sha256` names its whole content, whoever signed it. `files` holds every file but the signature;
    `signed_by_box` says that it was made on this box.
    """

    card: Card
    golden: Golden = field(repr=False, compare=False)
    sha256: str
    signer: str
    signer_name: str
    signed_by_box: bool
    files: Mapping[str, bytes] = field(repr=False, compare=False)
    signature: bytes = field(repr=False, compare=False)

    @property
    def model(self) -> bytes:
        """The ONNX graph."""
        return self.files[MODEL]

    @property
    def size_bytes(self) -> int:
        return sum(map(len, self.files.values()))


def write_package(
    folder: Path, card: Card, model: bytes, golden: Golden, key: SigningKey, *, extra: Mapping[str, bytes] | None = None
) -> Package:
    """The package, now in `folder`, which appears whole or not at all. Raises PackageError when it exists.

    `extra` are further files by plain name, listed and signed like the rest.
    """
    files = {CARD: write_card(card).encode(), MODEL: model, GOLDEN: write_golden(golden), **(extra or {})}
    return _put(folder, files, key)


def sign_package(folder: Path, key: SigningKey) -> Package:
    """Signs what lies in `folder`, after it was checked; a signature that is there is replaced."""
    files = read_folder(folder)
    files.pop(SIGNATURE, None)
    package = _signed(files, key, str(folder))
    write_file(folder / SIGNATURE, package.signature)
    sync_folder(folder)
    return package


def read_package(path: Path, trust: Trust) -> Package:
    """The package in `path`, a folder or a zip.

    Raises HashError for a file that is not what was signed, SignatureError for a signature that is missing,
    broken or of an unknown key, PackageError for anything else that is wrong with it.
    """
    files = read_folder(path) if path.is_dir() else read_zip(path)
    where = str(path)
    signature = files.pop(SIGNATURE, None)
    if signature is None:
        raise SignatureError(f"{where}: is not signed", hint="Sign it with `edgewise models sign` if it is yours.")
    listed, signer, proof = _read_signature(signature, where)
    key = trust.verify(signer, proof, _signed_text(listed), where)
    _check_hashes(files, listed, where)
    return _package(files, signature, key, where)


def copy_package(package: Package, folder: Path) -> None:
    """Writes the same package, with the same signature, to `folder`, which must not exist."""
    draft = draft_beside(folder)
    try:
        for name, content in {**package.files, SIGNATURE: package.signature}.items():
            write_file(draft / name, content)
        sync_folder(draft)
        try:
            draft.rename(folder)
        except OSError as error:
            raise PackageError(f"{folder}: cannot be written: {error.strerror}", hint="Is it there already?") from error
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def zip_package(package: Package, target: Path) -> None:
    """The package as one zip at `target`, replaced at once; the same package gives the same bytes."""
    draft = target.with_name(f".{target.name}.draft")
    try:
        with zipfile.ZipFile(draft, "w") as archive:
            for name, content in sorted({**package.files, SIGNATURE: package.signature}.items()):
                archive.writestr(zipfile.ZipInfo(name, _ZIP_DATE), content, zipfile.ZIP_DEFLATED)
        draft.replace(target)
    except OSError as error:
        raise PackageError(f"{target}: cannot be written: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)


def _put(folder: Path, files: Mapping[str, bytes], key: SigningKey) -> Package:
    package = _signed(files, key, str(folder))
    copy_package(package, folder)
    return package


def _signed(files: Mapping[str, bytes], key: SigningKey, where: str) -> Package:
    listed = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    proof = key.sign(_signed_text(listed))
    document = {"format": _FORMAT, "key": key.id, "files": listed, "signature": base64.b64encode(proof).decode()}
    signature = json.dumps(document, indent=1, sort_keys=True).encode()
    return _package(files, signature, key.trusted, where)


def _package(files: Mapping[str, bytes], signature: bytes, key: TrustedKey, where: str) -> Package:
    missing = [name for name in _NEEDED if name not in files]
    if missing:
        raise PackageError(f"{where}: there is no {missing[0]}", hint=f"A package holds {', '.join(_NEEDED)}.")
    try:
        text = files[CARD].decode()
    except UnicodeDecodeError as error:
        raise PackageError(f"{where}/{CARD}: is not UTF-8: {error.reason}") from error
    card = parse_card(text, f"{where}/{CARD}")
    golden = read_golden(files[GOLDEN], card, f"{where}/{GOLDEN}")
    content = _signed_text({name: hashlib.sha256(content).hexdigest() for name, content in files.items()})
    return Package(card, golden, hashlib.sha256(content).hexdigest(), key.id, key.name, key.is_box, files, signature)


def _signed_text(listed: Mapping[str, str]) -> bytes:
    lines = [f"{sha256}  {name}" for name, sha256 in sorted(listed.items())]
    return "\n".join([_FORMAT, *lines, ""]).encode()


def _read_signature(content: bytes, where: str) -> tuple[dict[str, str], str, bytes]:
    """The hashes by file, the key's id, the signature. Raises SignatureError."""
    try:
        document: Any = json.loads(content)
        listed, signer, form = document["files"], document["key"], document["format"]
        proof = base64.b64decode(document["signature"], validate=True)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
        raise SignatureError(f"{where}: {SIGNATURE} is not readable: {error!r}") from error
    good = isinstance(listed, dict) and all(isinstance(item, str) and _HEX.fullmatch(item) for item in listed.values())
    if not good or form != _FORMAT or not isinstance(signer, str) or not _KEY_ID.fullmatch(signer):
        raise SignatureError(f"{where}: {SIGNATURE} is not of the format {_FORMAT}")
    if any(not name.isprintable() for name in listed):
        raise SignatureError(f"{where}: {SIGNATURE} lists a file whose name cannot be shown")
    return listed, signer, proof


def _check_hashes(files: Mapping[str, bytes], listed: Mapping[str, str], where: str) -> None:
    for name in listed:
        if name not in files:
            raise HashError(f"{where}: {name} was signed but is not there", hint="Get the package again.")
    for name, content in files.items():
        if name not in listed:
            raise HashError(f"{where}: {name} is there but was not signed", hint="Take it out, or get it again.")
        if hashlib.sha256(content).hexdigest() != listed[name]:
            raise HashError(f"{where}: {name} is not what was signed", hint="Get the package again.")
