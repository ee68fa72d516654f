"""What a job function works with: `def run(ctx: JobContext, inputs: Json) -> Json`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from core.clock import Clock
from verticals.contract import Json
from verticals.places import Places

#: Progress is told no more often than this; what comes in between is dropped.
PROGRESS_EVERY_S = 0.25


@dataclass(slots=True)
class JobContext:
    """Belongs to the one process that works the job. `who` is the person who asked, empty for the box.

    `tell` takes progress on its way; `asked_to_stop` says whether a person cancelled the job.
    """

    app: str
    job: int
    who: str
    places: Places
    clock: Clock
    tell: Callable[[Json], None] = lambda message: None
    asked_to_stop: Callable[[], bool] = lambda: False
    saw_cancel: bool = field(default=False, init=False)
    _told_mono_s: float = field(default=float("-inf"), init=False)

    def progress(self, share: float, text: str) -> None:
        """How far it is, 0..1, and what it is at. May be called as often as it pleases."""
        now_s = self.clock.now().mono_s
        if now_s - self._told_mono_s < PROGRESS_EVERY_S:
            return
        self._told_mono_s = now_s
        self.tell({"share": float(share), "text": text})

    def cancelled(self) -> bool:
        """True once a person wants it to stop: return soon, whatever is returned then is thrown away."""
        self.saw_cancel = self.saw_cancel or self.asked_to_stop()
        return self.saw_cancel
