"""Quantiles of counts against SciPy's."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from retail.stock import quantiles


@settings(deadline=None)
@given(st.floats(0.05, 200), st.floats(0.02, 0.98))
def test_a_poisson_quantile_is_scipys(mean: float, share: float) -> None:
    assert abs(quantiles.quantile(mean, mean, share) - int(stats.poisson.ppf(share, mean))) <= 1
    found = quantiles.quantile(mean, mean, share)
    assert stats.poisson.cdf(found, mean) >= share - 1e-9
    assert found == 0 or stats.poisson.cdf(found - 1, mean) < share + 1e-9


@settings(deadline=None)
@given(st.floats(0.2, 80), st.floats(1.1, 6), st.floats(0.05, 0.95))
def test_a_negative_binomial_quantile_is_scipys(mean: float, spread: float, share: float) -> None:
    size, success = mean / (spread - 1), 1 / spread
    found = quantiles.quantile(mean, spread * mean, share)
    assert stats.nbinom.cdf(found, size, success) >= share - 1e-7
    assert found == 0 or stats.nbinom.cdf(found - 1, size, success) < share + 1e-7


def test_unmet_demand_of_an_empty_slot_is_all_of_it() -> None:
    assert quantiles.unmet(3.2, 3.2, 0) == pytest.approx(3.2)
    assert quantiles.unmet(2.0, 2.0, 1) == pytest.approx(2.0 - (1 - stats.poisson.pmf(0, 2.0)), abs=1e-9)
    assert quantiles.unmet(2.0, 2.0, 60) == pytest.approx(0.0, abs=1e-9)


def test_nothing_wanted_needs_nothing_and_large_means_stay_finite() -> None:
    assert quantiles.quantile(0.0, 0.0, 0.95) == 0
    assert quantiles.quantile(5000.0, 5000.0, 0.95) == pytest.approx(5116, abs=2)
    assert quantiles.z_of(0.95) == pytest.approx(1.645, abs=1e-3)


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0])
def test_a_share_outside_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantiles.quantile(3.0, 3.0, share)
