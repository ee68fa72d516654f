"""The head of the back office: six figures, each with its denominator or its reason, and what is wrong just now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from retail.figures_shown import NONE, age, local, number_of, share
from retail.slot_names import bay_of, bay_text
from retail.work.settings import WorkSettings
from retail.work_rows import Row

#: So long without a sale in opening hours and the till feed counts as late.
TILL_LATE_S = 1800.0
_BAD_LEVELS = frozenset({"fault", "attention"})
_READER, _BAY = "reader-", "bay-"


def work_of(settings: Any) -> WorkSettings:
    found = getattr(settings, "work", None)
    return found if isinstance(found, WorkSettings) else WorkSettings()


def kpis(told: Mapping[str, Any], days: Sequence[Row], expiring_days: int, planned: int) -> list[dict[str, Any]]:
    """Each `name`, `value`, `small`, `bad`; the first also `spark`, the path of the last days."""
    slots = told.get("slots") if isinstance(told.get("slots"), Mapping) else {}
    count = {str(name): number_of(value) for name, value in (slots or {}).items()}
    seen = sum(count.get(state) or 0 for state in ("full", "low", "empty", "wrong"))
    return [
        _osa(told, days),
        _out(count, planned, seen),
        _whole("Phantom suspected", told.get("phantoms"), "products", "nothing compared yet"),
        _expiring(told, expiring_days),
        _shrink(told),
        _blocked(count, planned),
    ]


def _osa(told: Mapping[str, Any], days: Sequence[Row]) -> dict[str, Any]:
    osa, before = number_of(told.get("osa")), number_of(told.get("osa_before"))
    if osa is None:
        small = "no shelf was seen today"
    elif before is None:
        small = "first day"
    else:
        points = 100 * (osa - before)
        way = "up" if points >= 0 else "down"
        small = f"{abs(points):.1f} {way} on yesterday" if abs(points) >= 0.05 else "as yesterday"
    shares = [float(row["osa"]) for row in days if row["osa"] is not None]
    spark = spark_path([*shares, *([osa] if osa is not None else [])])
    return {"name": "On shelf, today", "value": share(osa), "small": small, "bad": False, "spark": spark}


def spark_path(values: Sequence[float]) -> dict[str, str]:
    """A line of 80 x 24 through the last values; empty for less than two."""
    some = values[-14:]
    if len(some) < 2:
        return {}
    low, high = min(some), max(some)
    spread = max(high - low, 0.005)
    points = [(80 * at / (len(some) - 1), 20 - 16 * (value - low) / spread) for at, value in enumerate(some)]
    return {"d": "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points), "y": f"{points[-1][1]:.1f}"}


def _out(count: Mapping[str, float | None], planned: int, seen: float) -> dict[str, Any]:
    name = "Out of stock"
    if not planned:
        return {"name": name, "value": NONE, "small": "no planogram", "bad": False}
    if not seen:
        return {"name": name, "value": NONE, "small": "no shelf seen", "bad": False}
    out = int(count.get("empty") or 0)
    return {"name": name, "value": str(out), "small": f"of {planned} slots", "bad": out > 0}


def _whole(name: str, value: object, of: str, unknown: str) -> dict[str, Any]:
    amount = number_of(value)
    if amount is None:
        return {"name": name, "value": NONE, "small": unknown, "bad": False}
    return {"name": name, "value": f"{amount:.0f}", "small": of, "bad": False}


def _expiring(told: Mapping[str, Any], expiring_days: int) -> dict[str, Any]:
    shown = _whole(f"Expiring in {expiring_days} days", told.get("expiring"), "lots", "no dates known")
    expired = number_of(told.get("expired"))
    if expired:
        shown |= {"small": f"lots, {expired:.0f} over date", "bad": True}
    return shown


def _shrink(told: Mapping[str, Any]) -> dict[str, Any]:
    shrink = number_of(told.get("shrink"))
    small = "of sales" if shrink is not None else "no counts and sales yet"
    if shrink is not None and abs(shrink) > 1:  # a store's first hours: stock counted, hardly anything sold
        shrink, small = None, "too few sales to tell"
    return {"name": "Shrink, 4 weeks", "value": share(shrink), "small": small, "bad": False}


def _blocked(count: Mapping[str, float | None], planned: int) -> dict[str, Any]:
    name, blocked = "View blocked", count.get("blocked")
    if not planned or not count:
        return {"name": name, "value": NONE, "small": "no camera yet", "bad": False}
    return {"name": name, "value": f"{blocked or 0:.0f}", "small": "slots, unknown", "bad": False}


def notices(
    told: Mapping[str, Any], stations: Mapping[str, Mapping[str, Any]], states: Sequence[Row], planned: int,
    now_utc_s: float, zone: ZoneInfo, work: WorkSettings,
) -> list[dict[str, str]]:  # fmt: skip
    """What is wrong now, in sentences: `icon`, `text`, `kind`, and `to` where something can be done."""
    found: list[dict[str, str]] = []
    if not planned:
        text = "No planogram yet: shelves are not judged. Import one, or draw slots on a bay's picture."
        found.append({"icon": "recipe", "text": text, "kind": "plain", "to": "/settings", "go": "Import"})
    late = _late_s(told, now_utc_s, zone, work)
    if late is not None:
        text = f"Till feed {age(late)} late. Forecasts are frozen until it is back."
        found.append({"icon": "clock", "text": text, "kind": ""})
    found += _readers(stations)
    found += _cameras(stations)
    found += _hidden(states, now_utc_s)
    return found


def _late_s(told: Mapping[str, Any], now_utc_s: float, zone: ZoneInfo, work: WorkSettings) -> float | None:
    """How long the tills have said nothing since the store opened, where that is too long."""
    sold = number_of(told.get("sold_utc_s")) or None
    opened = _opened(now_utc_s, zone, work)
    if sold is None or opened is None:
        return None
    silent = now_utc_s - max(sold, opened)
    return silent if silent > TILL_LATE_S else None


def _opened(now_utc_s: float, zone: ZoneInfo, work: WorkSettings) -> float | None:
    """When the store opened today; None while it is closed."""
    now = local(now_utc_s, zone)
    opens, closes = work.opening
    begin = datetime.combine(now.date(), opens, zone)
    end = datetime.combine(now.date(), closes, zone)
    if end <= begin:
        end += timedelta(days=1)
        if now < begin:
            begin, end = begin - timedelta(days=1), end - timedelta(days=1)
    return begin.timestamp() if begin <= now < end else None


def _readers(stations: Mapping[str, Mapping[str, Any]]) -> Iterable[dict[str, str]]:
    for name, one in sorted(stations.items()):
        if name.startswith(_READER) and one.get("level") in _BAD_LEVELS and one.get("faults"):
            why = next(iter(one["faults"].values()))
            text = f"RFID reader {name.removeprefix(_READER)}: {why}. Its counts are old."
            yield {"icon": "alert", "text": text, "kind": "bad"}


def _cameras(stations: Mapping[str, Mapping[str, Any]]) -> Iterable[dict[str, str]]:
    for name, one in sorted(stations.items()):
        if name.startswith(_BAY) and one.get("level") in _BAD_LEVELS and one.get("faults"):
            why = next(iter(one["faults"].values()))
            yield {"icon": "camera", "text": f"Camera of {bay_text(name.removeprefix(_BAY))}: {why}", "kind": "bad"}


def _hidden(states: Sequence[Row], now_utc_s: float) -> Iterable[dict[str, str]]:
    """Bays of which a view is blocked, the longest first; never counted as out."""
    since: dict[str, list[int]] = {}
    for row in states:
        if row["state"] == "blocked":
            since.setdefault(bay_of(row["slot"]) or str(row["bay"]), []).append(int(row["since_ms"]))
    if not since:
        return
    bays = sorted(since, key=lambda bay: min(since[bay]))
    longest = age(now_utc_s - min(since[bays[0]]) / 1000)
    where = bay_text(bays[0]) if len(bays) == 1 else f"{len(bays)} bays"
    text = f"View blocked for {longest} at {where}: status unknown, not counted as out."
    yield {"icon": "camera", "text": text, "kind": "", "to": f"/shelf/{bays[0]}", "go": "Look"}


def nothing_to_do(states: Sequence[Row], told: Mapping[str, Any], now_utc_s: float, filtered: str) -> str:
    """What stands where the list would be."""
    if filtered:
        return "Nothing of this kind to do."
    count = sum(1 for row in states if row["state"] in ("full", "low", "empty", "wrong"))
    if not count:
        return "Nothing to do. No shelf is seen yet: tasks come from tills, counts and dates."
    checked = number_of(told.get("checked_utc_s"))
    ago = f" {age(now_utc_s - checked)} ago" if checked is not None else ""
    return f"Nothing to do. All {count} slots checked{ago}."
