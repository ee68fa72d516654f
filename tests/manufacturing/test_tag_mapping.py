from __future__ import annotations

from dataclasses import dataclass

import pytest

from manufacturing.tag_mapping import WANTED, check, propose
from simulators.tags import TAGS, Writer


@dataclass(frozen=True)
class Found:
    node_id: str
    path: str
    kind: str
    array: bool = False
    readable: bool = True
    writable: bool = True


def found(name: str, kind: str, **more: bool) -> Found:
    return Found(f"ns=3;s={name}", f"/0:Objects/3:PLC/3:{name}", kind, **more)


def test_the_tags_are_those_of_the_tag_sheet_with_its_types_and_writers() -> None:
    sheet = {tag.name: tag for tag in TAGS}
    for wanted in WANTED:
        assert sheet[wanted.name].kind in wanted.kinds
        assert wanted.written == (sheet[wanted.name].writer is Writer.BOX)


@pytest.mark.parametrize(
    "name,kind,tag",
    [
        ("Trigger", "Boolean", "Trigger"),
        ("xTrigger", "Boolean", "Trigger"),
        ("part_id", "UInt32", "PartId"),
        ("diPartIdEcho", "Int32", "PartIdEcho"),
        ("VisionReady", "Boolean", "Ready"),
        ("ACKNOWLEDGE", "Boolean", "Ack"),
        ("rScore", "Float", "Score"),
        ("CameraFault", "Boolean", "Fault"),
    ],
)
def test_names_of_other_habits_are_known_again(name: str, kind: str, tag: str) -> None:
    proposals = {proposal.tag: proposal for proposal in propose([found("Motor1Speed", "Float"), found(name, kind)])}
    assert proposals[tag].node_id == f"ns=3;s={name}" and not proposals[tag].problems
    assert sum(bool(proposal.node_id) for proposal in proposals.values()) == 1


def test_the_one_of_the_right_type_is_preferred_and_none_is_proposed_twice() -> None:
    variables = [found("Ready", "String"), Found("i=7", "/0:Objects/3:Cell/3:Ready", "Boolean")]
    proposals = {proposal.tag: proposal for proposal in propose(variables)}
    assert proposals["Ready"].node_id == "i=7"
    proposed = [proposal.node_id for proposal in propose([found("PartId", "UInt32")]) if proposal.node_id]
    assert proposed == ["ns=3;s=PartId"]


def test_what_does_not_fit_is_said() -> None:
    proposals = {each.tag: each for each in propose([found("Ready", "Int16", writable=False)])}
    assert proposals["Ready"].problems == ("its type is Int16, expected is Boolean", "the box may not write it")
    assert proposals["Busy"].problems == ("no variable with a name like it",)


def test_a_mapping_is_checked_tag_by_tag() -> None:
    ready = found("A", "Boolean")
    mapping = {"Ready": "ns=3;s=A", "Busy": "ns=3;s=A", "Score": "ns=3;s=none", "Nonsense": "i=1", "Ack": "ns=3;s=B"}
    problems = check(mapping, {"Ready": ready, "Busy": ready, "Score": None, "Ack": found("B", "Boolean", array=True)})
    assert problems["Ready"] == ["the same variable is given for another tag too"]
    assert problems["Score"] == ["there is no variable at 'ns=3;s=none'"]
    assert problems["Nonsense"] == ["the box has no tag of this name"]
    assert problems["Ack"] == ["it is an array, expected is one value"]
    assert check({"Ready": "ns=3;s=A"}, {"Ready": ready}) == {"Ready": []}
