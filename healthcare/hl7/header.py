"""What MSH says of a message: from whom, what, which version, and which acknowledgements are wanted."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from healthcare.hl7.escapes import Separators
from healthcare.hl7.faults import Condition, MessageError, Place, refused
from healthcare.hl7.message import Message

MAX_CONTROL_ID = 199  # HL7 v2.7, 2.14.9.10
MAX_SENDER = 227  # HL7 v2.6, data type HD
_VERSION = re.compile(r"2\.[2-9](\.\d{1,2}){0,2}")

_USUAL = Separators()

#: What is taken: message type to its trigger events.
ACCEPTED: dict[str, frozenset[str]] = {
    "ORU": frozenset({"R01", "R40", "W01"}),
    "ADT": frozenset({"A01", "A02", "A03", "A08", "A11", "A12", "A13"}),
}


@dataclass(frozen=True, slots=True)
class Header:
    """MSH, where `sender` (MSH-3) and the three beside it are raw, to be copied into an acknowledgement as they are.

    `accept` and `application` are MSH-15 and MSH-16 (AL, NE, ER, SU or empty); both empty is the original mode.
    """

    sender: str
    sender_facility: str
    receiver: str
    receiver_facility: str
    kind: str
    trigger: str
    control_id: str
    processing: str
    version: str
    accept: str = ""
    application: str = ""
    charset: str = ""
    separators: Separators = _USUAL

    @property
    def key(self) -> str:
        """By whom and under which number: what a repeated message has in common with its first."""
        return f"{self.sender[:MAX_SENDER]}|{self.control_id}"


def header_of(message: Message) -> Header:
    """Never raises: what is missing is empty."""
    msh = message.header
    kind, trigger, structure = (msh.text(9, part).upper() for part in (1, 2, 3))
    return Header(
        sender=msh.raw(3),
        sender_facility=msh.raw(4),
        receiver=msh.raw(5),
        receiver_facility=msh.raw(6),
        kind=kind,
        trigger=trigger or structure.partition("_")[2],
        control_id=msh.text(10),
        processing=msh.text(11).upper(),
        version=msh.text(12),
        accept=msh.text(15).upper(),
        application=msh.text(16).upper(),
        charset=msh.raw(18),
        separators=message.separators,
    )


def check(header: Header, processing: Collection[str]) -> None:
    """Raises MessageError for a message that is not meant for us; `rejects` tells which of these are rejections."""
    if not header.control_id:
        raise refused(Place("MSH", 1, 10), Condition.MISSING, "is empty")
    if len(header.control_id) > MAX_CONTROL_ID:
        raise refused(Place("MSH", 1, 10), Condition.DATA_TYPE, f"is longer than {MAX_CONTROL_ID} letters")
    if not header.kind:
        raise refused(Place("MSH", 1, 9), Condition.MISSING, "is empty")
    if header.kind not in ACCEPTED:
        raise refused(Place("MSH", 1, 9, 1), Condition.MESSAGE_TYPE, f"is {header.kind[:20]!r}", hint=_hint())
    if header.trigger not in ACCEPTED[header.kind]:
        raise refused(Place("MSH", 1, 9, 2), Condition.EVENT, f"is {header.trigger[:20]!r}", hint=_hint())
    if not _VERSION.fullmatch(header.version):
        raise refused(Place("MSH", 1, 12), Condition.VERSION, f"is {header.version[:20]!r}", hint="Send 2.2 to 2.9.")
    if header.processing and header.processing not in processing:
        text = f"is {header.processing[:20]!r}, accepted: {', '.join(sorted(processing))}"
        raise refused(Place("MSH", 1, 11), Condition.PROCESSING, text)


def rejects(error: MessageError) -> bool:
    """Whether it is answered with a rejection (AR, CR): no repetition can help."""
    return 200 <= error.fault.condition <= 203


def _hint() -> str:
    return "Accepted: " + "; ".join(f"{kind} {' '.join(sorted(events))}" for kind, events in ACCEPTED.items()) + "."
