"""What can be wrong with a message, where in it, and what it is called in table 0357.

A fault never repeats a value of a PID segment: its text goes into logs and back over the wire.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from core.errors import InputError


class Condition(IntEnum):
    """HL7 table 0357, message error condition codes (HL7 v2.6, 2.15.5)."""

    SEQUENCE = 100
    MISSING = 101
    DATA_TYPE = 102
    NOT_IN_TABLE = 103
    MESSAGE_TYPE = 200
    EVENT = 201
    PROCESSING = 202
    VERSION = 203
    INTERNAL = 207

    @property
    def title(self) -> str:
        return _TITLES[self]


_TITLES = {
    Condition.SEQUENCE: "Segment sequence error",
    Condition.MISSING: "Required field missing",
    Condition.DATA_TYPE: "Data type error",
    Condition.NOT_IN_TABLE: "Table value not found",
    Condition.MESSAGE_TYPE: "Unsupported message type",
    Condition.EVENT: "Unsupported event code",
    Condition.PROCESSING: "Unsupported processing id",
    Condition.VERSION: "Unsupported version id",
    Condition.INTERNAL: "Application internal error",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a message, counted from 1 as HL7 does: the third OBX, OBX-5.2 in it. 0: not known that exactly."""

    segment: str = ""
    occurrence: int = 1
    field: int = 0
    component: int = 0

    def __str__(self) -> str:
        if not self.segment:
            return "the message"
        name = self.segment + (f"-{self.field}" if self.field else "")
        name += f".{self.component}" if self.component else ""
        return name if self.occurrence <= 1 else f"{name} (segment {self.segment} number {self.occurrence})"


@dataclass(frozen=True, slots=True)
class Fault:
    """`text` is a sentence without its subject, which is the place: "OBX-5" "is no number"."""

    place: Place
    condition: Condition
    text: str

    def __str__(self) -> str:
        return f"{self.place} {self.text}"


class MessageError(InputError):
    """A message that cannot be used; an InputError that knows where and why."""

    def __init__(self, fault: Fault, *, hint: str = "") -> None:
        super().__init__(f"HL7: {fault}", hint=hint)
        self.fault = fault


def refused(place: Place, condition: Condition, text: str, *, hint: str = "") -> MessageError:
    return MessageError(Fault(place, condition, text), hint=hint)
