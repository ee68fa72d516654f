"""Alarm burden in words and bars: what the page shows of figures, of a what-if and of what its replay proved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from healthcare.burden import PRIORITIES, Burden, Period, title
from healthcare.measures import MEASURES
from healthcare.what_if import ADJUSTABLE, Rules, Tried

NARROW = "\N{NARROW NO-BREAK SPACE}"
_WIDTH, _LEFT, _TOP, _FLOOR = 1140.0, 64.0, 40.0, 272.0
_GAP = 1.3
_ENOUGH_FOUND = 0.98
_NAMED = 1
_STEPS = (1, 2, 5)


def count(number: float) -> str:
    """`3 763`."""
    return f"{number:,.0f}".replace(",", NARROW)


def rate(number: float | None) -> str:
    return "–" if number is None else f"{number:.1f}"


def share(part: int, whole: int) -> str:
    return f"{round(100 * part / whole)}" if whole else "–"


def wait(seconds: float | None) -> str:
    """`38 s`, `1 min 52 s`; a dash where nobody acknowledged."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    return f"{whole} s" if whole < 100 else f"{whole // 60} min {whole % 60} s"


def kpis(now: Burden, before: Burden, period: Period) -> list[dict[str, str]]:
    """The six figures, each with its unit and a note."""
    high, total = now.by_priority["high"], now.total
    was = before.per_bed_day(before.total)
    earlier = {"day": "the day before", "week": "the week before", "4-weeks": "the 4 weeks before"}[period.name]
    value, _, unit = wait(now.median_s["high"]).partition(" ")
    beyond = "none beyond charge nurse" if not now.to_everyone else f"{now.to_everyone} to everyone"
    return [
        _kpi("Alarms per bed per day", rate(now.per_bed_day(total)), "", f"{rate(was)} {earlier}"),
        _kpi("Ended by itself within 15 s", share(now.short, total), "%", f"{count(now.short)} of {count(total)}"),
        _kpi("Acknowledged", share(now.acknowledged, total), "%", f"{count(now.acknowledged)} of {count(total)}"),
        _kpi("Median to acknowledge, high", value, unit, f"medium {wait(now.median_s['medium'])}"),
        _kpi("High, passed on", count(now.passed_on), "", f"of {count(high)}, {beyond}"),
        _kpi(
            "Technical per bed per day", rate(now.per_bed_day(now.technical)), "",
            f"{count(now.technical)}, lead off {share(now.leads_off, now.technical)} %",
        ),
    ]  # fmt: skip


def _kpi(name: str, value: str, unit: str, note: str) -> dict[str, str]:
    return {"name": name, "value": value, "unit": unit if value != "–" else "", "note": note}


def span_text(period: Period, zone: ZoneInfo) -> str:
    """`Mon 16 to Sun 22 Nov 2026`, `Sat 21 Nov 15:00 to Sun 22 Nov 14:05`."""
    begin, end = (_local(at, zone) for at in (period.begin_utc_s, period.end_utc_s))
    if period.name == "day":
        return f"{begin:%a} {begin.day} {begin:%b %H:%M} to {end:%a} {end.day} {end:%b %H:%M}"
    month = "" if begin.month == end.month else f" {begin:%b}"
    return f"{begin:%a} {begin.day}{month} to {end:%a} {end.day} {end:%b %Y}"


def chart(now: Burden, period: Period, zone: ZoneInfo) -> dict[str, Any]:
    """The bars with their places in a drawing 1140 wide and 306 high; `grid` are the lines behind them."""
    most = max((sum(bar.values()) for bar in now.bars), default=0)
    every = _grid_step(most)
    top = max(every * -(-most // every), 1)
    per = (_FLOOR - _TOP) / top
    slot = (_WIDTH - _LEFT) / len(now.bars)
    bars = []
    for place, (bar, at) in enumerate(zip(now.bars, period.edges_utc_s, strict=False)):
        x = _LEFT + slot * (place + 0.22)
        level, parts = _FLOOR, []
        for priority in reversed(PRIORITIES):
            height = bar[priority] * per
            if bar[priority]:
                inside = max(height - _GAP, 0.8)
                parts.append({"priority": priority, "y": f"{level - height:.1f}", "height": f"{inside:.1f}"})
            level -= height
        bars.append(
            {
                "x": f"{x:.1f}", "width": f"{slot * 0.56:.1f}", "middle": f"{x + slot * 0.28:.1f}", "parts": parts,
                "top": f"{level - 7:.1f}", "count": count(sum(bar.values())) if parts else "",
                "label": _bar_label(at, period.name, place, len(now.bars), zone),
            }
        )  # fmt: skip
    grid = [{"y": f"{_FLOOR - value * per:.0f}", "text": count(value)} for value in range(0, top + 1, every)]
    words = ", ".join(f"{bar['label']} {sum(one.values())}" for bar, one in zip(bars, now.bars, strict=True))
    return {"bars": bars, "grid": grid, "words": words}


def _grid_step(most: int) -> int:
    """Three or four lines at round numbers."""
    scale = 1
    while True:
        for step in _STEPS:
            if most <= 4 * step * scale:
                return step * scale
        scale *= 10


def _bar_label(at_utc_s: float, name: str, place: int, of: int, zone: ZoneInfo) -> str:
    at = _local(at_utc_s, zone)
    if name == "day":
        return f"{at:%H}" if place % 2 == 0 else ""
    if name == "week":
        return f"{at:%a} {at.day} {at:%b}"
    return f"{at.day} {at:%b}" if (of - 1 - place) % 3 == 0 else ""


def busiest(now: Burden, labels: Mapping[str, str]) -> list[dict[str, str]]:
    """Each with the lengths of its bar and of the dark part in it, in per cent of the longest."""
    most = max((one.count for one in now.busiest), default=1)
    return [
        {
            "bed": f"Bed {labels[one.bed]}" if one.bed in labels else one.bed.capitalize(), "title": one.title,
            "count": count(one.count), "width": f"{100 * one.count / most:.1f}%",
            "short": f"{100 * one.short / most:.1f}%", "share": f"{share(one.short, one.count)} % short",
        }
        for one in now.busiest
    ]  # fmt: skip


def value_text(code: str, what: str, value: float | None) -> str:
    if value is None:
        return "off"
    return f"{value:g} s" if what == "delay" else f"{value:g} {MEASURES[ADJUSTABLE[code].measure].unit}"


def setting(rules: Rules, tried: Tried, code: str, what: str) -> dict[str, Any]:
    """One row with the values a step down and up; None at the end of what may be tried."""
    one = ADJUSTABLE[code]
    delay_s, limit = rules.now(code)
    now = delay_s if what == "delay" else limit
    chosen = (tried.delays if what == "delay" else tried.limits).get(code, now)
    step, least, most = (one.delay_step_s, 0.0, one.most_delay_s) if what == "delay" else (
        one.limit_step, one.least, one.most
    )  # fmt: skip
    steps = [None if chosen is None else chosen + way for way in (-step, step)]
    down, up = (value if value is not None and least <= value <= most else None for value in steps)
    return {
        "name": f"{title(code)}, {what}", "now": f"now {value_text(code, what, now)}", "key": f"{code}.{what}",
        "text": value_text(code, what, chosen), "down": down, "up": up, "is_now": chosen == now, "now_value": now,
    }  # fmt: skip


def changes(rules: Rules, tried: Tried) -> list[str]:
    """`SpO₂ low, delay 5 s to 15 s`."""
    said = []
    for code in tried.codes:
        delay_s, limit = rules.now(code)
        if code in tried.delays:
            said.append(f"{title(code)}, delay {delay_s:g} s to {tried.delays[code]:g} s")
        if code in tried.limits:
            was, would = (value_text(code, "limit", value) for value in (limit, tried.limits[code]))
            said.append(f"{title(code)}, limit {was} to {would}")
    return said


def result_shown(result: Mapping[str, Any], labels: Mapping[str, str], zone: ZoneInfo) -> dict[str, Any]:
    """The rates, the bars and the proof of a finished replay."""
    total, bed_days = int(result["total"]), float(result["bed_days"])
    after = max(0, total - int(result["removed"]))
    rates = [rate(number / bed_days if bed_days >= 1 / 24 else None) for number in (total, after)]
    bars = [_pair("All alarms", total, after, max(total, after, 1))]
    codes = sorted(result["codes"].items(), key=lambda one: -one[1]["recorded"])
    for code, counted in codes[:1]:
        changed = max(0, counted["recorded"] - counted["now"] + counted["after"])
        bars.append(_pair(title(code), counted["recorded"], changed, max(total, after, 1)))
    delta = round(100 * (after - total) / total) if total else 0
    return {
        "from": rates[0], "to": rates[1], "delta": f"{'−' if delta < 0 else '+' if delta > 0 else '±'}{abs(delta)} %",
        "bars": [row for pair in bars for row in pair], "proof": _proof(result, labels, zone), "note": _note(result),
        "safe": result["acted"] == result["kept"],
    }  # fmt: skip


def _pair(name: str, now: int, after: int, most: int) -> list[dict[str, str]]:
    return [
        {"name": f"{name}, now", "count": count(now), "width": f"{100 * now / most:.1f}%", "look": "hbar"},
        {"name": "with change", "count": count(after), "width": f"{100 * after / most:.1f}%", "look": "hbar--new"},
    ]


def _proof(result: Mapping[str, Any], labels: Mapping[str, str], zone: ZoneInfo) -> list[dict[str, str]]:
    acted, kept = int(result["acted"]), int(result["kept"])
    lines = []
    if not acted:
        lines.append(_line("alert", "", "No event that staff acted on was replayed: nothing is proved"))
    else:
        lines.append(
            _line("check" if kept == acted else "alert", f"{kept} of {acted}", "events that staff acted on still alarm")
        )
    if kept:
        later, most = (f"{result[name]:.0f} s" for name in ("later_median_s", "later_most_s"))
        lines.append(_line("clock", later, f"later in the median, {most} at most", "They alarm"))
    if result["lost"]:
        named = ", ".join(_lost(one, labels, zone) for one in result["lost"][:_NAMED])
        more = f" and {count(acted - kept - _NAMED)} more" if acted - kept > _NAMED else ""
        lines.append(_line("cross", "Lost:", named + more))
    else:
        lines.append(_line("check", "", "SpO₂ of 80 or less, apnoea and rhythms: no delay added"))
    return lines


def _line(icon: str, strong: str, text: str, before: str = "") -> dict[str, str]:
    return {"icon": icon, "before": before, "strong": strong, "text": text}


def _lost(one: Mapping[str, Any], labels: Mapping[str, str], zone: ZoneInfo) -> str:
    at = _local(one["began_utc_s"], zone)
    words = one["text"] or title(one["code"])
    return f"Bed {labels.get(one['bed'], one['bed'])} {at:%a %H:%M} {words}"


def _note(result: Mapping[str, Any]) -> str:
    """How far the replay of today's rules gives what was recorded, and for how long there were values."""
    recorded, found, now = (sum(one[name] for one in result["codes"].values()) for name in ("recorded", "found", "now"))
    said = [f"Today's rules give {count(found)} of {count(recorded)} recorded alarms again"]
    if now != found:
        said.append(f"{count(now)} in all")
    if recorded and found < _ENOUGH_FOUND * recorded:
        said.append("rules were others then, or values are missing")
    hours = [hours / (24 * result["bed_days"]) for hours in result["hours"].values() if result["bed_days"]]
    if hours:
        said.append(f"values for {min(100, round(100 * min(hours)))} % of the bed days")
    if result["not_judged"]:
        said.append(f"{count(result['not_judged'])} acted-on not judged")
    return "; ".join(said) + "."


def moment_of(at_utc_s: float, zone: ZoneInfo) -> str:
    """`22 Nov 14:05`."""
    at = _local(at_utc_s, zone)
    return f"{at.day} {at:%b %H:%M}"


def _local(at_utc_s: float, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at_utc_s, UTC).astimezone(zone)


def adjustable(now: Sequence[Any], wanted: str) -> str:
    """The alarm whose rows are shown: the one asked for, else the busiest that can be changed."""
    if wanted in ADJUSTABLE:
        return wanted
    titles = {title(code): code for code in ADJUSTABLE}
    return next((titles[one.title] for one in now if one.title in titles), "spo2-low")
