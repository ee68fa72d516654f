"""A restart, and a clock that was stepped, make no value younger and give no deadline more time."""

from __future__ import annotations

import json

import pytest

from core.clock import Instant
from healthcare.vitals.ages import at_utc, deadline_again, kept_deadline, kept_past, past_again

NOW = Instant(5_000.0, 1_780_000_000.0)


@pytest.mark.parametrize(("passed_utc_s", "age_s"), [(0, 100), (40, 140), (-9_000, 100), (90_000, 90_100)])
def test_of_two_ages_the_greater_counts(passed_utc_s: float, age_s: float) -> None:
    kept = json.loads(json.dumps(kept_past(NOW.plus(-100), NOW)))
    started = Instant(3.0, NOW.utc_s + passed_utc_s)
    again = past_again(kept, started)
    assert started.since(again) == age_s
    assert again.utc_s == NOW.utc_s - 100


@pytest.mark.parametrize(("passed_utc_s", "remaining_s"), [(0, 100), (40, 60), (-9_000, 100), (90_000, 0)])
def test_of_two_remaining_times_the_smaller_counts(passed_utc_s: float, remaining_s: float) -> None:
    kept = json.loads(json.dumps(kept_deadline(NOW.plus(100), NOW)))
    started = Instant(3.0, NOW.utc_s + passed_utc_s)
    again = deadline_again(kept, started)
    assert again.since(started) == remaining_s
    assert again.utc_s == NOW.utc_s + 100


def test_a_time_of_people_is_found_on_both_clocks() -> None:
    assert at_utc(NOW.utc_s - 30, NOW) == NOW.plus(-30)
