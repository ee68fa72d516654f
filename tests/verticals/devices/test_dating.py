from __future__ import annotations

import pytest

from core.clock import Instant
from verticals.devices.dating import FrameDating


def arrival(at_s: float) -> Instant:
    return Instant(at_s, 1.7e9 + at_s)


def test_a_frame_that_was_held_up_is_dated_back_to_its_time() -> None:
    dating = FrameDating()
    for frame in range(10):
        assert dating.date(frame * 0.05, arrival(100 + frame * 0.05)).mono_s == pytest.approx(100 + frame * 0.05)
    burst = [dating.date(frame * 0.05, arrival(101.0)) for frame in range(10, 20)]  # the network had stood still
    assert [one.mono_s for one in burst] == pytest.approx([100 + frame * 0.05 for frame in range(10, 20)])
    assert burst[0].utc_s == pytest.approx(1.7e9 + 100.5)


def test_no_frame_is_dated_after_its_arrival_when_the_first_of_all_was_held_up() -> None:
    dating = FrameDating()
    dating.date(0.0, arrival(100.4))
    assert dating.date(0.05, arrival(100.05)).mono_s == pytest.approx(100.05)
    assert dating.date(0.10, arrival(100.3)).mono_s == pytest.approx(100.10)


def test_the_other_clock_may_step_back() -> None:
    dating = FrameDating()
    dating.date(5000.0, arrival(100.0))
    assert dating.date(0.0, arrival(100.05)).mono_s == pytest.approx(100.05)


def test_the_camera_s_own_delay_is_taken_off() -> None:
    assert FrameDating(0.08).date(0.0, arrival(100.0)).mono_s == pytest.approx(99.92)


def test_a_clock_that_drifts_is_followed() -> None:
    dating = FrameDating()
    for frame in range(2000):
        taken_s = frame * 0.05
        found = dating.date(taken_s * 0.9999, arrival(taken_s))
        assert abs(found.mono_s - taken_s) <= 0.00101  # 100 ppm over what it looks back
