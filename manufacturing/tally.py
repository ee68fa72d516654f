"""Counts of a shift and the decision times of its last parts. Good + rejected + not inspected = infeed."""

from __future__ import annotations

import base64
from array import array
from collections import deque
from collections.abc import Mapping
from typing import Any

from manufacturing.results import ResultCode, judged

_TIMES_KEPT = 1000
_LONGEST = 0xFFFF  # tenths of a millisecond


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
        self._decided: deque[int] = deque(maxlen=_TIMES_KEPT)  # tenths of a millisecond

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
        self._decided.append(min(_LONGEST, max(0, round(after_ms * 10))))

    def missing(self, shift: str, count: int) -> None:
        """Parts that the PLC has counted and this box has no record of."""
        self._turn(shift)
        self.unrecorded += count

    def label(self, label: str, *, was: str = "", shift: str = "") -> None:
        """A person's word in the place of `was`; one on a part of another shift is not counted here."""
        if shift not in ("", self.shift):
            return
        self.false_rejects = max(0, self.false_rejects + (label == "false-reject") - (was == "false-reject"))
        self.missed_defects = max(0, self.missed_defects + (label == "missed-defect") - (was == "missed-defect"))

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
        times = sorted(self._decided)
        if not times:
            return {}
        at = {"p50": len(times) // 2, "p99": min(len(times) - 1, int(len(times) * 0.99)), "worst": len(times) - 1}
        return {name: times[index] / 10 for name, index in at.items()}

    def state(self) -> dict[str, Any]:
        """Saved with every part: the thousand times are one short text, which costs a part no time."""
        kept = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        return {**kept, "decided": base64.b64encode(array("H", self._decided).tobytes()).decode()}

    def restore(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            if name == "decided":
                self._decided.extend(array("H", base64.b64decode(value)))
            elif name in vars(self):
                setattr(self, name, value)

    def _turn(self, shift: str) -> None:
        if shift != self.shift:
            self.__init__()  # type: ignore[misc]
            self.shift = shift
