"""Files that people bring for a job that is not asked for yet: pictures to teach from, a list to import.

`<root>/<draft>/<place>/<file>`: a draft is a folder that a job can be pointed at. Drafts have a budget of their own
and end by themselves when nobody touches them; what a job made of one is kept elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.clock import Clock, iso_utc
from core.errors import InputError, RefusedError, StoreError

MOST_FILES = 3000
MOST_BYTES = 4 * 2**30
KEPT_S = 30 * 86400.0
_DRAFT = re.compile(r"[0-9]{8}T[0-9]{6}-[0-9a-f]{8}")
_PLACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}(/[A-Za-z0-9][A-Za-z0-9_-]{0,39}){0,2}")
_NAME = re.compile(r"[0-9a-f]{16}-[A-Za-z0-9._-]{1,80}")


@dataclass(frozen=True, slots=True)
class Kept:
    """One file of a draft. `place` is its folder in the draft, `good` or `defect/scratch`.

    `name` begins with 16 hex digits of the content's SHA-256: it names the content, and two files of one name differ.
    """

    place: str
    name: str
    size_bytes: int

    @property
    def mark(self) -> str:
        return self.name[:16]


class Drafts:
    """The drafts of one app. Any thread of any process may use it; each file appears by one rename."""

    def __init__(self, root: Path, clock: Clock, *, most_bytes: int = MOST_BYTES, most_files: int = MOST_FILES) -> None:
        self._root = root
        self._clock = clock
        self._most_bytes = most_bytes
        self._most_files = most_files

    def begin(self) -> str:
        """The name of a new, empty draft. Those that nobody touched for thirty days end here."""
        now_s = self._clock.now().utc_s
        self._sweep(now_s)
        stamp = iso_utc(now_s)[:19].replace("-", "").replace(":", "")
        draft = f"{stamp}-{secrets.token_hex(4)}"
        try:
            (self._root / draft).mkdir(parents=True)
        except OSError as error:
            raise _cannot(self._root, error) from error
        return draft

    def keep(self, draft: str, place: str, name: str, content: bytes) -> Kept:
        """Writes one file; the same content in the same place is kept once, under the name that it came with first.

        Raises InputError for a name that is none, RefusedError beyond the budget, StoreError when it cannot be written.
        """
        folder = self._place(draft, place)
        kept = Kept(place, f"{hashlib.sha256(content).hexdigest()[:16]}-{_plain_name(name)}", len(content))
        there = self.listed(draft)
        same = next((one for one in there if (one.place, one.mark) == (place, kept.mark)), None)
        if same is not None:
            return same
        self._require_room(len(there), len(content))
        target = folder / kept.name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            half = folder / f".{secrets.token_hex(6)}"
            half.write_bytes(content)
            half.replace(target)
            os.utime(self._root / draft)
        except OSError as error:
            raise _cannot(target, error) from error
        return kept

    def listed(self, draft: str) -> Sequence[Kept]:
        """Every file of the draft by place and name. Raises InputError for a draft that is not there."""
        folder = self.folder(draft)
        paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and _NAME.fullmatch(path.name))
        return [Kept(str(path.parent.relative_to(folder)), path.name, path.stat().st_size) for path in paths]

    def read(self, draft: str, place: str, name: str) -> bytes:
        """Raises InputError when it is not there."""
        path = self._file(draft, place, name)
        try:
            return path.read_bytes()
        except OSError as error:
            raise InputError(f"{place}/{name} is not in this draft") from error

    def move(self, draft: str, place: str, name: str, to: str) -> None:
        """Into another place of the same draft: a picture that turned out to show a defect."""
        source, folder = self._file(draft, place, name), self._place(draft, to)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            source.replace(folder / name)
        except FileNotFoundError as error:
            raise InputError(f"{place}/{name} is not in this draft") from error
        except OSError as error:
            raise _cannot(folder, error) from error

    def remove(self, draft: str, place: str, name: str) -> None:
        """No harm when it is gone already."""
        self._file(draft, place, name).unlink(missing_ok=True)

    def drop(self, draft: str) -> None:
        """The whole draft. No harm when it is gone already."""
        if _DRAFT.fullmatch(draft):
            shutil.rmtree(self._root / draft, ignore_errors=True)

    def folder(self, draft: str) -> Path:
        """Where the draft lies, for a job. Raises InputError for one that is not there."""
        if not _DRAFT.fullmatch(draft) or not (self._root / draft).is_dir():
            raise InputError("this draft is not here any more", hint="Begin a new one.")
        return self._root / draft

    def _require_room(self, files: int, more_bytes: int) -> None:
        if files >= self._most_files:
            raise RefusedError(f"a draft holds at most {self._most_files} files", hint="Begin a new one.")
        taken = sum(path.stat().st_size for path in self._root.rglob("*") if path.is_file())
        if taken + more_bytes > self._most_bytes:
            raise RefusedError(
                f"drafts may take {self._most_bytes // 2**20} MB in all, and that is used up",
                hint="Remove drafts that are not needed any more.",
            )

    def _place(self, draft: str, place: str) -> Path:
        if not _PLACE.fullmatch(place):
            raise InputError(f"'{place}' is no place in a draft")
        return self.folder(draft) / place

    def _file(self, draft: str, place: str, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise InputError(f"'{name}' is no name of a file in a draft")
        return self._place(draft, place) / name

    def _sweep(self, now_s: float) -> None:
        for folder in self._root.glob("*"):
            if _DRAFT.fullmatch(folder.name) and now_s - folder.stat().st_mtime > KEPT_S:
                shutil.rmtree(folder, ignore_errors=True)


def _plain_name(name: str) -> str:
    """The last part of what a browser called the file, of plain signs only."""
    last = re.sub(r"[^A-Za-z0-9._-]+", "-", name.replace("\\", "/").rpartition("/")[2]).strip("-.")
    if not last:
        raise InputError(f"'{name}' is no name of a file")
    return last[-80:]


def _cannot(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path}: cannot be written: {error.strerror}", hint="Check the room and the rights of the disk.")
