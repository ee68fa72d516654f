"""Recipes in words, as pages list them: where each stands, what it says, and what a version changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from manufacturing.recipes import ModelPick, Recipe
from manufacturing.shifts import moment_text
from manufacturing.shown import taught_at
from verticals.contract import Json

#: Of a sha256, as people compare it.
_DIGITS = 8
NONE = "–"


@dataclass(frozen=True, slots=True)
class Version:
    """One version on record: what it is, and where it stands."""

    recipe: Recipe
    at_utc_s: float
    released: bool
    in_force: bool
    retired: bool


@dataclass(frozen=True, slots=True)
class Named:
    """All versions of one name, the newest first."""

    name: str
    versions: Sequence[Version]

    @property
    def shown(self) -> Version:
        """What the name stands for: the version in force, the released one, or the newest."""
        newest = self.versions[0]
        in_force = next((one for one in self.versions if one.in_force), None)
        return in_force or next((one for one in self.versions if one.released), newest)

    @property
    def retired(self) -> bool:
        return self.versions[0].retired

    def version(self, number: int) -> Version | None:
        return next((one for one in self.versions if one.recipe.version == number), None)

    def before(self, number: int) -> Recipe | None:
        """The version before this one, whether it was ever in force or not."""
        return next((one.recipe for one in self.versions if one.recipe.version < number), None)


def named(rows: Sequence[Mapping[str, Any]]) -> list[Named]:
    """Recipes by name, from the rows of `recipe_tables.recipes_of`."""
    by_name: dict[str, list[Version]] = {}
    for row in rows:
        stands = (bool(row[key]) for key in ("released", "in_force", "retired"))
        by_name.setdefault(row["name"], []).append(Version(Recipe.read(row["document"]), row["at_utc_s"], *stands))
    return [Named(name, versions) for name, versions in by_name.items()]


class Shelf:
    """What lies on the box's shelf, to say of a recipe's model whether it can be used."""

    def __init__(self, models: Sequence[Json], zone: ZoneInfo) -> None:
        self._by_sha = {one["sha256"]: one for one in models if one["sha256"]}
        self._by_title = {(one["name"], one["version"]): one for one in models}
        self.zone = zone

    def trouble(self, pick: ModelPick) -> str:
        """Why this model cannot be loaded; empty when nothing is known against it."""
        there = self._by_title.get((pick.name, pick.version))
        if there is None:
            return "gone from the shelf"
        if there["broken"]:
            return f"broken: {there['broken'].rpartition(': ')[2]}"
        return "" if there["sha256"] == pick.sha256 else "another content on the shelf"

    def own_limit(self, pick: ModelPick) -> float | None:
        found = self._by_sha.get(pick.sha256)
        limit = (found or {}).get("limits", {}).get("threshold")
        return None if limit is None else float(limit)

    def model(self, view: str, pick: ModelPick) -> dict[str, str]:
        """One model as a line of text with its check."""
        at = taught_at(pick.version, self.zone)
        title = f"{pick.name}, taught {at}" if at else pick.title
        said = {"title": title, "sha": pick.sha256[:_DIGITS], "trouble": self.trouble(pick)}
        return {**said, "view": view, "version": pick.version}


def limit_text(recipe: Recipe, shelf: Shelf) -> tuple[str, str]:
    """The limit, and what share of good parts it stands for, or "own" for the model's own."""
    if recipe.threshold is not None:
        return f"{recipe.threshold.limit:.2f}", "" if recipe.threshold.rate is None else percent(recipe.threshold.rate)
    own = shelf.own_limit(recipe.model) if len(recipe.models) == 1 else None
    return ("own", "") if own is None else (f"{own:.2f}", "own")


def percent(share: float) -> str:
    """`0.25 %`."""
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + " %"


def facts(recipe: Recipe, shelf: Shelf) -> list[tuple[str, str]]:
    """What the recipe says, beside its models, tags and Modbus map."""
    limit, stands_for = limit_text(recipe, shelf)
    whole = recipe.region is None
    return [
        ("Limit", _limit_said(limit, stands_for)),
        ("Review from", _number(recipe.review_from)),
        ("PLC number", str(recipe.plc_number or NONE)),
        ("Exposure", _exposure(recipe.exposure_us)),
        ("Gain", "as it is" if recipe.gain is None else f"{recipe.gain:g}"),
        ("Region", "whole picture" if whole else region_text(recipe.region or {})),
        ("Masks", str(len(recipe.masks)) if recipe.masks else "none"),
    ]


