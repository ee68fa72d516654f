"""A beat's shape beside the normal one, in 17 numbers per lead: P wave, QRS complex, T wave and the whole window.

Everything comes out of two matrix products, for any number of beats at once.
"""

from __future__ import annotations

import numpy as np

from healthcare.signals.templates import REACH, WIDTH, Floats

SHAPE = 17
#: First and last point of P wave, QRS complex, T wave and the whole, from the R peak, in 1/125 s.
_PARTS = ((-30, -10), (-10, 10), (14, 50), (-REACH, REACH))
#: In shares of the template's QRS, squared: below it a part is flat.
_FLAT = 1e-3
_FLAT_SLOPE = 1e-4


def _means() -> Floats:
    means = np.zeros((WIDTH, len(_PARTS)), np.float32)
    for index, (first, last) in enumerate(_PARTS):
        means[REACH + first : REACH + last + 1, index] = 1.0 / (last - first + 1)
    return means


def _slope_sums() -> Floats:
    """Of squared slopes: mean over P, T and the whole, and around the QRS sum, first and second moment in time."""
    sums = np.zeros((WIDTH - 1, 6), np.float32)
    at = np.arange(WIDTH - 1) - REACH + 0.5
    for index, part in enumerate((0, 2, 3)):
        within = (at > _PARTS[part][0]) & (at < _PARTS[part][1])
        sums[within, index] = 1.0 / within.sum()
    around = np.abs(at) < 20
    for power in range(3):
        sums[around, 3 + power] = (at[around] / 10) ** power
    return sums


_MEANS = _means()
_SLOPE_SUMS = _slope_sums()


def shape_numbers(wave: Floats, template: Floats) -> Floats:
    """... x leads x SHAPE, of ... x leads x WIDTH each, in shares of the peak to peak of the template's QRS."""
    terms = np.empty((5, *wave.shape), np.float32)
    both = terms[:2]
    terms[0], terms[1] = wave, template
    np.multiply(both, both, out=terms[2:4])
    np.multiply(wave, template, out=terms[4])
    sums = (terms.reshape(-1, WIDTH) @ _MEANS).reshape(*terms.shape[:-1], -1)
    means, powers, cross = sums[:2], sums[2:4], sums[4]
    spreads = powers - means * means + _FLAT
    alike = (cross - means[0] * means[1]) / np.sqrt(spreads[0] * spreads[1])
    louder = np.log(spreads)
    apart = np.log(np.maximum(powers[0] + powers[1] - 2 * cross, 0.0) + _FLAT)
    slopes = both[..., 1:] - both[..., :-1]
    slopes *= slopes
    steep = (slopes.reshape(-1, WIDTH - 1) @ _SLOPE_SUMS).reshape(*slopes.shape[:-1], -1)
    weight = steep[..., 3] + _FLAT_SLOPE
    centre = steep[..., 4] / weight
    widths = np.sqrt(np.maximum(steep[..., 5] / weight - centre * centre, 0.0))
    rough = np.log(steep[0, ..., :3] + _FLAT_SLOPE)
    steeper = np.log(weight[0] / weight[1])
    numbers: Floats = np.concatenate(
        (
            alike,
            louder[0] - louder[1],
            apart[..., :3],
            rough,
            np.stack((steeper, widths[0], widths[0] - widths[1]), -1),
        ),
        axis=-1,
    )
    return numbers
