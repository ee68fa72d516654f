"""Reference events and found ones, paired one to one, and what is counted of the pairs (ANSI/AAMI EC57)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: From, to; in seconds.
Span = tuple[float, float]


@dataclass(slots=True)
class Counts:
    """Found rightly, missed, found wrongly: in events, or in seconds."""

    right: float = 0.0
    missed: float = 0.0
    wrong: float = 0.0

    def add(self, true: bool, found: bool) -> None:
        self.right += true and found
        self.missed += true and not found
        self.wrong += found and not true

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.right + other.right, self.missed + other.missed, self.wrong + other.wrong)

    def shares(self) -> dict[str, float | None]:
        """None where there is nothing to take a share of."""
        return {
            "sensitivity": _share(self.right, self.missed),
            "positive_predictivity": _share(self.right, self.wrong),
        }

    def document(self) -> dict[str, float | None]:
        return {**self.shares(), "right": self.right, "missed": self.missed, "wrong": self.wrong}


def _share(right: float, other: float) -> float | None:
    return right / (right + other) if right + other else None


def match(
    reference_s: Sequence[float], found_s: Sequence[float], within_s: float
) -> list[tuple[int | None, int | None]]:
    """Places in both, both in order; None for what has no partner. Of two that want one partner the nearer has it."""
    pairs: list[tuple[int | None, int | None]] = []
    one = other = 0
    while one < len(reference_s) and other < len(found_s):
        apart_s = abs(found_s[other] - reference_s[one])
        if apart_s > within_s:
            first = found_s[other] < reference_s[one]
            pairs.append((None, other) if first else (one, None))
            other, one = (other + 1, one) if first else (other, one + 1)
        elif _nearer(found_s, other, reference_s[one], apart_s):
            pairs.append((None, other))
            other += 1
        elif _nearer(reference_s, one, found_s[other], apart_s):
            pairs.append((one, None))
            one += 1
        else:
            pairs.append((one, other))
            one, other = one + 1, other + 1
    pairs += [(place, None) for place in range(one, len(reference_s))]
    return pairs + [(None, place) for place in range(other, len(found_s))]


def _nearer(moments_s: Sequence[float], place: int, to_s: float, than_s: float) -> bool:
    """Whether the moment after `place` is nearer."""
    return place + 1 < len(moments_s) and abs(moments_s[place + 1] - to_s) < than_s
