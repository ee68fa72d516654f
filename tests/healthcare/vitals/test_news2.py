"""Every cell of the published table, both scales; rounding, validity and what an incomplete score says."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import Instant
from core.errors import InputError, SettingsError
from healthcare.vitals.news2 import PARAMETERS, Acvpu, Item, Policy, Risk, Score, points_of, risk_of, rounded, score

NOW = Instant(10_000.0, 1_780_000_000.0)
CALM: dict[str, float | bool | str] = {
    "rr_per_min": 16, "spo2_pct": 97, "oxygen": False, "sys_mmhg": 120,
    "pulse_per_min": 70, "consciousness": "A", "temp_cel": 37.0,
}  # fmt: skip

BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=40)

# parameter: (first value, last value, points) of every cell, as whole steps of the chart.
TABLE: dict[str, list[tuple[float, float, int]]] = {
    "rr_per_min": [(0, 8, 3), (9, 11, 1), (12, 20, 0), (21, 24, 2), (25, 60, 3)],
    "sys_mmhg": [(40, 90, 3), (91, 100, 2), (101, 110, 1), (111, 219, 0), (220, 270, 3)],
    "pulse_per_min": [(15, 40, 3), (41, 50, 1), (51, 90, 0), (91, 110, 1), (111, 130, 2), (131, 250, 3)],
    "temp_cel": [(30.0, 35.0, 3), (35.1, 36.0, 1), (36.1, 38.0, 0), (38.1, 39.0, 1), (39.1, 43.0, 2)],
}
SPO2: dict[tuple[int, bool], list[tuple[int, int, int]]] = {
    (1, False): [(40, 91, 3), (92, 93, 2), (94, 95, 1), (96, 100, 0)],
    (1, True): [(40, 91, 3), (92, 93, 2), (94, 95, 1), (96, 100, 0)],
    (2, False): [(40, 83, 3), (84, 85, 2), (86, 87, 1), (88, 92, 0), (93, 100, 0)],
    (2, True): [(40, 83, 3), (84, 85, 2), (86, 87, 1), (88, 92, 0), (93, 94, 1), (95, 96, 2), (97, 100, 3)],
}


def steps(first: float, last: float, digits: int) -> list[float]:
    scale = 10**digits
    return [step / scale for step in range(round(first * scale), round(last * scale) + 1)]


def items(changed: dict[str, float | bool | str] | None = None, age_s: float = 0.0, **rest: bool) -> list[Item]:
    values = {**CALM, **(changed or {})}
    at = NOW.plus(-age_s)
    return [Item(name, value, at, "Nurse 14", monitored=rest.get("monitored", False)) for name, value in values.items()]


@pytest.mark.parametrize(
    ("parameter", "first", "last", "points"), [(name, *cell) for name, cells in TABLE.items() for cell in cells]
)
def test_a_cell_of_the_table_gives_its_points(parameter: str, first: float, last: float, points: int) -> None:
    for value in steps(first, last, 1 if parameter == "temp_cel" else 0):
        assert points_of(parameter, value) == points, value
        total = score(items({parameter: value}), NOW)
        assert total.points == points
        assert total.any3 is (points == 3)


@pytest.mark.parametrize(
    ("scale", "on_oxygen", "first", "last", "points"), [(*key, *cell) for key, cells in SPO2.items() for cell in cells]
)
def test_a_cell_of_either_spo2_scale_gives_its_points(
    scale: int, on_oxygen: bool, first: int, last: int, points: int
) -> None:
    for value in range(first, last + 1):
        assert points_of("spo2_pct", value, scale=scale, on_oxygen=on_oxygen) == points, value
        total = score(items({"spo2_pct": value, "oxygen": on_oxygen}), NOW, scale=scale)
        assert total.points == points + (2 if on_oxygen else 0)


@pytest.mark.parametrize(("letter", "points"), [("A", 0), ("C", 3), ("V", 3), ("P", 3), ("U", 3)])
def test_only_alert_scores_nothing(letter: str, points: int) -> None:
    assert score(items({"consciousness": letter}), NOW).points == points
    assert points_of("consciousness", Acvpu(letter)) == points


def test_oxygen_scores_two_and_air_nothing() -> None:
    assert (points_of("oxygen", True), points_of("oxygen", False)) == (2, 0)


@pytest.mark.parametrize(
    ("parameter", "value", "step"),
    [("temp_cel", 36.05, 36.1), ("temp_cel", 35.05, 35.1), ("temp_cel", 38.04, 38.0), ("temp_cel", 39.05, 39.1),
     ("temp_cel", 38.25, 38.3), ("rr_per_min", 8.5, 9), ("rr_per_min", 20.5, 21), ("rr_per_min", 20.49, 20),
     ("spo2_pct", 91.5, 92), ("pulse_per_min", 130.5, 131), ("sys_mmhg", 90.5, 91)],
)  # fmt: skip
def test_halves_are_rounded_upwards_before_banding(parameter: str, value: float, step: float) -> None:
    assert rounded(parameter, value) == step
    assert points_of(parameter, value) == points_of(parameter, step)


@BUSY
@given(st.sampled_from(sorted(TABLE)), st.floats(0, 300, allow_nan=False))
def test_there_is_no_gap_between_the_bands(parameter: str, value: float) -> None:
    cells = TABLE[parameter]
    step = min(max(rounded(parameter, value), cells[0][0]), cells[-1][1])
    assert points_of(parameter, value) == next(points for first, last, points in cells if first <= step <= last)


@BUSY
@given(st.integers(1, 2), st.booleans(), st.floats(0, 100, allow_nan=False))
def test_spo2_has_no_gap_on_either_scale(scale: int, on_oxygen: bool, value: float) -> None:
    step = max(rounded("spo2_pct", value), 40)
    wanted = next(points for first, last, points in SPO2[scale, on_oxygen] if first <= step <= last)
    assert points_of("spo2_pct", value, scale=scale, on_oxygen=on_oxygen) == wanted


@pytest.mark.parametrize(
    ("points", "any3", "risk", "interval_s"),
    [(0, False, Risk.LOW, 12 * 3600), (1, False, Risk.LOW, 4 * 3600), (4, False, Risk.LOW, 4 * 3600),
     (3, True, Risk.LOW_MEDIUM, 3600), (4, True, Risk.LOW_MEDIUM, 3600), (5, False, Risk.MEDIUM, 3600),
     (6, True, Risk.MEDIUM, 3600), (7, False, Risk.HIGH, 1800), (20, True, Risk.HIGH, 1800)],
)  # fmt: skip
def test_risk_and_interval_follow_the_thresholds(points: int, any3: bool, risk: Risk, interval_s: float) -> None:
    assert risk_of(points, any3) is risk
    assert Policy().interval_s(points, any3) == interval_s


def test_the_worst_set_is_twenty_points() -> None:
    worst: dict[str, float | bool | str] = {"rr_per_min": 30, "spo2_pct": 80, "oxygen": True, "sys_mmhg": 80}
    worst |= {"pulse_per_min": 140, "consciousness": "U", "temp_cel": 34.0}
    total = score(items(worst), NOW)
    assert (total.points, total.risk) == (20, Risk.HIGH)


def test_a_missing_parameter_makes_it_at_least_and_is_named() -> None:
    some = [item for item in items({"rr_per_min": 25}) if item.parameter not in ("temp_cel", "consciousness")]
    total = score(some, NOW)
    assert not total.complete
    assert total.text() == "incomplete, at least 3 (missing: ACVPU, Temp)"
    assert total.shown()["text"] == "≥ 3"
    assert total.shown()["missing"] == ["ACVPU", "Temp"]
    assert total.delta is None
    empty = next(line for line in total.breakdown() if line["parameter"] == "temp_cel")
    assert empty["points"] is None and "value" not in empty


def test_without_oxygen_known_scale_two_counts_only_what_is_certain() -> None:
    some = [item for item in items({"spo2_pct": 98}) if item.parameter != "oxygen"]
    assert score(some, NOW, scale=2).points == 0
    assert score([*some, Item("oxygen", True, NOW, "Nurse 14")], NOW, scale=2).points == 5


def test_a_value_past_its_validity_is_missing_and_said_to_be_stale() -> None:
    assert score(items(age_s=3600), NOW).complete
    total = score(items(age_s=3601), NOW)
    assert total.missing == PARAMETERS
    assert total.stale == PARAMETERS
    assert not score(items(age_s=301, monitored=True), NOW).complete
    assert score(items(age_s=300, monitored=True), NOW).complete


def test_each_parameter_can_have_its_own_validity() -> None:
    policy = Policy(valid_s={"temp_cel": 4 * 3600, "consciousness": 1800})
    assert score(items(age_s=1900), NOW, policy=policy).missing == ("consciousness",)
    assert "temp_cel" not in score(items(age_s=4000), NOW, policy=policy).missing


def test_an_old_value_never_hides_behind_a_new_one_nor_comes_back() -> None:
    old = Item("rr_per_min", 30, NOW.plus(-600), "Nurse 14")
    new = Item("rr_per_min", 16, NOW.plus(-10), "RESP", monitored=True)
    rest = [item for item in items() if item.parameter != "rr_per_min"]
    for order in ([old, new], [new, old]):
        line = next(line for line in score([*rest, *order], NOW).lines if line.parameter == "rr_per_min")
        assert (line.value, line.source, line.at) == (16, "RESP", new.at)


def test_a_value_from_the_future_is_no_value() -> None:
    assert score(items(age_s=-61), NOW).missing == PARAMETERS


def test_a_score_is_as_old_as_its_oldest_value() -> None:
    mixed = [*items(age_s=2000)[:1], *items(age_s=5)[1:]]
    assert score(mixed, NOW).shown()["at_utc_s"] == NOW.utc_s - 2000


def test_the_change_is_against_the_previous_full_set_on_the_same_scale() -> None:
    before = score(items({"rr_per_min": 22}), NOW)
    after = score(items({"rr_per_min": 25, "oxygen": True}), NOW, previous=before)
    assert (after.points, after.delta) == (5, 3)
    assert after.shown()["delta"] == "+3"
    assert score(items(), NOW, previous=before).shown()["delta"] == "-2"
    assert score(items(), NOW, scale=2, previous=before).delta is None


@pytest.mark.parametrize(("age_years", "pregnant", "why"), [(15, False, "under 16"), (30, True, "pregnancy")])
def test_it_is_not_applied_to_children_nor_in_pregnancy(age_years: int, pregnant: bool, why: str) -> None:
    total = score(items({"rr_per_min": 30}), NOW, age_years=age_years, pregnant=pregnant)
    assert total.text() == f"not applicable: {why}"
    assert total.shown()["text"] == "n/a"
    assert (total.points, total.complete, total.lines) == (0, False, ())


@pytest.mark.parametrize("age_years", [None, 16, 90])
def test_it_is_applied_to_adults_and_to_people_of_unknown_age(age_years: int | None) -> None:
    assert score(items(), NOW, age_years=age_years).complete


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("consciousness", "X"), ("rr_per_min", math.nan), ("temp_cel", math.inf), ("spo2_pct", "low"), ("pain", 3.0)],
)
def test_a_value_that_cannot_be_is_refused(parameter: str, value: float | str) -> None:
    with pytest.raises(InputError):
        score([*items(), Item(parameter, value, NOW, "Nurse 14")], NOW)


def test_a_third_scale_and_a_wrong_policy_are_refused() -> None:
    with pytest.raises(InputError):
        score(items(), NOW, scale=3)
    with pytest.raises(SettingsError):
        Policy(valid_s={"pain": 60})
    with pytest.raises(SettingsError):
        Policy(monitored_valid_s=0)


@BUSY
@given(
    st.dictionaries(st.sampled_from(PARAMETERS[:2] + PARAMETERS[3:5]), st.integers(20, 200), max_size=4),
    st.sets(st.sampled_from(PARAMETERS)),
    st.booleans(),
    st.integers(1, 2),
)
def test_at_least_is_a_true_lower_bound(values: dict[str, int], gone: set[str], on_oxygen: bool, scale: int) -> None:
    whole = items({**values, "oxygen": on_oxygen})
    least: Score = score([item for item in whole if item.parameter not in gone], NOW, scale=scale)
    assert least.points <= score(whole, NOW, scale=scale).points
    assert set(least.missing) == gone
