"""Where pieces went: count variances split into causes that the record shows, each with what it is a share of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Found:
    """A count against the book at one place: `pieces` beyond it (below 0: missing), `sold`, `received` and `carried`
    since the last.

    `unchecked`: pieces received in that time on deliveries that nobody checked.
    """

    gtin: str
    place: str
    pieces: int
    sold: int = 0
    received: int = 0
    carried: int = 0
    unchecked: int = 0


@dataclass(frozen=True, slots=True)
class WrittenOff:
    """Recorded losses of a product: damaged, expired, known theft, by their own documents."""

    gtin: str
    cause: str
    pieces: int


@dataclass(frozen=True, slots=True)
class Cause:
    """`pieces` missing (below 0: too many) and their value; `of_pieces` `of`: what they are a share of."""

    cause: str
    pieces: int
    value_cents: int
    of: str
    of_pieces: int

    @property
    def share(self) -> float | None:
        return self.pieces / self.of_pieces if self.of_pieces else None


_OF = {
    "refills without a record": "carried", "scanned as another": "sold", "short deliveries": "received",
    "unexplained": "sold", "surplus": "sold",
}  # fmt: skip


def explain(
    found: Sequence[Found],
    written_off: Iterable[WrittenOff],
    prices_cents: Mapping[str, int],
    siblings: Mapping[str, str],
    cases: Mapping[str, int],
) -> list[Cause]:
    """Causes by what the record supports, the largest value first; what nothing supports stays unexplained.

    In this order: what one place has more and the other less was carried without a record (no loss); what a sibling
    has more was
    scanned as another; whole cases missing out of unchecked deliveries were short; the rest is unexplained, or surplus.
    """
    pieces: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    left: dict[str, int] = defaultdict(int)
    for gtin, places in _by_product(found).items():
        short, over = -sum(min(0, each.pieces) for each in places), sum(max(0, each.pieces) for each in places)
        pieces["refills without a record"][gtin] = min(short, over)
        left[gtin] = over - short
    _swap(left, pieces["scanned as another"], siblings)
    unchecked = {gtin: sum(each.unchecked for each in places) for gtin, places in _by_product(found).items()}
    for gtin, missing in left.items():
        case = cases.get(gtin, 0)
        if case > 1 and 0 < case <= -missing and unchecked[gtin] >= case:
            short = min(-missing, unchecked[gtin]) // case * case
            pieces["short deliveries"][gtin] = short
            left[gtin] += short
    for gtin, missing in left.items():
        pieces["unexplained" if missing < 0 else "surplus"][gtin] = -missing
    return _causes(pieces, found, written_off, prices_cents)


def _by_product(found: Iterable[Found]) -> dict[str, list[Found]]:
    by: dict[str, list[Found]] = defaultdict(list)
    for each in found:
        by[each.gtin].append(each)
    return by


def _swap(left: dict[str, int], swapped: dict[str, int], siblings: Mapping[str, str]) -> None:
    """A piece scanned as its sibling is missing here and too many there; the two cancel."""
    for gtin, sibling in siblings.items():
        if left.get(gtin, 0) < 0 < left.get(sibling, 0):
            both = min(-left[gtin], left[sibling])
            left[gtin] += both
            left[sibling] -= both
            swapped[gtin] += both


def _causes(
    pieces: Mapping[str, Mapping[str, int]],
    found: Sequence[Found],
    written_off: Iterable[WrittenOff],
    prices_cents: Mapping[str, int],
) -> list[Cause]:
    totals = {name: sum(getattr(each, name) for each in found) for name in ("sold", "received", "carried")}
    causes = []
    for cause, by_product in pieces.items():
        count = sum(by_product.values())
        lossless = cause == "refills without a record"
        value = 0 if lossless else sum(n * prices_cents.get(gtin, 0) for gtin, n in by_product.items())
        if count:
            causes.append(Cause(cause, count, value, _OF[cause], totals[_OF[cause]]))
    recorded: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for each in written_off:
        recorded[each.cause][0] += each.pieces
        recorded[each.cause][1] += each.pieces * prices_cents.get(each.gtin, 0)
    causes += [Cause(cause, count, value, "sold", totals["sold"]) for cause, (count, value) in recorded.items()]
    return sorted(causes, key=lambda each: (-each.value_cents, each.cause))


def shrink_rate(causes: Iterable[Cause], net_sales_cents: int) -> float | None:
    """Value lost by net sales at retail, surplus set off; None without sales."""
    return sum(each.value_cents for each in causes) / net_sales_cents if net_sales_cents else None
