"""Pictures in a folder as a camera: played in order, or a hot folder that another program drops them into."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.clock import Clock, Instant
from core.errors import DeviceError, InputError
from core.settings import STRICT_KEYS, Count, Seconds, checked
from verticals.devices.pictures import (
    MAX_PIXELS,
    SUFFIXES,
    CutOffError,
    decode_picture,
    picture_size,
    prepare_decoder,
    read_file,
)
from verticals.devices.sources import Shot

_RELIST_S = 0.02  # how often a hot folder is looked into while a trigger waits; never without one
_READING_S = 2.0  # what reading and decoding one picture may take on top


class Order(StrEnum):
    CYCLE = "cycle"  # in order of name, again from the start after the last
    NEWEST = "newest"  # the picture named like the ticket, else the newest that was not taken yet
    NAMED = "named"  # only the picture named like the ticket


@dataclass(frozen=True, slots=True)
class FolderSettings:
    """`wait` is how long a trigger waits for its picture to arrive in a hot folder."""

    __pydantic_config__ = STRICT_KEYS
    folder: Path
    order: Order = Order.CYCLE
    wait: Seconds = 0.3
    max_pixels: Count = MAX_PIXELS


def open_folder(options: Mapping[str, Any], clock: Clock) -> FolderSource:
    """Raises SettingsError for wrong options; a folder that is not there yet is told at each grab."""
    return FolderSource(checked(FolderSettings, options, "camera.folder"), clock)


class FolderSource:
    def __init__(self, settings: FolderSettings, clock: Clock, sleep: Callable[[float], None] = time.sleep) -> None:
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._queue: list[Path] = []
        self._taken: tuple[int, str] = (-1, "")  # time of writing and name of the newest picture taken so far
        self.grab_limit_s = settings.wait + _READING_S

    def expected_bytes(self) -> int:
        prepare_decoder()
        for path in self._list()[:1]:
            try:
                height, width = picture_size(path.read_bytes())
            except (InputError, OSError):
                return 0
            return height * width * 3 if height * width <= self._settings.max_pixels else 0
        return 0

    def grab(self, ticket: str, at: Instant | None = None) -> Shot:
        """The time of the shot is the moment of the trigger: a file knows no better one."""
        at = at or self._clock.now()
        if self._settings.order is Order.CYCLE:
            path = self._next()
            content = read_file(path)
        else:
            path, content = self._arrived(ticket)
        return Shot(decode_picture(content, str(path), self._settings.max_pixels), at)

    def close(self) -> None:
        self._queue.clear()

    def _list(self) -> list[Path]:
        """All pictures, by name. Hidden files are left out: uploads often begin as one."""
        try:
            found = [path for path in self._settings.folder.iterdir() if path.suffix.lower() in SUFFIXES]
        except OSError as error:
            raise DeviceError(
                f"camera folder {self._settings.folder} cannot be read: {error.strerror}",
                hint="Make it, or correct 'folder' in the site file.",
            ) from error
        return sorted(path for path in found if not path.name.startswith("."))

    def _next(self) -> Path:
        if not self._queue:
            self._queue = self._list()[::-1]
        if not self._queue:
            raise DeviceError(f"camera folder {self._settings.folder} holds no PNG, JPEG or BMP picture")
        return self._queue.pop()

    def _arrived(self, ticket: str) -> tuple[Path, bytes]:
        """Waits for a whole picture that belongs to `ticket`, at most `wait`; read once, since it is large."""
        until_s = self._clock.now().mono_s + self._settings.wait
        while True:
            path = self._candidate(ticket)
            content = None if path is None else _whole(path)
            if path is not None and content is not None:
                self._taken = max(self._taken, _age(path))
                return path, content
            if self._clock.now().mono_s >= until_s:
                wait_ms = self._settings.wait * 1e3
                raise DeviceError(f"no new picture for '{ticket}' in {self._settings.folder} within {wait_ms:.0f} ms")
            self._sleep(_RELIST_S)

    def _candidate(self, ticket: str) -> Path | None:
        """A ticket only ever selects among names that are there: it cannot lead out of the folder."""
        pictures = self._list()
        named = next((path for path in pictures if path.stem == ticket), None)
        if named is not None or self._settings.order is Order.NAMED:
            return named
        ages = {path: age for path in pictures if (age := _age(path)) > self._taken}
        return max(ages, key=lambda path: ages[path], default=None)  # an older one may be the part before


def _age(path: Path) -> tuple[int, str]:
    try:
        return path.stat().st_mtime_ns, path.name
    except OSError:
        return -1, path.name  # gone between listing and looking


def _whole(path: Path) -> bytes | None:
    """The content, unless somebody is still writing it, judged by the file's own end mark."""
    try:
        content = read_file(path)
    except InputError:
        if path.exists():
            raise
        return None  # gone between listing and reading
    try:
        picture_size(content)
    except CutOffError:
        return None
    except InputError:
        return content  # whole and wrong: let the decoding of it say so
    return content
