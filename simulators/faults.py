"""Faults to inject into the cell, written `KIND@PART` or `KIND@PART:SECONDS` on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import InputError

#: Kind: what it does, and how many seconds it takes when none are given.
KINDS: dict[str, tuple[str, float]] = {
    "restart": ("the PLC's OPC UA server goes away for that long, its program runs on", 1.0),
    "kill": ("the PLC's process is killed and started again", 0.0),
    "freeze": ("the PLC's process stands still", 8.0),
    "hold-ack": ("the PLC does not acknowledge results", 2.0),
    "clock": ("the PLC's clock is wrong by that much from then on", 3600.0),
    "recipe": ("the PLC asks for the recipe with that number from then on, and 0 for none", 0.0),
    "no-picture": ("the camera gives no picture of that part", 0.0),
    "late-picture": ("its picture comes that long after the trigger", 0.3),
    "corrupt-picture": ("its picture is cut short", 0.0),
    "garbled-picture": ("its picture is whole by its name and no picture at all", 0.0),
    "giant-picture": ("its picture claims to have 60 000 x 60 000 pixels", 0.0),
    "narrow-picture": ("the camera gives half the width", 0.0),
    "black-picture": ("the light is off", 0.0),
}
OF_THE_BELT = tuple(kind for kind in KINDS if kind.endswith("-picture"))


@dataclass(frozen=True, slots=True)
class PlantFault:
    """`part` counts from 1, in order of this run."""

    kind: str
    part: int
    seconds: float


def parse_fault(text: str) -> PlantFault:
    """`restart@20:1.5`. Raises InputError."""
    kind, at, rest = text.partition("@")
    part, _, seconds = rest.partition(":")
    if kind not in KINDS or not at:
        raise InputError(f"'{text}' is no fault of the plant", hint=f"KIND@PART[:SECONDS], KIND: {', '.join(KINDS)}.")
    try:
        fault = PlantFault(kind, int(part), float(seconds) if seconds else KINDS[kind][1])
    except ValueError as error:
        raise InputError(f"'{text}': part and seconds must be numbers", hint="Such as restart@20:1.5") from error
    if fault.part < 1 or not 0 <= fault.seconds < 86_400 * 365:
        raise InputError(f"'{text}': the part counts from 1, the seconds from 0 to a year")
    return fault


def due(faults: Sequence[PlantFault], part: int, *, belt: bool) -> list[PlantFault]:
    """Those that strike at this part: of the belt, or of the PLC."""
    return [fault for fault in faults if fault.part == part and (fault.kind in OF_THE_BELT) is belt]
