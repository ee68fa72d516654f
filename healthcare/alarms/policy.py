"""What a site decides about its alarms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import SettingsError
from healthcare.alarms.escalation import LADDERS, Ladder
from healthcare.alarms.priority import AlarmClass, Priority
from healthcare.alarms.table import ALARM_KINDS, AlarmKind

LONGEST_PAUSE_S = 180.0
REMINDERS_S = (None, 120.0, 180.0)


@dataclass(frozen=True, slots=True)
class AlarmPolicy:
    """One bed's rules. `latching` overrides the table by code; technical alarms never latch.

    `reminder_s` None, 120 or 180: how often an acknowledged alarm that is still true sounds again, for
    `reminder_sounds_s`. `bedside_silences`: an alarm of the monitor alone that was acknowledged at the bedside counts
    as acknowledged here; by default it is only shown so. `telemetry_critical`: lost signals become high, not medium.

    Raises SettingsError, naming the key.
    """

    pause_s: float = 120.0
    reminder_s: float | None = 180.0
    reminder_sounds_s: float = 6.0
    accepted_for_s: float = 180.0
    technical_rises_after_s: float = 60.0
    telemetry_critical: bool = False
    bedside_silences: bool = False
    latching: Mapping[str, bool] = field(default_factory=dict)
    ladders: Mapping[Priority, Ladder] = field(default_factory=lambda: dict(LADDERS))

    def __post_init__(self) -> None:
        if not 0 < self.pause_s <= LONGEST_PAUSE_S:
            _refuse("pause_s", self.pause_s, f"more than 0 and at most {LONGEST_PAUSE_S:g} seconds")
        if self.reminder_s not in REMINDERS_S:
            _refuse("reminder_s", self.reminder_s, "off, 120 or 180 seconds")
        for name in ("reminder_sounds_s", "accepted_for_s", "technical_rises_after_s"):
            if not getattr(self, name) > 0:
                _refuse(name, getattr(self, name), "more than 0 seconds")
        for code, wanted in self.latching.items():
            kind = ALARM_KINDS.get(code)
            if kind is None:
                _refuse("latching", code, "codes of the alarm table")
            elif wanted and kind.kind is AlarmClass.TECHNICAL:
                _refuse("latching", code, "no technical alarm: those end by themselves")
        if set(self.ladders) != set(Priority):
            _refuse("ladders", sorted(self.ladders), "a ladder for each priority")

    def latches(self, kind: AlarmKind) -> bool:
        return self.latching.get(kind.code, kind.latching) and kind.kind is not AlarmClass.TECHNICAL

    @property
    def risen(self) -> Priority:
        """What an unacknowledged technical alarm becomes after `technical_rises_after_s`."""
        return Priority.HIGH if self.telemetry_critical else Priority.MEDIUM


def _refuse(key: str, value: object, expected: str) -> None:
    raise SettingsError(f"the alarm policy has {key} = {value!r}", hint=f"Expected: {expected}.")
