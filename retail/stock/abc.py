"""Which products matter, which sell evenly, and which to count next."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

#: Days between counts of a class when nothing else speaks: A weekly, B monthly, C quarterly.
COUNT_EVERY_DAYS: Mapping[str, float] = {"A": 7.0, "B": 30.0, "C": 91.0}
_A, _B = 0.80, 0.95
_X, _Y = 0.5, 1.0
_DISAGREES, _NEGATIVE, _NEVER_COUNTED = 2.0, 4.0, 1.5


def abc_classes(values: Mapping[str, float]) -> dict[str, str]:
    """By value sold: A makes the first 80 %, B up to 95 %, C the rest; the product that crosses a line is still of
    the class.
    """
    total = sum(max(0.0, value) for value in values.values())
    found, before = {}, 0.0
    for gtin, value in sorted(values.items(), key=lambda each: (-each[1], each[0])):
        share = before / total if total > 0 else 1.0
        found[gtin] = "A" if share < _A else "B" if share < _B else "C"
        before += max(0.0, value)
    return found


def xyz_class(sold_per_week: Sequence[float]) -> str:
    """By the coefficient of variation of weekly demand: X below 0.5, Y to 1, Z above or unknown."""
    mean = statistics.fmean(sold_per_week) if sold_per_week else 0.0
    if mean <= 0 or len(sold_per_week) < 2:
        return "Z"
    variation = statistics.stdev(sold_per_week) / mean
    return "X" if variation < _X else "Y" if variation <= _Y else "Z"


@dataclass(frozen=True, slots=True)
class Countable:
    """What a count of a product at a place would be worth. `width`: pieces that the belief's interval spans."""

    gtin: str
    place: str
    abc: str
    days_since_count: float | None
    width: int
    price_cents: int
    book: int
    disagree: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CountDue:
    """`risk`: cents that may be wrong, weighed by how overdue the count is."""

    gtin: str
    place: str
    risk: float
    due: bool
    reason: str


def risk_of(item: Countable) -> CountDue:
    """A negative book and disagreeing sensors weigh more; certain stock is due by its class alone."""
    every = COUNT_EVERY_DAYS[item.abc]
    overdue = _NEVER_COUNTED if item.days_since_count is None else item.days_since_count / every
    weight = overdue
    reasons = ["never counted"] if item.days_since_count is None else []
    if item.days_since_count is not None and overdue >= 1:
        reasons.append(f"class {item.abc}, last counted {item.days_since_count:.0f} days ago")
    if item.disagree:
        weight *= _DISAGREES
        reasons.append(f"{' and '.join(item.disagree)} disagree{'s' if len(item.disagree) == 1 else ''}")
    if item.book < 0:
        weight *= _NEGATIVE
        reasons.append(f"the book says {item.book}")
    if item.width > 2:
        reasons.append(f"uncertain by {item.width} pieces")
    due = overdue >= 1 or item.book < 0 or bool(item.disagree)
    return CountDue(item.gtin, item.place, (1 + item.width) * item.price_cents * weight, due, "; ".join(reasons))


def count_schedule(items: Iterable[Countable], most: int) -> list[CountDue]:
    """The `most` counts to do next, by risk; those that are due come before the others."""
    return sorted(map(risk_of, items), key=lambda each: (not each.due, -each.risk, each.gtin, each.place))[:most]
