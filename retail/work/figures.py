"""The figures at the head of the back office, as live values of the store's desk. Small: they go to every screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from retail.work.open_day import OpenDay
from retail.work.task import Task
from retail.work.tasks import counted


def figures(
    day: OpenDay,
    tasks: Iterable[Task],
    expiring: Mapping[str, tuple[int, int]],
    *,
    osa_before: float | None,
    shrink: float | None,
    suggestions: int,
    unknown_codes: int,
    sold_utc_s: float,
    checked_utc_s: float | None,
) -> dict[str, Any]:
    """`expiring`: lots that expire soon, and that are over, by product. `checked_utc_s`: since then every bay that is
    heard has looked at its slots."""
    listed = list(tasks)
    return {
        "osa": None if day.osa is None else round(day.osa, 4),
        "osa_before": osa_before,
        "slots": day.counted(),
        "phantoms": len({task.gtin for task in listed if "p_phantom" in task.facts}),
        "expiring": sum(soon for soon, _ in expiring.values()),
        "expired": sum(over for _, over in expiring.values()),
        "shrink": None if shrink is None else round(shrink, 5),
        "tasks": counted(listed),
        "value_cents_h": sum(task.value_cents_h for task in listed),
        "suggestions": suggestions,
        "unknown_codes": unknown_codes,
        "sold_utc_s": sold_utc_s,
        "checked_utc_s": checked_utc_s,
    }
