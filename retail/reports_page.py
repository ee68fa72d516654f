"""Reports: availability and shrink by day, where stock went, how often tasks were right, whether the screen sells."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from retail.figures_shown import NONE, day_text, local, money, share
from retail.lift_shown import lift_shown
from retail.office_frame import bar, zone_of
from retail.shrink_shown import shrink_shown
from retail.signage.pages import lift_over, pairs
from retail.tasks_shown import KINDS
from retail.work.shrinkage import shrink_ledger
from retail.work_rows import Row, products_of, rows, store_days
from verticals.web import Answered, Asked, Desk, Page, Shown

_DAYS = 28
_LEFT, _WIDTH, _HEIGHT, _TOP, _FOOT = 56, 700, 196, 12, 24
_DAY_MS = 86_400_000
_OSA_FROM = 0.8
_MOST_PAIRS = 5
_SOURCES = {"camera": "Shelf cameras", "rfid": "RFID", "ledger": "Ledger", "belief": "Sources together",
            "expiry": "Dates"}  # fmt: skip
_SAID = {"learning": "It is learnt from the baskets now; the newest pairs stand here when it is done."}


def reports(desk: Desk, asked: Asked) -> Answered:
    now_utc_s, zone, currency = desk.clock.now().utc_s, zone_of(desk), desk.settings.currency
    today = local(now_utc_s, zone).date()
    now_ms = int(now_utc_s * 1000)
    with desk.read() as connection:
        days = store_days(connection, (today - timedelta(days=_DAYS)).isoformat())
        alarms = _alarms(connection, now_ms - _DAYS * _DAY_MS)
        ledger = shrink_ledger(connection, desk.settings, now_ms - _DAYS * _DAY_MS, now_ms)
        lift = lift_over(connection, desk.settings, now_ms, _DAYS)
        together = _together(desk, connection)
    seen = [row for row in days if row["osa"] is not None]
    most = _round_up(max([row["shrink_cents"] for row in days] or [0]))
    values = {
        "span": f"{day_text(today - timedelta(days=_DAYS - 1))} to {day_text(today)}",
        "availability": _chart({row["day"]: row["osa"] for row in days}, today, _OSA_FROM, 1.0,
                               ["80 %", "90 %", "100 %"]),
        "mean_osa": share(sum(row["osa"] for row in seen) / len(seen)) if seen else NONE,
        "osa_days": len(seen),
        "shrink": _chart({row["day"]: max(0, row["shrink_cents"]) for row in days}, today, 0.0, most,
                         [money(round(most * part), currency, whole=True) for part in (0.0, 0.5, 1.0)]),
        "where": shrink_shown(ledger, currency),
        "alarms": alarms, "lift": lift_shown(lift), "together": together,
        "said": _SAID.get(asked.query.get("said", ""), ""),
    }  # fmt: skip
    return Shown("retail/reports.html", {**bar(desk, asked, "/reports"), **values})


def _round_up(cents: float) -> float:
    """A figure that two lines of a chart can be named by."""
    step = 10.0
    while step * 10 < cents:
        step *= 10
    return next(step * times for times in (1, 2, 4, 6, 8, 10, 20) if step * times >= max(cents, 200))


def _chart(by_day: dict[str, Any], today: date, low: float, high: float, words: list[str]) -> dict[str, Any]:
    """A bar for each day with a figure, from `low` up, and a line for each word; a day without one stays empty."""
    room, foot = _HEIGHT - _FOOT - _TOP, _HEIGHT - _FOOT
    step = (_WIDTH - _LEFT) / _DAYS
    bars = []
    for index in range(_DAYS):
        day = today - timedelta(days=_DAYS - 1 - index)
        amount = by_day.get(day.isoformat())
        height = 0.0 if amount is None else room * max(0.0, min(1.0, (float(amount) - low) / (high - low)))
        bars.append({
            "x": round(_LEFT + index * step + 3, 1), "width": round(step - 6, 1), "y": round(foot - height, 1),
            "height": round(height, 1), "middle": round(_LEFT + (index + 0.5) * step, 1),
            "label": str(day.day) if index % 7 == 6 or index == _DAYS - 1 else "", "day": day_text(day),
            "value": amount,
        })  # fmt: skip
    lines = [{"y": round(foot - room * index / (len(words) - 1), 1), "text": word} for index, word in enumerate(words)]
    return {"bars": bars, "lines": lines}


def _alarms(connection: Connection, since_ms: int) -> list[dict[str, Any]]:
    """By source and kind: how many tasks people ended, and how many of them they called not true."""
    found = rows(
        connection,
        "SELECT source, kind, COUNT(*) AS ended, SUM(CASE WHEN state = 'not-true' THEN 1 ELSE 0 END) AS denied "
        "FROM tasks WHERE state IN ('done', 'not-true') AND ended_ms >= :since GROUP BY source, kind "
        "ORDER BY source, kind",
        since=since_ms,
    )
    return [
        {"source": _SOURCES.get(one["source"], one["source"]), "kind": KINDS.get(one["kind"], (one["kind"],))[0],
         "ended": one["ended"], "denied": one["denied"], "share": share(one["denied"] / one["ended"], 0)}
        for one in found
    ]  # fmt: skip


def _together(desk: Desk, connection: Connection) -> list[dict[str, Any]]:
    """What is bought together beyond doubt, the surest first, as the newest job has learnt it."""
    found = pairs(desk)[:_MOST_PAIRS]
    known = products_of(connection, [gtin for pair in found for gtin in (pair.first, pair.second)])
    return [
        {"first": _name(known, pair.first), "second": _name(known, pair.second), "times": f"{pair.lift:.1f}",
         "low": f"{pair.low:.1f}", "high": f"{pair.high:.1f}", "baskets": pair.baskets}
        for pair in found
    ]  # fmt: skip


def _name(known: dict[str, Row], gtin: str) -> str:
    return str(known.get(gtin, {}).get("name") or gtin)


PAGES = (Page("/reports", reports, "viewer", title="Reports"),)
