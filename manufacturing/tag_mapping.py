"""Which of a PLC's variables could be which of our tags, and whether a mapping holds. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from typing import Any, Protocol

_WHOLE = ("UInt16", "UInt32", "Int16", "Int32", "UInt64", "Int64", "Byte")
_WIDE = ("UInt32", "Int32", "UInt64", "Int64")


class Variable(Protocol):
    """What browsing tells of a variable; `kind` is the built-in OPC UA type."""

    @property
    def node_id(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def array(self) -> bool: ...
    @property
    def readable(self) -> bool: ...
    @property
    def writable(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """One of our tags: the types that hold it, whether the box writes it, other names it goes by in PLC programs."""

    name: str
    kinds: Sequence[str]
    written: bool
    also: Sequence[str] = ()


WANTED: tuple[Wanted, ...] = (
    Wanted("Trigger", ("Boolean",), False, ("Trig", "StartInspection", "Capture")),
    Wanted("PartId", _WIDE, False, ("PartNumber", "SerialNumber", "TriggerId", "PartNo")),
    Wanted("Ack", ("Boolean",), False, ("Acknowledge", "ResultAck", "Quit")),
    Wanted("PlcHeartbeat", _WHOLE, False, ("PlcAlive", "LifebitPlc", "PlcWatchdog")),
    Wanted("PartCounter", _WIDE, False, ("TriggerCounter", "TriggerCount", "PartsTriggered")),
    Wanted("PartsPassed", _WIDE, False, ("PartsTotal", "PartsSeen", "PassedCount")),
    Wanted("GateLastPartId", _WIDE, False, ("LastGatePart", "EjectorPartId")),
    Wanted("GateLastRejected", ("Boolean",), False, ("LastRejected", "EjectorLast", "RejectConfirmed")),
    Wanted("RecipeId", ("Int32", *_WHOLE), False, ("RecipeNumber", "ProgramNumber", "JobNumber")),
    Wanted("Ready", ("Boolean",), True, ("CameraReady", "VisionReady", "InspectionReady")),
    Wanted("Busy", ("Boolean",), True, ("VisionBusy", "Inspecting")),
    Wanted("ResultValid", ("Boolean",), True, ("ResultReady", "DataValid", "ResultAvailable")),
    Wanted("PassFail", ("Boolean",), True, ("Pass", "ResultOk", "PartOk", "Good")),
    Wanted("ResultCode", _WHOLE, True, ("Result", "ErrorClass")),
    Wanted("PartIdEcho", _WIDE, True, ("EchoPartId", "ResultPartId", "TriggerIdEcho")),
    Wanted("Score", ("Float", "Double"), True, ("ResultScore", "Anomaly")),
    Wanted("Fault", ("Boolean",), True, ("VisionFault", "CameraFault", "Error")),
    Wanted("Heartbeat", _WHOLE, True, ("BoxHeartbeat", "VisionAlive", "VisionHeartbeat")),
    Wanted("Bypass", ("Boolean",), True, ("BypassActive",)),
    Wanted("Simulated", ("Boolean",), True, ("Simulation",)),
    Wanted("RecipeIdActive", ("String",), True, ("ActiveRecipe", "RecipeName")),
    Wanted("RecipeNumberActive", ("Int32", *_WHOLE), True, ("ActiveRecipeNumber", "ActiveProgram")),
)
BY_NAME = {wanted.name: wanted for wanted in WANTED}
_LIKELY = 0.75
#: As PLC programmers put a type before a name: xReady, bBusy, diPartId, rScore.
_TYPE_PREFIX = re.compile(r"^(?:x|b|i|n|w|r|f|s|u|di|ui|dw|udi|uin|str|real|bool|int|dint)(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Proposal:
    """`node_id` empty: nothing like it was found. `problems` are said in words; `share` 0..1 is how alike it is."""

    tag: str
    node_id: str
    path: str
    share: float
    problems: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "share": round(self.share, 2), "problems": list(self.problems)}


def propose(variables: Sequence[Variable]) -> list[Proposal]:
    """For each of our tags the most alike variable; none is proposed twice. A person decides."""
    pairs = [
        (alike(wanted, variable) - 0.1 * len(problems_of(wanted, variable)), wanted.name, variable)
        for wanted in WANTED
        for variable in variables
    ]
    chosen: dict[str, tuple[float, Variable]] = {}
    taken: set[str] = set()
    for share, tag, variable in sorted(pairs, key=lambda pair: (-pair[0], pair[2].path)):
        if share < _LIKELY:
            break
        if tag not in chosen and variable.node_id not in taken:
            chosen[tag] = (share, variable)
            taken.add(variable.node_id)
    return [_proposal(wanted, chosen.get(wanted.name)) for wanted in WANTED]


def _proposal(wanted: Wanted, found: tuple[float, Variable] | None) -> Proposal:
    if found is None:
        return Proposal(wanted.name, "", "", 0.0, ("no variable with a name like it",))
    share, variable = found
    return Proposal(wanted.name, variable.node_id, variable.path, share, tuple(problems_of(wanted, variable)))


def check(mapping: Mapping[str, str], found: Mapping[str, Variable | None]) -> dict[str, list[str]]:
    """What is wrong with each tag of `mapping` (tag to node id), by what was looked up at the PLC; empty: nothing."""
    places = list(mapping.values())
    problems: dict[str, list[str]] = {}
    for tag, address in mapping.items():
        wanted, variable = BY_NAME.get(tag), found.get(tag)
        if wanted is None:
            problems[tag] = ["the box has no tag of this name"]
        elif variable is None:
            problems[tag] = [f"there is no variable at '{address}'"]
        else:
            twice = ["the same variable is given for another tag too"] if places.count(address) > 1 else []
            problems[tag] = [*problems_of(wanted, variable), *twice]
    return problems


def problems_of(wanted: Wanted, variable: Variable) -> list[str]:
    found = []
    if variable.array:
        found.append("it is an array, expected is one value")
    if variable.kind not in wanted.kinds:
        found.append(
            f"its type is {variable.kind or 'not told'}, expected is {' or '.join(dict.fromkeys(wanted.kinds))}"
        )
    if wanted.written and not variable.writable:
        found.append("the box may not write it")
    if not wanted.written and not variable.readable:
        found.append("the box may not read it")
    return found


def alike(wanted: Wanted, variable: Variable) -> float:
    """0..1, by the last name of the browse path; a name that goes by another convention counts a little less."""
    name = variable.path.rsplit("/", 1)[-1].partition(":")[2]
    plain, stripped = _plain(name), _plain(_TYPE_PREFIX.sub("", name))
    own = _plain(wanted.name)
    if own in (plain, stripped):
        return 1.0
    others = max((0.95 * _ratio(stripped, _plain(other)) for other in wanted.also), default=0.0)
    return max(0.95 * _ratio(stripped, own), others)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _ratio(one: str, other: str) -> float:
    if min(len(one), len(other)) * 2 < max(len(one), len(other)):
        return 0.0
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
