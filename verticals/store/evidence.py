"""Pictures and other bytes that a decision rests on: files named by their content, within a disk budget.

A piece is named by what it is before it is encoded, so that an event can name it before it is written. It is
written and synced before the row that makes it readable. When the budget is used up the oldest files go,
except those that open cases hold; their rows stay and say when.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import get_ident

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, case, func, select, update

from core.clock import Clock, SystemClock
from core.errors import DiskFullError, InputError, StoreError
from verticals.contract import Evidence
from verticals.store.database import DISK_FULL_ERRNOS, reading, upsert, writing
from verticals.store.tables import evidence

log = logging.getLogger(__name__)

FILES_A_SLICE = 32
_ROOM_AGAIN_BYTES = 16 << 20  # so that a full disk does not come and go with every picture
_EVICT_TO_SHARE = 0.98
_JPEG_QUALITY = 92
_JPEG_MOST_PX = 65_500  # of a side, by the format
_SIGNATURES = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Promised:
    """A piece that has its name and its room, and is not written yet."""

    sha256: str
    item: Evidence
    room_bytes: int


@dataclass(frozen=True, slots=True)
class Filed:
    """A file that lies on the disk, synced, and waits for the row that names it."""

    sha256: str
    media_type: str
    size_bytes: int
    at_utc_s: float
    hold: bool = False


def name_of(content: NDArray[np.uint8] | bytes) -> str:
    """The sha256 that names a piece: of its bytes, for an array of its kind and shape before them."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    digest = hashlib.sha256(f"array {content.dtype.str} {content.shape}\n".encode())
    digest.update(np.ascontiguousarray(content).data)
    return digest.hexdigest()


def media_type_of(content: NDArray[np.uint8] | bytes) -> str:
    """JPEG for HxWx3 RGB, PNG for HxW uint8, `.npy` for other arrays; bytes are what they begin like."""
    if isinstance(content, bytes):
        known = [media_type for signature, media_type in _SIGNATURES if content.startswith(signature)]
        return known[0] if known else "application/octet-stream"
    if content.dtype == np.uint8 and content.ndim == 3 and content.shape[2] == 3:
        return "image/jpeg"
    return "image/png" if content.dtype == np.uint8 and content.ndim == 2 else "application/x-npy"


def encode(content: NDArray[np.uint8] | bytes) -> tuple[bytes, str]:
    """The bytes to keep and their media type. Raises InputError for a picture that cannot be encoded."""
    media_type = media_type_of(content)
    if isinstance(content, bytes):
        return content, media_type
    _check(content, media_type)
    if media_type == "image/jpeg":
        return _picture(content[:, :, ::-1], ".jpg"), media_type
    if media_type == "image/png":
        return _picture(content, ".png"), media_type
    buffer = io.BytesIO()
    np.save(buffer, content, allow_pickle=False)
    return buffer.getvalue(), media_type


def prepare_encoder() -> None:
    """So that the first picture does not wait for a library to be loaded."""
    encode(np.zeros((8, 8, 3), np.uint8))


def _check(content: NDArray[np.uint8] | bytes, media_type: str) -> None:
    """What can be known of a picture without encoding it."""
    if isinstance(content, bytes) or not media_type.startswith("image/"):
        return
    if content.size == 0 or (media_type == "image/jpeg" and max(content.shape) > _JPEG_MOST_PX):
        raise InputError(f"a picture of {content.shape} cannot be kept as {media_type}")


def _picture(pixels: NDArray[np.uint8], ending: str) -> bytes:
    import cv2  # 0.1-0.2 s to import, and only the line writes pictures

    options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if ending == ".jpg" else [cv2.IMWRITE_PNG_COMPRESSION, 1]
    try:
        fine, encoded = cv2.imencode(ending, np.ascontiguousarray(pixels), options)
    except cv2.error as error:
        raise InputError(f"a picture of {pixels.shape} cannot be kept as {ending}: {error}") from error
    if not fine:
        raise InputError(f"a picture of {pixels.shape} cannot be kept as {ending}")
    return bytes(encoded.tobytes())


def enter(connection: Connection, files: Sequence[Filed]) -> None:
    """Names files in the caller's transaction: a new row, or the old one made new again; a hold counts once each."""
    rows = [
        {
            "sha256": filed.sha256,
            "media_type": filed.media_type,
            "size_bytes": filed.size_bytes,
            "stored_at_utc_s": filed.at_utc_s,
            "holds": 0,
            "evicted_at_utc_s": None,
        }
        for filed in files
    ]
    known = _holds(connection, [filed.sha256 for filed in files])
    for row, filed in zip(rows, files, strict=True):
        known[filed.sha256] = known.get(filed.sha256, 0) + int(filed.hold)
        row["holds"] = known[filed.sha256]
    upsert(connection, evidence, ["sha256"], rows)


