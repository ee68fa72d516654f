"""What one sector says of a bed, in every state; and that the browser's twin says the same."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest

from healthcare import sector_shown, wall_shown
from healthcare.sector_shown import NONE
from tests.support.ward_json import (
    NOW_UTC_S,
    alarm,
    bed,
    due,
    latched,
    news2,
    numerics,
    placed,
    reading,
    technical,
    ward,
)

TOLD_JS = Path(sector_shown.__file__).parent / "static" / "healthcare" / "told.js"
STATES = ("active", "acknowledged", "latched")
KINDS = ("physiological", "technical", "advisory")


def shown(*alarms: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return sector_shown.sector_shown(bed(*alarms, **changed), "7")


def test_a_calm_bed_says_nothing_in_its_head_and_all_its_numbers() -> None:
    calm = shown()
    assert (calm["look"], calm["line"], calm["says"]) == ("", "", "Bed 7")
    assert [calm[name]["text"] for name in ("hr", "spo2", "rr", "bp", "t")] == ["74", "97", "16", "124/78", "36.8"]
    assert calm["bp"]["at_utc_s"] == NOW_UTC_S - 35 * 60


@pytest.mark.parametrize(
    ("told", "look", "shape", "line"),
    [
        (alarm(), "told high", "high", "*** SpO₂ 82 < 88"),
        (alarm(priority="medium", label="RR", text="26 > 24 /min"), "told medium", "medium", "** RR 26 > 24"),
        (alarm(priority="low", label="T", text="38.6 > 38.5 °C"), "told low", "low", "* T 38.6 > 38.5"),
        (technical(), "told technical", "technical", "ECG LEADS OFF"),
        (technical(priority="medium"), "told medium", "technical", "** ECG LEADS OFF"),
        (latched(), "told latched", "latched", "was *** HR 138 > 130"),
        (alarm(state="acknowledged"), "told high acknowledged", "high", "*** SpO₂ 82 < 88"),
        (alarm(source_lost=True), "told high", "high", "*** SpO₂ 82 < 88, source lost"),
    ],
)
def test_an_alarm_fills_the_head(told: dict[str, Any], look: str, shape: str, line: str) -> None:
    found = shown(told)
    assert (found["look"], found["shape"], found["line"]) == (look, shape, line)


def test_the_head_is_about_the_highest_that_is_not_over_and_counts_the_others() -> None:
    found = shown(latched(), alarm(4, priority="medium", label="RR"), technical(), alarm(5, state="acknowledged"))
    assert found["look"] == "told high acknowledged" and found["more"] == "+3"
    found = shown(latched(), technical())
    assert found["shape"] == "technical" and found["more"] == "+1"


def test_of_two_alike_the_one_nobody_has_acknowledged_is_told() -> None:
    found = shown(alarm(1, state="acknowledged", label="HR", text="160 > 130 /min"), alarm(2))
    assert "SpO₂" in found["line"] and "acknowledged" not in found["look"]


def test_low_advice_is_no_alarm_unless_it_sounds() -> None:
    quiet: dict[str, Any] = {"kind": "advisory", "priority": "low", "sound": "off"}
    assert shown(alarm(**quiet))["look"] == ""
    assert shown(alarm(**quiet | {"sound": "on"}))["look"] == "told low"
    assert shown(alarm(**quiet | {"priority": "medium", "label": "NEWS2", "text": "7"}))["line"] == "** NEWS2 7"


def test_a_latched_alarm_tells_when_it_ended_and_an_active_one_since_when() -> None:
    assert shown(latched())["time"] == {"kind": "clock", "utc_s": NOW_UTC_S - 7 * 60}
    assert shown(alarm())["time"] == {"kind": "age", "utc_s": NOW_UTC_S - 43}


def test_a_pause_shows_until_when_of_the_longest() -> None:
    paused = [alarm(at, sound="paused", paused_until_utc_s=NOW_UTC_S + 10 * at) for at in (1, 2)]
    assert shown(*paused)["paused_until_utc_s"] == NOW_UTC_S + 20
    assert shown(alarm(paused_until_utc_s=NOW_UTC_S + 10))["paused_until_utc_s"] is None


def test_no_data_is_hatched_and_keeps_a_higher_alarm() -> None:
    def at(state: str, *alarms: dict[str, Any]) -> dict[str, Any]:
        return sector_shown.sector_shown(placed(state, *alarms), "8")

    assert at("no-data")["look"] == "told technical stale" and at("no-data")["line"] == "NO DATA"
    assert at("no-data")["time"] == {"kind": "text", "text": "13:40"}
    kept = at("no-data", alarm(source_lost=True), technical(code="no-data", label="No data"))
    assert kept["look"] == "told high stale" and "source lost" in kept["line"]


@pytest.mark.parametrize(
    ("state", "look", "out", "why"),
    [
        ("standby", "out", "Standby since 13:40", "in imaging, no alarms from this bed"),
        ("empty", "out empty", "No patient", ""),
        ("never-heard", "out", "No monitor yet", "nothing was heard from this bed"),
    ],
)
def test_a_bed_that_is_not_monitored_says_why(state: str, look: str, out: str, why: str) -> None:
    found = sector_shown.sector_shown(placed(state, why="in imaging" if state == "standby" else ""), "5")
    assert (found["look"], found["out"], found["out_why"], found["news"]) == (look, out, why, None)
    assert found["says"] == f"Bed 5, {out}"
    assert (found["who"] == "") == (state == "empty")


def test_a_bed_that_told_nothing_yet_is_no_monitored_bed() -> None:
    found = sector_shown.sector_shown({}, "1")
    assert found["out"] == "No monitor yet" and found["hr"]["text"] == NONE


@pytest.mark.parametrize("state", ["invalid", "absent"])
def test_a_number_that_is_none_is_never_shown(state: str) -> None:
    found = shown(numerics=numerics(hr_per_min=reading("132", state), pr_per_min=None))
    assert found["hr"] == {"text": NONE, "look": "none", "name": "HR /min"}


def test_a_stale_number_looks_stale_and_a_violated_one_is_hit() -> None:
    found = shown(numerics=numerics(spo2_pct=reading("82", alarm="high"), rr_per_min=reading("26", "stale")))
    assert found["spo2"]["look"] == "hit-high" and found["rr"]["look"] == "old"


def test_the_pulse_stands_in_for_the_heart_and_says_so() -> None:
    found = shown(numerics=numerics(hr_per_min=reading("", "absent"), pr_per_min="71"))
    assert found["hr"] == {"text": "71", "look": "", "name": "PR /min"}


def test_an_arterial_line_goes_before_the_cuff_and_has_no_time() -> None:
    found = shown(numerics=numerics(abp_sys_mmhg="118", abp_dia_mmhg=reading("61", alarm="medium")))
    assert found["bp"] == {"name": "ABP", "text": "118/61", "look": "hit-medium", "at_utc_s": None}


@pytest.mark.parametrize(
    ("told", "score", "level", "delta"),
    [
        (news2("0"), "0", "", ""),
        (news2("3", risk="low-medium"), "3", "single", ""),
        (news2("5", risk="medium"), "5", "medium", ""),
        (news2("7", risk="high", delta="+3"), "7", "high", "+3"),
        (news2("1", delta="-1"), "1", "", "−1"),
        (news2("2", complete=False), "≥2", "open", ""),
        (news2("≥ 1", complete=False), "≥1", "open", ""),
        (news2("n/a", complete=False, risk=""), "n/a", "open", ""),
    ],
)
def test_a_score_is_told_by_weight(told: dict[str, Any], score: str, level: str, delta: str) -> None:
    news = shown(news2=told)["news"]
    assert (news["score"], news["level"], news["delta"]) == (score, level, delta)
    assert (news["at_utc_s"] is None) == (level == "open")


def test_leads_off_draws_no_line() -> None:
    assert shown(technical())["flat"] == ["ecg"] and shown(technical(code="probe-off"))["flat"] == ["pleth"]
    assert not shown(technical(state="latched"))["flat"] and not shown()["flat"]


def test_the_wave_of_what_is_alarmed_comes_first() -> None:
    assert shown(alarm())["waves"] == ["pleth", "ecg_ii_mv"]
    assert shown(alarm(measure="hr_per_min"))["waves"] == ["ecg_ii_mv", "pleth"]


def test_a_wall_in_privacy_shows_initials_only() -> None:
    patient = {"initials": "A.K.", "name": "Anna Kern"}
    told = bed(patient=patient)
    assert sector_shown.sector_shown(told, "7")["who"] == "A.K."
    assert sector_shown.sector_shown(told, "7", privacy=False)["who"] == "Anna Kern"
    for nobody in (None, {"initials": ""}):
        assert sector_shown.sector_shown(bed(patient=nobody), "7")["who"] == "No name"


# The browser's twin


def _any_alarm(pick: Random, number: int) -> dict[str, Any]:
    def moment() -> float:
        return NOW_UTC_S + pick.randint(-4000, 4000)

    choices = {
        "state": STATES, "kind": KINDS, "priority": sector_shown.PRIORITIES,
        "text": ["", "82 < 88 %", "26 > 24 /min", "88 < 90 mmHg"],
        "measure": ["", "spo2_pct", "rr_per_min", "abp_map_mmhg"],
        "code": ["no-data", "leads-off", "probe-off", "asystole", "feed-lost"],
        "sound": ["on", "paused", "off"], "source_lost": [True, False], "paused_until_utc_s": [None, moment()],
        "began_utc_s": [moment()], "ended_utc_s": [None, moment()], "owner": ["", "Nurse 14"],
        "accepted": [True, False], "next_step": ["", "Louder", "Charge nurse", "Medium alarm"],
        "next_step_at_utc_s": [None, moment()],
    }  # fmt: skip
    changed = {name: pick.choice(values) for name, values in choices.items() if pick.random() < 0.5}
    return pick.choice([alarm, technical, latched])(number, "bed-7", **changed)


def _any_bed(pick: Random) -> dict[str, Any]:
    if pick.random() < 0.03:
        return {}
    told = {
        name: reading(
            pick.choice(["", "74", "138"]), pick.choice(["ok", "ok", "stale", "invalid", "absent"]),
            alarm=pick.choice(["", "", "high", "medium", "low"]), at_utc_s=NOW_UTC_S - pick.randint(0, 4000),
        )
        for name in ("hr_per_min", "pr_per_min", "spo2_pct", "rr_per_min", "nibp_sys_mmhg", "nibp_dia_mmhg",
                     "abp_sys_mmhg", "abp_map_mmhg", "temp_cel")
        if pick.random() < 0.7
    }  # fmt: skip
    score = news2(
        pick.choice(["0", "≥ 2", ">=1", "7", "n/a"]), pick.choice([0, 90]), complete=pick.choice([True, False]),
        risk=pick.choice(["low", "low-medium", "medium", "high"]), delta=pick.choice(["", "+3", "-2"]),
    )  # fmt: skip
    return placed(
        pick.choice(["monitoring", "monitoring", "standby", "empty", "no-data", "never-heard"]),
        *(_any_alarm(pick, number) for number in range(pick.choice([0, 0, 1, 2, 4]))),
        since=pick.choice(["", "13:40"]), why=pick.choice(["", "in imaging"]), numerics=told,
        patient=pick.choice([None, {"initials": ""}, {"initials": "A.K.", "name": "Anna Kern"}]),
        news2=pick.choice([None, score]), scale2=pick.choice([True, False]),
        due=pick.choice([None, due("Set", pick.choice(["", "hourly"]), pick.randint(-60, 60), over=bool(told))]),
        advice=pick.choice([[], [{"text": "RR 15 to 19", "at_utc_s": NOW_UTC_S}]]),
    )  # fmt: skip


def _any_ward(pick: Random) -> dict[str, Any]:
    feeds = [
        {"name": name, "ok": pick.random() < 0.5, "age_s": pick.choice([None, 12.4, 4000.0])}
        for name in pick.choice([[], ["hl7"], ["hl7", "Gateway"]])
    ]
    screens = pick.choice([{}, {"W": {}}, {"X": {"state": "not heard"}}, {"W": {}, "Y": {"state": "off", "why": "x"}}])
    audio = pick.choice(
        [
            {},
            {"commissioned": False},
            {"commissioned": True, "screens": screens},
            {"commissioned": True, "paused_until_utc_s": NOW_UTC_S + 40},
        ]
    )
    own = [_any_alarm(pick, 90)] if pick.random() < 0.3 else []
    return pick.choice([ward(feeds=feeds, audio=audio, alarms=own), ward(feeds=feeds, audio=audio), {}])


_HARNESS = """
import { readFileSync } from "node:fs";
const cases = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map(([told, ward, stale, running, privacy]) => {
  const places = told.map((_, at) => [`bed-${at}`, String(at)]);
  const beds = Object.fromEntries(told.map((bed, at) => [`bed-${at}`, bed]));
  const audio = audioShown(told, ward, running, "W");
  return {
    sectors: told.map((bed, at) => sectorShown(bed, String(at), privacy)),
    audio, ward: wardShown(places, beds, ward, audio, stale, "W"),
  };
})));
"""


def _said(told: list[dict[str, Any]], desk: dict[str, Any], stale: bool, running: bool, privacy: bool) -> Any:
    places = [(f"bed-{at}", str(at)) for at in range(len(told))]
    by_name = {f"bed-{at}": one for at, one in enumerate(told)}
    audio = wall_shown.audio_shown(told, desk, running=running, screen="W")
    return {
        "sectors": [sector_shown.sector_shown(one, str(at), privacy=privacy) for at, one in enumerate(told)],
        "audio": audio,
        "ward": wall_shown.ward_shown(places, by_name, desk, audio, stale=stale, screen="W"),
    }


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not here: apt-get install nodejs")
def test_the_browser_says_what_the_page_said() -> None:
    pick = Random(7)
    cases: list[Any] = [
        ([_any_bed(pick) for _ in range(pick.randint(1, 3))], _any_ward(pick), *(pick.random() < 0.3 for _ in range(3)))
        for _ in range(600)
    ]
    done = subprocess.run(
        ["node", "--input-type=module", "-e", TOLD_JS.read_text() + _HARNESS],
        input=json.dumps(cases), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for case, browser in zip(cases, json.loads(done.stdout), strict=True):
        assert browser == json.loads(json.dumps(_said(*case)))


@pytest.mark.parametrize(
    ("label", "text", "said"),
    [
        ("RR", "RR high", "RR high"),
        ("SpO₂", "SpO2 LOW", "SpO₂ LOW"),
        ("SpO₂", "SpO₂ low", "SpO₂ low"),
        ("SpO₂", "82 < 88 %", "SpO₂ 82 < 88 %"),
    ],
)
def test_what_a_monitor_begins_with_its_own_name_for_the_measure_stands_once(label: str, text: str, said: str) -> None:
    assert sector_shown.what_of({"label": label, "text": text}) == said
