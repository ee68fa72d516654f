from __future__ import annotations

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from healthcare.alarms.finding import Finding
from healthcare.alarms.priority import AlarmClass, Priority

FINDINGS = st.builds(
    Finding,
    code=st.sampled_from(["spo2-low", "monitor:196670:150456"]),
    present=st.just(True),
    text=st.text(max_size=20),
    value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    limit=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    measure=st.sampled_from(["", "spo2_pct"]),
    channel=st.sampled_from(["", "pleth"]),
    priority=st.none() | st.sampled_from(Priority),
    source=st.sampled_from(["own", "monitor"]),
    kind=st.none() | st.sampled_from(AlarmClass),
    instance=st.sampled_from(["", "T2"]),
    inactivation=st.sampled_from(["", "alert-acknowledged", "audio-paused"]),
)


@given(FINDINGS)
def test_a_finding_is_the_same_after_json(finding: Finding) -> None:
    assert Finding.from_json(json.loads(json.dumps(finding.to_json(), allow_nan=False))) == finding


def test_a_number_that_json_cannot_hold_is_none() -> None:
    kept = Finding.from_json(Finding("spo2-low", True, value=math.nan, limit=math.inf).to_json())
    assert (kept.value, kept.limit) == (None, None)


def test_only_a_monitor_can_say_that_it_was_acknowledged_at_the_bedside() -> None:
    said = Finding("hr-high", True, source="monitor", inactivation="alert-acknowledged")
    assert said.acknowledged_at_bedside
    assert not Finding("hr-high", True, inactivation="alert-acknowledged").acknowledged_at_bedside
    assert not Finding("hr-high", True, source="monitor", inactivation="audio-paused").acknowledged_at_bedside