def _limit_said(limit: str, stands_for: str) -> str:
    if limit == "own":
        return "the model's own"
    return f"{limit}, the model's own" if stands_for == "own" else f"{limit} · {stands_for}" if stands_for else limit


def region_text(region: Mapping[str, float]) -> str:
    """`80 × 90 % at 10, 5 %`."""
    wide, high, left, top = (f"{100 * region[name]:.0f}" for name in ("w", "h", "x", "y"))
    return f"{wide} × {high} % at {left}, {top} %"


def said_by(recipe: Recipe, at_utc_s: float, zone: ZoneInfo) -> dict[str, str]:
    """Who saved a version, in which role, when and why."""
    who = recipe.who or "the box"
    role = f", {recipe.role}" if recipe.role else ""
    return {"when": short_time(at_utc_s, zone), "who": f"{who}{role}", "reason": recipe.reason or "no reason given"}


def short_time(utc_s: float, zone: ZoneInfo) -> str:
    """`24 Nov 2026 14:05`."""
    return moment_text(utc_s, zone).rpartition(":")[0]


def _number(value: float | None) -> str:
    return NONE if value is None else f"{value:.2f}"


def _exposure(value: float | None) -> str:
    return "as it is" if value is None else f"{value:g} µs"


# --- what a version changed ------------------------------------------------------------------------------------


def differences(recipe: Recipe, before: Recipe | None, zone: ZoneInfo) -> list[str]:
    """Only what changed: `limit 4.80 → 5.15`, `exposure 1500 → 1200 µs`."""
    if before is None:
        return ["first version"]
    found = _models_changed(recipe, before, zone) + _numbers_changed(recipe, before) + _shapes_changed(recipe, before)
    found += _table_changed("tag", recipe.tags, before.tags)
    found += _table_changed("Modbus", recipe.modbus, before.modbus)
    return found or ["nothing but the reason"]


def _models_changed(recipe: Recipe, before: Recipe, zone: ZoneInfo) -> list[str]:
    found = []
    for view in dict.fromkeys([*before.models, *recipe.models]):
        old, new = before.models.get(view), recipe.models.get(view)
        if old == new:
            continue
        what = f"model of {view}" if view else "model"
        found.append(f"{what} {_pick_text(old, new, zone)} → {_pick_text(new, old, zone)}")
    return found


def _pick_text(pick: ModelPick | None, other: ModelPick | None, zone: ZoneInfo) -> str:
    """As short as tells it from the other one."""
    if pick is None:
        return "none"
    if other is None or pick.name != other.name:
        return pick.title
    if pick.version == other.version:
        return pick.sha256[:_DIGITS]
    at = taught_at(pick.version, zone)
    return f"of {at}" if at else pick.version


def _numbers_changed(recipe: Recipe, before: Recipe) -> list[str]:
    old, new = before.threshold, recipe.threshold
    pairs = [
        ("limit", old and f"{old.limit:.2f}", new and f"{new.limit:.2f}", "", "the model's own"),
        *([("rate", _rate(before), _rate(recipe), "", "not known")] if old and new else []),
        ("review from", _plain(before.review_from), _plain(recipe.review_from), "", "none"),
        ("PLC number", _plain(before.plc_number), _plain(recipe.plc_number), "", "none"),
        ("exposure", _plain(before.exposure_us), _plain(recipe.exposure_us), " µs", "as it is"),
        ("gain", _plain(before.gain), _plain(recipe.gain), "", "as it is"),
    ]
    return [
        f"{what} {was or none} → {now or none}{unit if now else ''}"
        for what, was, now, unit, none in pairs
        if was != now
    ]


def _plain(value: float | None) -> str | None:
    return None if value is None else f"{value:g}"


def _rate(recipe: Recipe) -> str | None:
    return percent(recipe.threshold.rate) if recipe.threshold and recipe.threshold.rate is not None else None


def _shapes_changed(recipe: Recipe, before: Recipe) -> list[str]:
    found = []
    if recipe.region != before.region:
        old, new = (region_text(one.region) if one.region else "whole picture" for one in (before, recipe))
        found.append(f"region {old} → {new}")
    if list(recipe.masks) != list(before.masks):
        found.append(f"masks {len(before.masks)} → {len(recipe.masks)}")
    return found


def _table_changed(what: str, new: Mapping[str, Any], old: Mapping[str, Any]) -> list[str]:
    lines = "the line's"
    names = [name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)]
    return [f"{what} {name.replace('_', ' ')} {old.get(name, lines)} → {new.get(name, lines)}" for name in names]
