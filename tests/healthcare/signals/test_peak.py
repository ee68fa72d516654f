from __future__ import annotations

import numpy as np

from healthcare.signals.peak import PeakPlacer


def _complexes(up_mv: float, down_mv: float, count: int = 6) -> np.ndarray:
    samples = np.zeros(250 * count)
    for number in range(count):
        middle = 125 + 250 * number
        samples[middle - 3 : middle + 4] = up_mv * np.array([0.2, 0.5, 0.9, 1.0, 0.9, 0.5, 0.2])
        samples[middle + 8 : middle + 15] = -down_mv * np.array([0.2, 0.5, 0.9, 1.0, 0.9, 0.5, 0.2])
    return samples


def test_the_peak_is_found_near_a_rough_place() -> None:
    placer = PeakPlacer(250.0)
    placer.feed(_complexes(1.0, 0.3))
    assert [placer.place(middle + 9) for middle in (125, 375, 625)] == [125, 375, 625]


def test_it_does_not_jump_between_r_and_s() -> None:
    placer = PeakPlacer(250.0)
    placer.feed(np.concatenate([_complexes(1.0, 0.6), _complexes(1.0, 1.2)]))
    assert [placer.place(125 + 250 * number) for number in range(12)] == [125 + 250 * number for number in range(12)]


def test_a_place_that_is_gone_stays_where_it_is() -> None:
    placer = PeakPlacer(250.0)
    for _ in range(4):
        placer.feed(_complexes(1.0, 0.3))
    assert placer.place(100) == 100
    assert placer.around(100, 25) is None
    shape = placer.around(5 * 1200 - 125, 25)
    assert shape is not None
    assert shape.size == 51
