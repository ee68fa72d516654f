from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from manufacturing.results import ResultCode
from manufacturing.shown import counts_shown, gate_shown, part_shown, recipe_shown, where_shown

DEFECT: dict[str, Any] = {
    "code": ResultCode.DEFECT,
    "why": "Defect",
    "score": 6.1,
    "threshold": 5.2,
    "local_time": "14:05:06.2",
    "grab_ms": 4.2,
    "infer_ms": 14.0,
    "picture": {"w": 800, "h": 600},
    "where": {"x": 0.7, "y": 0.1, "w": 0.1, "h": 0.2},
    "model": {"name": "flange", "version": "1.0.0", "sha256": "a3f9c1ff"},
}


def test_a_defect_shows_its_score_against_the_limit_and_where_it_is() -> None:
    shown = part_shown("12", DEFECT)
    assert shown["tile"]["word"] == "NG"
    assert shown["tile"]["score"] == "6.10 over 5.20"
    assert shown["flag"] == "Defect 6.10 over 5.20"
    assert shown["picture"] == {"w": 800, "h": 600}
    assert shown["facts"] == {
        "where": "upper right, 80 × 120 px",
        "score": "6.10, limit 5.20",
        "image": "800 × 600, taken in 4 ms",
        "model": "flange a3f9c1",
    }
    assert shown["decided"] == "18 ms"
    assert shown["outcome"] == "Rejected at 14:05:06.2"


def test_the_scale_ends_where_a_score_is_far_over_the_limit() -> None:
    assert part_shown("12", DEFECT | {"score": 99.0})["tile"]["share"] == 1.0
    assert part_shown("12", DEFECT | {"score": 5.2})["tile"]["share"] == pytest.approx(1 / 1.6)


def test_an_unjudged_part_is_no_decision_and_has_no_score() -> None:
    shown = part_shown("12", {"code": ResultCode.CAMERA_LOST, "why": "No picture"})
    assert (shown["tile"]["word"], shown["tile"]["score"], shown["image"]) == ("NO DECISION", "", "")
    assert shown["tile"]["share"] is None
    assert shown["facts"]["image"] == "no picture"


def test_a_simulated_verdict_carries_the_word() -> None:
    assert part_shown("12", DEFECT | {"simulated": True})["tile"]["why"] == "SIMULATED"
    lost = part_shown("12", {"code": ResultCode.CAMERA_LOST, "why": "No picture", "simulated": True})
    assert (lost["tile"]["why"], lost["tile"]["score"]) == ("No picture", "SIMULATED")


def test_a_result_that_was_not_delivered_says_so() -> None:
    actions = [{"target": "line-3-cell.result", "delivery": "missed"}]
    shown = part_shown("12", {"code": 0, "why": "", "actions": actions})
    assert shown["outcome"] == "Result not delivered"


@pytest.mark.parametrize("code, word", [(ResultCode.PASS, "NO RESULT"), (ResultCode.DEFECT, "NG")])
def test_a_good_part_that_the_plc_had_to_reject_is_not_shown_green(code: ResultCode, word: str) -> None:
    shown = part_shown("12", DEFECT | {"code": code, "score": 1.0}, delivery="missed")
    assert (shown["outcome"], shown["tile"]["word"]) == ("Result not delivered", word)
    assert shown["tile"]["kind"] != "ok"


def test_what_was_learnt_later_is_shown_with_the_part() -> None:
    shown = part_shown("12", DEFECT, label="false-reject", gate_rejected=False)
    assert (shown["label"], shown["outcome_small"]) == ("false-reject", "Gate let the part pass")


def test_the_gate_is_believed_over_the_order() -> None:
    assert gate_shown({"rejected": False}) == "Gate let the part pass"


@pytest.mark.parametrize(
    ("x", "y", "words"), [(0.4, 0.4, "centre"), (0.0, 0.4, "middle left"), (0.8, 0.8, "lower right")]
)
def test_a_place_has_a_name(x: float, y: float, words: str) -> None:
    place = {"x": x, "y": y, "w": 0.1, "h": 0.1}
    assert where_shown(place, {"w": 100, "h": 100}) == f"{words}, 10 × 10 px"


def test_a_taught_recipe_says_when_by_the_clock_of_the_site() -> None:
    zone = ZoneInfo("Europe/Berlin")
    assert recipe_shown("flange v3", "20261124T160228.450Z", zone) == "flange v3, taught 24 Nov 17:02"
    assert recipe_shown("flange v3", "1.2.0", zone) == "flange v3, model 1.2.0"


def test_no_parts_are_shown_as_dashes_never_as_zero() -> None:
    assert counts_shown({})["good"] == "– –"
    assert set(counts_shown({})) == set(counts_shown(COUNTS))


COUNTS = {"good": 11982, "defects": 35, "unjudged": 2, "unrecorded": 0, "bypassed": 0, "rejected": 37,
          "infeed": 12019, "false_rejects": 0, "missed_defects": 0}  # fmt: skip


def test_counts_show_their_denominator() -> None:
    shown = counts_shown(COUNTS)
    assert shown["good"] == "11\u202f982"
    assert shown["rejected_of"] == "0.31 % of 12\u202f019"
