"""How urgent an alarm is, and what sort of thing it is about: the words, stars and shapes of IEC 60601-1-8."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Priority(IntEnum):
    """Ordered: HIGH is greater than MEDIUM is greater than LOW."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def word(self) -> str:
        """`low`, `medium`, `high`: on screens, in records and in JSON."""
        return self.name.lower()

    @property
    def stars(self) -> str:
        """The prefix that stands before an alarm's text: `***` for high."""
        return "*" * self.value

    @property
    def shape(self) -> str:
        """The shape beside the colour, so that colour never stands alone."""
        return {Priority.HIGH: "triangle", Priority.MEDIUM: "diamond", Priority.LOW: "disc"}[self]

    @classmethod
    def of(cls, word: str) -> Priority:
        """Raises KeyError for a word that is none of the three."""
        return cls[word.upper()]


class AlarmClass(StrEnum):
    """About the patient, about the equipment, or advice that interrupts nobody at once."""

    PHYSIOLOGICAL = "physiological"
    TECHNICAL = "technical"
    ADVISORY = "advisory"
