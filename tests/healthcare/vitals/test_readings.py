"""What a message says of a bed's vital signs, whatever its bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InputError
from healthcare.vitals.readings import Told, newest_utc_s, own_readings, parse_readings


def test_known_measures_are_read_and_others_left_out() -> None:
    sent = [
        {"measure": "spo2_pct", "instance": "1.3.1.1", "value": 97, "at_utc_s": 5.5, "absent": "", "site": "finger"},
        {"measure": "glucose", "value": 5},
        {"measure": "rr_per_min", "value": None, "at_utc_s": None, "absent": "leads off"},
    ]
    assert parse_readings(json.dumps(sent)) == [
        Told("spo2_pct", 97.0, "1.3.1.1", 5.5, "", "finger"),
        Told("rr_per_min", None, absent="leads off"),
    ]


def test_the_devices_clock_is_its_newest_time_but_not_one_that_is_far_off_alone() -> None:
    times = [Told("hr_per_min", 80.0, at_utc_s=utc_s) for utc_s in (1000.0, 1003.0, 9_000.0)]
    assert newest_utc_s(times, 1010.0) == 1003.0
    assert newest_utc_s(times, 50_000.0) == 9_000.0
    assert newest_utc_s([Told("hr_per_min", 80.0)], 1010.0) is None


def test_a_number_that_is_none_is_absent() -> None:
    assert parse_readings('[{"measure": "spo2_pct", "value": NaN}]') == [Told("spo2_pct", None, absent="no value")]
    assert parse_readings('[{"measure": "spo2_pct"}]')[0].absent == "no value"


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '[{"measure": "spo2_pct", "value": "97"}]', '[{"measure": "spo2_pct", "value": true}]']
)
def test_what_is_no_list_of_readings_is_refused_with_words(text: str) -> None:
    with pytest.raises(InputError, match="numerics: "):
        parse_readings(text)


def test_own_values_have_the_same_form() -> None:
    assert own_readings({"hr_per_min": 80.0, "rr_per_min": None}) == [
        Told("hr_per_min", 80.0),
        Told("rr_per_min", None, absent="not computed"),
    ]


VALUE = st.one_of(
    st.none(), st.booleans(), st.floats(), st.integers(), st.sampled_from(["spo2_pct", "x", [], {}, 10**400])
)
READING = st.dictionaries(st.sampled_from(["measure", "value", "at_utc_s", "instance", "absent"]), VALUE, max_size=4)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=40)
@given(st.one_of(st.text('[]{}:,"1e9-', max_size=20), st.lists(st.one_of(READING, VALUE), max_size=3).map(json.dumps)))
def test_whatever_comes_is_read_or_refused(text: str) -> None:
    try:
        told = parse_readings(text)
    except InputError:
        return
    assert all(one.measure == "spo2_pct" for one in told)


def test_what_is_nested_without_end_is_refused() -> None:
    with pytest.raises(InputError):
        parse_readings("[" * 100_000)
