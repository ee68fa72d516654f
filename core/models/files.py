"""The files of a package as bytes, out of a folder or a zip that nobody has checked yet; and back to the disk."""

from __future__ import annotations

import os
import re
import secrets
import stat
import zipfile
from pathlib import Path

from core.errors import PackageError

MAX_FILE_BYTES = 512 * 2**20
MAX_PACKAGE_BYTES = 768 * 2**20
MAX_FILES = 64
#: What is not whole yet has a name that begins so; whoever finds it later may delete it.
DRAFT_PREFIX = ".draft-"
#: One plain name: no folder, nothing hidden, nothing that a shell or a file system treats specially.
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def read_folder(folder: Path) -> dict[str, bytes]:
    """Every file by name. Raises PackageError for links, folders, odd names and sizes beyond the limits."""
    files: dict[str, bytes] = {}
    left_bytes = MAX_PACKAGE_BYTES
    try:
        for entry in sorted(folder.iterdir()):
            _check_name(entry.name, folder, len(files))
            if entry.is_symlink() or not entry.is_file():
                raise PackageError(f"{folder}: {entry.name} is not a plain file")
            files[entry.name] = _read_file(entry, min(left_bytes, MAX_FILE_BYTES))
            left_bytes -= len(files[entry.name])
    except OSError as error:
        raise PackageError(f"{folder}: not readable: {error.strerror}") from error
    return files


def read_zip(path: Path) -> dict[str, bytes]:
    """As `read_folder`, out of a zip; nothing is unpacked to the disk."""
    files: dict[str, bytes] = {}
    left_bytes = MAX_PACKAGE_BYTES
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                _check_name(entry.filename, path, len(files))
                if entry.filename in files or stat.S_ISLNK(entry.external_attr >> 16):
                    raise PackageError(f"{path}: {entry.filename} is a link, or is there twice")
                left_bytes -= entry.file_size
                if left_bytes < 0 or entry.file_size > MAX_FILE_BYTES:
                    raise PackageError(f"{path}: {entry.filename} unpacks to more than a package may hold")
                with archive.open(entry) as file:
                    # Never read() without a size: zipfile would first unpack whatever the data unpacks to.
                    files[entry.filename] = file.read(entry.file_size)
    except FileNotFoundError as error:
        raise PackageError(f"{path}: there is no such package") from error
    except PackageError:
        raise
    # zipfile answers damaged archives with many kinds of errors: zlib's, struct's, codec's, its own
    except Exception as error:
        raise PackageError(f"{path}: not readable as a package: {error}", hint="Get it again.") from error
    return files


def write_file(path: Path, content: bytes) -> None:
    """Writes through to the disk; a reader sees the old file or the whole new one."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise PackageError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Makes the names in `folder` survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def draft_beside(folder: Path) -> Path:
    """A new empty folder on the same disk, hidden, to be renamed to `folder` once it is whole."""
    draft = folder.with_name(f"{DRAFT_PREFIX}{secrets.token_hex(8)}")
    try:
        draft.mkdir(parents=True)
    except OSError as error:
        raise PackageError(f"{folder}: cannot be written: {error.strerror}") from error
    return draft


def _check_name(name: str, where: Path, count: int) -> None:
    if not _FILE_NAME.fullmatch(name):
        raise PackageError(f"{where}: {name!r} is not a name that a package's file may have")
    if count >= MAX_FILES:
        raise PackageError(f"{where}: holds more than {MAX_FILES} files")


def _read_file(path: Path, limit: int) -> bytes:
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise PackageError(f"{path}: is larger than a package may hold")
    return content
