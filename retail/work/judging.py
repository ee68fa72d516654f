"""Judges a round of counting: what is booked, what another person counts again, what a lead approves. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from retail.ledger.document import Count, Document
from retail.work.count_sheet import AGAIN, AGREED, TO_APPROVE, UNCOUNTED, Item, Tally
from retail.work.settings import CountLimits

#: Why there were more or fewer; who approves a large variance says one.
REASONS = frozenset(
    {"theft", "damage", "expired", "misplaced", "miscount", "supplier", "wrong-scan", "unknown"}
)  # fmt: skip
SOURCE = "counts"


def judged(
    item: Item, counted: Tally | None, expected: int, price_cents: int, limits: CountLimits, round_: int
) -> Item:
    """The item after a round. `expected` and the tally in thousandths, of the moment of counting.

    First round: a variance beyond the first limits is counted again. Later ones: what two rounds agree on, within those
    limits, stands up to the second limits; beyond them, or where they do not agree, a lead decides.
    """
    if counted is None:
        return item if item.verdict == AGAIN else replace(item, verdict=UNCOUNTED)
    variance = counted.thousandths - expected
    value = abs(variance) * price_cents // 1000
    beyond_first = _beyond(variance, price_cents, limits.recount_units, limits.recount_value_cents)
    beyond_second = _beyond(variance, price_cents, limits.approve_units, limits.approve_value_cents)
    if not beyond_first:
        verdict = AGREED
    elif round_ <= 1 or item.variance is None:
        verdict = AGAIN
    else:
        apart = _beyond(variance - item.variance, price_cents, limits.recount_units, limits.recount_value_cents)
        verdict = TO_APPROVE if apart or beyond_second else AGREED
    return replace(
        item, verdict=verdict, counted=counted.thousandths, counted_utc_s=counted.at_utc_s, expected=expected,
        variance=variance, value_cents=value, first=item.variance,
    )  # fmt: skip


def _beyond(variance: int, price_cents: int, units: int, value_cents: int) -> bool:
    return abs(variance) > units * 1000 or abs(variance) * price_cents > value_cents * 1000


def document(sheet: str, item: Item, counted: Tally, other_lots: Mapping[str, int], who: str) -> Document:
    """The assertion for the ledger: so many there were, when they were counted.

    Where lots were scanned each is counted, those that the ledger knows and nobody found as none, and then the whole.
    """
    assert item.counted is not None and item.counted_utc_s is not None
    counts: list[Count] = []
    if any(counted.lots):
        gone = {lot: 0 for lot in other_lots if lot and lot not in counted.lots}
        for lot, amount in sorted({**gone, **counted.lots}.items()):
            if lot:
                named = "" if lot.startswith("@") else lot
                expiry = counted.dates.get(lot, "") or (lot[1:] if lot.startswith("@") else "")
                counts.append(Count(len(counts) + 1, item.gtin, item.place, max(0, amount), named, expiry, item.reason))
    counts.append(Count(len(counts) + 1, item.gtin, item.place, item.counted, reason=item.reason))
    ref = f"{sheet}/{item.number}"
    return Document(SOURCE, ref, "count", item.counted_utc_s, counts=counts, who=who, reason=item.reason)
