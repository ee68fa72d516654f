"""On-shelf availability, weighted by time, and how much of a day's demand found the shelf filled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from retail.stock.pace import Pace

#: Slot states in which a shopper finds the product; in blocked and unknown nobody knows.
IN_STOCK, OUT = frozenset({"full", "low"}), frozenset({"empty", "wrong"})


@dataclass(frozen=True, slots=True)
class Span:
    """A slot in one state, from one moment to another (UTC seconds)."""

    state: str
    from_utc_s: float
    to_utc_s: float


@dataclass(frozen=True, slots=True)
class Availability:
    """`in_stock_s` of `known_s` open seconds; `unknown_s`: the view was blocked, or nothing was heard."""

    in_stock_s: float
    known_s: float
    unknown_s: float

    @property
    def share(self) -> float | None:
        """0 to 1; None where nothing is known."""
        return self.in_stock_s / self.known_s if self.known_s > 0 else None


def spans_of(changes: Iterable[tuple[float, str]], until_utc_s: float) -> list[Span]:
    """Changes (moment, state) in any order as spans one after the other; the last lasts until then."""
    ordered = sorted(changes)
    ends = [at for at, _ in ordered[1:]] + [until_utc_s] * bool(ordered)
    return [Span(state, at, end) for (at, state), end in zip(ordered, ends, strict=True) if end > at]


def osa(slots: Iterable[Sequence[Span]], open_times: Sequence[tuple[float, float]]) -> Availability:
    """Of all slots over the open times (from, to): in-stock time by known time; OSA of a shop is the share."""
    in_stock = known = unknown = 0.0
    for spans in slots:
        for span in spans:
            open_s = sum(_overlap(span, begin, end) for begin, end in open_times)
            if span.state in IN_STOCK:
                in_stock += open_s
            if span.state in IN_STOCK or span.state in OUT:
                known += open_s
            else:
                unknown += open_s
    return Availability(in_stock, known, unknown)


def exposure(spans: Iterable[Span], pace: Pace, from_utc_s: float, to_utc_s: float) -> float:
    """Share of the demand expected in that time that found the product: what sales of a day have to be divided by."""
    whole = pace.expected(from_utc_s, to_utc_s)
    if whole <= 0:
        return 1.0
    missed = sum(
        pace.expected(max(span.from_utc_s, from_utc_s), min(span.to_utc_s, to_utc_s))
        for span in spans
        if span.state in OUT and span.to_utc_s > from_utc_s and span.from_utc_s < to_utc_s
    )
    return max(0.0, 1.0 - missed / whole)


def _overlap(span: Span, begin: float, end: float) -> float:
    return max(0.0, min(span.to_utc_s, end) - max(span.from_utc_s, begin))
