"""What the supervisor knows of every process, in one JSON file that the screens and `doctor` read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from core.errors import StoreError


@dataclass(frozen=True, slots=True)
class Standing:
    """One process. `state`: starting, running, waiting (to be started again), stopping or off.

    `restless`: it stopped five times within a minute and has not run for a minute since.
    """

    name: str
    state: str
    since_utc_s: float
    pid: int = 0
    restarts: int = 0
    restless: bool = False
    last_end: str = ""
    next_start_utc_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Roster:
    """All processes at `at_utc_s`, told by the supervisor with process id `supervisor`."""

    at_utc_s: float
    supervisor: int
    processes: Mapping[str, Standing] = field(default_factory=dict)

    @property
    def restless(self) -> Sequence[str]:
        return [name for name, standing in self.processes.items() if standing.restless]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def write_roster(path: Path, roster: Roster) -> None:
    """Replaces the file as a whole. Raises StoreError when it cannot be written."""
    new = path.with_suffix(".new")
    try:
        new.write_text(json.dumps(roster.as_json()), "utf-8")
        new.replace(path)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error}", hint="Check the disk's room and rights.") from error


def read_roster(path: Path) -> Roster | None:
    """None when there is no file, it is not one of ours, or the supervisor that wrote it is gone."""
    try:
        content = json.loads(path.read_text("utf-8"))
        standings = {name: Standing(**values) for name, values in content["processes"].items()}
        roster = Roster(float(content["at_utc_s"]), int(content["supervisor"]), standings)
        os.kill(roster.supervisor, 0)
    except PermissionError:
        return roster  # it lives, under another user
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None
    return roster