def _holds(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    query = select(evidence.c.sha256, evidence.c.holds).where(evidence.c.sha256.in_(list(names)))
    return {row.sha256: row.holds for row in connection.execute(query)}


class EvidenceStore:
    """An app's evidence folder; any process may read. One thread alone may `promise`, `settle` and `evict`."""

    def __init__(
        self, folder: Path, engine: Engine, budget_bytes: float, min_free_bytes: float, clock: Clock | None = None
    ) -> None:
        self._folder = folder
        self._engine = engine
        self._budget_bytes = budget_bytes
        self._min_free_bytes = min_free_bytes
        self._clock = clock or SystemClock()
        self._used_bytes: int | None = None
        self._excess_bytes = 0.0
        self._coming: Counter[str] = Counter()
        self._promised_bytes = 0
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, item: Evidence) -> str:
        """Stores one piece by itself and gives its sha256. Raises as `promise` and `file`, and StoreError."""
        promised = self.promise(item)
        try:
            filed = self.file(promised)
            with writing(self._engine) as connection:
                enter(connection, [filed])
        finally:
            self.settle(promised)
        return promised.sha256

    def promise(self, item: Evidence, name: str = "") -> Promised:
        """Its name (`name` where `name_of` was asked already) and its room; not evicted until `settle`.

        Nothing is encoded or written; the room is that of the raw content, which is seldom needed. Raises
        DiskFullError when less than the reserve would be left even after the oldest files went, InputError for
        a picture that cannot be encoded.
        """
        content = item.content
        _check(content, media_type_of(content))
        size_bytes = len(content) if isinstance(content, bytes) else content.nbytes
        promised = Promised(name or name_of(content), item, size_bytes)
        try:
            if not self._path(promised.sha256).exists():
                self._want_room(self._promised_bytes + size_bytes)
        except OSError as error:
            raise self._wrapped(error, self._folder) from error
        self._coming[promised.sha256] += 1
        self._promised_bytes += size_bytes
        return promised

    def file(self, promised: Promised) -> Filed:
        """Writes and syncs the file, from any thread; `Entry.evidence` then names it in a transaction.

        Raises DiskFullError, StoreError, and InputError for what only the encoder finds out.
        """
        path, content = self._path(promised.sha256), promised.item.content
        try:
            if path.exists():
                _sync_folder(path.parent)  # another thread may have put it there a moment ago
                media_type, size_bytes = media_type_of(content), path.stat().st_size
            else:
                encoded, media_type = encode(content)
                _write_synced(path, encoded)
                size_bytes = len(encoded)
        except OSError as error:
            raise self._wrapped(error, path) from error
        return Filed(promised.sha256, media_type, size_bytes, self._clock.now().utc_s, promised.item.hold)

    def settle(self, promised: Promised) -> None:
        """The piece has its row, or never will: its room is given back."""
        self._promised_bytes -= promised.room_bytes
        self._coming[promised.sha256] -= 1
        if self._coming[promised.sha256] <= 0:
            del self._coming[promised.sha256]

    def _wrapped(self, error: OSError, path: Path) -> StoreError:
        what = f"{path}: evidence cannot be written: {error}"
        if error.errno in DISK_FULL_ERRNOS:
            return DiskFullError(what, hint="Make room; recording goes on by itself.")
        return StoreError(what, hint="Check the evidence folder and its disk.")

    def get(self, sha256: str) -> tuple[bytes, str] | None:
        """The bytes and their media type; None when it was evicted, is not written yet or never was."""
        if len(sha256) != 64 or not _HEX.issuperset(sha256):
            return None
        with reading(self._engine) as connection:
            query = select(evidence.c.media_type, evidence.c.evicted_at_utc_s).where(evidence.c.sha256 == sha256)
            row = connection.execute(query).first()
        if row is None or row.evicted_at_utc_s is not None:
            return None
        try:
            return self._path(sha256).read_bytes(), str(row.media_type)
        except FileNotFoundError:
            return None

    def hold(self, sha256: str) -> None:
        """Keeps it past the budget, once more, until it is released as often."""
        self._change_holds(sha256, evidence.c.holds + 1)

    def release(self, sha256: str) -> None:
        """Takes one hold away; a piece that nobody holds may go when its turn comes."""
        self._change_holds(sha256, case((evidence.c.holds > 0, evidence.c.holds - 1), else_=0))

    def _change_holds(self, sha256: str, value: object) -> None:
        with writing(self._engine) as connection:
            connection.execute(update(evidence).where(evidence.c.sha256 == sha256).values(holds=value))

    def used_bytes(self) -> int:
        """The bytes of all files that are still there."""
        with reading(self._engine) as connection:
            query = select(func.coalesce(func.sum(evidence.c.size_bytes), 0))
            return int(connection.scalar(query.where(evidence.c.evicted_at_utc_s.is_(None))) or 0)

    @property
    def over_budget(self) -> bool:
        """Whether `evict` has more to do."""
        return self._excess_bytes > 0

    def evict(self, added_bytes: int = 0) -> int:
        """Drops the oldest files beyond the budget, one slice a call, and gives how many went.

        `added_bytes` were stored since the last call. Once over the budget it goes on, call by call, until
        a little room is made, so that the sum over all rows is seldom needed. One thread only.
        """
        if self._used_bytes is None:
            self._used_bytes = self.used_bytes()
        else:
            self._used_bytes += added_bytes
        if self._excess_bytes <= 0 and self._used_bytes > self._budget_bytes:
            self._used_bytes = self.used_bytes()
            self._excess_bytes = self._used_bytes - _EVICT_TO_SHARE * self._budget_bytes
        if self._excess_bytes <= 0:
            return 0
        want_bytes, self._excess_bytes = self._excess_bytes, 0.0  # a failure ends this round, not the caller's loop
        count, size_bytes = self._drop_oldest(want_bytes)
        if count:
            self._used_bytes -= size_bytes
            self._excess_bytes = want_bytes - size_bytes
        else:
            log.warning("%s: over its budget, and open cases hold all that is left", self._folder)
            self._used_bytes = round(_EVICT_TO_SHARE * self._budget_bytes)  # looks again when that much more came
        return count

    def has_room(self) -> bool:
        """Whether evidence can be kept again after the disk was full: the reserve is there, and some more."""
        try:
            return shutil.disk_usage(self._folder).free >= self._min_free_bytes + _ROOM_AGAIN_BYTES
        except OSError:
            return False

    def _want_room(self, size_bytes: int) -> None:
        while (missing_bytes := self._min_free_bytes + size_bytes - shutil.disk_usage(self._folder).free) > 0:
            if self._drop_oldest(missing_bytes)[0] == 0:
                raise DiskFullError(
                    f"{self._folder}: less than {self._min_free_bytes / 1e6:.0f} MB are free, the reserve for events",
                    hint="Make room on this disk; evidence is kept again by itself.",
                )

    def _drop_oldest(self, want_bytes: float) -> tuple[int, int]:
        """Rows first, files after: what a kill between leaves behind is swept at the next start."""
        query = select(evidence.c.sha256, evidence.c.size_bytes).order_by(evidence.c.stored_at_utc_s)
        query = query.where(evidence.c.evicted_at_utc_s.is_(None), evidence.c.holds == 0)
        query = query.where(evidence.c.sha256.not_in(list(self._coming))).limit(FILES_A_SLICE)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        going: list[str] = []
        dropped_bytes = 0
        for row in rows:
            if dropped_bytes >= want_bytes:
                break
            going.append(row.sha256)
            dropped_bytes += row.size_bytes
        if going:
            gone = {"evicted_at_utc_s": self._clock.now().utc_s}
            with writing(self._engine) as connection:
                connection.execute(update(evidence).where(evidence.c.sha256.in_(going)).values(**gone))
        for sha256 in going:
            self._path(sha256).unlink(missing_ok=True)
        return len(going), dropped_bytes

    def sweep(self) -> int:
        """Removes files that no row names, left by a kill, and gives how many; for the start, before any `promise`."""
        with reading(self._engine) as connection:
            named = set(connection.scalars(select(evidence.c.sha256).where(evidence.c.evicted_at_utc_s.is_(None))))
        strays = [path for path in self._folder.glob("??/*") if path.parent.name + path.name not in named]
        for path in strays:
            path.unlink(missing_ok=True)
        if strays:
            log.warning("%s: %d files that no event names were removed", self._folder, len(strays))
        return len(strays)

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256[2:]


def _write_synced(path: Path, content: bytes) -> None:
    if not path.parent.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _sync_folder(path.parent.parent)
    part = path.with_name(f"{path.name}.{os.getpid()}-{get_ident()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
