"""Tasks as people read them: what to do, where, why in a line, and what it is worth an hour."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from retail.figures_shown import expiry_text, money, number_of, quantity, when
from retail.slot_names import canonical, said
from retail.work_rows import Row

#: A text, or a text with its weight: `b` strong, `out` red.
Piece = str | tuple[str, str]
KINDS: Mapping[str, tuple[str, str, str]] = {
    "refill": ("Refill", "refill", "Refill"),
    "check": ("Check", "search", "Check"),
    "count": ("Count", "count", "Count"),
    "markdown": ("Markdown", "percent", "Markdown"),
    "label": ("Fix label", "label", "Label"),
}
_PLACES = {"backroom": "back room", "floor": "shelf"}
_DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_AMOUNT = r"-?\d+(?:\.\d+)?(?: kg)?"
_FIGURE = re.compile(
    rf"(?P<bad>^out\b|^probably out\b|\bexpired\b)|^{_AMOUNT}|(?<=\bsystem ){_AMOUNT}|(?<=\bcamera )\d+|(?<=\bRFID )\d+"
    rf"|\b{_AMOUNT}(?= in )"
)


def place_text(place: str) -> str:
    """`back room`, `cold room`: an account of the ledger as people call it."""
    return _PLACES.get(place) or place.replace("-", " ").replace("_", " ")


def kinds_shown(tasks: Sequence[Row]) -> list[tuple[str, str, int]]:
    """(kind, short word, how many), all first; kinds of which there is none stay, so that places do not move."""
    count = {kind: sum(1 for task in tasks if task["kind"] == kind) for kind in KINDS}
    return [("", "All", len(tasks)), *((kind, KINDS[kind][2], count[kind]) for kind in KINDS)]


def tasks_shown(
    tasks: Iterable[Row], products: Mapping[str, Row], currency: str, now_utc_s: float, zone: ZoneInfo,
    photos: Mapping[str, Any] = MappingProxyType({}),
) -> list[dict[str, Any]]:  # fmt: skip
    """`photos`: by slot, what `bay_record.photos` found."""
    return [
        {**task_shown(task, products.get(task["gtin"], {}), currency, now_utc_s, zone),
         "photo": photos.get(canonical(task["slot"]))}
        for task in tasks
    ]  # fmt: skip


def task_shown(
    task: Row, product: Mapping[str, Any], currency: str, now_utc_s: float, zone: ZoneInfo
) -> dict[str, Any]:
    facts: Mapping[str, Any] = task["facts"]
    word, icon, _ = KINDS.get(task["kind"], ("Look", "eye", "Look"))
    name = str(product.get("name") or facts.get("name") or task["gtin"])
    unit = str(product.get("unit") or facts.get("unit") or "piece")
    return {
        "id": task["id"],
        "gtin": task["gtin"],
        "slot_name": task["slot"],
        "title": name,
        "slot": said(task["slot"]) if task["slot"] else place_text(task["place"]) if task["place"] else "",
        "icon": icon,
        "kind_name": task["kind"],
        "kind": word,
        "why": why(task, unit, now_utc_s, zone),
        "value": money(task["value_cents_h"], currency),
        "per": "an hour",
        "pack": "bag",
        "taken_by": task["taken_by"] if task["state"] == "taken" else "",
        "back": _amount(facts.get("back"), unit),
        "ask_quantity": task["kind"] == "refill",
        "fill": _fill(facts),
    }


def why(task: Row, unit: str, now_utc_s: float, zone: ZoneInfo) -> list[Piece]:
    """The reason in a line, its figures strong: what the camera counted of a refill, else the rule's own words."""
    facts: Mapping[str, Any] = task["facts"]
    seen = _refill(facts, unit, now_utc_s, zone) if task["kind"] == "refill" else []
    return seen or spoken(str(task["reason"]))


def _refill(facts: Mapping[str, Any], unit: str, now_utc_s: float, zone: ZoneInfo) -> list[Piece]:
    """`out since 13:22, 6 in back room`, `low, 2 of 12, 18 in cold room`; nothing where no camera looks."""
    back, place = _amount(facts.get("back"), unit), place_text(str(facts.get("back_place") or "backroom"))
    if not back:
        return []
    behind: list[Piece] = [(back, "b"), f" in {place}"]
    state, seen, of = facts.get("camera_state"), facts.get("camera"), facts.get("camera_of")
    if state == "empty":
        since = number_of(facts.get("since_ms"))
        text = f" since {when(since / 1000, now_utc_s, zone)}, " if since else ", "
        return [("out", "out"), text, *behind]
    if seen is not None and of:
        return ["low, ", (f"{seen:g}", "b"), f" of {of:g}, ", *behind]
    return []


def spoken(reason: str) -> list[Piece]:
    """A rule's own words with their figures strong, dates and places as people say them."""
    text = _DATE.sub(lambda found: expiry_text(found[0]), reason)
    for place, word in _PLACES.items():
        text = text.replace(f" in {place}", f" in {word}")
    pieces: list[Piece] = []
    end = 0
    for found in _FIGURE.finditer(text):
        if found.start() > end:
            pieces.append(text[end : found.start()])
        pieces.append((found[0], "out" if found["bad"] else "b"))
        end = found.end()
    return [*pieces, text[end:]] if text[end:] or not pieces else pieces


def _amount(value: object, unit: str) -> str:
    """Units that a fact holds, as text; empty where it holds none."""
    units = number_of(value)
    return "" if units is None else quantity(round(units * 1000), unit)


def _fill(facts: Mapping[str, Any]) -> str:
    """How much to bring: what fits, as far as there is of it."""
    back, shelf, room = (number_of(facts.get(key)) for key in ("back", "shelf", "capacity"))
    if back is None:
        return ""
    fits = back if not room else min(back, max(0.0, room - (shelf or 0.0)))
    return f"{fits if fits > 0 else back:g}"
