from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import Instant
from healthcare.waves.protocol import WaveChunk
from healthcare.waves.timeline import SourceClock, Timeline

UTC_S = 1_795_000_000.0
RATE_HZ = 250.0


def make_chunk(sequence: int, first: int, count: int = 50, rate_hz: float = RATE_HZ) -> WaveChunk:
    samples = np.arange(first, first + count, dtype=np.float32)
    return WaveChunk("ecg_ii_mv", rate_hz, sequence, first, UTC_S + first / rate_hz, samples, "W7^R2^B7")


def test_chunks_that_follow_each_other_are_passed_on_as_they_are() -> None:
    line = Timeline(fill_s=10)
    for number in range(3):
        placed = line.place(make_chunk(number, 50 * number), UTC_S + 0.2 * number)
        assert placed is not None
        assert placed.gap_samples == 0 and placed.afresh is (number == 0)
        assert placed.samples[0] == 50 * number


def test_a_lost_chunk_is_a_run_of_nan_of_its_length() -> None:
    line = Timeline(fill_s=10)
    line.place(make_chunk(0, 0), UTC_S)
    placed = line.place(make_chunk(2, 113), UTC_S + 113 / RATE_HZ)
    assert placed is not None
    assert placed.gap_samples == 63
    assert np.isnan(placed.samples[:63]).all()
    np.testing.assert_array_equal(placed.samples[63:], np.arange(113, 163))
    assert placed.start_utc_s == pytest.approx(UTC_S + 50 / RATE_HZ)


def test_a_chunk_that_was_here_is_not_passed_on_again() -> None:
    line = Timeline(fill_s=10)
    line.place(make_chunk(4, 0), UTC_S)
    assert line.place(make_chunk(4, 0), UTC_S) is None
    assert line.place(make_chunk(3, 0), UTC_S) is None


@pytest.mark.parametrize("later", [make_chunk(9, 2601 + 50), make_chunk(9, 10), make_chunk(9, 50, rate_hz=500.0)])
def test_what_cannot_follow_begins_afresh(later: WaveChunk) -> None:
    """A gap beyond what is filled, samples counted anew, another rate."""
    line = Timeline(fill_s=10)
    line.place(make_chunk(0, 0), UTC_S)
    placed = line.place(later, later.start_utc_s)
    assert placed is not None
    assert placed.afresh and placed.gap_samples == 0 and len(placed.samples) == 50


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=2, max_size=30))
def test_whatever_is_lost_every_sample_stands_where_it_was_measured(chunks: list[tuple[int, bool]]) -> None:
    line = Timeline(fill_s=100)
    first, wanted_s = 0, None
    for sequence, (count, lost) in enumerate(chunks):
        if not lost:
            placed = line.place(make_chunk(sequence, first, count), UTC_S + first / RATE_HZ)
            assert placed is not None
            if wanted_s is not None:
                assert placed.start_utc_s == pytest.approx(wanted_s, abs=1e-6)
            wanted_s = placed.start_utc_s + len(placed.samples) / RATE_HZ
            known = ~np.isnan(placed.samples)
            times_s = placed.start_utc_s + np.flatnonzero(known) / RATE_HZ
            np.testing.assert_allclose(times_s, UTC_S + placed.samples[known] / RATE_HZ, atol=1e-5)
        first += count


def arrival(at_s: float) -> Instant:
    return Instant(500.0 + at_s, UTC_S + at_s)


def test_a_sound_clock_is_kept_to_the_sample() -> None:
    clock = SourceClock(tolerance_s=2)
    assert clock.date(UTC_S, UTC_S + 0.25, arrival(0.6)) == UTC_S
    assert not clock.wrong


def test_a_wrong_clock_is_moved_and_stays_evenly_spaced() -> None:
    clock = SourceClock(tolerance_s=2)
    first = clock.date(UTC_S - 3600, UTC_S - 3600 + 0.25, arrival(0.25))
    second = clock.date(UTC_S - 3600 + 0.25, UTC_S - 3600 + 0.5, arrival(0.9))
    assert clock.wrong
    assert first == pytest.approx(UTC_S)
    assert second - first == pytest.approx(0.25)


def test_a_backlog_after_a_reconnection_does_not_make_a_clock_wrong() -> None:
    clock = SourceClock(tolerance_s=2)
    clock.date(UTC_S, UTC_S + 0.25, arrival(0.3))
    assert clock.date(UTC_S + 0.25, UTC_S + 0.5, arrival(9.0)) == UTC_S + 0.25
    assert not clock.wrong


def test_a_clock_that_stays_behind_is_wrong_after_a_while() -> None:
    clock = SourceClock(tolerance_s=2)
    clock.date(UTC_S, UTC_S + 0.25, arrival(0.3))
    for second in range(1, 13):
        clock.date(UTC_S + second - 50, UTC_S + second - 50 + 0.25, arrival(second + 0.3))
    assert clock.wrong
    assert clock.offset_s == pytest.approx(50.05, abs=0.1)


def test_a_chunk_from_hours_ago_is_no_backlog() -> None:
    clock = SourceClock(tolerance_s=2)
    clock.date(UTC_S, UTC_S + 0.25, arrival(0.3))
    assert clock.date(UTC_S - 7200, UTC_S - 7199.75, arrival(0.5)) == pytest.approx(UTC_S + 0.25)
    assert clock.wrong


def test_a_clock_ahead_is_wrong_at_once_and_sound_again_at_once() -> None:
    clock = SourceClock(tolerance_s=2)
    assert clock.date(UTC_S + 30, UTC_S + 30.25, arrival(0.25)) == pytest.approx(UTC_S)
    assert clock.wrong
    clock.date(UTC_S + 1, UTC_S + 1.25, arrival(1.3))
    assert not clock.wrong
