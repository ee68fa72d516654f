"""Tables of probability keep their sum, and each change does what a recount by hand would."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retail.stock import mass


def sure(floor: int, behind: int) -> mass.Table:
    table = np.zeros((floor + 1, behind + 1))
    table[floor, behind] = 1.0
    return table


def where(table: mass.Table) -> tuple[int, int]:
    row, column = np.unravel_index(int(table.argmax()), table.shape)
    return int(row), int(column)


def test_a_sale_proves_that_the_shelf_was_not_empty() -> None:
    table = 0.5 * np.eye(1, 1)
    table = mass.mixed(sure(0, 0), sure(4, 0), 0.5)
    left = mass.scaled(mass.removed(table, mass.FLOOR_AXIS, 1, 0.02))
    assert left[3, 0] == pytest.approx(0.98 * 0.5 / (0.98 * 0.5 + 0.02), abs=1e-6)
    assert left[0, 0] == pytest.approx(0.02 * 0.5 / (0.98 * 0.5 + 0.02), abs=1e-6)


@pytest.mark.parametrize(
    ("floor", "behind", "after"), [(2, 10, (8, 4)), (2, 3, (5, 0)), (9, 4, (9, 4)), (8, 0, (8, 0))]
)
def test_a_refill_goes_up_to_the_capacity_and_no_further(floor: int, behind: int, after: tuple[int, int]) -> None:
    assert where(mass.filled(sure(floor, behind), 8)) == after


def test_a_recorded_refill_takes_from_one_place_what_it_gives_the_other() -> None:
    assert where(mass.carried(sure(2, 9), [(5, 1.0)], 0.0)) == (7, 4)
    assert where(mass.carried(sure(7, 1), [(-5, 1.0)], 0.0)) == (2, 6)


@settings(deadline=None)
@given(
    st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=3, max_size=9),
    st.integers(0, 5),
    st.sampled_from([mass.FLOOR_AXIS, mass.BACK_AXIS]),
)
def test_no_change_loses_probability(rows: list[list[float]], cells: int, axis: int) -> None:
    table = mass.scaled(np.array(rows) + 1e-3)
    ups = [(-1, 0.1), (2, 0.05), (-cells, 0.1), (cells, 0.1)]
    for changed in (
        mass.added(table, axis, cells), mass.blurred(table, axis, ups), mass.filled(table, 4), mass.scaled(table),
        mass.mixed(table, mass.added(table, axis, cells), 0.3),
    ):  # fmt: skip
        assert changed.sum() == pytest.approx(1.0)
        assert np.all(changed >= 0)


def test_what_cannot_be_becomes_flat_rather_than_nothing() -> None:
    assert mass.scaled(np.zeros((2, 3))).tolist() == [[pytest.approx(1 / 6)] * 3] * 2


def test_the_sum_of_both_places_has_the_sum_of_their_means() -> None:
    table = mass.scaled(np.arange(12, dtype=float).reshape(3, 4))
    both = mass.mean_of(mass.sum_mass(table))
    assert both == pytest.approx(mass.mean_of(mass.place_mass(table, 0)) + mass.mean_of(mass.place_mass(table, 1)))


def test_a_quantile_is_the_first_number_that_reaches_its_share() -> None:
    assert mass.quantiles(np.array([0.1, 0.4, 0.5]), (0.05, 0.1, 0.5, 0.51, 1.0)) == [0, 0, 1, 2, 2]


def test_a_table_never_grows_beyond_the_most_cells() -> None:
    grown = mass.scaled(mass.added(mass.scaled(np.ones((300, 2))), mass.FLOOR_AXIS, 300))
    assert len(grown) <= mass.MOST_CELLS
    assert mass.step_for(5000) * mass.MOST_CELLS // 2 >= 5000
