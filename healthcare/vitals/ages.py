"""How moments are kept: an age or what remains, with UTC beside it, so that a restart never makes a value younger.

The monotonic clock of before a restart means nothing after it. UTC may have been stepped in between. So of two
ages the greater counts, and of two remaining times the smaller.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.clock import Instant


def kept_past(at: Instant, now: Instant) -> dict[str, float]:
    """What JSON keeps of a moment that is over."""
    return {"utc_s": at.utc_s, "age_s": now.since(at)}


def past_again(kept: Mapping[str, Any], now: Instant) -> Instant:
    """The moment of `kept_past` on this start's clock: at least as old as it was, and as UTC says."""
    utc_s = float(kept["utc_s"])
    age_s = max(float(kept["age_s"]), now.utc_s - utc_s)
    return Instant(now.mono_s - age_s, utc_s)


def kept_deadline(at: Instant, now: Instant) -> dict[str, float]:
    """What JSON keeps of a moment to come."""
    return {"utc_s": at.utc_s, "remaining_s": max(0.0, at.since(now))}


def deadline_again(kept: Mapping[str, Any], now: Instant) -> Instant:
    """The moment of `kept_deadline` on this start's clock: no more remains than did, or than UTC says."""
    utc_s = float(kept["utc_s"])
    remaining_s = min(float(kept["remaining_s"]), max(0.0, utc_s - now.utc_s))
    return Instant(now.mono_s + remaining_s, utc_s)


def at_utc(utc_s: float, now: Instant) -> Instant:
    """The moment that people call `utc_s`, on both clocks."""
    return now.plus(utc_s - now.utc_s)
