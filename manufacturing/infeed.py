"""The PLC's counters: which parts it counted that are not on record here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manufacturing.reading import whole
from verticals.contract import Sample


class Infeed:
    """`counter` triggered and `passed` seen, as of the last part on record."""

    def __init__(self) -> None:
        self.counter = 0
        self.passed = 0

    def restore(self, kept: Mapping[str, Any]) -> None:
        self.counter = int(kept.get("counter", self.counter))
        self.passed = int(kept.get("passed", self.passed))

    def state(self) -> dict[str, int]:
        return {"counter": self.counter, "passed": self.passed}

    def gap(self, sample: Sample) -> tuple[str, dict[str, Any]] | None:
        """Subject and data of the parts that the PLC counted since the last one recorded; None: there are none.

        None of them can have been accepted: an accept leaves only after its record. `not_triggered` passed the camera
        while the box was not ready.
        """
        counter, passed = (whole(sample, name) for name in ("counter", "passed"))
        last, self.counter = self.counter, counter
        last_passed, self.passed = self.passed, passed
        if not last or counter < last:
            return None
        missing = max(0, counter - last - 1)
        not_triggered = max(0, passed - last_passed - 1 - missing) if last_passed else 0
        if not missing + not_triggered:
            return None
        data = {
            "from_counter": last + 1,
            "to_counter": counter - 1,
            "count": missing,
            "not_triggered": not_triggered,
            "why": "Decided, not recorded" if missing else "Passed while not ready",
        }
        return f"{last + 1}-{counter - 1}" if missing else f"after {last}", data
