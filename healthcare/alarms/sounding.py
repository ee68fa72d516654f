"""Of all beds: what sounds at the station now, what stands in the banner, how many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from healthcare.alarms.priority import Priority


@dataclass(frozen=True, slots=True)
class Sounding:
    """`priority` is the highest that sounds, `louder` whether one of those has grown louder; None: silence.

    `banner` is the bed and the alarm that stand on top: unacknowledged before acknowledged, then by priority, then
    whoever has waited longest. `counts` are of what lasts, by priority word; `latched` of what is over and unseen.
    Advice of low priority is in neither. `paused_until_utc_s` is when the last pause ends.
    """

    priority: Priority | None = None
    louder: bool = False
    banner: tuple[str, Mapping[str, Any]] | None = None
    counts: Mapping[str, int] | None = None
    latched: int = 0
    paused: int = 0
    paused_until_utc_s: float | None = None

    def to_json(self) -> dict[str, Any]:
        bed, alarm = self.banner or ("", None)
        return {
            "sounding": None if self.priority is None else self.priority.word,
            "louder": self.louder,
            "bed": bed,
            "alarm": alarm,
            "counts": dict(self.counts or {}),
            "latched": self.latched,
            "paused": self.paused,
            "paused_until_utc_s": self.paused_until_utc_s,
        }


def sounding(beds: Mapping[str, Sequence[Mapping[str, Any]]]) -> Sounding:
    """From the `alarms` of each bed, by its name (`AlarmBoard.shown`)."""
    every = [(bed, alarm) for bed, alarms in beds.items() for alarm in alarms]
    heard = [alarm for _, alarm in every if alarm["sound"] == "on"]
    paused = [alarm for _, alarm in every if alarm["sound"] == "paused"]
    urgent = [(bed, alarm) for bed, alarm in every if (alarm["kind"], alarm["priority"]) != ("advisory", "low")]
    lasting = [alarm for _, alarm in urgent if alarm["state"] != "latched"]
    priority = max((Priority.of(alarm["priority"]) for alarm in heard), default=None)
    return Sounding(
        priority,
        any(alarm["louder"] for alarm in heard if priority is not None and alarm["priority"] == priority.word),
        min(urgent, key=_place, default=None),
        {level.word: sum(alarm["priority"] == level.word for alarm in lasting) for level in reversed(Priority)},
        len(urgent) - len(lasting),
        len(paused),
        max((alarm["paused_until_utc_s"] for alarm in paused), default=None),
    )


def _place(item: tuple[str, Mapping[str, Any]]) -> tuple[bool, int, float, str]:
    bed, alarm = item
    return alarm["state"] == "acknowledged", -Priority.of(alarm["priority"]), float(alarm["began_utc_s"]), bed
