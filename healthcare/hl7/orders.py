"""The groups of an ORU: each OBR with its OBX, under the patient and the place that stand before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from healthcare.hl7.message import Message, Segment


@dataclass(frozen=True, slots=True)
class Group:
    """An OBR with its OBX, of one patient; without OBR where rows come without one."""

    pid: Segment | None
    pv1: Segment | None
    obr: Segment | None
    rows: tuple[Segment, ...]


def groups_of(message: Message) -> Iterator[Group]:
    """The message's OBR in their order, each with what stands before the next; one at least where there are OBX."""
    pid = pv1 = obr = None
    rows: list[Segment] = []
    for segment in message.segments:
        if segment.name in ("PID", "OBR"):
            if obr is not None or rows:
                yield Group(pid, pv1, obr, tuple(rows))
            rows = []
            if segment.name == "PID":
                pid, pv1, obr = segment, None, None
            else:
                obr = segment
        elif segment.name == "PV1":
            pv1 = segment
        elif segment.name == "OBX":
            rows.append(segment)
    if obr is not None or rows:
        yield Group(pid, pv1, obr, tuple(rows))
