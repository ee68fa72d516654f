"""The words of a bed's page that are made of what was recorded and told: plain, without a screen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from healthcare.bed_charts import day, look_back
from healthcare.bed_limits import rows
from healthcare.bed_log import became, log, said
from healthcare.bed_news import head, table
from healthcare.lookback import WaveChunk
from healthcare.vitals.onset import Delays
from verticals.contract import Event

ALARM: dict[str, Any] = {
    "id": "bed-7/1", "bed": "bed-7", "code": "spo2-low", "kind": "physiological", "priority": "high", "label": "SpO₂",
    "text": "82 < 88 %", "measure": "spo2_pct", "state": "active", "began_utc_s": 1000.0, "ended_utc_s": None,
    "acknowledged_by": "", "owner": "Nurse 14",
}  # fmt: skip


def clock(utc_s: float, form: str) -> str:
    return f"{utc_s:.0f}" if form != "%H" else "1"


def test_an_alarm_of_the_record_is_said_as_it_was_whatever_became_of_it() -> None:
    assert said(ALARM) == said({**ALARM, "state": "latched"}) == "*** SpO₂ 82 < 88 %"
    assert said({**ALARM, "label": "RR", "text": "RR high", "priority": "medium"}) == "** RR high"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "active, Nurse 14 called"),
        ({"state": "acknowledged", "acknowledged_by": "Nurse 12"}, "acknowledged by Nurse 12"),
        ({"state": "latched", "ended_utc_s": 1018.0}, "0:18, not yet seen"),
        ({"state": "ended", "ended_utc_s": 1034.0, "acknowledged_by": "Nurse 12"}, "0:34, acknowledged by Nurse 12"),
        ({"state": "ended", "ended_utc_s": 1034.0, "owner": ""}, "0:34, ended"),
    ],
)
def test_what_became_of_an_alarm(changed: dict[str, Any], expected: str) -> None:
    assert became({**ALARM, **changed}) == expected


def test_the_log_is_in_the_order_of_time_and_names_nobody_who_lies_here() -> None:
    stay = {"since_utc_s": 900.0, "until_utc_s": 1100.0, "who": "", "struck": "", "family": "Kern", "given": "Anna"}
    wrong = {**stay, "struck": "wrong bed", "until_utc_s": 1200.0}
    standby = Event("standby", "bed-7", 1050.0, {"why": ""}, "bed-7", "Nurse 14")
    back = Event("standby-ended", "bed-7", 1060.0, {"by": "monitor"}, "bed-7")
    found = log([ALARM], [standby, back], [stay, wrong], 950.0)
    assert [row["text"] for row in found] == [
        "Stay struck out: wrong bed", "Patient left this bed", "Standby ended", "Standby", "*** SpO₂ 82 < 88 %",
    ]  # fmt: skip
    assert "Kern" not in str(found) and found[2]["note"] == "the monitor measures again"


def test_an_incomplete_score_is_a_lower_bound_with_what_is_missing() -> None:
    told = {"text": "≥ 6", "complete": False, "risk": "medium", "missing": ["ACVPU"]}
    assert head(told) == ("NEWS2 at least 6, medium", "urgent assessment within 1 h; missing: ACVPU")
    assert head({"text": "n/a", "complete": False, "risk": "", "words": "not applicable: under 16"})[1].endswith("16")
    assert head(None)[0] == "NEWS2"


def test_a_monitor_without_values_scores_nothing() -> None:
    drawn = table(None, [], 0.0, 1)
    assert (drawn["now_word"], drawn["now_points"], drawn["set_age"]) == ("no values", "– –", "none yet")
    assert drawn["rows"][1]["label"] == "SpO₂ scale 1" and drawn["rows"][2]["now"] == "ask"


def test_a_side_that_is_off_has_no_delay_and_two_delays_are_both_said() -> None:
    usual = {"who": "", "reason": "", "until_utc_s": None}
    told: list[dict[str, Any]] = [
        {"measure": "spo2_pct", "low": 88.0, "high": None, **usual},
        {"measure": "hr_per_min", "low": None, "high": None, **usual},
        {"measure": "rr_per_min", "low": 8.0, "high": 30.0, **usual},
    ]
    spo2, hr, rr = rows(told, {}, Delays({"rr-low": 10.0}))
    assert (spo2["limits"], spo2["delay"]) == ("from 88 %", "15 s")
    assert (hr["limits"], hr["delay"]) == ("off", "none") and rr["delay"] == "10 / 20 s"


def test_before_an_alarm_without_numbers_or_waves_nothing_is_made_up() -> None:
    drawn = look_back(ALARM, {}, [], clock, limit=None, delay_s=0.0)
    assert drawn["empty"] and drawn["path"] == "" and drawn["strips"] == [] and drawn["limit"] is None


def test_waves_of_a_device_with_another_clock_are_shown_by_their_own_end() -> None:
    wave = WaveChunk("ecg_ii_mv", 100.0, 50_000.0, np.sin(np.arange(12_000) / 9).astype(np.float32))
    gone = WaveChunk("pleth", 100.0, 880.0, np.full(12_000, np.nan, np.float32))
    [strip] = look_back(ALARM, {}, [wave, gone], clock, limit=88.0, delay_s=15.0)["strips"]
    assert strip["label"] == "ECG II" and len(strip["path"]) > 1000


def test_an_arterial_line_and_the_cuff_stand_in_one_row() -> None:
    now = 100_000.0
    cuff = (np.array([now - 3600]), np.array([118.0]))
    line = (np.arange(now - 600, now, 2.0), np.full(300, 99.0))
    trends = {"nibp_sys_mmhg": cuff, "nibp_dia_mmhg": (cuff[0], np.array([70.0])), "abp_sys_mmhg": line}
    [row] = [one for one in day(trends, {}, {}, {}, now, clock)["rows"] if one["name"] == "nibp"]
    assert row["label"] == "ABP" and row["path"].count("M") == 1 and len(row["bars"]) == 1


def test_a_day_without_anything_says_so() -> None:
    assert day({}, {}, {}, {}, 100_000.0, clock)["empty"]
