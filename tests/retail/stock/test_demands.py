"""The demand of many products at once is that of each alone, to the last bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from retail.stock.demand import DaySales, estimate, week_profile
from retail.stock.demands import estimate_all

WEEKDAYS = [(3 + day) % 7 for day in range(21)]
sold_days = st.lists(st.sampled_from((0, 0, 0, 1, 2, 5, -1, 40)), min_size=21, max_size=21)
exposed_days = st.lists(st.sampled_from((1.0, 1.0, 0.5, 0.05, 0.0)), min_size=21, max_size=21)


@given(st.lists(st.tuples(sold_days, exposed_days), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_each_product_is_estimated_as_if_it_were_alone(products: list[tuple[list[int], list[float]]]) -> None:
    prior = week_profile([[DaySales(day % 7, 10.0 + day % 7) for day in range(28)]])
    sold = np.array([each for each, _ in products], np.int64)
    exposure = np.array([each for _, each in products], np.float32)
    found = estimate_all(sold, exposure, WEEKDAYS, prior)
    for row, (amounts, exposures) in enumerate(products):
        first = next((index for index, amount in enumerate(amounts) if amount > 0), None)
        if first is None:
            assert not found.days[row]
            continue
        history = [
            DaySales(weekday, max(0.0, float(amount)), float(np.float32(share)))
            for weekday, amount, share in zip(WEEKDAYS, amounts, exposures, strict=True)
        ]
        assert found.of(row) == estimate(history[first:], prior)
