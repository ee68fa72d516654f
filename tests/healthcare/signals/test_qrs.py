from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from healthcare.signals.beat import Beat, Chunk
from healthcare.signals.qrs import QrsDetector
from tests.healthcare.signals.ecg import chunks, ecg_mv, moments

RATE_HZ = 250.0


def _found(samples: NDArray[np.float32], rate_hz: float = RATE_HZ, sizes: tuple[int, ...] = (125,)) -> list[Beat]:
    detector = QrsDetector(rate_hz, "ecg_ii_mv")
    beats = [beat for chunk in chunks(samples, rate_hz, sizes) for beat in detector.feed(chunk)]
    return beats + detector.finish()


def _at(beats: list[Beat]) -> list[float]:
    return [beat.at_s for beat in beats]


@pytest.mark.parametrize("rate_hz", [100.0, 125.0, 200.0, 250.0, 360.0, 500.0, 1000.0])
def test_every_beat_is_found_at_its_r_peak_at_any_rate(rate_hz: float) -> None:
    beats_s = moments(30, 0.8)
    found = _found(ecg_mv(beats_s, 25.0, rate_hz), rate_hz, (round(rate_hz / 2),))
    np.testing.assert_allclose(_at(found), beats_s, atol=0.012)
    assert found[0].rr_s is None
    np.testing.assert_allclose([beat.rr_s or 0.0 for beat in found[1:]], 0.8, atol=0.02)
    assert found[5].sample == round(found[5].at_s * rate_hz)


@settings(max_examples=12, deadline=None)
@given(sizes=st.lists(st.integers(1, 700), min_size=3, max_size=6).map(tuple), gap=st.booleans())
@example(sizes=(3,), gap=True)
def test_the_beats_are_the_same_for_any_chunks(sizes: tuple[int, ...], gap: bool) -> None:
    rng = np.random.default_rng(7)
    beats_s = np.cumsum(rng.uniform(0.4, 1.3, 18)).tolist()
    samples = ecg_mv(beats_s, 15.0, RATE_HZ, noise_mv=0.08)
    if gap:
        samples[2000:2200] = np.nan
    assert _found(samples, sizes=sizes) == _found(samples, sizes=(samples.size,))


def test_a_beat_is_told_within_seven_tenths_of_a_second() -> None:
    detector = QrsDetector(RATE_HZ)
    parts = chunks(ecg_mv(moments(18, 0.8), 16.0, RATE_HZ), RATE_HZ, (10,))
    late_s = [chunk.end_s - beat.at_s for chunk in parts for beat in detector.feed(chunk) if beat.at_s > 4]
    assert len(late_s) > 12
    assert max(late_s) < 0.7


def test_a_flat_line_and_what_is_below_a_sixth_of_a_millivolt_are_no_beats() -> None:
    assert _found(np.zeros(5000, np.float32)) == []
    assert _found(ecg_mv(moments(20, 0.8), 17.0, RATE_HZ, height_mv=0.08, noise_mv=0.0)) == []


def test_after_asystole_noise_is_not_taken_for_beats() -> None:
    found = _found(ecg_mv(moments(15, 0.8), 40.0, RATE_HZ, noise_mv=0.02))
    assert len(found) == 15


def test_a_heart_at_a_fifth_of_its_height_is_found_again() -> None:
    tall, low = ecg_mv(moments(20, 0.8), 16.5, RATE_HZ), ecg_mv(moments(25, 0.8), 20.0, RATE_HZ, height_mv=0.2)
    found = _found(np.concatenate([tall, low]))
    assert sum(1 for at_s in _at(found) if at_s > 22) == 18


def test_a_hole_in_the_stream_moves_no_beat_and_tells_no_interval() -> None:
    beats_s = moments(30, 0.8)
    samples = ecg_mv(beats_s, 25.0, RATE_HZ)
    parts = [chunk for chunk in chunks(samples, RATE_HZ, (125,)) if not 10.0 <= chunk.start_s < 12.0]
    detector = QrsDetector(RATE_HZ)
    found = [beat for chunk in parts for beat in detector.feed(chunk)] + detector.finish()
    kept = [at_s for at_s in beats_s if not 9.9 <= at_s < 12.1]
    assert {round(at_s, 1) for at_s in _at(found)} >= {round(at_s, 1) for at_s in kept}
    first_after = next(beat for beat in found if beat.at_s > 12)
    assert first_after.rr_s is None
    assert all(beat.rr_s is not None for beat in found[1:] if beat is not first_after)


def test_after_a_long_hole_the_stream_begins_anew_and_its_samples_are_counted_by_the_clock() -> None:
    first = ecg_mv(moments(12, 0.8), 10.0, RATE_HZ)
    detector = QrsDetector(RATE_HZ)
    for chunk in chunks(first, RATE_HZ, (125,)):
        detector.feed(chunk)
    found = [beat for chunk in chunks(first, RATE_HZ, (125,), start_s=100.0) for beat in detector.feed(chunk)]
    later = [beat for beat in found if beat.at_s > 100]
    assert len(later) >= 11
    assert later[0].rr_s is None
    assert later[0].sample == pytest.approx(later[0].at_s * RATE_HZ, abs=1)


def test_a_drifting_clock_is_followed_without_a_gap() -> None:
    detector = QrsDetector(RATE_HZ)
    samples = ecg_mv(moments(70, 0.8), 57.0, RATE_HZ)
    found: list[Beat] = []
    for chunk in chunks(samples, RATE_HZ, (125,)):
        found += detector.feed(replace(chunk, start_s=chunk.start_s * 1.001))
    assert len(found) >= 69
    assert all(beat.rr_s is not None for beat in found[1:])
    assert found[-1].at_s == pytest.approx(0.8 * (len(found) - 1) + 0.5 + 0.055, abs=0.04)


def test_a_step_of_the_baseline_after_missing_samples_is_no_beat() -> None:
    samples = np.full(4000, 0.1, np.float32)
    samples[1500:1520] = np.nan
    samples[1520:] = 3.0
    assert _found(samples) == []


def test_no_samples_and_only_missing_ones_are_no_beats() -> None:
    detector = QrsDetector(RATE_HZ)
    assert detector.feed(Chunk("ecg_ii_mv", RATE_HZ, np.empty(0, np.float32), 0.0)) == []
    assert detector.feed(Chunk("ecg_ii_mv", RATE_HZ, np.full(3000, np.nan, np.float32), 0.0)) == []
    assert detector.finish() == []


def test_a_rate_that_is_no_ecg_is_refused() -> None:
    with pytest.raises(ValueError, match="samples a second"):
        QrsDetector(50.0)
