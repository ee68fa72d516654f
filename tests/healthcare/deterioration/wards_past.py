"""Stays made by formula: a vital sign drifts before an event in a way that NEWS2 sees, or in one that it does not."""

from __future__ import annotations

import numpy as np

from healthcare.deterioration.stays import Floats, Stay
from healthcare.vitals.news2 import PARAMETERS

_MEANS = (16.0, 97.0, 0.0, 125.0, 76.0, 0.0, 36.9)
_SPREAD = (1.5, 0.8, 0.0, 8.0, 7.0, 0.0, 0.25)
EVENT_H = 40


def hours(count: int, rng: np.random.Generator) -> Floats:
    """A patient who is well: hours x PARAMETERS."""
    made: Floats = np.array(_MEANS) + rng.normal(size=(count, len(PARAMETERS))) * np.array(_SPREAD)
    return made


def rising(values: Floats, parameter: str, by: float, over_h: int) -> Floats:
    """The same, with one vital sign that moves by so much over the last hours."""
    moved = values.copy()
    moved[-over_h:, PARAMETERS.index(parameter)] += np.linspace(by / over_h, by, over_h)
    return moved


def stays(well: int, ill: int, seed: int, *, hidden: bool) -> list[Stay]:
    """`hidden`: the pulse rises within what NEWS2 calls normal; else nothing is to be seen at all.

    Some who are well have one bad hour, which NEWS2 alerts at.
    """
    rng, made = np.random.default_rng(seed), list[Stay]()
    for number in range(well + ill):
        values = hours(EVENT_H, rng)
        if rng.random() < 0.5:
            values[int(rng.integers(EVENT_H - 2)), :2] = (26.0, 90.0)
        if number < ill:
            if hidden:
                values = rising(values, "sys_mmhg", -30.0, 20)
                values[-12:, PARAMETERS.index("sys_mmhg")] = np.maximum(values[-12:, PARAMETERS.index("sys_mmhg")], 102)
            made.append(Stay(f"ill {number}", values, float(EVENT_H)))
        else:
            made.append(Stay(f"well {number}", values, None))
    return made
