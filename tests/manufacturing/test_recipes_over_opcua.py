"""The PLC chooses the recipe over real OPC UA, and the line's real engine judges by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from manufacturing.recipe_tables import recipe_history, recipe_in_force, recipes_of
from simulators.passages import Part
from tests.support.cells_with_recipes import RecipeCell, recipe_cell
from tests.support.lines import until

SWITCH_LIMIT_S = 1.0


async def judged(cell: RecipeCell, part_id: int) -> tuple[str, str, float]:
    """Verdict, recipe and score of a part that goes through."""
    cell.plc.part(Part(part_id, f"{part_id}.bmp", "good"))
    await until(lambda: [event for event in cell.rig.recorded("part") if event.subject == str(part_id)], 5.0)
    data = next(event for event in cell.rig.recorded("part") if event.subject == str(part_id)).data
    return data["verdict"], data["recipe"]["name"], round(data["score"], 2)


@pytest.mark.slow
async def test_parts_are_judged_by_the_recipe_that_the_plc_asks_for(tmp_path: Path) -> None:
    async with recipe_cell(tmp_path, {"flange": 1.0, "bracket": 2.0, "clip": 3.0}) as cell:
        await cell.save("bracket", 4)
        await cell.save("clip", 5)
        assert await judged(cell, 1) == ("accept", "flange", 0.24)
        assert await cell.change_to(4) <= SWITCH_LIMIT_S
        assert await judged(cell, 2) == ("accept", "bracket", 0.47)
        assert await cell.change_to(5) <= SWITCH_LIMIT_S
        assert await judged(cell, 3) == ("accept", "clip", 0.71)

        cell.plc.ask_for_recipe(9)
        await until(lambda: bool(cell.plc.program.box["Fault"]) and not cell.plc.program.box["Ready"])
        await until(lambda: cell.rig.recorded("fault")[-1].subject == "unknown-recipe")
        assert cell.rig.recorded("fault")[-1].data["detail"] == "The PLC asks for recipe 9, which does not exist here."
        assert await cell.change_to(4) <= SWITCH_LIMIT_S
        await cell.rig.quiet()
        with cell.rig.events.engine.connect() as connection:
            in_force = recipe_in_force(connection, "line-3")
            versions = [(row["name"], row["version"], row["released"]) for row in recipes_of(connection, "line-3")]
            changes = [(row["name"], row["change"], row["how"]) for row in recipe_history(connection, "line-3")]
        assert in_force is not None and in_force["name"] == "bracket"
        assert versions == [("bracket", 1, True), ("clip", 1, True), ("flange", 1, True)]
        assert changes[:3] == [("bracket", "chosen", "plc"), ("clip", "chosen", "plc"), ("bracket", "chosen", "plc")]
