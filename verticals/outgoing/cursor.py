"""How far a record was sent on: kept in a file of its own, moved when all before it waits to be delivered."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from core.errors import StoreError
from verticals.devices.opcua_certificates import write_owner_only

log = logging.getLogger(__name__)


class Cursor:
    """`sequence` of the last event that was; `at_utc_s` of what is sent on by time. `known`: there was such a file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.sequence = 0
        self.at_utc_s = 0.0
        self.known = False
        try:
            kept = json.loads(file.read_text("utf-8"))
            self.sequence, self.at_utc_s = int(kept["sequence"]), float(kept["at_utc_s"])
            self.known = True
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s cannot be read: what is recorded from now on is sent on: %s", file, error)

    def move(self, sequence: int, at_utc_s: float) -> None:
        """Raises StoreError when it cannot be written; then it stands where it stood."""
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_owner_only(self._file, json.dumps({"sequence": sequence, "at_utc_s": at_utc_s}).encode())
        except OSError as error:
            raise StoreError(f"{self._file}: cannot be written: {error.strerror}") from error
        self.sequence, self.at_utc_s, self.known = sequence, at_utc_s, True
