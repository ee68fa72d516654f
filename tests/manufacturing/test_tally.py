from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from manufacturing.results import ResultCode
from manufacturing.tally import Tally

CODES = st.sampled_from(list(ResultCode))


@given(st.lists(st.tuples(st.sampled_from(["Day", "Late"]), CODES, st.integers(0, 3)), max_size=50))
def test_good_rejected_and_bypassed_always_add_up_to_the_infeed(steps: list[tuple[str, ResultCode, int]]) -> None:
    tally = Tally()
    for shift, code, missing in steps:
        tally.part(shift, code)
        tally.missing(shift, missing)
        counts = tally.counts()
        assert counts["infeed"] == counts["good"] + counts["rejected"] + counts["bypassed"]


def test_a_new_shift_counts_from_nothing() -> None:
    tally = Tally()
    tally.part("Day", ResultCode.PASS)
    tally.part("Late", ResultCode.DEFECT)
    assert tally.counts()["infeed"] == 1


def test_what_was_counted_survives_a_restart() -> None:
    tally, again = Tally(), Tally()
    tally.part("Day", ResultCode.PASS)
    tally.delivered(20.0)
    again.restore(tally.state())
    assert again.counts() == tally.counts()
    assert again.decided_ms() == {"p50": 20.0, "p99": 20.0, "worst": 20.0}


def test_a_thousand_times_are_saved_as_one_short_text() -> None:
    tally, again = Tally(), Tally()
    for n in range(1500):
        tally.delivered(n / 10)
    tally.delivered(1e9)
    again.restore(tally.state())
    assert again.decided_ms() == tally.decided_ms() == {"p50": 100.1, "p99": 149.1, "worst": 6553.5}
    assert len(tally.state()["decided"]) < 3000


def test_a_changed_label_is_counted_once_and_one_of_another_shift_not_at_all() -> None:
    tally = Tally()
    tally.part("2026-11-23 Day", ResultCode.DEFECT)
    tally.label("false-reject", shift="2026-11-23 Day")
    tally.label("right", was="false-reject", shift="2026-11-23 Day")
    tally.label("missed-defect", shift="2026-11-22 Night")
    assert (tally.false_rejects, tally.missed_defects) == (0, 0)
    tally.label("none", was="false-reject")
    assert tally.false_rejects == 0
