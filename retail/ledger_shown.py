"""What happened to a product, for people: newest first, sales of a day together, with the running on-hand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from retail.figures_shown import NONE, day_letter, day_text, local, quantity, when
from retail.ledger.document import CUSTOMER, OUTSIDE, TRANSFER
from retail.ledger.quantity import THOUSANDTHS
from retail.tasks_shown import place_text
from retail.work_rows import Row

_DAY_MS = 86_400_000


def entries(timeline: Iterable[Row], on_hand: int, unit: str, now_utc_s: float, zone: ZoneInfo) -> list[dict[str, Any]]:
    """`when`, `text`, `change`, `on_hand` (after it), `at_ms`; `on_hand` is what there is now, thousandths.

    What there was before a count is not told where the record alone comes to less than nothing: nobody had counted.
    """
    shown: list[dict[str, Any]] = []
    running, counted = on_hand, False
    for row in timeline:
        effect = effect_of(row)
        key = _group(row, zone)
        last = shown[-1] if shown else None
        if key and last is not None and last["key"] == key:
            last["effect"] += effect
            last["sources"].add(str(row["source"]))
        else:
            shown.append({"key": key, "row": row, "effect": effect, "sources": {str(row["source"])},
                          "after": None if counted and running < 0 else running})  # fmt: skip
        running -= effect
        counted = counted or row["variance"] is not None
    return [_entry(one, unit, now_utc_s, zone) for one in shown]


def account_text(account: str) -> str:
    """`supplier`, `another store`, `back room`: one side of a line as people call it."""
    return "another store" if account == TRANSFER else account if account in OUTSIDE else place_text(account)


def effect_of(row: Mapping[str, Any]) -> int:
    """What an entry did to the on-hand of the whole store, thousandths; a count what it found beyond the book."""
    if row["variance"] is not None:
        return int(row["variance"])
    came = row["to"] not in OUTSIDE
    went = row["from"] not in OUTSIDE
    return int(row["thousandths"]) * (came - went)


def _group(row: Mapping[str, Any], zone: ZoneInfo) -> str:
    """Sales of one day stand together."""
    if row["kind"] not in ("sale", "return") or row["variance"] is not None:
        return ""
    return f"sold {local(row['at_ms'] / 1000, zone).date()}"


def _entry(one: Mapping[str, Any], unit: str, now_utc_s: float, zone: ZoneInfo) -> dict[str, Any]:
    row = one["row"]
    at_utc_s = row["at_ms"] / 1000
    today = local(at_utc_s, zone).date() == local(now_utc_s, zone).date()
    moment = day_text(local(at_utc_s, zone).date()) if one["key"] and not today else when(at_utc_s, now_utc_s, zone)
    change = quantity(one["effect"], unit, signed=True)
    if row["variance"] is not None:
        change = f"= {quantity(row['thousandths'], unit)}"
    return {
        "when": moment, "text": _words(one, unit), "change": change,
        "on_hand": NONE if one["after"] is None else quantity(one["after"], unit),
        "at_ms": row["at_ms"], "evidence": False, "who": str(row["who"]), "document": f"{row['source']} {row['ref']}",
    }  # fmt: skip


def _words(one: Mapping[str, Any], unit: str) -> str:
    row = one["row"]
    amount = quantity(abs(one["effect"]) if one["key"] else int(row["thousandths"]), unit)
    if row["variance"] is not None:
        return f"Counted, {place_text(row['to'])}"
    if one["key"]:
        sources = sorted(one["sources"])
        where = f", {sources[0]}" if len(sources) == 1 else f", {len(sources)} tills"
        return f"{amount} {'sold' if one['effect'] <= 0 else 'came back'}{where}"
    if row["kind"] == "transfer":
        return f"{amount} {'from' if row['from'] in OUTSIDE else 'to'} another store"
    words = _MOVES.get(str(row["kind"]))
    return words.format(amount) if words else _moved(row, amount)


def _moved(row: Mapping[str, Any], amount: str) -> str:
    if row["from"] not in OUTSIDE and row["to"] not in OUTSIDE:
        return f"{amount} moved to {place_text(row['to'])}"
    if row["from"] in OUTSIDE:
        return f"{amount} came, {row['kind']}"
    reason = f", {row['reason']}" if row["reason"] else ""
    return f"{amount} {row['kind']}{reason}"


_MOVES: Mapping[str, str] = {
    "receipt": "Receipt of {}", "void": "{} taken back", "damage": "{} damaged", "expiry": "{} over date",
    "opening": "Opening stock {}",
}  # fmt: skip


def sold_days(
    sales: Iterable[Row], out_spans: Sequence[tuple[float, float]], now_utc_s: float, zone: ZoneInfo, days: int = 14,
    short_days: Collection[str] = (),
) -> dict[str, Any]:  # fmt: skip
    """Bars of what was sold on each of the last days, the rightmost today; a day with stock-out is hatched.

    `short_days` (ISO dates): less than nine tenths of the demand found the shelf filled.
    """
    today = local(now_utc_s, zone).date()
    sold: dict[date, int] = {}
    for row in sales:
        amount = int(row["thousandths"]) * ((row["to_account"] == CUSTOMER) - (row["from_account"] == CUSTOMER))
        day = local(row["at_ms"] / 1000, zone).date()
        sold[day] = sold.get(day, 0) + amount
    dates = [today - timedelta(days=days - 1 - back) for back in range(days)]
    out = {day for day in dates if day.isoformat() in short_days}
    out |= {day for day in dates for begin, end in out_spans if _touches(day, begin, end, zone)}
    most = max([*(sold.get(day, 0) for day in dates), THOUSANDTHS])
    bars = []
    for index, day in enumerate(dates):
        amount = max(0, sold.get(day, 0))
        height = 40.0 if day in out else max(1.0, 40.0 * amount / most)
        bars.append({
            "x": round(2 + 23.6 * index, 1), "y": round(46 - height, 1), "height": round(height, 1),
            "middle": round(10.5 + 23.6 * index, 1), "letter": day_letter(day),
            "look": "none" if day in out else "now" if day == today else "",
            "words": f"{day_text(day)}: {quantity(amount)} sold{', out for a while' if day in out else ''}",
        })  # fmt: skip
    whole = [sold.get(day, 0) for day in dates[:-1] if day not in out]
    mean = sum(whole) / len(whole) / THOUSANDTHS if whole and any(whole) else None
    return {"bars": bars, "mean": None if mean is None else f"{mean:.1f}", "any": any(sold.get(day) for day in dates),
            "out": bool(out)}  # fmt: skip


def _touches(day: date, begin: float, end: float, zone: ZoneInfo) -> bool:
    """Whether a stock-out took an hour or more of the day."""
    least_s = 3600.0
    first, last = local(begin, zone).date(), local(end, zone).date()
    if not first <= day <= last:
        return False
    if first == last:
        return end - begin >= least_s
    if day == first:
        return local(begin, zone).hour < 23
    return day < last or local(end, zone).hour >= 1
