"""What the samples of a store are about, and what they carry."""

from __future__ import annotations

import json
from typing import Any

from verticals.contract import Sample
from verticals.reading import number, text

__all__ = ["kind_of", "listed", "mapped", "number", "text"]


def kind_of(sample: Sample) -> str:
    """`documents`, `catalogue`, `ledger`: what a sample of this app is about."""
    return text(sample, "kind")


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
