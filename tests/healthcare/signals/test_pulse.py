from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, lfilter

from healthcare.signals.pulse import Pulse, PulseTracker
from tests.healthcare.signals.synthesis import Floats, moments, noise, pieces, pulses

RATE_HZ = 250.0


def followed(wave: Floats, chunk_s: float = 0.5, rate_hz: float = RATE_HZ) -> tuple[PulseTracker, list[Pulse]]:
    tracker = PulseTracker(rate_hz)
    found = [pulse for samples, at_s in pieces(wave, rate_hz, chunk_s) for pulse in tracker.take(samples, at_s)]
    return tracker, found


@pytest.mark.parametrize("rate_hz", [62.5, 100.0, 125.0, 250.0])
@pytest.mark.parametrize("interval_s", [0.4, 0.8, 1.5])
def test_every_pulse_is_found_once_at_its_onset(rate_hz: float, interval_s: float) -> None:
    truth = moments(40.0, interval_s)
    tracker, found = followed(pulses(40.0, rate_hz, truth), rate_hz=rate_hz)
    settled = [pulse for pulse in found if pulse.at_s > 8.0]
    expected = truth[(truth > 8.0) & (truth < 38.0)]
    offsets = [min(pulse.at_s - expected, key=abs) for pulse in settled if pulse.at_s < 37.5]
    assert len(settled) == pytest.approx(len(truth[truth > 8.0]), abs=2)
    assert np.ptp(offsets) < 0.06
    assert all(pulse.good for pulse in settled)
    assert tracker.rate_per_min(39.0) == pytest.approx(60.0 / interval_s, rel=0.03)


def test_pulses_are_the_same_for_any_size_of_the_chunks() -> None:
    rng = np.random.default_rng(1)
    wave = pulses(60.0, RATE_HZ, moments(60.0, 0.7)) + noise(60.0, RATE_HZ, 0.05, rng)
    wave[2000:2200] = np.nan
    _, whole = followed(wave, 60.0)
    assert len(whole) > 60
    for chunk_s in (0.013, 0.37, 3.0):
        assert followed(wave, chunk_s)[1] == whole


def test_a_pulse_is_told_within_a_second_and_a_half() -> None:
    _, found = followed(pulses(40.0, RATE_HZ, moments(40.0, 0.8)))
    assert max(pulse.found_s - pulse.at_s for pulse in found[4:]) < 1.5


@pytest.mark.parametrize("band_hz", [(0.3, 3.0), (0.5, 8.0), (1.0, 4.0)])
def test_movement_without_a_pulse_is_never_good(band_hz: tuple[float, float]) -> None:
    shape = butter(2, band_hz, "bandpass", fs=RATE_HZ)
    _, found = followed(lfilter(*shape, noise(300.0, RATE_HZ, 1.0, np.random.default_rng(5))))
    assert sum(pulse.good for pulse in found) <= 3


def test_a_pulse_that_stops_leaves_no_quality_and_no_rate() -> None:
    wave = pulses(40.0, RATE_HZ, moments(20.0, 0.8)) + noise(40.0, RATE_HZ, 0.002, np.random.default_rng(2))
    tracker, found = followed(wave)
    assert not [pulse for pulse in found if pulse.good and pulse.at_s > 21.0]
    assert tracker.quality(39.0) < 0.5
    assert tracker.rate_per_min(39.0) is None


def test_a_constant_wave_is_flat_and_one_without_samples_is_missing() -> None:
    wave = pulses(30.0, RATE_HZ, moments(30.0, 0.8))
    wave[20 * 250 :] = wave[20 * 250]
    assert followed(wave)[0].why == "flat"
    wave[20 * 250 :] = np.nan
    assert followed(wave)[0].why == "missing"
    assert followed(wave[: 15 * 250])[0].why == ""


def test_a_clipped_pulse_is_not_good() -> None:
    wave = np.minimum(pulses(40.0, RATE_HZ, moments(40.0, 0.8)), 0.5)
    assert not any(pulse.good for pulse in followed(wave)[1])


def test_pressures_of_a_pulse_are_those_of_the_wave() -> None:
    wave = pulses(40.0, RATE_HZ, moments(40.0, 0.8), foot=70.0, height=50.0)
    last = followed(wave)[1][-2]
    assert last.foot == pytest.approx(70.0, abs=3.0)
    assert last.top == pytest.approx(wave[8000:].max(), abs=3.0)
    assert last.mean_before == pytest.approx(wave[8000:9000].mean(), abs=2.0)


def test_a_long_gap_begins_anew() -> None:
    tracker = PulseTracker(RATE_HZ)
    wave = pulses(30.0, RATE_HZ, moments(30.0, 0.8))
    tracker.take(wave, 0.0)
    assert tracker.quality(29.0) > 0.9
    tracker.take(wave[:500], 60.0)
    assert tracker.why == "learning"
    assert not tracker.recent
