"""Looks again and again at what the models of one process take and are asked, and plans anew when that changed."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.clock import Instant
from core.inference.engine import LocalEngine
from core.inference.governor import Box, Demand, Plan, plan, this_box
from core.inference.loaded import Standing
from core.metrics import Metrics

log = logging.getLogger(__name__)

EVERY_S = 5.0
#: How much the newest interval weighs in the running rate.
_NEWEST = 0.3


@dataclass(slots=True)
class _Pace:
    asked: int
    at: Instant
    per_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Review:
    """The plan, how each model stood when it was made, and what was asked of each."""

    plan: Plan
    standings: Mapping[str, Standing]
    demands: Sequence[Demand] = ()

    @property
    def excess(self) -> str:
        """What is too much, of the model that takes most: `flange: 5 a second at 212 ms`; empty while all fits."""
        if self.plan.fits or not self.demands:
            return ""
        most = max(self.demands, key=lambda demand: (demand.cost_s > demand.within_s, demand.cores))
        return f"{most.model}: {most.words}"

    @property
    def gist(self) -> object:
        """What somebody should be told of when it changes; figures alone are no news."""
        models = [(slot, one.model.sha256, one.provider, one.fallen) for slot, one in self.standings.items()]
        return self.plan.fits, self.plan.runners, dict(self.plan.threads), models


class Reviewer:
    """Belongs to one thread. A slot that nobody told it of has the shortest time of those that it was told of."""

    def __init__(self, engine: LocalEngine, metrics: Metrics | None = None, box: Box | None = None) -> None:
        self._engine = engine
        self._metrics = metrics or Metrics()
        self._box = box or this_box()
        self._within_s: dict[str, float] = {}
        self._paces: dict[str, _Pace] = {}
        self._next_mono_s = 0.0
        self.last: Review | None = None

    def watch(self, slot: str, within_s: float) -> None:
        """`within_s` is how long an answer may take."""
        self._within_s[slot] = within_s

    def threads(self, slot: str) -> int:
        """How many a run of that model should have."""
        return self.last.plan.threads.get(slot, 1) if self.last else 1

    def look(self, now: Instant, *, at_once: bool = False) -> Review | None:
        """The new review where its gist is another than that of the last one; None where nothing is news."""
        if now.mono_s < self._next_mono_s and not at_once:
            return None
        self._next_mono_s = now.mono_s + EVERY_S
        standings = {slot: one for slot in self._engine.slots() if (one := self._engine.standing(slot)) is not None}
        demands = [self._demand(slot, one, now) for slot, one in standings.items()]
        review = Review(plan(self._box, demands), standings, demands)
        self._metrics.inference_share.set(review.plan.share)
        self._metrics.inference_fits.set(review.plan.fits)
        before, self.last = self.last, review
        if before is not None and before.gist == review.gist:
            return None
        if review.plan.words:
            log.log(logging.INFO if review.plan.fits else logging.WARNING, "%s", "; ".join(review.plan.words))
        return review

    def _demand(self, slot: str, one: Standing, now: Instant) -> Demand:
        # Whatever the number of threads, the governor counts the work as one thread's.
        within_s = self._within_s.get(slot, min(self._within_s.values(), default=math.inf))
        return Demand(slot, one.usual_s * one.threads, self._per_s(slot, one.asked, now), within_s)

    def _per_s(self, slot: str, asked: int, now: Instant) -> float:
        pace = self._paces.get(slot)
        if pace is None or asked < pace.asked:
            self._paces[slot] = _Pace(asked, now)
            return 0.0
        passed_s = now.since(pace.at)
        if passed_s > 0:
            pace.per_s += _NEWEST * ((asked - pace.asked) / passed_s - pace.per_s)
            pace.asked, pace.at = asked, now
        return pace.per_s
