"""What is on record of a bay with a camera: its plan, its still, and the newest picture that was kept of it.

The plan and the still are files that the site names (`[[retail.bays]]`); the pictures are the evidence of the station's
events, masked by it. The plan's file is what the camera works by; without one, the plan that the station told counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from core.errors import InputError
from retail.shelf.plan import read_plan
from retail.slot_names import canonical
from verticals.contract import Event
from verticals.web import Desk

#: Pictures are drawn in these units; the width is that of 4 to 3 where the picture does not say.
WIDTH, HEIGHT = 1280, 960
_EVENTS = 60
_KINDS = ("shelf", "slots", "plan")
_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
_MOST_STILL_BYTES = 30_000_000

_MOST_WIDTHS = 256
_WIDTHS: dict[str, int] = {}

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Sight:
    """`picture` and `still` are addresses, empty where there is none; `boxes` by slot: x, y, width, height, shares.

    `width` is what the picture is drawn in beside `HEIGHT`, so that its sides keep their measure.
    """

    picture: str
    picture_utc_s: float | None
    still: str
    boxes: Mapping[str, Box]
    plan: Sequence[Mapping[str, Any]]
    width: int = WIDTH


def sight_of(desk: Desk, bay: str) -> Sight:
    events = desk.events(station=station_of(bay), kinds=_KINDS, limit=_EVENTS, newest_first=True)
    plan = plan_slots(desk, bay, events)
    boxes = {canonical(f"{bay}/{slot['name']}"): _box(slot) for slot in plan}
    kept = next(((event, sha) for event in events for sha in _pictures(event, "kept")), None)
    still = next((f"/evidence/{sha}" for event in events for sha in _pictures(event, "still")), "")
    if not still and still_file(desk, bay) is not None:
        still = f"/shelf/{bay}/still"
    if kept is None:
        found = still_file(desk, bay)
        width = WIDTH if found is None else _width_of_file(found[0], found[0].stat().st_mtime_ns)
        return Sight(still, None, still, boxes, plan, width)
    width = width_of(desk, kept[1])
    return Sight(f"/evidence/{kept[1]}", kept[0].at_utc_s, still or f"/evidence/{kept[1]}", boxes, plan, width)


def station_of(bay: str) -> str:
    return f"bay-{bay}"


def width_of(desk: Desk, sha256: str) -> int:
    """What a picture is drawn in beside `HEIGHT`; 4 to 3 where it is gone."""
    known = _WIDTHS.get(sha256)
    if known is None:
        file = desk.evidence(sha256)
        known = WIDTH if file is None else _width(file.content)
        if len(_WIDTHS) > _MOST_WIDTHS:
            _WIDTHS.clear()
        _WIDTHS[sha256] = known
    return known


def _width(content: bytes) -> int:
    import cv2

    if not content:
        return WIDTH
    small = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_2)
    return WIDTH if small is None else max(1, round(HEIGHT * small.shape[1] / small.shape[0]))


@lru_cache(maxsize=64)
def _width_of_file(path: Path, mtime_ns: int) -> int:
    return _width(path.read_bytes())


def photos(desk: Desk, bays: Iterable[str]) -> dict[str, dict[str, Any]]:
    """By slot: `href` of its bay's still, where there is one, and `box`, the part that shows the slot (`viewBox`).

    The still shows what belongs there, which is what somebody looks for before an empty shelf; else the newest picture.
    """
    newest: dict[str, str] = {}
    for name, kinds in (("still", ("plan",)), ("kept", ("shelf", "slots"))):
        for event in desk.events(kinds=kinds, limit=400, newest_first=True):
            for sha in _pictures(event, name):
                newest.setdefault(event.station, sha)
    found: dict[str, dict[str, Any]] = {}
    for bay in set(bays):
        file, sha = still_file(desk, bay), newest.get(station_of(bay), "")
        if file is None and not sha:
            continue
        href = f"/shelf/{quote(bay)}/still" if file else f"/evidence/{sha}"
        width = _width_of_file(file[0], file[0].stat().st_mtime_ns) if file else width_of(desk, sha)
        for slot in plan_slots(desk, bay):
            x, y, wide, high = _box(slot)
            found[canonical(f"{bay}/{slot['name']}")] = {
                "href": href, "width": width, "height": HEIGHT,
                "box": f"{x * width:.0f} {y * HEIGHT:.0f} {wide * width:.0f} {high * HEIGHT:.0f}",
            }  # fmt: skip
    return found


def plan_slots(desk: Desk, bay: str, events: Sequence[Event] | None = None) -> Sequence[Mapping[str, Any]]:
    """Each `name`, `product`, `box`, `facings`; none where the bay has no plan yet."""
    drawn = _from_file(desk, bay)
    if drawn:
        return drawn
    if events is None:
        events = desk.events(station=station_of(bay), kinds=("plan",), limit=1, newest_first=True)
    return next((found for event in events if (found := _slots(event.data.get("plan")))), ())


def _slots(said: Any) -> list[Mapping[str, Any]]:
    """Slots with a name and a box; anything else is none."""
    slots = said.get("slots") if isinstance(said, Mapping) else None
    if not isinstance(slots, list):
        return []
    return [
        one for one in slots
        if isinstance(one, Mapping) and isinstance(one.get("name"), str)
        and isinstance(one.get("box"), list | tuple) and len(one["box"]) == 4
    ]  # fmt: skip


def _box(slot: Mapping[str, Any]) -> Box:
    x, y, width, height = map(float, slot["box"])
    return x, y, width, height


def _pictures(event: Event, name: str) -> Iterable[str]:
    evidence = event.data.get("evidence")
    if isinstance(evidence, Mapping) and isinstance(evidence.get(name), str):
        yield evidence[name]


# The site's own files


def bay_settings(desk: Desk, bay: str) -> Any | None:
    """None for a bay that the site gave no camera."""
    return next((one for one in desk.settings.bays if one.name == bay), None)


def still_file(desk: Desk, bay: str) -> tuple[Path, str] | None:
    """The reference still and its media type; None where there is none that a browser can show."""
    settings = bay_settings(desk, bay)
    path = None if settings is None else Path(settings.still)
    kind = "" if path is None else _TYPES.get(path.suffix.lower(), "")
    if path is None or not kind or not path.is_file() or path.stat().st_size > _MOST_STILL_BYTES:
        return None
    return path, kind


def _from_file(desk: Desk, bay: str) -> Sequence[Mapping[str, Any]]:
    settings = bay_settings(desk, bay)
    path = None if settings is None else Path(settings.plan)
    if path is None or not path.is_file():
        return ()
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _read(path: Path, mtime_ns: int) -> Sequence[Mapping[str, Any]]:
    """A plan that cannot be read is none here: the bay's station says what is wrong with it."""
    try:
        plan = read_plan(path)
    except InputError:
        return ()
    return tuple(
        {"name": slot.name, "product": slot.product, "box": list(slot.box), "facings": slot.facings}
        for slot in plan.slots
    )
