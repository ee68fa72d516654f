"""Which variable of the PLC each of our tags is to have: what stands, what was proposed, what a person chose. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from manufacturing import plc_tags
from manufacturing.settings import PlcSettings
from manufacturing.tag_mapping import BY_NAME, WANTED, Variable, Wanted, problems_of
from verticals.contract import Json

AS_NOW, PROPOSED, BY_HAND, NONE = "as now", "proposed", "by hand", ""


@dataclass(frozen=True, slots=True)
class Choice:
    """`node_id` empty: none yet. `how` is one of AS_NOW, PROPOSED, BY_HAND; `problems` are said in words."""

    wanted: Wanted
    node_id: str = ""
    variable: Variable | None = None
    how: str = NONE
    problems: tuple[str, ...] = ()

    @property
    def fine(self) -> bool:
        return bool(self.node_id) and not self.problems


def needed(plc: PlcSettings) -> list[Wanted]:
    """Our tags on this line, those that the PLC writes first."""
    names = plc_tags.nodes(plc, {})
    return [wanted for wanted in WANTED if wanted.name in names]


def choices(
    plc: PlcSettings,
    moved: Mapping[str, str],
    variables: Sequence[Variable],
    proposals: Mapping[str, str],
    picked: Mapping[str, str],
) -> list[Choice]:
    """One for each tag that is needed. `moved` are the tags of the recipe in force, `picked` what a person tapped.

    What the line uses now stays where it fits; else the proposal is taken.
    """
    by_address = {address: each for each in variables for address in (each.path, each.node_id)}
    now = plc_tags.nodes(plc, moved)
    found = [
        _choice(wanted, by_address, now[wanted.name], proposals.get(wanted.name, ""), picked) for wanted in needed(plc)
    ]
    given: dict[str, list[str]] = {}
    for each in found:
        if each.node_id:
            given.setdefault(each.node_id, []).append(each.wanted.name)
    return [_alone(each, given.get(each.node_id, [])) for each in found]


def _choice(
    wanted: Wanted, by_address: Mapping[str, Variable], now: str, proposed: str, picked: Mapping[str, str]
) -> Choice:
    if wanted.name in picked:
        return _judged(wanted, picked[wanted.name], by_address, BY_HAND)
    standing = _judged(wanted, now, by_address, AS_NOW)
    proposal = _judged(wanted, proposed, by_address, PROPOSED)
    if standing.fine:
        return standing
    if proposal.fine or (proposal.variable is not None and standing.variable is None):
        return proposal
    if standing.variable is not None:
        return standing
    return Choice(wanted, problems=("no variable with a name like it",))


def _judged(wanted: Wanted, address: str, by_address: Mapping[str, Variable], how: str) -> Choice:
    variable = by_address.get(address)
    if variable is None:
        text = () if address.startswith("nsu=") else (f"there is no variable at '{address}'",)
        return Choice(wanted, address, None, how, text)
    return Choice(wanted, address, variable, how, tuple(problems_of(wanted, variable)))


def _alone(choice: Choice, names: Sequence[str]) -> Choice:
    others = [name for name in names if name != choice.wanted.name]
    if not others:
        return choice
    problems = (*choice.problems, f"{', '.join(others)} has the same variable")
    return Choice(choice.wanted, choice.node_id, choice.variable, choice.how, problems)


def mapping_of(found: Sequence[Choice]) -> dict[str, str]:
    """Tag to node id, for the dry check at the PLC."""
    return {each.wanted.name: each.node_id for each in found if each.node_id}


def checked(found: Sequence[Choice], problems: Mapping[str, Sequence[str]]) -> list[Choice]:
    """The same with what the PLC said of them in a dry check."""
    return [
        Choice(each.wanted, each.node_id, each.variable, each.how, tuple(problems.get(each.wanted.name, each.problems)))
        for each in found
    ]


def recipe_tags(plc: PlcSettings, mapping: Mapping[str, str]) -> dict[str, str]:
    """What a recipe has to say of them: those that are elsewhere than the site file has them."""
    site = plc_tags.nodes(plc, {})
    return {name: node for name, node in mapping.items() if name in plc_tags.MOVABLE and node != site[name]}


def changed(plc: PlcSettings, moved: Mapping[str, str], mapping: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Name, address now and address then of every tag that a recipe moves."""
    now = plc_tags.nodes(plc, moved)
    return [(name, now[name], node) for name, node in mapping.items() if name in plc_tags.MOVABLE and node != now[name]]


def site_lines(plc: PlcSettings, mapping: Mapping[str, str], *, all_of_them: bool) -> list[str]:
    """Lines for the line's table in edgewise.toml: of all tags, or of those alone that no recipe can move."""
    site = plc_tags.nodes(plc, {})
    return [
        f"plc.tags.{name} = {json.dumps(node, ensure_ascii=False)}"
        for name, node in mapping.items()
        if node != site[name] and (all_of_them or name not in plc_tags.MOVABLE)
    ]


def candidates(wanted: Wanted, variables: Sequence[Variable], proposed: str, text: str) -> list[Variable]:
    """Those whose path, node id or type has every word of `text`: the proposal, then what fits, then the rest."""
    words = text.lower().split()
    kept = [
        each for each in variables if all(word in f"{each.path} {each.node_id} {each.kind}".lower() for word in words)
    ]
    return sorted(kept, key=lambda each: (each.node_id != proposed, bool(problems_of(wanted, each)), each.path))


def picks(values: Mapping[str, str]) -> dict[str, str]:
    """What a person tapped, from an address or a form."""
    return {name: node[:200] for name, node in values.items() if name in BY_NAME and node}


def proposals_of(result: Json) -> dict[str, str]:
    return {each["tag"]: each["node_id"] for each in result.get("proposals", ()) if each["node_id"]}
