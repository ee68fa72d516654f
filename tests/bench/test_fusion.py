"""The belief of a simulated store against each source alone, phantom stock, and forecasts; printed.

`pytest -m bench tests/bench/test_fusion.py -s`; with EDGEWISE_SAMPLES set also the forecast of real transactions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import pytest

from retail.stock.availability import exposure, spans_of
from retail.stock.demand import DaySales, week_profile
from retail.stock.forecast import BackTest, back_test
from retail.stock.pace import Pace
from simulators.store_facts import CUSTOMER, Document, ShelfRead
from simulators.store_settings import DAY_S, WorldSettings
from simulators.store_world import World
from tests.support.store_runs import Followed, follow

pytestmark = pytest.mark.bench

DAYS = 30
USUAL = WorldSettings(products=80)
STORES = {
    "usual": USUAL,
    "few sensors": replace(USUAL, camera_share=0.35, tagged_share=0.1),
    "careless": replace(
        USUAL, theft_share=0.03, unscanned=0.015, wrong_item=0.03, refill_unrecorded=0.25, count_mistaken=0.08
    ),
    "poor sensors": replace(USUAL, camera_mistaken=0.15, camera_blocked=0.15, tag_read=0.8, tag_through_wall=0.05),
    "rarely counted": replace(USUAL, count_days=(21, 42, 84)),
}
SINGLE = ("flow", "counts")


def _line(name: str, followed: Followed) -> str:
    looks = followed.looks["belief"]
    errors = " ".join(f"{source} {followed.mean(source):.2f}" for source in ("flow", "counts", "book", "belief"))
    seen = f"camera {followed.mean('camera'):.2f} belief there {followed.mean('belief where camera'):.2f}"
    read = f"tags {followed.mean('tags'):.2f} belief there {followed.mean('belief where tags'):.2f}"
    sure = f"sure {followed.sure / looks:.2f} right {followed.right / looks:.2f}"
    held = f"90 % interval holds {followed.held / looks:.3f}, {sure}"
    cost = 1000 * followed.belief_s / (DAYS * looks / (2 * DAYS * 4))
    return f"{name}: {errors}; {seen}; {read}; {held}; {cost:.1f} ms CPU a product-day"


@pytest.mark.parametrize("name", list(STORES))
def test_the_belief_errs_at_most_half_as_much_as_the_best_single_source(name: str) -> None:
    """Pieces, mean absolute, over every product and place four times a day for 30 days; three seeds each."""
    for seed in (1, 2, 3):
        followed = follow(World(STORES[name], seed), DAYS)
        print(f"\n{_line(f'{name}, seed {seed}', followed)}", end="")
        assert followed.mean("belief") <= 0.5 * min(followed.mean(source) for source in SINGLE)
        assert followed.mean("belief where camera") <= 0.75 * followed.mean("camera")
        assert followed.mean("belief where tags") <= 0.75 * followed.mean("tags")
        assert followed.mean("belief") < 0.7 * followed.mean("book")
        assert followed.held / followed.looks["belief"] >= 0.85


def test_phantom_stock_is_found_and_little_else() -> None:
    raised = right = true = found = 0
    settings = WorldSettings(products=150, opening_phantoms=0.06, sweeps_per_day=0.004, count_days=(28, 56, 90))
    for seed in (1, 2, 3, 4):
        suspects = follow(World(settings, seed), DAYS, compared=False).suspects
        raised, right = raised + suspects.raised, right + suspects.right
        true, found = true + suspects.true, found + suspects.found
    print(f"\nphantom: precision {right}/{raised} = {right / raised:.2f}, recall {found}/{true} = {found / true:.2f}")
    assert right / raised >= 0.7
    assert found / true >= 0.6


def _told(world: World, days: int) -> tuple[dict[tuple[str, int], float], dict[str, list[tuple[float, str]]]]:
    sold: dict[tuple[str, int], float] = defaultdict(float)
    looks: dict[str, list[tuple[float, str]]] = defaultdict(list)
    begin_utc_s = world.settings.begin_utc_s
    for fact in world.advance(begin_utc_s + days * DAY_S):
        if isinstance(fact, Document) and fact.kind in ("sale", "void"):
            for line in fact.lines:
                sign = 1 if line.to_account == CUSTOMER else -1
                sold[line.gtin, int((fact.at_utc_s - begin_utc_s) // DAY_S)] += sign * line.quantity
        elif isinstance(fact, ShelfRead):
            looks[fact.gtin].append((fact.at_utc_s, fact.state))
    return sold, looks


def _mean(tests: Sequence[BackTest], name: str) -> float:
    return float(sum(getattr(each, name) * each.days for each in tests)) / sum(each.days for each in tests)


@pytest.mark.parametrize("skipped", [0.15, 0.7])
def test_the_forecast_beats_the_seasonal_naive_against_what_was_wanted(skipped: float) -> None:
    """13 weeks; sales, and cameras for the time out of stock; judged by pieces truly wanted."""
    days, tests, censored = 91, [], []
    for seed in (1, 2, 3):
        world = World(WorldSettings(products=60, refill_skipped=skipped), seed)
        sold, looks = _told(world, days)
        exposed: dict[str, list[DaySales]] = {}
        for product in world.products:
            pace = Pace(product.per_day, product.lump, product.week, product.hours)
            spans = spans_of(looks[product.gtin], world.now_utc_s)
            starts = [world.settings.begin_utc_s + day * DAY_S for day in range(days)]
            exposed[product.gtin] = [
                DaySales(day % 7, max(0.0, sold[product.gtin, day]), exposure(spans, pace, start, start + DAY_S))
                for day, start in enumerate(starts)
            ]
        for gtin, history in exposed.items():
            wanted = [float(world.wanted(gtin, day)) for day in range(days)]
            plain = [DaySales(day.weekday, day.sold) for day in history]
            tests += [found for found in [back_test(history, wanted)] if found]
            censored += [found for found in [back_test(plain, wanted)] if found]
    naive, tsb, mase = _mean(tests, "mase_naive"), _mean(tests, "mase_tsb"), _mean(tests, "mase")
    print(
        f"\nrefills skipped {skipped}: MASE {mase:.3f}, seasonal naive {naive:.3f}, TSB {tsb:.3f}, interval holds "
        f"{_mean(tests, 'held'):.3f}, bias {_mean(tests, 'bias'):+.3f}; stock-outs taken for no demand: MASE "
        f"{_mean(censored, 'mase'):.3f}, bias {_mean(censored, 'bias'):+.3f}"
    )
    assert mase < 0.92 * naive
    assert 0.85 <= _mean(tests, "held") <= 0.98
    assert abs(_mean(tests, "bias")) <= abs(_mean(censored, "bias")) + 0.02
    if skipped > 0.5:
        assert abs(_mean(tests, "bias")) < 0.6 * abs(_mean(censored, "bias"))


def test_the_profile_of_the_week_is_the_stores() -> None:
    world = World(WorldSettings(products=60), 5)
    sold, _ = _told(world, 56)
    found = week_profile([[DaySales(day % 7, sold[each.gtin, day]) for day in range(56)] for each in world.products])
    whole = sum(each.per_day for each in world.products)
    true = [sum(each.per_day * each.week[day] for each in world.products) / whole for day in range(7)]
    print("\nweekdays found", [round(each, 2) for each in found], "true", [round(each, 2) for each in true])
    assert all(abs(one - other) < 0.12 for one, other in zip(found, true, strict=True))
