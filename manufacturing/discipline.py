"""When a line may judge: bypass with an end, a stopped job, faults, late results in a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.clock import Instant

FAULTS = {
    "plc-untrusted": "The PLC and this box do not trust each other's certificates.",
    "plc-lost": "No connection to the PLC. It rejects every part by itself.",
    "plc-heartbeat": "The PLC's heartbeat stands still. Its watchdog should stop the line.",
    "camera-lost": "No picture. Every part is rejected.",
    "no-recipe": "No recipe is loaded. Ready is off at the PLC.",
    "recipe-failed": "The recipe's model cannot be loaded. Ready is off at the PLC.",
    "unknown-recipe": "The PLC asks for a recipe that does not exist here. Ready is off.",
    "setup-failed": "Camera, PLC link or Modbus device could not be set up as the recipe says. Ready is off.",
    "disk-full": "No room to record. Ready is off at the PLC.",
    "store": "The record cannot be written. Ready is off at the PLC.",
    "device-stopped": "The cell's connection stopped and is started again.",
    "late-results": "Results came too late several times in a row.",
}
#: A device of the line has ended; only its own next good word says that it runs again.
STOPPED = "device-stopped"
#: What a person should see to while parts are judged as ever; no fault to the PLC.
NOTICES = {
    "plc-not-secured": "The connection to the PLC is not secured.",
    "plc-certificate": "A certificate needs attention.",
    "model-slow": "Parts that come too late are rejected:",
    "model-fallen": "The model answers from elsewhere than asked:",
}
#: With one of these the box cannot vouch for a part at all and takes Ready back.
STOPS_READY = ("no-recipe", "recipe-failed", "unknown-recipe", "setup-failed", "disk-full", "store")
#: What the device `store` can say of itself, one at a time; whatever else it says is the latter.
OF_STORE = ("disk-full", "store")
#: Those that follow from recipes alone; `Changeover.troubles` says which are there.
OF_RECIPES = ("no-recipe", "recipe-failed", "unknown-recipe")


@dataclass(frozen=True, slots=True)
class Bypass:
    """Parts are let through unjudged by a person's order until it ends by itself."""

    who: str
    reason: str
    since_utc_s: float
    until: Instant


class Discipline:
    """The standing of one line. Faults clear by themselves but for late results, which a person resets."""

    def __init__(self) -> None:
        self.faults: dict[str, str] = {"no-recipe": FAULTS["no-recipe"]}
        self.notices: dict[str, str] = {}
        self.bypass: Bypass | None = None
        self.stopped = False
        self.changing = False  # the recipe that is wanted is not in force yet
        self.late_in_a_row = 0
        self._ended: set[str] = set()  # devices

    def fault(self, code: str, detail: str = "") -> None:
        self.faults[code] = f"{FAULTS.get(code, code)} {detail}".strip()

    def notice(self, code: str, ok: bool, detail: str) -> None:
        self.notices.pop(code, None)
        if not ok:
            self.notices[code] = f"{NOTICES[code]} {detail}".strip()

    def heard(self, device: str, code: str, *, ok: bool, detail: str = "") -> list[str]:
        """What a device says of itself; the faults that begin or end by it."""
        before = set(self.faults)
        for old in OF_STORE if device == "store" else ():
            self.clear(old)
        if ok:
            self._ended.discard(device)
            self.clear(code)
        elif code:
            self._ended |= {device} if code == STOPPED else set()
            self.fault(code, detail)
        if not self._ended:
            self.clear(STOPPED)
        elif STOPPED not in self.faults:
            self.fault(STOPPED)
        return sorted(before ^ set(self.faults))

    def clear(self, code: str) -> None:
        self.faults.pop(code, None)

    def ready(self) -> bool:
        return not (self.stopped or self.changing) and not any(code in self.faults for code in STOPS_READY)

    def late(self, limit: int) -> bool:
        """Counts one more late result; whether this one raised the fault."""
        self.late_in_a_row += 1
        if self.late_in_a_row < limit or "late-results" in self.faults:
            return False
        self.fault("late-results", f"{self.late_in_a_row} in a row.")
        return True

    def in_time(self) -> None:
        self.late_in_a_row = 0

    def signals(self) -> dict[str, bool]:
        return {"Ready": self.ready(), "Fault": bool(self.faults), "Bypass": self.bypass is not None}

    def word(self) -> str:
        """One word for the state: stopped, bypass, waiting, fault or running."""
        if self.stopped:
            return "stopped"
        if self.changing or any(code in self.faults for code in STOPS_READY):
            return "waiting"
        if self.bypass is not None:
            return "bypass"
        return "fault" if self.faults else "running"

    def state(self, now: Instant) -> dict[str, Any]:
        kept: dict[str, Any] = {"stopped": self.stopped, "late_in_a_row": self.late_in_a_row, "bypass": None}
        kept["late_fault"] = "late-results" in self.faults
        if self.bypass is not None:
            kept["bypass"] = {
                "who": self.bypass.who,
                "reason": self.bypass.reason,
                "since_utc_s": self.bypass.since_utc_s,
                "until_utc_s": self.bypass.until.utc_s,
                "remaining_s": max(0.0, self.bypass.until.since(now)),
            }
        return kept

    def restore(self, state: Mapping[str, Any], now: Instant) -> None:
        """A bypass goes on for no longer than it had left, whatever the wall clock did in between."""
        self.stopped = bool(state.get("stopped", False))
        self.late_in_a_row = int(state.get("late_in_a_row", 0))
        if state.get("late_fault"):
            self.fault("late-results")
        kept = state.get("bypass")
        if kept:
            left_s = min(float(kept["remaining_s"]), max(0.0, float(kept["until_utc_s"]) - now.utc_s))
            self.bypass = Bypass(kept["who"], kept["reason"], float(kept["since_utc_s"]), now.plus(left_s))
