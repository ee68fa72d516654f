from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.clock import Instant
from core.errors import InputError
from healthcare.observations_form import fields, judged, taken_of, values_of
from tests.support.ward_json import NOW_UTC_S, numerics, reading

BERLIN = ZoneInfo("Europe/Berlin")
NOW = Instant(0.0, NOW_UTC_S)
WHOLE = {"rr_per_min": "22", "spo2_pct": "93", "oxygen_device": "air", "nibp_sys_mmhg": "104", "pulse_per_min": "108",
         "consciousness": "A", "temp_cel": "38,4"}  # fmt: skip


def of(found: list[dict[str, Any]], name: str) -> tuple[str, bool]:
    [field] = [one for one in found if one["name"] == name]
    return field["value"], field["monitor"]


def test_a_new_form_holds_what_the_monitor_knows_now_and_says_so() -> None:
    measured = numerics(
        spo2_pct=reading("97", "stale"), hr_per_min=None, pr_per_min=reading("71"), temp_cel=reading("", "absent"),
        nibp_sys_mmhg=reading("124", at_utc_s=NOW_UTC_S - 300),
    )  # fmt: skip
    found = fields(measured, None, NOW_UTC_S)
    assert of(found, "rr_per_min") == ("16", True) and of(found, "pulse_per_min") == ("71", True)
    assert of(found, "spo2_pct") == ("", False) and of(found, "temp_cel") == ("", False)
    assert of(found, "nibp_sys_mmhg") == ("124", True)
    assert of(found, "nibp_dia_mmhg") == ("", False)  # its cuff measured 35 min ago


def test_what_was_typed_stays_and_is_no_longer_the_monitors() -> None:
    found = fields(numerics(), {"rr_per_min": "19"}, NOW_UTC_S)
    assert of(found, "rr_per_min") == ("19", False) and of(found, "spo2_pct") == ("", False)


@pytest.mark.parametrize(("typed", "ago_s"), [("13:40", 25 * 60 + 7), ("14:05", 7), ("23:50", 14 * 3600 + 15 * 60 + 7)])
def test_a_time_is_the_last_time_that_the_wards_clock_said_so(typed: str, ago_s: float) -> None:
    taken = taken_of({"taken": typed}, NOW_UTC_S, BERLIN)
    assert taken is not None and NOW_UTC_S - taken == ago_s


def test_no_time_is_now_and_no_clock_says_half_past() -> None:
    assert taken_of({"taken": " "}, NOW_UTC_S, BERLIN) is None
    with pytest.raises(InputError, match="is no time"):
        taken_of({"taken": "half past"}, NOW_UTC_S, BERLIN)


def test_what_was_left_empty_is_not_part_of_a_set() -> None:
    assert values_of({"rr_per_min": " 18 ", "spo2_pct": "", "csrf": "x", "author": "Nurse 14"}) == {"rr_per_min": "18"}


def test_a_whole_set_is_scored_at_once_with_what_it_asks_for() -> None:
    told = judged(WHOLE, NOW, scale=1)
    assert (told["text"], told["risk"], told["missing"]) == ("7", "high", [])
    assert told["points"]["temp_cel"] == 1 and told["response"].startswith("Emergency")


def test_a_part_of_a_set_is_a_lower_bound_and_says_what_is_missing() -> None:
    told = judged({"rr_per_min": "26", "spo2_pct": "97"}, NOW, scale=1)
    assert told["text"] == "≥ 3" and told["missing"] == ["Air or oxygen", "Systolic BP", "Pulse", "ACVPU", "Temp"]


def test_scale_2_changes_the_points_of_a_saturation() -> None:
    assert judged({"spo2_pct": "90"}, NOW, scale=1)["points"] == {"spo2_pct": 3}
    assert judged({"spo2_pct": "90"}, NOW, scale=2)["points"] == {"spo2_pct": 0}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"rr_per_min": "many"}, "rr_per_min"),
        ({"temp_cel": "3,7"}, "temp_cel"),
        ({"oxygen_l_per_min": "4"}, "oxygen_device"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(values: dict[str, str], field: str) -> None:
    told = judged(values, NOW, scale=1)
    assert field in told["problems"] and told["text"] == "– –" and told["points"] == {}
