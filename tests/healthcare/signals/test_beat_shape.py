from __future__ import annotations

import numpy as np
import pytest

from healthcare.signals.beat_package import drawn_beats
from healthcare.signals.beat_shape import SHAPE, shape_numbers
from healthcare.signals.templates import REACH, WIDTH

_AT = np.arange(-REACH, REACH + 1)
#: Places of the numbers: likeness of P, QRS, T and all; loudness; distance; roughness; steepness; width, wider by.
_QRS_ALIKE, _QRS_LOUDER, _WIDTH, _WIDER = 1, 5, 15, 16


def _beat(width: float, height: float = 1.0) -> np.typing.NDArray[np.float32]:
    return (height * np.exp(-0.5 * (_AT / width) ** 2)).astype(np.float32)[None]


def test_a_beat_like_the_template_is_no_louder_no_wider_and_wholly_alike() -> None:
    numbers = shape_numbers(_beat(2.0), _beat(2.0))
    assert numbers.shape == (1, SHAPE)
    assert numbers[0, _QRS_ALIKE] > 0.98
    assert numbers[0, [_QRS_LOUDER, _WIDER]] == pytest.approx([0.0, 0.0], abs=1e-5)


def test_a_wide_beat_is_wider_and_a_high_one_louder() -> None:
    wide, high = shape_numbers(_beat(5.0), _beat(2.0))[0], shape_numbers(_beat(2.0, 2.0), _beat(2.0))[0]
    assert wide[_WIDER] > 0.1
    assert high[_QRS_LOUDER] == pytest.approx(np.log(4.0), abs=0.05)
    assert high[_WIDER] == pytest.approx(0.0, abs=0.02)


def test_a_beat_upside_down_is_as_unlike_as_can_be() -> None:
    assert shape_numbers(_beat(2.0, -1.0), _beat(2.0))[0, _QRS_ALIKE] < -0.98


def test_many_beats_at_once_have_the_numbers_of_each_alone() -> None:
    batch = drawn_beats(5, seed=1)
    together = shape_numbers(batch.wave, batch.template)
    for number in range(5):
        alone = shape_numbers(batch.wave[number], batch.template[number])
        np.testing.assert_allclose(alone, together[number], rtol=1e-3, atol=1e-3)


def test_a_flat_line_has_numbers_too() -> None:
    flat = np.zeros((2, WIDTH), np.float32)
    assert np.isfinite(shape_numbers(flat, flat)).all()
