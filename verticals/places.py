"""Where everything of a box lies: one data directory, and short-lived sockets beside it."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from core.errors import StoreError
from verticals.store.server import Schema, Server

_SOCKET_PATH_LIMIT = 100  # sun_path holds 108 bytes; a longer path cannot be bound


@dataclass(frozen=True, slots=True)
class Places:
    """The data directory of one box, and the server of its stores where it has one.

    Nothing is made by asking; `make` makes the folders.
    """

    data: Path
    server: Server | None = None

    def as_json(self) -> dict[str, str]:
        """For a process that works here too; it holds no secret."""
        password = self.server.password_file if self.server else None
        return {
            "data": str(self.data),
            "url": self.server.url if self.server else "",
            "password_file": str(password) if password else "",
        }

    @classmethod
    def from_json(cls, values: Mapping[str, str]) -> Self:
        password = values["password_file"]
        server = Server(values["url"], Path(password) if password else None) if values["url"] else None
        return cls(Path(values["data"]), server)

    def app(self, app: str) -> Path:
        return self.data / app

    def events_db(self, app: str) -> Path:
        return self.data / app / "events.db"

    def app_store(self, app: str) -> Path | Schema:
        """Where the app's events are: its own file, or its schema on the server."""
        return self.server.schema(app) if self.server else self.events_db(app)

    @property
    def box_store(self) -> Path | Schema:
        """Where accounts, sessions, audit, outbox and jobs are."""
        return self.server.schema("box") if self.server else self.box_db

    def apps(self) -> list[str]:
        """Every app that has a record here."""
        return sorted(path.parent.name for path in self.data.glob("*/evidence" if self.server else "*/events.db"))

    def evidence(self, app: str) -> Path:
        return self.data / app / "evidence"

    def drafts(self, app: str) -> Path:
        return self.data / app / "drafts"

    @property
    def box_db(self) -> Path:
        return self.data / "box" / "box.db"

    @property
    def models(self) -> Path:
        return self.data / "models"

    @property
    def measured(self) -> Path:
        """What each package takes on each execution provider of this box."""
        return self.data / "models" / "measured"

    @property
    def keys(self) -> Path:
        return self.data / "keys"

    @property
    def backups(self) -> Path:
        return self.data / "backups"

    def live_socket(self, app: str) -> Path:
        return self._socket(f"{app}.live")

    def camera_socket(self, app: str, camera: str) -> Path:
        return self._socket(f"{app}.{camera}.camera")

    def bell_socket(self, app: str, device: str) -> Path:
        """Where a device of the line is rung by other processes of the box: what it reads there has changed."""
        return self._socket(f"{app}.{device}.bell")

    def bell_sockets(self, app: str) -> list[Path]:
        """Those that hang now, of all devices of the app."""
        return sorted(self._run().glob(f"{app}.*.bell.sock"))

    @property
    def jobs_socket(self) -> Path:
        """Rung when there is a job to look at."""
        return self._socket("jobs")

    @property
    def supervisor_socket(self) -> Path:
        """Where each process tells the supervisor that its work loop moved."""
        return self._socket("supervisor")

    @property
    def processes_file(self) -> Path:
        """What the supervisor last knew of every process, as JSON."""
        return self._run() / "processes.json"

    def inference_file(self, app: str) -> Path:
        """How the models of an app's line fared when that last changed, as JSON."""
        return self._run() / f"{app}.inference.json"

    def make(self, app: str) -> None:
        """The folders that `app` and the box need. Raises StoreError naming the one that cannot be made.

        What is said of people (records, evidence, backups) and the keys are for the owner's eyes alone.
        """
        _make(self.models, 0o777)
        for folder in (self.app(app), self.evidence(app), self.box_db.parent, self.backups, self.keys, self._run()):
            _make(folder, 0o700)

    def _run(self) -> Path:
        folder = self.data.absolute() / "run"
        if len(str(folder)) <= _SOCKET_PATH_LIMIT - 40:
            return folder
        mark = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"edgewise-{mark}"

    def _socket(self, name: str) -> Path:
        return self._run() / f"{name}.sock"


def _make(folder: Path, mode: int) -> None:
    try:
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{folder}: this folder cannot be made: {error.strerror}",
            hint="Check who owns the data directory and whether its disk is mounted read-only.",
        ) from error
