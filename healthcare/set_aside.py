"""Admissions, transfers and discharges that did not fit, kept until a person has looked and tried them again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import RefusedError
from healthcare.patients import Patient

MOST = 100


@dataclass(frozen=True, slots=True)
class Movement:
    """One ADT message as it was understood. `patient` is what PID says; it stays in the desk, on no record."""

    number: int
    at_utc_s: float
    event: str
    location: str
    prior_location: str
    patient: Mapping[str, Any]
    why: str

    def read(self) -> Patient:
        """Raises RefusedError without a record number."""
        return Patient.from_json(self.patient)

    def shown(self) -> dict[str, Any]:
        """With initials alone, as everybody's screen gets it."""
        try:
            initials = self.read().initials
        except RefusedError:
            initials = ""
        told = {**asdict(self), "initials": initials}
        del told["patient"]
        return told


class SetAside:
    """Of the ward, the newest `MOST`; those before gave way and are on record as refused."""

    def __init__(self) -> None:
        self._kept: dict[int, Movement] = {}
        self._last = 0

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, said: Mapping[str, str], patient: Mapping[str, Any], at_utc_s: float, why: str) -> Movement:
        self._last += 1
        kept = Movement(self._last, at_utc_s, said["event"], said["location"], said["prior_location"], patient, why)
        self._kept[kept.number] = kept
        if len(self._kept) > MOST:
            del self._kept[min(self._kept)]
        return kept

    def of(self, number: Any) -> Movement:
        """Raises RefusedError for one that is not there (any more)."""
        found = self._kept.get(int(number)) if str(number).isdigit() else None
        if found is None:
            raise RefusedError("This message is not set aside any more.", hint="Somebody else may have seen to it.")
        return found

    def done(self, number: int) -> None:
        self._kept.pop(number, None)

    def shown(self) -> list[dict[str, Any]]:
        return [kept.shown() for kept in self._kept.values()]

    def state(self) -> dict[str, Any]:
        return {"last": self._last, "kept": [asdict(kept) for kept in self._kept.values()]}

    def restore(self, kept: Mapping[str, Any]) -> None:
        self._last = int(kept["last"])
        self._kept = {one["number"]: Movement(**one) for one in kept["kept"]}
