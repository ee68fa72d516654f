"""One part's way through the cell, from the photo eye to the gate, and its line in the log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.clock import Instant

#: Why the gate let a part pass or not. Only ACCEPTED passes.
ACCEPTED = "accepted"
REJECTED = "rejected"
TIMEOUT = "timeout"
NOT_READY = "not-ready"
BUSY = "busy"
WATCHDOG = "watchdog"
POWER_LOSS = "power-loss"


@dataclass(frozen=True, slots=True)
class Part:
    """What lies on the belt. `truth` is `good`, the defect's name, or empty where nobody knows."""

    part_id: int
    picture: str = ""
    truth: str = ""


@dataclass(slots=True)
class Passage:
    """Everything the PLC knows of one part. `reason` stays TIMEOUT until a result changes it: REJECT is the rule."""

    part: Part
    seen: Instant
    triggered: bool = False
    reason: str = TIMEOUT
    closed: bool = False  # the window is over or a result was taken
    result: Instant | None = None
    code: int | None = None
    score: float | None = None
    bypass: bool = False
    wrong_echoes: list[int] = field(default_factory=list)
    late_s: float | None = None
    faulted: bool = False

    @property
    def rejected(self) -> bool:
        return self.reason != ACCEPTED

    def row(self, gate: Instant, *, gate_rejected: bool) -> dict[str, Any]:
        """Its line in the log: times in seconds, UTC for people and monotonic for differences."""
        result_s = None if self.result is None else round(self.result.since(self.seen), 6)
        return {
            "kind": "part",
            "part_id": self.part.part_id,
            "picture": self.part.picture,
            "truth": self.part.truth,
            "triggered": self.triggered,
            "trigger_mono_s": round(self.seen.mono_s, 6),
            "trigger_utc": self.seen.iso(),
            "result_s": result_s,
            "verdict": self._verdict(),
            "reason": self.reason,
            "code": self.code,
            "score": self.score,
            "bypass": self.bypass,
            "wrong_echoes": self.wrong_echoes,
            "late_s": self.late_s,
            "plc_fault": self.faulted,
            "gate_mono_s": round(gate.mono_s, 6),
            "gate_utc": gate.iso(),
            "gate_rejected": gate_rejected,
        }

    def _verdict(self) -> str:
        if self.result is None:
            return "none"
        return "accept" if self.reason == ACCEPTED else "reject"
