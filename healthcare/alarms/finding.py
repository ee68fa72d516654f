"""What a rule, or a monitor, says about one condition of one bed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from healthcare.alarms.priority import AlarmClass, Priority

OWN, MONITOR = "own", "monitor"
#: The monitor's own word (PCD-04 inactivation state) for: a person has acknowledged this at the bedside.
ACKNOWLEDGED_AT_BEDSIDE = "alert-acknowledged"


@dataclass(frozen=True, slots=True)
class Finding:
    """One condition, there or not there. A condition that is not mentioned stays as it was.

    `code` is a key of ALARM_KINDS or `monitor:<event code>:<source code>`; `present` counts its onset delay in.
    `text` is what stands behind the label: `82 < 88 %`. `channel` is the source it was computed from: while that is
    lost, nothing of it arises and nothing of it ends. `priority` and `kind` None: the table's own.
    `instance` tells several of one code and measure apart (a monitor's alert id, `T2`); `inactivation` is the
    monitor's own word for what was done at the bedside.
    """

    code: str
    present: bool
    text: str = ""
    value: float | None = None
    limit: float | None = None
    measure: str = ""
    channel: str = ""
    priority: Priority | None = None
    source: str = OWN
    kind: AlarmClass | None = None
    instance: str = ""
    inactivation: str = ""

    @property
    def cause(self) -> tuple[str, str, str, str]:
        """Two findings of one cause replace each other; those of different causes hold one alarm together."""
        return (self.source, self.code, self.measure, self.instance)

    @property
    def acknowledged_at_bedside(self) -> bool:
        return self.source == MONITOR and self.inactivation == ACKNOWLEDGED_AT_BEDSIDE

    def to_json(self) -> dict[str, Any]:
        """Without what is empty; a number that JSON cannot hold is none."""
        data: dict[str, Any] = {"code": self.code, "source": self.source}
        for name in ("text", "measure", "channel", "instance", "inactivation"):
            if value := getattr(self, name):
                data[name] = value
        for name in ("value", "limit"):
            number = getattr(self, name)
            if number is not None and math.isfinite(number):
                data[name] = number
        if self.priority is not None:
            data["priority"] = self.priority.word
        if self.kind is not None:
            data["kind"] = self.kind.value
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        """What `to_json` wrote; it was present."""
        plain = {name: value for name, value in data.items() if name not in {"priority", "kind"}}
        priority = Priority.of(data["priority"]) if "priority" in data else None
        kind = AlarmClass(data["kind"]) if "kind" in data else None
        return cls(present=True, priority=priority, kind=kind, **plain)
