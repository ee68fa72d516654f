from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcare.alarms import monitor_codes
from healthcare.alarms.monitor_codes import monitor_code, our_code
from healthcare.alarms.priority import AlarmClass
from healthcare.alarms.table import ALARM_KINDS
from healthcare.measures import MEASURES


@pytest.mark.parametrize(
    ("event", "source", "ours"),
    [
        ("196670", "150456", "spo2-low"),
        ("196674", "150456", "spo2-low"),
        ("196648", "147842", "hr-high"),
        ("196648", "149530", "pr-high"),
        ("196670", "151570", "rr-low"),
        ("196648", "150023", "nibp-high"),
        ("196670", "150039", "abp-low"),
        ("196648", "150364", "temp-high"),
        ("196648", "151708", "etco2-high"),
        ("196680", "131330", "leads-off"),
        ("199680", "151562", "apnoea"),
        ("199684", "147842", "asystole"),
        ("199736", "147842", "af"),
        ("199832", "147842", "vt"),
        ("199854", "150456", "spo2-desat"),
        ("258052", "147842", "vf"),
        ("196916", "150456", "probe-off"),
    ],
)
def test_a_monitors_alarm_is_ours_where_it_means_the_same(event: str, source: str, ours: str) -> None:
    assert monitor_code(event, source) == our_code(f"monitor:{event}:{source}") == ours


@pytest.mark.parametrize(
    ("event", "source"),
    [("196616", "150456"), ("196670", "150488"), ("196916", "150344"), ("", ""), ("-196670", "150456"), ("²", "³")],
)
def test_what_we_have_no_word_for_stays_the_monitors_own(event: str, source: str) -> None:
    assert our_code(f"monitor:{event}:{source}") == f"monitor:{event}:{source}"


def test_the_reference_id_counts_where_the_number_says_nothing() -> None:
    assert monitor_code("0", "150456", "MDC_EVT_LO") == "spo2-low"
    assert monitor_code("", "147842", "MDC_EVT_HI_VAL_GT_LIM") == "hr-high"
    assert monitor_code("", "", "MDC_EVT_ECG_V_FIB") == "vf"
    assert monitor_code("", "150456", "MDC_EVT_SENSOR_DISCONN") == "probe-off"
    assert monitor_code("", "150456", "MDC_EVT_ALARM") == "monitor:MDC_EVT_ALARM:150456"


def test_a_technical_alarm_of_the_monitor_is_not_taken_for_one_about_the_patient() -> None:
    low_perfusion = "monitor:196670:150456"
    assert our_code(low_perfusion, AlarmClass.TECHNICAL) == low_perfusion
    assert our_code(low_perfusion, AlarmClass.PHYSIOLOGICAL) == our_code(low_perfusion) == "spo2-low"
    assert our_code("monitor:196680:131330", AlarmClass.TECHNICAL) == "leads-off"


def test_our_own_codes_are_left_alone() -> None:
    assert [our_code(code) for code in ALARM_KINDS] == list(ALARM_KINDS)


def test_every_code_of_the_map_is_in_the_alarm_table() -> None:
    families = {measure.partition("_")[0] for measure in monitor_codes._MEASURES.values()}
    sides = {f"{family}-{side}" for family in families for side in ("low", "high")}
    assert set(monitor_codes._MEASURES.values()) <= set(MEASURES)
    assert sides | set(monitor_codes._BY_NAME.values()) <= set(ALARM_KINDS)


@given(st.text(max_size=40))
def test_any_text_a_sender_may_use_gives_a_code(text: str) -> None:
    code = our_code(f"monitor:{text}")
    assert code in ALARM_KINDS or code.startswith("monitor:")
