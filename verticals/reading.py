"""Reads what a sample carries without trusting it: what is not as it should be counts as not there."""

from __future__ import annotations

import math

from verticals.contract import Sample

#: Nothing that is measured is larger; what is sent as such is a fault of the sender.
_MOST = 1e15


def text(sample: Sample, name: str) -> str:
    """Empty for anything that is no text."""
    value = sample.values.get(name)
    return value if isinstance(value, str) else ""


def number(sample: Sample, name: str) -> float | None:
    """None for anything that is no finite number."""
    value = sample.values.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if abs(value) <= _MOST and math.isfinite(value) else None
