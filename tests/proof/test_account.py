"""The account itself: a cell that breaks its promise is found out, one that keeps it is not."""

from __future__ import annotations

from typing import Any

import pytest

from simulators.partlog import Row
from tests.support.accounts_of_parts import account_of_parts
from verticals.contract import Event


def passed(part_id: int, verdict: str = "accept", **more: Any) -> list[Row]:
    """The PLC's two lines of a part that was triggered and judged."""
    reason = {"accept": "accepted", "reject": "rejected", "none": "timeout"}[verdict]
    result_s = None if verdict == "none" else 0.03
    part = {"kind": "part", "part_id": part_id, "triggered": True, "verdict": verdict, "reason": reason,
            "gate_rejected": verdict != "accept", "late_s": None, "result_s": result_s}  # fmt: skip
    return [{"kind": "seen", "part_id": part_id, "triggered": part["triggered"]}, {**part, **more}]


def recorded(part_id: int, verdict: str = "accept", **more: Any) -> Event:
    return Event("part", str(part_id), 0.0, {"verdict": verdict, **more})


def gap(first: int, last: int, not_triggered: int = 0) -> Event:
    data = {"from_counter": first, "to_counter": last, "count": last - first + 1, "not_triggered": not_triggered}
    return Event("unrecorded", f"{first}-{last}", 0.0, data)


def test_a_cell_that_kept_its_promise_has_no_faults() -> None:
    rows = [*passed(1), *passed(2, "reject"), *passed(3, "none"), *passed(4)]
    account = account_of_parts(rows, [recorded(1), recorded(2, "reject"), gap(3, 3), recorded(4)])
    assert account.faults() == {}
    assert (account.figures["recorded"], account.figures["unrecorded"]) == (3, 1)


@pytest.mark.parametrize(
    ("fault", "rows", "events"),
    [
        ("unaccounted", passed(1, "none"), []),
        ("accepted_without_record", passed(1), [gap(1, 1)]),
        ("accepted_without_record", passed(1), [recorded(1, "reject")]),
        ("recorded_twice", passed(1), [recorded(1), recorded(1)]),
        ("recorded_and_unrecorded", passed(1), [recorded(1), gap(1, 1)]),
        ("wrong_gate", passed(1, gate_rejected=True), [recorded(1)]),
        ("wrong_gate", passed(1, "reject", gate_rejected=False), [recorded(1, "reject")]),
        ("reject_missed_unsaid", passed(1, "none"), [recorded(1, "reject", actions=[{"delivery": "sent"}])]),
        ("strangers", passed(2), [recorded(1), recorded(2)]),
        ("gate_told_wrong", passed(1), [recorded(1), Event("gate", "1", 0.0, {"rejected": True})]),
    ],
)
def test_a_broken_promise_is_found(fault: str, rows: list[Row], events: list[Event]) -> None:
    assert fault in account_of_parts(rows, events).faults()


def test_a_part_that_passed_untriggered_and_uncounted_is_found() -> None:
    rows = [*passed(1), {"kind": "seen", "part_id": 2, "triggered": False}, *passed(3)]
    assert account_of_parts(rows, [recorded(1), recorded(3)]).passed_by_unsaid == 1
