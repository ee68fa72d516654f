from __future__ import annotations

import numpy as np
import pytest

from healthcare.signals.pressure import SUPPRESSED_S, ArterialPressure, PressureReading
from tests.healthcare.signals.synthesis import Floats, moments, noise, pieces, pulses

RATE_HZ = 125.0
LENGTH_S = 40.0


def beating(height: float = 50.0) -> Floats:
    wave = pulses(LENGTH_S, RATE_HZ, moments(LENGTH_S, 0.8), foot=70.0, height=height)
    return wave + noise(LENGTH_S, RATE_HZ, 0.1, np.random.default_rng(3))


def read(*waves: Floats) -> PressureReading:
    line = ArterialPressure(RATE_HZ)
    for samples, at_s in pieces(np.concatenate(waves), RATE_HZ, 0.5):
        line.take(samples, at_s)
    return line.reading()


def still(level: float, length_s: float, size: float = 0.1) -> Floats:
    return level + noise(length_s, RATE_HZ, size, np.random.default_rng(4))


def test_a_good_line_reads_systolic_diastolic_and_mean() -> None:
    reading = read(beating())
    wave = beating()
    assert reading.systolic_mmhg == pytest.approx(wave.max(), abs=3.0)
    assert reading.diastolic_mmhg == pytest.approx(70.0, abs=3.0)
    assert reading.mean_mmhg == pytest.approx(wave[2000:4000].mean(), abs=4.0)
    assert (reading.why, reading.suppressed) == ("", False)


@pytest.mark.parametrize(("level", "why"), [(280.0, "flush"), (0.0, "zeroing")])
def test_a_flushed_or_open_line_reads_nothing_and_silences_a_minute(level: float, why: str) -> None:
    during = read(beating(), still(level, 5.0))
    assert during == PressureReading(None, None, None, why, True)
    soon = read(beating(), still(level, 5.0), beating())
    assert soon.systolic_mmhg is not None
    assert soon.suppressed
    later = read(beating(), still(level, 5.0), beating(), beating()[: round((SUPPRESSED_S - 35.0) * RATE_HZ)])
    assert not later.suppressed


def test_a_damped_line_keeps_its_mean_alone() -> None:
    reading = read(beating(), still(62.0, 8.0, 1.0))
    assert (reading.systolic_mmhg, reading.diastolic_mmhg, reading.why) == (None, None, "damped")
    assert reading.mean_mmhg == pytest.approx(62.0, abs=1.0)


def test_a_pressure_that_falls_without_a_pulse_is_still_a_number() -> None:
    falling = np.linspace(60.0, 25.0, round(15 * RATE_HZ)) + still(0.0, 15.0, 0.3)
    reading = read(beating(), falling)
    assert reading.mean_mmhg is not None
    assert reading.mean_mmhg < 40.0


def test_no_samples_are_no_numbers() -> None:
    assert read(beating(), np.full(500, np.nan)).why == "missing"
    assert ArterialPressure(RATE_HZ).reading().why == "missing"


def test_an_implausible_pressure_is_no_number() -> None:
    assert read(beating(height=400.0)).systolic_mmhg is None
