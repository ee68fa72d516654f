"""Recipes as the events on record tell them, for pages: every version, which is in force, who changed what and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from manufacturing.recipe_book import CHOSEN, RETIRED, SAVED
from manufacturing.settings import LineSettings
from verticals.contract import Event
from verticals.web import Desk

#: More changes than this are not looked through: the newest count.
_LOOKED_THROUGH = 2000


def changes(desk: Desk, line: LineSettings) -> Sequence[Event]:
    """Every change of a recipe of this line, the newest first."""
    kinds = (SAVED, CHOSEN, RETIRED, "recipe-refused")
    return desk.events(station=line.name, kinds=kinds, limit=_LOOKED_THROUGH, newest_first=True)


def versions(told: Sequence[Event]) -> dict[tuple[str, int], Mapping[str, Any]]:
    """Every version's document, by name and version, the newest first."""
    saved = (event.data for event in told if event.kind == SAVED)
    return {(data["name"], data["version"]): data["recipe"] for data in saved}


def refusal(desk: Desk, line: LineSettings, name: str, version: int) -> str:
    """Why this version was not loaded when it was chosen last; empty when it was, or is still on its way."""
    kinds = ("recipe-asked", CHOSEN, "recipe-refused")
    told = desk.events(station=line.name, kinds=kinds, subject=name, limit=1, newest_first=True)
    refused = [event for event in told if event.kind == "recipe-refused" and event.data["version"] == version]
    return str(refused[0].data.get("why", "")) if refused else ""


def in_force(desk: Desk, line: LineSettings) -> Mapping[str, Any]:
    """The document of the recipe in force; empty before the first."""
    told = changes(desk, line)
    chosen = next((event.data for event in told if event.kind == CHOSEN and event.data.get("in_force", True)), None)
    return versions(told).get((chosen["name"], chosen["version"]), {}) if chosen else {}
