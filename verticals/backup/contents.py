"""What a backup says of itself: `contents.json`, written last, names every file with its length and hash."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from core.errors import StoreError

FILE = "contents.json"
BOX = "box"
_FORMAT = 1
_CHUNK_BYTES = 2**20
_MOST_BYTES, _MOST_FILES = 64 * 2**20, 100_000
#: A folder or file of a backup; nothing hidden, nothing that leads elsewhere.
_SEGMENT = re.compile(r"[^/\\\x00-\x1f.][^/\\\x00-\x1f]{0,199}")
_APP = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class Held:
    """One file of a backup."""

    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Held:
        digest, length = hashlib.sha256(), 0
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
                length += len(chunk)
        return cls(length, digest.hexdigest())


@dataclass(frozen=True, slots=True)
class Contents:
    """`release` made it. `stores` has, by app (and for the box), the revision of each of its streams of migrations;
    they lie in files, or, `on_server`, in dumps of a server's schemas. `files` are by their path in the backup."""

    release: str
    made_utc_s: float
    on_server: bool
    stores: Mapping[str, Mapping[str, str]]
    files: Mapping[str, Held]

    def copy_of(self, app: str) -> str:
        """The file in the backup that holds the store of `app`."""
        return copy_name(app, on_server=self.on_server)

    def write(self, folder: Path) -> None:
        """Raises OSError."""
        said = {"format": _FORMAT, **asdict(self)}
        (folder / FILE).write_text(json.dumps(said, indent=1, sort_keys=True), "utf-8")


def copy_name(app: str, *, on_server: bool) -> str:
    """The name of an app's store within a backup."""
    if on_server:
        return f"{app}.dump"
    return "box-box.db" if app == BOX else f"{app}-events.db"


def read_contents(folder: Path) -> Contents:
    """Raises StoreError for a folder that is no backup, or whose `contents.json` is not as it was written."""
    path = folder / FILE
    try:
        with path.open("rb") as file:
            said = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise StoreError(
            f"{folder}: this is no backup: {FILE} cannot be read: {error.strerror}",
            hint="Name a folder of `backups/` whole; backups of releases before 0.9 have no such file.",
        ) from error
    try:
        if len(said) > _MOST_BYTES:
            raise ValueError("it is too large")
        return _contents(json.loads(said))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError(f"{path}: damaged: {error}", hint="Take another backup.") from error


def _contents(said: Mapping[str, Any]) -> Contents:
    if said["format"] != _FORMAT:
        raise ValueError(f"format {said['format']!r} is not known to this release")
    stores = {_app(app): _revisions(streams) for app, streams in said["stores"].items()}
    files = {_path(path): _held(held) for path, held in said["files"].items()}
    if len(files) > _MOST_FILES:
        raise ValueError("it names too many files")
    if not isinstance(said["on_server"], bool):
        raise ValueError("on_server is neither true nor false")
    found = Contents(_text(said["release"]), float(said["made_utc_s"]), said["on_server"], stores, files)
    missing = [app for app in stores if found.copy_of(app) not in files]
    if missing or BOX not in stores:
        raise ValueError(f"the store of {', '.join(missing) or BOX} is not among its files")
    return found


def _revisions(streams: Mapping[str, Any]) -> dict[str, str]:
    return {_text(name): _text(revision) for name, revision in streams.items()}


def _held(held: Mapping[str, Any]) -> Held:
    length, digest = held["bytes"], _text(held["sha256"])
    if (
        not isinstance(length, int)
        or isinstance(length, bool)
        or length < 0
        or not re.fullmatch("[0-9a-f]{64}", digest)
    ):
        raise ValueError(f"{held!r} is no length with a hash")
    return Held(length, digest)


def _path(text: str) -> str:
    if not all(_SEGMENT.fullmatch(part) for part in text.split("/")) or str(PurePosixPath(text)) != text:
        raise ValueError(f"{text!r} is not the path of a file within a backup")
    return text


def _app(text: str) -> str:
    if not _APP.fullmatch(text):
        raise ValueError(f"{text!r} cannot be the name of an app")
    return text


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value
