from __future__ import annotations

from manufacturing.results import ResultCode
from manufacturing.shown import counts_shown, gate_shown, part_shown, tile_shown


def test_a_judged_part_shows_its_score_against_the_limit() -> None:
    data = {"code": ResultCode.DEFECT, "why": "Defect", "score": 3.2, "threshold": 2.0, "local_time": "14:05:06.2"}
    shown = part_shown("12", data)
    assert shown["word"] == "NG"
    assert shown["score_text"] == "3.20 over 2.00"
    assert shown["share"] == 1.0
    assert shown["outcome"] == "Rejected at 14:05:06.2"


def test_an_unjudged_part_is_no_decision_and_has_no_score() -> None:
    shown = part_shown("12", {"code": ResultCode.CAMERA_LOST, "why": "No picture"})
    assert (shown["word"], shown["score_text"], shown["image"]) == ("NO DECISION", "", "")
    assert tile_shown({"tile": None}, shown)["share"] is None


def test_a_result_that_was_not_delivered_says_so() -> None:
    actions = [{"target": "line-3-cell.result", "delivery": "missed"}]
    shown = part_shown("12", {"code": 0, "why": "", "actions": actions})
    assert shown["outcome"] == "Result not delivered"


def test_no_parts_are_shown_as_dashes_never_as_zero() -> None:
    assert counts_shown({})["good"] == "– –"


def test_counts_show_their_denominator() -> None:
    counts = {"good": 11982, "defects": 35, "unjudged": 2, "unrecorded": 0, "bypassed": 0, "rejected": 37,
              "infeed": 12019, "false_rejects": 0, "missed_defects": 0}  # fmt: skip
    shown = counts_shown(counts)
    assert shown["good"] == "11\u202f982"
    assert shown["rejected_of"] == "0.31 % of 12\u202f019"


def test_the_tile_is_not_live_before_the_line_has_spoken() -> None:
    assert tile_shown(None, None)["word"] == "NOT LIVE"


def test_the_gate_is_believed_over_the_order() -> None:
    assert gate_shown({"rejected": False}) == "Gate let the part pass"
