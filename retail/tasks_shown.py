"""Tasks as people read them: what to do, where, why in a line, and what it is worth an hour."""

from __future__ import annotations

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
    """The reason in a line, its figures strong; the rule's own words where its facts are not there."""
    facts: Mapping[str, Any] = task["facts"]
    words = _WHY.get(task["kind"])
    pieces = words(facts, unit, now_utc_s, zone) if words is not None else []
    return pieces or [str(task["reason"])]


def _refill(facts: Mapping[str, Any], unit: str, now_utc_s: float, zone: ZoneInfo) -> list[Piece]:
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
    return ["low, ", *behind]


def _check(facts: Mapping[str, Any], unit: str, now_utc_s: float, zone: ZoneInfo) -> list[Piece]:
    if facts.get("camera_state") == "wrong":
        return ["another item lies there: ", (str(facts.get("found") or "not known"), "b")]
    return _sources(facts, unit)


def _sources(facts: Mapping[str, Any], unit: str) -> list[Piece]:
    """`system 9, camera 0, RFID 0`, of each that said something."""
    pieces: list[Piece] = []
    for name, key in (("system", "system"), ("camera", "camera"), ("RFID", "rfid")):
        amount = _amount(facts.get(key), unit if key == "system" else "piece")
        if amount:
            pieces += [f"{', ' if pieces else ''}{name} ", (amount, "b")]
    return pieces


def _count(facts: Mapping[str, Any], unit: str, now_utc_s: float, zone: ZoneInfo) -> list[Piece]:
    system, low, high = (_amount(facts.get(key), unit) for key in ("system", "low", "high"))
    if not system:
        return []
    if low and high and low != high:
        return ["system ", (system, "b"), f", may be {low} to {high}"]
    return ["system ", (system, "b")]


def _markdown(facts: Mapping[str, Any], unit: str, now_utc_s: float, zone: ZoneInfo) -> list[Piece]:
    amount, expiry = _amount(facts.get("on_hand"), unit), str(facts.get("expiry") or "")
    if not amount or not expiry:
        return []
    days, percent = number_of(facts.get("days_left")), number_of(facts.get("markdown_pct"))
    if days is not None and days < 0:
        return [(amount, "b"), " ", ("expired", "out"), f" {expiry_text(expiry)}, take away"]
    tried = f", try \N{MINUS SIGN}{percent:g} %" if percent else ""
    return [(amount, "b"), f" expire {expiry_text(expiry)}{tried}"]


_WHY = {"refill": _refill, "check": _check, "count": _count, "markdown": _markdown}


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
