from __future__ import annotations

import pytest

from healthcare.signals.stream_clock import StreamClock


def test_chunks_in_a_row_have_no_hole() -> None:
    clock = StreamClock(250.0, 10.0)
    assert clock.hole(10.0) == 0
    clock.count(125)
    assert clock.hole(10.5) == 0
    assert clock.at_s(125) == 10.5


def test_a_jitter_is_passed_over_and_a_drift_is_followed() -> None:
    clock = StreamClock(250.0, 0.0)
    clock.count(250)
    assert clock.hole(1.015) == 0
    assert clock.at_s(250) == 1.0
    assert clock.hole(1.05) == 0
    assert clock.at_s(250) == pytest.approx(1.05)


def test_a_hole_is_counted_in_samples() -> None:
    clock = StreamClock(250.0, 0.0)
    clock.count(250)
    assert clock.hole(3.0) == 500


@pytest.mark.parametrize("start_s", [0.5, 7.0, -100.0])
def test_a_long_hole_and_a_step_back_begin_a_new_stream(start_s: float) -> None:
    clock = StreamClock(250.0, 0.0)
    clock.count(250)
    assert clock.hole(start_s) is None


def test_a_new_stream_goes_on_counting_by_the_clock_and_never_back() -> None:
    clock = StreamClock(250.0, 0.0)
    clock.count(250)
    clock.begin(101.0)
    assert clock.next_sample == 250 + 25_000
    assert clock.at_s(clock.next_sample) == pytest.approx(101.0)
    clock.begin(50.0)
    assert clock.next_sample == 250 + 25_000
    assert clock.at_s(clock.next_sample) == pytest.approx(50.0)
