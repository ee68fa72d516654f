"""The threshold for a chosen false-reject rate, from scores of good parts that were held out; and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.learning.roc import share_interval

#: Fewer good parts than this say nothing about how good parts differ.
FEWEST_PARTS = 5
#: With fewer parts than this beyond the threshold, its place among them would be the luck of the worst one or two.
_FEWEST_BEYOND = 3
#: Rates that a threshold is made for beforehand, so that another one can be chosen without teaching again.
RATES = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02)
#: At most this share of the parts, or one of them, may be left out as doubtful: more of them are no exception.
_LEFT_OUT_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Threshold:
    """`value` is the highest score that passes. `expected_rate` is what to expect of new good parts.

    With 95 % confidence the rate that comes about lies in `interval95`. `proven` says that the parts alone carry
    the wished rate; otherwise it rests on the shape of their scores too, and `note` says so to a person. `left_out`
    of the parts were doubtful and did not move the threshold; they count as rejected. `rejected` parts lie beyond.
    """

    value: float
    wished_rate: float
    expected_rate: float
    interval95: tuple[float, float]
    parts: int
    proven: bool
    note: str
    rejected: int
    left_out: int = 0

    def foreseen95(self, parts: int) -> tuple[int, int]:
        """With 95 % confidence, of so many new good parts no fewer and no more than these will be rejected.

        `interval95` is of the rate in the long run; a small number of parts scatters about that rate besides. Where
        the threshold is the k-th smallest of n scores, exceedances among m new parts follow the beta-binomial
        distribution of m, n - k + 1 and k, whatever the distribution of scores (Gumbel and von Schelling, 1950). A
        threshold between two scores takes the lower end of the one above it and the upper end of the one below: the
        exact limits of Thatcher (1964) for binomial counts.
        """
        above = self.rejected + 1 if self.proven else self.rejected
        low = _exceedances(0.025, parts, above, self.parts + 1) if above else 0
        return low, _exceedances(0.975, parts, self.rejected + 1, self.parts + 1)


@cache
def _exceedances(share: float, parts: int, above: int, gaps: int) -> int:
    """The quantile of how many of `parts` new ones lie above a score that `above` of the `gaps` between scores do."""
    from scipy.special import betaln, gammaln  # loaded late; scipy.stats has the distribution and takes two seconds

    counts = np.arange(parts + 1)
    ways = gammaln(parts + 1) - gammaln(counts + 1) - gammaln(parts - counts + 1)
    chances = np.exp(ways + betaln(counts + above, parts - counts + gaps - above) - betaln(above, gaps - above))
    return min(int(np.searchsorted(np.cumsum(chances), share)), parts)


def choose_threshold(
    scores: NDArray[np.float64], parts: Sequence[int], rate: float, doubtful: Sequence[int] = ()
) -> Threshold:
    """The threshold that rejects a share `rate` of new good parts. A part counts once, by its worst picture.

    With n parts, of which the k-th smallest score is the threshold, the realised rate follows Beta(n - k + 1, k)
    whatever the distribution of scores (order statistics; David and Nagaraja, 2003, section 2.2). k is the smallest
    with an expected rate (n + 1 - k) / (n + 1) <= `rate`. Where that would leave fewer than three of n + 1 parts
    beyond it, the threshold is the upper prediction limit of a normal distribution (Student's t), but not below the
    third-highest score, so that a lower rate never gives a lower threshold; its interval is that of the share of
    parts beyond it (Clopper and Pearson). There the parts of the `doubtful` pictures (places in `scores`) do not
    move the threshold, and count as rejected.

    Raises InputError for fewer than FEWEST_PARTS parts or a `rate` outside (0, 0.5].
    """
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
    if beyond >= _FEWEST_BEYOND:
        return _proven(worst, beyond, rate)
    return _by_shape(worst, rate, _left_out(parts, doubtful, count))


def doubtful_of(scores: NDArray[np.float64]) -> list[int]:
    """The strangest first: scores beyond eight robust standard deviations (1.4826 MAD) above the median."""
    median = np.median(scores)
    limit = median + 8 * 1.4826 * np.median(np.abs(scores - median))
    return [int(index) for index in np.argsort(-scores) if scores[index] > limit]


def _proven(worst: NDArray[np.float64], beyond: int, rate: float) -> Threshold:
    from scipy.special import betaincinv  # loaded late

    count = len(worst)
    interval = tuple(float(betaincinv(beyond, count + 1 - beyond, share)) for share in (0.025, 0.975))
    low, high = interval
    note = _note(count, rate, (low, high), True, 0)
    value = float(worst[count - beyond])
    return Threshold(value, rate, beyond / (count + 1), (low, high), count, True, note, beyond - 1)


def _by_shape(worst: NDArray[np.float64], rate: float, left_out: int) -> Threshold:
    from scipy.special import stdtrit  # Student's t

    usual = worst[: len(worst) - left_out]
    count = len(usual)
    limit = usual.mean() + stdtrit(count - 1, 1 - rate) * usual.std(ddof=1) * math.sqrt(1 + 1 / count)
    value = max(float(limit), float(usual[count - _FEWEST_BEYOND]))
    rejected = int((worst > value).sum())
    expected = max(rate, rejected / (len(worst) + 1))
    interval = share_interval(rejected, len(worst))
    note = _note(len(worst), rate, interval, False, left_out)
    return Threshold(value, rate, expected, interval, len(worst), False, note, rejected, left_out)


def _left_out(parts: Sequence[int], doubtful: Sequence[int], count: int) -> int:
    """How many parts are doubtful; 0 where they are too many to be exceptions. They are the highest scores."""
    odd = len({parts[index] for index in doubtful})
    return odd if odd <= max(1, int(_LEFT_OUT_SHARE * count)) and count - odd >= FEWEST_PARTS else 0


def _worst_by_part(scores: NDArray[np.float64], parts: Sequence[int]) -> NDArray[np.float64]:
    parts_of = np.asarray(parts)
    return np.sort([scores[parts_of == part].max() for part in np.unique(parts_of)])


def _note(count: int, rate: float, interval: tuple[float, float], proven: bool, left_out: int) -> str:
    low, high = (f"{share:.1%}" for share in interval)
    if proven:
        return f"From {count} good parts: between {low} and {high} of good parts will be rejected (95 % sure)."
    needed = math.ceil(_FEWEST_BEYOND / rate - 1e-9) - 1
    without = f" {left_out} of them did not count for the threshold: look at them." if left_out else ""
    return (
        f"{count} good parts cannot prove a rate of {rate:.1%}: between {low} and {high} of good parts may be "
        f"rejected (95 % sure). {needed} parts would carry it; add good parts as they come in.{without}"
    )
