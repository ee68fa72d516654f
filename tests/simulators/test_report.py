from typing import Any

from core.clock import Instant
from simulators.passages import ACCEPTED, REJECTED, TIMEOUT, Part, Passage
from simulators.report import as_text, report


def _row(part_id: int, truth: str, reason: str, *, result_ms: float = 40, gate_rejected: bool | None = None) -> Any:
    seen = Instant(float(part_id), 1000.0)
    passage = Passage(Part(part_id, truth=truth), seen, triggered=True, reason=reason)
    if reason != TIMEOUT:
        passage.result = seen.plus(result_ms / 1e3)
    rejected = passage.rejected if gate_rejected is None else gate_rejected
    return passage.row(seen.plus(0.8), gate_rejected=rejected)


def test_the_account_tells_escapes_false_rejects_and_parts_without_a_verdict() -> None:
    found = report([
        _row(1, "good", ACCEPTED), _row(2, "good", REJECTED), _row(3, "dent", ACCEPTED), _row(4, "dent", REJECTED),
        _row(5, "good", TIMEOUT),
    ])  # fmt: skip
    assert (found.parts, found.accepted, found.rejected, found.without_verdict) == (5, 2, 3, 1)
    assert (found.good, found.false_rejects, found.flawed, found.escapes) == (2, 1, 2, 1)
    assert found.wrong_gate == found.accepted_unjudged == 0


def test_a_gate_that_did_other_than_the_verdict_is_counted() -> None:
    found = report([_row(1, "good", ACCEPTED, gate_rejected=True), _row(2, "", TIMEOUT, gate_rejected=False)])
    assert found.wrong_gate == 2
    assert found.accepted_unjudged == 1


def test_times_fall_into_buckets_of_ten_milliseconds() -> None:
    found = report([_row(n, "good", ACCEPTED, result_ms=ms) for n, ms in enumerate((12, 14, 31), 1)])
    assert found.histogram_ms == {"10-20": 2, "30-40": 1}
    assert found.result_ms["p50"] == 14.0


def test_coming_back_is_measured_from_the_second_start_on() -> None:
    rows = [
        {"kind": "news", "what": "listening", "mono_s": 0.0},
        {"kind": "news", "what": "ready", "mono_s": 1.0},
        {"kind": "news", "what": "listening", "mono_s": 2.0},
        {"kind": "news", "what": "ready", "mono_s": 2.4},
        _row(3, "good", ACCEPTED),
    ]
    found = report(rows)
    assert found.ready_again_s == [0.4]
    assert found.judged_again_s == [1.04]


def test_an_empty_log_has_an_account_too() -> None:
    assert "without_verdict    0" in as_text(report([]))
