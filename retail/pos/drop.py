"""The drop folder of the tills: whole files in, moved to `done` when what they say is in the store. Device `pos-drop`.

A file is looked at once it has stopped growing. One that cannot be read goes to `refused` with the reason beside it;
while the store cannot record, files stay where they are. A kill between record and move has the file read once more,
which counts nothing twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import DeviceError, InputError, StoreError
from retail.pos.hook import read, shop_of
from retail.pos.transaction import fact_of
from retail.settings import RetailSettings
from verticals.contract import Action, DeviceNews, DeviceSpec, Sample
from verticals.devices.base import Port, Surroundings

log = logging.getLogger(__name__)

DONE, REFUSED = "done", "refused"
FOLDER_LOST, FILE_REFUSED = "folder-lost", "file-refused"
MEDIA_TYPES = {".csv": "text/csv", ".json": "application/json", ".xml": "application/xml"}
MOST_BYTES = 64 << 20
_DOCUMENTS_A_SAMPLE = 500

#: Size and time of writing, in ns: what changes while somebody still writes.
_Mark = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Seen:
    path: Path
    mark: _Mark


class DropFolder:
    """Belongs to the line's event loop; the disk is touched in threads."""

    def __init__(self, name: str, settings: RetailSettings) -> None:
        assert settings.pos.drop is not None
        self.name = name
        self._settings = settings
        self._folder = settings.pos.drop.folder
        self._every_s = settings.pos.drop.every
        self._growing: dict[Path, _Mark] = {}
        self._told: dict[str, str] = {}

    async def run(self, port: Port) -> None:
        """Looks into the folder every `every`; two looks must find a file the same before it is read."""
        while True:
            try:
                for path in await asyncio.to_thread(self._ripe):
                    await self._take(path, port)
                self._tell(port, FOLDER_LOST, "")
            except OSError as error:
                self._tell(port, FOLDER_LOST, f"{self._folder}: {error.strerror or error}")
            await asyncio.sleep(self._every_s)

    async def act(self, action: Action) -> str:
        raise DeviceError(f"{self.name} takes no orders: it only reads")

    async def steer(self, *, ready: bool, beat: int) -> None:
        """Nothing to steer."""

    def _ripe(self) -> Sequence[Path]:
        """Files that have not changed since the look before, the oldest first. Raises OSError."""
        for name in (DONE, REFUSED):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        now = {seen.path: seen.mark for seen in self._listed()}
        ripe = [path for path, mark in now.items() if self._growing.get(path) == mark]
        self._growing = now
        return sorted(ripe, key=lambda path: (now[path][1], path.name))

    def _listed(self) -> list[_Seen]:
        found = []
        for entry in os.scandir(self._folder):
            path = Path(entry.path)
            if entry.name.startswith(".") or path.suffix.lower() not in MEDIA_TYPES or not entry.is_file():
                continue
            stat = entry.stat()
            found.append(_Seen(path, (stat.st_size, stat.st_mtime_ns)))
        return found

    async def _take(self, path: Path, port: Port) -> None:
        """Reads one file, waits until it is recorded, puts it away. One that is gone meanwhile is nobody's."""
        try:
            content = await asyncio.to_thread(_content, path)
            media_type = MEDIA_TYPES[path.suffix.lower()]
            found = await asyncio.to_thread(read, content, media_type, self._settings, path.name)
            payload, counts = fact_of(found, shop_of(self._settings))
        except FileNotFoundError:
            return
        except InputError as error:
            await asyncio.to_thread(_refuse, self._folder, path, str(error))
            self._tell(port, FILE_REFUSED, f"{path.name}: {error.message}"[:200])
            return
        try:
            await self._bring(payload["documents"], hashlib.sha256(content).hexdigest(), port)
        except StoreError as error:
            log.warning("%s stays in the drop folder: %s", path.name, error)
            return
        log.info("%s: %s", path.name, counts)
        await asyncio.to_thread(_put_away, path, self._folder / DONE)
        if not counts["refused"]:
            self._tell(port, FILE_REFUSED, "")

    async def _bring(self, documents: Sequence[object], mark: str, port: Port) -> None:
        """In portions, each recorded before the next."""
        for first in range(0, len(documents), _DOCUMENTS_A_SAMPLE):
            some = json.dumps(documents[first : first + _DOCUMENTS_A_SAMPLE], separators=(",", ":"))
            values = {"kind": "documents", "documents": some}
            sample = Sample(self.name, port.clock.now(), values, f"{mark}/{first}")
            await port.emit(sample)
            await sample.recorded

    def _tell(self, port: Port, code: str, why: str) -> None:
        """Once when it becomes so and once when it is over; `why` is empty when it is."""
        if self._told.get(code, "") != why:
            self._told[code] = why
            port.news(DeviceNews(self.name, not why, port.clock.now(), code, why))


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise InputError(f"{path.name}: more than {MOST_BYTES >> 20} MB", hint="Split it.")
    return content


def _refuse(folder: Path, path: Path, why: str) -> None:
    """The reason is there before the file is: nobody finds one without the other."""
    target = _free(folder / REFUSED / path.name)
    target.with_name(f"{target.name}.why.txt").write_text(f"{why}\n", "utf-8")
    path.replace(target)


def _put_away(path: Path, folder: Path) -> None:
    path.replace(_free(folder / path.name))


def _free(path: Path) -> Path:
    """The name, with a number behind it where another file has it."""
    number = 1
    target = path
    while target.exists():
        number += 1
        target = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return target


def make(spec: DeviceSpec, surroundings: Surroundings) -> DropFolder:
    """The folder of a site; `spec.options` are its RetailSettings."""
    return DropFolder(spec.name, spec.options)
