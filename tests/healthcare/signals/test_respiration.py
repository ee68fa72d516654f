from __future__ import annotations

import numpy as np
import pytest

from healthcare.signals.respiration import APNOEA_S, CARDIAC_AFTER_S, Breathing, DerivedRespiration, Respiration
from tests.healthcare.signals.synthesis import Floats, breaths, noise, pieces

RATE_HZ = 62.5


def followed(wave: Floats, chunk_s: float = 0.5, rate_hz: float = RATE_HZ) -> tuple[Respiration, list[float]]:
    lung = Respiration(rate_hz)
    return lung, [top for samples, at_s in pieces(wave, rate_hz, chunk_s) for top in lung.take(samples, at_s)]


def rustle(length_s: float, size: float = 0.02) -> Floats:
    return noise(length_s, RATE_HZ, size, np.random.default_rng(7))


def joined(*waves: Floats) -> Floats:
    """One wave after the other without a jump between them."""
    shifted = [waves[0]]
    for wave in waves[1:]:
        shifted.append(wave - wave[0] + shifted[-1][-1])
    return np.concatenate(shifted)


@pytest.mark.parametrize("rate_hz", [25.0, 62.5, 125.0, 250.0])
@pytest.mark.parametrize("per_min", [8.0, 18.0, 45.0])
def test_the_rate_is_that_of_the_breaths(rate_hz: float, per_min: float) -> None:
    lung, _ = followed(breaths(70.0, rate_hz, per_min, height=2.0), rate_hz=rate_hz)
    assert lung.at().rate_per_min == pytest.approx(per_min, rel=0.05)


def test_breaths_are_the_same_for_any_size_of_the_chunks() -> None:
    wave = breaths(120.0, RATE_HZ, 17.0) + rustle(120.0, 0.1)
    whole = followed(wave, 120.0)[1]
    assert len(whole) >= 30
    for chunk_s in (0.016, 0.7, 9.0):
        assert followed(wave, chunk_s)[1] == whole


def test_twenty_seconds_without_a_breath_are_an_apnoea_and_the_rate_is_none_a_minute() -> None:
    ripple = 0.08 * np.sin(2 * np.pi * 1.2 * np.arange(round(40 * RATE_HZ)) / RATE_HZ)  # the heart goes on
    wave = joined(breaths(60.0, RATE_HZ, 15.0), ripple + rustle(40.0))
    before, _ = followed(wave[: round(76.0 * RATE_HZ)])
    assert not before.at().apnoea
    lung, _ = followed(wave[: round((60.0 + APNOEA_S + 3.0) * RATE_HZ)])
    silent_s = lung.at().silent_s
    assert lung.at() == Breathing(0.0, "", True, silent_s)
    assert silent_s == pytest.approx(APNOEA_S + 3.0, abs=4.0)
    assert followed(joined(wave, breaths(20.0, RATE_HZ, 15.0)))[0].at().apnoea is False


@pytest.mark.parametrize(("fill", "why"), [(np.nan, "missing"), (0.3, "flat")])
def test_a_wave_that_is_lost_is_never_an_apnoea(fill: float, why: str) -> None:
    lung, _ = followed(np.concatenate((breaths(60.0, RATE_HZ, 15.0), np.full(round(40 * RATE_HZ), fill))))
    assert (lung.at().apnoea, lung.at().rate_per_min, lung.at().why) == (False, None, why)


def test_a_wave_that_has_just_come_back_is_given_time() -> None:
    gone = np.full(round(15 * RATE_HZ), np.nan)
    lung, _ = followed(np.concatenate((breaths(60.0, RATE_HZ, 15.0), gone, rustle(10.0))))
    assert not lung.at().apnoea


def test_breathing_at_the_rate_of_the_heart_is_the_heart() -> None:
    lung, _ = followed(breaths(60.0, RATE_HZ, 72.0) + rustle(60.0))
    answers = []
    for samples, at_s in pieces(breaths(60.0, RATE_HZ, 72.0), RATE_HZ, 1.0):
        lung.take(samples, 60.0 + at_s)
        answers.append((at_s, lung.at(71.0).why))
    assert answers[int(CARDIAC_AFTER_S) - 5][1] == ""
    assert answers[-1][1] == "cardiac"
    assert lung.at(95.0).why == ""


def test_the_number_falls_while_the_next_breath_does_not_come() -> None:
    lung, _ = followed(joined(breaths(60.0, RATE_HZ, 20.0), rustle(14.0)))
    rate = lung.at().rate_per_min
    assert rate is not None
    assert rate < 17.0


def test_few_breaths_are_no_rate_yet() -> None:
    assert followed(breaths(7.0, RATE_HZ, 15.0))[0].at().why == "learning"
    assert Respiration(RATE_HZ).at().why == "missing"


def test_qrs_heights_that_swing_give_a_derived_rate_and_steady_ones_none() -> None:
    beats_s = np.arange(0.0, 60.0, 0.8)
    swinging, steady = DerivedRespiration(), DerivedRespiration()
    for at_s in beats_s.tolist():
        swinging.add(at_s, 1.0 + 0.1 * np.sin(2 * np.pi * at_s * 15.0 / 60.0))
        steady.add(at_s, 1.0 + 0.003 * np.sin(2 * np.pi * at_s * 15.0 / 60.0))
    assert swinging.rate_per_min(60.0) == pytest.approx(15.0, rel=0.1)
    assert steady.rate_per_min(60.0) is None
    assert swinging.rate_per_min(200.0) is None
