"""How the recipes of a line stand now: in force, asked for by the PLC, on their way or refused; in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from manufacturing.changeover import NO_WISH, UNREADABLE
from manufacturing.kiosk import heard, line_dead
from manufacturing.recipe_shown import Named, Version
from manufacturing.recipe_tables import recipe_history
from manufacturing.settings import LineSettings
from verticals.web import Desk

#: A load is over by then, one way or the other.
_LOADS_AT_MOST_S = 65.0
#: So long a refusal is told at the head of the page; it stays in the history.
_REFUSAL_TOLD_S = 600.0
_LOOKED_THROUGH = 2000


@dataclass(frozen=True, slots=True)
class Standing:
    """`earlier` are the versions that a rollback brings back, by name; `refused` is the last choice's, with its why."""

    chooses: bool
    asked: int = NO_WISH
    in_force: Version | None = None
    loading: str = ""
    refused: tuple[str, str] | None = None
    numbers: Mapping[int, str] = field(default_factory=dict)
    earlier: Mapping[str, int] = field(default_factory=dict)
    heard: bool = True

    def of(self, version: Version) -> dict[str, str]:
        """Word, shape and look of one version's state."""
        recipe = version.recipe
        if recipe.title == self.loading:
            return _state("loading", "Being loaded", "clock")
        if version.in_force:
            return _state("force", "In force", "check")
        if version.retired:
            return _state("retired", "Retired", "cross")
        if version.released and recipe.plc_number is not None and recipe.plc_number == self.asked:
            return _state("asked", "PLC asks for it", "alert")
        if version.released:
            return _state("ready", "Ready", "")
        return _state("other", "Not in force", "")

    @property
    def plc(self) -> str:
        """What the PLC has to say about recipes, as a sentence."""
        if not self.chooses:
            return "People choose; the PLC does not choose recipes here."
        if not self.heard:
            return "Not heard yet what the PLC asks for."
        if self.asked == NO_WISH:
            stays = "what is in force stays" if self.in_force else "none is in force"
            return f"The PLC asks for no recipe: {stays}."
        if self.asked == UNREADABLE:
            return "The PLC's RecipeId cannot be read."
        name = self.numbers.get(self.asked)
        return f"The PLC asks for {self.asked}, which " + (f"is {name}." if name else "does not exist here.")

    @property
    def wrong(self) -> bool:
        """Whether the PLC asks for what is not in force: nothing is judged then."""
        number = self.in_force.recipe.plc_number if self.in_force else None
        return self.chooses and self.asked not in (NO_WISH, number)

    @property
    def banner(self) -> dict[str, str] | None:
        """What is to be said before all else, None while there is nothing."""
        stays = f"{self.in_force.recipe.title} stays in force" if self.in_force else "no recipe is in force"
        if self.wrong and self.asked not in self.numbers:
            return _banner("fault", "WRONG RECIPE", f"{self.plc} Ready is off.", "cross")
        if self.loading:
            goes_on = "Ready is off"
            if self.in_force and not self.wrong:
                goes_on = f"the line goes on with {self.in_force.recipe.title}"
            text = f"{goes_on} until its golden vectors have passed."
            return _banner("idle", f"{self.loading} is being loaded", text, "clock")
        if self.wrong:
            return _banner("attention", "RECIPE CHANGES", f"{self.plc} Ready is off until it is loaded.", "clock")
        if self.refused:
            return _banner("attention", "NOT LOADED", f"{self.refused[0]}: {self.refused[1]}; {stays}.", "alert")
        return None


def _state(kind: str, word: str, icon: str) -> dict[str, str]:
    return {"kind": kind, "word": word, "icon": icon}


def _banner(kind: str, word: str, text: str, icon: str) -> dict[str, str]:
    return {"kind": kind, "word": word, "text": text, "icon": icon}


def standing(desk: Desk, line: LineSettings, every: Sequence[Named]) -> Standing:
    """As the line told it last, and as it is on record."""
    with desk.read() as connection:
        changes = recipe_history(connection, line.name, most=_LOOKED_THROUGH)
    told = heard(desk, line)[0].get("recipes", {})
    versions = [version for one in every for version in one.versions]
    loading, refused = _last_choice(desk, line)
    return Standing(
        chooses=line.plc.chooses_recipes,
        asked=told.get("asked", NO_WISH),
        in_force=next((version for version in versions if version.in_force), None),
        loading="" if line_dead(desk) else told.get("loading") or loading,
        refused=refused,
        numbers={one.recipe.plc_number: one.recipe.name for one in versions if one.released and one.recipe.plc_number},
        earlier=_earlier(changes),
        heard=bool(told),
    )


def _last_choice(desk: Desk, line: LineSettings) -> tuple[str, tuple[str, str] | None]:
    """What the last choice on record waits for, or why it was refused; both only while they are news."""
    kinds = ("recipe-asked", "recipe-chosen", "recipe-refused")
    events = desk.events(station=line.name, kinds=kinds, limit=1, newest_first=True)
    if not events:
        return "", None
    event, age_s = events[0], desk.clock.now().utc_s - events[0].at_utc_s
    title = f"{event.subject} {event.data['version']}"
    if event.kind == "recipe-asked" and isinstance(event.data["version"], int) and age_s < _LOADS_AT_MOST_S:
        return title, None
    if event.kind == "recipe-refused" and age_s < _REFUSAL_TOLD_S:
        return "", (title, str(event.data.get("why", "")))
    return "", None


def _earlier(changes: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """By name the version that was released before the one of today, from the changes, the newest first."""
    stacks: dict[str, list[int]] = {}
    for row in reversed(changes):
        name, version, stack = row["name"], row["version"], stacks.setdefault(row["name"], [])
        if row["change"] == "retired":
            del stacks[name]
        elif row["change"] == "saved" and not stack:
            stack.append(version)
        elif row["change"] == "chosen":
            if row["how"] == "rollback" and len(stack) > 1:
                stack.pop()
            if stack[-1:] != [version]:
                stack.append(version)
    return {name: stack[-2] for name, stack in stacks.items() if len(stack) > 1}
