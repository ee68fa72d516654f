"""Control limits of the reject rate: a p-chart while enough rejects are expected in a sample."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RejectChart:
    """Shares 0..1. `limit` is None while a p-chart would mislead (fewer than 5 rejects expected a sample)."""

    shares: Sequence[float]
    mean: float
    limit: float | None
    size: int

    @property
    def in_control(self) -> bool:
        return self.limit is None or all(share <= self.limit for share in self.shares)


def reject_chart(samples: Sequence[tuple[int, int]], size: int) -> RejectChart:
    """p̄ + 3·√(p̄(1−p̄)/n), the lower limit being floored at 0 (Shewhart; valid while n·p̄ >= 5)."""
    inspected = sum(count for _, count in samples)
    mean = sum(rejected for rejected, _ in samples) / inspected if inspected else 0.0
    limit = mean + 3 * math.sqrt(mean * (1 - mean) / size) if size * mean >= 5 else None
    return RejectChart([rejected / count for rejected, count in samples], mean, limit, size)
