"""What is noted while a message is read: counts for the site, faults that go back to the sender, times."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import tzinfo

from healthcare.hl7.faults import Fault, MessageError
from healthcare.hl7.message import Segment
from healthcare.hl7.timestamps import Stamp, stamp_in

_MOST_FAULTS = 5


@dataclass(slots=True)
class Notes:
    """What was remarkable about a message and is only counted, and what goes back to its sender.

    `values`, `unreadable`: rows of vital signs, and those of them that claim a number and hold none.
    """

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    values: int = 0
    unreadable: int = 0

    def fault(self, fault: Fault) -> None:
        """Told to the sender; the rest of the message is used."""
        if len(self.faults) < _MOST_FAULTS:
            self.faults.append(fault)

    @property
    def hopeless(self) -> bool:
        """No vital sign of the message could be read."""
        return 0 < self.values == self.unreadable


@dataclass(frozen=True, slots=True)
class Times:
    """Reads a field's time for a message: what cannot be read, or has no hour, is None and noted."""

    zone: tzinfo
    notes: Notes

    def __call__(self, segment: Segment, field: int) -> Stamp | None:
        if not segment.raw(field):
            return None
        try:
            stamp = stamp_in(segment, field, self.zone)
        except MessageError as error:
            self.notes.fault(error.fault)
            return None
        if stamp is not None and stamp.precision in ("year", "month", "day"):
            self.notes.counts["time-without-hour"] += 1
            return None
        self.notes.counts["zone-assumed"] += stamp is not None and stamp.zone_assumed
        return stamp
