"""Faults of the ward's network, written `KIND@SECONDS` or `KIND@SECONDS:AMOUNT` on the command line."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import InputError
from simulators.scenarios import FOR_GOOD_S

#: Kind: what it does, and its amount when none is given.
KINDS: dict[str, tuple[str, float]] = {
    "link-drop": ("the HL7 links are down for that many seconds", 10.0),
    "wave-drop": ("waves are not sent for that many seconds", 10.0),
    "duplicate": ("the next message on each HL7 link goes out twice", 0.0),
    "late-ack": ("the senders take an acknowledgement for lost and send again", 0.0),
    "garbage": ("bytes that are no message come over each HL7 link", 0.0),
    "half-frame": ("a message is cut in the middle and the link breaks", 0.0),
    "clock": ("the monitors' clocks are wrong by that many seconds from then on", 3600.0),
}


@dataclass(frozen=True, slots=True)
class WardFault:
    kind: str
    at_s: float
    amount: float


def parse_fault(text: str) -> WardFault:
    """`link-drop@60:10`. Raises InputError."""
    kind, at, rest = text.partition("@")
    moment, _, amount = rest.partition(":")
    if kind not in KINDS or not at:
        raise InputError(f"'{text}' is no fault of the ward", hint=f"KIND@SECONDS[:AMOUNT], KIND: {', '.join(KINDS)}.")
    try:
        fault = WardFault(kind, float(moment), float(amount) if amount else KINDS[kind][1])
    except ValueError as error:
        raise InputError(f"'{text}': moment and amount must be numbers", hint="Such as link-drop@60:10") from error
    if not 0 <= fault.at_s <= FOR_GOOD_S or not -FOR_GOOD_S <= fault.amount <= FOR_GOOD_S:
        raise InputError(f"'{text}': seconds count from 0, when the ward begins")
    return fault
