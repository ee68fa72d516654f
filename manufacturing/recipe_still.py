"""A still of the part that a recipe is for, with the region it was taught with and what was masked out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manufacturing.recipes import Recipe
from manufacturing.settings import LineSettings
from verticals.contract import Event
from verticals.web import Desk

_LOOKED_THROUGH = 200


def still(desk: Desk, line: LineSettings, recipe: Recipe) -> dict[str, Any] | None:
    """The newest picture that was judged by this recipe, or the newest of all; None where there is none.

    Sizes are pixels of the picture, `region` a rectangle, `masks` points of polygons as SVG has them.
    """
    events = desk.events(station=line.name, kinds=("part",), limit=_LOOKED_THROUGH, newest_first=True)
    ours = [event for event in events if (event.data.get("recipe") or {}).get("name") == recipe.name]
    found = next((shown for event in (*ours, *events) if (shown := _picture(desk, event))), None)
    if found is None:
        return None
    width, height = found["w"], found["h"]
    region = recipe.region
    box = None if region is None else _box(region, width, height)
    outlines = [points for mask in recipe.masks if (points := _points(mask, width, height))]
    return {**found, "region": box, "masks": outlines, "stroke": round(max(width / 900, height / 560) * 4, 2)}


def _picture(desk: Desk, event: Event) -> dict[str, Any] | None:
    evidence, size = event.data.get("evidence", {}), event.data.get("picture") or {}
    sha256 = next((sha for name, sha in evidence.items() if name.startswith("image")), "")
    if not sha256 or not size or desk.evidence(sha256) is None:
        return None
    ours = event.data.get("recipe") or {}
    return {
        "image": f"/evidence/{sha256}",
        "part": event.subject,
        "w": size["w"],
        "h": size["h"],
        "of": ours.get("name", ""),
    }


def _box(region: Mapping[str, float], width: int, height: int) -> dict[str, float]:
    sides = {"x": width, "y": height, "w": width, "h": height}
    return {name: round(region[name] * side, 1) for name, side in sides.items()}


def _points(mask: Any, width: int, height: int) -> str:
    """Of a rectangle (x, y, w, h) or of a polygon, in shares of the picture; empty for another kind of mask."""
    said: Any = [mask.get(name) for name in ("x", "y", "w", "h")] if isinstance(mask, Mapping) else mask
    try:
        x, y, w, h = (float(side) for side in said)
        corners = [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
    except (TypeError, ValueError):
        corners = _corners(said)
    return " ".join(f"{x * width:.1f},{y * height:.1f}" for x, y in corners)


def _corners(points: Any) -> list[tuple[float, float]]:
    try:
        corners = [(float(x), float(y)) for x, y in points]
    except (TypeError, ValueError):
        return []
    return corners if len(corners) > 2 else []
