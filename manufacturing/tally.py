"""Counts of a shift and the decision times of its last parts. Good + rejected + not inspected = infeed."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from manufacturing.results import ResultCode, judged

_TIMES_KEPT = 1000


class Tally:
    """Counts since the shift began; starts again by itself when a part of another shift comes."""

    def __init__(self) -> None:
        self.shift = ""
        self.good = 0
        self.defects = 0
        self.unjudged = 0
        self.bypassed = 0
        self.unrecorded = 0
        self.false_rejects = 0
        self.missed_defects = 0
        self._decided_ms: deque[float] = deque(maxlen=_TIMES_KEPT)

    def part(self, shift: str, code: int) -> None:
        self._turn(shift)
        if code == ResultCode.PASS:
            self.good += 1
        elif code == ResultCode.BYPASS:
            self.bypassed += 1
        elif judged(code):
            self.defects += 1
        else:
            self.unjudged += 1

    def delivered(self, after_ms: float) -> None:
        """From the trigger to the end of the delivery of a result."""
        self._decided_ms.append(after_ms)

    def missing(self, shift: str, count: int) -> None:
        """Parts that the PLC has counted and this box has no record of."""
        self._turn(shift)
        self.unrecorded += count

    def label(self, label: str) -> None:
        self.false_rejects += label == "false-reject"
        self.missed_defects += label == "missed-defect"

    def counts(self) -> dict[str, int]:
        rejected = self.defects + self.unjudged + self.unrecorded
        return {
            "good": self.good,
            "defects": self.defects,
            "unjudged": self.unjudged,
            "unrecorded": self.unrecorded,
            "bypassed": self.bypassed,
            "rejected": rejected,
            "infeed": self.good + rejected + self.bypassed,
            "false_rejects": self.false_rejects,
            "missed_defects": self.missed_defects,
        }

    def decided_ms(self) -> dict[str, float]:
        """`p50`, `p99` and `worst` of the last thousand parts in ms; empty before the first."""
        times = sorted(self._decided_ms)
        if not times:
            return {}
        at = {"p50": len(times) // 2, "p99": min(len(times) - 1, int(len(times) * 0.99)), "worst": len(times) - 1}
        return {name: round(times[index], 1) for name, index in at.items()}

    def state(self) -> dict[str, Any]:
        kept = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        return {**kept, "decided_ms": [round(value, 2) for value in self._decided_ms]}

    def restore(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            if name == "decided_ms":
                self._decided_ms.extend(float(item) for item in value)
            elif name in vars(self):
                setattr(self, name, value)

    def _turn(self, shift: str) -> None:
        if shift != self.shift:
            self.__init__()  # type: ignore[misc]
            self.shift = shift
