"""What scores, overdue observations and trends ask of people, as findings for the alarm board. Advice, all of it."""

from __future__ import annotations

from core.clock import Instant
from healthcare.alarms.finding import Finding
from healthcare.vitals.chart import Due
from healthcare.vitals.news2 import Risk, Score
from healthcare.vitals.trend import Notice

RISE_POINTS = 2
TREND_SHOWN_S = 3600.0


def news2_findings(score: Score, *, rise_points: int = RISE_POINTS) -> list[Finding]:
    """The response a score asks for, and whether it rose since the last full set.

    An incomplete score may raise what its lower bound already asks for. It ends nothing: what is not known any more
    is no reason to stop. A score that does not apply ends everything.
    """
    words = str(score.points) if score.complete else f"at least {score.points}"
    found = [
        Finding("news2-high", score.risk is Risk.HIGH, words, float(score.points)),
        Finding("news2-medium", score.risk is Risk.MEDIUM, words, float(score.points)),
        Finding(
            "news2-rise", score.delta is not None and score.delta >= rise_points, _rise(score), float(score.points)
        ),
    ]
    if score.complete or score.why_not:
        return found
    up = score.risk is Risk.HIGH  # certain, so that the lower step is over
    return [one for one in found if one.present or (one.code == "news2-medium" and up)]


def overdue_finding(due: Due | None, now: Instant) -> Finding:
    """A full set that is overdue: workflow, never about the patient's state."""
    over = due is not None and due.over(now)
    return Finding("obs-overdue", over, f"{due.text}: {due.why}" if due is not None and over else "")


def trend_finding(notice: Notice | None, now: Instant) -> Finding:
    """The last notice, for an hour."""
    there = notice is not None and now.since(notice.at) < TREND_SHOWN_S
    return Finding("trend", there, notice.text if notice is not None and there else "")


def _rise(score: Score) -> str:
    return "" if score.delta is None else f"NEWS2 {score.points}, {score.delta:+d} since the last full set"
