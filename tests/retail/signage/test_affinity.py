from __future__ import annotations

import csv
import gzip
import random
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from retail.signage.affinity import Pair, learn, limits, read_pairs


def baskets(count: int, seed: int, together: float = 0.0) -> list[set[str]]:
    """Ten products, each in a fifth of the baskets by itself; `a` brings `b` along that often."""
    random_ = random.Random(seed)
    found = []
    for _ in range(count):
        basket = {name for name in "abcdefghij" if random_.random() < 0.2}
        if "a" in basket and random_.random() < together:
            basket.add("b")
        found.append(basket)
    return found


def test_lift_of_a_worked_example() -> None:
    lift, low, high = limits(together=60, first=100, second=200, baskets=1000, z=1.96)
    assert lift == pytest.approx(3.0)
    assert low < 3.0 < high
    assert low * high == pytest.approx(9.0)


def test_products_that_are_always_and_never_apart_have_finite_limits() -> None:
    assert limits(100, 100, 100, 100, 1.96) == pytest.approx((1.0, 1.0, 1.0))
    assert limits(50, 50, 50, 100, 1.96)[0] == 2.0


def test_a_pair_that_belongs_together_is_found_and_chance_is_not() -> None:
    [pair] = learn(baskets(4000, 1, together=0.5))
    assert (pair.first, pair.second) == ("a", "b")
    assert pair.low > 1.0
    assert pair.support == pair.baskets / pair.of


def test_by_chance_alone_hardly_ever_a_pair_is_found() -> None:
    found = [seed for seed in range(60) if learn(baskets(800, seed))]
    assert len(found) <= 8  # 5 % of 60 runs, each over all of its pairs together


def test_the_limits_hold_the_true_lift_as_often_as_they_say() -> None:
    p_a, p_b, share = 0.2, 0.2 + 0.2 * 0.8 * 0.3, 0.3
    truth = (p_a * (0.2 + 0.8 * share)) / (p_a * p_b)
    inside = 0
    for seed in range(300):
        some = baskets(1000, seed, together=share)
        both = sum({"a", "b"} <= one for one in some)
        _, low, high = limits(both, sum("a" in one for one in some), sum("b" in one for one in some), 1000, 1.96)
        inside += low <= truth <= high
    assert 0.92 <= inside / 300 <= 0.98


def test_a_basket_without_end_and_a_rare_product_say_nothing() -> None:
    huge = [{f"p{number}" for number in range(200)} | {"a", "b"}] * 50
    assert learn(huge) == []
    assert learn([{"a", "b"}] * 5 + [{"c"}] * 500) == []


def test_pairs_come_back_from_json_and_what_is_none_is_left_out() -> None:
    [pair] = learn(baskets(4000, 1, together=0.5))
    assert read_pairs([pair.as_json(), {"first": "x"}, 5, None]) == [pair]
    assert read_pairs("none") == []
    assert isinstance(pair, Pair)


@pytest.mark.samples
def test_what_one_half_of_real_baskets_teaches_holds_in_the_other(samples: Path) -> None:
    folder = samples / "retail" / "transactions"
    with gzip.open(folder / "products.csv.gz", "rt") as file:
        kinds = {row["product_id"]: row["product_category"] for row in csv.DictReader(file)}
    bought: dict[str, set[str]] = defaultdict(set)
    with gzip.open(folder / "transactions_sample.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            if kinds.get(row["product_id"]):
                bought[row["basket_id"]].add(kinds[row["product_id"]])
    names = sorted(bought)
    random.Random(3).shuffle(names)
    half = len(names) // 2
    taught = learn([bought[name] for name in names[:half]], least=5)
    assert len(taught) >= 5
    other = [bought[name] for name in names[half:]]
    single = Counter(product for one in other for product in one)
    both = sum(pair.first in one and pair.second in one for one in other for pair in taught)
    by_chance = sum(single[pair.first] * single[pair.second] / len(other) for pair in taught)
    assert both / by_chance > 1.5
