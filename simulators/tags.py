"""The tag sheet of the simulated cell: every OPC UA variable under Objects/Cell, who writes it and what it means.

Node ids are `ns=2;s=Cell.<name>` in the namespace `urn:edgewise:cell`. docs/operate/line-engineer.md shows the
same list; a test holds the two together. Signals after OPC-independent practice of machine-vision handshakes
(Ready, Busy, Trigger, ResultValid, PassFail), with part id echo, heartbeats and the gate's confirmation added.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

NAMESPACE = "urn:edgewise:cell"
NAMESPACE_INDEX = 2

TagValue = bool | int | float | str


class Writer(StrEnum):
    PLC = "plc"
    BOX = "box"


@dataclass(frozen=True, slots=True)
class Tag:
    """`kind` is the OPC UA built-in type; `start` the value after power-up, which is the safe one."""

    name: str
    kind: str
    writer: Writer
    start: TagValue
    meaning: str

    @property
    def node_id(self) -> str:
        return f"ns={NAMESPACE_INDEX};s=Cell.{self.name}"


def _plc(name: str, kind: str, start: TagValue, meaning: str) -> Tag:
    return Tag(name, kind, Writer.PLC, start, meaning)


def _box(name: str, kind: str, start: TagValue, meaning: str) -> Tag:
    return Tag(name, kind, Writer.BOX, start, meaning)


TAGS: tuple[Tag, ...] = (
    _plc("Trigger", "Boolean", False, "rises with a part under the camera; falls once Busy is seen or the window ends"),
    _plc("PartId", "UInt32", 0, "id of the part under the camera; written before Trigger"),
    _plc("RecipeId", "Int32", 0, "number of the recipe that the next parts need; 0 no wish; written before PartId"),
    _plc("Ack", "Boolean", False, "the result was read; falls after ResultValid falls"),
    _plc("PlcHeartbeat", "UInt16", 0, "counts up twice a second"),
    _plc("PartCounter", "UInt32", 0, "parts triggered so far"),
    _plc("PartsPassed", "UInt32", 0, "parts that passed the camera, triggered or not"),
    _plc("WrongEchoCount", "UInt32", 0, "results ignored because PartIdEcho was not PartId"),
    _plc("LateCount", "UInt32", 0, "results that came after the inspection window"),
    _plc("NoResultCount", "UInt32", 0, "triggered parts that had no result inside the window"),
    _plc("PlcFault", "Boolean", False, "three parts in a row without a result, or the box's heartbeat stands still"),
    _plc("PlcFaultCode", "UInt16", 0, "0 none, 1 three parts without a result, 2 box heartbeat lost"),
    _plc("GateLastPartId", "UInt32", 0, "last part at the gate; written after the other gate tags, best 0 before them"),
    _plc("GateLastRejected", "Boolean", False, "the gate's sensor saw that part go into the bin"),
    _plc("GateRejectCount", "UInt32", 0, "parts the gate's sensor saw go into the bin"),
    _plc("GatePassCount", "UInt32", 0, "parts the gate's sensor saw pass"),
    _box("Ready", "Boolean", False, "the box can take a part"),
    _box("Busy", "Boolean", False, "the box works on the part of the last Trigger"),
    _box("ResultValid", "Boolean", False, "the result tags below count; written last, cleared after Ack"),
    _box("PassFail", "Boolean", False, "true: accept, anything else a reject; counts while ResultValid is up alone"),
    _box("ResultCode", "UInt16", 0, "0 accept, above 0 why not"),
    _box("PartIdEcho", "UInt32", 0, "PartId of the part that was judged"),
    _box("Score", "Float", 0.0, "anomaly score, 0 alike the good parts"),
    _box("Fault", "Boolean", False, "the box cannot judge; its screen says why"),
    _box("Heartbeat", "UInt16", 0, "counts up while the work loop moves"),
    _box("Bypass", "Boolean", False, "a person let parts pass without inspection"),
    _box("Simulated", "Boolean", False, "the box runs on simulated devices"),
    _box("RecipeIdActive", "String", "", "name and version of the recipe in force"),
    _box("RecipeNumberActive", "Int32", 0, "number of the recipe in force, 0 none; trigger when it is RecipeId"),
)  # fmt: skip

TAG_BY_NAME = {tag.name: tag for tag in TAGS}
