"""The hand-over sheet: what happened in the shift, what differs, what is due."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from healthcare.handover_page import alarms_shown, limits_shown, who_lies
from tests.support.ward_json import NOW_UTC_S, bed, due, news2, placed
from tests.support.ward_rooms import RoomRig, desk, roster, stay
from verticals.contract import Event

BERLIN = ZoneInfo("Europe/Berlin")
HOUR_S = 3600.0


def alarm_row(**changed: Any) -> dict[str, Any]:
    return {
        "id": "bed-7/1", "bed": "bed-7", "code": "spo2-low", "kind": "physiological", "priority": "high",
        "label": "SpO₂", "text": "82 < 88 %", "began_utc_s": NOW_UTC_S - HOUR_S, "ended_utc_s": NOW_UTC_S - HOUR_S + 75,
        "acknowledged_by": "Nurse 14", "step": 1,
    } | changed  # fmt: skip


def limits_event(at_utc_s: float, **changed: Any) -> Event:
    data = {
        "what": "set", "measure": "spo2_pct", "who": "Charge nurse 03", "reason": "known COPD", "before": [90.0, None],
        "after": [86.0, None], "until_utc_s": NOW_UTC_S + HOUR_S,
    } | changed  # fmt: skip
    return Event("limits", str(data["measure"]), at_utc_s, data, "bed-7")


def test_an_alarm_is_told_with_when_how_long_and_how_far_it_went() -> None:
    (one,) = alarms_shown([alarm_row(step=3)], BERLIN)["shown"]
    assert (one["at"], one["what"], one["lasted"]) == ("13:05", "SpO₂ 82 < 88 %", "1:15")
    assert one["reached"] == "to the nurse in charge"


def test_a_monitors_own_words_stand_once() -> None:
    (one,) = alarms_shown([alarm_row(label="RR", text="RR high")], BERLIN)["shown"]
    assert one["what"] == "RR high"


def test_one_that_goes_on_says_so() -> None:
    assert alarms_shown([alarm_row(ended_utc_s=None)], BERLIN)["shown"][0]["lasted"] == "goes on"


def test_the_urgent_ones_stand_first_and_the_rest_is_counted() -> None:
    rows = [alarm_row(id=f"bed-7/{number}", priority="medium") for number in range(7)]
    rows += [alarm_row(id="bed-7/9"), alarm_row(kind="technical"), alarm_row(kind="advisory")]
    shown = alarms_shown(rows, BERLIN)
    assert shown["shown"][0]["priority"] == "high"
    assert (len(shown["shown"]), shown["more"], shown["all"], shown["technical"]) == (5, 3, 8, 1)


def test_only_limits_that_hold_now_are_told() -> None:
    events = [
        limits_event(NOW_UTC_S - 3 * HOUR_S),
        limits_event(NOW_UTC_S - 2 * HOUR_S, measure="hr_per_min", after=[40.0, 140.0], reason="athlete"),
        limits_event(NOW_UTC_S - HOUR_S, measure="hr_per_min", what="cleared", until_utc_s=None),
        limits_event(NOW_UTC_S - HOUR_S, measure="rr_per_min", after=[8.0, 30.0], until_utc_s=NOW_UTC_S - 60),
    ]
    (one,) = limits_shown(events, NOW_UTC_S - 9 * HOUR_S, NOW_UTC_S, BERLIN)
    assert "SpO₂" in one and "86" in one and "until 23 Nov 15:05: known COPD" in one


def test_limits_of_the_patient_before_are_nobodys() -> None:
    assert limits_shown([limits_event(NOW_UTC_S - 3 * HOUR_S)], NOW_UTC_S - HOUR_S, NOW_UTC_S, BERLIN) == []


def test_a_sheet_names_a_patient_only_for_who_may_know() -> None:
    row = {"patient_id": "4711", "family": "Koch", "given": "Anna"}
    assert who_lies(bed(), row, named=True)["who"] == "Koch, Anna"
    assert who_lies(bed(), row, named=False) | {"years": 0} == {
        "empty": False, "who": "A.K.", "id": "", "years": 0, "admitted": "21 Nov",
    }  # fmt: skip
    assert who_lies(placed("empty", patient=None), row, named=True)["empty"]


def test_a_bed_whose_monitor_runs_is_not_told_empty() -> None:
    told = who_lies(bed(patient=None), None, named=True)
    assert (told["empty"], told["who"]) == (False, "Monitor runs, nobody assigned")


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomRig]:
    with RoomRig(tmp_path_factory.mktemp("handover"), beds=8) as running:
        seven = bed(
            news2=news2("7", 12, risk="high", delta="+3"),
            due=due("Full set", "NEWS2 7", -5, over=True),
            advice=[{"text": "RR 15 to 19 in 1 h", "at_utc_s": NOW_UTC_S}],
        )
        beds = {f"bed-{number}": bed() for number in range(1, 9)} | {"bed-7": seven}
        running.run_line(beds, desk(roster=roster({"bed-7": ("Nurse 14", ""), "bed-2": ("Nurse 12", "")})))
        finding = {"text": "82 < 88 %", "measure": "spo2_pct"}
        alarm = {
            "id": "bed-7/1", "code": "spo2-low", "kind": "physiological", "priority": "high", "label": "SpO₂",
            "finding": finding, "source": "own", "state": "acknowledged", "began_utc_s": NOW_UTC_S - HOUR_S,
            "ended_utc_s": None, "acknowledged_utc_s": NOW_UTC_S, "acknowledged_by": "Nurse 14", "owner": "",
            "step": 2,
        }  # fmt: skip
        running.record(
            stay(1, "bed-7", "4711"),
            limits_event(NOW_UTC_S - HOUR_S),
            Event("alarm", "bed-7/1", NOW_UTC_S - HOUR_S, {"act": "began", "alarm": alarm}, "bed-7"),
        )
        yield running


def test_the_sheet_of_one_nurse_has_her_beds_with_all_that_matters(station: RoomRig) -> None:
    html = station.as_("Nurse 14").get("/handover?nurse=Nurse%2014").text
    assert html.count('<td class="sheet__bed">') == 1 and "Koch, Anna" in html and "4711" in html
    for told in ("at 13:53", "SpO₂ 82 &lt; 88 %, goes on, to the buddy", "known COPD", "OVERDUE", "RR 15 to 19 in 1 h"):
        assert told in html, told
    assert "data-print" in html and "not a primary alarm" in html


def test_the_whole_ward_stands_on_it_where_no_nurse_is_chosen(station: RoomRig) -> None:
    nurse = station.as_("Nurse 14")
    for query in ("", "?nurse=Nobody", "?hours=7", "?hours=x&nurse="):
        assert nurse.get(f"/handover{query}").text.count('<td class="sheet__bed">') == 8


def test_without_a_name_it_is_initials_and_with_one_it_is_audited(station: RoomRig) -> None:
    html = station.client().get("/handover").text
    assert "A.K." in html and "Koch" not in html
    station.as_("Nurse 14").get("/handover?hours=8")
    entry = list(station.audit.read())[-1]
    assert (entry.act, entry.who) == ("handover-seen", "Nurse 14")
