from __future__ import annotations

import numpy as np
import pytest

from healthcare.signals.holes import Holes

GIVEN = np.ones(400, np.bool_)


def _missing(first: int, last: int) -> np.ndarray:
    given = GIVEN.copy()
    given[first:last] = False
    return given


@pytest.mark.parametrize("size", [1, 7, 400])
def test_a_hole_of_three_tenths_of_a_second_lies_between_however_it_came(size: int) -> None:
    holes = Holes(100.0)
    given = _missing(100, 130)
    for first in range(0, 400, size):
        holes.note(first, given[first : first + size])
    assert holes.between(90, 140)
    assert holes.between(110, 140)
    assert not holes.between(0, 100)
    assert not holes.between(130, 300)


def test_shorter_holes_do_not_count_even_many() -> None:
    holes = Holes(100.0)
    given = _missing(100, 129) & _missing(131, 150)
    holes.note(0, given)
    assert not holes.between(0, 399)
