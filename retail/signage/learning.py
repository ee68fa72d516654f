"""The job `affinity`: learns from the store's sales what is bought together. It changes nothing and keeps no basket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import InputError
from retail.signage.affinity import learn
from retail.signage.rows import baskets
from verticals.contract import Json
from verticals.store.database import open_database, reading

if TYPE_CHECKING:
    from verticals.jobs.context import JobContext

KIND = "affinity"
_DAY_MS = 24 * 3600 * 1000


def inputs_of(days: int, least: int) -> dict[str, int]:
    return {"days": days, "least": least}


def run(ctx: JobContext, inputs: Json) -> Json:
    """`{"pairs": [...], "baskets": n}`. Raises InputError for inputs that are none."""
    days, least = inputs.get("days"), inputs.get("least")
    if not isinstance(days, int) or not isinstance(least, int) or days < 1 or least < 1:
        raise InputError("affinity: 'days' and 'least' must be whole numbers above 0")
    since_ms = round(ctx.clock.now().utc_s * 1000) - days * _DAY_MS
    engine = open_database(ctx.places.app_store(ctx.app), read_only=True)
    try:
        with reading(engine) as connection:
            found = list(baskets(connection, since_ms))
    finally:
        engine.dispose()
    ctx.progress(0.5, f"{len(found)} baskets")
    if ctx.cancelled():
        return {}
    return {"pairs": [pair.as_json() for pair in learn(found, least=least)], "baskets": len(found)}
