"""Which products to count next: by class, by how unsure the stock is, and by what sensors say against it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from retail.stock.abc import Countable, abc_classes, count_schedule
from retail.work.gather import Sources

_DAY_S = 86_400.0
#: What is believed takes its time: asked only of so many times as many as are wanted.
_ROUGHLY = 5
_WIDTH_UNKNOWN = 2


def risky(sources: Sources, now_utc_s: float, most: int) -> list[tuple[str, str, str]]:
    """The riskiest first: GTIN, place, why."""
    classes = abc_classes(sources.sales.values())
    rough = count_schedule(
        _countables(sources, sources.known.products, classes, now_utc_s, sure=False), most * _ROUGHLY
    )
    gtins = dict.fromkeys(one.gtin for one in rough)
    fine = count_schedule(_countables(sources, gtins, classes, now_utc_s, sure=True), most)
    return [(one.gtin, one.place, one.reason) for one in fine]


def _countables(
    sources: Sources, gtins: Iterable[str], classes: Mapping[str, str], now_utc_s: float, *, sure: bool
) -> list[Countable]:
    """Of each product at each place where there ever was any; `sure`: with what is believed."""
    settings, known = sources.known.settings, sources.known
    found = []
    for gtin in gtins:
        both = sources.believing.of(gtin, now_utc_s) if sure else (None, None)
        unit, price = sources.believing.unit_of(gtin), known.products[gtin].price_cents
        for places, belief in ((settings.sales_places, both[0]), (settings.back_places, both[1])):
            for place in places:
                held = known.holdings.at(gtin, place)
                counted = held.counted_at_utc_s
                if held.thousandths == 0 and counted is None:
                    continue
                days = None if counted is None else (now_utc_s - counted) / _DAY_S
                width = (belief.high - belief.low) * unit // 1000 if belief else _WIDTH_UNKNOWN
                odd = belief.disagree if belief else ()
                kind = classes.get(gtin, "C")
                found.append(Countable(gtin, place, kind, days, width, price, held.thousandths // 1000, odd))
    return found
