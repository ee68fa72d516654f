from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.clocks import FakeClock
from verticals.jobs.context import JobContext
from verticals.places import Places


def test_progress_is_told_four_times_a_second_at_most() -> None:
    told: list[Any] = []
    clock = FakeClock()
    ctx = JobContext("app", 1, "", Places(Path("/")), clock, tell=told.append)
    for step in range(101):
        ctx.progress(step / 100, f"step {step}")
        clock.advance(1 / 64)
    assert [message["text"] for message in told] == [f"step {step}" for step in range(0, 101, 16)]
    assert told[0] == {"share": 0.0, "text": "step 0"}


def test_once_seen_a_cancel_stays() -> None:
    asked = iter([False, True, False])
    ctx = JobContext("app", 1, "", Places(Path("/")), FakeClock(), asked_to_stop=lambda: next(asked))
    assert [ctx.cancelled(), ctx.cancelled(), ctx.cancelled()] == [False, True, True]
