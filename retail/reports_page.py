"""Reports: availability and shrink by day, and how often each source of tasks was right."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from retail.figures_shown import NONE, day_text, local, money, share
from retail.office_frame import bar, zone_of
from retail.tasks_shown import KINDS
from retail.work_rows import Row, rows, store_days
from verticals.web import Answered, Asked, Desk, Page, Shown

_DAYS = 28
_WIDTH, _HEIGHT, _FOOT = 960, 200, 24
_DAY_MS = 86_400_000
_SOURCES = {"camera": "Shelf cameras", "rfid": "RFID", "ledger": "Ledger", "belief": "Sources together",
            "expiry": "Dates"}  # fmt: skip
_REASONS = {"": "no reason given", "unknown": "not known", "wrong-scan": "scanned wrong", "miscount": "counted wrong"}


def reports(desk: Desk, asked: Asked) -> Answered:
    now_utc_s, zone, currency = desk.clock.now().utc_s, zone_of(desk), desk.settings.currency
    today = local(now_utc_s, zone).date()
    since_ms = int(now_utc_s * 1000) - _DAYS * _DAY_MS
    with desk.read() as connection:
        days = store_days(connection, (today - timedelta(days=_DAYS)).isoformat())
        alarms = _alarms(connection, since_ms)
        causes = _causes(connection, since_ms)
        counted = rows(connection, "SELECT COUNT(*) AS n FROM ledger_counts WHERE at_ms >= :since AND voided = :no",
                       since=since_ms, no=False)[0]["n"]  # fmt: skip
    sales = sum(row["sales_cents"] for row in days)
    lost = sum(row["shrink_cents"] for row in days)
    seen = [row for row in days if row["osa"] is not None]
    values = {
        "span": f"{day_text(today - timedelta(days=_DAYS - 1))} to {day_text(today)}",
        "availability": _bars(days, today, lambda row: row["osa"], low=0.8),
        "mean_osa": share(sum(row["osa"] for row in seen) / len(seen)) if seen else NONE,
        "osa_days": len(seen),
        "shrink": _bars(days, today, lambda row: max(0, row["shrink_cents"]), low=0.0),
        "shrink_share": share(lost / sales, 2) if sales else NONE,
        "lost": money(lost, currency), "sales": money(sales, currency, whole=True), "counted": counted,
        "alarms": alarms,
        "causes": [{**one, "worth": money(one["cents"], currency)} for one in causes],
    }  # fmt: skip
    return Shown("retail/reports.html", {**bar(desk, asked, "/reports"), **values})


def _bars(days: list[Row], today: date, value: Any, *, low: float) -> list[dict[str, Any]]:
    """A bar for each day with a figure, from `low` up; a day without one stays empty."""
    by_day = {row["day"]: value(row) for row in days}
    most = max([float(one) for one in by_day.values() if one is not None] or [1.0]) if not low else 1.0
    step = _WIDTH / _DAYS
    bars = []
    for index in range(_DAYS):
        day = today - timedelta(days=_DAYS - 1 - index)
        amount = by_day.get(day.isoformat())
        height = 0.0
        if amount is not None and most > low:
            height = (_HEIGHT - _FOOT) * max(0.0, min(1.0, (float(amount) - low) / (most - low)))
        bars.append({
            "x": round(index * step + 3, 1), "width": round(step - 6, 1), "y": round(_HEIGHT - _FOOT - height, 1),
            "height": round(height, 1), "middle": round((index + 0.5) * step, 1),
            "label": str(day.day) if index % 7 == 6 or index == _DAYS - 1 else "", "day": day_text(day),
            "value": amount,
        })  # fmt: skip
    return bars


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


def _causes(connection: Connection, since_ms: int) -> list[dict[str, Any]]:
    """What counts found missing or too many, and what was written off, by the reason that was given."""
    counts = rows(
        connection,
        "SELECT c.reason, COUNT(*) AS times, SUM(-c.variance * p.price_cents) AS worth FROM ledger_counts c "
        "JOIN products p ON p.gtin = c.gtin WHERE c.at_ms >= :since AND c.voided = :no AND c.variance <> 0 "
        "GROUP BY c.reason",
        since=since_ms, no=False,
    )  # fmt: skip
    written = rows(
        connection,
        "SELECT l.to_account AS account, COUNT(*) AS times, SUM(l.thousandths * p.price_cents) AS worth "
        "FROM ledger_lines l JOIN products p ON p.gtin = l.gtin "
        "WHERE l.at_ms >= :since AND l.to_account IN ('waste', 'shrink') GROUP BY l.to_account",
        since=since_ms,
    )
    found = [
        {"cause": f"Counts, {_REASONS.get(one['reason'], one['reason'])}", "times": one["times"],
         "cents": round(one["worth"] / 1000)} for one in counts
    ]  # fmt: skip
    found += [
        {"cause": "Written off as waste" if one["account"] == "waste" else "Written off as shrink",
         "times": one["times"], "cents": round(one["worth"] / 1000)} for one in written
    ]  # fmt: skip
    return sorted(found, key=lambda one: -one["cents"])


PAGES = (Page("/reports", reports, "viewer", title="Reports"),)
