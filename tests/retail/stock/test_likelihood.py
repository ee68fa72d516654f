"""What readings are worth: proper probabilities, and the cases that can be counted by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retail.stock import likelihood


@settings(deadline=None)
@given(st.integers(1, 10), st.integers(1, 12), st.floats(0, 1), st.floats(0, 0.3))
def test_facings_of_any_number_of_pieces_add_up_to_one(facings: int, depth: int, even: float, error: float) -> None:
    table = likelihood.facings_table(facings, depth, (even, 1 - even, 0.0), error)
    assert table.shape == (facings * depth + 1, facings + 1)
    assert np.allclose(table.sum(axis=1), 1.0)


def test_two_pieces_of_two_columns_are_seen_as_drawn_by_hand() -> None:
    """Depth 2: of the six ways in which two of four pieces remain, four show both facings."""
    table = likelihood.facings_table(2, 2, (0.0, 1.0, 0.0), 0.0)
    assert table[2, 2] == pytest.approx(0.998 * 4 / 6 + 0.002 / 3)
    even = likelihood.facings_table(2, 2, (1.0, 0.0, 0.0), 0.0)
    assert even[2, 2] > 0.99
    packed = likelihood.facings_table(2, 2, (0.0, 0.0, 1.0), 0.0)
    assert packed[2, 1] > 0.99


def test_a_shelf_too_large_for_chances_still_gives_numbers() -> None:
    assert np.all(np.isfinite(likelihood.facings_table(40, 60, (0.4, 0.6, 0.0), 0.02)))


def test_more_than_the_shelf_holds_looks_full() -> None:
    table = likelihood.facings_table(3, 2, (1.0, 0.0, 0.0), 0.0)
    likely = likelihood.seen(3, table, 20, 1)
    assert likely[19] == likely[6] == likely[3] > 100 * likely[1]


@settings(deadline=None)
@given(st.integers(1, 30), st.floats(0.6, 0.99), st.floats(10, 150))
def test_tags_of_a_number_add_up_to_one(there: int, read: float, worth: float) -> None:
    said = [likelihood.tagged(tags, there + 1, read, worth, 0.05)[there] for tags in range(there + 8)]
    assert sum(said) == pytest.approx(1.0, abs=0.02)


def test_tags_read_are_a_lower_bound_but_for_strays() -> None:
    likely = likelihood.tagged(8, 20, 0.95, 100, 0.02)
    assert int(likely.argmax()) in (8, 9)
    assert likely[4] < 0.01 * likely[8]


def test_a_count_is_mostly_right_and_else_near() -> None:
    likely = likelihood.counted(10, 30, 0.03, 2.0)
    assert likely[10] > 50 * likely[9] > 50 * likely[5]


def test_what_a_count_says_of_a_look_agrees_with_the_table() -> None:
    even, rand, packed, *_ = likelihood.facings_hypotheses(2, 3, 4, 3)
    for share, value in (((1.0, 0.0, 0.0), even), ((0.0, 1.0, 0.0), rand), ((0.0, 0.0, 1.0), packed)):
        assert likelihood.facings_table(4, 3, share, 0.0)[3, 2] == pytest.approx(0.998 * value + 0.002 / 5)
