"""What pages ask of a line's recipes: the one in force, and why one was not loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manufacturing.recipe_book import CHOSEN
from manufacturing.recipe_tables import recipe_in_force
from manufacturing.settings import LineSettings
from verticals.web import Desk


def refusal(desk: Desk, line: LineSettings, name: str, version: int) -> str:
    """Why this version was not loaded when it was chosen last; empty when it was, or is still on its way."""
    kinds = ("recipe-asked", CHOSEN, "recipe-refused")
    told = desk.events(station=line.name, kinds=kinds, subject=name, limit=1, newest_first=True)
    refused = [event for event in told if event.kind == "recipe-refused" and event.data["version"] == version]
    return str(refused[0].data.get("why", "")) if refused else ""


def in_force(desk: Desk, line: LineSettings) -> Mapping[str, Any]:
    """The document of the recipe in force; empty before the first."""
    with desk.read() as connection:
        row = recipe_in_force(connection, line.name)
    return row["document"] if row else {}
