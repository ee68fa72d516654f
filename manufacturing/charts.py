"""Control limits of the reject rate, and what is more frequent than the rest.

A p-chart is drawn while enough rejects are expected in a sample. Sources: Shewhart for the limits; Western
Electric, Statistical Quality Control Handbook (1956), rules 1 and 4.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FEWEST_EXPECTED = 5
#: Western Electric rule 4: so many in a row on one side of the mean.
_RUN = 8
_NICE = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class RejectChart:
    """Shares 0..1. `limit` is None while a p-chart would mislead (fewer than 5 rejects expected a sample)."""

    shares: Sequence[float]
    mean: float
    limit: float | None
    size: int

    @property
    def lower(self) -> float:
        """The lower limit, floored at 0."""
        return max(0.0, 2 * self.mean - self.limit) if self.limit is not None else 0.0

    def signals(self) -> list[tuple[int, ...]]:
        """The Western Electric rules (1: beyond 3 sigma, 4: eight in a row on one side) that each sample breaks."""
        if self.limit is None:
            return [()] * len(self.shares)
        found: list[tuple[int, ...]] = []
        run, side = 0, 0
        for share in self.shares:
            here = (share > self.mean) - (share < self.mean)
            run, side = (run + 1 if here == side and here else abs(here)), here
            beyond = share > self.limit or share < self.lower
            found.append((*((1,) if beyond else ()), *((4,) if run >= _RUN else ())))
        return found

    @property
    def in_control(self) -> bool:
        return not any(self.signals())


def reject_chart(samples: Sequence[tuple[int, int]], size: int) -> RejectChart:
    """p̄ + 3·√(p̄(1−p̄)/n), the lower limit being floored at 0 (Shewhart; valid while n·p̄ >= 5)."""
    inspected = sum(count for _, count in samples)
    mean = sum(rejected for rejected, _ in samples) / inspected if inspected else 0.0
    limit = mean + 3 * math.sqrt(mean * (1 - mean) / size) if size * mean >= FEWEST_EXPECTED else None
    return RejectChart([rejected / count for rejected, count in samples], mean, limit, size)


def sample_size(rejected: int, inspected: int, most_samples: int) -> int:
    """A round size (1, 2 or 5 and zeros) with 5 rejects expected a sample and at most `most_samples` of them.

    Without a reject: as many samples as there may be.
    """
    wanted = max(1.0, inspected / most_samples, FEWEST_EXPECTED * inspected / rejected if rejected else 0.0)
    decade: int = 10 ** math.floor(math.log10(wanted))
    return next(step * decade for step in (*_NICE, 10, 20) if step * decade >= wanted)


@dataclass(frozen=True, slots=True)
class ParetoBar:
    """`share` of all, and `reached`, the share of this and every more frequent one."""

    name: str
    count: int
    share: float
    reached: float


def pareto(counts: Mapping[str, int], most: int = 8) -> list[ParetoBar]:
    """The most frequent first; what is beyond `most` bars is one bar "others" at the end."""
    ordered = sorted(((name, count) for name, count in counts.items() if count), key=lambda it: (-it[1], it[0]))
    if len(ordered) > most:
        ordered = [*ordered[: most - 1], ("others", sum(count for _, count in ordered[most - 1 :]))]
    total, reached = sum(count for _, count in ordered), 0
    bars = []
    for name, count in ordered:
        reached += count
        bars.append(ParetoBar(name, count, count / total, reached / total))
    return bars
