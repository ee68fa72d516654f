"""All recipes of one line: versions, which of them is released under its name, which is in force.

Changed by events alone, so that what was recorded and what is known here cannot differ.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any

from core.errors import InputError
from manufacturing.recipes import Recipe

SAVED, CHOSEN, RETIRED = "recipe-saved", "recipe-chosen", "recipe-retired"
#: Versions of one name that can still be chosen; older ones stay on record.
_VERSIONS_KEPT = 20


class RecipeBook:
    """`released` is the version that a name, and its number at the PLC, stands for."""

    def __init__(self) -> None:
        self._versions: dict[str, dict[int, Recipe]] = {}
        self._released: dict[str, list[int]] = {}  # the newest last; a rollback takes it off
        self._retired: set[str] = set()
        self.in_force: Recipe | None = None
        self._text: str | None = None

    def __bool__(self) -> bool:
        return bool(self._versions)

    def find(self, name: str, version: int | None = None) -> Recipe | None:
        """A version, or the newest one; None when it is not here or was retired."""
        versions = self._versions.get(name, {})
        if name in self._retired or not versions:
            return None
        return versions.get(max(versions) if version is None else version)

    def next_version(self, name: str) -> int:
        return max(self._versions.get(name, {0: None})) + 1

    def released(self, name: str) -> Recipe | None:
        stack = self._released.get(name)
        return self.find(name, stack[-1]) if stack else None

    def before(self, name: str) -> Recipe | None:
        """What was released under this name before the one of today."""
        stack = self._released.get(name, [])
        return self.find(name, stack[-2]) if len(stack) > 1 else None

    def all_released(self) -> list[Recipe]:
        return [recipe for name in self._released if (recipe := self.released(name)) is not None]

    def by_number(self, number: int) -> Recipe | None:
        """The released recipe that the PLC means by `number`."""
        return next((recipe for recipe in self.all_released() if recipe.plc_number == number), None)

    def holder(self, number: int | None, but: str) -> str:
        """The name of another recipe that has this number of the PLC; empty when it is free."""
        for name in self._versions if number is not None else ():
            ours = {recipe.plc_number for recipe in (self.find(name), self.released(name)) if recipe is not None}
            if name != but and number in ours:
                return name
        return ""

    def apply(self, kind: str, data: Mapping[str, Any]) -> None:
        """What a recipe event means here; other events mean nothing. Raises InputError for one that is no recipe."""
        change = {SAVED: self._save, CHOSEN: self._choose, RETIRED: self._retire}.get(kind)
        if change is not None:
            self._text = None
            change(data)

    def _save(self, data: Mapping[str, Any]) -> None:
        recipe = Recipe.read(data["recipe"])
        versions = self._versions.setdefault(recipe.name, {})
        versions[recipe.version] = recipe
        self._retired.discard(recipe.name)
        # A name's first version answers to its number at once; a later one when somebody chooses it.
        stack = self._released.setdefault(recipe.name, [recipe.version])
        in_force = self.in_force.version if self.in_force and self.in_force.name == recipe.name else 0
        for old in sorted(versions)[:-_VERSIONS_KEPT]:
            if old not in (*stack[-2:], in_force):
                del versions[old]

    def _choose(self, data: Mapping[str, Any]) -> None:
        name, version = str(data["name"]), int(data["version"])
        recipe = self._versions.get(name, {}).get(version)
        if recipe is None:
            return
        stack = self._released.setdefault(name, [])
        if data.get("how") == "rollback" and len(stack) > 1:
            stack.pop()
        if not stack or stack[-1] != version:
            stack.append(version)
        del stack[:-_VERSIONS_KEPT]
        if data.get("in_force"):
            self.in_force = recipe

    def _retire(self, data: Mapping[str, Any]) -> None:
        name = str(data["name"])
        self._retired.add(name)
        self._released.pop(name, None)

    def state(self) -> str:
        """One short text, made again only after a change: it is saved with every part."""
        if self._text is None:
            in_force = self.in_force
            kept = {
                "recipes": [recipe.document() for versions in self._versions.values() for recipe in versions.values()],
                "released": self._released,
                "retired": sorted(self._retired),
                "in_force": [in_force.name, in_force.version] if in_force else None,
            }
            self._text = base64.b64encode(zlib.compress(json.dumps(kept).encode())).decode()
        return self._text

    def restore(self, text: str) -> None:
        """Raises InputError when it is not what `state` gave."""
        try:
            kept = json.loads(zlib.decompress(base64.b64decode(text)))
            for document in kept["recipes"]:
                recipe = Recipe.read(document)
                self._versions.setdefault(recipe.name, {})[recipe.version] = recipe
            self._released = {name: [int(version) for version in stack] for name, stack in kept["released"].items()}
            self._retired = set(kept["retired"])
            if kept["in_force"] is not None:
                name, version = kept["in_force"]
                self.in_force = self._versions.get(name, {}).get(version)
        except (ValueError, KeyError, TypeError, zlib.error) as error:
            raise InputError("the saved recipes of the line cannot be read") from error
        self._text = text
