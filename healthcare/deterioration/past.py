"""What a bed knows of its patient's last day hour by hour, and what the site's own score says of it once an hour."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from core.clock import Instant
from healthcare.deterioration.alerts import QUIET_H
from healthcare.deterioration.features import HISTORY_H
from healthcare.deterioration.score import Judged, LearntScore
from healthcare.deterioration.stays import CARRIED_H
from healthcare.vitals.ages import kept_past, past_again
from healthcare.vitals.news2 import PARAMETERS, Score
from healthcare.vitals.trend import Notice

_HOUR_S = 3600.0
_KEPT_H = HISTORY_H + CARRIED_H

Row = list[float | None]


class OwnScore:
    """Of one patient. `forget` for the next one."""

    def __init__(self, score: LearntScore) -> None:
        self._score = score
        self.forget()

    def forget(self) -> None:
        self._hours: deque[Row] = deque(maxlen=_KEPT_H)
        self._open: Row = [None] * len(PARAMETERS)
        self._began: Instant | None = None
        self._told_at: Instant | None = None

    def take(self, scored: Score, now: Instant) -> Notice | None:
        """The values that hold now; at the end of an hour in which the score is high, what to tell.

        Not again for `QUIET_H` hours.
        """
        if self._began is None:
            self._began = now
        whole = int(now.since(self._began) / _HOUR_S)
        judged = self._close(whole) if whole > 0 else None
        for line in scored.lines:
            self._open[PARAMETERS.index(line.parameter)] = _number(line.parameter, line.value)
        if judged is None or not judged.high:
            return None
        if self._told_at is not None and now.since(self._told_at) < QUIET_H * _HOUR_S:
            return None
        self._told_at = now
        return Notice(judged.words(), now, ())

    def _close(self, hours: int) -> Judged | None:
        assert self._began is not None
        self._began = self._began.plus(hours * _HOUR_S)
        for _ in range(min(hours, _KEPT_H)):
            self._hours.append(self._open)
            self._open = [None] * len(PARAMETERS)
        return self._score.judge(np.array(self._hours, dtype=np.float64))  # None becomes NaN

    def state(self, now: Instant) -> dict[str, Any]:
        return {
            "hours": list(self._hours),
            "open": self._open,
            "began": None if self._began is None else kept_past(self._began, now),
            "told_at": None if self._told_at is None else kept_past(self._told_at, now),
        }

    def restore(self, kept: Mapping[str, Any], now: Instant) -> None:
        self._hours = deque(([*row] for row in kept["hours"]), maxlen=_KEPT_H)
        self._open = [*kept["open"]]
        self._began = None if kept["began"] is None else past_again(kept["began"], now)
        self._told_at = None if kept["told_at"] is None else past_again(kept["told_at"], now)


def _number(parameter: str, value: float | bool | str) -> float:
    if parameter == "consciousness":
        return float(value != "A")
    return float(value)
