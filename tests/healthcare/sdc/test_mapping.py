from __future__ import annotations

import json
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from healthcare.alarms.monitor_alarm import finding_of
from healthcare.sdc.facts import Coded, Condition, Numeric, SampleArray, Signal
from healthcare.sdc.mapping import alarm_of, reading_of, wave_of
from healthcare.vitals.readings import parse_readings

SPO2, PERCENT, KPA, MV = Coded("150456"), Coded("262688"), Coded("265987"), Coded("266418")
WORDS = st.sampled_from(
    ["On", "Off", "Psd", "Vld", "Qst", "Inv", "NA", "Latch", "Ack", "Aud", "Hi", "Lo", "Phy", "Set", "?"]
)
CODES = st.builds(
    Coded, st.sampled_from(["", "150456", "131330", "151708", "262688", "265987", "x"]), st.text(max_size=8)
)
NUMERICS = st.builds(Numeric, st.text(max_size=5), CODES, CODES, st.none() | st.floats(), WORDS, WORDS, WORDS,
                     st.none() | st.floats())  # fmt: skip


def test_a_valid_metric_is_a_reading_and_an_invalid_one_is_absent() -> None:
    valid = reading_of(Numeric("h", SPO2, PERCENT, 97.0))
    invalid = reading_of(Numeric("h", SPO2, PERCENT, 97.0, validity="Inv"))
    assert valid is not None and (valid["measure"], valid["value"], valid["absent"]) == ("spo2_pct", 97.0, "")
    assert invalid is not None and (invalid["value"], invalid["absent"]) == (None, "invalid")


def test_kilopascals_become_millimetres_of_mercury_and_a_setting_is_no_measurement() -> None:
    reading = reading_of(Numeric("h", Coded("151708"), KPA, 5.0))
    assert reading is not None and reading["value"] == 37.503
    assert reading_of(Numeric("h", SPO2, PERCENT, 97.0, category="Set")) is None
    assert reading_of(Numeric("h", Coded("151708"), PERCENT, 5.0)) is None


def test_an_invalid_wave_is_without_values() -> None:
    wave = wave_of(SampleArray("h", Coded("131330"), MV, 0.004, [0.5, 0.25], validity="Inv", start_utc_s=1.0))
    assert wave is not None and wave.channel == "ecg_ii_mv" and all(map(math.isnan, wave.samples))


def test_an_alarm_keeps_its_priority_and_lasts_while_it_is_latched() -> None:
    there = finding_of(alarm_of(Condition("c", Coded("196670"), "Phy", "Hi", True), "m"))
    latched = Condition("c", Coded("196670"), "Phy", "Hi", False, signals=[Signal("Aud", "Latch")])
    over = finding_of(alarm_of(Condition("c", Coded("196670"), "Phy", "Hi", False), "m"))
    assert there.present and there.priority is not None and there.priority.word == "high"
    assert finding_of(alarm_of(latched, "m")).present and not over.present


@settings(max_examples=50, deadline=None)
@given(NUMERICS, st.lists(st.floats(), max_size=9), st.floats(), st.booleans(), WORDS, WORDS)
def test_whatever_a_device_says_is_read(
    one: Numeric, samples: list[float], period_s: float, present: bool, word: str, other: str
) -> None:
    reading = reading_of(one)
    if reading is not None:
        parse_readings(json.dumps([reading], allow_nan=False))
    wave_of(SampleArray("h", one.type, one.unit, period_s, samples, word, "On", other))
    condition = Condition(
        "c", one.type, word, other, present, word, other, [Signal(word, other)], one, (period_s, None)
    )
    alarm = json.loads(json.dumps(alarm_of(condition, "m"), allow_nan=False))
    assert finding_of(alarm).present or not present
