"""Who is told of an alarm, and when: the ladder of each priority, and the people of a shift.

Times are this product's choice, a site's to change. A step whose time has come and that finds nobody gives way to
the next one at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.errors import SettingsError
from healthcare.alarms.priority import Priority


class Whom(StrEnum):
    NURSE = "nurse"
    BUDDY = "buddy"
    CHARGE = "charge"
    EVERYONE = "everyone"

    @property
    def label(self) -> str:
        """As the screen names the step that comes next."""
        return _LABELS[self]


_LABELS = {
    Whom.NURSE: "Assigned nurse",
    Whom.BUDDY: "Buddy",
    Whom.CHARGE: "Charge nurse",
    Whom.EVERYONE: "Everyone",
}


@dataclass(frozen=True, slots=True)
class Step:
    """`after_s` counts from the moment the alarm sounded first."""

    after_s: float
    whom: Whom


@dataclass(frozen=True, slots=True)
class Ladder:
    """No steps: the station alone. The last step comes again every `again_s` until a person acts.

    `louder_after_s` None: it never gets louder. Raises SettingsError when the steps are not in the order of time.
    """

    steps: tuple[Step, ...] = ()
    louder_after_s: float | None = None
    again_s: float = 180.0

    def __post_init__(self) -> None:
        times = [step.after_s for step in self.steps]
        if times != sorted(times) or (times and times[0] != 0.0) or self.again_s <= 0:
            raise SettingsError(
                f"the steps of an escalation ladder come after {times} s and again every {self.again_s:g} s",
                hint="Begin at 0, go up, and repeat after more than 0 s.",
            )


STATION_ONLY = Ladder()
MEDIUM_LADDER = Ladder(
    (Step(0, Whom.NURSE), Step(120, Whom.BUDDY), Step(300, Whom.CHARGE), Step(600, Whom.EVERYONE)), again_s=600.0
)
HIGH_LADDER = Ladder(
    (Step(0, Whom.NURSE), Step(60, Whom.BUDDY), Step(120, Whom.CHARGE), Step(180, Whom.EVERYONE)), louder_after_s=30.0
)
LADDERS: Mapping[Priority, Ladder] = {
    Priority.LOW: STATION_ONLY,
    Priority.MEDIUM: MEDIUM_LADDER,
    Priority.HIGH: HIGH_LADDER,
}


@dataclass(frozen=True, slots=True)
class Roster:
    """The people of one bed on this shift; empty names are nobody."""

    nurse: str = ""
    buddy: str = ""
    charge: str = ""
    on_shift: tuple[str, ...] = ()

    def people(self, whom: Whom) -> tuple[str, ...]:
        """Those a step reaches, each once, in order; empty where there is nobody."""
        if whom is Whom.EVERYONE:
            named = (self.nurse, self.buddy, self.charge, *self.on_shift)
        else:
            named = ({Whom.NURSE: self.nurse, Whom.BUDDY: self.buddy, Whom.CHARGE: self.charge}[whom],)
        return tuple(dict.fromkeys(name for name in named if name))

    def to_json(self) -> dict[str, Any]:
        return {"nurse": self.nurse, "buddy": self.buddy, "charge": self.charge, "on_shift": list(self.on_shift)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Roster:
        return cls(data["nurse"], data["buddy"], data["charge"], tuple(data["on_shift"]))
