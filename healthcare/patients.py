"""Who lies in which bed: one patient a bed, one bed a patient, and how it came about.

Facts come from ADT messages and from people. What was wrong is struck out, never deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from core.errors import RefusedError

_MOST_TEXT = 80
_PRIVATE_YEARS = 90


@dataclass(frozen=True, slots=True)
class Patient:
    """`id` is the record number; `birth_date` as `1958-03-02`, or less of it."""

    id: str
    family: str = ""
    given: str = ""
    birth_date: str = ""
    sex: str = ""

    @property
    def initials(self) -> str:
        """`A.K.`, given name first; empty where no name is known."""
        return "".join(f"{name[0].upper()}." for name in (self.given, self.family) if name)

    @property
    def name(self) -> str:
        return ", ".join(part for part in (self.family, self.given) if part) or self.id

    def years(self, now_utc_s: float) -> int | None:
        """Whole years; None where the date of birth is not known."""
        try:
            born = date.fromisoformat(self.birth_date)
        except ValueError:
            return None
        today = datetime.fromtimestamp(now_utc_s, UTC).date()
        return today.year - born.year - ((today.month, today.day) < (born.month, born.day))

    def years_text(self, now_utc_s: float) -> str:
        """Those of 90 and more share one word: an age can name a person."""
        years = self.years(now_utc_s)
        if years is None or years < 0:
            return ""
        return "90+" if years >= _PRIVATE_YEARS else str(years)

    def shown(self, now_utc_s: float, admitted: str = "", *, named: bool) -> dict[str, str]:
        """As screens get it; the name only where the ward need not hide it."""
        shown = {"initials": self.initials, "years": self.years_text(now_utc_s), "admitted": admitted}
        return shown | {"name": self.name} if named else shown

    def as_json(self) -> dict[str, str]:
        return asdict(self)

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Patient:
        """Raises RefusedError without a record number."""
        texts = {name: str(given.get(name) or "").strip()[:_MOST_TEXT] for name in cls.__slots__}
        if not texts["id"]:
            raise RefusedError("A patient needs a record number.")
        return cls(**texts)


@dataclass(frozen=True, slots=True)
class Stay:
    """One patient in one bed, from when until when; `until_utc_s` None: still there."""

    number: int
    bed: str
    patient: Patient
    since_utc_s: float
    until_utc_s: float | None = None
    who: str = ""
    how: str = ""
    struck: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Stay:
        return cls(**{**kept, "patient": Patient(**kept["patient"])})


class Stays:
    """Of the ward: who is where now, and the number of the next stay. The record keeps the past."""

    def __init__(self) -> None:
        self._now: dict[str, Stay] = {}
        self._last = 0

    def of(self, bed: str) -> Stay | None:
        return self._now.get(bed)

    def bed_of(self, patient_id: str) -> str | None:
        return next((bed for bed, stay in self._now.items() if stay.patient.id == patient_id), None)

    def all(self) -> list[Stay]:
        return list(self._now.values())

    def admit(self, patient: Patient, bed: str, at_utc_s: float, *, who: str, how: str) -> list[Stay]:
        """The stays that this changed: the new one, and those it ended.

        Told again it only brings the patient's facts up to date. A bed that holds somebody else is refused.
        """
        there = self._now.get(bed)
        if there is not None and there.patient.id != patient.id:
            raise RefusedError(f"{bed} holds another patient.", hint="Discharge or transfer that one first.")
        if there is not None:
            return self.update(patient)
        changed = []
        before = self.bed_of(patient.id)
        if before is not None:
            changed.append(self._end(before, at_utc_s))
        self._last += 1
        stay = Stay(self._last, bed, patient, at_utc_s, who=who, how=how)
        self._now[bed] = stay
        return [*changed, stay]

    def update(self, patient: Patient) -> list[Stay]:
        """Name or birth date of a patient who is here; nothing for one who is not, or who is known so already."""
        bed = self.bed_of(patient.id)
        if bed is None or self._now[bed].patient == patient:
            return []
        self._now[bed] = replace(self._now[bed], patient=patient)
        return [self._now[bed]]

    def discharge(self, patient_id: str, at_utc_s: float) -> list[Stay]:
        bed = self.bed_of(patient_id)
        return [] if bed is None else [self._end(bed, at_utc_s)]

    def swap(self, one: str, other: str, at_utc_s: float, *, who: str) -> list[Stay]:
        """Two patients change beds at one moment. Raises RefusedError unless these are two beds with a patient each."""
        first, second = self._now.get(one), self._now.get(other)
        if one == other or first is None or second is None:
            raise RefusedError("Both beds must hold a patient.")
        ended = [self._end(one, at_utc_s), self._end(other, at_utc_s)]
        begun = self.admit(first.patient, other, at_utc_s, who=who, how="swap")
        return [*ended, *begun, *self.admit(second.patient, one, at_utc_s, who=who, how="swap")]

    def strike_out(self, bed: str, reason: str, at_utc_s: float) -> list[Stay]:
        """The patient of this bed never was here. Raises RefusedError for an empty bed or without a reason."""
        if not reason.strip():
            raise RefusedError("Say why this stay is struck out.")
        if bed not in self._now:
            raise RefusedError(f"{bed} holds nobody.")
        ended = replace(self._end(bed, at_utc_s), struck=reason.strip()[:200])
        return [ended]

    def _end(self, bed: str, at_utc_s: float) -> Stay:
        stay = self._now.pop(bed)
        return replace(stay, until_utc_s=max(at_utc_s, stay.since_utc_s))

    def state(self) -> dict[str, Any]:
        return {"last": self._last, "now": [stay.as_json() for stay in self._now.values()]}

    def restore(self, kept: Mapping[str, Any]) -> None:
        self._last = int(kept["last"])
        self._now = {stay.bed: stay for stay in map(Stay.from_json, kept["now"])}
