"""Rates are counted by a plain peak count that knows nothing of how the waves were made."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from simulators.physiology import CHANNELS, Numerics, Patient, sample_times
from simulators.scenarios import Baseline, Episode, condition_at, make_episode

CHUNK_S = 0.25


class Played:
    """A patient for some seconds: whole waves by channel, numerics once a second."""

    def __init__(self, lasts_s: float, *episodes: Episode, baseline: Baseline | None = None, seed: int = 1) -> None:
        patient = Patient(np.random.default_rng(seed))
        chunks: dict[str, list[NDArray[np.float32]]] = {}
        self.numerics: list[Numerics] = []
        for step in range(int(lasts_s / CHUNK_S)):
            start_s, end_s = step * CHUNK_S, (step + 1) * CHUNK_S
            condition = condition_at(baseline or Baseline(), episodes, start_s, (0.1, 0.5, 0.9))
            for channel, wave in patient.chunk(start_s, end_s, condition, abp=True).items():
                chunks.setdefault(channel, []).append(wave)
            if step % 4 == 3:
                self.numerics.append(patient.numerics(end_s, condition))
        self.waves = {channel: np.concatenate(parts) for channel, parts in chunks.items()}

    def part(self, channel: str, from_s: float, to_s: float) -> NDArray[np.float32]:
        rate_hz = CHANNELS[channel]
        return self.waves[channel][int(from_s * rate_hz) : int(to_s * rate_hz)]


def count_peaks(wave: NDArray[np.float32], rate_hz: float, height: float, apart_s: float) -> list[int]:
    """Places above `height` that are the highest for `apart_s` on both sides."""
    reach = int(apart_s * rate_hz)
    return [
        int(place)
        for place in np.flatnonzero(wave > height)
        if wave[place] == wave[max(0, place - reach) : place + reach + 1].max()
    ]


def steep(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a QRS has and neither P, T nor breathing: a fast slope; smoothed over 60 ms."""
    return np.convolve(np.abs(np.diff(wave)), np.ones(15) / 15, "same").astype(np.float32)


@pytest.mark.parametrize("rate", [45.0, 76.0, 120.0, 150.0])
def test_leads_pulse_and_pressure_beat_at_the_rate_that_the_monitor_shows(rate: float) -> None:
    played = Played(40, baseline=Baseline(hr_per_min=rate))
    wanted = 40 * rate / 60
    for channel, wave in (
        ("ecg_ii_mv", steep(played.waves["ecg_ii_mv"])),
        ("ecg_v_mv", steep(played.waves["ecg_v_mv"])),
    ):
        beats = count_peaks(wave, CHANNELS[channel], 0.35 * float(wave.max()), 0.2)
        assert len(beats) == pytest.approx(wanted, abs=2.5), channel
    pulses = count_peaks(played.waves["pleth"], 250, 0.55 * float(played.waves["pleth"].max()), 0.2)
    assert len(pulses) == pytest.approx(wanted, abs=3)
    pressures = count_peaks(played.waves["abp_mmhg"], 250, 105, 0.2)
    assert len(pressures) == pytest.approx(wanted, abs=3)
    shown = [numerics.hr_per_min for numerics in played.numerics[12:]]
    assert all(value is not None and abs(value - rate) < 0.08 * rate for value in shown)
    pulse_rates = [numerics.pr_per_min for numerics in played.numerics[12:]]
    assert all(value is not None and abs(value - rate) < 0.1 * rate for value in pulse_rates)


def test_every_channel_has_as_many_samples_as_its_rate_promises() -> None:
    played = Played(20)
    assert {channel: len(wave) for channel, wave in played.waves.items()} == {
        channel: 20 * rate for channel, rate in CHANNELS.items()
    }


@pytest.mark.parametrize("chunk_s", [0.1, 0.25, 0.3, 1.0])
def test_no_sample_is_missing_or_twice_whatever_the_chunk(chunk_s: float) -> None:
    edges = [round(step * chunk_s, 9) for step in range(41)]
    for rate_hz in CHANNELS.values():
        parts = [sample_times(start, end, rate_hz) for start, end in itertools.pairwise(edges)]
        np.testing.assert_allclose(np.concatenate(parts), np.arange(round(edges[-1] * rate_hz)) / rate_hz)


def test_the_heart_varies_with_breathing_and_af_is_irregular() -> None:
    def spread(*episodes: Episode) -> float:
        played = Played(60, *episodes)
        wave = steep(played.waves["ecg_ii_mv"])
        intervals = np.diff(count_peaks(wave, 250, 0.35 * float(wave.max()), 0.2)) / 250
        return float(np.std(intervals) / np.mean(intervals))

    assert 0.01 < spread() < 0.06
    assert spread(make_episode("af", 1, 0, 60, amount=90)) > 0.13


