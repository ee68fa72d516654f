from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from healthcare.signals.beat import Chunk
from healthcare.signals.lead_trace import LeadTrace, LeadTraces
from healthcare.signals.templates import WINDOW_REACH


def _trace(samples: NDArray[np.float32], rate_hz: float, sizes: tuple[int, ...], start_s: float = 0.0) -> LeadTrace:
    trace = LeadTrace(rate_hz)
    first = turn = 0
    while first < len(samples):
        size = sizes[turn % len(sizes)]
        trace.take(Chunk("ecg", rate_hz, samples[first : first + size], start_s + first / rate_hz))
        first, turn = first + size, turn + 1
    return trace


def _sine(rate_hz: float, seconds: float, hz: float = 10.0, level: float = 0.0) -> NDArray[np.float32]:
    at_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return (level + np.sin(2 * np.pi * hz * at_s)).astype(np.float32)


@settings(max_examples=15, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 700), min_size=1, max_size=4).map(tuple),
    rate_hz=st.sampled_from([125.0, 250.0, 360.0]),
)
def test_a_window_is_the_same_for_any_size_of_the_chunks(sizes: tuple[int, ...], rate_hz: float) -> None:
    samples = np.random.default_rng(0).normal(size=round(8 * rate_hz)).astype(np.float32)
    one, other = _trace(samples, rate_hz, sizes), _trace(samples, rate_hz, (len(samples),))
    window, expected = one.window(5.0, WINDOW_REACH), other.window(5.0, WINDOW_REACH)
    assert window is not None
    assert expected is not None
    np.testing.assert_array_equal(window, expected)


@pytest.mark.parametrize("rate_hz", [200.0, 250.0, 360.0])
def test_a_window_looks_the_same_at_any_rate(rate_hz: float) -> None:
    window = _trace(_sine(rate_hz, 8), rate_hz, (100,)).window(6.0, WINDOW_REACH)
    expected = _trace(_sine(500.0, 8), 500.0, (100,)).window(6.0, WINDOW_REACH)
    assert window is not None
    assert expected is not None
    assert window.shape == (2 * WINDOW_REACH + 1,)
    np.testing.assert_allclose(window, expected, atol=0.06)


def test_a_level_far_from_zero_leaves_no_trace_at_the_start() -> None:
    window = _trace(np.full(1000, 5.0, np.float32), 250.0, (125,)).window(1.0, WINDOW_REACH)
    assert window is not None
    assert np.abs(window).max() < 1e-6


def test_a_window_across_a_gap_is_none_and_after_it_there_is_no_ringing() -> None:
    samples = _sine(250.0, 12)
    samples[1000:1250] = np.nan
    samples[1250:] += 3.0
    trace = _trace(samples, 250.0, (125,))
    assert trace.window(4.5, WINDOW_REACH) is None
    window, calm = trace.window(6.0, WINDOW_REACH), _trace(_sine(250.0, 12), 250.0, (125,)).window(6.0, WINDOW_REACH)
    assert window is not None
    assert calm is not None
    assert np.abs(window - calm).max() < 0.3


def test_what_has_not_come_in_yet_and_what_is_long_gone_is_none() -> None:
    trace = _trace(_sine(250.0, 100), 250.0, (125,))
    assert not trace.reaches(99.9, WINDOW_REACH)
    assert trace.window(99.9, WINDOW_REACH) is None
    assert trace.window(5.0, WINDOW_REACH) is None
    assert trace.window(95.0, WINDOW_REACH) is not None


def test_after_a_long_silence_the_trace_begins_anew() -> None:
    trace = _trace(_sine(250.0, 10), 250.0, (125,))
    trace.take(Chunk("ecg", 250.0, _sine(250.0, 4), 60.0))
    assert trace.window(8.0, WINDOW_REACH) is None
    assert trace.window(62.0, WINDOW_REACH) is not None


@pytest.mark.parametrize("rate_hz", [250.0, 360.0])
def test_leads_taken_together_have_the_windows_of_leads_taken_alone(rate_hz: float) -> None:
    rng = np.random.default_rng(5)
    waves = {name: rng.normal(size=round(9 * rate_hz)).astype(np.float32) for name in ("ii", "v")}
    waves["v"][700:760] = np.nan
    together, size = LeadTraces(2), round(0.7 * rate_hz)
    for first in range(0, round(9 * rate_hz), size):
        chunks = [Chunk(name, rate_hz, wave[first : first + size], first / rate_hz) for name, wave in waves.items()]
        together.take([*chunks, Chunk("third", rate_hz, chunks[0].samples, first / rate_hz)])
    assert list(together.by_lead) == ["ii", "v"]
    for name, wave in waves.items():
        alone = _trace(wave, rate_hz, (size,))
        for at_s in (1.0, 2.5, 5.0, 7.9):
            window, expected = together.by_lead[name].window(at_s, WINDOW_REACH), alone.window(at_s, WINDOW_REACH)
            assert (window is None) == (expected is None)
            assert window is None or expected is None or np.array_equal(window, expected)
