"""The floor as a map, drawn from the fixtures that the planogram names: a bay by a bay, with its availability.

Fixtures called like `A7.2` (zone, aisle, bay) stand as aisles: the zone with the most bays as columns in the middle,
others as rows above and below. Fixtures with other names stand in rows below them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from retail.slot_names import bay_of, bay_text, canonical, fixture_parts, planned_name
from retail.tasks_shown import place_text
from retail.work_rows import Row

WIDTH, _LEFT, _ROOM_HEIGHT = 352, 16, 52
_GOOD, _FAIR = 0.97, 0.90
_IN_STOCK, _OUT = frozenset({"full", "low"}), frozenset({"empty", "wrong"})
_PER_ROW, _COLUMNS = 8, 8


@dataclass(slots=True)
class Bay:
    """One fixture: how many of its slots are planned, seen, in stock and out."""

    name: str
    planned: int = 0
    seen: int = 0
    there: int = 0
    out: int = 0
    since_ms: int = 0
    states: dict[str, int] = field(default_factory=dict)

    @property
    def look(self) -> str:
        """`blind` where nothing of it is seen, `low` under 90 %, `mid` under 97 %, else empty."""
        if not self.seen:
            return "blind"
        share = self.there / self.seen
        return "" if share >= _GOOD else "mid" if share >= _FAIR else "low"

    @property
    def words(self) -> str:
        if not self.seen:
            return f"{bay_text(self.name)}: not seen, {self.planned} slots"
        share = f"{100 * self.there / self.seen:.0f} % on shelf"
        return f"{bay_text(self.name)}: {share}, {self.out} out, {self.seen} of {self.planned} slots seen"


def bays_of(planogram: Iterable[Row], states: Iterable[Mapping[str, Any]]) -> dict[str, Bay]:
    """By fixture; slots that only a camera knows belong to its bay too."""
    known = {canonical(row["slot"]): row["state"] for row in states}
    bays: dict[str, Bay] = {}
    names = dict.fromkeys([*(canonical(planned_name(row)) for row in planogram), *known])
    for name in names:
        bay = bays.setdefault(bay_of(name) or name, Bay(bay_of(name) or name))
        state = known.get(name, "unknown")
        bay.planned += 1
        bay.states[state] = bay.states.get(state, 0) + 1
        bay.seen += state in _IN_STOCK or state in _OUT
        bay.there += state in _IN_STOCK
        bay.out += state == "empty"
    return bays


def floor(bays: Mapping[str, Bay], back_places: Sequence[str], chosen: str = "") -> dict[str, Any]:
    """What the drawing needs: `height`, `rooms`, `bays` with their rectangles, `texts`."""
    zones: dict[str, dict[int, list[Bay]]] = {}
    for name in sorted(bays, key=lambda one: (fixture_parts(one)[0], *fixture_parts(one)[1:], one)):
        zone, aisle, _ = fixture_parts(name)
        zones.setdefault(zone if aisle else "", {}).setdefault(aisle, []).append(bays[name])
    middle = _middle(zones)
    drawing = _Drawing(chosen)
    y = _ROOM_HEIGHT + 14.0
    others = [zone for zone in zones if zone != middle]
    above, below = others[: (len(others) + 1) // 2], others[(len(others) + 1) // 2 :]
    for zone in above:
        y = drawing.rows(zones[zone], zone, y)
    if middle is not None:
        y = drawing.columns(zones[middle], middle, y)
    for zone in below:
        y = drawing.rows(zones[zone], zone, y)
    height = max(y + 26, 220)
    return {"height": height, "rooms": _rooms(back_places), "bays": drawing.bays, "texts": drawing.texts}


def _middle(zones: Mapping[str, Mapping[int, Sequence[Bay]]]) -> str | None:
    """The zone whose aisles have the most bays, if any has more than two in an aisle."""
    deep = {zone: sum(map(len, aisles.values())) for zone, aisles in zones.items()
            if zone and max(map(len, aisles.values())) > 2}  # fmt: skip
    return max(deep, key=lambda zone: (deep[zone], zone)) if deep else None


def _rooms(places: Sequence[str]) -> list[dict[str, Any]]:
    """The rooms behind, side by side."""
    each = (WIDTH - 2) / max(1, len(places))
    return [
        {"x": round(1 + each * index, 1), "width": round(each, 1), "text": place_text(place).capitalize()}
        for index, place in enumerate(places)
    ]


class _Drawing:
    def __init__(self, chosen: str) -> None:
        self._chosen = chosen
        self.bays: list[dict[str, Any]] = []
        self.texts: list[dict[str, Any]] = []

    def columns(self, aisles: Mapping[int, Sequence[Bay]], zone: str, y: float) -> float:
        """Each aisle a column of bays, its name below; where the last one ends."""
        names = sorted(aisles)
        for first in range(0, len(names), _COLUMNS):
            some = names[first : first + _COLUMNS]
            longest = max(len(aisles[aisle]) for aisle in some)
            step = (WIDTH - 2 * _LEFT) / max(len(some), 4)
            height = max(24.0, min(62.0, 264 / longest - 4))
            for index, aisle in enumerate(some):
                x = _LEFT + 2 + step * index
                for down, bay in enumerate(aisles[aisle]):
                    self._bay(bay, x, y + down * (height + 4), min(24.0, step - 8), height)
                self._text(f"{zone}{aisle}", x + min(24.0, step - 8) / 2, y + longest * (height + 4) + 17)
            y += longest * (height + 4) + 40
        return y

    def rows(self, aisles: Mapping[int, Sequence[Bay]], zone: str, y: float) -> float:
        """Aisles side by side, their bays in a row, the name below; where the last one ends."""
        groups = [(f"{zone}{aisle}" if aisle else "", list(bays)) for aisle, bays in sorted(aisles.items())]
        if zone == "":
            groups = [(bay.name, [bay]) for _, bays in groups for bay in bays]
        x, width = float(_LEFT), 36.0 if zone else 74.0
        for name, bays in groups:
            wide = len(bays) * (width + 2)
            if x > _LEFT and x + wide > WIDTH - _LEFT + 4:
                x, y = float(_LEFT), y + 62
            for index, bay in enumerate(bays):
                self._bay(bay, x + index * (width + 2), y, width, 24)
            self._text(name, x + wide / 2 - 1, y + 41)
            x += wide + 6
        return y + 62

    def _bay(self, bay: Bay, x: float, y: float, width: float, height: float) -> None:
        self.bays.append({
            "name": bay.name, "look": bay.look, "on": bay.name == self._chosen, "out": bay.out, "words": bay.words,
            "x": round(x, 1), "y": round(y, 1), "width": round(width, 1), "height": round(height, 1),
            "cx": round(x + width / 2, 1), "cy": round(y + height / 2, 1),
        })  # fmt: skip

    def _text(self, text: str, x: float, y: float) -> None:
        self.texts.append({"text": text if len(text) <= 12 else f"{text[:11]}…", "x": round(x, 1), "y": round(y, 1)})
