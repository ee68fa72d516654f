from pathlib import Path

import numpy as np
import pytest

from core.settings import environment
from retail.shelf.gaps import Gap, find_gaps
from verticals.devices.pictures import read_picture

#: The stitched photo, in pixels of 1238 x 923: the boxes of its six shelves, and the gaps that a person counts.
_SIZE = (1238, 923)
_ROWS = ((60, 55, 1060, 85), (62, 200, 1028, 80), (65, 340, 1035, 80), (72, 488, 1020, 82), (62, 625, 1033, 85),
         (95, 748, 1010, 80))  # fmt: skip
_BY_EYE = ((0, 852, 888), (1, 700, 878), (2, 207, 240), (3, 190, 260), (4, 62, 94), (4, 578, 634), (5, 290, 354))


def _shelf() -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """Two shelves of ten packs each, 100 px high, over a dark back."""
    picture = np.full((240, 500, 3), 20, np.uint8)
    rng = np.random.default_rng(0)
    for row in range(2):
        for pack in range(10):
            picture[20 + 120 * row : 120 + 120 * row, 50 * pack + 2 : 50 * pack + 48] = rng.integers(110, 250, 3)
    return picture


_SHELVES = [(0.0, 20 / 240, 1.0, 100 / 240), (0.0, 140 / 240, 1.0, 100 / 240)]


def test_a_full_shelf_has_no_gap() -> None:
    assert find_gaps(_shelf(), _SHELVES) == []


def test_gaps_are_found_where_packs_are_gone() -> None:
    picture = _shelf()
    picture[20:120, 150:250] = 20
    picture[140:240, 450:500] = 24
    first, second = find_gaps(picture, _SHELVES)
    assert (first.row, second.row) == (0, 1)
    assert first.left == pytest.approx(0.3, abs=0.02) and first.right == pytest.approx(0.5, abs=0.02)
    assert second.right == pytest.approx(1.0, abs=0.02)


def test_a_row_too_small_to_see_has_no_gaps() -> None:
    assert find_gaps(_shelf(), [(0.0, 0.0, 0.01, 0.01)]) == []


@pytest.mark.samples
def test_gaps_of_a_supermarket_bay_against_those_counted_by_eye() -> None:
    """Five of seven and none that is not there: one is lit from behind, one is half hidden."""
    picture = read_picture(Path(str(environment("EDGEWISE_SAMPLES"))) / "retail" / "supermarket-bay" / "shelf.png")
    width, height = _SIZE
    found = find_gaps(picture, [(x / width, y / height, w / width, h / height) for x, y, w, h in _ROWS])
    by_eye = [Gap(row, left / width, right / width) for row, left, right in _BY_EYE]
    seen = [gap for gap in by_eye if any(_same(gap, one) for one in found)]
    false = [one for one in found if not any(_same(gap, one) for gap in by_eye)]
    assert len(seen) >= 5 and not false, (seen, false)


def _same(one: Gap, other: Gap) -> bool:
    """Overlap of at least half of the smaller."""
    common = min(one.right, other.right) - max(one.left, other.left)
    return one.row == other.row and common >= 0.5 * min(one.right - one.left, other.right - other.left)
