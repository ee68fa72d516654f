"""Names of the tags between box and PLC; docs/operate/line-engineer.md says what each means."""

from __future__ import annotations

from collections.abc import Mapping

from manufacturing.settings import PlcSettings

OUTPUTS = (
    "Ready", "Busy", "ResultValid", "PassFail", "ResultCode", "Score", "PartIdEcho",
    "Fault", "Bypass", "Simulated", "RecipeIdActive", "Heartbeat",
)  # fmt: skip
WATCHED = ("PartId", "Trigger", "Ack", "PlcHeartbeat", "GateLastPartId")
READ = ("PartCounter", "PartsPassed", "GateLastRejected")
#: Only of a PLC that chooses recipes.
RECIPE_WISH, RECIPE_NUMBER = "RecipeId", "RecipeNumberActive"
#: What a recipe may have elsewhere. By the wish it is chosen itself.
MOVABLE = (*OUTPUTS, *WATCHED, *READ)


def watched(plc: PlcSettings) -> tuple[str, ...]:
    return (*WATCHED, RECIPE_WISH) if plc.chooses_recipes else WATCHED


def read_at_trigger(plc: PlcSettings) -> list[str]:
    """In one request: whose part it is, and by which recipe it is to be judged."""
    return ["PartId", "PartCounter", "PartsPassed", *([RECIPE_WISH] if plc.chooses_recipes else [])]


def nodes(plc: PlcSettings, moved: Mapping[str, str]) -> dict[str, str]:
    """The node id of every tag; `moved` are the recipe's, before those of the site file."""
    names = (*OUTPUTS, *READ, *watched(plc), *([RECIPE_NUMBER] if plc.chooses_recipes else []))
    return {name: moved.get(name) or plc.tags.get(name) or plc.tag_prefix + name for name in names}
