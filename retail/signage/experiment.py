"""Whether the screen sells: some slots of time, drawn by lot, show nothing that sells; the others are held to them.

Slots and not people are drawn, so that nobody needs to be told apart. The draw is a hash of the slot with a seed: it
can be repeated by anybody, and nobody can choose it.

Lift = sales in shown slots / sales in held-out slots of the product that was shown or would have been, within each
context (part of the day, kind of day), combined with weights n_t n_h / (n_t + n_h) (Mantel and Haenszel). Its limits
are those of the logarithm with the variances of the slots themselves, so that sales may come in clusters; degrees of
freedom after Welch and Satterthwaite.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

LEAST_SLOTS = 8  # of either arm, before a figure is given


@dataclass(frozen=True, slots=True)
class Outcome:
    """One slot that is over: `units` sold of the product that was shown or held out."""

    bucket: str
    held_out: bool
    units: float


@dataclass(frozen=True, slots=True)
class Lift:
    """`ratio` 1.08 is 8 % more; None where there is too little to say. `low` and `high` are its limits."""

    ratio: float | None
    low: float | None
    high: float | None
    shown: int
    held_out: int


def slot_ms(at_ms: int, minutes: int) -> int:
    """When the slot began in which `at_ms` lies, ms UTC."""
    length = minutes * 60_000
    return at_ms // length * length


def draw(seed: str, slot: int) -> float:
    """0 <= number < 1, the same for the same seed and slot."""
    digest = hashlib.sha256(f"{seed}\n{slot}".encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56


def is_held_out(seed: str, slot: int, share: float) -> bool:
    return draw(seed, slot) < share


def lift_of(outcomes: Sequence[Outcome], confidence: float = 0.95) -> Lift:
    """What showing did to sales, over all contexts that have slots of both arms."""
    arms: dict[str, tuple[list[float], list[float]]] = {}
    for one in outcomes:
        arms.setdefault(one.bucket, ([], []))[one.held_out].append(one.units)
    both = {bucket: (np.array(a), np.array(b)) for bucket, (a, b) in arms.items() if a and b}
    shown, held = (sum(len(arm[side]) for arm in both.values()) for side in (0, 1))
    if min(shown, held) < LEAST_SLOTS:
        return Lift(None, None, None, shown, held)
    weights = {name: len(a) * len(b) / (len(a) + len(b)) for name, (a, b) in both.items()}
    means = [sum(weights[name] * float(arm[side].mean()) for name, arm in both.items()) for side in (0, 1)]
    if min(means) <= 0.0:
        return Lift(None, None, None, shown, held)
    variances, freedoms = zip(*(_spread(both, weights, side) for side in (0, 1)), strict=True)
    parts = [variance / mean**2 for variance, mean in zip(variances, means, strict=True)]
    error = math.sqrt(sum(parts))
    freedom = sum(parts) ** 2 / max(sum(part**2 / df for part, df in zip(parts, freedoms, strict=True)), 1e-300)
    from scipy.special import stdtrit  # Student's t; loaded late

    width = math.exp(float(stdtrit(max(freedom, 1.0), (1 + confidence) / 2)) * error)
    ratio = means[0] / means[1]
    return Lift(ratio, ratio / width, ratio * width, shown, held)


def _spread(
    both: Mapping[str, tuple[np.ndarray, np.ndarray]], weights: Mapping[str, float], side: int
) -> tuple[float, float]:
    """Variance of one arm's weighted mean, and its degrees of freedom. One slot alone borrows from the others."""
    pooled = _dispersion([arm[side] for arm in both.values()])
    total, squares = 0.0, 0.0
    for name, arm in both.items():
        units = arm[side]
        own = float(units.var(ddof=1)) if len(units) > 1 else pooled * float(units.mean())
        part = weights[name] ** 2 * own / len(units)
        total += part
        squares += part**2 / max(len(units) - 1, 1)
    return total, total**2 / squares if squares else 1.0


def _dispersion(arms: Sequence[np.ndarray]) -> float:
    """Variance over mean; 1 for sales that come one by one."""
    found = [float(units.var(ddof=1) / units.mean()) for units in arms if len(units) > 2 and units.mean() > 0]
    return max(1.0, float(np.mean(found))) if found else 1.0
