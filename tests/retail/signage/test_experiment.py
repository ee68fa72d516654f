from __future__ import annotations

import numpy as np
import pytest

from retail.signage.experiment import Outcome, draw, is_held_out, lift_of, slot_ms

BUCKETS = {"morning/weekday": 1.5, "midday/weekday": 4.0, "evening/weekday": 6.0, "afternoon/weekend": 9.0}


def slots(lift: float, seed: int, count: int = 1200, share: float = 0.2, clustered: float = 2.0) -> list[Outcome]:
    """Sales of a store whose truth is known: more in the evening, in clusters, and `lift` times as many where shown."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(count):
        bucket = list(BUCKETS)[number % len(BUCKETS)]
        held_out = is_held_out(str(seed), number, share)
        mean = BUCKETS[bucket] * (1.0 if held_out else lift)
        rate = random.gamma(clustered, mean / clustered)
        found.append(Outcome(bucket, held_out, float(random.poisson(rate))))
    return found


def test_the_draw_is_repeatable_and_falls_as_often_as_asked() -> None:
    held = [is_held_out("a", number, 0.2) for number in range(20_000)]
    assert held == [is_held_out("a", number, 0.2) for number in range(20_000)]
    assert sum(held) / len(held) == pytest.approx(0.2, abs=0.01)
    assert held != [is_held_out("b", number, 0.2) for number in range(20_000)]
    assert all(0 <= draw("a", number) < 1 for number in range(100))


def test_the_draw_knows_nothing_of_the_hour() -> None:
    by_hour = [sum(is_held_out("s", day * 96 + hour, 0.25) for day in range(400)) for hour in range(96)]
    assert min(by_hour) > 60
    assert max(by_hour) < 145


def test_a_slot_begins_where_its_length_divides() -> None:
    assert slot_ms(1_795_420_800_000 + 899_999, 15) == 1_795_420_800_000
    assert slot_ms(1_795_420_800_000 + 900_000, 15) == 1_795_421_700_000


@pytest.mark.parametrize("truth", [1.0, 1.25])
def test_the_interval_holds_the_true_lift_as_often_as_it_says(truth: float) -> None:
    inside, middle = 0, []
    for seed in range(300):
        found = lift_of(slots(truth, seed, count=600))
        assert found.low is not None and found.high is not None and found.ratio is not None
        inside += found.low <= truth <= found.high
        middle.append(found.ratio)
    assert 0.92 <= inside / 300 <= 0.98
    assert float(np.median(middle)) == pytest.approx(truth, rel=0.03)


def test_a_context_that_is_shown_more_often_does_not_pass_for_lift() -> None:
    """Held out by chance more often in the quiet hours: without contexts that would look like a lift."""
    random = np.random.default_rng(5)
    found = [Outcome("quiet/day", True, float(random.poisson(1))) for _ in range(300)]
    found += [Outcome("quiet/day", False, float(random.poisson(1))) for _ in range(100)]
    found += [Outcome("busy/day", True, float(random.poisson(10))) for _ in range(100)]
    found += [Outcome("busy/day", False, float(random.poisson(10))) for _ in range(700)]
    lift = lift_of(found)
    assert lift.low is not None and lift.high is not None
    assert lift.low < 1.0 < lift.high


def test_little_is_said_to_be_too_little() -> None:
    assert lift_of([]).ratio is None
    few = lift_of(slots(1.5, 1, count=30))
    assert few.ratio is None
    assert few.held_out < 8
    nothing = [Outcome("a/b", number % 2 == 0, 0.0) for number in range(100)]
    assert lift_of(nothing).ratio is None


def test_one_slot_alone_in_its_context_borrows_how_much_sales_vary() -> None:
    some = [*slots(1.2, 3, count=400), Outcome("night/weekend", True, 3.0), Outcome("night/weekend", False, 4.0)]
    lift = lift_of(some)
    assert lift.low is not None and lift.high is not None and lift.low < 1.2 < lift.high
