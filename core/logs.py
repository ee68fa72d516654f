"""Logging: one line a record on stderr, JSON when asked; a gone device is said once, not each second."""

from __future__ import annotations

import json
import logging
import sys

from core.clock import iso_utc


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {"at": iso_utc(record.created), "level": record.levelname.lower(), "logger": record.name,
                 "process": record.processName, "message": record.getMessage()}  # fmt: skip
        if record.exc_info:
            entry["trace"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def set_up(level: str = "info", *, as_json: bool = False) -> None:
    """Logs of this process to stderr. The libraries' own chatter is kept to warnings."""
    handler = logging.StreamHandler(sys.stderr)
    plain = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    handler.setFormatter(_JsonLines() if as_json else plain)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in ("asyncua", "pymodbus", "uvicorn", "alembic", "websockets"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


class OutageLog:
    """Says once when something goes and once when it is back; what lies between goes to debug."""

    def __init__(self, log: logging.Logger, what: str) -> None:
        self._log = log
        self._what = what
        self.down = False

    def gone(self, why: object) -> None:
        level = logging.DEBUG if self.down else logging.ERROR
        self._log.log(level, "%s is gone: %s", self._what, why)
        self.down = True

    def back(self) -> None:
        if self.down:
            self._log.warning("%s is back", self._what)
        self.down = False