def test_breaths_are_those_of_the_chest_wave() -> None:
    played = Played(60, baseline=Baseline(rr_per_min=24))
    assert len(count_peaks(played.waves["resp_ohm"], 50, 0.4, 0.8)) == pytest.approx(24, abs=2)
    assert all(n.rr_per_min is not None and abs(n.rr_per_min - 24) < 2 for n in played.numerics)


def test_without_breath_the_chest_wave_is_flat() -> None:
    played = Played(30, make_episode("apnoea", 1, 10, 20))
    assert np.ptp(played.part("resp_ohm", 16, 29)) < 0.1 < np.ptp(played.part("resp_ohm", 0, 9))
    assert played.numerics[20].rr_per_min == 0


def test_pressure_goes_between_diastolic_and_systolic() -> None:
    played = Played(30, baseline=Baseline(sys_mmhg=140, dia_mmhg=80))
    wave = played.part("abp_mmhg", 10, 30)
    assert wave.max() == pytest.approx(142, abs=7)
    assert wave.min() == pytest.approx(78, abs=6)


def test_asystole_is_flat_pulseless_and_the_monitor_counts_zero() -> None:
    played = Played(30, make_episode("asystole", 2, 10, 20))
    assert np.abs(np.diff(played.part("ecg_ii_mv", 12, 29))).max() < 0.1
    assert np.ptp(played.part("pleth", 13, 29)) < 0.08
    assert played.part("abp_mmhg", 24, 29).max() < 35
    assert played.numerics[16].hr_per_min == 0
    assert played.numerics[24].pr_per_min is None and played.numerics[24].spo2_pct is None


def test_fibrillation_is_a_coarse_wave_without_pulse_and_without_a_rate() -> None:
    played = Played(40, make_episode("vf", 1, 10, 30))
    wave = played.part("ecg_ii_mv", 12, 39)
    spectrum = np.abs(np.fft.rfft(wave - wave.mean())) ** 2
    hertz = np.fft.rfftfreq(len(wave), 1 / 250)
    assert 3 < hertz[int(np.argmax(spectrum))] < 8
    assert np.ptp(wave) > 0.6
    assert np.ptp(played.part("pleth", 13, 39)) < 0.08
    assert played.numerics[20].hr_per_min is None


def test_a_ventricular_run_is_fast_wide_and_its_pulse_weak() -> None:
    played = Played(30, make_episode("vt", 1, 10, 15, amount=176))
    wave = played.part("ecg_ii_mv", 11, 24)
    assert len(count_peaks(wave, 250, 0.6 * float(wave.max()), 0.15)) == pytest.approx(13 * 176 / 60, abs=2.5)
    sinus = played.part("ecg_ii_mv", 0, 9)
    widths_s = [np.mean(part > 0.3 * part.max()) * 60 / rate for part, rate in ((wave, 176), (sinus, 76))]
    assert widths_s[0] > 0.05 > 0.04 > widths_s[1]
    assert played.part("pleth", 12, 24).max() < 0.6 * played.part("pleth", 0, 9).max()


def test_extrasystoles_come_early_and_are_counted() -> None:
    played = Played(60, make_episode("pvcs", 1, 0, 60, amount=0.2))
    counted = [n.pvc_per_min for n in played.numerics[15:]]
    assert all(value is not None for value in counted)
    assert 4 < np.mean([value or 0 for value in counted]) < 25


def test_what_is_not_attached_gives_no_samples_and_no_numbers() -> None:
    played = Played(20, make_episode("leads-off", 3, 5, 5), make_episode("probe-off", 3, 12, 5))
    for channel in ("ecg_ii_mv", "ecg_v_mv", "resp_ohm"):
        assert np.isnan(played.part(channel, 5, 10)).all()
        assert not np.isnan(played.part(channel, 10, 20)).any()
    assert np.isnan(played.part("pleth", 12, 17)).all()
    assert played.numerics[7].hr_per_min is None and played.numerics[7].rr_per_min is None
    assert played.numerics[7].spo2_pct is not None
    assert played.numerics[14].spo2_pct is None and played.numerics[14].pr_per_min is None
    assert played.numerics[14].hr_per_min is not None


def test_motion_disturbs_the_leads_and_the_probe() -> None:
    played = Played(30, make_episode("artefact", 1, 10, 15))
    assert np.std(played.part("ecg_ii_mv", 10, 25)) > 2 * np.std(played.part("ecg_ii_mv", 0, 9))
    assert played.numerics[18].perfusion_pct == 0.2 and played.numerics[18].pr_per_min is None


def test_the_same_seed_gives_the_same_waves() -> None:
    first, again, other = Played(5, seed=4), Played(5, seed=4), Played(5, seed=5)
    np.testing.assert_array_equal(first.waves["ecg_ii_mv"], again.waves["ecg_ii_mv"])
    assert not np.array_equal(first.waves["ecg_ii_mv"], other.waves["ecg_ii_mv"])
