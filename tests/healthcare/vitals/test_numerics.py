"""One bed's vital signs from messages to findings, numbers for the series, and what screens get."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import Instant
from core.errors import SettingsError
from healthcare.alarms.finding import Finding
from healthcare.measures import MEASURES
from healthcare.vitals.limits import Limits
from healthcare.vitals.numerics import BedNumerics, Heard, NumericsSettings
from verticals.contract import Reading

START = Instant(1_000.0, 1_780_000_000.0)


def message(at: Instant, off_s: float = 0.0, absent: str = "", **values: float | None) -> str:
    """What a monitor sends whose clock is `off_s` from ours."""
    return json.dumps([
        {"measure": name, "instance": "1.1", "value": value, "at_utc_s": at.utc_s + off_s, "absent": absent, "site": ""}
        for name, value in values.items()
    ])  # fmt: skip


def told(bed: BedNumerics, at: Instant, **values: float | None) -> Heard:
    return bed.take(message(at, 0.0, "", **values), at)


def through(bed: BedNumerics, seconds: range, **values: float | None) -> list[tuple[int, str, bool]]:
    """The same values once a second; every finding with its second."""
    found: list[tuple[int, str, bool]] = []
    for second in seconds:
        heard = told(bed, START.plus(second), **values)
        found += [(second, finding.code, finding.present) for finding in heard.findings]
    return found


def by_time(bed: BedNumerics, until: Instant) -> list[tuple[float, str, bool]]:
    """Lets time alone pass, as the line does: at `due`."""
    found: list[tuple[float, str, bool]] = []
    for _ in range(1000):
        due = bed.due()
        if due is None or due > until:
            return found
        found += [(due.since(START), one.code, one.present) for one in bed.tick(due).findings]
    raise AssertionError("due never comes to an end")


def test_a_low_saturation_is_found_after_its_delay_and_its_end_too() -> None:
    bed = BedNumerics()
    assert through(bed, range(30), spo2_pct=84, hr_per_min=80) == [(15, "spo2-low", True)]
    assert through(bed, range(30, 60), spo2_pct=95, hr_per_min=80) == [(35, "spo2-low", False)]


def test_with_one_message_a_minute_it_is_found_by_time_alone() -> None:
    bed = BedNumerics(NumericsSettings(every_s=60.0))
    told(bed, START, spo2_pct=84)
    assert by_time(bed, START.plus(59)) == [(15.0, "spo2-low", True)]


def test_every_valid_value_goes_to_the_series_and_a_gap_is_seen() -> None:
    bed = BedNumerics()
    assert told(bed, START, spo2_pct=97, temp_cel=384.5).readings[0] == Reading("spo2_pct", 97.0)
    gap = told(bed, START.plus(1), spo2_pct=None, temp_cel=None).readings
    assert [reading.channel for reading in gap] == ["spo2_pct", "temp_cel"]
    assert all(math.isnan(reading.value) for reading in gap)
    assert told(bed, START.plus(2), spo2_pct=None).readings == ()


def test_what_is_shown_says_how_each_value_stands() -> None:
    bed = BedNumerics()
    told(bed, START, spo2_pct=97, hr_per_min=132, temp_cel=384.5, rr_per_min=16)
    bed.take(message(START.plus(5), rr_per_min=None, absent="leads off"), START.plus(5))
    told(bed, START.plus(14), hr_per_min=133)
    shown = bed.shown(START.plus(15), {"hr_per_min": "medium"})
    brief = {name: (one["text"], one["state"], one["why"]) for name, one in shown.items()}
    assert brief == {
        "hr_per_min": ("133", "ok", ""),
        "spo2_pct": ("97", "stale", "none for 15 s"),
        "rr_per_min": ("", "absent", "leads off"),
        "temp_cel": ("", "invalid", "outside 25 to 45 °C"),
    }
    assert (shown["hr_per_min"]["alarm"], shown["spo2_pct"]["alarm"]) == ("medium", "")
    assert (shown["hr_per_min"]["source"], shown["hr_per_min"]["at_utc_s"]) == ("ECG", START.utc_s + 14)
    json.dumps(shown, allow_nan=False)


def test_a_silent_monitor_never_looks_normal_and_ends_no_alarm() -> None:
    bed = BedNumerics()
    through(bed, range(20), spo2_pct=84)
    assert by_time(bed, START.plus(86_400)) == []
    assert bed.due() is None
    assert bed.shown(START.plus(86_400))["spo2_pct"]["text"] == ""
    assert [finding.code for finding in bed.standing() if finding.present] == ["spo2-low"]
    assert bed.value("spo2_pct", START.plus(31)) is None


def test_a_rejected_value_is_not_judged() -> None:
    bed = BedNumerics()
    assert through(bed, range(60), abp_sys_mmhg=290, abp_map_mmhg=287, abp_dia_mmhg=284) == []
    assert bed.shown(START.plus(59))["abp_sys_mmhg"]["why"] == "line flushed"


@pytest.mark.parametrize(("off_s", "shown_off_s"), [(0, 0), (299, 299), (-299, -299), (301, 0), (-3600, 0)])
def test_the_devices_time_is_shown_while_it_is_within_five_minutes(off_s: float, shown_off_s: float) -> None:
    bed = BedNumerics()
    heard = bed.take(message(START, off_s=off_s, spo2_pct=97), START)
    assert bed.shown(START)["spo2_pct"]["at_utc_s"] == START.utc_s + shown_off_s
    assert [finding.code for finding in heard.findings] == (["clock-skew"] if shown_off_s != off_s else [])


def test_a_wrong_clock_is_said_once_and_when_it_is_right_again() -> None:
    bed = BedNumerics()
    first = bed.take(message(START, off_s=-600, spo2_pct=97), START).findings
    assert first == (Finding("clock-skew", True, "10 min behind", value=-600.0),)
    assert bed.take(message(START.plus(1), off_s=-601, spo2_pct=97), START.plus(1)).findings == ()
    assert bed.take(message(START.plus(2), off_s=0, spo2_pct=97), START.plus(2)).findings == (
        Finding("clock-skew", False),
    )


def test_values_count_in_the_order_of_receipt_whatever_the_devices_clock_says() -> None:
    bed = BedNumerics()
    found: list[Finding] = []
    for second in range(20):
        at = START.plus(second)
        found += bed.take(message(at, off_s=-10.0 * second, spo2_pct=84), at).findings
    assert [finding.code for finding in found] == ["spo2-low"]


def test_an_old_cuff_pressure_in_a_new_message_stays_old() -> None:
    bed = BedNumerics()
    cuff = {"measure": "nibp_sys_mmhg", "instance": "2.1", "value": 84, "at_utc_s": START.utc_s - 1200}
    heart = {"measure": "hr_per_min", "instance": "1.1", "value": 80, "at_utc_s": START.utc_s}
    first = bed.take(json.dumps([cuff, heart]), START)
    assert [finding.code for finding in first.findings] == ["nibp-low"]
    again = bed.take(json.dumps([cuff, heart | {"at_utc_s": START.utc_s + 1}]), START.plus(1))
    assert (again.findings, [reading.channel for reading in again.readings]) == ((), ["hr_per_min"])
    assert bed.shown(START)["nibp_sys_mmhg"]["at_utc_s"] == START.utc_s - 1200
    assert bed.shown(START.plus(2400))["nibp_sys_mmhg"]["state"] == "stale"


def test_two_thermometers_are_kept_apart_and_only_the_first_is_alarmed() -> None:
    bed = BedNumerics()
    for second in range(100):
        core = {"measure": "temp_cel", "instance": "1.1", "value": 37.0, "site": "bladder"}
        skin = {"measure": "temp_cel", "instance": "1.2", "value": 33.0, "site": "skin"}
        heard = bed.take(json.dumps([core, skin]), START.plus(second))
        assert heard.findings == ()
    shown = bed.shown(START.plus(100))
    assert [(name, one["text"], one["instance"], one["source"]) for name, one in shown.items()] == [
        ("temp_cel", "37.0", "T1", "bladder"), ("temp_cel#2", "33.0", "T2", "skin"),
    ]  # fmt: skip
    assert [reading.channel for reading in heard.readings] == ["temp_cel", "temp_cel#2"]


def test_a_second_heart_rate_stands_in_for_a_lost_first_one() -> None:
    bed = BedNumerics()
    for second in range(40):
        first = {"measure": "hr_per_min", "instance": "1.1", "value": 80 if second < 5 else None}
        other = {"measure": "hr_per_min", "instance": "1.7", "value": 130}
        heard = bed.take(json.dumps([first, other]), START.plus(second))
        assert [finding.code for finding in heard.findings] == (["hr-high"] if second == 15 else [])


def test_a_monitor_that_names_its_places_anew_is_not_lost() -> None:
    bed = BedNumerics()
    for path in range(40):
        at = START.plus(700.0 * path)
        bed.take(json.dumps([{"measure": "hr_per_min", "instance": f"1.{path}", "value": 80}]), at)
        assert bed.value("hr_per_min", at) == 80
    assert len(bed.shown(at)) == 1


def test_a_value_computed_here_speaks_where_the_monitor_has_none() -> None:
    bed = BedNumerics()
    told(bed, START, hr_per_min=80)
    assert bed.take_own({"hr_per_min": 130.0}, START).readings == (Reading("hr_per_min.own", 130.0),)
    assert bed.value("hr_per_min", START) == 80
    for second in range(1, 40):
        heard = bed.take_own({"hr_per_min": 130.0, "rr_per_min": None}, START.plus(second))
        assert [one.code for one in heard.findings] == (["hr-high"] if second == 20 else [])
    assert bed.shown(START.plus(39))["hr_per_min"]["source"] == "ECG, computed here"


def test_a_site_may_prefer_what_is_computed_here() -> None:
    bed = BedNumerics(NumericsSettings(prefer_own=frozenset({"hr_per_min"})))
    told(bed, START, hr_per_min=80)
    bed.take_own({"hr_per_min": 90.0}, START)
    assert bed.value("hr_per_min", START) == 90
    assert bed.value("hr_per_min", START.plus(10)) is None


def test_a_value_that_only_stands_beside_makes_the_speaking_one_no_younger() -> None:
    bed = BedNumerics()
    told(bed, START, spo2_pct=84)
    for second in range(1, 60):
        heard = bed.take_own({"spo2_pct": None}, START.plus(second))
        assert heard.findings == ()


def test_heart_rate_and_pulse_that_differ_for_half_a_minute_are_a_technical_finding() -> None:
    bed = BedNumerics()
    assert through(bed, range(60), hr_per_min=110, pr_per_min=70) == [(30, "hr-mismatch", True)]
    assert through(bed, range(60, 80), hr_per_min=72, pr_per_min=70) == [(70, "hr-mismatch", False)]


def test_heart_rate_and_pulse_no_longer_differ_when_one_of_them_is_gone_for_a_minute() -> None:
    bed = BedNumerics()
    through(bed, range(40), hr_per_min=110, pr_per_min=70)
    assert through(bed, range(40, 120), hr_per_min=110, pr_per_min=None) == [(100, "hr-mismatch", False)]
    through(bed, range(120, 160), hr_per_min=110, pr_per_min=70)
    assert by_time(bed, START.plus(999)) == [(229.0, "hr-mismatch", False)]


def test_one_absurd_time_in_a_message_makes_the_others_no_older() -> None:
    bed = BedNumerics()
    odd = {"measure": "rr_per_min", "value": 16, "at_utc_s": START.utc_s + 86_400}
    bed.take(json.dumps([*json.loads(message(START, spo2_pct=97)), odd]), START)
    assert bed.value("spo2_pct", START) == 97


def test_news2_takes_valid_values_with_their_own_time_and_source() -> None:
    bed = BedNumerics()
    told(bed, START, hr_per_min=80, spo2_pct=97, rr_per_min=16, nibp_sys_mmhg=120, abp_sys_mmhg=110, temp_cel=37.0)
    items = {item.parameter: (item.value, item.source, item.monitored) for item in bed.news2_items(START)}
    assert items == {
        "pulse_per_min": (80, "ECG", True), "spo2_pct": (97, "SpO₂", True), "rr_per_min": (16, "Resp", True),
        "sys_mmhg": (120, "NIBP", False), "temp_cel": (37.0, "Temp", False),
    }  # fmt: skip
    assert [item.parameter for item in bed.news2_items(START.plus(30))] == ["sys_mmhg", "temp_cel"]


def test_news2_takes_the_pulse_without_ecg_and_the_line_only_if_it_must_or_shall() -> None:
    line = {"abp_sys_mmhg": 110, "abp_dia_mmhg": 60}
    alone, both = BedNumerics(), BedNumerics(NumericsSettings(prefer_abp=True))
    told(alone, START, pr_per_min=77, **line)
    told(both, START, nibp_sys_mmhg=120, **line)
    assert [(item.value, item.source) for item in alone.news2_items(START)] == [(77, "SpO₂"), (110, "ABP")]
    assert [(item.value, item.source) for item in both.news2_items(START)] == [(110, "ABP")]


def test_limits_of_the_patient_hold_at_once_and_their_end_is_said() -> None:
    bed = BedNumerics()
    through(bed, range(5), hr_per_min=130)
    bed.limits.set("hr_per_min", Limits(50, 150), who="Nurse 14", role="nurse", reason="AF",
                   until=START.plus(60), now=START.plus(5))  # fmt: skip
    bed.limits_changed(START.plus(5))
    assert through(bed, range(5, 60), hr_per_min=130) == []
    assert bed.due() == START.plus(60)
    heard = bed.tick(START.plus(60))
    assert [change.what for change in heard.limits] == ["expired"]
    assert through(bed, range(60, 80), hr_per_min=130) == [(70, "hr-high", True)]


def test_at_discharge_nothing_of_the_patient_is_left() -> None:
    bed = BedNumerics()
    through(bed, range(20), spo2_pct=84)
    bed.limits.set("hr_per_min", Limits(50, 150), who="Nurse 14", role="nurse", reason="AF",
                   until=START.plus(600), now=START.plus(20))  # fmt: skip
    heard = bed.discharge(START.plus(20))
    assert [(finding.code, finding.present) for finding in heard.findings] == [("spo2-low", False)]
    assert [change.what for change in heard.limits] == ["discharged"]
    assert (bed.shown(START.plus(20)), bed.due()) == ({}, None)


def test_a_drift_becomes_advice_with_its_reason() -> None:
    bed = BedNumerics(NumericsSettings(every_s=60.0))
    texts: list[str] = []
    for minute in range(300):
        late = max(0, min(40, minute - 240)) / 40
        at = START.plus(60.0 * minute)
        heard = told(bed, at, rr_per_min=15 + 4 * late, hr_per_min=80 + 30 * late, spo2_pct=97)
        texts += [notice.text for notice in heard.notices]
        assert heard.findings == ()
    assert len(texts) == 1
    assert texts[0].startswith("HR 80 to 1")


def test_it_is_the_same_after_a_restart_and_no_value_got_younger() -> None:
    bed = BedNumerics()
    through(bed, range(20), spo2_pct=84, hr_per_min=130)
    bed.limits.set("rr_per_min", Limits(8, 35), who="Nurse 14", role="nurse", reason="pain",
                   until=START.plus(600), now=START.plus(19))  # fmt: skip
    bed.limits_changed(START.plus(19))
    kept = json.loads(json.dumps(bed.state(START.plus(19)), allow_nan=False))
    started = Instant(5.0, START.utc_s + 22)
    again = BedNumerics()
    again.restore(kept, started)
    assert [finding for finding in again.standing() if finding.present] == [
        finding for finding in bed.standing() if finding.present
    ]
    assert again.limits.limits("rr_per_min") == Limits(8, 35)
    assert again.shown(started)["spo2_pct"] == bed.shown(START.plus(22))["spo2_pct"]
    heard: list[tuple[str, bool]] = []
    for second in range(10):
        at = started.plus(second)
        heard += [(one.code, one.present) for one in told(again, at, spo2_pct=95, hr_per_min=80).findings]
    assert heard == [("hr-high", False), ("spo2-low", False)]


def test_what_the_board_holds_ends_by_values_even_if_the_state_was_lost() -> None:
    bed = BedNumerics()
    bed.adopt([Finding("spo2-low", True, measure="spo2_pct").cause])
    assert through(bed, range(10), spo2_pct=95) == [(5, "spo2-low", False)]


@pytest.mark.parametrize("wrong", [{"prefer_own": frozenset({"hr"})}, {"every_s": 0.0}, {"every_s": 301.0}])
def test_wrong_settings_do_not_start(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="numerics: "):
        NumericsSettings(**wrong)


VALUES = st.dictionaries(
    st.sampled_from(["hr_per_min", "pr_per_min", "spo2_pct", "rr_per_min", "nibp_sys_mmhg", "temp_cel"]),
    st.one_of(st.none(), st.integers(-10, 260)),
    max_size=4,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=30)
@given(st.lists(st.tuples(st.floats(0, 200), VALUES, st.booleans()), max_size=6))
def test_whatever_comes_time_goes_on_and_a_saved_state_tells_the_same(
    course: list[tuple[float, dict[str, float | None], bool]],
) -> None:
    """`due` always comes to an end; what is shown is JSON; no number is shown that is not plausible."""
    bed, at = BedNumerics(), START
    for step_s, values, own in course:
        at = at.plus(step_s)
        by_time(bed, at)
        bed.take_own(values, at) if own else told(bed, at, **values)
        for name, one in bed.shown(at).items():
            assert not one["text"] or MEASURES[name].plausible(float(one["text"]))
        again = BedNumerics()
        again.restore(json.loads(json.dumps(bed.state(at), allow_nan=False)), at)
        assert again.shown(at) == bed.shown(at)
        assert again.standing() == bed.standing()
