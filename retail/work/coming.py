"""What will be wanted of a product on the coming days, from the ledger's own sales; read for its page."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from retail.catalogue import tables as catalogue
from retail.catalogue.product import KILOGRAM
from retail.ledger import tables as ledger
from retail.stock.demand import FLAT_WEEK, DaySales, estimate, week_profile
from retail.stock.forecast import back_test, forecast
from retail.work import tables
from retail.work.sales import DAYS, weekday_of

_THOUSAND = 1000
_DAY_MS = 86_400_000
#: Days of the whole store from which its weekdays are taken; with fewer all are taken alike.
_LEAST_STORE_DAYS = 14
#: A day of which less than that share of the demand found the shelf filled.
_SHORT = 0.9


def coming(connection: Connection, gtin: str, zone: ZoneInfo, now_utc_s: float, days: int = 7) -> dict[str, Any] | None:
    """None for a product that nobody knows, or that was not sold in the last eight weeks. Quantities in its unit.

    `{"unit", "per_day", "known_days", "short_days", "mase", "mase_naive", "days": [{"day", "mean", "low", "high"}]}`:
    the first day is today, `low` to `high` 90 %; `mase` and that of the seasonal naive (None on a short history) are
    those of this product's own past.
    """
    unit = connection.scalar(select(catalogue.products.c.unit).where(catalogue.products.c.gtin == gtin))
    today = datetime.fromtimestamp(now_utc_s, zone).toordinal()
    cell = 1 if unit == KILOGRAM else _THOUSAND  # thousandths that one of the counted things holds
    history = _history(connection, gtin, zone, today, cell) if unit else []
    if not history:
        return None
    week = _store_week(connection, today)
    demand = estimate(history, week)
    tested = back_test(history, prior_week=week)
    scale = cell / _THOUSAND
    said = forecast(demand, weekday_of(today), days)
    return {
        "unit": unit,
        "per_day": round(demand.level * scale, 3),
        "known_days": len(history),
        "short_days": sum(day.exposure < _SHORT for day in history),
        "mase": round(tested.mase, 3) if tested else None,
        "mase_naive": round(tested.mase_naive, 3) if tested else None,
        "days": [
            {"day": date.fromordinal(today - 1 + one.ahead).isoformat(), "mean": round(one.mean * scale, 3),
             "low": one.low * scale, "high": one.high * scale}
            for one in said
        ],
    }  # fmt: skip


def _history(connection: Connection, gtin: str, zone: ZoneInfo, today: int, cell: int) -> list[DaySales]:
    """Whole days before today, from the first on which anything was sold."""
    line, out = ledger.lines.c, tables.exposures.c
    first = today - DAYS + 1
    since_ms = round(datetime.combine(date.fromordinal(first), datetime.min.time(), zone).timestamp() * 1000)
    query = select(line.at_ms, line.thousandths, line.to_account).where(
        line.gtin == gtin, line.at_ms >= since_ms, (line.to_account == "customer") | (line.from_account == "customer")
    )
    sold: Counter[int] = Counter()
    for at_ms, thousandths, to in connection.execute(query):
        day = datetime.fromtimestamp(at_ms / 1000, zone).toordinal()
        sold[day] += thousandths if to == "customer" else -thousandths
    begins = next((day for day in range(first, today) if sold[day] > 0), today)
    exposed = select(out.day, out.exposure).where(out.gtin == gtin, out.day >= date.fromordinal(first).isoformat())
    shares = {date.fromisoformat(day).toordinal(): float(share) for day, share in connection.execute(exposed)}
    return [DaySales(weekday_of(day), max(0.0, sold[day] / cell), shares.get(day, 1.0)) for day in range(begins, today)]


def _store_week(connection: Connection, today: int) -> tuple[float, ...]:
    day = tables.store_days.c
    since = date.fromordinal(today - DAYS).isoformat()
    query = select(day.day, day.sales_cents).where(day.day >= since, day.sales_cents > 0)
    known = [(date.fromisoformat(one).toordinal(), cents) for one, cents in connection.execute(query.order_by(day.day))]
    if len(known) < _LEAST_STORE_DAYS:
        return FLAT_WEEK
    mean = sum(cents for _, cents in known) / len(known)
    return week_profile([[DaySales(weekday_of(one), cents / mean * 100) for one, cents in known]])
