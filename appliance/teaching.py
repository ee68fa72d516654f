"""Teaches in the foreground, where no jobs process runs: for the demo and for `edgewise manufacturing teach`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.clock import Clock, SystemClock
from verticals.places import Places

_SAY_EVERY_S = 1.0


@dataclass(slots=True)
class Foreground:
    """A job's surroundings in this very process; progress goes to `say`, at most once a second."""

    places: Places
    clock: Clock
    say: Callable[[str], None]
    app: str = "manufacturing"
    _said_mono_s: float = float("-inf")

    def progress(self, share: float, text: str) -> None:
        now_s = self.clock.now().mono_s
        if now_s - self._said_mono_s >= _SAY_EVERY_S or share >= 1.0:
            self._said_mono_s = now_s
            self.say(f"teaching: {share:4.0%} {text}")

    def cancelled(self) -> bool:
        return False


def teach_now(places: Places, recipe: str, folder: Path, say: Callable[[str], None]) -> tuple[str, str]:
    """Name and version of the package that lies on the shelf now. Raises EdgewiseError."""
    from manufacturing.teaching import run

    taught = run(Foreground(places, SystemClock(), say), {"recipe": recipe, "folder": str(folder.absolute())})
    return str(taught["name"]), str(taught["version"])
