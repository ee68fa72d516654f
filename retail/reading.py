"""Reads what a sample carries without trusting it: what is not as it should be counts as not there."""

from __future__ import annotations

import json
import math
from typing import Any

from verticals.contract import Sample


def text(sample: Sample, name: str) -> str:
    """Empty for anything that is no text."""
    value = sample.values.get(name)
    return value if isinstance(value, str) else ""


def kind_of(sample: Sample) -> str:
    """`documents`, `catalogue`, `ledger`: what a sample of this app is about."""
    return text(sample, "kind")


def number(sample: Sample, name: str) -> float | None:
    """None for anything that is no finite number."""
    value = sample.values.get(name)
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    if not fits or abs(value) > 1e15 or not math.isfinite(value):  # type: ignore[arg-type, operator]
        return None
    return float(value)  # type: ignore[arg-type]


def listed(sample: Sample, name: str) -> list[Any]:
    """A list that comes as JSON text; empty for anything that is none."""
    said = text(sample, name)
    if said in ("", "[]"):
        return []
    try:
        value = json.loads(said)
    except (ValueError, RecursionError):
        return []
    return value if isinstance(value, list) else []


def mapped(sample: Sample, name: str) -> dict[str, str]:
    """Texts by texts that come as JSON text; empty for anything that is none."""
    try:
        value = json.loads(text(sample, name) or "{}")
    except (ValueError, RecursionError):
        return {}
    return {str(key): str(one) for key, one in value.items()} if isinstance(value, dict) else {}
