"""How a line stands, as the kiosk says it: word, what the line does, what a person can do."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.clock import Instant
from manufacturing.discipline import FAULTS, Bypass, Discipline
from manufacturing.results import ResultCode
from manufacturing.standing import not_live, standing, waiting_tile

NOON = Instant(utc_s=1_800_014_400.0, mono_s=100.0)


def running() -> Discipline:
    discipline = Discipline()
    discipline.clear("no-recipe")
    return discipline


def shown(discipline: Discipline, *, simulated: bool = False, **more: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"model": "flange 1", "since": {}, "zone": ZoneInfo("UTC"), "simulated": simulated}
    return standing(discipline, **{**values, **more})


def test_a_line_that_runs_needs_no_banner_and_shows_the_last_part() -> None:
    now = shown(running())
    assert (now["banner"]["kind"], now["tile"], now["outcome"], now["cover"]) == ("", None, None, None)
    assert now["labels"]


def test_without_a_recipe_it_waits_and_says_that_nothing_passes() -> None:
    now = shown(Discipline(), model="")
    assert (now["banner"]["word"], now["tile"]["word"], now["tile"]["why"]) == ("WAITING", "WAITING", "No recipe")
    assert now["outcome"][1] == "Ready is off at the PLC"


def test_a_lost_camera_says_since_when_how_many_parts_and_what_to_do() -> None:
    discipline = running()
    discipline.fault("camera-lost", "line-3-camera does not answer")
    now = shown(discipline, since={"camera-lost": NOON}, run=(ResultCode.CAMERA_LOST, 4))
    assert now["banner"] == {"kind": "fault", "word": "CAMERA LOST", "text": "Every part is rejected",
                             "since_utc_s": NOON.utc_s}  # fmt: skip
    assert (now["tile"]["word"], now["tile"]["score"]) == ("NO DECISION", "4 parts")
    assert now["cover"]["word"].startswith("No picture since ")
    assert len(now["cover"]["steps"]) == 3
    assert now["foot"] == "Fault camera-lost: line-3-camera does not answer"
    assert not now["labels"]


def test_a_record_that_does_not_answer_says_where_since_when_and_what_to_do() -> None:
    discipline = running()
    said = "the database at dbhost:5432 does not answer (postgresql://edgewise@dbhost:5432/edgewise: refused)"
    discipline.fault("store", said)
    now = shown(discipline, since={"store": NOON})
    assert now["banner"] == {
        "kind": "fault",
        "word": "RECORD LOST",
        "text": "The database at dbhost:5432 does not answer. Every part is rejected until recording works again.",
        "since_utc_s": NOON.utc_s,
    }
    assert (now["tile"]["word"], now["tile"]["why"]) == ("NO DECISION", "Not recorded")
    assert now["outcome"] == ["wait", "Ready is off at the PLC", "No part can be passed in this state"]
    assert len(now["cover"]["steps"]) == 3
    assert now["foot"] == f"Fault store: {said}"
    assert not discipline.ready()


@pytest.mark.parametrize("said", ["", "/var/lib/edgewise/events.db: writing failed: no such table"])
def test_a_record_that_fails_without_a_sentence_says_what_it_means(said: str) -> None:
    discipline = running()
    discipline.fault("store", said)
    assert shown(discipline)["banner"]["text"] == "Nothing can be recorded. Ready is off, every part is rejected."


def test_parts_judged_before_the_loss_are_not_counted_as_lost() -> None:
    discipline = running()
    discipline.fault("camera-lost")
    assert shown(discipline, run=(ResultCode.PASS, 900))["tile"]["score"] == ""


def test_a_bypass_says_who_why_and_when_it_ends() -> None:
    discipline = running()
    discipline.bypass = Bypass("Operator 14", "Lens cleaning", NOON.utc_s, NOON.plus(600))
    now = shown(discipline, run=(ResultCode.BYPASS, 1))
    assert (now["banner"]["kind"], now["banner"]["text"]) == (
        "attention", "Parts not inspected, by Operator 14: Lens cleaning",
    )  # fmt: skip
    assert now["banner"]["until_utc_s"] == NOON.utc_s + 600
    assert (now["tile"]["kind"], now["tile"]["score"], now["outcome"][1]) == ("bypass", "1 part", "1 part on hold")
    assert now["cover"]["plate"]
    assert now["bypassed"]


def test_a_stopped_job_that_is_bypassed_passes_nothing() -> None:
    discipline = running()
    discipline.bypass = Bypass("Operator 14", "Lens cleaning", NOON.utc_s, NOON.plus(600))
    discipline.stopped = True
    now = shown(discipline)
    assert (now["tile"]["word"], now["outcome"][1], now["cover"]) == ("STOPPED", "Ready is off at the PLC", None)


def test_late_results_are_a_fault_that_a_person_resets_while_parts_are_still_judged() -> None:
    discipline = running()
    discipline.fault("late-results")
    now = shown(discipline)
    assert (now["banner"]["word"], now["tile"], now["resettable"]) == ("RESULTS TOO LATE", None, True)


def test_settings_that_a_camera_refused_are_told_with_its_reason_and_ready_stays_down() -> None:
    discipline = running()
    discipline.fault("setup-failed", "camera line-3-camera: no setting exposure_us = 90000.")
    now = shown(discipline)
    assert now["banner"]["text"] == "camera line-3-camera: no setting exposure_us = 90000. Ready is off."
    assert (now["tile"]["word"], discipline.ready()) == ("WAITING", False)


@pytest.mark.parametrize("code", [code for code in FAULTS if code != "no-recipe"])
def test_every_fault_has_a_banner(code: str) -> None:
    discipline = running()
    discipline.fault(code)
    assert shown(discipline, simulated=True)["banner"]["kind"] == "fault"


def test_a_simulated_line_says_so_unless_something_is_wrong() -> None:
    assert shown(running(), simulated=True)["banner"]["word"] == "SIMULATED"


@pytest.mark.parametrize(
    ("code", "word", "chip"),
    [("model-slow", "MODEL TOO SLOW", "too slow"), ("model-fallen", "MODEL ELSEWHERE", "elsewhere")],
)
def test_what_the_models_need_a_person_for_is_shown_while_parts_are_judged_as_ever(
    code: str, word: str, chip: str
) -> None:
    discipline = running()
    discipline.notice("plc-not-secured", False, "")
    discipline.notice(code, False, "flange: 5 a second at 212 ms does not fit, see doctor.")
    now = shown(discipline)
    assert (now["banner"]["kind"], now["banner"]["word"], now["model"], now["tile"]) == ("attention", word, chip, None)
    assert "5 a second at 212 ms" in now["banner"]["text"]
    assert shown(discipline, simulated=True)["model"] == chip
    assert discipline.ready()
    assert not discipline.signals()["Fault"]
    discipline.notice(code, True, "")
    assert (shown(discipline)["banner"]["word"], shown(discipline)["model"]) == ("NOT SECURED", "")


def test_a_line_that_says_nothing_has_the_same_pieces() -> None:
    assert set(not_live()) == set(shown(running()))
    assert (not_live()["tile"]["word"], waiting_tile()["word"]) == ("NOT LIVE", "WAITING")
