"""Alerts that a score would have raised over stays, and what they were worth: heard before an event, or false."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthcare.deterioration.stays import Stay

Floats = NDArray[np.float64]

#: An alert is right when an event follows within so many hours; after one a patient is not told of again for `QUIET_H`.
WITHIN_H = 24
QUIET_H = 6
_TRIES = 60


@dataclass(frozen=True, slots=True)
class Told:
    """Of one stay. `lead_h`: from the first right alert to the event, 0 where none came; None without an event."""

    days: float
    false: int
    lead_h: float | None


@dataclass(frozen=True, slots=True)
class Tally:
    """Of many stays. `mean_lead_h` counts an event that was missed as 0."""

    events: int
    heard: int
    false: int
    days: float
    mean_lead_h: float
    median_lead_h: float | None

    @property
    def sensitivity(self) -> float:
        return self.heard / self.events if self.events else 0.0

    @property
    def false_per_day(self) -> float:
        return self.false / self.days if self.days else 0.0


def told(stay: Stay, scores: Floats, threshold: float) -> Told:
    """`scores`: one for each hour of the stay, known at its end; an alert from `threshold` on."""
    false, lead_h, quiet_until = 0, 0.0, -1.0
    for hour in np.flatnonzero(scores >= threshold).tolist():
        at_h = hour + 1.0
        if at_h < quiet_until or (stay.event_h is not None and at_h > stay.event_h):
            continue
        quiet_until = at_h + QUIET_H
        if stay.event_h is None or stay.event_h - at_h > WITHIN_H:
            false += 1
        elif not lead_h:
            lead_h = max(stay.event_h - at_h, 1e-9)
    return Told(len(scores) / 24.0, false, None if stay.event_h is None else lead_h)


def tally(of_stays: Sequence[Told]) -> Tally:
    leads = [one.lead_h for one in of_stays if one.lead_h is not None]
    heard = [lead_h for lead_h in leads if lead_h > 0]
    return Tally(
        len(leads),
        len(heard),
        sum(one.false for one in of_stays),
        sum(one.days for one in of_stays),
        sum(leads) / len(leads) if leads else 0.0,
        float(np.median(heard)) if heard else None,
    )


def lowest_threshold(stays: Sequence[Stay], scores: Sequence[Floats], false_per_day: float) -> float:
    """The lowest at which there are no more false alerts than that; of the values that the score takes."""
    values = np.unique(np.concatenate(scores)) if scores else np.empty(0)
    if not values.size:
        return np.inf
    low, high = -1, len(values)  # too many alerts at low, few enough at high
    for _ in range(_TRIES):
        if high - low <= 1:
            break
        middle = (low + high) // 2
        found = tally([told(stay, one, float(values[middle])) for stay, one in zip(stays, scores, strict=True)])
        if found.false_per_day <= false_per_day:
            high = middle
        else:
            low = middle
    return float(values[high]) if high < len(values) else np.inf
