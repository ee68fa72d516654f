"""The trial of a score against NEWS2: the same patients, the same number of false alerts, no patient it learnt from.

Stays are dealt into parts. Each part is judged by weights that the others taught and by a threshold that the others
set: the lowest with no more false alerts a day than NEWS2 has there. NEWS2's own threshold is the most sensitive one
within the budget. The score wins only where enough events stand behind it, it tells more of them, it tells them
earlier, both beyond chance (95 % intervals over stays drawn anew), and it is no louder. Otherwise it stays off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from healthcare.deterioration.alerts import WITHIN_H, Tally, Told, lowest_threshold, tally, told
from healthcare.deterioration.features import features, news2
from healthcare.deterioration.logistic import Weights, fit, probability
from healthcare.deterioration.stays import Stay

Floats = NDArray[np.float64]
Tell = Callable[[float, str], None]

PARTS = 5
#: With fewer, a learnt model did not beat NEWS2 in any trial known to us.
LEAST_EVENTS = 500
#: No louder: what chance adds to a threshold that was set on other patients.
_LOUDER = 1.05
_DRAWS = 1000
_PENALTY = 30.0
_FEWEST = 2 * PARTS


@dataclass(frozen=True, slots=True)
class Trial:
    """`more_heard`, `earlier_h`: the score's less NEWS2's, with the ends of its 95 % interval."""

    stays: int
    news2_threshold: int
    news2: Tally
    score: Tally
    more_heard: tuple[float, float, float]
    earlier_h: tuple[float, float, float]

    def lost_by(self) -> list[str]:
        """Why the score stays off; nothing where it wins."""
        reasons = []
        if self.news2.events < LEAST_EVENTS:
            reasons.append(f"{self.news2.events} events are too few to learn from, {LEAST_EVENTS} are wanted")
        if self.score.false_per_day > _LOUDER * self.news2.false_per_day:
            reasons.append(
                f"it is louder: {self.score.false_per_day:.2f} false alerts a patient-day, "
                f"NEWS2 {self.news2.false_per_day:.2f}"
            )
        for difference, digits, what in ((self.more_heard, 2, "more events"), (self.earlier_h, 1, "earlier, in hours")):
            if difference[1] <= 0.0:
                middle, low, high = (f"{value:+.{digits}f}" for value in difference)
                reasons.append(f"it does not tell {what} beyond chance: {middle} ({low} to {high})")
        return reasons

    @property
    def won(self) -> bool:
        return not self.lost_by()

    def as_json(self) -> dict[str, Any]:
        return {
            "won": self.won,
            "lost_by": self.lost_by(),
            "stays": self.stays,
            "within_h": WITHIN_H,
            "news2": {"threshold": self.news2_threshold, **_figures(self.news2)},
            "score": _figures(self.score),
            "more_heard_ci95": list(self.more_heard),
            "earlier_h_ci95": list(self.earlier_h),
        }


def _figures(one: Tally) -> dict[str, float | None]:
    return {
        "events": one.events,
        "heard": one.heard,
        "sensitivity": one.sensitivity,
        "false_per_patient_day": one.false_per_day,
        "mean_lead_h": one.mean_lead_h,
        "median_lead_of_heard_h": one.median_lead_h,
        "patient_days": one.days,
    }


def taught(stays: Sequence[Stay], rows: Sequence[Floats]) -> Weights:
    """By all hours of these stays: does an event follow within `WITHIN_H` hours?"""
    happened = np.concatenate([_before_event(stay) for stay in stays])
    return fit(np.concatenate(list(rows)), happened, _PENALTY)


def _before_event(stay: Stay) -> NDArray[np.bool_]:
    at_h = np.arange(len(stay.values)) + 1.0
    if stay.event_h is None:
        return np.zeros(len(at_h), np.bool_)
    soon: NDArray[np.bool_] = stay.event_h - at_h <= WITHIN_H
    return soon


def tried(stays: Sequence[Stay], false_per_day: float, seed: int, tell: Tell | None = None) -> Trial:
    """Raises InputError where there are too few stays with and without an event to judge anything."""
    events = [stay.event_h is not None for stay in stays]
    if sum(events) < _FEWEST or len(stays) - sum(events) < _FEWEST:
        raise InputError(
            f"{len(stays)} stays, {sum(events)} of them with an event: {_FEWEST} of each kind are needed for a trial"
        )
    parts = _dealt(events, seed)
    rows = [features(stay.values) for stay in stays]
    scores = _unseen(stays, rows, parts, tell)
    points = [news2(stay.values) for stay in stays]
    threshold = lowest_threshold(stays, points, false_per_day)
    by_news2 = [told(stay, one, threshold) for stay, one in zip(stays, points, strict=True)]
    by_score = _by_score(stays, scores, points, threshold, parts)
    more, earlier = _differences(by_news2, by_score, seed)
    return Trial(len(stays), int(min(threshold, 99)), tally(by_news2), tally(by_score), more, earlier)


def _dealt(events: Sequence[bool], seed: int) -> NDArray[np.intp]:
    """A part for each stay, events spread evenly."""
    rng, parts = np.random.default_rng(seed), np.empty(len(events), np.intp)
    for kind in (True, False):
        places = rng.permutation([place for place, event in enumerate(events) if event is kind])
        parts[places] = np.arange(len(places)) % PARTS
    return parts


def _unseen(
    stays: Sequence[Stay], rows: Sequence[Floats], parts: NDArray[np.intp], tell: Tell | None
) -> dict[int, Floats]:
    scores: dict[int, Floats] = {}
    for part in range(PARTS):
        if tell is not None:
            tell(part / PARTS, f"part {part + 1} of {PARTS}")
        others = np.flatnonzero(parts != part).tolist()
        weights = taught([stays[place] for place in others], [rows[place] for place in others])
        for place in np.flatnonzero(parts == part).tolist():
            scores[place] = probability(weights.log_odds(rows[place]))
    return scores


def _by_score(
    stays: Sequence[Stay],
    scores: Mapping[int, Floats],
    points: Sequence[Floats],
    news2_threshold: float,
    parts: NDArray[np.intp],
) -> list[Told]:
    found: dict[int, Told] = {}
    for part in range(PARTS):
        others = np.flatnonzero(parts != part).tolist()
        known = [stays[place] for place in others]
        budget = tally([told(stays[place], points[place], news2_threshold) for place in others]).false_per_day
        threshold = lowest_threshold(known, [scores[place] for place in others], budget)
        for place in np.flatnonzero(parts == part).tolist():
            found[place] = told(stays[place], scores[place], threshold)
    return [found[place] for place in range(len(stays))]


def _differences(
    by_news2: Sequence[Told], by_score: Sequence[Told], seed: int
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Of the share of events heard and of the mean lead, with 95 % intervals over stays drawn anew."""
    leads = np.array(
        [
            (score.lead_h, news.lead_h)
            for score, news in zip(by_score, by_news2, strict=True)
            if score.lead_h is not None and news.lead_h is not None
        ]
    )
    heard = (leads > 0).astype(np.float64)
    more, earlier = heard[:, 0] - heard[:, 1], leads[:, 0] - leads[:, 1]
    drawn = np.random.default_rng(seed).integers(0, len(leads), (_DRAWS, len(leads)))
    return _interval(more, drawn), _interval(earlier, drawn)


def _interval(values: Floats, drawn: NDArray[np.integer]) -> tuple[float, float, float]:
    low, high = np.quantile(values[drawn].mean(axis=1), (0.025, 0.975))
    return float(values.mean()), float(low), float(high)
