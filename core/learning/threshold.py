"""The threshold for a chosen false-reject rate, from scores of good parts that were held out; and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.learning.roc import share_interval

#: Fewer good parts than this say nothing about how good parts differ.
FEWEST_PARTS = 5
#: With fewer parts than this beyond the threshold, its place among them would be the luck of the worst one or two.
_FEWEST_BEYOND = 3


@dataclass(frozen=True, slots=True)
class Threshold:
    """`value` is the highest score that passes. `expected_rate` is what to expect of new good parts.

    With 95 % confidence the rate that comes about lies in `interval95`. `proven` says that the parts alone carry
    the wished rate; otherwise it rests on the shape of their scores too, and `note` says so to a person.
    """

    value: float
    wished_rate: float
    expected_rate: float
    interval95: tuple[float, float]
    parts: int
    proven: bool
    note: str


def choose_threshold(scores: NDArray[np.float64], parts: Sequence[int], rate: float) -> Threshold:
    """The threshold that rejects a share `rate` of new good parts. A part counts once, by its worst picture.

    With n parts, of which the k-th smallest score is the threshold, the realised rate follows Beta(n - k + 1, k)
    whatever the distribution of scores (order statistics; David and Nagaraja, 2003, section 2.2). k is the smallest
    with an expected rate (n + 1 - k) / (n + 1) <= `rate`. Where that would leave fewer than three of n + 1 parts
    beyond it, the threshold is the upper prediction limit of a normal distribution (Student's t), but not below the
    third-highest score, so that a lower rate never gives a lower threshold; its interval is that of the share of
    parts beyond it (Clopper and Pearson).

    Raises InputError for fewer than FEWEST_PARTS parts or a `rate` outside (0, 0.5].
    """
    from scipy.stats import beta, t  # loaded late: scipy.stats takes a second

    if not 0 < rate <= 0.5:
        raise InputError(f"a false-reject rate of {rate} cannot be kept", hint="Choose one above 0, up to 0.5.")
    worst = _worst_by_part(scores, parts)
    count = len(worst)
    if count < FEWEST_PARTS:
        raise InputError(
            f"{count} good parts are too few for a threshold, at least {FEWEST_PARTS} are needed",
            hint="Take pictures of more good parts; 20 is a fair start.",
        )
    beyond = math.floor((count + 1) * rate + 1e-9)
    proven = beyond >= _FEWEST_BEYOND
    if proven:
        value, expected = float(worst[count - beyond]), beyond / (count + 1)
        low, high = (float(beta.ppf(share, beyond, count + 1 - beyond)) for share in (0.025, 0.975))
    else:
        limit = worst.mean() + t.ppf(1 - rate, count - 1) * worst.std(ddof=1) * math.sqrt(1 + 1 / count)
        value = max(float(limit), float(worst[count - _FEWEST_BEYOND]))
        rejected = int((worst > value).sum())
        expected = max(rate, rejected / (count + 1))
        low, high = share_interval(rejected, count)
    return Threshold(value, rate, expected, (low, high), count, proven, _note(count, rate, (low, high), proven))


def _worst_by_part(scores: NDArray[np.float64], parts: Sequence[int]) -> NDArray[np.float64]:
    parts_of = np.asarray(parts)
    return np.sort([scores[parts_of == part].max() for part in np.unique(parts_of)])


def _note(count: int, rate: float, interval: tuple[float, float], proven: bool) -> str:
    low, high = (f"{share:.1%}" for share in interval)
    if proven:
        return f"From {count} good parts: between {low} and {high} of good parts will be rejected (95 % sure)."
    needed = math.ceil(_FEWEST_BEYOND / rate - 1e-9) - 1
    return (
        f"{count} good parts cannot prove a rate of {rate:.1%}: between {low} and {high} of good parts may be "
        f"rejected (95 % sure). {needed} parts would carry it; add good parts as they come in."
    )
