"""What may be entered by hand, when, by whom; and that a struck set stays on record."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import Instant
from core.errors import RefusedError
from healthcare.vitals.observations import FIELDS, ObservationSet, observation_set, problems

NOW = Instant(50_000.0, 1_780_000_000.0)
FULL: dict[str, Any] = {
    "rr_per_min": 18, "spo2_pct": 95, "oxygen_device": "nasal-cannula", "oxygen_l_per_min": 2, "nibp_sys_mmhg": 124,
    "nibp_dia_mmhg": 70, "pulse_per_min": 88, "temp_cel": "37,4", "consciousness": "a", "note": "comfortable",
}  # fmt: skip


def entered(values: dict[str, Any] | None = None, **rest: Any) -> ObservationSet:
    return observation_set("set-1", FULL if values is None else values, **{"author": "Nurse 14", "now": NOW, **rest})


def test_a_full_set_gives_news2_all_it_needs_with_its_author_and_time() -> None:
    items = {item.parameter: item for item in entered().items()}
    assert {name: item.value for name, item in items.items()} == {
        "rr_per_min": 18, "spo2_pct": 95, "oxygen": True, "sys_mmhg": 124,
        "pulse_per_min": 88, "temp_cel": 37.4, "consciousness": "A",
    }  # fmt: skip
    assert {(item.source, item.at, item.monitored) for item in items.values()} == {("Nurse 14", NOW, False)}


def test_a_partial_set_stands_and_air_is_no_oxygen() -> None:
    items = entered({"oxygen_device": "air", "rr_per_min": " ", "temp_cel": None}).items()
    assert [(item.parameter, item.value) for item in items] == [("oxygen", False)]


@pytest.mark.parametrize(
    ("field", "given_value", "says"),
    [
        ("temp_cel", "384.5", "384.5 is outside 25 to 45 °C."),
        ("temp_cel", "warm", "warm is no number."),
        ("spo2_pct", 101, "101 is outside 40 to 100 %."),
        ("rr_per_min", math.nan, "nan is no number."),
        ("pulse_per_min", True, "True is no number."),
        ("fio2_pct", 20, "20 is outside 21 to 100 %."),
        ("consciousness", "X", "X is not one of A, C, V, P, U."),
        ("oxygen_device", "straw", "straw is not known"),
        ("note", "x" * 501, "501 letters are too many"),
        ("glucose", 5, "There is no such field."),
    ],
)
def test_a_wrong_value_is_named_at_its_field(field: str, given_value: Any, says: str) -> None:
    found = problems({field: given_value, "rr_per_min": 18} if field != "rr_per_min" else {field: given_value})
    assert found[field].startswith(says)
    with pytest.raises(RefusedError, match=r"\w"):
        entered({field: given_value})


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"oxygen_l_per_min": 2}, "oxygen_device"),
        ({"oxygen_device": "air", "oxygen_l_per_min": 2}, "oxygen_device"),
        ({"oxygen_device": "air", "fio2_pct": 40}, "oxygen_device"),
        ({"nibp_sys_mmhg": 80, "nibp_dia_mmhg": 80}, "nibp_dia_mmhg"),
        ({}, ""),
        ({"rr_per_min": ""}, ""),
    ],
)
def test_what_cannot_be_true_together_is_named(values: dict[str, Any], field: str) -> None:
    assert list(problems(values)) == [field]


def test_air_with_its_own_fio2_stands() -> None:
    assert problems({"oxygen_device": "air", "fio2_pct": 21}) == {}


def test_every_wrong_field_is_said_at_once() -> None:
    with pytest.raises(RefusedError) as caught:
        entered({"temp_cel": 384.5, "spo2_pct": 300}, author=" ")
    assert all(word in str(caught.value) for word in ("T: 384.5", "SpO₂: 300", "author"))


def test_a_set_may_be_entered_twelve_hours_late_and_says_so() -> None:
    assert entered(taken_utc_s=NOW.utc_s - 12 * 3600).late
    assert entered(taken_utc_s=NOW.utc_s - 12 * 3600).at.since(NOW) == -12 * 3600
    assert not entered(taken_utc_s=NOW.utc_s - 600).late
    with pytest.raises(RefusedError, match="more than 12 h ago"):
        entered(taken_utc_s=NOW.utc_s - 12 * 3600 - 1)


def test_a_set_is_never_of_the_future() -> None:
    with pytest.raises(RefusedError, match="still to come"):
        entered(taken_utc_s=NOW.utc_s + 61)
    assert entered(taken_utc_s=NOW.utc_s + 30).at == NOW
    with pytest.raises(RefusedError, match="no time"):
        entered(taken_utc_s=math.nan)


def test_a_struck_set_keeps_everything_and_counts_for_nothing() -> None:
    struck = entered().strike("Nurse 03", "wrong patient", NOW.plus(60))
    assert struck.items() == []
    assert struck.values == entered().values
    assert struck.struck is not None and struck.struck.reason == "wrong patient"
    with pytest.raises(RefusedError, match="already by Nurse 03"):
        struck.strike("Nurse 14", "again", NOW)


@pytest.mark.parametrize(("who", "reason"), [("", "wrong"), ("Nurse 14", "  ")])
def test_nothing_is_struck_without_a_name_and_a_reason(who: str, reason: str) -> None:
    with pytest.raises(RefusedError, match="name and a reason"):
        entered().strike(who, reason, NOW)


def test_what_is_kept_comes_back_the_same_and_never_younger() -> None:
    before = entered(taken_utc_s=NOW.utc_s - 100).strike("Nurse 03", "typing error", NOW)
    kept = json.loads(json.dumps(before.kept(NOW)))
    later = Instant(5.0, NOW.utc_s + 50)
    after = ObservationSet.again(kept, later)
    assert (after.values, after.struck, after.author, after.late) == (before.values, before.struck, "Nurse 14", False)
    assert later.since(after.at) == 150
    stepped_back = Instant(5.0, NOW.utc_s - 9_000)
    assert stepped_back.since(ObservationSet.again(kept, stepped_back).at) == 100


ANYTHING = st.one_of(st.text("aCV-.,5e€", max_size=6), st.floats(), st.integers(), st.booleans(), st.none())


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=40)
@given(st.dictionaries(st.sampled_from([*FIELDS, "consciousness", "oxygen_device", "note", "?"]), ANYTHING))
def test_whatever_is_typed_is_entered_or_refused_with_words(values: dict[str, Any]) -> None:
    if problems(values):
        with pytest.raises(RefusedError):
            entered(values)
    else:
        json.dumps(entered(values).kept(NOW), allow_nan=False)
