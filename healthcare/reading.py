"""What the samples of a ward are about, and what they carry."""

from __future__ import annotations

from verticals.contract import Sample
from verticals.reading import number, text

__all__ = ["kind_of", "number", "text"]


def kind_of(sample: Sample) -> str:
    """`numerics`, `wave`, `monitor-alarm`, `patient`, `link`, or what the ward tells its beds."""
    return text(sample, "kind")
