"""Whose values a monitor sends: the patient that a message names against the one who is known to lie in the bed.

A contradiction is told, and what was measured is set aside: it is nobody's until the two agree. Which of the two is
behind, the monitor or the admissions, only a look at the bedside can tell. A monitor's alarm is taken all the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.clock import Instant

CODE = "other-patient"
#: A monitor that named another patient and now names none for so long was cleared.
_CLEARED_AFTER_S = 60.0


@dataclass(slots=True)
class Identity:
    """Of one bed. `contradicted`: the monitor names another patient; `set_aside`: messages since then."""

    contradicted: bool = False
    set_aside: int = 0
    _named_at: Instant | None = None

    def judge(self, said: str, known: str, now: Instant) -> bool:
        """Whether a message is of another patient, and not to be taken. An empty id on either side says nothing."""
        if said and known:
            self.contradicted = _bare(said) != _bare(known)
            self._named_at = now
        elif not known or (self._named_at is not None and now.since(self._named_at) > _CLEARED_AFTER_S):
            self.contradicted = False
        if self.contradicted:
            self.set_aside += 1
        return self.contradicted

    def begin(self, *, contradicted: bool, now: Instant) -> None:
        """Anew: for another patient, or after a restart."""
        self.contradicted, self.set_aside, self._named_at = contradicted, 0, now


def _bare(number: str) -> str:
    """Record numbers are compared without blanks, zeros before them, and case."""
    return number.strip().casefold().lstrip("0")
