from __future__ import annotations

import numpy as np
import pytest

from healthcare.signals.envelope import FLOOR_MV_S, Bridge, Envelope


def _triangle(rate_hz: float, width_s: float, height_mv: float) -> np.ndarray:
    samples = np.zeros(round(4 * rate_hz))
    half = round(width_s / 2 * rate_hz)
    first = round(2 * rate_hz)
    samples[first : first + 2 * half + 1] = height_mv * (1 - np.abs(np.linspace(-1, 1, 2 * half + 1)))
    return samples


@pytest.mark.parametrize("rate_hz", [125.0, 250.0, 360.0, 1000.0])
def test_the_floor_is_the_envelope_of_the_smallest_complex_at_any_rate(rate_hz: float) -> None:
    heights, _ = Envelope(rate_hz).feed(_triangle(rate_hz, 0.07, 0.15))
    assert heights.max() == pytest.approx(FLOOR_MV_S, rel=0.15)


def test_the_envelope_is_the_same_for_any_chunks() -> None:
    samples = np.random.default_rng(1).normal(0.0, 1.0, 3000)
    whole, slopes = Envelope(360.0).feed(samples)
    envelope, parts = Envelope(360.0), []
    for first in range(0, 3000, 7):
        parts.append(envelope.feed(samples[first : first + 7]))
    np.testing.assert_array_equal(np.concatenate([heights for heights, _ in parts]), whole)
    np.testing.assert_array_equal(np.concatenate([steep for _, steep in parts]), slopes)


def test_slow_waves_pass_next_to_nothing() -> None:
    at_s = np.arange(5000) / 250.0
    heights, _ = Envelope(250.0).feed(np.sin(2 * np.pi * 0.3 * at_s))
    assert heights[1000:].max() < 0.1


def test_a_bridge_fills_with_the_last_sample_and_joins_what_follows() -> None:
    bridge = Bridge()
    nan = np.nan
    first, given = bridge.feed(np.array([5.0, 6.0, nan, nan]))
    second, _ = bridge.feed(np.array([nan, 9.0, 10.0, nan, 2.0]))
    assert first.tolist() == [0, 1, 1, 1]
    assert given.tolist() == [True, True, False, False]
    assert second.tolist() == [1, 1, 2, 2, 2]
    assert bridge.feed(np.array([3.0, 4.0]))[0].tolist() == [3, 4]
