"""One change of the alarms of one bed: what is recorded, and enough to make the same board again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.clock import Instant
from healthcare.alarms.alarm import Alarm


class Act(StrEnum):
    """What happened. ENDED, RESET and CANCELLED take the alarm off the board; all others leave it there."""

    BEGAN = "began"
    WORSENED = "worsened"  # a higher priority: the same alarm, or a new one in place of its acknowledged parent
    EASED = "eased"  # a lower priority, of an acknowledged alarm
    JOINED = "joined"  # one more cause says so
    LEFT = "left"  # one of its causes no longer says so
    HELD = "held"  # the same cause, now of another channel, at another priority or with another word of the bedside
    LATCHED = "latched"
    RECURRED = "recurred"  # true again while latched, or while silenced at the bedside alone
    ENDED = "ended"
    ACKNOWLEDGED = "acknowledged"
    RESET = "reset"
    PAUSED = "paused"
    RESUMED = "resumed"
    REMINDED = "reminded"
    SOURCE_LOST = "source-lost"
    SOURCE_BACK = "source-back"
    STEPPED = "stepped"
    ACCEPTED = "accepted"
    LAPSED = "lapsed"  # who accepted did not acknowledge in time
    DECLINED = "declined"
    LOUDER = "louder"
    CANCELLED = "cancelled"


ENDS = frozenset({Act.ENDED, Act.RESET, Act.CANCELLED})


@dataclass(frozen=True, slots=True)
class Change:
    """`alarm` is as it stands after the change; None: about the bed's sources, or all its alarms.

    `step` is the rung just taken (0 the first), `told` the people to tell now, `why` a reason for the log, `number`
    counts the changes of this bed.
    """

    act: Act
    alarm: Alarm | None
    at: Instant
    number: int
    who: str = ""
    step: int | None = None
    told: tuple[str, ...] = ()
    why: str = ""
    channel: str = ""

    def event_data(self) -> dict[str, Any]:
        """The data of its event, fit for JSON; `AlarmBoard.restore` takes it back."""
        return {
            "act": self.act.value,
            "number": self.number,
            "at_utc_s": self.at.utc_s,
            "alarm": None if self.alarm is None else self.alarm.to_json(self.at),
            "who": self.who,
            "step": self.step,
            "told": list(self.told),
            "why": self.why,
            "channel": self.channel,
        }

    @classmethod
    def from_event_data(cls, data: Mapping[str, Any], now: Instant) -> Change:
        """The recorded change, as seen from `now`."""
        at_utc_s = float(data["at_utc_s"])
        alarm = None if data["alarm"] is None else Alarm.from_json(data["alarm"], at_utc_s, now)
        return cls(
            Act(data["act"]),
            alarm,
            Instant(now.mono_s - max(0.0, now.utc_s - at_utc_s), at_utc_s),
            int(data["number"]),
            data["who"],
            data["step"],
            tuple(data["told"]),
            data["why"],
            data["channel"],
        )
