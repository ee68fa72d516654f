"""Who and where a message is about: PID and PV1, read the same way for every message type."""

from __future__ import annotations

from dataclasses import dataclass

from healthcare.hl7.message import Segment

#: Identifier types of PID-3.5 (table 0203) in the order in which they are preferred: medical record, patient, visit.
_PREFERRED = ("MR", "PI", "PT", "AN", "VN")
_LEGAL_NAME = ("L", "")


@dataclass(frozen=True, slots=True)
class Person:
    """What PID says; empty texts where it does not. `birth_date` as `1958-03-02`, or less of it."""

    id: str = ""
    family: str = ""
    given: str = ""
    birth_date: str = ""
    sex: str = ""

    def as_json(self) -> dict[str, str]:
        return {
            "id": self.id,
            "family": self.family,
            "given": self.given,
            "birth_date": self.birth_date,
            "sex": self.sex,
        }


NOBODY = Person()


def person_of(pid: Segment | None) -> Person:
    """Never raises: a name that cannot be read must not cost a heart rate."""
    if pid is None:
        return NOBODY
    name = _best(pid, 5, 7, _LEGAL_NAME)
    return Person(
        id=pid.part(_best(pid, 3, 5, _PREFERRED)),
        family=pid.part(name, 1),
        given=pid.part(name, 2),
        birth_date=_date(pid.text(7)),
        sex=pid.text(8).upper()[:1],
    )


def location_of(segment: Segment | None, field: int = 3) -> str:
    """`unit^room^bed` of a PL field of PV1; empty where it names none of the three."""
    if segment is None:
        return ""
    parts = [segment.text(field, part) for part in (1, 2, 3)]
    return "^".join(parts) if any(parts) else ""


def device_of(row: Segment | None, header: Segment) -> str:
    """The EUI-64 or name of the monitor: OBX-18 of a row, else what MSH-3 says of the sender."""
    own = row.text(18) if row is not None else ""
    return own or header.text(3, 2) or header.text(3)


def _best(segment: Segment, field: int, kind: int, preferred: tuple[str, ...]) -> str:
    """The raw repetition whose component `kind` comes first in `preferred`, else the first that holds something."""
    filled = [repetition for repetition in segment.repetitions(field) if segment.part(repetition)]
    for wanted in preferred:
        for repetition in filled:
            if segment.part(repetition, kind).upper() == wanted:
                return repetition
    return filled[0] if filled else ""


def _date(text: str) -> str:
    digits = text[:8]
    if not (digits.isascii() and digits.isdigit()):
        return ""
    return "-".join(part for part in (digits[:4], digits[4:6], digits[6:8]) if part)
