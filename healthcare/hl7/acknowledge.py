"""Acknowledgements: original mode (AA AE AR) and enhanced mode (CA CE CR, and AA AE AR), HL7 v2.6 2.9.2 and 2.9.3.

Both conditions of MSH-15 and MSH-16 empty is the original mode: one AA, AE or AR. Else MSH-15 asks for a commit and
MSH-16 for an application acknowledgement, each always (AL), never (NE, or empty), on an error (ER) or a success (SU).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from healthcare.hl7.escapes import CHARSETS
from healthcare.hl7.faults import Fault
from healthcare.hl7.header import Header
from healthcare.hl7.message import Field, compose
from healthcare.hl7.timestamps import written

_OWN_NAME = "EDGEWISE"
_OWN_VERSION = "2.6"
_CODE_TABLE = "HL70357"


class Result(Enum):
    """The second letter of MSA-1: accepted, error, rejected."""

    ACCEPTED = "A"
    ERROR = "E"
    REJECTED = "R"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message. `faults` of an accepted one are warnings: single values that could not be used."""

    result: Result
    faults: Sequence[Fault] = field(default=())


def acknowledgements(header: Header, outcome: Outcome, at_utc_s: float, own_id: str) -> list[bytes]:
    """The messages that are owed, in their order: none, one or two. `own_id` is unique for each call."""
    kinds = _levels(header, outcome.result)
    return [_written(header, f"{level}{outcome.result.value}", outcome, at_utc_s, f"{own_id}{level}")
            for level in kinds]  # fmt: skip


def _levels(header: Header, result: Result) -> list[str]:
    if not header.accept and not header.application:
        return ["A"]
    wanted = ["C"] if _wanted(header.accept, result) else []
    if _wanted(header.application, result) and not (wanted and result is not Result.ACCEPTED):
        wanted.append("A")  # what was not committed goes to no application, and nothing comes from there
    return wanted


def _wanted(condition: str, result: Result) -> bool:
    failed = result is not Result.ACCEPTED
    return condition == "AL" or (condition == "ER" and failed) or (condition == "SU" and not failed)


def _written(header: Header, code: str, outcome: Outcome, at_utc_s: float, own_id: str) -> bytes:
    text = str(outcome.faults[0]) if outcome.faults else ""
    version = header.version if header.version.startswith("2.") else _OWN_VERSION
    by = header.separators
    msh: list[Field] = [
        "MSH", "", "", "", "", written(at_utc_s), "",
        ("ACK", header.trigger, "ACK") if version >= "2.3.1" else ("ACK", header.trigger),
        own_id, header.processing or "P", version,
    ]  # fmt: skip
    segments: list[list[Field]] = [msh, ["MSA", code, header.control_id, text]]
    segments += [_err(fault, outcome.result, version) for fault in outcome.faults]
    charset = CHARSETS.get(header.charset.partition(by.repetition)[0].strip().upper(), "") or "ascii"
    reply = compose(*segments, charset=charset, separators=by)
    return _addressed(reply, header, charset)


def _addressed(reply: bytes, header: Header, charset: str) -> bytes:
    """MSH-3 to MSH-6 and MSH-18 as the sender wrote them, sender and receiver swapped."""
    by = header.separators.field
    msh, end, rest = reply.decode(charset).partition("\r")
    fields = msh.split(by)
    fields[2:6] = [header.receiver or _OWN_NAME, header.receiver_facility, header.sender, header.sender_facility]
    if header.charset:
        fields += [""] * (17 - len(fields)) + [header.charset]
    return (by.join(fields) + end + rest).encode(charset, "replace")


def _err(fault: Fault, result: Result, version: str) -> list[Field]:
    """ERR as v2.5 has it: place, code of table 0357, severity, words; before that all of it in ERR-1."""
    place, condition = fault.place, fault.condition
    numbers = [str(number) if number else "" for number in (place.field, place.component)]
    code = str(condition.value)
    if version < "2.5":
        return ["ERR", (place.segment, str(place.occurrence), numbers[0], (code, condition.title, _CODE_TABLE))]
    where = (place.segment, str(place.occurrence), numbers[0], "1" if numbers[1] else "", numbers[1])
    severity = "W" if result is Result.ACCEPTED else "E"
    named: Field = (code, condition.title, _CODE_TABLE)
    return ["ERR", "", where if place.segment else "", named, severity, "", "", "", str(fault)]
