"""What it takes to replay a week of sixteen beds at one value a second, as the job does it; printed."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from healthcare import what_if_job
from healthcare.what_if import Tried
from tests.support.ward_past import DAY_S, StandingClock, WardPast, rules_of, ward_settings
from verticals.jobs.context import JobContext
from verticals.places import Places

pytestmark = pytest.mark.bench

BEGIN_UTC_S = 1_794_834_000.0
BUDGET_S = 60.0


def test_a_week_of_sixteen_beds_replays_within_a_minute_of_one_core(tmp_path: Path) -> None:
    """Saturation and respiration, other delays for both and another limit for one."""
    places, settings = Places(tmp_path), ward_settings(16)
    past = WardPast(places, settings, BEGIN_UTC_S, measures=("spo2_pct", "rr_per_min"))
    past.write()
    tried = Tried({"spo2-low": 15.0, "rr-high": 30.0}, {"spo2-low": 88.0})
    beds = [bed.name for bed in settings.beds]
    inputs = what_if_job.inputs_of(rules_of(settings), beds, BEGIN_UTC_S, BEGIN_UTC_S + 7 * DAY_S, tried)
    began_s = time.process_time()
    found = what_if_job.run(JobContext("healthcare", 1, "", places, StandingClock()), json.loads(json.dumps(inputs)))
    took_s = time.process_time() - began_s
    values = round(sum(found["hours"].values()) * 3600)
    print(f"\n{values / 1e6:.1f} million values twice in {took_s:.1f} s CPU; {found['codes']}")
    assert values == pytest.approx(2 * 16 * 7 * DAY_S, rel=0.001)
    for counted in found["codes"].values():
        assert counted["recorded"] == counted["found"] == counted["now"]
    assert took_s < BUDGET_S
