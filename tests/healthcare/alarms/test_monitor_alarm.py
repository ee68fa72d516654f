"""What a monitor says becomes an alarm here."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcare.alarms.finding import Finding
from healthcare.alarms.monitor_alarm import finding_of
from healthcare.alarms.priority import AlarmClass, Priority
from tests.healthcare.alarms.beds import at, bed, only

SPO2_LOW = {
    "id": "101^3f2a",
    "phase": "start",
    "state": "active",
    "inactivation": "enabled",
    "priority": "PH",
    "type": "SP",
    "code": "196670",
    "ref_id": "MDC_EVT_LO",
    "text": "SpO2 LOW",
    "value": 82,
    "limits": "90-100",
    "source_code": "150456",
    "source_ref": "MDC_PULS_OXIM_SAT_O2",
    "at_utc_s": 1.0,
}


def _said(**changed: Any) -> Finding:
    return finding_of(SPO2_LOW | changed)


def test_a_monitors_alarm_is_a_finding_of_its_own_priority_and_kind() -> None:
    assert _said() == Finding(
        "spo2-low",
        True,
        "SpO2 LOW",
        value=82.0,
        measure="spo2_pct",
        priority=Priority.HIGH,
        source="monitor",
        kind=AlarmClass.PHYSIOLOGICAL,
        instance="101^3f2a",
        inactivation="enabled",
    )


@pytest.mark.parametrize(
    ("phase", "state", "present"),
    [
        ("start", "active", True),
        ("continue", "active", True),
        ("update", "latched", True),
        ("end", "latched", True),
        ("", "", True),
        ("escalate", "active", True),
        ("end", "inactive", False),
        ("end", "active", False),
        ("continue", "inactive", False),
        ("reset", "off", False),
    ],
)
def test_it_is_there_as_long_as_the_monitor_signals_it(phase: str, state: str, present: bool) -> None:
    assert _said(phase=phase, state=state).present is present


@pytest.mark.parametrize("word", ["PN", "PI", "PU", "", None])
def test_without_a_priority_the_table_decides(word: str | None) -> None:
    assert _said(priority=word).priority is None


@pytest.mark.parametrize("value", [10**400, float("nan"), "82", None])
def test_what_is_no_figure_is_none(value: object) -> None:
    assert _said(value=value).value is None


def test_a_technical_alarm_about_the_oximeter_is_not_a_low_saturation() -> None:
    assert _said(type="ST").code == "monitor:196670:150456"


def test_alarms_that_have_nothing_but_a_text_are_told_apart_by_it() -> None:
    board = bed()
    unnamed = {"code": "196616", "ref_id": "MDC_EVT_ALARM", "source_code": "69965"}
    board.take([_said(**unnamed, text="ST II -2.1", id="1"), _said(**unnamed, text="PAIR PVC", id="2")], at(0))
    assert {alarm.finding.text for alarm in board.alarms} == {"ST II -2.1", "PAIR PVC"}


def test_two_alerts_of_one_condition_are_one_alarm_until_both_are_over() -> None:
    board = bed()
    board.take([_said(id="1"), _said(id="2")], at(0))
    board.take([_said(id="1", phase="end", state="inactive")], at(1))
    assert only(board).code == "spo2-low"
    board.take([_said(id="2", phase="end", state="inactive")], at(2))
    assert board.alarms == ()


WORDS = st.none() | st.text(max_size=8) | st.integers() | st.floats() | st.sampled_from(list(SPO2_LOW.values()))


@given(st.dictionaries(st.sampled_from(list(SPO2_LOW)), WORDS))
def test_whatever_a_monitor_says_the_board_takes_it_and_can_tell_it(alarm: dict[str, Any]) -> None:
    board = bed()
    changes = board.take([finding_of(alarm)], at(0))
    json.dumps([change.event_data() for change in changes], allow_nan=False)
    json.dumps(board.shown(at(0)), allow_nan=False)
